"""sinh, cosh and tanh from e^x - 1, and their inverses from log(1 + x), both carried as pairs.

Near 0 each formula divides small numbers by numbers near 1 and subtracts nothing, so the results are relative there.
"""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, copysign, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import (
    Pair,
    add,
    divide,
    fast_two_sum,
    multiply,
    square_root,
    two_product,
    two_sum,
)
from edgewise.compile.maths.exponential import ROUND, exp_pair, expm1_pair, reduce, two_to
from edgewise.compile.maths.logarithm import INFINITY, NAN, log1p_pair

__all__ = ["arccosh", "arcsinh", "arctanh", "cosh", "sinh", "tanh"]

TINY: Final = 2.0**-28
LARGE: Final = 2.0**60
OVERFLOW: Final = 710.5


def _bounded(a: Value, most: float) -> Value:
    return select(a > most, most, a)


def sinh(x: Value) -> Value:
    """The hyperbolic sine: 2·(q + q/(4q + 1)) with q = (e^|x| - 1)/4."""
    a = _bounded(fabs(x), OVERFLOW)
    high, low = expm1_pair(*reduce(a))
    # Beyond 40 the second term is below 2^-57 of the first; there it is computed of 1, which cannot overflow.
    far = a > 40.0
    q = select(far, 1.0, high), select(far, 0.0, low)
    s, e = two_sum(q[0] * 4.0, high.block.constant(1.0, high.kind))
    second = divide(q, (s, fma(q[1], 4.0, e)))
    y = add((high, low), second)[0] * 2.0
    return select(fabs(x) < TINY, x, copysign(y, x))


def cosh(x: Value) -> Value:
    """The hyperbolic cosine: 2·(q + 1/(16q)) with q = e^|x|/4."""
    k, r, rest = reduce(_bounded(fabs(x), OVERFLOW))
    power = two_to(k - 2.0 + ROUND)
    high, low = exp_pair(r, rest)
    high, low = high * power, low * power
    sixteenth = 0.0625 / high
    lacking = fma(sixteenth * -16.0, low, fma(sixteenth * -16.0, high, 1.0))  # 1 - sixteenth·16·(high + low)
    s, e = fast_two_sum(high, sixteenth)
    return (s + fma(sixteenth, lacking, e + low)) * 2.0


def tanh(x: Value) -> Value:
    """The hyperbolic tangent: q/(q + 1/2) with q = (e^(2|x|) - 1)/4."""
    a = _bounded(fabs(x), 20.0)
    high, low = expm1_pair(*reduce(a + a))
    s, e = two_sum(high, high.block.constant(0.5, high.kind))
    y = divide((high, low), (s, e + low))[0]
    return select(fabs(x) < TINY, x, copysign(y, x))


def _log_of_double(usual: Pair, a: Value) -> Value:
    """log(1 + usual), or log(2a) where a is large."""
    far = a > LARGE
    high, low = log1p_pair(select(far, a, usual[0]), select(far, 0.0, usual[1]))
    s, e = two_sum(high, select(far, a.block.constant(c.LN2[0], a.kind), 0.0))
    return s + (e + low)


def arcsinh(x: Value) -> Value:
    """The inverse hyperbolic sine: log(1 + a + a²/(1 + √(1 + a²))) of a = |x|."""
    a = fabs(x)
    near = _bounded(a, LARGE)
    one = a.block.constant(1.0, a.kind)
    square = two_product(near, near)
    s, e = two_sum(square[0], one)
    root = square_root((s, e + square[1]))
    s, e = two_sum(root[0], one)
    quotient = divide(square, (s, e + root[1]))
    s, e = fast_two_sum(near, quotient[0])
    y = _log_of_double((s, e + quotient[1]), a)
    return select(a < TINY, x, copysign(select(a < INFINITY, y, a), x))


def arccosh(x: Value) -> Value:
    """The inverse hyperbolic cosine: log(1 + t + √(2t + t²)) of t = x - 1, which is exact near 1."""
    t = _bounded(x, LARGE) - 1.0
    zero, two = (x.block.constant(number, x.kind) for number in (0.0, 2.0))
    root = square_root(multiply((t, zero), two_sum(t, two)))
    s, e = two_sum(root[0], t)
    y = select(x < INFINITY, _log_of_double((s, e + root[1]), x), x)
    return select(x > 1.0, y, select(x.equals(1.0), y.block.constant(0.0, y.kind), NAN))


def arctanh(x: Value) -> Value:
    """The inverse hyperbolic tangent: log(1 + 2a/(1 - a))/2 of a = |x|."""
    a = fabs(x)
    zero, one = (x.block.constant(number, x.kind) for number in (0.0, 1.0))
    y = log1p_pair(*divide((a + a, zero), two_sum(one, -a)))[0] * 0.5
    y = select(a < 1.0, y, select(a.equals(1.0), y.block.constant(INFINITY, y.kind), NAN))
    return select(a < TINY, x, copysign(y, x))
