"""How numbers of a dtype are held: in registers as values of LLVM types, in memory as NumPy lays them out.

A ``Kind`` is a dtype with the two elements that LLVM knows it by. Truth values are ``i1`` in registers and bytes in
memory. A complex number is two real ones, in registers a ``Complex`` of two values. ``load`` and ``store`` move one
number, or as many as there are lanes, between the two; ``convert`` makes a number one of another dtype as NumPy does.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from edgewise.compile.ir import Block, Type, Value, select, vector

__all__ = ["BOOL", "Complex", "Held", "Kind", "constant", "convert", "kind_for", "kind_of", "load", "store", "truth"]


class Complex(NamedTuple):
    """A complex number in registers."""

    re: Value
    im: Value


Held: TypeAlias = Value | Complex


class Kind(NamedTuple):
    """A dtype that machine code works with.

    Attributes:
        dtype: it.
        element: of the values in registers; of a complex number, of its parts.
        memory: of the bytes in memory.
        size: bytes of one number.
        signed: whether an integer is.
    """

    dtype: np.dtype[Any]
    element: str
    memory: str
    size: int
    signed: bool

    @property
    def floating(self) -> bool:
        """Whether it is real, in floating point."""
        return self.dtype.kind == "f"

    @property
    def complex(self) -> bool:
        """Whether it has an imaginary part."""
        return self.dtype.kind == "c"

    @property
    def boolean(self) -> bool:
        """Whether it is a truth value."""
        return self.dtype.kind == "b"

    @property
    def integer(self) -> bool:
        """Whether it is a whole number, signed or not."""
        return self.dtype.kind in "iu"

    def type(self, lanes: int = 1) -> Type:
        """The type of a register of it."""
        return vector(self.element, lanes)


_ELEMENTS = {
    "f8": "double",
    "f4": "float",
    "c16": "double",
    "c8": "float",
    **{f"{sign}{size}": f"i{8 * size}" for sign in "iu" for size in (1, 4, 8)},
}


@functools.cache
def kind_of(dtype: np.dtype[Any]) -> Kind | None:
    """The kind of a dtype; None where machine code does not know it, and NumPy is called."""
    if not dtype.isnative:
        return None
    if dtype.kind == "b":
        return Kind(dtype, "i1", "i8", 1, False)
    element = _ELEMENTS.get(f"{dtype.kind}{dtype.itemsize}")
    return None if element is None else Kind(dtype, element, element, dtype.itemsize, dtype.kind != "u")


def kind_for(dtype: np.dtype[Any]) -> Kind:
    """The kind of a dtype that is known to have one."""
    kind = kind_of(dtype)
    assert kind is not None
    return kind


BOOL = kind_for(np.dtype(bool))


def constant(block: Block, number: Any, kind: Kind, lanes: int = 1) -> Held:
    """A number, the same in every lane, rounded to the dtype as NumPy does."""
    made = kind.dtype.type(number)
    if kind.complex:
        t = kind.type(lanes)
        return Complex(block.constant(float(made.real), t), block.constant(float(made.imag), t))
    if kind.floating:
        return block.constant(float(made), kind.type(lanes))
    return block.constant(int(made), kind.type(lanes))


def load(block: Block, pointer: str, kind: Kind, lanes: int = 1, align: int = 0) -> Held:
    """The numbers at an address, one after the other.

    Args:
        block: where the instructions go.
        pointer: a register that holds the address, or a constant expression.
        kind: of the numbers.
        lanes: how many.
        align: of the address in bytes; 0 for that of one number.
    """
    if kind.complex:
        at = align or kind.size // 2
        if lanes == 1:
            upper = block.fresh()
            block.lines.append(f"  %{upper} = getelementptr i8, ptr {pointer}, i64 {kind.size // 2}")
            t = kind.type()
            re = block.emit(f"load {t.text}, ptr {pointer}, align {at}", t)
            return Complex(re, block.emit(f"load {t.text}, ptr %{upper}, align {kind.size // 2}", t))
        both = vector(kind.element, 2 * lanes)
        whole = block.emit(f"load {both.text}, ptr {pointer}, align {at}", both)
        return Complex(_every_second(whole, 0), _every_second(whole, 1))
    t = vector(kind.memory, lanes)
    found = block.emit(f"load {t.text}, ptr {pointer}, align {align or kind.size}", t)
    return found.differs(0) if kind.boolean else found


def store(block: Block, held: Held, pointer: str, kind: Kind, align: int = 0) -> None:
    """Write numbers to an address, one after the other; as ``load``."""
    if isinstance(held, Complex):
        at = align or kind.size // 2
        t = held.re.kind
        if t.lanes == 1:
            upper = block.fresh()
            block.lines.append(f"  %{upper} = getelementptr i8, ptr {pointer}, i64 {kind.size // 2}")
            block.lines.append(f"  store {t.text} {held.re.text}, ptr {pointer}, align {at}")
            block.lines.append(f"  store {t.text} {held.im.text}, ptr %{upper}, align {kind.size // 2}")
            return
        both = vector(kind.element, 2 * t.lanes)
        order = ", ".join(f"i32 {i + part * t.lanes}" for i in range(t.lanes) for part in (0, 1))
        whole = block.emit(
            f"shufflevector {t.text} {held.re.text}, {t.text} {held.im.text}, <{2 * t.lanes} x i32> <{order}>", both
        )
        block.lines.append(f"  store {both.text} {whole.text}, ptr {pointer}, align {at}")
        return
    if kind.boolean:
        held = held.cast("zext", "i8")
    block.lines.append(f"  store {held.kind.text} {held.text}, ptr {pointer}, align {align or kind.size}")


def _every_second(whole: Value, first: int) -> Value:
    half = whole.kind.lanes // 2
    order = ", ".join(f"i32 {2 * i + first}" for i in range(half))
    t = vector(whole.kind.element, half)
    return whole.block.emit(
        f"shufflevector {whole.kind.text} {whole.text}, {whole.kind.text} poison, <{half} x i32> <{order}>", t
    )


def convert(held: Held, given: Kind, wanted: Kind) -> Held:
    """A number as one of another dtype, as ``astype`` does; of a complex number that becomes real, the real part."""
    if given.dtype == wanted.dtype:
        return held
    if wanted.boolean:
        return truth(held, given)
    if isinstance(held, Complex):
        if not wanted.complex:
            return _convert(held.re, given, wanted)
        return Complex(_convert(held.re, given, wanted), _convert(held.im, given, wanted))
    if wanted.complex:
        real = _convert(held, given, wanted)
        return Complex(real, held.block.constant(0.0, real.kind))
    return _convert(held, given, wanted)


def _convert(held: Value, given: Kind, wanted: Kind) -> Value:
    here, there = held.kind.element, wanted.element
    if here == there:
        return held
    if here in _BITS:
        if there in _BITS:
            if _BITS[there] < _BITS[here]:
                return held.cast("trunc", there)
            return held.cast("sext" if given.signed else "zext", there)
        return held.cast("sitofp" if given.signed else "uitofp", there)
    if there in _BITS:
        return _truncate(held, wanted)
    return held.cast("fpext" if there == "double" else "fptrunc", there)


_BITS = {"i1": 1, "i8": 8, "i32": 32, "i64": 64}


def _truncate(held: Value, wanted: Kind) -> Value:
    """Towards zero.

    A number out of range has no integer, and C leaves the conversion undefined. NumPy gives what the processor does, on
    x86-64 the smallest integer of the instruction's width, whose lower bits narrower integers take; so does this.
    """
    if wanted.size == 8 and not wanted.signed:
        low = _within(held, "fptosi", "i64", -(2.0**63), 2.0**63)
        return select(held >= 2.0**63, _within(held, "fptoui", "i64", 0.0, 2.0**64), low)
    if wanted.element == "i64" or not wanted.signed:
        wide = _within(held, "fptosi", "i64", -(2.0**63), 2.0**63)
    else:
        wide = _within(held, "fptosi", "i32", -(2.0**31) - (1.0 if held.kind.element == "double" else 0.0), 2.0**31)
    return wide if wide.kind.element == wanted.element else wide.cast("trunc", wanted.element)


def _within(held: Value, operation: str, element: str, low: float, high: float) -> Value:
    """The conversion where the number is in range, else the integer with the sign bit alone."""
    above = held > low if low == -(2.0**31) - 1.0 else held >= low  # -2147483648.5 is in range
    smallest = -(1 << (_BITS[element] - 1))
    return select(above & (held < high), held.cast(operation, element), smallest)


def truth(held: Held, kind: Kind) -> Value:
    """Whether a number is not zero; NaN is not."""
    if isinstance(held, Complex):
        return held.re.differs(0.0) | held.im.differs(0.0)
    return held if kind.boolean else held.differs(0.0 if kind.floating else 0)
