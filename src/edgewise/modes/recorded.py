"""Recorded: compute the value, remember what the edges need.

Reverse mode, ``linearize``, Jacobians and sparsity all walk the graph this leaves behind (``core.node``,
``core.walk``). ``interpret`` is the hot path of the library: an elementwise operation takes the short way through what
its declaration prepared.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy import ndarray

from edgewise.core.admission import admit
from edgewise.core.buffers import Keeper
from edgewise.core.levels import beside
from edgewise.core.mode import NOTHING, RECORDERS, Mode
from edgewise.core.node import Node
from edgewise.core.parts import PART
from edgewise.core.shapes import FLOAT64
from edgewise.core.traced import TRACED, Traced, TracedArray, TracedScalar, apply, fixed
from edgewise.core.updates import put_into
from edgewise.errors import NotYetError

__all__ = ["Recorded"]

ONE = (1, 1)  # one operand, which is active
NUMBERS = frozenset((float, int, np.float64, np.float32, TracedScalar))  # what no store can change


class Recorded(Mode):
    """One recording. Use as a context: it ends, and gives kept buffers back, when the transformation does."""

    keeps = True

    def __init__(self) -> None:
        super().__init__()
        self.next_serial = itertools.count().__next__
        self.keeper = Keeper()

    def lift(self, value: Any) -> Traced:
        """An input of the recorded program."""
        if type(value) is np.ndarray:
            value = self.keeper.hold(value)
        elif type(value) in TRACED:
            value = fixed(value)  # the caller's own may be stored into, and so may this one
        node = Node(self.next_serial(), None, (), (), {}, value.shape, value.dtype)
        return (TracedArray if node.shape else TracedScalar)(value, self, node)

    def constant(self, value: Any) -> Traced:
        node = Node(self.next_serial(), None, (), (), {}, value.shape, value.dtype)  # an input that nobody asks about
        return (TracedArray if node.shape else TracedScalar)(value, self, node)

    def put(self, primitive: Any, x: Any, v: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> None:
        """One node, which keeps the index and nothing else; the value is overwritten."""
        own, parent = v, None
        if type(v) in TRACED and v.mode is self:
            own, parent = v.value, v.payload
        x.value = put_into(x.value, own, arrays, params["template"])
        kept = tuple([self.keeper.hold(a) if type(a) is ndarray else a for a in arrays])
        before = x.payload
        x.payload = Node(
            self.next_serial(), primitive, (before, parent, *(None,) * len(arrays)), (None, None, *kept, None), params,
            before.shape, before.dtype,
        )  # fmt: skip

    def unary(self, primitive: Any, x: Any) -> Any:
        if primitive.value is None or not primitive.active:
            return self.interpret(primitive, (x,), NOTHING)
        v = x.value
        y = primitive.value(v)
        shape, dtype = y.shape, y.dtype
        kept = primitive.keepers[1][0](v, y)
        node = Node(self.next_serial(), primitive, (x.payload,), kept, NOTHING, shape, dtype)
        return (TracedArray if shape else TracedScalar)(y, self, node)

    def binary(self, primitive: Any, x1: Any, x2: Any) -> Any:
        if primitive.active != 3:
            return self.interpret(primitive, (x1, x2), NOTHING)
        kind1, kind2 = type(x1), type(x2)
        mask = 0
        if kind1 in TRACED and x1.mode is self:
            v1, p1, mask = x1.value, x1.payload, 1
        elif kind1 in NUMBERS or (kind1 is ndarray and x1.dtype is FLOAT64):
            v1, p1 = x1, None
        elif kind1 in TRACED:  # of a lower level
            v1, p1 = fixed(x1), None
        else:
            return self.interpret(primitive, (x1, x2), NOTHING)
        if kind2 in TRACED and x2.mode is self:
            v2, p2, mask = x2.value, x2.payload, mask + 2
        elif kind2 in NUMBERS or (kind2 is ndarray and x2.dtype is FLOAT64):
            v2, p2 = x2, None
        elif kind2 in TRACED:  # of a lower level
            v2, p2 = fixed(x2), None
        else:
            return self.interpret(primitive, (x1, x2), NOTHING)
        y = primitive.value(v1, v2)
        keep, needed = primitive.keepers[mask]
        if kind1 is ndarray and 0 in needed:
            v1 = self._hold(v1, y)
        elif kind2 is ndarray and 1 in needed:
            v2 = self._hold(v2, y)
        shape, dtype = y.shape, y.dtype
        node = Node(self.next_serial(), primitive, (p1, p2), keep(v1, v2, y), NOTHING, shape, dtype)
        return (TracedArray if shape else TracedScalar)(y, self, node)

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if len(operands) == 1 and primitive.outputs is None:
            return self._one(primitive, operands[0], params)
        values: list[Any] = []
        parents: list[Node | None] = []
        active, bit, nested = 0, 1, False
        for operand in operands:
            kind = type(operand)
            if kind in TRACED and operand.mode is self:
                value = operand.value
                nested = nested or type(value) in TRACED
                values.append(value)
                parents.append(operand.payload)
                active |= bit
            else:
                if kind in TRACED:
                    nested = True
                    operand = fixed(operand)  # noqa: PLW2901  as it is now, whatever is stored into it later
                elif kind not in NUMBERS:
                    admitted = admit(operand, operands)
                    if admitted is not operand and type(admitted) in TRACED:
                        return apply(primitive, tuple(map(admit, operands)), params)
                    operand = admitted  # noqa: PLW2901  the admitted form is the operand
                values.append(operand)
                parents.append(None)
            bit <<= 1
        operands = tuple(values)
        y = apply(primitive, operands, params) if nested else primitive.compute(operands, params)
        if primitive.zero:
            return y
        key = (len(values), active)
        needs = primitive.needs.get(key)
        if needs is None:
            needs = primitive.needs[key] = self._needs(primitive, *key)
        for i, (parent, use) in enumerate(zip(parents, needs, strict=False)):
            if parent is not None:
                if not (needs[-1] >> i) & 1:
                    parents[i] = None
            elif use and type(values[i]) is ndarray:
                values[i] = self._hold(values[i], y if primitive.outputs is None else y[0])
        if not needs[-1]:
            return y
        kept = tuple([v if use else None for v, use in zip((*values, y), needs, strict=False)])
        if primitive.outputs is None:
            return self._wrap(y, primitive, tuple(parents), kept, params)
        shapes, dtypes = tuple(part.shape for part in y), tuple(part.dtype for part in y)
        node = Node(self.next_serial(), primitive, tuple(parents), kept, params, shapes, dtypes)  # type: ignore[arg-type]  # a tuple node
        return tuple(
            part
            if i in primitive.zero_outputs
            else self._wrap(part, PART, (node,), (None, None), {"index": i, "of": len(y)})
            for i, part in enumerate(y)
        )

    def _hold(self, array: Any, y: Any) -> Any:
        """An ordinary array that the derivative of ``y`` needs, safe from being overwritten until then."""
        known = beside(array, y) if RECORDERS else array
        return self.keeper.hold(array) if known is array else known

    def _one(self, primitive: Any, x: Any, params: dict[str, Any]) -> Any:
        """``interpret`` for a single operand, which is then a value of this mode, and a single output."""
        v = x.value
        y = apply(primitive, (v,), params) if type(v) in TRACED else primitive.compute((v,), params)
        if primitive.zero:
            return y
        needs = primitive.needs.get(ONE)
        if needs is None:
            needs = primitive.needs[ONE] = self._needs(primitive, *ONE)
        if not needs[-1]:
            return y
        return self._wrap(y, primitive, (x.payload,), (v if needs[0] else None, y if needs[1] else None), params)

    @staticmethod
    def _needs(primitive: Any, arity: int, active: int) -> tuple[int, ...]:
        """Per operand and for the output whether it is kept; last, which of the active operands have an edge."""
        family = primitive.family
        edges = [i for i in range(arity) if active >> i & 1 and family.has_edge(primitive, i)]
        slots = frozenset().union(*(family.slots(primitive, i, arity) for i in edges))
        return (*(int(i in slots) for i in range(arity)), int(-1 in slots), sum(1 << i for i in edges))

    def _wrap(
        self, y: Any, primitive: Any, parents: tuple[Node | None, ...], kept: tuple[Any, ...], params: Any
    ) -> Traced:
        shape, dtype = y.shape, y.dtype
        if dtype is not FLOAT64 and dtype.kind not in "fc":
            refuse_dtype(dtype)
        node = Node(self.next_serial(), primitive, parents, kept, params, shape, dtype)
        return (TracedArray if shape else TracedScalar)(y, self, node)

    def __exit__(self, *exc: object) -> None:
        self.end()
        self.keeper.release()


def refuse_dtype(dtype: Any) -> None:
    """Integers and objects that an operation made of numbers have no derivative."""
    raise NotYetError(
        f"a result of dtype {dtype} is not differentiated", "edgewise differentiates floating-point values", ""
    )
