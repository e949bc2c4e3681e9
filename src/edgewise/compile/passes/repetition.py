"""What a loop of a program consists of, before it is written: what each operand is, from one repetition to the next."""

from __future__ import annotations

from typing import Any, NamedTuple

from edgewise.compile.passes.periods import Stretch
from edgewise.core.program import Var

__all__ = ["Entries", "Loop", "Operand", "Read", "Rows", "Sum", "Written"]


class Operand(NamedTuple):
    """An operand, or an operation that reads an entry.

    Attributes:
        what: "number", "fixed", "inside", "carry", "entries", "rows" or "read".
        how: the number; the variable; the position; the position; ``Entries``; ``Rows``; ``Read``.
    """

    what: str
    how: Any


class Entries(NamedTuple):
    """What another loop makes at a position, from a repetition of it on, each time the next one or the one before."""

    loop: Loop
    position: int
    first: int
    step: int


class Rows(NamedTuple):
    """Numbers or arrays that the program knows, one for each repetition."""

    rows: tuple[Any, ...]


class Read(NamedTuple):
    """Entries of an array along its first axis, from one on, each time the next or the one before; and the rest."""

    source: Var
    first: int
    step: int
    rest: tuple[Any, ...]


class Written(NamedTuple):
    """Which entry along the first axis, from one on, the next or the one before each time; the rest of the index."""

    first: int
    step: int
    rest: tuple[Any, ...]


class Sum(NamedTuple):
    """An array that is carried, and the pairs of positions that write an entry and add it to the array, in order."""

    carried: int
    parts: tuple[tuple[int, int], ...]


class Loop:
    """A stretch that becomes a loop: repetition 0 stays as it is.

    Attributes:
        start, period, count: operations ``start + k * period + position``, for k below ``count``.
        operands: per position what the operands are.
        written: positions that make an array of zeros but for one entry, which is another one in each repetition.
        sums: arrays that such arrays are added to, one after the other.
        constant: positions whose result is the same in each repetition but, perhaps, the first.
    """

    def __init__(self, stretch: Stretch) -> None:
        self.start, self.period, self.count = stretch
        self.operands: list[list[Operand]] = []
        self.written: dict[int, Written] = {}
        self.sums: list[Sum] = []
        self.constant: set[int] = set()

    @property
    def begin(self) -> int:
        """The first operation that is in the loop: of repetition 1."""
        return self.start + self.period

    @property
    def end(self) -> int:
        """The operation after the last."""
        return self.start + self.period * self.count

    def at(self, index: int) -> tuple[int, int] | None:
        """The repetition and the position of an operation, where it is in the loop."""
        return divmod(index - self.start, self.period) if self.begin <= index < self.end else None
