"""Joining and splitting, from concatenate, stack and slices."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.families.samples import case, grid

A, B = grid(2, 3), grid(2, 3, seed=1)
V, W = grid(3), grid(3, seed=1)
X = grid(6, 4)
CUBE = grid(2, 3, 4)


@composition(np.vstack, [case([A, B]), case([V, W])], "tup")
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return np.concatenate([np.atleast_2d(a) for a in tup], 0, dtype=dtype, casting=casting)  # type: ignore[call-overload]  # passed on


@composition(np.hstack, [case([A, B]), case([V, W])], "tup")
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [np.atleast_1d(a) for a in tup]
    axis = 0 if parts[0].ndim == 1 else 1
    return np.concatenate(parts, axis, dtype=dtype, casting=casting)  # type: ignore[call-overload]  # passed on


@composition(np.dstack, [case([A, B]), case([V, W])], "tup")
def dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], 2)


@composition(np.column_stack, [case([V, W]), case([A, grid(2, seed=3)])], "tup")
def column_stack(tup: Any) -> Any:
    return np.concatenate([a if np.ndim(a) > 1 else np.reshape(a, (-1, 1)) for a in tup], 1)


@composition(np.append, [case(V, W), case(A, B, axis=0)], "arr", "values")
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([arr, values] if axis is not None else [np.ravel(arr), np.ravel(values)], axis or 0)


@composition(np.array_split, [case(X, 4), case(X, [1, 3], axis=1)], "ary")
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    n = ary.shape[axis]
    if isinstance(indices_or_sections, int | np.integer):
        sections = int(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        lengths = [n // sections + (i < n % sections) for i in range(sections)]
        cuts = np.cumsum([0, *lengths]).tolist()
    else:
        cuts = [0, *(int(i) for i in indices_or_sections), n]
    lead = (slice(None),) * (axis % ary.ndim)
    return [ary[(*lead, slice(a, b))] for a, b in itertools.pairwise(cuts)]


@composition(np.split, [case(X, 3), case(X, [1, 3], axis=1)], "ary")
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if isinstance(indices_or_sections, int | np.integer) and ary.shape[axis] % int(indices_or_sections):
        raise ValueError("array split does not result in an equal division")
    return list(np.array_split(ary, indices_or_sections, axis))


@composition(np.hsplit, [case(X, 2), case(V, 3)], "ary")
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    _at_least("hsplit", ary, 1)
    return np.split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@composition(np.vsplit, [case(X, 2)], "ary")
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    _at_least("vsplit", ary, 2)
    return np.split(ary, indices_or_sections, 0)


@composition(np.dsplit, [case(CUBE, 2)], "ary")
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    _at_least("dsplit", ary, 3)
    return np.split(ary, indices_or_sections, 2)


def _at_least(name: str, ary: Any, axes: int) -> None:
    if ary.ndim < axes:
        raise ValueError(f"{name} only works on arrays of {axes} or more dimensions")
