"""log, log2, log10 and log1p, over one decomposition: x = 2^k·m with √½ ≤ m < √2.

With f = m - 1 and s = f/(2 + f), log(m) = 2·atanh(s) = f - (f²/2 - s·(f²/2 + R(s²))): the form of Sun's fdlibm (K. C.
Ng, 1993), where the large terms f and f²/2 are exact. They are summed here without loss, so that ``log_pair`` is good
to about 2^-60.
"""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import Pair, constant, fast_two_sum, multiply, two_product, two_sum
from edgewise.compile.maths.exponential import ROUND
from edgewise.compile.maths.polynomial import estrin

__all__ = ["decompose", "log", "log1p", "log1p_pair", "log2", "log10", "log_pair", "normal", "of_logarithm"]

ROOT_HALF_BITS: Final = 0x3FE6A09E667F3BCD
ONE_BITS: Final = 0x3FF0000000000000
MANTISSA_BITS: Final = 0x000FFFFFFFFFFFFF
ROUND_BITS: Final = 0x4338000000000000
INFINITY: Final = float("inf")
NAN: Final = float("nan")


def normal(x: Value) -> Pair:
    """x·2^54 and -54 where x is subnormal, which is rare; x and 0 elsewhere. For x ≥ 0."""
    small, zero = x < 2.0**-1022, x.block.constant(0.0, x.kind)
    scaled, less = x.block.rarely(
        small, [x, zero], lambda: [select(small, x * 2.0**54, x), select(small, zero - 54.0, zero)]
    )
    return scaled, less


def decompose(x: Value) -> Pair:
    """M and k with x = m·2^k and √½ ≤ m < √2, for a positive normal x; k is a double."""
    shifted = x.bits() + (ONE_BITS - ROOT_HALF_BITS)
    k = (shifted.unsigned_shift(52) + ROUND_BITS).as_double() - (ROUND + 1023.0)
    return ((shifted & MANTISSA_BITS) + ROOT_HALF_BITS).as_double(), k


def _log_parts(k: Value | None, f: Value, rest: Value | None = None) -> Pair:
    """k·log(2) + log(1 + f + rest)."""
    half, error = two_product(f, f * 0.5)
    s = f / (f + 2.0)
    z = s * s
    correction = s * fma(z, estrin(z, c.LOG), half) - error
    if rest is not None:
        correction = correction + rest
    if k is None:
        high, low = fast_two_sum(f, -half)
        return fast_two_sum(high, correction + low)
    # k·log(2) is 0 or larger than f, and their sum larger than f²/2.
    high, e1 = fast_two_sum(k * c.LN2_SPLIT[0], f)
    high, e2 = fast_two_sum(high, -half)
    return fast_two_sum(high, fma(k, c.LN2_SPLIT[1], correction) + (e1 + e2))


def log_pair(x: Value, rest: Value | None = None) -> Pair:
    """log(x + rest) for a positive finite x and |rest| ≤ ulp(x)."""
    scaled, less = normal(x)
    m, k = decompose(scaled)
    return _log_parts(k + less, m - 1.0, None if rest is None else rest / x)


def log1p_pair(x: Value, rest: Value | None = None) -> Pair:
    """log(1 + x + rest) for a finite x > -1 and |rest| ≤ ulp(x); near 0 it is relative to x."""
    whole, lost = two_sum(x, x.block.constant(1.0, x.kind))
    if rest is not None:
        lost = lost + rest
    m, k = decompose(whole)
    near = k.equals(0.0)
    f = select(near, x, m - 1.0)
    # Where k is 0, f is x itself and nothing was lost; otherwise log(whole + lost) = log(whole) + lost/whole.
    return _log_parts(k, f, select(near, 0.0 if rest is None else rest, lost) / whole)


def of_logarithm(x: Value, y: Value, pole: float = 0.0) -> Value:
    """y, a logarithm's value, with the special ones: ∞ of ∞, -∞ at the pole, NaN below it and of NaN."""

    def write() -> list[Value]:
        large = select(x < INFINITY, y, x)
        low = select(x.equals(pole), y.block.constant(-INFINITY, y.kind), NAN)
        return [select(x > pole, large, low)]

    return x.block.rarely(~((x > pole) & (x < INFINITY)), [y], write)[0]


def log(x: Value) -> Value:
    """The natural logarithm."""
    return of_logarithm(x, log_pair(x)[0])


def log2(x: Value) -> Value:
    """The logarithm of base 2."""
    scaled, less = normal(x)
    m, k = decompose(scaled)
    high, low = multiply(_log_parts(None, m - 1.0), constant(x, c.LOG2_E))
    whole, rest = two_sum(k + less, high)
    return of_logarithm(x, whole + (rest + low))


def log10(x: Value) -> Value:
    """The logarithm of base 10."""
    return of_logarithm(x, multiply(log_pair(x), constant(x, c.LOG10_E))[0])


def log1p(x: Value) -> Value:
    """log(1 + x), as exact near 0 as elsewhere."""
    return copysign(of_logarithm(x, log1p_pair(x)[0], -1.0), x)
