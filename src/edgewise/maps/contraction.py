"""The map t -> contract(t, other): each edge of a product is one, with the letters rearranged."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.contract import contract
from edgewise.maps.base import Map, as_mask

__all__ = ["Contract"]


class Contract(Map):
    """t -> contract(t, other); ``letters``, ``others``, ``out`` name the axes of t, ``other`` and the result."""

    __slots__ = ("letters", "other", "others", "out")

    def __init__(self, other: Any, letters: str, others: str, out: str) -> None:
        self.other = other
        self.letters = letters
        self.others = others
        self.out = out

    def push(self, t: Any) -> Any:
        return contract(t, self.other, spec=f"{self.letters},{self.others}->{self.out}")

    def pull(self, g: Any) -> Any:
        return contract(g, self.other, spec=f"{self.out},{self.others}->{self.letters}")

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self._guarded(t, alive, self.letters, self.out)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self._guarded(g, alive, self.out, self.letters)

    def _guarded(self, t: Any, alive: Any, letters: str, out: str) -> tuple[Any, Any]:
        """The contraction written out as products and a sum, so that each product of a dead entry can be dropped."""
        if alive is None:
            return contract(t, self.other, spec=f"{letters},{self.others}->{out}"), None
        summed = "".join(c for c in letters if c not in out)
        spread = f"{out}{summed}"
        products = contract(t, self.other, spec=f"{letters},{self.others}->{spread}")
        counted = contract(alive.astype(float), np.ones(self.other.shape), spec=f"{letters},{self.others}->{spread}")
        axes = tuple(range(-len(summed), 0))
        live = as_mask(counted)
        return np.sum(np.where(live, products, 0), axis=axes), as_mask(np.sum(counted, axis=axes))

    def pattern(self) -> Map:
        return Contract(np.ones(self.other.shape), self.letters, self.others, self.out)
