"""Nests in pieces: parts of a loop that do not need each other, for several threads, or for one after the other.

A long nest becomes a function that does one piece of one of its loops, and a call that has all pieces done
(``compile.pool``). What the pieces are depends on the nest alone and not on how many threads there are. What is folded
along the loop has a place for each piece, and what stands there is put together in the order of the pieces. So the
result is the same on any number of threads, to the last bit.

A loop can be cut where no two of its turns write to one place, or one reads what another writes. Places that are known
only when the program runs, as those of a store at an array of indices, are not cut.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from edgewise.compile.ir import vector
from edgewise.compile.kernels.arena import Arena
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.looping import Piece
from edgewise.compile.kernels.nests import Fetched, FoldInto, Made, Reach, Read, Term
from edgewise.compile.kernels.offsets import beside
from edgewise.compile.kernels.order import Layout, levels
from edgewise.compile.kernels.tiling import tiling

__all__ = ["RUN", "Cut", "cut", "nanoseconds", "write_pieces"]

RUN = "edgewise_run"  # the pool's function
WORTH = 20_000.0  # nanoseconds of a nest from which on threads may gain more than they cost
SHARE = 5_000.0  # nanoseconds of a piece
MOST = 64  # pieces
GRAIN = 256  # points of the innermost loop: a multiple of what a turn does, and of a line of the cache
SPARSE = 16  # turns for each place of a fold that every piece has for itself: to put them together is work as well

CALCULATION = 0.25  # nanoseconds of an instruction
TRANSFER = 0.015  # nanoseconds of a byte
LOOKUP = 1.0  # nanoseconds of a number that is fetched alone
LINE = 64  # bytes of a line of the cache: no two pieces write into one

Scratch: TypeAlias = tuple[int, Arena]
Write: TypeAlias = Callable[..., None]  # (body, layout), and a piece of it


class Cut(NamedTuple):
    """Which loop is done in how many pieces of which length; the last one may have some points more, or fewer."""

    level: int
    length: int
    pieces: int


def nanoseconds(layout: Layout, width: int) -> float:
    """How long a nest takes on one thread, roughly: to tell long ones from short ones.

    Args:
        layout: the nest.
        width: how many float64 a vector register holds.
    """
    rank = len(layout.lengths)
    if not rank:
        return 0.0
    time = 0.0
    for node, level in zip(layout.nodes, levels(layout), strict=True):
        points = math.prod(layout.lengths[: level + 1])
        if isinstance(node, Made):
            time += points * node.how.cost * CALCULATION / (width if level == rank - 1 else 1)
        elif isinstance(node, Fetched):
            time += points * LOOKUP
        elif isinstance(node, Read):
            time += points * (TRANSFER * node.kind.size if abs(node.at.steps[-1]) <= node.kind.size else LOOKUP)
    for store in layout.stores:
        alone = store.terms or abs(store.at.steps[-1]) > store.kind.size
        time += math.prod(layout.lengths) * (LOOKUP if alone else TRANSFER * store.kind.size)
    return time + math.prod(layout.lengths) * len(layout.folds) * CALCULATION / width


def cut(layout: Layout, width: int) -> Cut | None:
    """How a nest is done in pieces; None where it is not. Arguments as of ``nanoseconds``."""
    lengths = layout.lengths
    time = nanoseconds(layout, width)
    if time < WORTH or layout.opened or not _apart(layout) or tiling(layout, width) is not None:
        return None
    best: Cut | None = None
    for level, length in enumerate(lengths):
        if not _divides(layout, level):
            continue
        count = min(MOST, int(time / SHARE))
        for fold in layout.folds:
            if level in fold.axes:
                count = min(count, math.prod(lengths[k] for k in fold.axes) // SPARSE)
        grain = GRAIN if level == len(lengths) - 1 else 1
        each = -(-length // max(count, 1) // grain) * grain
        count = (length - grain) // each + 1  # the last one has a whole grain at least
        if count > (best.pieces if best is not None else 1):
            best = Cut(level, each, count)
    return best


def write_pieces(body: Body, layout: Layout, how: Cut, scratch: Scratch, name: str, write: Write) -> Body:
    """Write a call that has the pieces of a nest done.

    Args:
        body: the function that the call is in.
        layout: the nest.
        how: its pieces.
        scratch: memory, and its buffer.
        name: of the function that does one piece.
        write: writes a nest, or a piece of one.

    Returns:
        The function that does one piece.
    """
    one = Body(body.block.module, name, pieces=True)
    buffer, arena = scratch
    size = 0
    folds: list[FoldInto] = []
    for fold in layout.folds:
        if how.level not in fold.axes:
            folds.append(fold)
            continue
        folds.append(fold._replace(at=Reach(_PRIVATE, size, fold.at.steps)))
        size += -(-fold.kind.size * _entries(layout, fold) // LINE) * LINE
    offset = arena.take(size * how.pieces) if size else 0
    number = one.block.name("%piece", vector("i64", 1))
    if size:
        private = beside(one.block, one.pointer(buffer, offset), number * size)
        one.bind(_PRIVATE, private)
    piece = Piece(how.level, number * how.length, how.length, number.equals(how.pieces - 1))
    write(one, layout._replace(folds=folds), piece)
    body.block.module.need(RUN, lambda: f"declare i64 @{RUN}(ptr, ptr, i64)")
    body.call(RUN, f"ptr @{name}, ptr %table, i64 {how.pieces}")
    for before, after in zip(layout.folds, folds, strict=True):
        if after.at.buffer == _PRIVATE:
            place = Reach(buffer, offset + after.at.offset, (size,))
            write(body, _together(layout, before, place, how.pieces))
    if size:
        arena.give(offset)
    return one


_PRIVATE = -1  # stands for what a piece has to itself


def _together(layout: Layout, fold: FoldInto, at: Reach, count: int) -> Layout:
    """The nest that folds what the pieces have found, in their order."""
    entries, size = _entries(layout, fold), fold.kind.size
    inner = entries > 1
    read = Read(at._replace(steps=(*at.steps, size) if inner else at.steps), fold.kind)
    into = FoldInto(0, fold.name, frozenset({0}), fold.at._replace(steps=(0, size) if inner else (0,)), fold.kind)
    return Layout((count, entries) if inner else (count,), [read], [], [into])


def _entries(layout: Layout, fold: FoldInto) -> int:
    return math.prod(n for k, n in enumerate(layout.lengths) if k not in fold.axes)


def _divides(layout: Layout, level: int) -> bool:
    """Whether turns of a loop write to different places, or to one that each piece can have for itself."""
    return all(store.at.steps[level] for store in layout.stores) and all(
        _whole(layout, fold) for fold in layout.folds if level in fold.axes
    )


def _whole(layout: Layout, fold: FoldInto) -> bool:
    """Whether the result of a fold is in one piece of memory."""
    size = fold.kind.size
    kept = [
        (step, n) for k, (step, n) in enumerate(zip(fold.at.steps, layout.lengths, strict=True)) if k not in fold.axes
    ]
    for step, length in sorted(kept):
        if step != size:
            return False
        size *= length
    return True


def _apart(layout: Layout) -> bool:
    """Whether no point reads or writes what another one writes."""
    written = [(store.at, store.kind.size) for store in layout.stores]
    written += [(fold.at, fold.kind.size) for fold in layout.folds]
    if any(store.terms for store in layout.stores):
        return False
    others: list[tuple[Reach, int, tuple[Term, ...]]] = [(at, size, ()) for at, size in written]
    others += [(node.at, node.kind.size, ()) for node in layout.nodes if isinstance(node, Read)]
    others += [(node.at, node.kind.size, node.terms) for node in layout.nodes if isinstance(node, Fetched)]
    for at, size in written:
        low, high = _stretch(layout, at, size, ())
        for other, its, terms in others:
            if other.buffer != at.buffer or (other == at and not terms):
                continue
            first, last = _stretch(layout, other, its, terms)
            if first < high and low < last:
                return False
    return True


def _stretch(layout: Layout, at: Reach, size: int, terms: tuple[Term, ...]) -> tuple[int, int]:
    """The bytes of a buffer between the first that may be looked at and the last."""
    ways = [step * (length - 1) for step, length in zip(at.steps, layout.lengths, strict=True)]
    ways += [term.stride * (term.length - 1) for term in terms]
    return at.offset + sum(min(way, 0) for way in ways), at.offset + sum(max(way, 0) for way in ways) + size
