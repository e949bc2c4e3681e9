"""More functions of float, as in ``single``: the inverse ones and roots, without pairs."""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fabs, fma, select, sqrt
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.inverse import TAN_EIGHTH
from edgewise.compile.maths.logarithm import INFINITY, NAN
from edgewise.compile.maths.polynomial import estrin
from edgewise.compile.maths.roots import cube_root_parts
from edgewise.compile.maths.single import log1p_of_finite

__all__ = ["arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "hypot"]

PI: Final = c.PI[0]
HALF_PI: Final = c.HALF_PI[0]


def _arcsine(a: Value) -> tuple[Value, Value]:
    """Whether a ≤ 1/2, and then arcsin(a), else arcsin(√((1 - a)/2)), half of arccos(a); NaN beyond 1."""
    small = a <= 0.5
    z = select(small, a * a, (1.0 - a) * 0.5)
    return small, select(small, a, sqrt(z)) * estrin(z, c.ASIN_SINGLE)


def arcsin(x: Value) -> Value:
    """The inverse sine; NaN outside -1 … 1."""
    small, angle = _arcsine(fabs(x))
    return copysign(select(small, angle, fma(angle, -2.0, HALF_PI)), x)


def arccos(x: Value) -> Value:
    """The inverse cosine; NaN outside -1 … 1."""
    small, angle = _arcsine(fabs(x))
    near = HALF_PI - copysign(angle, x)
    twice = angle + angle
    return select(small, near, select(x < 0.0, PI - twice, twice))


def _arctangent(top: Value, below: Value) -> Value:
    """arctan(top/below) for 0 ≤ top ≤ below."""
    far = top > below * TAN_EIGHTH
    t = select(far, top - below, top) / select(far, top + below, below)
    return fma(t, estrin(t * t, c.ATAN_SINGLE), select(far, c.QUARTER_PI[0], t * 0.0))


def arctan(x: Value) -> Value:
    """The inverse tangent."""
    a = fabs(x)
    far, one = a > 1.0, x.block.constant(1.0, x.kind)
    angle = _arctangent(select(far, one, a), select(far, a, one))
    return copysign(select(far, HALF_PI - angle, angle), x)


def arctan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -π to π; signs of zeros count."""
    a, b = fabs(x), fabs(y)
    steep = b > a
    top, below = select(steep, a, b), select(steep, b, a)
    top, below = (select(top.equals(INFINITY), 1.0, v) for v in (top, below))
    angle = _arctangent(top, select(below.equals(0.0), 1.0, below))
    angle = select(steep, HALF_PI - angle, angle)
    angle = select(x.bits() < 0, PI - angle, angle)
    return copysign(select(x.differs(x), x, select(y.differs(y), y, angle)), y)


def arcsinh(x: Value) -> Value:
    """The inverse hyperbolic sine: log(1 + a + a²/(1 + √(1 + a²))) of a = |x|."""
    a = fabs(x)
    square = a * a
    y = log1p_of_finite(a + square / (sqrt(square + 1.0) + 1.0))
    return copysign(select(a < INFINITY, y, a), x)


def arccosh(x: Value) -> Value:
    """The inverse hyperbolic cosine: log(1 + t + √(t·(t + 2))) of t = x - 1."""
    t = x - 1.0
    y = select(x < INFINITY, log1p_of_finite(t + sqrt(t * (t + 2.0))), x)
    return select(x >= 1.0, y, NAN)


def arctanh(x: Value) -> Value:
    """The inverse hyperbolic tangent: log(1 + 2a/(1 - a))/2 of a = |x|."""
    a = fabs(x)
    y = log1p_of_finite((a + a) / (1.0 - a)) * 0.5
    ends = select(a.equals(1.0), y.block.constant(INFINITY, y.kind), NAN)
    return copysign(select(a < 1.0, y, ends), x)


def cbrt(x: Value) -> Value:
    """The cube root, by one step of Newton's method for v^(-1/3) and one for y = v^(1/3)."""
    a = fabs(x)
    v, g, power = cube_root_parts(a, x.block.constant(0.0, x.kind), 1)
    y = v * (g * g)
    y = fma(fma(-(y * y), y, v), (g * g) * (1.0 / 3.0), y)
    return select((a > 0.0) & (a < INFINITY), copysign(y * power, x), x)


def hypot(x: Value, y: Value) -> Value:
    """√(x² + y²); infinity wherever one of them is infinite."""
    infinite = fabs(x).equals(INFINITY) | fabs(y).equals(INFINITY)
    return select(infinite, INFINITY, sqrt(fma(x, x, y * y)))
