"""The edges of a watched run, and the sweeps over them one edge at a time, so that each contribution is seen.

Operations with several outputs are one node for the tuple and a part for each output (``core.parts``). Here each output
is a value of its own, and the map on its edge is the block that belongs to it: the part of the map of the whole.

The sweeps are those of ``core.walk`` with aliveness, called for single edges: adjoints are those of ``grad``, also at
cut branches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core import walk
from edgewise.core.node import Edge as Arc
from edgewise.core.node import LinearNode, Node
from edgewise.core.parts import PART, Part
from edgewise.core.sweep import ancestors
from edgewise.explain.recording import Step, Watched
from edgewise.maps import Compose
from edgewise.transforms.custom import CUSTOM

__all__ = ["Graph", "Link", "Pair", "Whole"]

Pair = tuple[Any, Any]  # a cotangent or tangent, and which of its entries are alive


class Link:
    """An edge of the graph: from the step of an operand to the step of the result.

    Attributes:
        index: its place in order of computation.
        operand: which operand of the operation it is.
        source, target: the steps it joins.
        map: the linear map on it.
    """

    __slots__ = ("index", "map", "operand", "source", "target")

    def __init__(self, index: int, operand: int, source: Step, target: Step, map_: Any) -> None:
        self.index = index
        self.operand = operand
        self.source = source
        self.target = target
        self.map = map_


class _Single(LinearNode):
    """An operation with one of its edges, as ``core.walk`` wants it."""

    __slots__ = ()

    def __init__(self, link: Link) -> None:
        node, source = link.target.node, link.source.node
        self.serial, self.shape, self.dtype = node.serial, node.shape, node.dtype
        self.primitive = node.primitive
        self.last = ()
        self.edges = (Arc(link.operand, source.serial, link.map, source.shape, source.dtype),)


class Whole(Part):
    """One output of a user's operation with several, whose adjoint is that of the tuple with zeros for the others.

    A sweep of ``grad`` pulls all outputs at once, and leaves gaps where one was not used; a rule of the user's that
    counts on both outputs would meet gaps here that it does not meet there.
    """

    __slots__ = ("dtypes", "shapes")

    def __init__(self, index: int, node: Any) -> None:
        super().__init__(index, len(node.shape))
        self.shapes = node.shape
        self.dtypes = node.dtype

    def pull(self, g: Any) -> Any:
        """The tuple."""
        shapes = enumerate(zip(self.shapes, self.dtypes, strict=True))
        return tuple(g if i == self.index else np.zeros(s, d)[()] for i, (s, d) in shapes)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        """Likewise; a user's rule carries no mask."""
        return self.pull(g), None


