"""Which loops are done in pieces: parts that do not need each other, for several threads, or for one after the other.

What the pieces of a loop are depends on the program alone and not on how many threads there are. What is folded along
the loop has a place for each piece, and what stands there is put together in the order of the pieces. So the result is
the same on any number of threads, to the last bit.

A loop can be cut where no two of its turns write to one place, and none reads what another writes. Places that are
known only when the program runs, as those of a store at an array of indices, are not cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from edgewise.compile.kernels.costs import cycles
from edgewise.compile.kernels.nests import Fetched, FoldInto, Reach, Read, Term
from edgewise.compile.kernels.order import Layout

__all__ = ["LOCAL", "Cut", "cut", "cut_band", "entries", "opened"]

LOCAL = -1  # the buffer of what only the block of rows at hand needs: each thread has its own

WORTH = 60_000.0  # cycles of a loop, some 20 µs, from which on threads may gain more than they cost
SHARE = 15_000.0  # cycles of a piece
PIECES = 64  # at most
LOSS = 1.05  # times as much work as the whole loop, at most: on one thread pieces are not to cost anything
GRAIN = 256  # points of a piece, if it is of the innermost loop
EVEN = 64, 32, 16, 8, 1  # what the length of such a piece is best a multiple of: lanes, and lines of the cache
TOGETHER = 6.0  # cycles for each number that a piece has folded: to clear it, and to put it together with the others
CACHE = 64 << 10  # such numbers from which on they come from farther away,
FAR = 16.0  # which takes so many cycles


class Cut(NamedTuple):
    """Which loop is done in how many pieces of which length.

    Of a loop over blocks, the last piece may have fewer. Of another loop, some turns may be left over.
    """

    level: int
    length: int
    pieces: int


def cut(layout: Layout, width: int) -> Cut | None:
    """How a nest is done in pieces; None where it is not.

    Args:
        layout: the nest.
        width: how many float64 a vector register holds.
    """
    work = cycles(layout, width)
    if work < WORTH or not _apart(layout):
        return None
    best: Cut | None = None
    for level, length in enumerate(layout.lengths):
        inner = level == len(layout.lengths) - 1
        count = min(_count([layout], level, work), length // (GRAIN if inner else 2))
        while count > (best.pieces if best is not None else 1) and _divides([layout], level):
            each = _even(length, count, inner)
            if cycles(opened(layout, level, 0, length // each, each), width) <= LOSS * work:
                best = Cut(level, each, length // each)
                break
            count //= 2
    return best


def opened(layout: Layout, level: int, start: int, blocks: int, length: int) -> Layout:
    """A nest as the inside of a loop over blocks of one of its axes.

    Args:
        layout: the nest.
        level: of the axis.
        start: where the first block begins.
        blocks: how many there are.
        length: of a block.
    """

    def moved(at: Reach) -> Reach:
        step = at.steps[level]
        return Reach(at.buffer, at.offset + start * step, (length * step, *at.steps))

    folds = [
        fold._replace(
            at=moved(fold.at), axes=frozenset({k + 1 for k in fold.axes} | ({0} if level in fold.axes else set()))
        )
        for fold in layout.folds
    ]
    nodes = [node._replace(at=moved(node.at)) if isinstance(node, Read | Fetched) else node for node in layout.nodes]
    stores = [one._replace(at=moved(one.at)) for one in layout.stores]
    lengths = (blocks, *layout.lengths[:level], length, *layout.lengths[level + 1 :])
    return Layout(lengths, nodes, stores, folds, 1)


def cut_band(layouts: Sequence[Layout], width: int) -> Cut | None:
    """How the blocks of a band, the outermost loop of all these nests, are done in pieces; None where they are not."""
    work = sum(cycles(layout, width) for layout in layouts)
    if work < WORTH or not _divides(layouts, 0) or not _in_step(layouts):
        return None
    blocks = layouts[0].lengths[0]
    each = -(-blocks // max(_count(layouts, 0, work), 1))
    return Cut(0, each, -(-blocks // each)) if each < blocks else None


def entries(layout: Layout, fold: FoldInto) -> int:
    """How many numbers a fold results in."""
    return math.prod(n for k, n in enumerate(layout.lengths) if k not in fold.axes)


def _count(layouts: Sequence[Layout], level: int, work: float) -> int:
    """How many pieces there are to be, at most."""
    results = sum(entries(layout, fold) for layout, fold in _folds(layouts) if level in fold.axes)
    spare = (LOSS - 1) * work / max(results, 1)
    return min(PIECES, int(work / SHARE), int(max(min(spare / TOGETHER, CACHE / max(results, 1)), spare / FAR)))


def _even(length: int, count: int, inner: bool) -> int:
    """The length of a piece of a loop: one that leaves no turns over, if there is such a one.

    >>> _even(1_000_000, 64, True), _even(1000, 7, False), _even(999_983, 64, True)
    (20000, 200, 15680)
    """
    for unit in EVEN if inner else (8, 1):
        for pieces in range(count, max(count // (2 if unit > 1 else 4), 1), -1):
            if length % pieces == 0 and length // pieces % unit == 0:
                return length // pieces
    unit = EVEN[0] if inner else 1
    return min(-(-length // count // unit) * unit, length // 2)


def _folds(layouts: Sequence[Layout]) -> Iterator[tuple[Layout, FoldInto]]:
    for layout in layouts:
        for fold in layout.folds:
            yield layout, fold


def _divides(layouts: Sequence[Layout], level: int) -> bool:
    """Whether turns of a loop write to different places, or to one that each piece can have for itself."""
    for layout in layouts:
        for store in layout.stores:
            if store.terms or not (store.at.steps[level] or store.at.buffer == LOCAL):
                return False
    return all(_whole(layout, fold) for layout, fold in _folds(layouts) if level in fold.axes)


def _whole(layout: Layout, fold: FoldInto) -> bool:
    """Whether the result of a fold is in one piece of memory."""
    size = fold.kind.size
    kept = [
        (step, n) for k, (step, n) in enumerate(zip(fold.at.steps, layout.lengths, strict=True)) if k not in fold.axes
    ]
    for step, length in sorted(one for one in kept if one[1] > 1):
        if step != size:
            return False
        size *= length
    return True


class _Touched(NamedTuple):
    """Memory that a nest looks at.

    Attributes:
        at: where.
        free: whether that depends on indices.
        first, last: the bytes between which all is that may be looked at.
    """

    at: Reach
    free: bool
    first: int
    last: int

    def meets(self, other: _Touched) -> bool:
        return self.at.buffer == other.at.buffer and self.first < other.last and other.first < self.last


def _touched(layout: Layout, at: Reach, size: int, terms: tuple[Term, ...] = ()) -> _Touched:
    ways = [step * (length - 1) for step, length in zip(at.steps, layout.lengths, strict=True)]
    ways += [term.stride * (term.length - 1) for term in terms]
    first, last = at.offset + sum(min(way, 0) for way in ways), at.offset + sum(max(way, 0) for way in ways)
    return _Touched(at, bool(terms), first, last + size)


def _written(layout: Layout) -> list[_Touched]:
    found = [_touched(layout, store.at, store.kind.size, store.terms) for store in layout.stores]
    return found + [_touched(layout, fold.at, fold.kind.size) for fold in layout.folds]


def _read(layout: Layout) -> list[_Touched]:
    found = [_touched(layout, node.at, node.kind.size) for node in layout.nodes if isinstance(node, Read)]
    return found + [
        _touched(layout, node.at, node.kind.size, node.terms) for node in layout.nodes if isinstance(node, Fetched)
    ]


def _apart(layout: Layout) -> bool:
    """Whether no point reads or writes what another one writes."""
    written = _written(layout)
    return not any(
        one.meets(other) and (one.at != other.at or one.free or other.free)
        for one in written
        for other in (*written, *_read(layout))
    )


def _in_step(layouts: Sequence[Layout]) -> bool:
    """Whether what one nest of a band writes and another one reads are rows of the same block."""
    written = [one for layout in layouts for one in _written(layout) if one.at.buffer != LOCAL]
    others = [*written, *(one for layout in layouts for one in _read(layout))]
    return not any(
        one.meets(other) and (other.free or not one.at.steps[0] or one.at.steps[0] != other.at.steps[0])
        for one in written
        for other in others
        if other is not one
    )
