"""A function of machine code that is being written: where its numbers are, and how it ends.

A kernel has one parameter, the *table*: addresses of *buffers*, which are inputs, captured arrays, results and scratch
memory. A number is a ``Cell``: in a register, in a ``Lane`` of one, at a ``Place`` in a buffer, or a ``Fixed`` one that
the program knows.
``Body.held`` fetches it into a register when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from edgewise.compile.ir import I1, Block, Module, Value
from edgewise.compile.kernels.kinds import Complex, Held, Kind, constant, load, store

__all__ = ["Body", "Cell", "Fixed", "Lane", "Outside", "Place"]


class Place(NamedTuple):
    """A number in memory: a buffer of the table, an offset in bytes, and how the number is laid out."""

    buffer: int
    offset: int
    kind: Kind


class Fixed(NamedTuple):
    """A number that the program knows."""

    number: Any
    kind: Kind


class Lane(NamedTuple):
    """A number in a register of several."""

    vector: Value
    at: int


Cell: TypeAlias = Value | Complex | Lane | Place | Fixed


class Outside:
    """What comes before a loop while the loop is being written.

    Args:
        lines: instructions before the loop.
        values: registers that they define.
        held: what they have fetched from memory.
    """

    def __init__(self, lines: list[str], values: Iterable[Value], held: dict[Place | Lane, Held]) -> None:
        self.lines, self.held = lines, held
        self.values = {value.text for value in values}
        self.packed: dict[tuple[Any, ...], Held] = {}

    def has(self, cells: Iterable[Cell]) -> bool:
        """Whether numbers are the same in every turn of the loop. Memory is: a loop reads nothing that it writes."""
        return all(
            isinstance(c, Place | Fixed)
            or (isinstance(c, Lane) and c.vector.text in self.values)
            or (isinstance(c, Value) and c.text in self.values)
            for c in cells
        )


class Body:
    """One function ``i64 name(ptr table)``, or ``i64 name(ptr table, i64 piece, i64 slot)``.

    Args:
        module: what it calls.
        name: the symbol.
        pieces: whether it does one piece at a time, in a slot that no other thread has meanwhile.

    Attributes:
        block: where instructions go; helpers that build a loop end it and begin others.
        name: the symbol.
        numbered: whether results have numbers for names (``Block``).
        outside: of a loop that is being written; None elsewhere.
    """

    def __init__(self, module: Module, name: str, *, pieces: bool = False, numbered: bool = False) -> None:
        self.block = Block(module, "" if numbered else "v", "begin")
        self.name = name
        self._parameters = "ptr %table, i64 %piece, i64 %slot" if pieces else "ptr %table"
        self._bound: dict[int, str] = {}
        self._addresses: dict[int, str] = {}  # of buffers: fetched at the entry, so that they are there everywhere
        self._held: dict[Place | Lane, Held] = {}
        self._failures: set[int] = set()
        self.outside: Outside | None = None

    def address(self, buffer: int) -> str:
        """The register with the address of a buffer."""
        if buffer in self._bound:
            return self._bound[buffer]
        return self._addresses.setdefault(buffer, f"%buffer{buffer}")

    def bind(self, buffer: int, register: str) -> None:
        """Have a number stand for memory that is in no table."""
        self._bound[buffer] = register

    def pointer(self, buffer: int, offset: int) -> str:
        """The address of a byte in a buffer, as a register that is made now."""
        base = self.address(buffer)
        if not offset:
            return base
        name = self.block.fresh()
        self.block.lines.append(f"  %{name} = getelementptr i8, ptr {base}, i64 {offset}")
        return f"%{name}"

    def held(self, cell: Cell) -> Held:
        """A number in a register. Only for code that always runs: what is fetched is kept for what follows."""
        if not isinstance(cell, Place | Lane | Fixed):
            return cell
        if isinstance(cell, Fixed):
            return constant(self.block, cell.number, cell.kind)
        found = self._held.get(cell)
        if found is None:
            if isinstance(cell, Lane):
                found = cell.vector.lane(cell.at)
            else:
                found = load(self.block, self.pointer(cell.buffer, cell.offset), cell.kind)
            self._held[cell] = found
        return found

    def before(self, write: Callable[[], Held]) -> Held:
        """Write instructions before the loop that is being written."""
        outside, block = self.outside, self.block
        assert outside is not None
        lines, held, prefix = block.lines, self._held, block.prefix
        block.lines, self._held = outside.lines, outside.held
        block.prefix = "o"  # numbers for names go up from line to line
        found = write()
        block.lines, self._held, block.prefix = lines, held, prefix
        return found

    def put(self, cell: Cell, place: Place) -> None:
        """Write a number to memory."""
        store(self.block, self.held(cell), self.pointer(place.buffer, place.offset), place.kind)

    def guard(self, holds: Value, code: int) -> None:
        """Return ``code`` from the function where a condition does not hold."""
        assert holds.kind is I1
        self._failures.add(code)
        label = self.block.fresh()
        self.block.lines.append(f"  br i1 {holds.text}, label %{label}.on, label %fail{code}")
        self.block.begin(f"{label}.on")

    def fork(self, holds: Value) -> str:
        """Go on where a condition holds; the label is for what is to be done where it does not."""
        assert holds.kind is I1
        label = self.block.fresh()
        self.block.lines.append(f"  br i1 {holds.text}, label %{label}.on, label %{label}.off")
        self.block.begin(f"{label}.on")
        return f"{label}.off"

    def leave(self) -> None:
        """Return 0 from the function; what follows begins at a label."""
        self.block.lines.append("  ret i64 0")

    def kept(self) -> dict[Place | Lane, Held]:
        """What has been fetched so far, for ``begin``."""
        return self._held.copy()

    def begin(self, label: str, kept: dict[Place | Lane, Held]) -> None:
        """Go on at a label, where ``kept`` is in registers."""
        self.block.begin(label)
        self._held = kept

    def forget(self) -> None:
        """From here on nothing is in registers that is in memory: what is there may have become something else."""
        self._held = {}

    def call(self, name: str, arguments: str = "ptr %table") -> None:
        """Call another function, on the same table, and return what it returns unless that is 0."""
        number = self.block.fresh()
        self.block.lines += [
            f"  %{number}.code = call i64 @{name}({arguments})",
            f"  %{number}.done = icmp eq i64 %{number}.code, 0",
            f"  br i1 %{number}.done, label %{number}.on, label %{number}.off",
            f"{number}.off:",
            f"  ret i64 %{number}.code",
        ]
        self.block.begin(f"{number}.on")

    def text(self, attributes: str, internal: bool) -> str:
        """The whole function, which returns 0 where no guard failed."""
        linkage = "internal " if internal else ""
        lines = [f"define {linkage}i64 @{self.name}({self._parameters}) {attributes} {{", "entry:"]
        for buffer, name in self._addresses.items():
            lines += [
                f"  {name}.at = getelementptr ptr, ptr %table, i64 {buffer}",
                f"  {name} = load ptr, ptr {name}.at, align 8",
            ]
        lines += ["  br label %begin", "begin:", *self.block.lines, "  ret i64 0"]
        for code in sorted(self._failures):
            lines += [f"fail{code}:", f"  ret i64 {code}"]
        return "\n".join([*lines, "}"])
