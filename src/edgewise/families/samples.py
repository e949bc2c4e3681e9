"""Samples: calls that show a declaration. The laws, the coverage table and the documentation run them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["Case", "between", "case", "grid", "pairs"]


GOLDEN = 0.6180339887498949


class Case:
    """One call: the arguments, and which of them are differentiated. Nine hundred are made at import: keep it light.

    Attributes:
        args: positional arguments; the differentiable ones are float arrays.
        kwargs: keyword arguments.
    """

    __slots__ = ("_wrt", "args", "kwargs")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], wrt: tuple[int, ...] | None) -> None:
        self.args = args
        self.kwargs = kwargs
        self._wrt = wrt

    @property
    def wrt(self) -> tuple[int, ...]:
        """Positions of the arguments the laws differentiate; a list among them is differentiated in all its entries."""
        if self._wrt is None:
            self._wrt = tuple(i for i, a in enumerate(self.args) if _is_float(a))
        return self._wrt


def case(*args: Any, wrt: tuple[int, ...] | None = None, **kwargs: Any) -> Case:
    """A call; by default every float array or list of arrays among the positional arguments is differentiated."""
    return Case(args, kwargs, wrt)


def _is_float(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(_is_float(v) for v in value)
    return isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"


def between(low: float, high: float) -> list[Case]:
    """A function of one operand, on a scalar, a vector and a matrix spread over an interval."""
    span = high - low
    return [
        case(low + 0.37 * span),
        case(low + span * np.array([0.03, 0.31, 0.64, 0.97])),
        case(low + span * np.array([[0.11, 0.52, 0.93], [0.77, 0.25, 0.43]])),
    ]


def pairs(first: tuple[float, float], second: tuple[float, float]) -> list[Case]:
    """A function of two operands on intervals: equal shapes, broadcasting both ways, a scalar."""
    (a, b), (c, d) = first, second
    x = a + (b - a) * np.array([[0.13, 0.52, 0.91], [0.74, 0.28, 0.46]])
    y = c + (d - c) * np.array([[0.83, 0.21, 0.39], [0.17, 0.68, 0.55]])
    return [case(x, y), case(x[0], y), case(x, y[:, :1]), case(x[0, 0], y[1]), case(float(x[1, 1]), float(y[0, 0]))]


def grid(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Any:
    """Distinct values in no particular order: no ties, none near zero or an integer."""
    n = math.prod(shape)
    turns = (np.arange(1, n + 1) * GOLDEN + 0.1317 * seed) % 1.0  # never twice the same, and no generator to load
    return (low + (high - low) * turns).reshape(shape)
