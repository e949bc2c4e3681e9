"""Shapes and arrangements, from reshape, transpose, broadcasting and indexing."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.index import ARRAY, gather
from edgewise.core.memory import contiguous, view
from edgewise.core.operators import method
from edgewise.core.registry import DECLARATIONS
from edgewise.core.shapes import axes_from, negative_axes
from edgewise.core.traced import Traced, cast_as, fixed
from edgewise.errors import NotYetError
from edgewise.families.samples import case, grid

X = grid(2, 3, 4)


def _reshape_method(self: Traced, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
    order = _settled_order(self, order)
    return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)  # type: ignore[call-overload]  # order is passed on


def _transpose_method(self: Traced, *axes: Any) -> Any:
    return np.transpose(self, (axes[0] if len(axes) == 1 else axes) if axes else None)


_reshape_method.__qualname__, _transpose_method.__qualname__ = "reshape", "transpose"  # as error messages call them
Traced.reshape = _reshape_method  # type: ignore[attr-defined]  # methods with NumPy's looser signatures
Traced.transpose = _transpose_method  # type: ignore[attr-defined]
Traced.T = property(np.transpose)  # type: ignore[attr-defined]
Traced.mT = property(lambda self: np.swapaxes(self, -1, -2))  # type: ignore[attr-defined]
method("astype", cast_as)

if hasattr(np, "astype"):  # since NumPy 2.1

    @composition(np.astype, [case(X, np.float64)], "x")
    def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        return cast_as(x, dtype)


def _settled_order(a: Any, order: str) -> str:
    """NumPy's "A" and "K" ask how the array lies in memory."""
    if order in ("A", "K"):
        return "F" if contiguous(a, "F") and not contiguous(a) else "C"
    return order


@composition(np.ravel, [case(X), case(1.5), case(X, order="F")], "a", methods=("ravel",))
def ravel(a: Any, order: str = "C") -> Any:
    order = _settled_order(a, order)
    row = np.reshape(a, (-1,), order=order)  # type: ignore[call-overload]  # order is the user's word
    return row if contiguous(a, order) else np.copy(row)


def _flatten(self: Traced, order: str = "C") -> Any:
    return fixed(np.ravel(self, order))  # type: ignore[call-overload]  # order is passed on


Traced.flatten = _flatten  # type: ignore[attr-defined]  # a copy, where ravel may be a view


