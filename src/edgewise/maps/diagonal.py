"""Maps that act entry by entry: weights, masks, the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.pairing import conj
from edgewise.maps.base import Map

__all__ = ["Conjugate", "Diagonal", "Identity", "Mask"]


class Identity(Map):
    """t -> t."""

    __slots__ = ()
    complex_linear = True

    def push(self, t: Any) -> Any:
        return t

    def pull(self, g: Any) -> Any:
        return g


class Diagonal(Map):
    """t -> weight · t + anti · conj(t), entry by entry, broadcasting.

    Args:
        weight: a number or an array.
        cut: whether a zero in the weight means that the entry is not chosen (the max family), so that nothing reaches
            it.
        anti: the weight of the conjugate, None where there is none: complex-differentiable functions.
    """

    __slots__ = ("anti", "cut", "weight")

    def __init__(self, weight: Any, cut: bool = False, anti: Any = None) -> None:
        self.weight = weight
        self.cut = cut
        self.anti = anti

    @property
    def selects(self) -> bool:  # type: ignore[override]  # depends on the weight's meaning
        return self.cut

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # depends on the weights
        return self.anti is None

    def push(self, t: Any) -> Any:
        return self._times(self.weight, t)

    def pull(self, g: Any) -> Any:
        return self._times(conj(self.weight), g)

    def _times(self, weight: Any, t: Any) -> Any:
        if self.cut:
            return np.where(weight != 0, t * weight, 0)
        return t * weight if self.anti is None else t * weight + np.conjugate(t) * self.anti

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self._times_alive(self.weight, t, alive)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self._times_alive(conj(self.weight), g, alive)

    def _times_alive(self, weight: Any, t: Any, alive: Any) -> tuple[Any, Any]:
        if self.cut:
            chosen = weight != 0
            alive = chosen if alive is None else alive & chosen
        if alive is None:
            return self._times(weight, t), None
        product = t * weight if self.anti is None else t * weight + np.conjugate(t) * self.anti
        out = np.where(alive, product, 0)
        return out, np.broadcast_to(alive, out.shape)

    def pattern(self) -> Map:
        return Mask(self.weight != 0) if self.cut else Diagonal(np.ones(np.shape(self.weight)))


class Conjugate(Map):
    """t -> conj(t), its own adjoint."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return np.conjugate(t)

    def pull(self, g: Any) -> Any:
        return np.conjugate(g)


class Mask(Map):
    """t -> t where chosen, 0 elsewhere: what ``where``, ``select`` and the ties of ``max`` put on an edge."""

    __slots__ = ("chosen",)
    complex_linear = True
    selects = True

    def __init__(self, chosen: Any) -> None:
        self.chosen = chosen

    def push(self, t: Any) -> Any:
        return np.where(self.chosen, t, 0)

    def pull(self, g: Any) -> Any:
        return self.push(g)
