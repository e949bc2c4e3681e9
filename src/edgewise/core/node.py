"""Nodes of the recorded graph.

A node stands for one operation. It does not hold its result, only what the maps on its incoming edges need (``kept``),
and points at the nodes of its operands (``parents``, None where an operand is constant). Nobody points forward, so a
value that the result does not depend on is freed at once, with everything only it needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Node"]


class Node:
    """One operation of a recorded program.

    Attributes:
        serial: its place in the order of computation; operands come before results.
        primitive: the declaration, None for an input.
        parents: per operand, its node, or None.
        kept: per operand and last the output, the value the maps need, or None.
        params: the static parameters.
        shape, dtype: of the output; what cotangents are repaired to.
        maps: per operand, the evaluated map, once ``linearize`` has made them; then ``kept`` is dropped.
    """

    __slots__ = ("dtype", "kept", "maps", "params", "parents", "primitive", "serial", "shape")

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
        self.maps: tuple[Any, ...] | None = None
