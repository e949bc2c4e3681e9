"""Comparisons, logic and bits: operations whose result is a truth value, or that look at an integer's bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from edgewise.compile.ir import Value, fabs, select
from edgewise.compile.kernels.arithmetic import compare
from edgewise.compile.kernels.kinds import Complex, Held, Kind, truth

__all__ = ["COMPLEX", "REAL"]


def _ordering(floats: str, integers: str) -> Callable[[Kind, Value, Value], Value]:
    return lambda kind, a, b: compare(kind, floats, integers, a, b)


def _logical(combine: Callable[..., Value]) -> Callable[..., Value]:
    """Of any kinds: what is not zero is true."""
    return lambda kind, *operands: combine(*(truth(x, kind) for x in operands))


def _not(a: Value) -> Value:
    return ~a


def _infinite(kind: Kind, a: Value) -> Value:
    return fabs(a).equals(float("inf")) if kind.floating else _never(a)


def _finite(kind: Kind, a: Value) -> Value:
    return fabs(a) < float("inf") if kind.floating else ~_never(a)


def _nan(kind: Kind, a: Value) -> Value:
    return a.differs(a) if kind.floating else _never(a)


def _never(a: Value) -> Value:
    return a.block.constant(0, a.kind.of("i1"))


def _signbit(kind: Kind, a: Value) -> Value:
    return a.cast("bitcast", "i64" if kind.element == "double" else "i32") < 0


def _shift(operation: str, signed: str) -> Callable[[Kind, Value, Value], Value]:
    """As NumPy: a shift by the width or more, or by a negative number, shifts everything out."""

    def write(kind: Kind, a: Value, b: Value) -> Value:
        bits = 8 * kind.size
        fits = compare(kind._replace(signed=False), "", "lt", b, a.block.constant(bits, b.kind))
        within = select(fits, b, bits - 1)
        moved = a.block.emit(f"{signed if kind.signed else operation} {a!r}, {within.text}", a.kind)
        if signed == "ashr" and kind.signed:
            return moved  # the sign is all that is left, which a shift by one less than the width gives
        return select(fits, moved, 0)

    return write


def _equal(kind: Kind, a: Complex, b: Complex) -> Value:
    return a.re.equals(b.re) & a.im.equals(b.im)


def _parts(question: Callable[[Kind, Value], Value], every: bool) -> Callable[[Kind, Complex], Value]:
    def write(kind: Kind, a: Complex) -> Value:
        real = kind._replace(dtype=kind.dtype.type(0).real.dtype)
        first, second = question(real, a.re), question(real, a.im)
        return first & second if every else first | second

    return write


_LOGIC: dict[str, Callable[..., Held]] = {
    "logical_and": _logical(lambda a, b: a & b),
    "logical_or": _logical(lambda a, b: a | b),
    "logical_xor": _logical(lambda a, b: a ^ b),
    "logical_not": _logical(_not),
}

REAL: Final[dict[str, Callable[..., Any]]] = {
    "less": _ordering("olt", "lt"),
    "less_equal": _ordering("ole", "le"),
    "greater": _ordering("ogt", "gt"),
    "greater_equal": _ordering("oge", "ge"),
    "equal": lambda kind, a, b: a.equals(b),
    "not_equal": lambda kind, a, b: a.differs(b),
    "isinf": _infinite,
    "isfinite": _finite,
    "isnan": _nan,
    "signbit": _signbit,
    "bitwise_and": lambda kind, a, b: a & b,
    "bitwise_or": lambda kind, a, b: a | b,
    "bitwise_xor": lambda kind, a, b: a ^ b,
    "invert": lambda kind, a: ~a,
    "left_shift": _shift("shl", "shl"),
    "right_shift": _shift("lshr", "ashr"),
    **_LOGIC,
}

COMPLEX: Final[dict[str, Callable[..., Any]]] = {
    "equal": _equal,
    "not_equal": lambda kind, a, b: a.re.differs(b.re) | a.im.differs(b.im),
    "isnan": _parts(_nan, every=False),
    "isinf": _parts(_infinite, every=False),
    "isfinite": _parts(_finite, every=True),
    **_LOGIC,
}
