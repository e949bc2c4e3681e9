"""LLVM assembly as text: a ``Module`` of definitions, a ``Block`` of instructions, and ``Value`` for their results.

An operator of ``Value`` writes one instruction and returns the value that it defines, so code that builds IR reads as
the formula it computes::

    block = Block(Module())
    x = block.name("%x", vector("double", 4))
    y = fma(x, x, 1.0) / (x + 2.0)  # three instructions, four lanes at once

The text is a list of lines until somebody asks for it. Numbers stand in it as the hexadecimal digits of the double
they are, so nothing is rounded on the way. No instruction carries a fast-math flag. What LLVM would hand to the C
library (``exp``, ``rint``, ``fmod``, …) has no spelling here; on a target without fused multiply-add that includes
``llvm.fma``, which a ``Module(fused=False)`` therefore never writes: ``fma`` rounds twice there, and ``two_product``
of ``maths/double_double.py`` splits its factors instead.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Final

__all__ = [
    "I1",
    "Block",
    "Module",
    "Type",
    "Value",
    "copysign",
    "fabs",
    "fma",
    "maximum",
    "minimum",
    "select",
    "sqrt",
    "vector",
]

DOUBLE: Final = struct.Struct(">d")
SUFFIX: Final = {"double": "f64", "float": "f32", "i1": "i1", "i8": "i8", "i32": "i32", "i64": "i64", "i128": "i128"}


class Type:
    """The type of a value: ``lanes`` elements, or a scalar where ``lanes`` is 1.

    Equal types are one object (``vector`` makes them): compare with ``is``.
    """

    __slots__ = ("element", "floating", "lanes", "suffix", "text")

    def __init__(self, element: str, lanes: int) -> None:
        self.element = element
        self.lanes = lanes
        self.text = element if lanes == 1 else f"<{lanes} x {element}>"
        self.suffix = SUFFIX[element] if lanes == 1 else f"v{lanes}{SUFFIX[element]}"
        self.floating = element in ("double", "float")

    def __repr__(self) -> str:
        return self.text

    def of(self, element: str) -> Type:
        """The type with as many lanes of another element."""
        return vector(element, self.lanes)

    def literal(self, number: float) -> str:
        """A number as it stands in an instruction, the same in every lane."""
        if self.element == "double":
            digits = f"0x{DOUBLE.pack(number).hex().upper()}"
        elif self.element == "float":  # LLVM spells a float as the double of the same value
            digits = f"0x{DOUBLE.pack(struct.unpack('f', struct.pack('f', number))[0]).hex().upper()}"
        else:
            digits = str(int(number))
        return digits if self.lanes == 1 else f"splat ({self.element} {digits})"


_types: dict[tuple[str, int], Type] = {}


def vector(element: str, lanes: int) -> Type:
    """The type of ``lanes`` values of ``element`` (a key of ``SUFFIX``); a scalar for one lane.

    There is one object for each, also if threads ask at once.
    """
    found = _types.get((element, lanes))
    return _types.setdefault((element, lanes), Type(element, lanes)) if found is None else found


I1: Final = vector("i1", 1)


class Module:
    """Definitions by symbol, each written once, in the order in which they were finished.

    Args:
        fused: Whether the target multiplies and adds in one rounding. True for x86-64 with FMA and for AArch64.
    """

    __slots__ = ("definitions", "fused", "imports")

    def __init__(self, *, fused: bool = True) -> None:
        self.fused = fused
        self.definitions: dict[str, str] = {}
        self.imports: dict[str, str] = {}  # declarations of what is defined elsewhere

    def need(self, symbol: str, write: Callable[[], str]) -> str:
        """Return ``symbol``, whose definition ``write`` returns; it is called only the first time."""
        if symbol not in self.definitions:
            self.definitions[symbol] = write()
        return symbol

    def text(self) -> str:
        """All declarations and definitions, as LLVM assembly."""
        return "\n".join([*self.imports.values(), *self.definitions.values()])


class Block:
    """Instructions in the order of their writing, in one function, with the label of the basic block they end in.

    Args:
        module: Where definitions that the instructions call are collected.
        prefix: A letter, and more: it begins every name written here; two blocks of one function need different ones.
            Without it, results have numbers for names, which is LLVM's own way and quick to read: then every
            instruction must be written in its place, and no other block may do so in the same function.
        label: The basic block that the first instruction stands in, without ``%``; "entry" for that of a function.
    """

    __slots__ = ("count", "label", "labels", "lines", "module", "prefix")

    def __init__(self, module: Module, prefix: str = "v", label: str = "entry") -> None:
        self.module = module
        self.prefix = prefix
        self.label = label
        self.lines: list[str] = []
        self.count = 0 if prefix else -1  # the number of the last result
        self.labels = 0

    def fresh(self) -> str:
        """A name, without ``%``, that nothing else in this block has."""
        self.labels += 1
        return f"{self.prefix}.{self.labels}" if self.prefix else f"n{self.labels}"

    def name(self, text: str, kind: Type) -> Value:
        """A value that exists already: a parameter, or what other code of the function defined."""
        return Value(self, text, kind)

    def constant(self, number: float, kind: Type) -> Value:
        """A number, the same in every lane."""
        return Value(self, kind.literal(number), kind)

    def emit(self, instruction: str, kind: Type) -> Value:
        """Write an instruction that defines a value of this type."""
        self.count = count = self.count + 1
        name = f"%{self.prefix}{count}"
        self.lines.append(f"  {name} = {instruction}")
        return Value(self, name, kind)

    def begin(self, label: str) -> None:
        """End the basic block (its last instruction is written already) and begin another."""
        self.lines.append(f"{label}:")
        self.label = label

    def call(self, symbol: str, kind: Type, *operands: Value) -> Value:
        """Call a function of the module, or an intrinsic, by its symbol without ``@``."""
        return self.emit(f"call {kind.text} @{symbol}({', '.join(f'{v.kind.text} {v.text}' for v in operands)})", kind)

    def rarely(self, mask: Value, usual: Sequence[Value], write: Callable[[], Sequence[Value]]) -> list[Value]:
        """Values that are ``usual`` unless ``mask`` holds in some lane; then what ``write`` computes, behind a branch.

        ``write`` is called once, now, and writes into this block. It decides itself what each lane gets.
        """
        lanes = mask.kind.lanes
        some = mask if lanes == 1 else self.call(f"llvm.vector.reduce.or.v{lanes}i1", I1, mask)
        number, before = self.fresh(), self.label
        rare, join = f"{number}.rare", f"{number}.join"
        weights = self.module.need("!0", lambda: '!0 = !{!"branch_weights", i32 1, i32 4096}')
        self.lines.append(f"  br i1 {some.text}, label %{rare}, label %{join}, !prof {weights}")
        self.begin(rare)
        found = write()
        after = self.label
        self.lines.append(f"  br label %{join}")
        self.begin(join)
        return [
            self.emit(f"phi {u.kind.text} [ {u.text}, %{before} ], [ {v.text}, %{after} ]", u.kind)
            for u, v in zip(usual, found, strict=True)
        ]

    def text(self) -> str:
        """The instructions, one a line."""
        return "\n".join(self.lines)


class Value:
    """The result of an instruction, or a constant; operators write into the block that it belongs to.

    ``+ - * /`` and comparisons serve floats and integers (signed); a Python number takes the type of the other
    operand. Masks and integers have ``& | ^ ~``, integers ``<<`` and ``>>`` (arithmetic). A comparison with NaN is
    false, except ``differs``.
    """

    __slots__ = ("block", "kind", "text")

    def __init__(self, block: Block, text: str, kind: Type) -> None:
        self.block = block
        self.text = text
        self.kind = kind

    def __repr__(self) -> str:
        return f"{self.kind.text} {self.text}"

    def _binary(self, operation: str, left: Value | float, right: Value | float) -> Value:
        kind = self.kind
        a = left.text if isinstance(left, Value) else kind.literal(left)
        b = right.text if isinstance(right, Value) else kind.literal(right)
        return self.block.emit(f"{operation} {kind.text} {a}, {b}", kind)

    def _compare(self, floats: str, integers: str, other: Value | float) -> Value:
        kind = self.kind
        operation = f"fcmp {floats}" if kind.floating else f"icmp {integers}"
        b = other.text if isinstance(other, Value) else kind.literal(other)
        return self.block.emit(f"{operation} {kind.text} {self.text}, {b}", kind.of("i1"))

    def __add__(self, other: Value | float) -> Value:
        return self._binary("fadd" if self.kind.floating else "add", self, other)

    def __radd__(self, other: float) -> Value:
        return self._binary("fadd" if self.kind.floating else "add", other, self)

    def __sub__(self, other: Value | float) -> Value:
        return self._binary("fsub" if self.kind.floating else "sub", self, other)

    def __rsub__(self, other: float) -> Value:
        return self._binary("fsub" if self.kind.floating else "sub", other, self)

    def __mul__(self, other: Value | float) -> Value:
        return self._binary("fmul" if self.kind.floating else "mul", self, other)

    def __rmul__(self, other: float) -> Value:
        return self._binary("fmul" if self.kind.floating else "mul", other, self)

    def __truediv__(self, other: Value | float) -> Value:
        return self._binary("fdiv", self, other)

    def __rtruediv__(self, other: float) -> Value:
        return self._binary("fdiv", other, self)

    def __neg__(self) -> Value:
        if self.kind.floating:
            return self.block.emit(f"fneg {self.kind.text} {self.text}", self.kind)
        return self._binary("sub", 0, self)

    def __and__(self, other: Value | int) -> Value:
        return self._binary("and", self, other)

    def __or__(self, other: Value | int) -> Value:
        return self._binary("or", self, other)

    def __xor__(self, other: Value | int) -> Value:
        return self._binary("xor", self, other)

    def __invert__(self) -> Value:
        return self._binary("xor", self, 1 if self.kind.element == "i1" else -1)

    def __lshift__(self, other: Value | int) -> Value:
        return self._binary("shl", self, other)

    def __rshift__(self, other: Value | int) -> Value:
        return self._binary("ashr", self, other)

    def __lt__(self, other: Value | float) -> Value:
        return self._compare("olt", "slt", other)

    def __le__(self, other: Value | float) -> Value:
        return self._compare("ole", "sle", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._compare("ogt", "sgt", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._compare("oge", "sge", other)

    def equals(self, other: Value | float) -> Value:
        """Where the two are equal; -0 and 0 are."""
        return self._compare("oeq", "eq", other)

    def differs(self, other: Value | float) -> Value:
        """Where the two are not equal: NaN differs from everything, itself included."""
        return self._compare("une", "ne", other)

    def unsigned_shift(self, other: Value | int) -> Value:
        """An integer shifted to the right, zeros coming in."""
        return self._binary("lshr", self, other)

    def cast(self, operation: str, element: str) -> Value:
        """The result of a conversion by its LLVM name: ``bitcast``, ``fpext``, ``fptrunc``, ``zext``, ``sitofp``, …."""
        kind = self.kind.of(element)
        return self.block.emit(f"{operation} {self.kind.text} {self.text} to {kind.text}", kind)

    def bits(self) -> Value:
        """A double's bits as a 64-bit integer."""
        return self.cast("bitcast", "i64")

    def as_double(self) -> Value:
        """The double that has the bits of a 64-bit integer."""
        return self.cast("bitcast", "double")

    def lane(self, index: int) -> Value:
        """One lane as a scalar."""
        if self.kind.lanes == 1:
            return self
        return self.block.emit(
            f"extractelement {self.kind.text} {self.text}, i64 {index}", vector(self.kind.element, 1)
        )


