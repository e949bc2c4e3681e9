"""Loops over arrays that lie crosswise: what is read along one axis in one piece, and written along another.

A transposed copy fetches or writes each number alone, and of each line of the cache that it touches it uses one number
at a time. Here a square of numbers is taken at once, as many vectors as a vector has lanes, and turned around in
registers: a stage for each bit of a lane's number exchanges halves of pairs of vectors (Warren, *Hacker's Delight*, 2nd
ed., 2012, section 7-3, of bits). Where squares do not come out even, the last one begins earlier.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from edgewise.compile.ir import Value, select
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.kinds import Kind, load, store
from edgewise.compile.kernels.lanes import exchanged
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.nests import Changed, Fetched, Made, Reach, Read
from edgewise.compile.kernels.offsets import beside, store_lanes
from edgewise.compile.kernels.order import Layout, reaches
from edgewise.compile.kernels.points import Points
from edgewise.compile.kernels.tile_costs import ALIKE, LINE, NEAR

__all__ = ["Crossing", "crossing", "write_crossing"]

SHORT = 12  # instructions of a body that is written out for each vector of a square


class Crossing(NamedTuple):
    """The axis in lanes, the one that crosses it, and how many lanes there are."""

    lane: int
    across: int
    lanes: int

    @property
    def reason(self) -> str:
        """What was chosen and why, in words."""
        return f"squares of {self.lanes} × {self.lanes}, turned around in registers: memory lies crosswise"


def crossing(layout: Layout, width: int) -> Crossing | None:
    """The axes of a nest that memory lies along crosswise; None for another nest.

    Args:
        layout: the nest.
        width: how many float64 a vector register holds.
    """
    if layout.folds or any(one.terms or one.add for one in layout.stores):
        return None
    if any(isinstance(node, Fetched) for node in layout.nodes):
        return None
    if sum(node.how.cost for node in layout.nodes if isinstance(node, Made)) > SHORT:
        return None
    found = reaches(layout.nodes, layout.stores, layout.folds)
    kinds = [node.kind for node in layout.nodes if isinstance(node, Read)] + [one.kind for one in layout.stores]
    if any(kind.complex or kind.boolean for kind in kinds) or any(isinstance(n, Changed) for n in layout.nodes):
        return None
    lanes = 8 * width // max(4, *(size for _, size in found))
    axes = [k for k in range(layout.opened, len(layout.lengths)) if layout.lengths[k] >= lanes]
    for lane, across in itertools.permutations(reversed(axes), 2):
        along = [at.steps[lane] == size and at.steps[across] != size for at, size in found if at.steps[lane]]
        cross = [at.steps[across] == size and at.steps[lane] != 0 for at, size in found]
        if any(along) and any(cross) and len(along) == sum(along) + sum(cross):
            return Crossing(lane, across, lanes) if _worth(layout, found) else None
    return None


def _worth(layout: Layout, found: list[tuple[Reach, int]]) -> bool:
    """Whether squares are faster than numbers alone.

    They are where caches are near, and instructions count: so for a block of a band. Further away lines count: numbers
    alone are as fast if the lines that one turn of the inner loop touches are still there in the next.
    """
    if layout.opened:
        return True
    inner, size = layout.lengths[-1], max(size for _, size in found)
    alike = any(at.steps[-1] and not at.steps[-1] % ALIKE for at, _ in found)
    return alike or inner * LINE > NEAR // 2 or size * math.prod(layout.lengths[layout.opened :]) <= NEAR


def write_crossing(body: Body, layout: Layout, how: Crossing, counter: Value | None) -> None:
    """Write the loops.

    Args:
        body: the function they are in.
        layout: what they do.
        how: which axes cross.
        counter: of the outermost loop, where that is open already.
    """
    points = Points(body, layout, (how.across,), how.lane, how.lanes, called=False)
    if counter is not None:
        _enter(points, 0, counter)
    outer = [k for k in range(layout.opened, len(layout.lengths)) if k not in (how.lane, how.across)]
    loops = []
    for axis in outer:
        loops.append(Loop(body, 0, layout.lengths[axis], 1, []))
        _enter(points, axis, loops[-1].counter)
    # The shorter one inside, so that the lines of the cache that squares share are still there.
    for axis in sorted((how.across, how.lane), key=lambda k: -layout.lengths[k]):
        length = layout.lengths[axis]
        loops.append(Loop(body, 0, length, how.lanes, []))
        first = loops[-1].counter
        if length % how.lanes:
            first = select(first < length - how.lanes, first, length - how.lanes)
        if axis == how.across:
            points.places[axis] = list(range(how.lanes))
        points.enter(axis, first)
    _square(points, layout, how)
    for loop in reversed(loops):
        loop.close([])


def _enter(points: Points, axis: int, at: Value) -> None:
    points.enter(axis, at)
    points.compute(points.waiting(axis))


def _square(points: Points, layout: Layout, how: Crossing) -> None:
    """Read, compute and write a square of numbers."""
    waiting = sorted({*points.waiting(how.lane), *points.waiting(how.across)})
    spots = list(points.spots())
    for number in waiting:
        node = layout.nodes[number]
        if isinstance(node, Read) and _crosswise(node.at, node.kind, how):
            rows = [_row(points, node.at, how, i) for i in range(how.lanes)]
            held = exchanged([load(points.block, row, node.kind, how.lanes) for row in rows])
            points.given(number, held)
    for spot in spots:
        for number in waiting:
            points.compute_at(number, spot)
    for one in layout.stores:
        values = [points.in_lanes(one.node, spot) for spot in spots]
        if _crosswise(one.at, one.kind, how):
            for i, column in enumerate(exchanged(values)):
                store(points.block, column, _row(points, one.at, how, i), one.kind)
            continue
        for spot, value in zip(spots, values, strict=True):
            store_lanes(points.block, value, points.pointer(one.at, spot), one.at.steps[how.lane], one.kind)


def _crosswise(at: Reach, kind: Kind, how: Crossing) -> bool:
    return at.steps[how.across] == kind.size and at.steps[how.lane] not in (0, kind.size)


def _row(points: Points, at: Reach, how: Crossing, lane: int) -> str:
    """Where the numbers of one lane begin, which lie along the axis that crosses."""
    return beside(points.block, points.pointer(at, (0,)), lane * at.steps[how.lane])
