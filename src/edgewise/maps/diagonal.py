"""Maps that act entry by entry: weights, masks, the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.maps.base import Map

__all__ = ["Diagonal", "Identity", "Mask"]


class Identity(Map):
    """t -> t."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return t

    def pull(self, g: Any) -> Any:
        return g


class Diagonal(Map):
    """t -> weight · t, entry by entry, broadcasting.

    Args:
        weight: a number or an array.
        cut: whether a zero in the weight means that the entry is not chosen (the max family), so that nothing reaches
            it.
    """

    __slots__ = ("cut", "weight")

    def __init__(self, weight: Any, cut: bool = False) -> None:
        self.weight = weight
        self.cut = cut

    @property
    def selects(self) -> bool:  # type: ignore[override]  # depends on the weight's meaning
        return self.cut

    def push(self, t: Any) -> Any:
        return np.where(self.weight != 0, t * self.weight, 0) if self.cut else t * self.weight

    def pull(self, g: Any) -> Any:
        return self.push(g)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        if self.cut:
            chosen = self.weight != 0
            alive = chosen if alive is None else alive & chosen
        if alive is None:
            return t * self.weight, None
        out = np.where(alive, t * self.weight, 0)
        return out, np.broadcast_to(alive, out.shape)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self.push_alive(g, alive)

    def pattern(self) -> Map:
        return Mask(self.weight != 0) if self.cut else Diagonal(np.ones(np.shape(self.weight)))


class Mask(Map):
    """t -> t where chosen, 0 elsewhere: what ``where``, ``select`` and the ties of ``max`` put on an edge."""

    __slots__ = ("chosen",)
    selects = True

    def __init__(self, chosen: Any) -> None:
        self.chosen = chosen

    def push(self, t: Any) -> Any:
        return np.where(self.chosen, t, 0)

    def pull(self, g: Any) -> Any:
        return self.push(g)
