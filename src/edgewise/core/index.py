"""Indexing in normal form: ``gather`` and its transpose ``scatter_add``.

NumPy's index expression is split once into a ``template`` (slices, integers, None, and ``ARRAY`` where an index array
goes) and the index arrays themselves, which are operands: they have no derivative, but under ``vmap`` they may differ
from one member of the batch to the next. Boolean masks become index arrays.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from edgewise.core.levels import known, settled
from edgewise.core.traced import Traced, dispatched
from edgewise.errors import BatchError, NotYetError, StaticRoleError

__all__ = ["ARRAY", "Layout", "batched_layout", "fill", "gather", "index_shape", "normalise", "put", "scatter_add"]


class _Array:
    """The place of an index array in a template."""

    def __repr__(self) -> str:
        return "ARRAY"


ARRAY = _Array()
ALL = slice(None)


@dispatched
def gather(x: Any, *arrays: Any, template: tuple[Any, ...]) -> Any:
    """``x[...]`` with the index given as a template and its index arrays.

    >>> gather(np.array([5.0, 6.0, 7.0]), np.array([2, 0]), template=(ARRAY,))
    array([7., 5.])
    """
    return x[fill(template, arrays)]


@dispatched
def scatter_add(g: Any, *arrays: Any, template: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` added at an index: the transpose of ``gather``; repeated entries add up.

    >>> scatter_add(np.array([1.0, 2.0]), np.array([0, 0]), template=(ARRAY,), shape=(2,))
    array([3., 0.])
    """
    out = np.zeros(shape, g.dtype) if isinstance(g, np.ndarray | np.generic) else np.zeros_like(g, shape=shape)
    index = fill(template, arrays)
    if arrays:
        np.add.at(out, index, g)
    else:
        out[index] = g
    return out


