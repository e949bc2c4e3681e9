"""Nodes of the recorded graph, and of the linear program that is made of it.

A ``Node`` stands for one operation. It does not hold its result, only what the maps on its incoming edges need
(``kept``), and points at the nodes of its operands (``parents``, None where an operand is constant). Nobody points
forward, so a value that the result does not depend on is freed at once, with everything only it needed.

A ``LinearNode`` is the same operation once its maps are evaluated: weights, and no operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LinearNode", "Node"]


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


class LinearNode:
    """One operation of a linear program.

    Attributes:
        serial, primitive, params, shape, dtype: those of the ``Node``.
        parents: serials of the operands' nodes, None where constant.
        maps: the evaluated maps on the edges.
        shapes, dtypes: of the operands, what cotangents are repaired to.
    """

    __slots__ = ("dtype", "dtypes", "maps", "params", "parents", "primitive", "serial", "shape", "shapes")

    def __init__(self, node: Node, kept: tuple[Any, ...]) -> None:
        self.serial = node.serial
        self.primitive = primitive = node.primitive
        self.params = node.params
        self.shape = node.shape
        self.dtype = node.dtype
        self.parents = tuple(None if p is None else p.serial for p in node.parents)
        self.shapes = tuple(None if p is None else p.shape for p in node.parents)
        self.dtypes = tuple(None if p is None else p.dtype for p in node.parents)
        self.maps = tuple(
            None if p is None else primitive.family.edge(primitive, i, kept, node.params, p.shape)
            for i, p in enumerate(node.parents)
        )
