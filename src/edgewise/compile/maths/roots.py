"""cbrt and hypot: an estimate, and one correction by an exactly computed residual."""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import fast_two_sum, square_root, two_product
from edgewise.compile.maths.exponential import ROUND, two_to
from edgewise.compile.maths.logarithm import INFINITY, decompose, normal
from edgewise.compile.maths.polynomial import estrin

__all__ = ["cbrt", "cube_root_parts", "hypot"]

THIRD: Final = 1.0 / 3.0


def cube_root_parts(a: Value, less: Value, steps: int) -> tuple[Value, Value, Value]:
    """v, v^(-1/3) and 2^j, with a·2^less = v·2^(3j) and v from 0.35 to 2.9, for a positive normal a.

    Newton's method for v^(-1/3) needs no division. It begins with an error of 2^-17, which each step doubles and
    squares.
    """
    m, k = decompose(a)
    m, k = m * 0.5, k + (less + 1.0)  # m from √½/2 to √½
    j = fma(k - 1.0, THIRD, ROUND) - ROUND
    i = fma(j, -3.0, k)
    one = a.block.constant(1.0, a.kind)
    first, second = i.equals(1.0), i.equals(2.0)
    v = m * select(first, 2.0, select(second, one * 4.0, 1.0))
    root = c.ROOT_OF_HALF
    g = estrin(m, c.CBRT) * select(first, root, select(second, one * (root * root), 1.0))
    for _ in range(steps):
        g = fma(g * fma(-(g * g) * g, v, 1.0), THIRD, g)
    return v, g, two_to(j + ROUND)


def cbrt(x: Value) -> Value:
    """The cube root: of v·2^(3j), 2^j times v·v^(-2/3)."""
    a = fabs(x)
    v, g, power = cube_root_parts(*normal(a), 2)
    g2 = g * g
    y = v * g2
    # The residual v - y³, exactly but for the last product: y is wrong in its last bits alone, so it is small.
    square, e = two_product(y, y)
    p, f = two_product(square, y)
    y = fma(((v - p) - f) - e * y, g2 * THIRD, y)
    return select((a > 0.0) & (a < INFINITY), copysign(y * power, x), x)


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
