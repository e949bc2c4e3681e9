"""Maps that move, repeat or add entries without weighing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.shapes import repeated
from edgewise.maps.base import Map

__all__ = ["Broadcast", "Reshape", "Sum", "Transpose"]

Shape = tuple[int, ...]


class Reshape(Map):
    """The same entries in another shape."""

    __slots__ = ("shape", "target")
    complex_linear = True

    def __init__(self, shape: Shape, target: Shape) -> None:
        self.shape = shape
        self.target = target

    def push(self, t: Any) -> Any:
        return np.reshape(t, self.target)

    def pull(self, g: Any) -> Any:
        return np.reshape(g, self.shape)


class Transpose(Map):
    """Axes in another order; ``axes`` as in ``np.transpose``, counted from 0."""

    __slots__ = ("axes",)
    complex_linear = True

    def __init__(self, axes: Shape) -> None:
        self.axes = axes

    def push(self, t: Any) -> Any:
        return np.transpose(t, self.axes)

    def pull(self, g: Any) -> Any:
        inverse = [0] * len(self.axes)
        for i, axis in enumerate(self.axes):
            inverse[axis] = i
        return np.transpose(g, inverse)


class Sum(Map):
    """The sum over ``axes`` (counted from the end) of an array of ``shape``; its adjoint repeats."""

    __slots__ = ("axes", "shape")
    complex_linear = True

    def __init__(self, axes: Shape, shape: Shape) -> None:
        self.axes = axes
        self.shape = shape

    def push(self, t: Any) -> Any:
        return np.sum(t, axis=self.axes)

    def pull(self, g: Any) -> Any:
        return np.broadcast_to(np.expand_dims(g, self.axes), self.shape) if g.ndim else repeated(g, self.shape)


class Broadcast(Map):
    """Repeat an array of ``shape`` to ``target``; its adjoint sums."""

    __slots__ = ("shape", "target")
    complex_linear = True

    def __init__(self, shape: Shape, target: Shape) -> None:
        self.shape = shape
        self.target = target

    def push(self, t: Any) -> Any:
        return np.broadcast_to(t, self.target)

    def pull(self, g: Any) -> Any:
        extra = len(self.target) - len(self.shape)
        ones = tuple(i - len(self.shape) for i, n in enumerate(self.shape) if n == 1 and self.target[i + extra] != 1)
        g = np.sum(g, axis=tuple(range(extra))) if extra else g
        return np.sum(g, axis=ones, keepdims=True) if ones else g
