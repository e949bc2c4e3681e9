"""Sets of values: results are entries of the arguments, and their number depends on values.

Of several equal entries the derivative goes to the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import settled
from edgewise.core.shapes import negative_axes
from edgewise.families.samples import case, grid

A, B = grid(2, 3), np.array([0.4, -1.0, 2.2])
FIRST = "of equal entries the first"


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(
    np.unique,
    [case(A), case(A, True, True, True), case(A, axis=1)],
    "ar", oracle="difference", note=FIRST, ragged=True,
)  # fmt: skip
def unique(
    ar: Any, return_index: Any = False, return_inverse: Any = False, return_counts: Any = False, axis: Any = None, *,
    equal_nan: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    _, first, *others = np.unique(settled(ar), True, return_inverse, return_counts, axis, equal_nan=equal_nan, **kwargs)
    values = np.ravel(ar)[first] if axis is None else np.take(ar, first, axis=axis)
    extra = ([first] if return_index else []) + others
    return (values, *extra) if extra else values


def _named(function: Any, x: Any) -> Any:
    """NumPy's own result, its values taken from ``x``."""
    found = function(settled(x))
    ordered, first = np.unique(settled(x), return_index=True, equal_nan=False)
    whole = found if isinstance(found, np.ndarray) else found.values
    values = np.ravel(x)[first[np.searchsorted(ordered, whole)]]
    return values if isinstance(found, np.ndarray) else found._replace(values=values)


@composition(np.unique_values, [case(A)], "x", oracle="difference", note=FIRST, ragged=True)
def unique_values(x: Any) -> Any:
    return _named(np.unique_values, x)


@composition(np.unique_counts, [case(A)], "x", oracle="difference", note=FIRST, ragged=True)
def unique_counts(x: Any) -> Any:
    return _named(np.unique_counts, x)


@composition(np.unique_inverse, [case(A)], "x", oracle="difference", note=FIRST, ragged=True)
def unique_inverse(x: Any) -> Any:
    return _named(np.unique_inverse, x)


@composition(np.unique_all, [case(A)], "x", oracle="difference", note=FIRST, ragged=True)
def unique_all(x: Any) -> Any:
    return _named(np.unique_all, x)


@composition(np.union1d, [case(A, B)], "ar1", "ar2", oracle="difference", note=FIRST, ragged=True)
def union1d(ar1: Any, ar2: Any) -> Any:
    return np.unique(np.concatenate([np.ravel(_array(ar1)), np.ravel(_array(ar2))]))


@composition(
    np.intersect1d,
    # In no direction alone do values stay equal: the value is under laws, the convention under a test of its own.
    [case(A, np.ravel(A)[1:4], wrt=()), case(B, np.array([2.2, 0.4, 0.5]), True, True, wrt=())],
    "ar1", "ar2", oracle="difference", note="the entries of the first argument", ragged=True,
)  # fmt: skip
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    both = [np.ravel(_array(a)) for a in (ar1, ar2)]
    first = [np.arange(a.size) if assume_unique else np.unique(settled(a), return_index=True)[1] for a in both]
    places = np.concatenate([first[0], both[0].size + first[1]])
    joined = np.concatenate(both)
    plain = settled(joined)[places]
    order = np.argsort(plain, kind="stable")
    same = np.flatnonzero(plain[order[1:]] == plain[order[:-1]])
    mine, other = places[order[same]], places[order[same + 1]]
    return (joined[mine], mine, other - both[0].size) if return_indices else joined[mine]


@composition(np.setdiff1d, [case(A, B)], "ar1", "ar2", oracle="difference", note=FIRST, ragged=True)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    ar1 = np.ravel(_array(ar1)) if assume_unique else np.unique(_array(ar1))
    return ar1[~np.isin(settled(ar1), settled(ar2))]


@composition(np.setxor1d, [case(A, B)], "ar1", "ar2", oracle="difference", note=FIRST, ragged=True)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    parts = [np.ravel(_array(a)) if assume_unique else np.unique(_array(a)) for a in (ar1, ar2)]
    joined = np.sort(np.concatenate(parts))
    plain = settled(joined)
    differs = np.concatenate([[True], plain[1:] != plain[:-1], [True]])
    return joined[differs[1:] & differs[:-1]] if plain.size else joined


@composition(
    np.trim_zeros,
    [case(B), case(B, "b")],
    "filt", ragged=True,
)  # fmt: skip
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    filt, sides = _array(filt), trim.lower()
    if set(sides) - set("fb"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    if not filt.ndim:
        return filt
    places = np.nonzero(settled(filt))
    axes = tuple(range(filt.ndim)) if axis is None else tuple(i + filt.ndim for i in negative_axes(axis, filt.ndim))
    index: list[Any] = [slice(None)] * filt.ndim
    for one in axes:
        low, high = (places[one].min(), places[one].max() + 1) if places[one].size else (0, 0)
        if not places[one].size and sides == "f":
            low = high = filt.shape[one]
        index[one] = slice(low if "f" in sides else None, high if "b" in sides else None)
    return filt[tuple(index)]
