"""Applying a function along axes. ``np.vectorize`` needs no row: it calls the function with traced scalars."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.shapes import axes_from
from edgewise.families.samples import case, grid

X, CUBE = grid(3, 4), grid(2, 3, 4)


def _spread(row: Any) -> Any:
    return row[-1] * row


@composition(
    np.apply_along_axis,
    [case(np.sum, 0, X), case(np.cumsum, 1, X), case(_spread, -1, CUBE), case(np.outer, 1, X, np.array([0.5, 1.5]),
                                                                             wrt=(2,))],
    "func1d", "axis", "arr",
)  # fmt: skip
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = arr if hasattr(arr, "__array_function__") else np.asarray(arr)
    (one,) = axes_from(operator.index(axis), arr.ndim)
    rows = np.moveaxis(arr, one, -1)
    lead = rows.shape[:-1]
    if 0 in lead:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    made = [func1d(rows[at], *args, **kwargs) for at in np.ndindex(lead)]
    made = [m if hasattr(m, "__array_function__") else np.asarray(m) for m in made]
    joined = np.reshape(np.stack(made), (*lead, *made[0].shape))
    n = made[0].ndim
    return np.moveaxis(joined, tuple(range(-n, 0)), tuple(range(one, one + n))) if n else joined


@composition(np.apply_over_axes, [case(np.sum, CUBE, (0, 2)), case(np.mean, X, 1)], "func", "a")
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    ndim = a.ndim
    for axis in np.ravel(np.asarray(axes)).tolist():
        one = axis + ndim if axis < 0 else axis
        found = func(a, one)
        if found.ndim != ndim:
            found = np.expand_dims(found, one)
            if found.ndim != ndim:
                raise ValueError("function is not returning an array of the correct shape")
        a = found
    return a
