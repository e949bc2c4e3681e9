"""Bands: sections that go through the same rows take turns, block of rows by block of rows.

A row is what belongs to one place along an axis that several sections share: a sample of a batch, an observation. Where
each of them needs of what the others make only the row at hand, nothing has to wait for the last row. So the sections
run on a block of rows that fits the nearest memory, then on the next: what comes from far away is fetched once for all
of them, and what only they need has room for one block and never leaves. What is folded along the rows is added up from
block to block, and known at the end.

The order of sections changes only as far as their needs allow: what a band needs goes before it, what needs the band
after it. Among sections that look or call, the order stays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.sections import Band, Division, Nest
from edgewise.compile.kernels.views import Affine, Index, identity
from edgewise.compile.kernels.views import whole as spread
from edgewise.core.program import Var, vars_of

__all__ = ["banded"]

WINDOW = 64  # sections that a band is looked for in
NEAR = 24 << 10  # bytes of a block of rows, if that makes FEW rows at least: the nearest cache
FAR = 192 << 10  # and if not: the next one
FEW = 16
LANES = 8  # rows of a block are a multiple of it
WORTH = 32 << 10  # bytes that must be spared


class _Seen(NamedTuple):
    """A variable in memory that a section reads, and which of its entries belong to a point of the loops.

    Attributes:
        var: the variable.
        place: as a function of the loops' counters; of another shape of it with the same rows where ``flat``.
        flat: whether the entries are only known row by row.
        rows: the axis of rows among the loops.
    """

    var: Var
    place: Index
    flat: bool
    rows: int

    def axis(self) -> int | None:
        """The axis of the variable that is the rows; None where a row of it is not what a row needs."""
        moving = [k for k, one in enumerate(self.place) if one.steps[self.rows]]
        if len(moving) != 1 or (self.flat and moving != [0]):
            return None
        steps = tuple(int(k == self.rows) for k in range(len(self.place[moving[0]].steps)))
        return moving[0] if self.place[moving[0]] == Affine(0, steps) else None


class _Grown(NamedTuple):
    """A band that was found: its members with their axes of rows, and what goes before and after it."""

    band: Band
    members: list[int]
    before: list[int]
    after: list[int]


def banded(division: Division) -> None:
    """Find the bands of a division, and bring their sections together."""
    if sum(isinstance(section, Nest) and _bytes(section) >= WORTH // 2 for section in division.sections) > 1:
        _Search(division).run()


class _Search:
    def __init__(self, division: Division) -> None:
        self.division = division
        self.sections = division.sections
        self.needs = [division.needs(at) for at in range(len(self.sections))]
        self.made: dict[int, list[Var]] = {}
        for var, at in division.where.items():
            self.made.setdefault(at, []).append(var)
        self.uses: dict[Var, list[int]] = {}
        for at, needed in enumerate(self.needs):
            for var in needed:
                self.uses.setdefault(var, []).append(at)
        self.outputs = set(vars_of(division.outputs))

    def run(self) -> None:
        pending: list[int | _Grown] = list(range(len(self.sections)))
        order: list[int] = []
        found = self.division.bands
        at = 0
        while at < len(pending):
            one = pending[at]
            if isinstance(one, _Grown):
                found.append(one.band._replace(first=len(order), stop=len(order) + len(one.members)))
                order += one.members
                at += 1
                continue
            window: list[int] = []
            for other in pending[at : at + WINDOW]:
                if isinstance(other, _Grown):
                    break
                window.append(other)
            grown = self._best(window)
            if grown is None:
                order.append(one)
                at += 1
            else:
                pending[at : at + len(window)] = [*grown.before, grown, *grown.after]
        now = {at: i for i, at in enumerate(order)} | {-1: -1}
        self.sections[:] = [self.sections[at] for at in order]
        self.division.where = {var: now[at] for var, at in self.division.where.items()}

    def _best(self, window: list[int]) -> _Grown | None:
        """The band among these sections that spares most."""
        best: _Grown | None = None
        for i, at in enumerate(window):
            first = self.sections[at]
            for axis in range(len(first.space) if isinstance(first, Nest) else 0):
                grown = self._grown(window[i:], axis)
                if grown is not None and (best is None or grown.band.spared > best.band.spared):
                    best = grown._replace(before=[*window[:i], *grown.before])
        return best

    def _grown(self, window: list[int], axis: int) -> _Grown | None:
        """The band that begins with the first of these sections, along an axis of it."""
        first = self.sections[window[0]]
        assert isinstance(first, Nest)
        length = first.space[axis]
        seen = self._seen(window[0], axis)
        if length < 2 * LANES or seen is None:
            return None
        axes = {window[0]: axis}
        reads: dict[Var, list[int | None]] = {}  # of each variable, the axis of rows, once for each section
        _note(reads, seen)
        before: list[int] = []
        after: list[int] = []
        waiting = False  # what looks or calls, for another one that does
        for at in window[1:]:
            plain = isinstance(self.sections[at], Nest | Pack)
            needed = {self.division.where[var] for var in self.needs[at]}
            if not needed.isdisjoint(after) or (waiting and not plain):
                after.append(at)
            elif plain and self._join(at, axes, reads, length):
                continue
            elif needed.isdisjoint(axes):
                before.append(at)
            else:
                after.append(at)
            waiting = waiting or (not plain and at in after[-1:])
        return self._judged(axes, reads, length, before, after)

    def _join(self, at: int, axes: dict[int, int], reads: dict[Var, list[int | None]], length: int) -> bool:
        """Take a section into a band, if it shares something with it and needs of it only the row at hand."""
        section = self.sections[at]
        shape = section.space if isinstance(section, Nest) else section.var.shape if isinstance(section, Pack) else ()
        for axis, n in enumerate(shape):
            seen = self._seen(at, axis) if n == length else None
            if seen is None:
                continue
            shared = False
            for one in seen:
                made = self.division.where[one.var]
                if made in axes:
                    shared = True
                    if one.axis() is None or one.axis() != self._rows(one.var, made, axes[made]):
                        break
                else:
                    shared = shared or (one.axis() is not None and one.axis() in reads.get(one.var, ()))
            else:
                if shared:
                    axes[at] = axis
                    _note(reads, seen)
                    return True
        return False

    def _judged(
        self, axes: dict[int, int], reads: dict[Var, list[int | None]], length: int, before: list[int], after: list[int]
    ) -> _Grown | None:
        """A band, if it is worth it."""
        if len(axes) < 2:
            return None
        local: dict[Var, int] = {}
        spared = row = 0
        for at, axis in axes.items():
            for var in self.made[at]:
                mine = self._rows(var, at, axis)
                used = self.uses.get(var, [])
                if mine is None or not (used or var in self.outputs):
                    continue
                row += _size(var) // length
                if var not in self.outputs and var not in self.division.inline and axes.keys() >= {*used}:
                    local[var] = mine
                    spared += _size(var)
        for var, found in reads.items():
            mine = self.division.where[var] in axes
            count = sum(axis is not None for axis in found)
            spared += _size(var) * (count if mine else max(count - 1, 0))
            row += _size(var) // length if count and not mine else 0
        block = _block(length, row)
        if spared < WORTH or block >= length:
            return None
        band = Band(0, 0, length, block, tuple(axes.values()), local, spared)
        return _Grown(band, list(axes), before, after)

    def _rows(self, var: Var, at: int, axis: int) -> int | None:
        """The axis of rows of what a section makes; None for what is folded along them."""
        section = self.sections[at]
        if isinstance(section, Nest):
            one = next(entry for entry in section.entries if entry.var is var)
            if one.fold is not None:
                return one.fold.kept.index(axis) if axis in one.fold.kept else None
        return axis

    def _seen(self, at: int, axis: int) -> list[_Seen] | None:
        """What a section reads of others, if it can go through rows along an axis."""
        section = self.sections[at]
        if isinstance(section, Nest):
            index = identity(len(section.space))
            return [
                seen
                for entry in section.entries
                for x, view in entry.reads
                for seen in self._leaves(x, view.through(index, len(index)), at, axis)
            ]
        assert isinstance(section, Pack)
        found: list[_Seen] = []
        for part in section.parts:
            place = part.place.axes[axis]
            whole = (place.start, place.step) == (0, 1) and place.axis >= 0
            if (
                not whole
                or part.shape[place.axis] != section.var.shape[axis]
                or any(p.axis == axis for p in part.picks)
            ):
                return None
            index = identity(len(part.shape))
            shape = part.source.shape if type(part.source) is Var else ()
            reads = [(part.source, spread(shape, part.shape)), *((pick.array, pick.view) for pick in part.picks)]
            for x, view in reads:
                found += self._leaves(x, view.through(index, len(index)), at, place.axis)
        return found

    def _leaves(self, x: Any, index: Index, at: int, rows: int) -> Iterator[_Seen]:
        """What is read in memory for an operand."""
        division, rank = self.division, len(index[0].steps) if index else 0
        waiting = [(x, index)]
        met: set[tuple[Var, Index]] = set()
        while waiting:
            var, index = waiting.pop()
            if type(var) is not Var or (var, index) in met:
                continue
            met.add((var, index))
            made = division.where.get(var, at)
            if made < at:
                yield _Seen(var, index, False, rows)
            elif made == at and var not in division.inline and var not in division.views:
                continue  # of the section itself
            elif var in division.views:
                source, view = division.views[var]
                if not view.flat:
                    waiting.append((source, view.through(index, rank)))
                    continue
                length = var.shape[0]
                while source in division.views:
                    source = division.views[source][0]
                yield _Seen(source, index if source.shape[:1] == (length,) else (), True, rows)
            else:
                entry = division.inline[var]
                waiting += [(y, view.through(index, rank)) for y, view in entry.reads]


def _note(reads: dict[Var, list[int | None]], seen: list[_Seen]) -> None:
    for var, axis in {(one.var, one.axis()) for one in seen}:
        reads.setdefault(var, []).append(axis)


def _block(length: int, row: int) -> int:
    """How many rows are taken at a time, if a row has so many bytes.

    >>> _block(1000, 250), _block(10_000, 900), _block(997, 100)
    (40, 16, 240)
    """
    most = NEAR // max(row, 1)
    if most < FEW:
        most = min(FEW, FAR // row)
    if most < LANES:
        return max(most, 1)
    even = [n for n in range(most - most % LANES, most // 2, -LANES) if length % n == 0]
    return even[0] if even else most - most % LANES


def _size(var: Var) -> int:
    return var.dtype.itemsize * math.prod(var.shape)


def _bytes(nest: Nest) -> int:
    return 8 * math.prod(nest.space)
