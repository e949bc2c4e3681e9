"""Observing: a recording in which every operation passes one place, for those who want to see it on its way.

The short ways of ``Recorded`` are not taken; the graph is the same.
"""

from __future__ import annotations

from typing import Any

from edgewise.core.mode import NOTHING
from edgewise.core.node import Node
from edgewise.core.traced import TRACED
from edgewise.modes.recorded import Recorded

__all__ = ["Observing"]


class Observing(Recorded):
    """A recording to be observed: a subclass says in ``observe`` what it does around an operation."""

    __slots__ = ()  # so that a recording that has begun can become one

    def unary(self, primitive: Any, x: Any) -> Any:
        return self.observe(primitive, (x,), NOTHING)

    def binary(self, primitive: Any, x1: Any, x2: Any) -> Any:
        return self.observe(primitive, (x1, x2), NOTHING)

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        return self.observe(primitive, operands, params)

    def observe(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Every operation, from whichever way it comes; here it is recorded and nothing else."""
        return super().interpret(primitive, operands, params)

    def node_of(self, value: Any) -> Node | None:
        """The node of a value of this recording, below whatever modes are around it; None for any other value."""
        while type(value) in TRACED:
            if value.mode is self:
                node: Node = value.payload
                return node
            value = value.value
        return None
