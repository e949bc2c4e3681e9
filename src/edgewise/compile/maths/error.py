"""erf and erfc: below 1/2 a polynomial of erf, from there on one of (1 + 2x)·exp(x²)·erfc(x).

The second is smooth up to infinity in the variable (x - 4)/(x + 4): M. M. Shepherd and J. G. Laframboise, "Chebyshev
approximation of (1 + 2x)exp(x²)erfc x in 0 ≤ x < ∞", Mathematics of Computation 36 (1981).
"""

from __future__ import annotations

from edgewise.compile.ir import Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import Pair, divide, fast_two_sum, multiply, two_product, two_sum
from edgewise.compile.maths.exponential import ROUND, exp_pair, scale
from edgewise.compile.maths.polynomial import estrin

__all__ = ["erf", "erfc"]


def _near(a: Value) -> Pair:
    """erf(a) for 0 ≤ a ≤ 1/2."""
    square = a * a
    high, e = two_product(a, c.TWO_OVER_ROOT_PI[0])
    return fast_two_sum(high, fma(square * a, estrin(square, c.ERF), fma(a, c.TWO_OVER_ROOT_PI[1], e)))


def _far(a: Value) -> Value:
    """erfc(a) for 1/2 ≤ a ≤ 28."""
    one = a.block.constant(1.0, a.kind)
    t = (a - 4.0) / (a + 4.0)
    p, e = fast_two_sum(one * c.ERFC[0], t * estrin(t, c.ERFC[1:]))
    factor = divide((p, e), two_sum(one, a * 2.0))
    square, low = two_product(a, a)
    k = fma(square, -c.LOG2_E[0], ROUND) - ROUND
    r, rest = two_sum(-fma(k, c.LN2_SPLIT[0], square), fma(k, -c.LN2_SPLIT[1], -low))
    return scale(multiply(factor, exp_pair(r, rest))[0], k)


def _bounded(a: Value) -> Value:
    """At least 1/2 and at most 28, where erfc vanishes; NaN stays."""
    return select(a > 28.0, 28.0, select(a < 0.5, 0.5, a))


def erf(x: Value) -> Value:
    """The error function."""
    a = fabs(x)
    near = a < 0.5
    high, _ = _near(a)
    return copysign(select(near, high, 1.0 - _far(_bounded(a))), x)


def erfc(x: Value) -> Value:
    """The complementary error function, 1 - erf(x), relative in its whole tail."""
    a = fabs(x)
    near, below = a < 0.5, x < 0.0
    high, low = _near(a)
    high, low = select(below, high, -high), select(below, low, -low)
    one = x.block.constant(1.0, x.kind)
    s, e = fast_two_sum(one, high)
    far = _far(_bounded(a))
    return select(near, s + (e + low), select(below, 2.0 - far, far))
