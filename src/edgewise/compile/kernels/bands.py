"""Bands: sections that go through the same rows take turns, block of rows by block of rows.

A row is what belongs to one place along an axis that several sections share: a sample of a batch, an observation. Where
each of them needs of what the others make only the row at hand, nothing has to wait for the last row. So the sections
run on a block of rows that fits the nearest memory, then on the next: what comes from far away is fetched once for all
of them, and what only they need has room for one block and never leaves. What is folded along the rows is added up from
block to block, and known at the end.

Sections may begin and end at other rows than others do, as those of a difference ``x[1:] - x[:-1]`` and what is put
together from it: where one of them begins or ends, the rows are cut, and each stretch has loops of its own.

The order of sections changes only as far as their needs allow: what a band needs goes before it, what needs the band
after it. Among sections that look or call, the order stays.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.sections import Band, Division, Nest, Section
from edgewise.compile.kernels.views import Index, identity
from edgewise.compile.kernels.views import whole as spread
from edgewise.core.program import Var, vars_of

__all__ = ["banded"]

WINDOW = 64  # sections that a band is looked for in
NEAR = 24 << 10  # bytes of a block of rows, if that makes FEW rows at least: the nearest cache
FAR = 512 << 10  # and if not: half of the next one
FEW = 32
LANES = 8  # rows of a block are a multiple of it
WORTH = 32 << 10  # bytes that must be spared
NEIGHBOURS = 64  # rows that one section may begin or end before another one
CUTS = 8  # of rows: between two of them there are loops for all sections


class _Way(NamedTuple):
    """How something goes through the rows of a band: along which of its axes, and at which row that begins."""

    axis: int
    first: int


class _Seen(NamedTuple):
    """A variable in memory that a section reads.

    Attributes:
        var: the variable.
        own: how it goes through the rows if the section begins at the first; None where a row needs others.
        flat: whether it is read as another shape with the same rows.
    """

    var: Var
    own: _Way | None
    flat: bool

    def way(self, first: int) -> _Way | None:
        """How it goes through the rows, if the section begins at one."""
        return None if self.own is None else _Way(self.own.axis, self.own.first + first)


class _Grown(NamedTuple):
    """A band that was found: its members, and what goes before and after it."""

    band: Band
    members: list[int]
    before: list[int]
    after: list[int]


Ways = dict[int, _Way]
Reads = dict[Var, list[_Way | None]]


def banded(division: Division) -> None:
    """Find the bands of a division, and bring their sections together."""
    if sum(_bytes(section) >= WORTH // 2 for section in division.sections) > 1:
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
        self.known: dict[tuple[int, int], list[_Seen] | None] = {}

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
        ways: Ways = {window[0]: _Way(axis, 0)}
        reads: Reads = {}  # how each variable goes through the rows, once for each section
        _note(reads, seen, 0)
        before: list[int] = []
        after: list[int] = []
        waiting = False  # what looks or calls, for another one that does
        for at in window[1:]:
            plain = isinstance(self.sections[at], Nest | Pack)
            needed = {self.division.where[var] for var in self.needs[at]}
            if not needed.isdisjoint(after) or (waiting and not plain):
                after.append(at)
            elif plain and self._join(at, ways, reads, length):
                continue
            elif needed.isdisjoint(ways):
                before.append(at)
            else:
                after.append(at)
            waiting = waiting or (not plain and at in after[-1:])
        return self._judged(ways, reads, before, after)

    def _join(self, at: int, ways: Ways, reads: Reads, length: int) -> bool:
        """Take a section into a band, if it shares something with it and needs of it only the row at hand."""
        section = self.sections[at]
        shape = section.space if isinstance(section, Nest) else section.var.shape if isinstance(section, Pack) else ()
        for axis, n in enumerate(shape):
            seen = self._seen(at, axis) if abs(n - length) <= NEIGHBOURS and n >= 2 * LANES else None
            if seen is None:
                continue
            for first in self._firsts(seen, ways, reads):
                if self._fits(seen, first, ways):
                    ways[at] = _Way(axis, first)
                    _note(reads, seen, first)
                    return True
        return False

    def _firsts(self, seen: list[_Seen], ways: Ways, reads: Reads) -> list[int]:
        """The rows at which a section may begin, to go through what it shares with a band as that does; best first."""
        found: Counter[int] = Counter()
        for one in seen:
            own, made = one.own, self.division.where[one.var]
            others = [self._way(one.var, made, ways[made])] if made in ways else reads.get(one.var, [])
            found.update({w.first - own.first for w in others if own is not None and w is not None and w[0] == own[0]})
        return sorted((n for n in found if abs(n) <= NEIGHBOURS), key=lambda n: (-found[n], abs(n)))

    def _fits(self, seen: list[_Seen], first: int, ways: Ways) -> bool:
        """Whether a section needs of what a band makes only the row at hand."""
        for one in seen:
            made = self.division.where[one.var]
            if made in ways and (one.way(first) is None or one.way(first) != self._way(one.var, made, ways[made])):
                return False
        return True

    def _judged(self, ways: Ways, reads: Reads, before: list[int], after: list[int]) -> _Grown | None:
        """A band, if it is worth it."""
        if len(ways) < 2:
            return None
        cuts = sorted({cut for at, way in ways.items() for cut in self._cuts(at, way)})
        length = max(stop - start for start, stop in itertools.pairwise(cuts))
        local: dict[Var, int] = {}
        spared = row = 0
        for at, way in ways.items():
            for var in self.made[at]:
                mine = self._way(var, at, way)
                used = self.uses.get(var, [])
                if mine is None or not (used or var in self.outputs):
                    continue
                row += _size(var) // length
                if var not in self.outputs and var not in self.division.inline and ways.keys() >= {*used}:
                    local[var] = mine.axis
                    spared += _size(var)
        for var, found in reads.items():
            made = self.division.where[var] in ways
            count = sum(way is not None for way in found)
            spared += _size(var) * (count if made else max(count - 1, 0))
            row += _size(var) // length if count and not made else 0
        block = _block(length, row)
        if spared < WORTH or block >= length or len(cuts) > CUTS:
            return None
        shared: dict[Var, tuple[int, int]] = {}
        for var, found in reads.items():
            (one, *others) = set(found)
            if one is not None and not others and self.division.where[var] not in ways:
                shared[var] = one.axis, one.first - cuts[0]
        firsts = tuple(way.first - cuts[0] for way in ways.values())
        axes = tuple(way.axis for way in ways.values())
        band = Band(0, 0, tuple(cut - cuts[0] for cut in cuts), block, axes, firsts, local, shared, spared)
        return _Grown(band, list(ways), before, after)

    def _cuts(self, at: int, way: _Way) -> Iterator[int]:
        """The rows where a section, or a part of it, begins or ends."""
        section = self.sections[at]
        if isinstance(section, Nest):
            yield from (way.first, way.first + section.space[way.axis])
            return
        assert isinstance(section, Pack)
        for part in section.parts:
            start, stop = part.along(way.axis)
            yield from (way.first + start, way.first + stop)

    def _way(self, var: Var, at: int, way: _Way) -> _Way | None:
        """How what a section makes goes through the rows; None for what is folded along them."""
        section = self.sections[at]
        if isinstance(section, Nest):
            one = next(entry for entry in section.entries if entry.var is var)
            if one.fold is not None:
                kept = one.fold.kept
                return way._replace(axis=kept.index(way.axis)) if way.axis in kept else None
        return way

    def _seen(self, at: int, axis: int) -> list[_Seen] | None:
        """What a section reads of others, if it can go through rows along an axis."""
        if (at, axis) not in self.known:
            seen = self._looked(at, axis)
            self.known[at, axis] = None if seen is None else list(dict.fromkeys(seen))
        return self.known[at, axis]

    def _looked(self, at: int, axis: int) -> list[_Seen] | None:
        section = self.sections[at]
        if isinstance(section, Nest):
            index = identity(len(section.space))
            return [
                seen
                for entry in section.entries
                for x, view in entry.reads
                for seen in self._leaves(x, view.through(index, len(index)), at, _Loops(len(index), axis, 0))
            ]
        assert isinstance(section, Pack)
        found: list[_Seen] = []
        for part in section.parts:
            place, rank = part.place.axes[axis], len(part.shape)
            if place.axis < 0 or place.step != 1 or any(pick.axis == axis for pick in part.picks):
                return None
            index = identity(rank)
            shape = part.source.shape if type(part.source) is Var else ()
            reads = [(part.source, spread(shape, part.shape)), *((pick.array, pick.view) for pick in part.picks)]
            for x, view in reads:
                loops = _Loops(rank, place.axis, place.start)
                found += self._leaves(x, view.through(index, rank), at, loops)
        return found

    def _leaves(self, x: Any, index: Index, at: int, loops: _Loops) -> Iterator[_Seen]:
        """What is read in memory for an operand."""
        division = self.division
        waiting = [(x, index)]
        met: set[tuple[Var, Index]] = set()
        while waiting:
            var, index = waiting.pop()
            if type(var) is not Var or (var, index) in met:
                continue
            met.add((var, index))
            made = division.where.get(var, at)
            if made < at:
                yield _Seen(var, _way(index, loops, flat=False), False)
            elif made == at and var not in division.inline and var not in division.views:
                continue  # of the section itself
            elif var in division.views:
                source, view = division.views[var]
                if not view.flat:
                    waiting.append((source, view.through(index, loops.rank)))
                    continue
                length = var.shape[:1]
                while source in division.views:
                    source = division.views[source][0]
                own = _way(index, loops, flat=True) if source.shape[:1] == length else None
                yield _Seen(source, own, True)
            else:
                entry = division.inline[var]
                waiting += [(y, view.through(index, loops.rank)) for y, view in entry.reads]


class _Loops(NamedTuple):
    """The loops of a section: how many there are, which goes through rows, and the row that it begins at."""

    rank: int
    rows: int
    start: int


def _way(place: Index, loops: _Loops, flat: bool) -> _Way | None:
    """How a variable goes through the rows whose entries belong to the loops' points by this function of them."""
    moving = [k for k, one in enumerate(place) if one.steps[loops.rows]]
    if len(moving) != 1 or (flat and moving != [0]):
        return None
    here = place[moving[0]]
    alone = here.steps[loops.rows] == 1 and not any(here.steps[: loops.rows]) and not any(here.steps[loops.rows + 1 :])
    return _Way(moving[0], loops.start - here.start) if alone else None


def _note(reads: Reads, seen: list[_Seen], first: int) -> None:
    for var, way in {(one.var, one.way(first)) for one in seen}:
        reads.setdefault(var, []).append(way)
    for one in seen:
        if one.flat:  # as another shape, of which there are no rows at hand
            reads[one.var].append(None)


def _block(length: int, row: int) -> int:
    """How many rows are taken at a time, if a row has so many bytes.

    >>> _block(1000, 500), _block(10_000, 3000), _block(997, 200)
    (40, 32, 120)
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


def _bytes(section: Section) -> int:
    """What a section goes through, roughly."""
    if isinstance(section, Nest):
        return 8 * math.prod(section.space)
    return _size(section.var) if isinstance(section, Pack) else 0