def _text(value: Value | float, kind: Type) -> str:
    return value.text if isinstance(value, Value) else kind.literal(value)


def fma(a: Value, b: Value | float, c: Value | float) -> Value:
    """a·b + c, in one rounding where the target has the instruction and in two where not."""
    block, kind = a.block, a.kind
    if not block.module.fused:
        return a * b + c
    t = kind.text
    return block.emit(
        f"call {t} @llvm.fma.{kind.suffix}({t} {a.text}, {t} {_text(b, kind)}, {t} {_text(c, kind)})", kind
    )


def select(mask: Value, a: Value | float, b: Value | float) -> Value:
    """``a`` where the mask holds, ``b`` elsewhere; one of them is a ``Value``."""
    kind = a.kind if isinstance(a, Value) else b.kind if isinstance(b, Value) else mask.kind.of("double")
    return mask.block.emit(
        f"select {mask.kind.text} {mask.text}, {kind.text} {_text(a, kind)}, {kind.text} {_text(b, kind)}", kind
    )


def _intrinsic(symbol: str, a: Value, *others: Value | float) -> Value:
    t = a.kind.text
    rest = "".join(f", {t} {_text(b, a.kind)}" for b in others)
    return a.block.emit(f"call {t} @llvm.{symbol}.{a.kind.suffix}({t} {a.text}{rest})", a.kind)


def fabs(a: Value) -> Value:
    """|a|, a change of the sign bit alone."""
    return _intrinsic("fabs", a)


def copysign(a: Value, b: Value | float) -> Value:
    """|a| with the sign bit of ``b``."""
    return _intrinsic("copysign", a, b)


def sqrt(a: Value) -> Value:
    """The square root, correctly rounded: an instruction of every target supported."""
    return _intrinsic("sqrt", a)


def minimum(a: Value, b: Value | float) -> Value:
    """The smaller of two; ``b`` where one is NaN. One instruction on x86."""
    return select(a < b, a, b)


def maximum(a: Value, b: Value | float) -> Value:
    """The larger of two; ``b`` where one is NaN. One instruction on x86."""
    return select(a > b, a, b)
