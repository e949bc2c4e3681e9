"""Sums, products, quotients, powers, and parts of numbers, one number or one vector of them at a time.

Every function here takes the kind that the operation computes in and operands of that kind, and gives the result. Real
arithmetic is IEEE's, bit for bit NumPy's: nothing is contracted or reordered. Integers wrap around.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from edgewise.compile.ir import Value, copysign, fabs, select, sqrt
from edgewise.compile.kernels.kinds import Complex, Held, Kind

__all__ = ["COMPLEX", "DOUBLE", "REAL", "integer_power", "whole_power"]


def add(kind: Kind, a: Value, b: Value) -> Value:
    """A + b, of truth values "or"."""
    return a | b if kind.boolean else a + b


def multiply(kind: Kind, a: Value, b: Value) -> Value:
    """a·b, of truth values "and"."""
    return a & b if kind.boolean else a * b


def absolute(kind: Kind, a: Value) -> Value:
    """|a|; the smallest integer, which has no opposite, stays."""
    if kind.floating:
        return fabs(a)
    return select(a < 0, -a, a) if kind.signed else a


def sign(kind: Kind, a: Value) -> Value:
    """-1, 0 or 1; NaN of NaN."""
    if kind.floating:
        down = select(a < 0.0, a.block.constant(-1.0, a.kind), 0.0)
        return select(a > 0.0, 1.0, select(a.differs(a), a, down))
    up = select(a.differs(0), a.block.constant(1, a.kind), 0)
    return select(a < 0, -1, up) if kind.signed else up


def reciprocal(kind: Kind, a: Value) -> Value:
    """1/a."""
    return 1.0 / a


def spread(kind: Kind, a: Value, low: Value, high: Value) -> Value:
    """``clip``: NaN of any is NaN."""
    return smaller(kind, larger(kind, a, low), high)


def larger(kind: Kind, a: Value, b: Value) -> Value:
    """The larger of two, NaN if one is."""
    return _chosen(kind, "ogt", "gt", a, b)


def smaller(kind: Kind, a: Value, b: Value) -> Value:
    """The smaller of two, NaN if one is."""
    return _chosen(kind, "olt", "lt", a, b)


def _chosen(kind: Kind, floats: str, integers: str, a: Value, b: Value) -> Value:
    mine = compare(kind, floats, integers, a, b)
    return select(mine | a.differs(a), a, b) if kind.floating else select(mine, a, b)


def larger_number(kind: Kind, a: Value, b: Value) -> Value:
    """The larger of two, the other one if one is NaN."""
    return _chosen_number(kind, "oge", "ge", a, b)


def smaller_number(kind: Kind, a: Value, b: Value) -> Value:
    """The smaller of two, the other one if one is NaN."""
    return _chosen_number(kind, "ole", "le", a, b)


def _chosen_number(kind: Kind, floats: str, integers: str, a: Value, b: Value) -> Value:
    mine = compare(kind, floats, integers, a, b)
    return select(mine | b.differs(b), a, b) if kind.floating else select(mine, a, b)


def compare(kind: Kind, floats: str, integers: str, a: Value, b: Value) -> Value:
    """An ordering by its LLVM names, with the sign that the kind has: ``"olt", "lt"``."""
    if kind.floating:
        return a.block.emit(f"fcmp {floats} {a!r}, {b.text}", a.kind.of("i1"))
    return a.block.emit(f"icmp {'s' if kind.signed else 'u'}{integers} {a!r}, {b.text}", a.kind.of("i1"))


def heaviside(kind: Kind, a: Value, b: Value) -> Value:
    """0 below zero, b at zero, 1 above."""
    above = select(a > 0.0, a.block.constant(1.0, a.kind), select(a.differs(a), a, 0.0))
    return select(a.equals(0.0), b, above)


def choose(kind: Kind, condition: Value, a: Held, b: Held) -> Held:
    """``where``."""
    if isinstance(a, Complex) and isinstance(b, Complex):
        return Complex(select(condition, a.re, b.re), select(condition, a.im, b.im))
    assert isinstance(a, Value)
    assert isinstance(b, Value)
    return select(condition, a, b)


def degrees(kind: Kind, a: Value) -> Value:
    """From radians, as NumPy multiplies."""
    return a * _quotient(kind, 180.0, math.pi)


def radians(kind: Kind, a: Value) -> Value:
    """From degrees, as NumPy multiplies."""
    return a * _quotient(kind, math.pi, 180.0)


def _quotient(kind: Kind, a: float, b: float) -> float:
    """a/b, both and the result rounded to the dtype."""
    return float(kind.dtype.type(a) / kind.dtype.type(b))


def rounded(how: str) -> Callable[[Kind, Value], Value]:
    """To an integer: ``floor``, ``ceil``, ``trunc`` or ``rint``, the last to an even one from halfway.

    Written with additions, since LLVM calls the C library where the processor has no instruction for it.
    """

    def write(kind: Kind, a: Value) -> Value:
        if not kind.floating:
            return a
        grain = 2.0**52 if kind.element == "double" else 2.0**23  # from here on every number is an integer
        size = fabs(a)
        near = (size + grain) - grain
        if how == "trunc":
            near = select(near > size, near - 1.0, near)
        near = select(size < grain, copysign(near, a), a)
        if how == "floor":
            near = select(near > a, near - 1.0, near)
        elif how == "ceil":
            near = select(near < a, near + 1.0, near)
            near = copysign(near, a)  # -0 from below
        return near

    return write


def whole_power(kind: Kind, a: Value, n: int) -> Value:
    """A to a small integer, by products of itself: as exact as a power function for n up to 4."""
    if n < 0:
        return 1.0 / whole_power(kind, a, -n)
    if n == 0:
        return a.block.constant(1.0, a.kind)
    if n == 1:
        return a
    half = whole_power(kind, a, n // 2)
    return half * half * a if n % 2 else half * half


def integer_power(kind: Kind, a: Value, n: int) -> Value:
    """An integer to a power that is not negative, modulo the range of its dtype."""
    result: Value | None = None
    while n:
        if n & 1:
            result = a if result is None else result * a
        n >>= 1
        if n:
            a = a * a
    return a.block.constant(1, a.kind) if result is None else result


REAL: Final[dict[str, Callable[..., Any]]] = {
    "add": add,
    "subtract": lambda kind, a, b: a - b,
    "multiply": multiply,
    "divide": lambda kind, a, b: a / b,
    "negative": lambda kind, a: -a,
    "positive": lambda kind, a: a,
    "conjugate": lambda kind, a: a,
    "real": lambda kind, a: a,
    "imag": lambda kind, a: a.block.constant(0, a.kind),
    "square": lambda kind, a: multiply(kind, a, a),
    "reciprocal": reciprocal,
    "sqrt": lambda kind, a: sqrt(a),
    "absolute": absolute,
    "fabs": lambda kind, a: fabs(a),
    "sign": sign,
    "copysign": lambda kind, a, b: copysign(a, b),
    "maximum": larger,
    "minimum": smaller,
    "fmax": larger_number,
    "fmin": smaller_number,
    "clip": spread,
    "heaviside": heaviside,
    "where": choose,
    "degrees": degrees,
    "rad2deg": degrees,
    "radians": radians,
    "deg2rad": radians,
    **{how: rounded(how) for how in ("floor", "ceil", "trunc", "rint")},
}


# Those that are one instruction on a float64: its text, with "%s" for the result and each operand.
DOUBLE: Final[dict[str, str]] = {
    **{
        name: f"  %s = {instruction} double %s, %s"
        for name, instruction in {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}.items()
    },
    **{
        name: f"  %s = call double @llvm.{intrinsic}.f64(double %s)"
        for name, intrinsic in {"sqrt": "sqrt", "absolute": "fabs", "fabs": "fabs"}.items()
    },
    "negative": "  %s = fneg double %s",
}


def _complex_multiply(kind: Kind, a: Complex, b: Complex) -> Complex:
    return Complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re)


def _complex_divide(kind: Kind, a: Complex, b: Complex) -> Complex:
    """By the larger part of b, so that nothing overflows on the way (Smith 1962), as NumPy does."""
    wide = fabs(b.re) >= fabs(b.im)
    large, small = select(wide, b.re, b.im), select(wide, b.im, b.re)
    ratio = small / large
    scale = 1.0 / (large + small * ratio)
    first, second = select(wide, a.re, a.im), select(wide, a.im, a.re)
    re = (first + second * ratio) * scale
    im = (second - first * ratio) * scale
    im = select(wide, im, -im)
    none = large.equals(0.0)
    by = fabs(b.re)
    return Complex(select(none, a.re / by, re), select(none, a.im / by, im))


COMPLEX: Final[dict[str, Callable[..., Any]]] = {
    "add": lambda kind, a, b: Complex(a.re + b.re, a.im + b.im),
    "subtract": lambda kind, a, b: Complex(a.re - b.re, a.im - b.im),
    "multiply": _complex_multiply,
    "divide": _complex_divide,
    "square": lambda kind, a: _complex_multiply(kind, a, a),
    "negative": lambda kind, a: Complex(-a.re, -a.im),
    "positive": lambda kind, a: a,
    "conjugate": lambda kind, a: Complex(a.re, -a.im),
    "real": lambda kind, a: a.re,
    "imag": lambda kind, a: a.im,
    "where": choose,
}
