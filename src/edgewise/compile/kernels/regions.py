"""Loops in pieces as text: a function that does one piece, and a call that has all of them done.

The call is that of the pool of threads (``compile.pool``): it calls the function for one piece after the other, on one
thread or several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from edgewise.compile.ir import Value, select, vector
from edgewise.compile.kernels.arena import Arena
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.loops import clear_across
from edgewise.compile.kernels.nests import FoldInto, Reach, Read
from edgewise.compile.kernels.offsets import beside
from edgewise.compile.kernels.order import Layout
from edgewise.compile.kernels.pieces import LOCAL, entries

__all__ = ["RUN", "write_region"]

RUN = "edgewise_run"  # the pool's function
PRIVATE = -2  # the buffer of what a piece has folded
LINE = 64  # bytes of a line of the cache: no two pieces write into one
MOST = 256  # threads of a region
SLOTS = 16  # and where each has memory of its own

Write: TypeAlias = Callable[[Body, Layout, Value | None], None]


def write_region(
    body: Body, layouts: Sequence[Layout], each: int, scratch: tuple[int, Arena], near: int, name: str, write: Write
) -> Body:
    """Write a call that has nests done which stand in one loop over blocks, in pieces of some blocks.

    Args:
        body: the function that the call is in.
        layouts: the nests.
        each: how many blocks a piece has; the last one may have fewer.
        scratch: memory: its buffer, and what of it is free.
        near: bytes of what is local to the block at hand.
        name: of the function that does one piece.
        write: writes a nest, at a turn of an open loop if that is given.

    Returns:
        The function that does one piece.
    """
    buffer, arena = scratch
    one = Body(body.block.module, name, pieces=True)
    number = one.block.name("%piece", vector("i64", 1))
    blocks = layouts[0].lengths[0]
    pieces = -(-blocks // each)
    size = 0
    mine: list[Layout] = []
    shared: list[tuple[Layout, FoldInto, int]] = []  # what is folded along the blocks, and where a piece has it
    for layout in layouts:
        folds = list(layout.folds)
        for i, fold in enumerate(folds):
            if 0 in fold.axes:
                shared.append((layout, fold, size))
                folds[i] = fold._replace(at=Reach(PRIVATE, size, fold.at.steps))
                size += _lines(fold.kind.size * entries(layout, fold))
        mine.append(layout._replace(folds=folds))
    offset = arena.take(size * pieces) if size else 0
    if size:
        one.bind(PRIVATE, beside(one.block, one.pointer(buffer, offset), number * size))
    room = _lines(near)
    slots = arena.take(room * SLOTS) if room else 0
    if room:
        slot = one.block.name("%slot", vector("i64", 1))
        one.bind(LOCAL, beside(one.block, one.address(buffer), slot * room + slots))
    for layout in mine:
        clear_across(one, layout)
    if each == 1:
        for layout in mine:
            write(one, layout, number)
    else:
        start = number * each
        loop = Loop(one, start, select(number.equals(pieces - 1), blocks, start + each), 1, [])
        for layout in mine:
            write(one, layout, loop.counter)
        loop.close([])
    body.block.module.need(RUN, lambda: f"declare i64 @{RUN}(ptr, ptr, i64, i64)")
    body.call(RUN, f"ptr @{name}, ptr %table, i64 {pieces}, i64 {SLOTS if room else MOST}")
    if room:
        arena.give(slots)
    for layout, fold, at in shared:
        write(body, _together(layout, fold, Reach(buffer, offset + at, (size,)), pieces), None)
    if size:
        arena.give(offset)
    return one


def _lines(size: int) -> int:
    return -(-size // LINE) * LINE


def _together(layout: Layout, fold: FoldInto, at: Reach, count: int) -> Layout:
    """The nest that folds what the pieces have found, in their order."""
    several, size = entries(layout, fold), fold.kind.size
    if several == 1:
        into = FoldInto(0, fold.name, frozenset({0}), fold.at._replace(steps=(0,)), fold.kind)
        return Layout((count,), [Read(at, fold.kind)], [], [into])
    into = FoldInto(0, fold.name, frozenset({0}), fold.at._replace(steps=(0, size)), fold.kind)
    return Layout((count, several), [Read(at._replace(steps=(*at.steps, size)), fold.kind)], [], [into])