@composition(np.expand_dims, [case(X, 1), case(X, (0, -1)), case(1.5, 0)], "a")
def expand_dims(a: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    ndim = a.ndim + len(axes)
    places = axes_from(tuple(axes), ndim)
    rest = iter(a.shape)
    return np.reshape(a, tuple(1 if i in places else next(rest) for i in range(ndim)))


@composition(
    np.squeeze,
    [case(grid(1, 3, 1)), case(grid(1, 3, 1), axis=0), case(grid(1, 3, 1), axis=(0, -1))],
    "a",
    methods=("squeeze",),
)
def squeeze(a: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(a, tuple(n for n in a.shape if n != 1))
    axes = () if axis in (0, -1) and not a.ndim else negative_axes(axis, a.ndim)
    if any(a.shape[i] != 1 for i in axes):
        raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return np.reshape(a, tuple(n for i, n in enumerate(a.shape, -a.ndim) if i not in axes))


@composition(np.swapaxes, [case(X, 0, 2), case(X, -1, 1)], "a", methods=("swapaxes",))
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    order = list(range(a.ndim))
    (one,), (two,) = negative_axes(axis1, a.ndim), negative_axes(axis2, a.ndim)
    order[one], order[two] = order[two], order[one]
    return np.transpose(a, order)


if hasattr(np, "matrix_transpose"):

    @composition(np.matrix_transpose, [case(X)], "x")
    def matrix_transpose(x: Any, /) -> Any:
        if x.ndim < 2:
            raise ValueError(f"Input array must be at least 2-dimensional, but it is {x.ndim}")
        return np.swapaxes(x, -1, -2)


@composition(np.moveaxis, [case(X, 0, -1), case(X, (0, 1), (2, 0))], "a")
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    sources, targets = axes_from(source, a.ndim), axes_from(destination, a.ndim)
    if len(sources) != len(targets):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    order = [i for i in range(a.ndim) if i not in sources]
    for target, one in sorted(zip(targets, sources, strict=True)):
        order.insert(target, one)
    return np.transpose(a, order)


@composition(np.rollaxis, [case(X, 2), case(X, 0, 3)], "a")
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    (axis,) = axes_from(axis, a.ndim)
    start += a.ndim if start < 0 else 0
    if not 0 <= start <= a.ndim:
        raise np.exceptions.AxisError(f"'start' arg requires {-a.ndim} <= start < {a.ndim + 1}")
    order = [i for i in range(a.ndim) if i != axis]
    order.insert(start - (axis < start), axis)
    return np.transpose(a, order)


@composition(np.flip, [case(X), case(X, axis=1), case(X, axis=(0, -1))], "m")
def flip(m: Any, axis: Any = None) -> Any:
    axes = negative_axes(axis, m.ndim)
    return m[tuple(slice(None, None, -1 if i in axes else None) for i in range(-m.ndim, 0))]


@composition(np.fliplr, [case(X)], "m")
def fliplr(m: Any) -> Any:
    return np.flip(m, 1)


@composition(np.flipud, [case(X)], "m")
def flipud(m: Any) -> Any:
    return np.flip(m, 0)


@composition(np.rot90, [case(X), case(X, 2), case(X, 3, (1, 2))], "m")
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    if len(set(axes_from(axes, m.ndim))) != 2:
        raise ValueError("len(axes) must be 2.")
    k %= 4
    if k == 0:
        return m[:]
    if k == 2:
        return np.flip(m, axes)
    return np.flip(np.swapaxes(m, *axes), axes[0]) if k == 1 else np.swapaxes(np.flip(m, axes[0]), *axes)


@composition(np.roll, [case(X, 2), case(X, -1, axis=1), case(X, (1, 2), axis=(0, 2))], "a")
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.reshape(np.roll(np.ravel(a), shift, 0), a.shape)
    axes = axis.tolist() if isinstance(axis, np.ndarray) else axis
    for by, one in np.broadcast(shift, axes_from(axes, a.ndim, repeated=True)):
        a = np.take(a, (np.arange(a.shape[one]) - int(by)) % max(a.shape[one], 1), axis=one)
    return a


@composition(np.repeat, [case(X, 2), case(X, [1, 0, 2], axis=1), case(grid(3), 2, axis=0)], "a", methods=("repeat",))
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None or not a.ndim:
        a, axis = np.ravel(a), axis or 0
    (one,) = negative_axes(axis, a.ndim)
    return np.take(a, np.repeat(np.arange(a.shape[one]), repeats), axis=one)


@composition(np.tile, [case(grid(3), 2), case(grid(2, 3), (2, 2)), case(grid(3), (2, 1, 2))], "A")
def tile(A: Any, reps: Any) -> Any:
    counts = tuple(map(operator.index, reps if np.ndim(reps) else (reps,)))
    ndim = max(A.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = (1,) * (ndim - A.ndim) + A.shape
    spread = np.broadcast_to(
        np.reshape(A, tuple(n for length in shape for n in (1, length))),
        tuple(n for count, length in zip(counts, shape, strict=True) for n in (count, length)),
    )
    return np.copy(np.reshape(spread, tuple(c * n for c, n in zip(counts, shape, strict=True))))


@composition(np.broadcast_arrays, [case(grid(3), grid(2, 1, seed=1))])
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@composition(
    np.lib.stride_tricks.sliding_window_view,
    [case(grid(7), 3), case(X, (2, 3), (1, 2)), case(X, 2, axis=-1), case(X, (2, 2), (2, 2)), case(grid(3, 4), (2, 3))],
    "x",
)  # fmt: skip
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = tuple(range(x.ndim)) if axis is None else axes_from(axis, x.ndim, repeated=True)
    if len(lengths) != len(axes):
        raise ValueError(f"window_shape has {len(lengths)} lengths, and there are {len(axes)} axes")
    if any(n < 0 for n in lengths):
        raise ValueError("`window_shape` cannot contain negative values")
    if writeable:
        raise NotYetError(
            "sliding_window_view of a traced array was asked for a view to store into",
            "its windows overlap, and a store into one changes others",
            "leave writeable=True out, and store into the array itself",
        )
    ndim, counts = x.ndim + len(axes), list(x.shape)
    for one, n in zip(axes, lengths, strict=True):
        counts[one] -= n - 1
    if any(n < 1 for n in counts):
        raise ValueError("window shape cannot be larger than input array shape")
    places: list[Any] = [np.reshape(np.arange(n), (-1,) + (1,) * (ndim - 1 - i)) for i, n in enumerate(counts)]
    for i, (one, n) in enumerate(zip(axes, lengths, strict=True), x.ndim):
        places[one] = places[one] + np.reshape(np.arange(n), (-1,) + (1,) * (ndim - 1 - i))
    return view(DECLARATIONS[gather].primitive, x, tuple(places), template=(ARRAY,) * x.ndim, writeable=False)


@composition(np.atleast_1d, [case(1.5), case(X)])
def atleast_1d(*arys: Any) -> Any:
    made = tuple(a if np.ndim(a) else np.reshape(a, (1,)) for a in arys)
    return made if len(made) != 1 else made[0]


@composition(np.atleast_2d, [case(1.5), case(grid(3)), case(X)])
def atleast_2d(*arys: Any) -> Any:
    made = tuple(a if np.ndim(a) > 1 else np.reshape(a, (1, -1)) for a in arys)
    return made if len(made) != 1 else made[0]


@composition(np.atleast_3d, [case(1.5), case(grid(3)), case(grid(2, 3))])
def atleast_3d(*arys: Any) -> Any:
    def one(a: Any) -> Any:
        shape = np.shape(a)
        return np.reshape(a, ((1, 1, 1), (1, -1, 1), (*shape, 1), shape)[min(len(shape), 3)])

    made = tuple(map(one, arys))
    return made if len(made) != 1 else made[0]


@composition(np.copy, [case(X), case(X, order="F")], "a")
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    order = _settled_order(a, order) if order == "A" else order
    if order == "K" or contiguous(a, order):
        return fixed(a)
    if order == "F":
        made: Any = np.transpose(np.copy(np.transpose(a), order="C"))
    else:
        made = np.reshape(np.reshape(a, (-1,)), a.shape)  # what does not lie in a row is copied into one
    return fixed(made)


def _copy_method(self: Traced, order: str = "C") -> Any:
    return np.copy(self, order=order)  # type: ignore[call-overload]  # order is the user's word


_copy_method.__qualname__ = "copy"
Traced.copy = _copy_method  # type: ignore[attr-defined]  # the function keeps the order, the method does not


@composition(np.shape, [case(X)], "a")
def shape(a: Any) -> Any:
    return a.shape


@composition(np.ndim, [case(X)], "a")
def ndim(a: Any) -> int:
    return int(a.ndim)


@composition(np.size, [case(X), case(X, 1)], "a")
def size(a: Any, axis: int | None = None) -> int:
    lengths = a.shape if axis is None else [a.shape[i] for i in axes_from(axis, a.ndim)]
    return math.prod(lengths)
