"""Nodes of the recorded graph, and of the linear program that is made of it.

A ``Node`` stands for one operation. It does not hold its result, only what the maps on its incoming edges need
(``kept``), and points at the nodes of its operands (``parents``, None where an operand is constant). Nobody points
forward, so a value that the result does not depend on is freed at once, with everything only it needed.

A ``LinearNode`` is the same operation once its maps are evaluated: weights, and no operands.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Edge", "LinearNode", "Node"]


class Node:
    """One operation of a recorded program.

    Attributes:
        serial: its place in the order of computation; operands come before results.
        primitive: the declaration, None for an input.
        parents: per operand, its node, or None.
        kept: per operand and last the output, the value the maps need, or None.
        params: the static parameters.
        shape, dtype: of the output; what cotangents are repaired to.
        cotangent: what the running sweep has gathered here so far.
    """

    __slots__ = ("cotangent", "dtype", "kept", "params", "parents", "primitive", "serial", "shape")

    def __init__(
        self,
        serial: int,
        primitive: Any,
        parents: tuple[Node | None, ...],
        kept: tuple[Any, ...],
        params: dict[str, Any],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
    ) -> None:
        self.serial = serial
        self.primitive = primitive
        self.parents = parents
        self.kept = kept
        self.params = params
        self.shape = shape
        self.dtype = dtype
        self.cotangent: Any = None


class Edge(NamedTuple):
    """One edge of a linear program.

    Attributes:
        operand: which operand of the operation it is.
        serial: of the operand's node.
        map: the evaluated map.
        shape, dtype: of the operand; what cotangents are repaired to.
    """

    operand: int
    serial: int
    map: Any
    shape: tuple[int, ...]
    dtype: Any

    @property
    def complex_linear(self) -> bool:
        """Whether i times what goes in gives i times what comes out; where the operand is real that cannot be."""
        dtypes = self.dtype if type(self.dtype) is tuple else (self.dtype,)  # of the outputs of one operation
        return self.map.complex_linear and all(dtype.kind == "c" for dtype in dtypes)


class LinearNode:
    """One operation of a linear program.

    Attributes:
        serial, primitive, params, shape, dtype: those of the ``Node``.
        arity: the number of operands, constant ones included.
        edges: from the operands that are not constant.
        last: serials of the operands that no later operation and no result reads: their tangents end here.
    """

    __slots__ = ("arity", "dtype", "edges", "last", "params", "primitive", "serial", "shape")

    def __init__(self, node: Node, kept: tuple[Any, ...]) -> None:
        self.serial = node.serial
        self.primitive = primitive = node.primitive
        self.params = node.params
        self.shape = node.shape
        self.dtype = node.dtype
        self.arity = len(node.parents)
        self.last: tuple[int, ...] = ()
        make = primitive.family.edge
        self.edges = tuple(
            Edge(i, p.serial, make(primitive, i, kept, node.params, p.shape), p.shape, p.dtype)
            for i, p in enumerate(node.parents)
            if p is not None
        )
