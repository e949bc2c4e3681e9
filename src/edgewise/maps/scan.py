"""Maps that run along an axis (counted from the end): cumulative sums and recurrences, whose adjoints run back."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.pairing import conj
from edgewise.core.recurrence import delayed, recurrence, reversed_along
from edgewise.maps.base import Map, as_mask

__all__ = ["CumulativeSum", "Recurrence"]


class CumulativeSum(Map):
    """t -> cumsum(t) along ``axis``."""

    __slots__ = ("axis",)
    complex_linear = True

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def push(self, t: Any) -> Any:
        return np.cumsum(t, axis=self.axis)

    def pull(self, g: Any) -> Any:
        return reversed_along(np.cumsum(reversed_along(g, self.axis), axis=self.axis), self.axis)


class Recurrence(Map):
    """b -> y with y_i = a_i · y_(i-1) + b_i along ``axis``.

    The adjoint is the recurrence read from the end: λ_i = g_i + conj(a_(i+1)) · λ_(i+1).
    """

    __slots__ = ("a", "axis")
    complex_linear = True

    def __init__(self, a: Any, axis: int) -> None:
        self.a = a
        self.axis = axis

    def push(self, t: Any) -> Any:
        return recurrence(self.a, t, axis=self.axis)

    def pull(self, g: Any) -> Any:
        backwards = delayed(reversed_along(conj(self.a), self.axis), self.axis)
        return reversed_along(recurrence(backwards, reversed_along(g, self.axis), axis=self.axis), self.axis)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        if alive is None:
            return self.push(t), None
        reached = as_mask(CumulativeSum(self.axis).push(alive.astype(float)))
        return self._with(np.where(delayed(reached, self.axis), self.a, 0)).push(t), reached

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        if alive is None:
            return self.pull(g), None
        reached = as_mask(CumulativeSum(self.axis).pull(alive.astype(float)))
        return self._with(np.where(reached, self.a, 0)).pull(g), reached

    def _with(self, a: Any) -> Recurrence:
        return Recurrence(a, self.axis)

    def pattern(self) -> Map:
        return CumulativeSum(self.axis)
