"""x^y as e^(y·log|x|). The logarithm is good to 2^-68, as a product of up to 745 must still be good to 2^-58."""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import (
    Pair,
    add,
    constant,
    divide,
    fast_two_sum,
    multiply,
    multiply_double,
    two_sum,
)
from edgewise.compile.maths.exponential import ROUND, exp_pair, scale
from edgewise.compile.maths.logarithm import INFINITY, NAN, decompose, normal
from edgewise.compile.maths.polynomial import estrin

__all__ = ["power"]

BOUND: Final = 760.0  # e^760 overflows and e^-760 vanishes, whatever they are multiplied by


def _precise_log(a: Value) -> Pair:
    """log(a) for a positive finite a, to about 2^-68: 2·atanh(s) with three terms of the series in pairs."""
    scaled, less = normal(a)
    m, k = decompose(scaled)
    k = k + less
    one = a.block.constant(1.0, a.kind)
    s = divide((m - 1.0, a.block.constant(0.0, a.kind)), two_sum(m, one))
    z = multiply(s, s)
    fifths, low = fast_two_sum(one * c.TWO_FIFTHS[0], z[0] * estrin(z[0], c.LOG_TAIL))
    thirds = add(constant(a, c.TWO_THIRDS), multiply(z, (fifths, low + c.TWO_FIFTHS[1])))
    tail = multiply(multiply(s, z), thirds)
    high, e1 = two_sum(k * c.LN2_SPLIT[0], s[0] * 2.0)
    high, e2 = two_sum(high, k * c.LN2_SPLIT[1])
    high, e3 = two_sum(high, tail[0])
    return fast_two_sum(high, fma(s[1], 2.0, tail[1]) + ((e1 + e2) + e3))


def _whole(a: Value) -> Value:
    """Where a ≥ 0 is an integer."""
    rounded = (a + 2.0**52) - 2.0**52
    return (a >= 2.0**52) | rounded.equals(a)


def power(x: Value, y: Value) -> Value:
    """x^y, with the special values of C (ISO/IEC 9899:2018, F.10.4.4), which are NumPy's."""
    a, b = fabs(x), fabs(y)
    high, low = _precise_log(a)
    infinity, bound = (x.block.constant(number, x.kind) for number in (INFINITY, BOUND))
    high = select(a.equals(0.0), -infinity, select(a.equals(INFINITY), infinity, high))
    rough = high * y
    outside = ~(fabs(rough) < BOUND)
    high, low = multiply_double((high, low), y)
    high = select(outside, copysign(bound, rough), high)
    low = select(outside, 0.0, low)
    k = fma(high, c.LOG2_E[0], ROUND) - ROUND
    r, rest = two_sum(fma(k, -c.LN2_SPLIT[0], high), fma(k, -c.LN2_SPLIT[1], low))
    magnitude = scale(exp_pair(r, rest)[0], k)
    magnitude = select(a.equals(1.0), 1.0, magnitude)
    whole = _whole(b)
    odd = whole & ~_whole(b * 0.5)
    value = select((x.bits() < 0) & odd, -magnitude, magnitude)
    value = select((x < 0.0) & (a < INFINITY) & ~whole, NAN, value)
    value = select(x.differs(x) | y.differs(y), NAN, value)
    return select(x.equals(1.0) | y.equals(0.0), 1.0, value)
