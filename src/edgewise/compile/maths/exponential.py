"""exp, exp2, expm1 and expit, over one reduction: x = k·log 2 + r with |r| ≤ log(2)/2.

``expm1_parts`` gives e^r - 1, and ``exp_parts`` e^r, as a sum (high, low); the functions put 2^k back. 2^k is two
factors, since it alone may overflow, or be subnormal, where the result is not.
"""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import Pair, divide, fast_two_sum, two_product, two_sum
from edgewise.compile.maths.polynomial import estrin

__all__ = [
    "exp",
    "exp2",
    "exp_pair",
    "exp_parts",
    "expit",
    "expm1",
    "expm1_pair",
    "expm1_parts",
    "reduce",
    "scale",
    "shift",
    "two_to",
]

# x + ROUND - ROUND rounds x to an integer, and the integer stands in the last bits of x + ROUND; for |x| < 2^51.
ROUND: Final = 6755399441055744.0  # 1.5·2^52
ONE_BITS: Final = 0x3FF0000000000000


def two_to(k: Value) -> Value:
    """2^k for k + ROUND with -1022 ≤ k ≤ 1023."""
    return ((k.bits() << 52) + ONE_BITS).as_double()


def scale(y: Value, k: Value) -> Value:
    """y·2^k for an integer -2000 < k < 2000."""
    half = fma(k, 0.5, ROUND)
    rest = (k - (half - ROUND)) + ROUND
    return (y * two_to(half)) * two_to(rest)


def shift(y: Value, k: Value) -> Value:
    """y·2^k by its exponent alone, for a k + ROUND: neither y nor the result may be 0, subnormal or not finite."""
    return (y.bits() + (k.bits() << 52)).as_double()


def reduce(x: Value) -> tuple[Value, Value, Value]:
    """k, r and the rest of r, with x = k·log 2 + r + rest; for |x| < 2000."""
    k = fma(x, c.LOG2_E[0], ROUND) - ROUND
    high = fma(k, -c.LN2_SPLIT[0], x)  # exact, with the product: 32 bits times 11
    r = fma(k, -c.LN2_SPLIT[1], high)
    return k, r, fma(k, -c.LN2_SPLIT[1], high - r)


def expm1_parts(r: Value, rest: Value) -> Pair:
    """e^(r + rest) - 1, to about 2^-60 of e^r."""
    half = r * 0.5
    square, error = two_product(r, half)
    high, low = fast_two_sum(r, square)
    cubic = fma(r * (square + square), estrin(r, c.EXP), error)
    return high, low + fma(rest, high, cubic + rest)


def exp_parts(r: Value, rest: Value) -> Pair:
    """e^(r + rest), to about 2^-57: fewer instructions than ``expm1_parts``."""
    tail = fma(estrin(r, c.EXP), r, 0.5)
    s = r + 1.0
    return s, (r - (s - 1.0)) + fma(r * r, tail, rest)


def exp_pair(r: Value, rest: Value) -> Pair:
    """e^(r + rest), to about 2^-60."""
    high, low = expm1_parts(r, rest)
    s = high + 1.0
    return fast_two_sum(s, (high - (s - 1.0)) + low)


def _bounded(x: Value, low: float, high: float) -> Value:
    """x, held where the result overflows or vanishes anyway; NaN stays."""
    x = select(x > high, high, x)
    return select(x < low, low, x)


def _exp_of_any(x: Value) -> Value:
    """e^x, subnormal and infinite results included."""
    k, r, rest = reduce(_bounded(x, -746.0, 710.0))
    high, low = exp_parts(r, rest)
    return scale(high + low, k)


def exp(x: Value) -> Value:
    """e^x."""
    k, r, rest = reduce(x)
    high, low = exp_parts(r, rest)
    usual = shift(high + low, k + ROUND)
    return x.block.rarely(~(fabs(x) < 708.0), [usual], lambda: [_exp_of_any(x)])[0]


def exp2(x: Value) -> Value:
    """2^x."""
    shifted = x + ROUND
    usual = shift(_exp2_of_rest(x - (shifted - ROUND)), shifted)

    def write() -> list[Value]:
        bounded = _bounded(x, -1076.0, 1025.0)
        k = (bounded + ROUND) - ROUND
        return [scale(_exp2_of_rest(bounded - k), k)]

    return x.block.rarely(~(fabs(x) < 1022.0), [usual], write)[0]


def _exp2_of_rest(rest: Value) -> Value:
    """2^rest for |rest| ≤ 1/2."""
    r, low = two_product(rest, c.LN2[0])
    high, low = exp_parts(r, fma(rest, c.LN2[1], low))
    return high + low


def expm1_pair(k: Value, r: Value, rest: Value) -> Pair:
    """(e^x - 1)/4 for x = k·log 2 + r + rest > -700, to about 2^-57: a quarter, for sinh comes close to overflow."""
    high, low = expm1_parts(r, rest)
    power = two_to(k - 2.0 + ROUND)
    less = power - 0.25
    s, e = two_sum(power * high, less)
    return fast_two_sum(s, fma(power, low, e + ((power - less) - 0.25)))


def expm1(x: Value) -> Value:
    """e^x - 1, as exact near 0 as elsewhere."""
    y = expm1_pair(*reduce(_bounded(x, -100.0, 710.0)))[0] * 4.0
    return select(fabs(x) < 2.0**-54, x, y)


def expit(x: Value) -> Value:
    """1/(1 + e^-x), the logistic function, as e/(1 + e) where x < 0: e = e^-|x| never overflows."""
    below, one = x < 0.0, x.block.constant(1.0, x.kind)
    less = -fabs(x)
    k, r, rest = reduce(_bounded(less, -708.0, 0.0))
    power = two_to(k + ROUND)
    high, low = (part * power for part in fast_two_sum(*exp_parts(r, rest)))
    s, e = fast_two_sum(one, high)
    usual = divide((select(below, high, one), select(below, low, 0.0)), (s, e + low))[0]
    # Below -708 the power may be subnormal, and 1 + e is 1: the result is e.
    return x.block.rarely(x < -708.0, [usual], lambda: [select(x < -708.0, _exp_of_any(x), usual)])[0]
