"""Operations with several outputs: one node for the tuple, and a ``part`` that takes one output out of it.

The map of such an operation goes from its inputs to the tuple of outputs, with shared factors. A cotangent of the
tuple is a tuple, None where an output was not used, so that unused outputs cost nothing; its aliveness is a tuple of
masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.core.primitive import Family, Primitive

__all__ = ["PART", "Part"]


class Part:
    """The map from a tuple of outputs to one of them, with the verbs of ``maps.base.Map``."""

    __slots__ = ("index", "of")
    selects = False
    complex_linear = True

    def __init__(self, index: int, of: int) -> None:
        self.index = index
        self.of = of

    def push(self, t: Any) -> Any:
        return t[self.index]

    def pull(self, g: Any) -> Any:
        return tuple(g if i == self.index else None for i in range(self.of))

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return t[self.index], None if alive is None else alive[self.index]

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self.pull(g), tuple(alive if i == self.index else None for i in range(self.of))

    def pattern(self) -> Part:
        return self

    def __repr__(self) -> str:
        return f"Part(index={self.index}, of={self.of})"


class _Parts(Family):
    name = "part"

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Any:
        return Part(params["index"], params["of"])


PART = Primitive("part", lambda y, index, of: y[index], _Parts())
