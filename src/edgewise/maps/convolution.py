"""The map t -> convolution(t, other), whose adjoint is a convolution with the other one reversed and conjugated."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.convolution import convolution
from edgewise.core.levels import finite
from edgewise.core.pairing import conj
from edgewise.core.recurrence import reversed_along
from edgewise.maps.base import Map

__all__ = ["Convolve"]


class Convolve(Map):
    """t -> convolution(t, other, mode); with ``second``, t -> convolution(other, t, mode).

    Where the mode is "full" the two are one. For y = convolution(a, v, "valid") the cotangent of v is what g, reversed,
    makes of conj(a), read backwards: Σ_i g_i · conj(a_(i + m-1 - j)) at j.
    """

    __slots__ = ("mode", "other", "second")
    complex_linear = True

    def __init__(self, other: Any, mode: str, second: bool = False) -> None:
        self.other = other
        self.mode = mode
        self.second = second and mode == "valid"

    def push(self, t: Any) -> Any:
        return convolution(self.other, t, mode=self.mode) if self.second else convolution(t, self.other, mode=self.mode)

    def pull(self, g: Any) -> Any:
        if self.second:
            return reversed_along(convolution(conj(self.other), reversed_along(g, -1), mode="valid"), -1)
        return convolution(g, reversed_along(conj(self.other), -1), mode="valid" if self.mode == "full" else "full")

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        reached = self._carry(self.pattern().push, t, alive)
        if alive is None or finite(self.other):
            return self.push(t), reached
        if self.second:
            return _masked(self.other, t, "valid", True, alive), reached
        return _masked(t, self.other, self.mode, alive, True), reached

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        reached = self._carry(self.pattern().pull, g, alive)
        if alive is None or finite(self.other):
            return self.pull(g), reached
        if self.second:
            backwards = _masked(conj(self.other), g[..., ::-1], "valid", True, alive[..., ::-1])
            return reversed_along(backwards, -1), reached
        mode = "valid" if self.mode == "full" else "full"
        return _masked(g, reversed_along(conj(self.other), -1), mode, alive, True), reached

    def pattern(self) -> Map:
        return Convolve(np.ones(self.other.shape), self.mode, self.second)


def _masked(x1: Any, x2: Any, mode: str, live1: Any, live2: Any) -> Any:
    """The convolution whose products are left out where an operand is dead, whatever the other one is there."""
    n, m = x1.shape[-1], x2.shape[-1]
    live1, live2 = np.broadcast_to(live1, x1.shape), np.broadcast_to(live2, x2.shape)
    total: Any = 0.0
    for j in range(m):
        part = slice(None) if mode == "full" else slice(m - 1 - j, n - j)
        alive = live1[..., part] & live2[..., j : j + 1]
        product = np.where(alive, x1[..., part] * x2[..., j : j + 1], 0)
        if mode == "full":
            ends = [np.zeros((*product.shape[:-1], k), product.dtype) for k in (j, m - 1 - j)]
            product = np.concatenate([ends[0], product, ends[1]], axis=-1)
        total = total + product
    return total
