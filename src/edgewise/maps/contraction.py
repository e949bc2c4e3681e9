"""The map t -> contract(t, other): each edge of a product is one, with the letters rearranged."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.contract import contract
from edgewise.core.levels import finite
from edgewise.core.pairing import conj
from edgewise.maps.base import Map, as_mask

__all__ = ["Contract"]


class Contract(Map):
    """t -> contract(t, other); ``letters``, ``others``, ``out`` name the axes of t, ``other`` and the result."""

    __slots__ = ("letters", "other", "others", "out")
    complex_linear = True

    def __init__(self, other: Any, letters: str, others: str, out: str) -> None:
        self.other = other
        self.letters = letters
        self.others = others
        self.out = out

    def push(self, t: Any) -> Any:
        return contract(t, self.other, spec=f"{self.letters},{self.others}->{self.out}")

    def pull(self, g: Any) -> Any:
        return contract(g, conj(self.other), spec=f"{self.out},{self.others}->{self.letters}")

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self._guarded(self.other, t, alive, self.letters, self.out)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self._guarded(conj(self.other), g, alive, self.out, self.letters)

    def _guarded(self, other: Any, t: Any, alive: Any, letters: str, out: str) -> tuple[Any, Any]:
        """Weights that meet dead entries alone are dropped; what is left is multiplied as ever if it is finite.

        Where an infinite weight meets both, each product is masked before the sum.
        """
        spec = f"{letters},{self.others}->{out}"
        if alive is None:
            return contract(t, other, spec=spec), None
        count, ones = alive.astype(float), np.ones(other.shape)
        reached = as_mask(contract(count, ones, spec=spec))
        own = tuple(i - len(letters) for i, c in enumerate(letters) if c not in self.others)
        met = "".join(c for c in letters if c in self.others)
        met_alive = contract(np.sum(count, axis=own), ones, spec=f"{met},{self.others}->{self.others}")
        weights = np.where(as_mask(met_alive), other, 0)
        if finite(weights):
            return contract(t, weights, spec=spec), reached
        summed = "".join(c for c in letters if c not in out)
        spread = f"{letters},{self.others}->{out}{summed}"
        products = np.where(as_mask(contract(count, ones, spec=spread)), contract(t, weights, spec=spread), 0)
        return np.sum(products, axis=tuple(range(-len(summed), 0))), reached

    def pattern(self) -> Map:
        return Contract(np.ones(self.other.shape), self.letters, self.others, self.out)
