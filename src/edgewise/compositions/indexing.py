"""Choosing entries, from indexing and ``where``."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.index import ARRAY, gather, scatter_add
from edgewise.core.memory import Diagonal, view
from edgewise.core.operators import method
from edgewise.core.registry import DECLARATIONS
from edgewise.core.shapes import negative_axes
from edgewise.core.traced import Traced, getitem
from edgewise.families.samples import case, grid

X = grid(3, 4)
CUBE = grid(2, 3, 4)
PICK = np.array([[2, 0], [1, 1], [0, 3]])


@composition(
    np.take,
    [
        case(X, [1, 5, 5]),
        case(X, PICK, axis=1),
        case(X, -1, axis=0),
        case(X, [7, -9], mode="wrap"),
        case(X, [20], mode="clip"),
    ],
    "a",
    "indices",
    methods=("take",),
)
def take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Any:
    if axis is None:
        a, axis = np.ravel(a), 0
    (one,) = negative_axes(axis, a.ndim)
    n = a.shape[one]
    if not isinstance(indices, Traced):
        indices = np.asarray(indices, None if hasattr(indices, "dtype") else np.intp)  # NumPy takes 2.0 for 2, and []
    if mode == "wrap":
        indices = indices % n
    elif mode not in ("raise", "clip"):
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got '{mode}')")
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    return getitem(a, (slice(None),) * (a.ndim + one) + (indices,))


@composition(np.take_along_axis, [case(X, PICK, axis=1), case(X, np.array([[1, 0, 2, 2]]), axis=0)], "arr", "indices")
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return getitem(np.ravel(arr), np.ravel(indices))
    if np.ndim(indices) != arr.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    (one,) = negative_axes(axis, arr.ndim)
    index: list[Any] = []
    for i, n in enumerate(arr.shape, -arr.ndim):
        index.append(indices if i == one else np.reshape(np.arange(n), (-1,) + (1,) * (-i - 1)))
    return getitem(arr, tuple(index))


def tied(a: Any, axis: int | None) -> Any:
    """Where neighbours in a sorted order are equal."""
    return np.diff(np.sort(a, axis), axis=-1 if axis is None else axis) == 0


@composition(
    np.sort,
    [case(X), case(X, axis=0), case(X, axis=None)],
    "a",
    oracle="difference",
    note="ties keep their order",
    kink=tied,
)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    return np.take_along_axis(a, np.argsort(a, axis, kind, order, stable=stable), axis)


@composition(np.compress, [case([True, False, True], X, axis=0), case([False, True], X)], "condition", "a")
def compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    condition = np.asarray(condition)
    if condition.ndim != 1:
        raise ValueError("condition must be a 1-d array")
    return np.take(a, np.flatnonzero(condition), axis=axis)


@composition(np.extract, [case(X > 0, X)], "condition", "arr")
def extract(condition: Any, arr: Any) -> Any:
    return np.ravel(arr)[np.flatnonzero(condition)]


@composition(
    np.select,
    [case([X > 1, X > 0], [X, 2 * X], 0.5, wrt=(1,)), case([X > 1, X > 0], [X, 2 * X], wrt=(1,))],
    "condlist",
    "choicelist",
    "default",
)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = np.where(condition, choice, result)
    return result


@composition(np.diagonal, [case(X), case(X, 1), case(CUBE, -1, 0, 2)], "a", methods=("diagonal",))
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = a.shape[-2:]
    first = np.arange(max(min(rows + min(offset, 0), columns - max(offset, 0)), 0))
    template = (slice(None),) * (a.ndim - 2) + (ARRAY, ARRAY)
    places = Diagonal((first - min(offset, 0), first + max(offset, 0)))
    places.offset = offset
    return view(DECLARATIONS[gather].primitive, a, places, template=template, writeable=False)


@composition(np.trace, [case(X), case(X, 1), case(CUBE, 0, 0, 2)], "a", methods=("trace",))
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@composition(np.diag, [case(X), case(grid(3), 1), case(X, -1)], "v")
def diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    if v.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = v.shape[0] + abs(k)
    along = np.arange(v.shape[0])
    return scatter_add(v, along + max(-k, 0), along + max(k, 0), template=(ARRAY, ARRAY), shape=(n, n))


@composition(np.diagflat, [case(grid(2, 2)), case(grid(3), -1)], "v")
def diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@composition(np.tril, [case(X), case(CUBE, 1)], "m")
def tril(m: Any, k: int = 0) -> Any:
    return np.where(_below(m, k), m, 0)


@composition(np.triu, [case(X), case(CUBE, -1)], "m")
def triu(m: Any, k: int = 0) -> Any:
    return np.where(_below(m, k - 1), 0, m)


def _below(m: Any, k: int) -> Any:
    """Which entries are on or below a diagonal; NumPy repeats a vector as the rows of a square."""
    rows, columns = (m.shape * 2)[-2:]
    return np.tri(rows, columns, k, bool)


def _compress_method(self: Traced, condition: Any, axis: int | None = None, out: None = None) -> Any:
    return np.compress(condition, self, axis, out)


Traced.compress = _compress_method  # type: ignore[attr-defined]  # the array is its second argument
method("argsort", np.argsort)
method("argpartition", np.argpartition)
method("searchsorted", np.searchsorted)
method("argmax", np.argmax)
method("argmin", np.argmin)
