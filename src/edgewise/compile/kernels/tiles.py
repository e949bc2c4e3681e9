"""Folds in tiles: partial results of several entries of the kept axes stay in registers while loops go along others.

``tiling`` says how large the tile is, and why. Where a tile does not divide an axis, the last one begins earlier and
does some entries again, so there is no second version of the loops; only where results are added to what is there
already, those entries are left as they are. A fold of more than ``BLOCK`` turns is done in blocks, all tiles of a block
before the next, so that what one tile has read is near for the others, and no number takes part in more additions than
a block has turns and there are blocks. A product that is summed is multiplied and added in one rounding, as BLAS does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from edgewise.compile.ir import Value, fma, select
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.folding import combining, neutral
from edgewise.compile.kernels.kinds import Held, constant
from edgewise.compile.kernels.lanes import across, chosen, mask, together, transposed
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.nests import FoldInto, Reach
from edgewise.compile.kernels.offsets import load_lanes, store_lanes
from edgewise.compile.kernels.order import Layout
from edgewise.compile.kernels.points import Points, Spot
from edgewise.compile.kernels.tile_costs import Tiling
from edgewise.compile.kernels.tiling import BLOCK

__all__ = ["write_tiles"]

PARTIAL = 16  # turns of the inner folds from which on they have sums of their own


def write_tiles(body: Body, layout: Layout, tiling: Tiling, called: bool, counter: Value | None = None) -> None:
    """Write the loops.

    Args:
        body: the function they are in.
        layout: what they do.
        tiling: in which tiles.
        called: whether elementary functions are called rather than written in place.
        counter: of the outermost loop, where that is open already; what is folded along it is added to what is there.
    """
    _Tiles(body, layout, tiling, called, counter).write()


class _Tiles:
    def __init__(self, body: Body, layout: Layout, tiling: Tiling, called: bool, counter: Value | None) -> None:
        self.body, self.block, self.layout, self.tiling, self.counter = body, body.block, layout, tiling, counter
        self.lengths, self.folds = layout.lengths, layout.folds
        self.lane, self.lanes, self.last = tiling.lane, tiling.lanes, tiling.folds[-1]
        self.kept = math.prod(n for _, n in tiling.tile)  # results of a tile, in numbers or vectors
        axes = (*(k for k, _ in tiling.tile), self.last)
        self.points = Points(body, layout, axes, self.lane, self.lanes, called)
        self.combine = [combining(fold.name, fold.kind) for fold in self.folds]
        # Entries of a tile, or lanes of a vector, from its first on, that are done already.
        self.skipped: dict[int, list[Value | int]] = {}

    def write(self) -> None:
        """Write everything."""
        if self.counter is not None:
            self._enter(0, self.counter)
        loops = []
        for axis in self.tiling.outer:
            loops.append(Loop(self.body, 0, self.lengths[axis], 1, []))
            self._enter(axis, loops[-1].counter)
        self._blocks()
        for loop in reversed(loops):
            loop.close([])

    def _enter(self, axis: int, at: Value | int) -> tuple[frozenset[int], dict[Reach, str]]:
        state = self.points.enter(axis, at)
        self.points.compute(self.points.waiting(axis))
        return state

    # -- the loops

    def _blocks(self) -> None:
        """All tiles, for each block of the longest fold: first what is left over when the others are cut off."""
        units = dict.fromkeys(self.tiling.folds, 1)
        units[self.last] = self._unit(self.last) * self.tiling.unrolled
        turns = {k: max(1, self.lengths[k] // unit) for k, unit in units.items()}
        cut = max(turns, key=lambda k: turns[k])
        length = max(1, BLOCK * turns[cut] // math.prod(turns.values())) * units[cut]
        whole: dict[int, tuple[Value | int, int]] = {k: (0, self.lengths[k]) for k in self.tiling.folds}
        if self.lengths[cut] <= 2 * length:
            self._tiles(0, whole, fresh=True)
            return
        rest = self.lengths[cut] % length
        if rest < self._unit(cut):  # too few for a vector
            rest += length
        self._tiles(0, {**whole, cut: (0, rest)}, fresh=True)
        loop = Loop(self.body, rest, self.lengths[cut], length, [])
        self._tiles(0, {**whole, cut: (loop.counter, length)}, fresh=False)
        loop.close([])

    def _tiles(self, at: int, ranges: dict[int, tuple[Value | int, int]], fresh: bool) -> None:
        """The loops over tiles.

        Args:
            at: which of them.
            ranges: where each fold begins, and how far it goes.
            fresh: whether nothing is there yet that results are to be added to.
        """
        if at == len(self.tiling.tile):
            sums = self._folds(0, ranges, self._neutral())
            for which, fold in enumerate(self.folds):
                here = sums[which * len(sums) // len(self.folds) : (which + 1) * len(sums) // len(self.folds)]
                self._finish(which, here, fresh and not (self.counter is not None and 0 in fold.axes))
            return
        axis, count = self.tiling.tile[at]
        unit, length = self._unit(axis), self.lengths[axis]
        size, loop = count * unit, None
        first: Value | int = 0
        skipped: list[Value | int] = [0] * count
        if length <= size:
            self.points.places[axis] = [*range(0, size - unit, unit), length - unit]
            skipped[-1] = size - length
        else:
            loop = Loop(self.body, 0, length, size, [])
            wanted = first = loop.counter
            self.points.places[axis] = list(range(0, size, unit))
            if length % size:
                first = select(wanted < length - size, wanted, length - size)
                skipped = [wanted - first - i * unit for i in range(count)]
        self.skipped[axis] = skipped
        state = self._enter(axis, first)
        self._tiles(at + 1, ranges, fresh)
        self.points.leave(state)
        del self.points.places[axis]
        if loop is not None:
            loop.close([])

    def _folds(self, at: int, ranges: dict[int, tuple[Value | int, int]], sums: list[Held]) -> list[Held]:
        """The loops along folded axes: from partial results, for each fold and spot, to those with more in them."""
        axis = self.tiling.folds[at]
        start, length = ranges[axis]
        if axis == self.last:
            return self._innermost(start, length, sums)
        inner = math.prod(ranges[k][1] // self._unit(k) for k in self.tiling.folds[at + 1 :])
        loop = Loop(self.body, start, start + length, 1, sums)
        state = self._enter(axis, loop.counter)
        if inner < PARTIAL:
            sums = self._folds(at + 1, ranges, loop.carried)
        else:
            sums = self._combined(loop.carried, self._folds(at + 1, ranges, self._neutral()))
        self.points.leave(state)
        loop.close(sums)
        return sums

    def _innermost(self, start: Value | int, length: int, sums: list[Held]) -> list[Held]:
        unit = self._unit(self.last)
        step = unit * self.tiling.unrolled
        main = length // step * step
        if main == step:
            sums = self._turn(start, list(range(0, step, unit)), sums, 0)
        elif main:
            loop = Loop(self.body, start, start + main, step, sums)
            sums = self._turn(loop.counter, list(range(0, step, unit)), loop.carried, 0)
            loop.close(sums)
        if main == length:
            return sums
        left = [*range(main, length - unit, unit), length - unit]  # the last vector begins earlier
        return self._turn(start, left, sums, main + len(left) * unit - length)

    def _turn(self, at: Value | int, places: list[int], sums: list[Held], skipped: int) -> list[Held]:
        """One turn of the innermost loop: the last vector leaves out its first ``skipped`` lanes."""
        points = self.points
        state = points.enter(self.last, at)
        points.places[self.last] = places
        within = mask(self.block, self.lanes, skipped) if skipped else None
        waiting = [n for n in points.waiting(self.last) if n not in points.fused]
        found = list(sums)
        # Rows one after the other, as they lie in memory. What changes along the axis of the fewest entries waits in
        # registers while the others are gone through.
        counts = [len(points.places[k]) if k != self.last or self.lane == k else self.kept + 1 for k in points.axes]
        order = sorted(range(len(counts)), key=lambda i: -counts[i])
        for number, spot in sorted(enumerate(points.spots()), key=lambda one: [one[1][i] for i in order]):
            for node in waiting:
                points.compute_at(node, spot)
            for one in self.layout.stores:
                held = points.in_lanes(one.node, spot)
                store_lanes(self.block, held, points.pointer(one.at, spot), one.at.steps[self.lane], one.kind)
            kept, turn = divmod(number, len(places))
            for which, fold in enumerate(self.folds):
                place = (which * self.kept + kept) * self.tiling.unrolled + turn
                after = self._with(which, found[place], fold, spot)
                if within is not None and turn == len(places) - 1:
                    after = chosen(within, after, found[place])
                found[place] = after
        points.leave(state)
        del points.places[self.last]
        return found

    def _with(self, which: int, so_far: Held, fold: FoldInto, spot: Spot) -> Held:
        """A partial result and what is folded at a spot."""
        factors = self.points.fused.get(fold.node)
        if factors is None:
            found: Held = self.combine[which](so_far, self.points.in_lanes(fold.node, spot))
            return found
        a, b = (self.points.in_lanes(i, spot) for i in factors)
        assert isinstance(a, Value)
        assert isinstance(b, Value)
        assert isinstance(so_far, Value)
        return fma(a, b, so_far)

    def _unit(self, axis: int) -> int:
        return self.lanes if axis == self.lane else 1

    def _neutral(self) -> list[Held]:
        return [
            constant(self.block, neutral(fold.name, fold.kind), fold.kind, self.lanes)
            for fold in self.folds
            for _ in range(self.kept * self.tiling.unrolled)
        ]

    def _combined(self, first: Sequence[Held], second: Sequence[Held]) -> list[Held]:
        each = self.kept * self.tiling.unrolled
        return [self.combine[i // each](a, b) for i, (a, b) in enumerate(zip(first, second, strict=True))]

    # -- results

    def _finish(self, which: int, sums: Sequence[Held], fresh: bool) -> None:
        """Put the results of a tile away."""
        points, fold, combine = self.points, self.folds[which], self.combine[which]
        times = self.tiling.unrolled
        totals = [together(combine, sums[i : i + times]) for i in range(0, len(sums), times)]
        points.places[self.last] = [0]
        if fold.axes.isdisjoint(k for k, _ in self.tiling.tile) and fold.axes.isdisjoint(self.tiling.outer):
            for along, spots in self._lying(fold):
                held = [totals[number] for number, _ in spots]
                if self.lane != self.last:
                    (total,) = held
                else:
                    total = transposed(combine, held) if len(held) > 1 else across(combine, held[0])
                self._put(which, spots[0][1], total, along, fresh)
        else:
            self._put_sums(which, totals)
        del points.places[self.last]

    def _put_sums(self, which: int, totals: list[Held]) -> None:
        """The results of a fold that goes along axes of the tile as well: one for all of those."""
        fold, combine = self.folds[which], self.combine[which]
        nothing = constant(self.block, neutral(fold.name, fold.kind), fold.kind, self.lanes)
        one_place: dict[Spot, list[Held]] = {}
        for spot, total in zip(self.points.spots(), totals, strict=True):
            for within in self._new(spot, fold.axes, self.lane, self.lanes):
                total = chosen(within, total, nothing)  # noqa: PLW2901  without what other tiles have
            place = tuple(0 if k in fold.axes else i for k, i in zip(self.points.axes, spot, strict=True))
            one_place.setdefault(place, []).append(total)
        for spot, several in one_place.items():
            total = together(combine, several)
            if self.lane in fold.axes:
                self._put(which, spot, across(combine, total), -1, fresh=False)
            else:
                self._put(which, spot, total, self.lane, fresh=False)

    def _new(self, spot: Spot, axes: frozenset[int], along: int, lanes: int) -> Iterator[Value]:
        """Where an entry of a tile is not one of those done before, along some axes; one is that of the lanes."""
        for (axis, _), number in zip(self.tiling.tile, spot, strict=False):
            skipped = self.skipped[axis][number]
            if axis not in axes or (not isinstance(skipped, Value) and not skipped):
                continue
            if axis != along:
                assert isinstance(skipped, Value)
                yield skipped <= 0
            else:
                yield mask(self.block, lanes, skipped)

    def _lying(self, fold: FoldInto) -> list[tuple[int, list[tuple[int, Spot]]]]:
        """The spots of a tile, by number: those together whose results become lanes of one vector, along an axis."""
        spots = list(enumerate(self.points.spots()))
        if self.lane != self.last:
            return [(self.lane, [spot]) for spot in spots]
        beside = [i for i, (k, _) in enumerate(self.tiling.tile) if fold.at.steps[k] == fold.kind.size]
        if not beside or self.lanes & (self.lanes - 1):
            return [(-1, [spot]) for spot in spots]
        rows: dict[Spot, list[tuple[int, Spot]]] = {}
        for number, spot in spots:
            rows.setdefault(tuple(n for i, n in enumerate(spot) if i != beside[0]), []).append((number, spot))
        axis = self.tiling.tile[beside[0]][0]
        return [(axis, row[i : i + self.lanes]) for row in rows.values() for i in range(0, len(row), self.lanes)]

    def _put(self, which: int, spot: Spot, total: Held, along: int, fresh: bool) -> None:
        """Write results to memory, which lie along an axis, or add them to what is there."""
        assert isinstance(total, Value)
        fold, lanes = self.folds[which], total.kind.lanes
        pointer = self.points.pointer(fold.at, spot)
        step = fold.at.steps[along] if along >= 0 else 0
        if not fresh:
            before = load_lanes(self.block, pointer, step, fold.kind, lanes)
            after: Held = self.combine[which](before, total)
            kept = frozenset(range(len(self.lengths))) - fold.axes
            for within in self._new(spot, kept, along, lanes):
                after = chosen(within, after, before)
            total = after
        store_lanes(self.block, total, pointer, step, fold.kind)
