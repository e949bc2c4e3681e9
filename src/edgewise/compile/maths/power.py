"""x^y as e^(y·log|x|). The logarithm is good to 2^-65, as a product of up to 745 must still be good to 2^-55."""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Block, Module, Type, Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import (
    Pair,
    divide,
    fast_two_sum,
    multiply_double,
    two_product,
    two_sum,
)
from edgewise.compile.maths.exponential import ROUND, exp_parts, scale, shift
from edgewise.compile.maths.logarithm import INFINITY, NAN, decompose, normal
from edgewise.compile.maths.polynomial import estrin

__all__ = ["power", "power_of_any"]

BOUND: Final = 760.0  # e^760 overflows and e^-760 vanishes, whatever they are multiplied by


def _product(a: Pair, b: Pair) -> Pair:
    """a·b, the low part possibly larger than half a unit of the high one."""
    p, e = two_product(a[0], b[0])
    return p, e + fma(a[0], b[1], a[1] * b[0])


def _precise_log(a: Value, less: Value | None = None) -> Pair:
    """log(a·2^less) for a positive normal a, to about 2^-65: 2·atanh(s), two terms of the series in pairs."""
    m, k = decompose(a)
    k = k if less is None else k + less
    one = a.block.constant(1.0, a.kind)
    s = divide((m - 1.0, a.block.constant(0.0, a.kind)), fast_two_sum(one, m))
    z = _product(s, s)
    p, e = two_product(z[0], estrin(z[0], c.LOG_TAIL))
    high, low = fast_two_sum(one * c.TWO_THIRDS[0], p)
    tail = _product(_product(s, z), (high, (low + e) + fma(z[1], 0.4, c.TWO_THIRDS[1])))
    # Each is larger than the next, or 0; only k·(the rest of log 2) may be larger than the tail, or smaller.
    high, e1 = fast_two_sum(k * c.LN2_SPLIT[0], s[0] * 2.0)
    high, e2 = fast_two_sum(high, tail[0])
    high, e3 = fast_two_sum(high, k * c.LN2_SPLIT[1])
    return fast_two_sum(high, fma(s[1], 2.0, tail[1]) + ((e1 + e2) + e3))


def _whole(a: Value) -> Value:
    """Where a ≥ 0 is an integer."""
    rounded = (a + 2.0**52) - 2.0**52
    return (a >= 2.0**52) | rounded.equals(a)


def _exponential(high: Value, low: Value) -> tuple[Value, Value]:
    """Two numbers, y and k, with e^(high + low) = y·2^k."""
    k = fma(high, c.LOG2_E[0], ROUND) - ROUND
    r, rest = two_sum(fma(k, -c.LN2_SPLIT[0], high), fma(k, -c.LN2_SPLIT[1], low))
    first, second = exp_parts(r, rest)
    return first + second, k


def power(x: Value, y: Value) -> Value:
    """x^y, with the special values of C (ISO/IEC 9899:2018, F.10.4.4), which are NumPy's."""
    high, low = multiply_double(_precise_log(x), y)
    value, k = _exponential(high, low)
    usual = shift(value, k + ROUND)
    ordinary = (x >= 2.0**-1022) & (x < INFINITY) & (fabs(high) < 708.0)

    return x.block.rarely(~ordinary, [usual], lambda: [power_of_any(x, y)])[0]


def power_of_any(x: Value, y: Value) -> Value:
    """x^y for whatever x and y are, by a call."""
    module, kind = x.block.module, x.kind
    symbol = module.need(f"ew_power_any_{kind.suffix}", lambda: _definition(module, kind))
    return x.block.call(symbol, kind, x, y)


def _definition(module: Module, kind: Type) -> str:
    """The function that is called where some lane is not ordinary."""
    block, t = Block(module), kind.text
    result = _whatever(block.name("%x", kind), block.name("%y", kind))
    return (
        f"define internal {t} @ew_power_any_{kind.suffix}({t} %x, {t} %y) noinline nounwind {{\nentry:\n"
        f"{block.text()}\n  ret {t} {result.text}\n}}"
    )


def _whatever(x: Value, y: Value) -> Value:
    """x^y for whatever x and y are; the same bits where they are ordinary."""
    a, b = fabs(x), fabs(y)
    high, low = _precise_log(*normal(a))
    infinity, bound = (x.block.constant(number, x.kind) for number in (INFINITY, BOUND))
    high = select(a.equals(0.0), -infinity, select(a.equals(INFINITY), infinity, high))
    rough = high * y
    outside = ~(fabs(rough) < BOUND)
    high, low = multiply_double((high, low), y)
    value, k = _exponential(select(outside, copysign(bound, rough), high), select(outside, 0.0, low))
    magnitude = select(a.equals(1.0), 1.0, scale(value, k))
    whole = _whole(b)
    odd = whole & ~_whole(b * 0.5)
    value = select((x.bits() < 0) & odd, -magnitude, magnitude)
    value = select((x < 0.0) & (a < INFINITY) & ~whole, NAN, value)
    value = select(x.differs(x) | y.differs(y), NAN, value)
    return select(x.equals(1.0) | y.equals(0.0), 1.0, value)
