"""The nodes of a nest at the entries of a tile, each computed once, where the loops that it changes with are entered.

An entry of a tile is a ``Spot``: its number along each of the axes of which several entries are done at once. A node
that does not change along one of them is the same for all its entries. What is needed in lanes and does not change with
the axis in lanes is spread when it is computed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from edgewise.compile.ir import Value
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.kinds import Held, convert
from edgewise.compile.kernels.lanes import spread
from edgewise.compile.kernels.nests import Changed, Known, Made, Reach, Read
from edgewise.compile.kernels.offsets import beside, load_lanes, prefetch
from edgewise.compile.kernels.order import Layout, operands, reaches
from edgewise.compile.kernels.scalars import write as write_scalar
from edgewise.compile.kernels.tile_costs import AHEAD, FAR
from edgewise.compile.kernels.tiling import dependences, fused_products

__all__ = ["Points", "Spot"]

Spot = tuple[int, ...]


class Points:
    """What is known at a place in the loops.

    Args:
        body: the function they are in.
        layout: what they do.
        axes: those of a spot, outermost first.
        lane: the axis in lanes.
        lanes: how many.
        called: whether elementary functions are called rather than written in place.

    Attributes:
        places: for each axis of a spot, where its entries are, from the first one.
        fused: products that are computed with the sum they belong to, and their factors.
    """

    def __init__(self, body: Body, layout: Layout, axes: tuple[int, ...], lane: int, lanes: int, called: bool) -> None:
        self.body, self.block, self.layout = body, body.block, layout
        self.axes, self.lane, self.lanes, self.called = axes, lane, lanes, called
        self.places: dict[int, list[int]] = {}
        self.fused = fused_products(layout)
        self._depends = dependences(layout.nodes)
        users = [(i, self._depends[n]) for n, node in enumerate(layout.nodes) for i in operands(node)]
        self._wanted = {i for i, axes in users if lane in axes}  # in lanes
        self._wanted |= {one.node for one in layout.stores} | {one.node for one in layout.folds}
        self._wanted |= {i for pair in self.fused.values() for i in pair}
        self._entered: frozenset[int] = frozenset()
        self._values: dict[tuple[int, Spot], Held] = {}
        self._spread: dict[tuple[int, Spot], Held] = {}
        self._pointers = {
            reach: body.pointer(reach.buffer, reach.offset)
            for reach, _ in reaches(layout.nodes, layout.stores, layout.folds)
        }
        self.compute(range(len(layout.nodes)))

    def leave(self, state: tuple[frozenset[int], dict[Reach, str]]) -> None:
        """Leave the loops that were entered since ``enter`` returned this; what was computed in them is gone."""
        self._entered, self._pointers = state
        for known in (self._values, self._spread):
            for key in [k for k in known if not self._depends[k[0]] <= self._entered]:
                del known[key]

    def enter(self, axis: int, at: Value | int) -> tuple[frozenset[int], dict[Reach, str]]:
        """Be in the loop over an axis, at a counter. Nothing is computed yet. Returns what ``leave`` wants."""
        state = self._entered, self._pointers
        self._entered |= {axis}
        moved: dict[int, Value | int] = {}
        self._pointers = dict(self._pointers)
        for reach, pointer in self._pointers.items():
            step = reach.steps[axis]
            if step:
                offset = moved.setdefault(step, at * step)
                self._pointers[reach] = beside(self.block, pointer, offset)
        return state

    def waiting(self, axis: int) -> list[int]:
        """The nodes that can be computed when a loop was entered, and not before."""
        return [n for n, axes in enumerate(self._depends) if axis in axes and axes <= self._entered]

    def spots(self, axes: frozenset[int] | None = None) -> Iterator[Spot]:
        """All spots of a tile, or one for each combination of entries of some axes."""
        ranges = [
            range(len(self.places[k]) if k in self.places and (axes is None or k in axes) else 1) for k in self.axes
        ]
        return itertools.product(*ranges)

    def compute(self, numbers: Iterable[int]) -> None:
        """Compute nodes, of those that can be, at all the spots where they differ."""
        for number in numbers:
            if self._depends[number] <= self._entered and number not in self.fused:
                for spot in self.spots(self._depends[number]):
                    self.compute_at(number, spot)

    def compute_at(self, number: int, spot: Spot) -> None:
        """Compute a node at a spot, unless that is done."""
        key = self._key(number, spot)
        if key in self._values:
            return
        node = self.layout.nodes[number]
        if isinstance(node, Known):
            held = self.body.held(node.cell)
        elif isinstance(node, Read):
            if self._from_far(node):
                prefetch(self.block, beside(self.block, self.pointer(node.at, spot), node.at.steps[0]))
            lanes = self.lanes if node.at.steps[self.lane] else 1
            held = load_lanes(self.block, self.pointer(node.at, spot), node.at.steps[self.lane], node.kind, lanes)
        else:
            in_lanes = self.lane in self._depends[number]
            given = [self.in_lanes(i, spot) if in_lanes else self._values[self._key(i, spot)] for i in operands(node)]
            if isinstance(node, Made):
                held = write_scalar(self.block, node.how, given, self.called)
            else:
                assert isinstance(node, Changed)
                held = convert(given[0], node.given, node.wanted)
        self._values[key] = held
        if number in self._wanted:
            self._spread[key] = held if self.lane in self._depends[number] else spread(held, self.lanes)

    def _from_far(self, node: Read) -> bool:
        """Whether the block of rows that comes after this one is to be fetched from memory meanwhile."""
        steps, lengths = node.at.steps, self.layout.lengths
        if not self.layout.opened or not 0 < steps[0] <= AHEAD or steps[self.lane] != node.kind.size:
            return False
        return node.kind.size * math.prod(n for n, step in zip(lengths, steps, strict=True) if step) >= FAR

    def given(self, number: int, held: Sequence[Held]) -> None:
        """Take what a node is at all spots from elsewhere; it is in lanes."""
        for spot, value in zip(self.spots(self._depends[number]), held, strict=True):
            self._values[self._key(number, spot)] = self._spread[self._key(number, spot)] = value

    def in_lanes(self, number: int, spot: Spot) -> Held:
        """A node at a spot, in every lane."""
        return self._spread[self._key(number, spot)]

    def pointer(self, at: Reach, spot: Spot) -> str:
        """Where memory is at a spot."""
        moved = sum(at.steps[k] * self.places[k][i] for k, i in zip(self.axes, spot, strict=True) if at.steps[k])
        return beside(self.block, self._pointers[at], moved)

    def _key(self, number: int, spot: Spot) -> tuple[int, Spot]:
        axes = self._depends[number]
        return number, tuple(i if k in axes else 0 for k, i in zip(self.axes, spot, strict=True))