@dispatched
def put(x: Any, v: Any, *arrays: Any, template: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """A copy of ``x``, of ``shape``, with ``v`` stored at an index that names no entry twice.

    >>> put(np.zeros(3), np.array([5.0, 6.0]), np.array([2, 0]), template=(ARRAY,), shape=(3,))
    array([6., 0., 5.])
    """
    out = np.array(x, copy=True) if isinstance(x, np.ndarray) else x.copy()
    out[fill(template, arrays)] = v
    return out


def fill(template: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index that a template and its arrays stand for."""
    if not arrays:
        return template
    rest = iter(arrays)
    return tuple(next(rest) if item is ARRAY else item for item in template)


def normalise(index: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split NumPy's index expression for an array of ``shape`` into a template and index arrays.

    Raises:
        IndexError: what NumPy refuses.
        BatchError: a mask that differs within a batch.
        StaticRoleError: a traced real number as an index.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    template: list[Any] = []
    arrays: list[Any] = []
    used = sum(_axes_used(item) for item in items)
    at = 0  # the axis the next item is about
    for item in items:
        start, at = at, at + (_axes_used(item) if item is not Ellipsis else len(shape) - used)
        if item is Ellipsis:
            template += [ALL] * (len(shape) - used)
        elif item is None or isinstance(item, slice):
            template.append(_plain_slice(item))
        elif isinstance(item, int) and not isinstance(item, bool):
            template.append(item)
        elif isinstance(item, np.integer):
            template.append(int(item))
        else:
            for array in _index_arrays(item, shape[start:at]):
                template.append(ARRAY)
                arrays.append(array)
    if arrays:  # beside index arrays, NumPy broadcasts integers as arrays too
        rest = iter(arrays)
        arrays = [
            next(rest) if item is ARRAY else np.asarray(item) for item in template if item is ARRAY or type(item) is int
        ]
        template = [ARRAY if type(item) is int else item for item in template]
    return tuple(template), tuple(arrays)


def _axes_used(item: Any) -> int:
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, bool | np.bool_):
        return 0
    dtype = getattr(item, "dtype", None)
    if dtype is None and isinstance(item, list):
        item = np.asarray(item)
        dtype = item.dtype
    return int(item.ndim) if dtype is not None and dtype.kind == "b" else 1


def _plain_slice(item: Any) -> Any:
    if item is None or not any(isinstance(part, Traced) for part in (item.start, item.stop, item.step)):
        return item
    return slice(
        *(part.__index__() if isinstance(part, Traced) else part for part in (item.start, item.stop, item.step))
    )


def _index_arrays(item: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Index arrays for one item, which is about axes of these lengths."""
    if isinstance(item, Traced) and item.dtype.kind == "b" and known(item):
        item = settled(item)  # how many entries there are is decided here
    if isinstance(item, bool | np.bool_):
        raise NotYetError(
            "a lone True or False was used as an index",
            "edgewise indexes with masks that have axes",
            "write x[None] for x[True], and x[None][:0] for x[False]",
        )
    if not isinstance(item, Traced):
        item = np.asarray(item)
        if item.size == 0 and item.dtype.kind == "f":
            item = item.astype(int)
    kind = item.dtype.kind
    if kind in "iu":
        return (item,)
    if kind != "b":
        if isinstance(item, Traced) or (kind == "O" and any(isinstance(e, Traced) for e in item.flat)):
            raise StaticRoleError(
                "a traced real number was used as an index",
                "the element it chooses does not change smoothly with it",
                "say which integer is meant: x[int(np.floor(t))]",
            )
        raise IndexError("arrays used as indices must be of integer (or boolean) type")
    if isinstance(item, Traced):
        raise BatchError(
            "a boolean mask that differs within a batch was used as an index",
            "the members of the batch would have results of different lengths",
            "keep the length and choose the values: np.where(mask, x, 0)",
        )
    if len(item.shape) != len(shape) or any(m not in (0, n) for m, n in zip(item.shape, shape, strict=True)):
        raise IndexError(f"boolean index of shape {item.shape} did not match indexed axes of shape {shape}")
    return np.nonzero(item)


def index_shape(template: tuple[Any, ...], arrays: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of ``x[...]`` for an ``x`` of ``shape``, in no memory but for index arrays.

    >>> index_shape((ARRAY, slice(1, None)), (np.array([0, 0, 1]),), (2, 5))
    (3, 4)
    """
    like = np.broadcast_to(np.False_, shape)
    found: tuple[int, ...] = like[fill(template, tuple(np.broadcast_to(0, np.shape(a)) for a in arrays))].shape
    return found


class Layout(NamedTuple):
    """A batched index: the template and arrays with the batch in front, and the axes to move afterwards."""

    template: tuple[Any, ...]
    arrays: tuple[Any, ...]
    source: tuple[int, ...]
    target: tuple[int, ...]


def batched_layout(template: tuple[Any, ...], arrays: list[Any], batched: list[bool], size: int) -> Layout:
    """The index for arrays with a leading batch axis.

    NumPy puts the axes of index arrays where the arrays stand, or first where a slice stands between them; the moves
    bring the result into the order that the unbatched index has, behind the batch axis.
    """
    positions = [i for i, item in enumerate(template) if item is ARRAY]
    if not positions:
        return Layout((ALL, *template), (), (), ())
    apart = positions[-1] - positions[0] + 1 != len(positions)
    rank = max(a.ndim - b for a, b in zip(arrays, batched, strict=True))
    if not any(batched):  # the batch axis is a slice in front
        return Layout((ALL, *template), tuple(arrays), (rank,) if apart else (), (0,) if apart else ())
    # some arrays differ within the batch: they all get a batch axis in front, and so does the array itself
    own = np.reshape(np.arange(size), (size,) + (1,) * rank)
    aligned = [
        np.reshape(a, (size,) + (1,) * (rank - a.ndim + 1) + a.shape[1:]) if b else a
        for a, b in zip(arrays, batched, strict=True)
    ]
    first = 0 if apart else sum(not isinstance(item, int) for item in template[: positions[0]])
    if apart or first:
        source, target = tuple(range(1, rank + 1)), tuple(range(first + 1, first + rank + 1))
    else:
        source = target = ()
    return Layout((ARRAY, *template), (own, *aligned), source, target)
