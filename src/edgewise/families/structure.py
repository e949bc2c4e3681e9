"""Families that build their maps from static parameters.

They are reductions, movements, indexing, joining, contraction, scans and Fourier transforms.

All axis parameters are counted from the end, so a leading batch axis moves none of them; ``batch`` says only what
remains.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.accumulate import add_at, cleared, taken
from edgewise.core.contract import fresh_letter, parse
from edgewise.core.index import batched_layout, scatter_add
from edgewise.core.primitive import Family, Primitive, Rule
from edgewise.core.registry import Declaration, register
from edgewise.core.sweep import add_up, repair
from edgewise.core.traced import UNDISPATCHED, Traced
from edgewise.maps import Clear, Contract, Identity, Index, Map

__all__ = [
    "CAST",
    "CONTRACTION",
    "FOURIER",
    "GATHER",
    "JOIN",
    "MEMBERS",
    "MOVEMENT",
    "REDUCTION",
    "SCAN",
    "SCATTER",
    "STORE",
    "declare",
]


class Unmoved(Family):
    """Whatever needs no change under a batch: axes are counted from the end."""

    name = "reduction"

    def __init__(self, name: str) -> None:
        self.name = name

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        return primitive(*_all_batched(values, batched, size), **params)


class Movement(Family):
    """reshape, transpose, broadcast_to: the parameter names the whole shape, so the batch axis is added to it."""

    name = "movement"

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        (x,) = values
        if "axes" in params:
            return primitive(x, axes=(0, *(a + 1 for a in params["axes"])))
        if "target" in params and primitive.name == "broadcast_to":
            x = np.reshape(x, x.shape[:1] + (1,) * (len(params["target"]) - x.ndim + 1) + x.shape[1:])
        return primitive(x, target=(size, *params["target"]))


class Gather(Family):
    """Indexing: operand 0 is the array, the others are index arrays, which have no derivative."""

    name = "index"

    def has_edge(self, primitive: Primitive, edge: int) -> bool:
        return edge == 0

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset(range(1, arity))

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        return Index(params["template"], tuple(kept[1:-1]), shape)

    def accumulate(self, node: Any, g: Any, owned: set[int]) -> None:
        """Add ``g`` where it was read from: the cost of a read is that of what was read."""
        parent, arrays, template = node.parents[0], node.kept[1:-1], node.params["template"]
        before = parent.cotangent
        if before is None:
            parent.cotangent = scatter_add(g, *arrays, template=template, shape=parent.shape)
        else:
            parent.cotangent = add_at(before, g, arrays, template, parent.serial in owned)
        owned.add(parent.serial)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        layout = batched_layout(params["template"], values[1:], batched[1:], size)
        (x,) = _all_batched(values[:1], batched[:1], size)
        y = primitive(x, *layout.arrays, template=layout.template)
        return np.moveaxis(y, layout.source, layout.target) if layout.source else y


class Scatter(Gather):
    """The transpose of indexing."""

    name = "index"
    accumulate = None  # type: ignore[assignment]  # it reads everything

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        return Index(params["template"], tuple(kept[1:-1]), params["shape"]).H

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        layout = batched_layout(params["template"], values[1:], batched[1:], size)
        (g,) = _all_batched(values[:1], batched[:1], size)
        if layout.source:
            g = np.moveaxis(g, layout.target, layout.source)
        return primitive(g, *layout.arrays, template=layout.template, shape=(size, *params["shape"]))


class Store(Family):
    """``x`` with ``v`` in place of some entries: operand 0 is the array, 1 what is stored, the others index arrays."""

    name = "store"

    def has_edge(self, primitive: Primitive, edge: int) -> bool:
        return edge < 2

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset(range(2, arity))

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        template, arrays, whole = params["template"], tuple(kept[2:-1]), params["shape"]
        return Index(template, arrays, whole).H if edge else Clear(template, arrays, whole)

    def accumulate(self, node: Any, g: Any, owned: set[int]) -> None:
        """Hand the cotangent of what was stored to its operand, and the array's own on, with zeros in that place."""
        x, v = node.parents[:2]
        arrays, template = node.kept[2:-1], node.params["template"]
        if v is not None:
            part = repair(taken(g, arrays, template), v.shape, v.dtype)
            v.cotangent = part if v.cotangent is None else add_up(v.cotangent, part)
        if x is not None:
            rest = cleared(g, arrays, template, node.serial in owned)
            x.cotangent = rest if x.cotangent is None else add_up(x.cotangent, rest)
            owned.add(x.serial)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        (x,) = _all_batched(values[:1], batched[:1], size)
        v, arrays, template = self.batched_store(values[1:], batched[1:], size, params)
        return primitive(x, v, *arrays, template=template, shape=(size, *params["shape"]))

    @staticmethod
    def batched_store(
        values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
        """What is stored and where, for an array with the batch in front."""
        layout = batched_layout(params["template"], values[1:], batched[1:], size)
        v = values[0]
        if np.ndim(v) or isinstance(v, Traced):  # a plain number goes anywhere
            (v,) = _all_batched([v], batched[:1], size)
            v = np.moveaxis(v, layout.target, layout.source) if layout.source else v
        return v, layout.arrays, layout.template


class Join(Family):
    """concatenate and stack: each edge places its operand somewhere, which is an index read backwards."""

    name = "join"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset()

    def has_edge(self, primitive: Primitive, edge: int) -> bool:
        return True

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        axis, starts = params["axis"], params.get("starts")
        if starts is None:  # stack: a new axis
            at = len(shape) + 1 + axis
            place: Any = edge
            whole: tuple[int, ...] = (*shape[:at], params["count"], *shape[at:])
        else:
            at = len(shape) + axis
            place = slice(starts[edge], starts[edge + 1])
            whole = (*shape[:at], starts[-1], *shape[at + 1 :])
        return Index((slice(None),) * at + (place,) + (slice(None),) * (-axis - 1), (), whole).H

    def push_all(self, node: Any, tangents: dict[int, Any]) -> Any:
        given = {edge.operand: tangents[edge.serial] for edge in node.edges if edge.serial in tangents}
        if not given:  # buffers that nothing was stored into
            return None
        axis, starts = node.params["axis"], node.params.get("starts")
        like = next(iter(given.values()))
        for i in range(node.arity):
            if i not in given:
                shape = list(like.shape)
                if starts is not None:
                    shape[axis] = starts[i + 1] - starts[i]
                given[i] = np.zeros(shape, like.dtype)
        return node.primitive(*(given[i] for i in range(node.arity)), **node.params)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        return primitive(*_all_batched(values, batched, size), **params)


class Contraction(Family):
    """``contract``: bilinear, each edge the contraction with the other operand; a batch is one more letter."""

    name = "contraction"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset((1 - edge,))

    def has_edge(self, primitive: Primitive, edge: int) -> bool:
        return True

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        first, second, out = parse(params["spec"])
        return Contract(kept[1], first, second, out) if edge == 0 else Contract(kept[0], second, first, out)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        first, second, out = parse(params["spec"])
        z = fresh_letter(first + second + out)
        return primitive(*values, spec=f"{z if batched[0] else ''}{first},{z if batched[1] else ''}{second}->{z}{out}")


class Members(Family):
    """What has no form for a whole batch, and no derivative: computed for each member in turn."""

    name = "zero"

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        def member(i: int) -> Any:
            return primitive(*(v[i] if b else v for v, b in zip(values, batched, strict=True)), **params)

        if size:
            return np.stack([member(i) for i in range(size)])
        values = [np.zeros((1, *np.shape(v)[1:]), v.dtype) if b else v for v, b in zip(values, batched, strict=True)]
        return np.stack([member(0)])[:0]


class Cast(Family):
    """A change of dtype, which the sweep repairs by itself."""

    name = "movement"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset()

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        return Identity()

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        return primitive(values[0], **params)


REDUCTION, SCAN, FOURIER = Unmoved("reduction"), Unmoved("scan"), Unmoved("fourier")
MOVEMENT, GATHER, SCATTER, JOIN, CONTRACTION, CAST = Movement(), Gather(), Scatter(), Join(), Contraction(), Cast()
MEMBERS, STORE = Members(), Store()


def _all_batched(values: list[Any], batched: list[bool], size: int) -> list[Any]:
    return [v if b else np.broadcast_to(v, (size, *np.shape(v))) for v, b in zip(values, batched, strict=True)]


def declare(
    function: Callable[..., Any],
    family: Family,
    samples: Sequence[Any],
    entry: Callable[..., Any] | None,
    *rules: Any,
    operands: tuple[str, ...] | None = ("a",),
    compute: Callable[..., Any] | None = None,
    selects: bool = False,
    zero: bool = False,
    outputs: int | None = None,
    zero_outputs: frozenset[int] = frozenset(),
    oracle: str = "complex",
    note: str = "",
    kink: Callable[..., Any] | None = None,
) -> Primitive:
    """Declare a primitive whose parameters need arranging.

    Args:
        function: NumPy's function, or one of ours from ``core``.
        family: its kind.
        samples: calls that show it.
        entry: ``entry(primitive, *args, **kwargs)`` takes NumPy's signature and applies the primitive to operands and
            static parameters in normal form (axes counted from the end).
        rules: per operand the map on its edge, parameters named after what they need.
        operands: names of the parameters that may be traced; the rest are static.
        compute: computes the value from normal form, where ``function`` itself does not.
        selects: as in ``elementwise``, and so are the others.
        zero: no derivative anywhere.
        outputs: how many outputs, where there is a tuple of them.
        zero_outputs: which of them have no derivative.
        oracle: where the laws take an independent derivative from.
        note: the convention at kinks.
        kink: where it applies, as a mask.
    """
    name = function.__name__
    made = tuple(Rule(r, len(rules), i, name) for i, r in enumerate(rules))
    value: Callable[..., Any] = compute or UNDISPATCHED.get(function, function)
    primitive = Primitive(
        name, value, family, made, selects=selects, zero=zero, outputs=outputs, zero_outputs=zero_outputs
    )
    register(
        Declaration(function, "zero" if zero else family.name, samples, primitive, oracle, note, kink=kink),
        primitive if entry is None else functools.partial(entry, primitive),
        operands,
        entry,
    )
    return primitive
