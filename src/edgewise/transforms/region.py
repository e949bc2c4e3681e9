"""Regions: a part of a program that is one operation to the modes around it, and keeps its operands alone.

``region(function, *args)`` runs the function once and writes down its operations (``modes.outlined``). The outline is
then a primitive, applied to whatever the body met: its arguments, and all that it took from around it. What a mode does
with it is the same everywhere: *it runs the outline, in a region of its own for the levels below*.

    Recorded   keeps the operands; on the way back it records the outline, sweeps, and forgets
    Dual       runs it on pairs (value, tangent)
    Batched    runs it on batches

So derivatives of derivatives keep as little as first ones do, and the user's function never runs a second time. A
region equals its inlined body: the masks of cut branches (``maps.base``) go in and come out, and an operand on which no
output in use depends gets no cotangent, not a zero one.

Where nothing around keeps values, there is nothing to save, and the function is called as it is.

Recomputation in place of storage: Griewank & Walther, Evaluating Derivatives (2008), chapter 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.containers import flatten
from edgewise.core import walk
from edgewise.core.buffers import Trusting
from edgewise.core.levels import keeping
from edgewise.core.node import LinearNode, Node
from edgewise.core.outline import Outline
from edgewise.core.primitive import Family, Primitive
from edgewise.core.sweep import add_up, ancestors, repair, sweep
from edgewise.core.traced import Traced, apply, wrap
from edgewise.maps import Map
from edgewise.modes import Batched, Dual, Recorded
from edgewise.transforms.border import gather_output
from edgewise.transforms.written import Written

__all__ = ["Body", "region"]


def region(function: Callable[..., Any], *args: Any, name: str = "region") -> Any:
    """``function(*args)``, as one operation that keeps only what it was given.

    Args:
        function: takes and returns containers of numbers and arrays.
        args: its arguments. Traced values in them are operands; so are those that the body takes from elsewhere.
        name: what pictures and messages call it.
    """
    leaves, tree = flatten(args)
    leaves = [gather_output(leaf) for leaf in leaves]
    if not any(map(keeping, leaves)):
        return function(*args)
    found = Written(function, leaves, tree)
    if not found.values:
        return found.filled(())
    return found.filled(apply(primitive_of(found, name), tuple(found.operands), {}))


def primitive_of(found: Written, name: str) -> Primitive:
    """An outline as a primitive."""
    numbers = frozenset(i for i, known in enumerate(found.settled) if known or found.values[i].dtype.kind not in "fc")
    body, outline = Body(found.outline, found.values), found.outline
    return Primitive(name, body, REGION, selects=outline.selects, outputs=len(found.values), zero_outputs=numbers)


class Body:
    """An outline as a function of its operands, and its derivatives.

    Attributes:
        outline: the operations.
        reaching: which operands have an edge.
    """

    __slots__ = ("_known", "outline", "reaching")

    def __init__(self, outline: Outline, known: list[Any] | None = None) -> None:
        self.outline = outline
        self.reaching = outline.reaching
        self._known = known

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        """The results. The first time they are known: the operands are those that it was written down with."""
        known, self._known = self._known, None
        if known is not None and not any(isinstance(value, Traced) for value in known):
            return tuple(known)
        return self.replay(operands)

    def replay(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        """The results, operation by operation."""
        self._known = None
        with np.errstate(all="ignore"):  # what there was to warn of was said the first time
            return self.outline.replay(operands)

    def batch(self, values: list[Any], batched: list[bool], size: int) -> tuple[Any, ...]:
        """The results for a batch, as arrays with the batch's axis in front."""
        known, self._known = self._known, None
        if known is not None and not any(isinstance(v, Traced) for v in values):  # no level but this batch
            return tuple(
                [y.mode.lower(y) if isinstance(y, Traced) else np.broadcast_to(y, (size, *y.shape)) for y in known]
            )
        outline = self.outline

        def run(values: list[Any]) -> list[Any]:
            with Batched(size) as mode, np.errstate(all="ignore"):
                lifted = [mode.lift(v) if b else v for v, b in zip(values, batched, strict=True)]
                return [mode.spread(y) for y in outline.replay(lifted)]

        return tuple(region(run, values))

    def push(self, values: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The results, and for each a pair (tangent, alive), or None where nothing reaches it.

        Args:
            values: the operands.
            tangents: a pair for each, or None.
        """
        self._known = None
        outline = self.outline

        def run(values: Any, tangents: Any) -> Any:
            with Dual() as mode, np.errstate(all="ignore"):
                pairs = [v if pair is None else wrap(v, mode, pair) for v, pair in zip(values, tangents, strict=True)]
                ys = outline.replay(pairs)
                own = [isinstance(y, Traced) and y.mode is mode for y in ys]
                return [mode.lower(y) for y in ys], [y.payload if b else None for y, b in zip(ys, own, strict=True)]

        ys, pairs = region(run, list(values), list(tangents))
        return ys, pairs

    def pull(self, values: Sequence[Any], active: tuple[int, ...], g: tuple[Any, ...]) -> list[Any]:
        """Cotangents of the active operands from those of the results; None where there is none."""
        found: list[Any] = self._back(self._pull, values, active, g)
        return found

    def pull_alive(
        self, values: Sequence[Any], active: tuple[int, ...], g: tuple[Any, ...], alive: Any
    ) -> list[tuple[Any, Any] | None]:
        """The same with aliveness: pairs."""
        masks = (None,) * len(g) if alive is None else alive
        found: list[tuple[Any, Any] | None] = self._back(self._pull_alive, values, active, (g, masks))
        return found

    def _back(self, pull: Callable[..., Any], values: Sequence[Any], active: tuple[int, ...], seeds: Any) -> Any:
        def run(values: Any, seeds: Any) -> Any:
            with np.errstate(all="ignore"):
                return pull(values, active, seeds)

        return region(run, list(values), seeds)

    def _pull(self, values: Sequence[Any], active: tuple[int, ...], g: tuple[Any, ...]) -> list[Any]:
        with Recorded() as mode:
            ends, starts = self._recorded(mode, values, active)
            roots = [(node, part) for node, part in zip(ends, g, strict=True) if node is not None and part is not None]
            for node, part in roots:
                node.cotangent = part if node.cotangent is None else add_up(node.cotangent, part)
            order = ancestors([node for node, _ in roots])
            if order:
                sweep(order, order[-1].cotangent, consume=True)
        return [node.cotangent for node in starts]

    def _pull_alive(self, values: Sequence[Any], active: tuple[int, ...], seeds: Any) -> list[Any]:
        with Recorded() as mode:
            ends, starts = self._recorded(mode, values, active)
            pairs: dict[int, tuple[Any, Any]] = {}
            roots = []
            for node, part, mask in zip(ends, *seeds, strict=True):
                if node is not None and part is not None:
                    before = pairs.get(node.serial)
                    pairs[node.serial] = (part, mask) if before is None else walk.join_alive(before, (part, mask))
                    roots.append(node)
            walk.pull_alive(walk.linearize(ancestors(roots), {}), pairs)
        return [pairs.get(node.serial) for node in starts]

    def linear(self, values: Sequence[Any], active: tuple[int, ...]) -> list[LinearNode]:
        """The linear program that the derivative is."""
        with Recorded() as mode, np.errstate(all="ignore"):
            ends, _ = self._recorded(mode, values, active)
            return walk.linearize(ancestors([node for node in ends if node is not None]), {})

    def _recorded(
        self, mode: Recorded, values: Sequence[Any], active: tuple[int, ...]
    ) -> tuple[list[Node | None], list[Node]]:
        """Record the outline: the nodes of the results, and of the active operands."""
        mode.keeper = Trusting()
        inputs = list(values)
        for i in active:
            inputs[i] = mode.constant(values[i])
        ys = self.outline.replay(inputs)
        ends = [y.payload if isinstance(y, Traced) and y.mode is mode else None for y in ys]
        return ends, [inputs[i].payload for i in active]


class Block(Map):
    """The map of a region from one of its operands to the tuple of its results."""

    __slots__ = ("body", "edge", "kept")

    def __init__(self, body: Body, kept: Sequence[Any], edge: int) -> None:
        self.body = body
        self.kept = kept  # which all edges of a region share: the operands, and nothing for the results
        self.edge = edge

    @property
    def values(self) -> Sequence[Any]:
        """The operands."""
        return self.kept[:-1]

    @property
    def selects(self) -> bool:  # type: ignore[override]  # that of the body
        return self.body.outline.selects

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the body
        order = self.body.linear(self.values, (self.edge,))
        return all(edge.complex_linear for node in order for edge in node.edges)

    def push(self, t: Any) -> Any:
        return _columns(self.body.push(self.values, self._alone((t, None)))[1])[0]

    def pull(self, g: Any) -> Any:
        (part,) = self.body.pull(self.values, (self.edge,), g)
        return np.zeros_like(self.values[self.edge])[()] if part is None else part

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return _columns(self.body.push(self.values, self._alone((t, alive)))[1])

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        (pair,) = self.body.pull_alive(self.values, (self.edge,), g, alive)
        like = self.values[self.edge]
        return (np.zeros_like(like)[()], np.zeros(np.shape(like), bool)) if pair is None else pair

    def _alone(self, pair: tuple[Any, Any]) -> list[Any]:
        return [pair if i == self.edge else None for i in range(len(self.values))]


def _columns(pairs: Sequence[Any]) -> tuple[Any, Any]:
    """Pairs (tangent, alive), or None, as a tuple of tangents and one of masks."""
    return tuple(None if p is None else p[0] for p in pairs), tuple(None if p is None else p[1] for p in pairs)


class RegionFamily(Family):
    """All edges of a region at once: it runs once in each direction, however many operands it has."""

    name = "region"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset(range(arity))

    def inline(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        body: Any = primitive.function
        return body.replay(operands)

    def has_edge(self, primitive: Primitive, edge: int) -> bool:
        body: Any = primitive.function
        return edge in body.reaching

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        body: Any = primitive.function
        return Block(body, kept, edge)

    def accumulate(self, node: Any, g: Any, owned: set[int]) -> None:
        active = tuple(i for i, parent in enumerate(node.parents) if parent is not None)
        for i, part in zip(active, node.primitive.function.pull(node.kept[:-1], active, g), strict=True):
            if part is not None:
                parent = node.parents[i]
                own = repair(part, parent.shape, parent.dtype)
                parent.cotangent = own if parent.cotangent is None else add_up(parent.cotangent, own)

    def pull_all(self, node: Any, g: Any) -> Any:
        first, active = node.edges[0].map, tuple(edge.operand for edge in node.edges)
        return first.body.pull(first.values, active, g)

    def pull_all_alive(self, node: Any, g: Any, alive: Any) -> Any:
        first, active = node.edges[0].map, tuple(edge.operand for edge in node.edges)
        return first.body.pull_alive(first.values, active, g, alive)

    def push_all(self, node: Any, tangents: dict[int, Any]) -> Any:
        given = {edge.operand: (tangents[edge.serial], None) for edge in node.edges if edge.serial in tangents}
        return _columns(self._push(node, given))[0] if given else None

    def push_all_alive(self, node: Any, tangents: dict[int, Any]) -> Any:
        given = {edge.operand: tangents[edge.serial] for edge in node.edges if edge.serial in tangents}
        return _columns(self._push(node, given)) if given else None

    def _push(self, node: Any, given: dict[int, Any]) -> Any:
        first = node.edges[0].map
        return first.body.push(first.values, [given.get(i) for i in range(len(first.values))])[1]

    def forward(self, primitive: Primitive, values: list[Any], tangents: list[Any], params: dict[str, Any]) -> Any:
        body: Any = primitive.function
        return body.push(values, tangents)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        body: Any = primitive.function
        return body.batch(values, batched, size)


REGION = RegionFamily()
