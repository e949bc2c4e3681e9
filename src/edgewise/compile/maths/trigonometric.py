"""sin, cos and tan: polynomials of the rest of a quarter turn, chosen by the number of quarter turns."""

from __future__ import annotations

from edgewise.compile.ir import Value, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import Pair, fast_two_sum, two_product
from edgewise.compile.maths.polynomial import estrin
from edgewise.compile.maths.quadrant import reduce

__all__ = ["cos", "cosine", "sin", "sincos", "sine", "tan", "tangent", "turned"]


def _sine_parts(r: Pair) -> Pair:
    """sin(r) for |r| ≤ π/4, to about 2^-57, as two terms not yet added."""
    high, low = r
    square = high * high
    # sin(high + low) = sin(high) + low·cos(high)
    return high, fma(square * high, estrin(square, c.SIN), fma(square * -0.5, low, low))


def _cosine_parts(r: Pair) -> Pair:
    """cos(r) for |r| ≤ π/4, to about 2^-57, as two terms not yet added."""
    high, low = r
    square, error = two_product(high, high)
    first, lost = fast_two_sum(high.block.constant(1.0, high.kind), square * -0.5)
    # cos(high + low) = cos(high) - low·sin(high)
    return first, fma(square * square, estrin(square, c.COS), fma(high, -low, fma(error, -0.5, lost)))


def sine(r: Pair) -> Pair:
    """sin(r) for |r| ≤ π/4, to about 2^-57."""
    return fast_two_sum(*_sine_parts(r))


def cosine(r: Pair) -> Pair:
    """cos(r) for |r| ≤ π/4, to about 2^-57."""
    return fast_two_sum(*_cosine_parts(r))


def turned(n: Value, r: Pair) -> Value:
    """sin(r + n·π/2) for |r| ≤ π/4."""
    odd = (n & 1).differs(0)
    s, z = _sine_parts(r), _cosine_parts(r)
    value = select(odd, z[0], s[0]) + select(odd, z[1], s[1])
    return (value.bits() ^ ((n & 2) << 62)).as_double()


def sin(x: Value) -> Value:
    """The sine."""
    return select(fabs(x) < 2.0**-27, x, turned(*reduce(x)))


def cos(x: Value) -> Value:
    """The cosine."""
    n, r = reduce(x)
    return turned(n + 1, r)


def sincos(x: Value) -> Pair:
    """The sine and the cosine, for little more than one of them; the bits of ``sin`` and ``cos``."""
    n, r = reduce(x)
    return select(fabs(x) < 2.0**-27, x, turned(n, r)), turned(n + 1, r)


def tangent(n: Value, r: Pair) -> Value:
    """tan(r + n·π/2) for |r| ≤ π/4."""
    s, z = sine(r), cosine(r)
    odd = (n & 1).differs(0)
    top = select(odd, -z[0], s[0]), select(odd, -z[1], s[1])
    below = select(odd, s[0], z[0]), select(odd, s[1], z[1])
    reciprocal = 1.0 / below[0]
    q = top[0] * reciprocal
    p, e = two_product(q, below[0])
    rest = ((top[0] - p) - e) + fma(-q, below[1], top[1])
    return fma(rest, reciprocal, q)


def tan(x: Value) -> Value:
    """The tangent."""
    return select(fabs(x) < 2.0**-27, x, tangent(*reduce(x)))