class Graph:
    """The graph of a watched run.

    Args:
        tape: the recording, still running.
        roots: the nodes of the outputs.
        visit: told of each step before its maps are made or pulled through.

    Attributes:
        steps: the watched values.
        links: the edges between them.
        incoming, outgoing: per step, its edges.
        rest: how many further operations the outputs depend on.
        beyond: what ``backward`` found to come back from those.
    """

    def __init__(self, tape: Watched, roots: list[Node], visit: Callable[[Step], None] = lambda step: None) -> None:
        tape.keeper.verify()
        self._visit = visit
        order = ancestors(roots)
        tape.cut(n.serial for n in order if n.serial not in tape.known and n.primitive.outputs is None)
        self.steps = tape.steps
        last = self.steps[-1].node.serial if self.steps else -1
        tail = [node for node in order if node.serial > last]
        self.rest = len(tail)
        self.beyond: dict[int, Pair] = {}
        self.rows = [(n.serial, [p.serial for p in n.parents if p is not None]) for n in order] if tail else []
        self.links: list[Link] = []
        self.incoming: list[list[Link]] = [[] for _ in self.steps]
        self.outgoing: list[list[Link]] = [[] for _ in self.steps]
        copies: dict[int, Any] = {}
        self._held = tape.keeper.holds
        with np.errstate(all="ignore"):
            for step in self.steps:
                visit(step)
                self._connect(step, tape, copies)
            for node in tail:
                self._copy(node, copies)
            kept = frozenset((*tape.known, *(n.serial for n in roots)))
            self._tail = walk.linearize(tail, copies, kept)

    def _copy(self, node: Node, copies: dict[int, Any]) -> tuple[Any, ...]:
        """What a node keeps; arrays that are the user's again after the run are copied."""
        for kept in node.kept:
            if type(kept) is np.ndarray and id(kept) not in copies and self._held(kept):
                copies[id(kept)] = kept.copy()
        return tuple(copies.get(id(kept), kept) for kept in node.kept)

    def _connect(self, step: Step, tape: Watched, copies: dict[int, Any]) -> None:
        node: Any = step.node
        part = None
        if node.primitive is PART:
            index, node = node.params["index"], node.parents[0]
            part = Whole(index, node) if node.primitive.family is CUSTOM else Part(index, len(node.shape))
        if node.primitive is None:
            return
        kept = self._copy(node, copies)
        for i, parent in enumerate(node.parents):
            source = None if parent is None else tape.known.get(parent.serial)
            if parent is None or source is None:
                continue
            edge = node.primitive.family.edge(node.primitive, i, kept, node.params, parent.shape)
            map_ = edge if part is None else Compose((part, edge))  # type: ignore[arg-type]  # a part has the verbs
            link = Link(len(self.links), i, source, step, map_)
            self.links.append(link)
            self.incoming[step.index].append(link)
            self.outgoing[source.index].append(link)

    # -- one edge

    @staticmethod
    def pull(link: Link, pair: Pair) -> Pair:
        """What comes out at the operand of an edge when ``pair`` goes in at its result."""
        table = {link.target.node.serial: pair}
        with np.errstate(all="ignore"):
            walk.pull_alive([_Single(link)], table)
        return table[link.source.node.serial]

    @staticmethod
    def push(link: Link, pair: Pair) -> Pair:
        """What comes out at the result of an edge when ``pair`` goes in at its operand."""
        table = {link.source.node.serial: pair}
        with np.errstate(all="ignore"):
            walk.push_alive([_Single(link)], table)
        return table[link.target.node.serial]

    # -- all edges

    def reaching(self, serials: set[int]) -> set[int]:
        """The steps from which some of these nodes can be reached."""
        needed = serials | {edge.serial for node in self._tail for edge in node.edges}
        found: set[int] = set()
        for step in reversed(self.steps):
            if step.node.serial in needed or any(link.target.index in found for link in self.outgoing[step.index]):
                found.add(step.index)
        return found

    def backward(self, seeds: dict[int, Pair]) -> tuple[dict[int, Pair], dict[int, Pair]]:
        """Adjoints by step, and contributions by edge, of seeds by serial.

        What comes back from operations beyond the last step is left in ``beyond``, by step.
        """
        table = dict(seeds)
        with np.errstate(all="ignore"):
            if self._tail:
                walk.pull_alive(self._tail, table)
                self.beyond = {s.index: table[s.node.serial] for s in self.steps if s.node.serial in table}
            found: dict[int, Pair] = {}
            flowed: dict[int, Pair] = {}
            for step in reversed(self.steps):
                pair = table.pop(step.node.serial, None)
                if pair is None:
                    continue
                found[step.index] = pair
                self._visit(step)
                for link in self.incoming[step.index]:
                    part = flowed[link.index] = self.pull(link, pair)
                    serial = link.source.node.serial
                    table[serial] = walk.join_alive(table[serial], part) if serial in table else part
        return found, flowed

    def forward(self, seeds: dict[int, Pair]) -> tuple[dict[int, Pair], dict[int, Pair], dict[int, Pair]]:
        """Tangents by step, contributions by edge, and tangents by serial beyond the last step."""
        found: dict[int, Pair] = {}
        flowed: dict[int, Pair] = {}
        with np.errstate(all="ignore"):
            for step in self.steps:
                pair = seeds.get(step.node.serial)
                for link in self.incoming[step.index]:
                    if link.source.index in found:
                        part = flowed[link.index] = self.push(link, found[link.source.index])
                        pair = part if pair is None else walk.join_alive(pair, part)
                if pair is not None:
                    found[step.index] = pair
            beyond = {self.steps[i].node.serial: pair for i, pair in found.items()}
            walk.push_alive(self._tail, beyond)
        return found, flowed, beyond
