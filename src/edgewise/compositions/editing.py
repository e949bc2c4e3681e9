"""Putting entries in, taking entries out, and building arrays of blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.shapes import negative_axes
from edgewise.core.traced import cast_as
from edgewise.families.samples import case, grid

X, V = grid(3, 4), grid(5)


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(
    np.delete,
    [case(V, 1), case(X, 1, 0), case(X, [0, -1], 1), case(X, slice(1, 3), axis=1), case(X, [1, 5]),
     case(V, np.array([True, False, False, True, False]))],
    "arr",
)  # fmt: skip
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    arr = _array(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    (one,) = negative_axes(axis, arr.ndim)
    return np.take(arr, np.delete(np.arange(arr.shape[one]), obj), axis=one)


@composition(
    np.insert,
    [case(V, 1, 0.5), case(V, 1, np.array([0.5, 1.5])), case(V, [1, 1, 4], np.array([0.5, 1.5, 2.5])),
     case(X, 1, 0.5, axis=1), case(X, 1, grid(3, seed=1), axis=1), case(X, [0, 2], grid(3, 2, seed=1), axis=1),
     case(X, -1, grid(4, seed=1), axis=0), case(X, [2], 0.5), case(X, slice(0, 2), grid(2, 4, seed=2), axis=0)],
    "arr", "obj", "values",
)  # fmt: skip
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = _array(arr), _array(values)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    (one,) = negative_axes(axis, arr.ndim)
    at, n = arr.ndim + one, arr.shape[one]
    place = obj if isinstance(obj, slice) else np.asarray(obj)
    if isinstance(place, np.ndarray) and place.dtype == bool:
        if place.ndim != 1:
            raise ValueError("boolean array argument obj to insert must be one dimensional")
        place = np.flatnonzero(place)
    if values.dtype != arr.dtype:
        values = cast_as(values, arr.dtype)
    if isinstance(place, np.ndarray) and place.ndim == 0:
        if values.ndim < arr.ndim:  # the first axis of what is inserted runs along ``axis``
            values = np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
        values = np.moveaxis(values, 0, at)
        count = values.shape[at]
        before = np.insert(np.arange(n), place, n)  # NumPy's own answer where, and its own error
        where = int(np.flatnonzero(before == n)[0])
        order = np.concatenate([np.arange(where), n + np.arange(count), np.arange(where, n)])
    else:
        count = len(range(n)[place]) if isinstance(place, slice) else place.size
        order = np.insert(np.arange(n), place, n + np.arange(count))
    values = np.broadcast_to(values, (*arr.shape[:at], count, *arr.shape[at + 1 :]))
    return np.take(np.concatenate([arr, values], at), order, axis=at)


@composition(np.resize, [case(X, (2, 3)), case(X, (4, 5)), case(V, 7), case(1.5, (2, 2))], "a")
def resize(a: Any, new_shape: Any) -> Any:
    shape = (int(new_shape),) if isinstance(new_shape, int | np.integer) else tuple(int(n) for n in new_shape)
    if any(n < 0 for n in shape):
        raise ValueError("all elements of `new_shape` must be non-negative")
    size = int(np.prod(shape))
    flat = np.ravel(_array(a))
    if not flat.size or not size:
        return np.zeros(shape, flat.dtype)
    return np.reshape(flat[np.arange(size) % flat.size], shape)


@composition(
    np.block,
    [case([grid(2, 2), grid(2, 3, seed=1)]), case([1.5, grid(2)]), case(X)],
    "arrays",
)  # fmt: skip
def block(arrays: Any) -> Any:
    depth = _depth(arrays)
    ndim = max(depth, _most_axes(arrays))
    return _joined(arrays, depth, ndim)


def _depth(arrays: Any) -> int:
    if isinstance(arrays, tuple):
        raise TypeError("arrays is a tuple: only lists can be used to arrange blocks")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("List at arrays cannot be empty")
    depths = {_depth(a) for a in arrays}
    if len(depths) != 1:
        raise ValueError("List depths are mismatched")
    return 1 + depths.pop()


def _most_axes(arrays: Any) -> int:
    return max(map(_most_axes, arrays)) if isinstance(arrays, list) else np.ndim(arrays)


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if not isinstance(arrays, list):
        a = _array(arrays)
        return np.reshape(a, (1,) * (ndim - a.ndim) + a.shape) if a.ndim < ndim else +a
    return np.concatenate([_joined(a, depth - 1, ndim) for a in arrays], -depth)
