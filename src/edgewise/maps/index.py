"""The maps of indexing and of stores.

``Index``, whose adjoint scatters: slices, fancy indices, sort, take, join, split are all of this kind. A store is the
sum of two: what is left of the old content (``Clear``), and the stored value in its place, an ``Index`` read backwards.
"""

from __future__ import annotations

from typing import Any

from edgewise.core.index import gather, put, scatter_add
from edgewise.maps.base import Map

__all__ = ["Clear", "Index"]


class _At(Map):
    """What the two have: an index in normal form (``core.index``), and the ``shape`` of the array that it is for."""

    __slots__ = ("arrays", "shape", "template")
    complex_linear = True
    selects = True

    def __init__(self, template: tuple[Any, ...], arrays: tuple[Any, ...], shape: tuple[int, ...]) -> None:
        self.template = template
        self.arrays = arrays
        self.shape = shape


class Index(_At):
    """t -> t[index]."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return gather(t, *self.arrays, template=self.template)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self.push(t), None if alive is None else self.push(alive)  # without a look at what is not read

    def pull(self, g: Any) -> Any:
        return scatter_add(g, *self.arrays, template=self.template, shape=self.shape)


class Clear(_At):
    """t -> t with zeros at an index: what is overwritten there is lost. Its own adjoint."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return put(t, 0, *self.arrays, template=self.template, shape=self.shape)

    def pull(self, g: Any) -> Any:
        return self.push(g)
