"""arcsin, arccos, arctan and arctan2: polynomials near 0, where half angles and differences of angles lead."""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fabs, fma, select, sqrt
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import Pair, fast_two_sum, two_product, two_sum
from edgewise.compile.maths.logarithm import INFINITY
from edgewise.compile.maths.polynomial import estrin

__all__ = ["TAN_EIGHTH", "arccos", "arcsin", "arctan", "arctan2"]

TAN_EIGHTH: Final = 0.41421356237309503  # tan(π/8): beyond it, π/4 is subtracted


def _arcsine_parts(a: Value) -> tuple[Value, Value, Value]:
    """Whether a ≤ 1/2, and two terms of a sum: then arcsin(a), else arcsin(√((1 - a)/2)), half of arccos(a)."""
    small = a <= 0.5
    z = select(small, a * a, (1.0 - a) * 0.5)
    root = sqrt(z)
    # What the rounded root lacks. 2^-600 keeps 0/0 away from a = 1 and is lost beside any other root.
    lacking = fma(-root, root, z) if a.block.module.fused else _lacking(root, z)
    lacking = lacking / (root + root + 2.0**-600)
    s = select(small, a, root)
    tail = fma(s * z, estrin(z, c.ASIN), select(small, 0.0, lacking))
    return small, s, tail


def _lacking(root: Value, z: Value) -> Value:
    p, e = two_product(root, root)
    return (z - p) - e


def arcsin(x: Value) -> Value:
    """The inverse sine; NaN outside -1 … 1."""
    a = fabs(x)
    small, s, tail = _arcsine_parts(a)
    high, low = two_sum(x.block.constant(c.HALF_PI[0], x.kind), s * -2.0)
    far = high + (low + fma(tail, -2.0, c.HALF_PI[1]))
    return select(a < 2.0**-27, x, copysign(select(small, s + tail, far), x))


def arccos(x: Value) -> Value:
    """The inverse cosine; NaN outside -1 … 1."""
    small, s, tail = _arcsine_parts(fabs(x))
    below = x < 0.0
    s, tail = select(below, -s, s), select(below, -tail, tail)
    # π/2 - arcsin(x), where x is small; 2·(s + tail) for x near 1, and π + 2·(s + tail) near -1, where s + tail is
    # negative.
    zero = x.block.constant(0.0, x.kind)
    base = select(small, c.HALF_PI[0], select(below, c.PI[0], zero))
    rest = select(small, c.HALF_PI[1], select(below, c.PI[1], zero))
    factor = select(small, x.block.constant(-1.0, x.kind), 2.0)
    high, low = two_sum(base, s * factor)
    return high + (low + fma(tail, factor, rest))


def _arctangent(top: Value, below: Value) -> Pair:
    """arctan(top/below) for 0 ≤ top ≤ below, 0 < below, both far from overflow."""
    far = top > below * TAN_EIGHTH
    difference, total = two_sum(top, -below), two_sum(top, below)
    n, n_low = select(far, difference[0], top), select(far, difference[1], 0.0)
    d, d_low = select(far, total[0], below), select(far, total[1], 0.0)
    t = n / d
    p, e = two_product(t, d)
    rest = (((n - p) - e) + fma(-t, d_low, n_low)) / d
    # Of a tiny quotient the rest may be wrong, its terms being subnormal; it is not needed, since no tail is added.
    rest = select(fabs(t) < 2.0**-60, 0.0, rest)
    z = t * t
    tail = fma(t * z, estrin(z, c.ATAN), fma(-z, rest, rest))
    quarter = top.block.constant(c.QUARTER_PI[0], top.kind)
    high, low = fast_two_sum(select(far, quarter, 0.0), t)
    return fast_two_sum(high, tail + (low + select(far, c.QUARTER_PI[1], top.block.constant(0.0, top.kind))))


def arctan(x: Value) -> Value:
    """The inverse tangent."""
    a = fabs(x)
    far = a > 1.0
    bounded = select(a > 2.0**100, 2.0**100, a)  # the result is π/2 there already
    one = x.block.constant(1.0, x.kind)
    high, low = _arctangent(select(far, one, bounded), select(far, bounded, one))
    s, e = fast_two_sum(x.block.constant(c.HALF_PI[0], x.kind), -high)
    y = select(far, s + (e + (c.HALF_PI[1] - low)), high)
    return select(a < 2.0**-27, x, copysign(y, x))


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -π to π; signs of zeros count."""
    a, b = fabs(x), fabs(y)
    steep = b > a
    top, below = select(steep, a, b), select(steep, b, a)
    top, below = (select(top.equals(INFINITY), 1.0, v) for v in (top, below))
    below = select(below.equals(0.0), 1.0, below)  # and top is 0
    factor = select(below < 2.0**-300, 2.0**600, select(below > 2.0**900, x.block.constant(2.0**-600, x.kind), 1.0))
    high, low = _arctangent(top * factor, below * factor)
    backward = x.bits() < 0
    zero = x.block.constant(0.0, x.kind)
    base = select(steep, c.HALF_PI[0], select(backward, c.PI[0], zero))
    rest = select(steep, c.HALF_PI[1], select(backward, c.PI[1], zero))
    minus = steep ^ backward
    s, e = fast_two_sum(base, select(minus, -high, high))
    angle = s + (e + (rest + select(minus, -low, low)))
    return copysign(select(x.differs(x), x, select(y.differs(y), y, angle)), y)
