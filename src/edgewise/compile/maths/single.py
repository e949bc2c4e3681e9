"""The functions of float: in double, to about 2^-35, which leaves 2^-11 of a float's last place to be rounded wrongly.

No pairs, and polynomials of half the length. Arguments are floats, so none is subnormal as a double, and no power of
two on the way overflows; infinities, NaN and the signs of zeros need care as everywhere.
"""

from __future__ import annotations

from edgewise.compile.ir import Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths import quadrant
from edgewise.compile.maths.exponential import ROUND, two_to
from edgewise.compile.maths.logarithm import INFINITY, decompose, of_logarithm
from edgewise.compile.maths.polynomial import estrin
from edgewise.compile.maths.power import power_of_any

__all__ = [
    "cos",
    "cosh",
    "exp",
    "exp2",
    "expit",
    "expm1",
    "log",
    "log1p",
    "log1p_of_finite",
    "log2",
    "log10",
    "power",
    "sin",
    "sincos",
    "sinh",
    "tan",
    "tanh",
]


def _bounded(x: Value, low: float, high: float) -> Value:
    """x, held where the float overflows or vanishes anyway; NaN stays."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


def _reduced(x: Value) -> tuple[Value, Value]:
    """2^k and e^r - 1 with x = k·log 2 + r, |r| ≤ log(2)/2."""
    shifted = fma(x, c.LOG2_E[0], ROUND)
    r = fma(shifted - ROUND, -c.LN2[0], x)
    return two_to(shifted), r * estrin(r, c.EXP_SINGLE)


def _exp(x: Value) -> Value:
    """e^x for |x| < 700."""
    power, less = _reduced(x)
    return fma(power, less, power)


def _expm1(x: Value) -> Value:
    """e^x - 1 for |x| < 700."""
    power, less = _reduced(x)
    return fma(power, less, power - 1.0)


def exp(x: Value) -> Value:
    """e^x."""
    return _exp(_bounded(x, -104.0, 89.0))


def exp2(x: Value) -> Value:
    """2^x."""
    x = _bounded(x, -151.0, 129.0)
    shifted = x + ROUND
    r = (x - (shifted - ROUND)) * c.LN2[0]
    power = two_to(shifted)
    return fma(power, r * estrin(r, c.EXP_SINGLE), power)


def expm1(x: Value) -> Value:
    """e^x - 1."""
    return copysign(_expm1(_bounded(x, -40.0, 89.0)), x)


def expit(x: Value) -> Value:
    """1/(1 + e^-x)."""
    return 1.0 / (_exp(_bounded(-x, -104.0, 104.0)) + 1.0)


def sinh(x: Value) -> Value:
    """The hyperbolic sine, of u = e^|x| - 1: (u + u/(u + 1))/2."""
    u = _expm1(_bounded(fabs(x), 0.0, 90.0))
    return copysign((u + u / (u + 1.0)) * 0.5, x)


def cosh(x: Value) -> Value:
    """The hyperbolic cosine."""
    e = _exp(_bounded(fabs(x), 0.0, 90.0))
    return (e + 1.0 / e) * 0.5


def tanh(x: Value) -> Value:
    """The hyperbolic tangent, of u = e^(2|x|) - 1: u/(u + 2)."""
    a = _bounded(fabs(x), 0.0, 10.0)
    u = _expm1(a + a)
    return copysign(u / (u + 2.0), x)


def _log(x: Value) -> tuple[Value, Value]:
    """Two numbers, k and log(m), with x = 2^k·m, √½ ≤ m < √2, for a positive finite x."""
    m, k = decompose(x)
    f = m - 1.0
    return k, f * estrin(f, c.LOG_SINGLE)


def log(x: Value) -> Value:
    """The natural logarithm."""
    k, rest = _log(x)
    return of_logarithm(x, fma(k, c.LN2[0], rest))


def log2(x: Value) -> Value:
    """The logarithm of base 2."""
    k, rest = _log(x)
    return of_logarithm(x, fma(rest, c.LOG2_E[0], k))


def log10(x: Value) -> Value:
    """The logarithm of base 10."""
    k, rest = _log(x)
    return of_logarithm(x, fma(k, c.LN2[0], rest) * c.LOG10_E[0])


def log1p_of_finite(x: Value) -> Value:
    """log(1 + x) for a finite x > -1."""
    m, k = decompose(x + 1.0)
    f = select(k.equals(0.0), x, m - 1.0)
    return fma(k, c.LN2[0], f * estrin(f, c.LOG_SINGLE))


def log1p(x: Value) -> Value:
    """log(1 + x)."""
    return copysign(of_logarithm(x, log1p_of_finite(x), -1.0), x)


def _sine_and_cosine(r: Value) -> tuple[Value, Value]:
    square = r * r
    return r * estrin(square, c.SIN_SINGLE), estrin(square, c.COS_SINGLE)


def _turned(n: Value, r: Value) -> Value:
    """sin(r + n·π/2) for |r| ≤ π/4."""
    s, z = _sine_and_cosine(r)
    value = select((n & 1).differs(0), z, s)
    return (value.bits() ^ ((n & 2) << 62)).as_double()


def sin(x: Value) -> Value:
    """The sine."""
    return _turned(*quadrant.reduce_single(x))


def cos(x: Value) -> Value:
    """The cosine."""
    n, r = quadrant.reduce_single(x)
    return _turned(n + 1, r)


def sincos(x: Value) -> tuple[Value, Value]:
    """The sine and the cosine, for little more than one of them."""
    n, r = quadrant.reduce_single(x)
    return _turned(n, r), _turned(n + 1, r)


def tan(x: Value) -> Value:
    """The tangent."""
    n, r = quadrant.reduce_single(x)
    s, z = _sine_and_cosine(r)
    odd = (n & 1).differs(0)
    return select(odd, -z, s) / select(odd, s, z)


def power(x: Value, y: Value) -> Value:
    """x^y: the logarithm with all bits of a double, as it is multiplied by up to 104."""
    m, k = decompose(x)
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    rest = fma(s * square, estrin(square, c.LOG), s + s)
    exponent = y * fma(k, c.LN2[0], rest)
    ordinary = (x > 0.0) & (x < INFINITY) & (fabs(exponent) < 104.0)
    return x.block.rarely(~ordinary, [_exp(exponent)], lambda: [power_of_any(x, y)])[0]
