"""cbrt and hypot: an estimate, and one correction by an exactly computed residual."""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import fast_two_sum, square_root, two_product
from edgewise.compile.maths.exponential import ROUND, two_to
from edgewise.compile.maths.logarithm import INFINITY, decompose, normal
from edgewise.compile.maths.polynomial import estrin

__all__ = ["cbrt", "hypot"]

THIRD: Final = 1.0 / 3.0


def cbrt(x: Value) -> Value:
    """The cube root: of m·2^(3j + i), 2^j times that of v = m·2^i, by Newton's method for v^(-1/3): no division."""
    a = fabs(x)
    scaled, less = normal(a)
    m, k = decompose(scaled)
    m, k = m * 0.5, k + (less + 1.0)  # m from √½/2, where the polynomial still holds
    j = fma(k - 1.0, THIRD, ROUND) - ROUND
    i = fma(j, -3.0, k)
    one = x.block.constant(1.0, x.kind)
    first, second = i.equals(1.0), i.equals(2.0)
    v = m * select(first, 2.0, select(second, one * 4.0, 1.0))
    root = c.ROOT_OF_HALF
    g = estrin(m, c.CBRT) * select(first, root, select(second, one * (root * root), 1.0))
    for _ in range(2):
        g = fma(g * fma(-(g * g) * g, v, 1.0), THIRD, g)
    g2 = g * g
    y = v * g2
    # The residual v - y³, exactly but for the last product: y is wrong in its last bits alone, so it is small.
    square, e = two_product(y, y)
    p, f = two_product(square, y)
    y = fma(((v - p) - f) - e * y, g2 * THIRD, y)
    y = copysign(y * two_to(j + ROUND), x)
    return select((a > 0.0) & (a < INFINITY), y, x)


def hypot(x: Value, y: Value) -> Value:
    """√(x² + y²), without overflow or underflow on the way; infinity wherever one of them is infinite."""
    a, b = fabs(x), fabs(y)
    swapped = a < b
    large, small = select(swapped, b, a), select(swapped, a, b)
    one = x.block.constant(1.0, x.kind)
    up, down = large < 2.0**-400, large > 2.0**500
    factor = select(up, 2.0**600, select(down, one * 2.0**-600, 1.0))
    back = select(up, 2.0**-600, select(down, one * 2.0**600, 1.0))
    p, e = two_product(large * factor, large * factor)
    q, f = two_product(small * factor, small * factor)
    s, g = fast_two_sum(p, q)
    length = square_root((s, g + (e + f)))[0] * back
    length = select(large.equals(0.0), 0.0, length)
    infinite = a.equals(INFINITY) | b.equals(INFINITY)
    return select(infinite, INFINITY, select(x.differs(x), x, select(y.differs(y), y, length)))
