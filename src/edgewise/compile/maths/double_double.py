"""Numbers of 106 bits as the unevaluated sum of two doubles, and the exact operations they rest on.

Names follow Hida, Li and Bailey, "Algorithms for quad-double precision floating point arithmetic" (2001), and the
algorithms Muller et al., *Handbook of Floating-Point Arithmetic* (2018), chapters 4.3, 4.4 and 14.1. Every function
takes and returns ``(high, low)`` with |low| ≤ ulp(high)/2, or, where it says so, a little more. All of it assumes that
nothing overflows on the way; callers keep their arguments in range.
"""

from __future__ import annotations

from edgewise.compile.ir import Value, fma, sqrt

__all__ = [
    "Pair",
    "add",
    "constant",
    "divide",
    "fast_two_sum",
    "multiply",
    "multiply_double",
    "square_root",
    "two_product",
    "two_sum",
]

Pair = tuple[Value, Value]


def two_sum(a: Value, b: Value) -> Pair:
    """The sum exactly (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def fast_two_sum(a: Value, b: Value) -> Pair:
    """The sum exactly, for |a| ≥ |b| or a = 0 (Dekker)."""
    s = a + b
    return s, b - (s - a)


def _split(a: Value) -> Pair:
    """A double as two of 26 bits (Veltkamp); |a| < 2^996."""
    c = a * 134217729.0  # 2^27 + 1
    high = c - (c - a)
    return high, a - high


def two_product(a: Value, b: Value | float) -> Pair:
    """a·b exactly: fused where the target can, by splitting (Dekker) where not."""
    b = b if isinstance(b, Value) else a.block.constant(b, a.kind)
    p = a * b
    if a.block.module.fused:
        return p, fma(a, b, -p)
    (ah, al), (bh, bl) = _split(a), _split(b)
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


def add(a: Pair, b: Pair) -> Pair:
    """The sum, to 2^-104 of |a| + |b|: where the two nearly cancel, that is not relative to the sum."""
    s, e = two_sum(a[0], b[0])
    return fast_two_sum(s, e + (a[1] + b[1]))


def multiply(a: Pair, b: Pair) -> Pair:
    """a·b, to about 2^-102."""
    p, e = two_product(a[0], b[0])
    return fast_two_sum(p, e + fma(a[0], b[1], a[1] * b[0]))


def multiply_double(a: Pair, b: Value) -> Pair:
    """a·b for a double b, to about 2^-102."""
    p, e = two_product(a[0], b)
    return fast_two_sum(p, fma(a[1], b, e))


def divide(a: Pair, b: Pair) -> Pair:
    """a/b, to about 2^-100, with one division; the reciprocal of b must not be subnormal."""
    reciprocal = 1.0 / b[0]
    q = a[0] * reciprocal
    p, e = two_product(q, b[0])
    r = fma(-q, b[1], ((a[0] - p) - e) + a[1])
    return fast_two_sum(q, r * reciprocal)


def constant(like: Value, parts: tuple[float, ...]) -> Pair:
    """A constant from its two parts, of the type of ``like``."""
    return like.block.constant(parts[0], like.kind), like.block.constant(parts[1], like.kind)


def square_root(a: Pair) -> Pair:
    """√a for a > 0, to about 2^-100."""
    s = sqrt(a[0])
    p, e = two_product(s, s)
    r = ((a[0] - p) - e) + a[1]
    return fast_two_sum(s, r / (s + s))
