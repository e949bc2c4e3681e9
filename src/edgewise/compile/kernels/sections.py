"""A program in sections: stretches of machine code, and calls of NumPy between them.

``Straight`` is operations on few numbers, written out; ``Nest`` operations on every point of one space, which share its
loops; ``Pack`` an array that is put together from parts; ``Rolled`` a loop over steps; ``Call`` an operation that has
no form in machine code, or a look at a value that has none. A ``Band`` is sections that take turns.

Movements are in no section: they are ways to look at their source (``views``). Nor are operations of few instructions:
whoever needs them computes them again, which costs less than memory does. ``division`` makes the sections of a program.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from edgewise.compile.kernels.entries import Entry
from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.rolled import Rolled
from edgewise.compile.kernels.table import contiguous
from edgewise.compile.kernels.unrolled import Unrolled
from edgewise.compile.kernels.views import View, whole
from edgewise.core.program import Guard, Op, Program, Var, vars_of

__all__ = ["Band", "Call", "Division", "Look", "Nest", "Section", "Straight", "looked_at", "same"]


class Look(NamedTuple):
    """A guard and its number in the program, counted from 1."""

    guard: Guard
    code: int


class Straight:
    """Operations written out one after the other, and guards between them; and what they read that others make."""

    __slots__ = ("cost", "reads", "steps")

    def __init__(self) -> None:
        self.steps: list[tuple[Op, Unrolled] | Look] = []
        self.reads: dict[Var, None] = {}
        self.cost = 0


class Nest:
    """Operations on every point of one space.

    Attributes:
        space: its lengths.
        entries: the operations.
        cost: instructions at a point, roughly.
        straight, turned: arrays of that shape that are read point by point, and otherwise, as a transposed one is. No
            array is both: loops that suit one way do not suit the other.
    """

    __slots__ = ("cost", "entries", "space", "straight", "turned")

    def __init__(self, space: tuple[int, ...]) -> None:
        self.space = space
        self.entries: list[Entry] = []
        self.cost = 0
        self.straight: set[Var] = set()
        self.turned: set[Var] = set()


class Call(NamedTuple):
    """One step that Python does."""

    step: Op | Look


class Band(NamedTuple):
    """Sections that take turns.

    Attributes:
        first, stop: which.
        cuts: the rows where one of them, or a part of one, begins or ends, from 0 on.
        block: how many rows are in a block; the last one before a cut may have fewer.
        axes: of each section, the axis of rows; of an array that is put together, the axis of the result.
        firsts: of each section, the row that it begins at.
        local: what only they need, so that there is only a block of it in memory: the axis of rows, by variable.
        shared: what lies elsewhere and is needed row by row: the axis of rows and the row that it begins at.
        spared: bytes that are not moved to and from far away.
        lanes: whether the rows of what is local lie side by side.
    """

    first: int
    stop: int
    cuts: tuple[int, ...]
    block: int
    axes: tuple[int, ...]
    firsts: tuple[int, ...]
    local: dict[Var, int]
    shared: dict[Var, tuple[int, int]]
    spared: int
    lanes: bool = False

    @property
    def length(self) -> int:
        """How many rows there are."""
        return self.cuts[-1]

    def strides(self, var: Var, rows: int) -> tuple[int, ...]:
        """How the rows at hand of an array lie in memory, in bytes: one after the other, or side by side."""
        size = var.dtype.itemsize
        before, after = var.shape[:rows], var.shape[rows + 1 :]
        if not self.lanes:
            return contiguous((*before, self.block, *after), size)
        *others, own = contiguous((*before, *after, self.block), size)
        return (*others[:rows], own, *others[rows:])

    def turns(self) -> list[tuple[int, int, int]]:
        """The loops over blocks: the first row of each, how many blocks it has, and how many rows they have."""
        found = []
        for start, stop in itertools.pairwise(self.cuts):
            blocks, rest = divmod(stop - start, self.block)
            found += [(start, blocks, self.block)] * (blocks > 0) + [(stop - rest, 1, rest)] * (rest > 0)
        return found


Section: TypeAlias = Straight | Nest | Pack | Rolled | Call


class Division:
    """The sections of a program, and where each of its values comes from.

    Attributes:
        sections: in order.
        outputs: of the program; one that would share memory with something else is a copy.
        where: the section that makes a variable; -1 for inputs and captured arrays.
        views: movements: their source, and how.
        bands: sections that take turns, by ``bands.banded``.
        inline: operations that are done again wherever they are needed. What is in ``where`` as well is stored, for
            sections after that one.
    """

    def __init__(self, program: Program) -> None:
        self.sections: list[Section] = []
        self.outputs = list(program.outputs)
        self.where: dict[Var, int] = dict.fromkeys([*program.inputs, *program.arrays], -1)
        self.views: dict[Var, tuple[Var, View]] = {}
        self.bands: list[Band] = []
        self.inline: dict[Var, Entry] = {}
        self.contiguous = {*program.inputs, *(v for v, a in program.arrays.items() if a.flags.c_contiguous)}

    def leaves(self, var: Var, at: int, pointwise: bool = True) -> Iterator[tuple[Var, bool]]:
        """The variables in memory that a section needs for one, and whether it needs them point by point."""
        found = [(var, pointwise)]
        while found:
            var, pointwise = found.pop()
            made = self.where.get(var, at + 1)
            if made < at or (made == at and var not in self.inline):
                yield var, pointwise
            elif var in self.views:
                source, how = self.views[var]
                found.append((source, pointwise and how == whole(source.shape, source.shape)))
            else:
                one = self.inline[var]
                found += [(x, pointwise and how == same(one.space)) for x, how in one.reads if type(x) is Var]

    def needs(self, at: int) -> set[Var]:
        """The variables that a section needs in memory."""
        section = self.sections[at]
        found: set[Var] = set()
        for var in looked_at(section):
            if self.where.get(var) != at:
                found.update(leaf for leaf, _ in self.leaves(var, at))
        return {v for v in found if self.where[v] < at}


def same(space: tuple[int, ...]) -> View:
    """An array of the shape of a space, point by point."""
    return whole(space, space)


def looked_at(section: Section) -> Iterator[Var]:
    """The operands of a section's operations; some may be made in it."""
    if isinstance(section, Nest):
        for one in section.entries:
            yield from vars_of(x for x, _ in one.reads)
    elif isinstance(section, Pack):
        yield from section.sources
    elif isinstance(section, Rolled):
        yield from vars_of(section.op.operands)
    elif isinstance(section, Straight):
        yield from section.reads
    elif isinstance(section.step, Look):
        yield section.step.guard.var
    else:
        yield from vars_of(section.step.operands)
