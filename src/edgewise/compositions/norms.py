"""Norms of vectors and matrices. They are 0 at 0, and so is their derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.pairing import squares
from edgewise.core.shapes import axes_from, keeps, negative_axes
from edgewise.core.traced import cast_as
from edgewise.families.samples import case, grid

V, X, CUBE = grid(5), grid(3, 4), grid(2, 3, 4)
MATRIX = grid(3, 4, seed=8)
NOTE = "0 at 0, the subgradient of least norm; ties of inf and -inf, and equal singular values: split evenly"


def _array(a: Any) -> Any:
    a = a if hasattr(a, "__array_function__") else np.asarray(a)
    return a if a.dtype.kind in "fc" else cast_as(a, float)


def _root(total: Any, power: Any) -> Any:
    """total**power with the derivative 0 at 0, where the power is below one."""
    flat = total == 0
    safe = np.where(flat, 1, total)
    return np.where(flat, 0, np.sqrt(safe) if isinstance(power, float) and power == 0.5 else safe**power)


def _vector(x: Any, ord: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    if ord is None or ord == 2:
        return _root(np.sum(squares(x), axis=axes, keepdims=keepdims), 0.5)
    size = np.abs(x)
    if ord == np.inf:
        return np.max(size, axis=axes, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(size, axis=axes, keepdims=keepdims)
    if ord == 0:
        return cast_as(np.sum(x != 0, axis=axes, keepdims=keepdims), size.dtype)
    if ord == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord < 0:
        return np.sum(size**ord, axis=axes, keepdims=keepdims) ** (1.0 / ord)
    flat = size == 0
    powers = np.where(flat, 0, np.where(flat, 1, size) ** ord)
    return _root(np.sum(powers, axis=axes, keepdims=keepdims), 1.0 / ord)


def _matrix(x: Any, ord: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    rows, columns = axes
    if rows == columns:
        raise ValueError("Duplicate axes given.")
    if ord in (None, "fro", "f"):
        return _root(np.sum(squares(x), axis=axes, keepdims=keepdims), 0.5)
    if ord in (2, -2, "nuc"):
        values = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
        found = (np.sum if ord == "nuc" else np.max if ord == 2 else np.min)(values, axis=-1)
        return np.expand_dims(found, axes) if keepdims else found
    if ord not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = np.sum(np.abs(x), axis=along, keepdims=True)
    found = (np.max if ord > 0 else np.min)(sums, axis=across, keepdims=True)
    return found if keepdims else np.squeeze(found, axes)


@composition(
    np.linalg.norm,
    [
        case(V), case(X), case(CUBE), case(X, axis=1), case(X, axis=(0, 1), keepdims=True), case(CUBE, "fro", (0, 2)),
        *(case(V, p, wrt=(0,)) for p in (np.inf, -np.inf, 0, 1, 2, 3, 2.5, 0.5, -1)), case(X, 3.5, 0, True, wrt=(0,)),
        *(case(MATRIX, p, wrt=(0,)) for p in (np.inf, -np.inf, 1, -1, "fro", 2, -2, "nuc")),
        case(CUBE, 2, axis=(2, 0), keepdims=True), case(CUBE, "nuc", axis=(0, 1)),
        case(CUBE, 1, axis=(-1, 0), keepdims=True), case(np.array([[0.0, 0.0], [3.0, 4.0]]), axis=0), case(1.5),
    ],
    "x",
    oracle="difference",  # it conjugates
    note=NOTE,
    kink=lambda x, ord, axis: np.linalg.norm(x, ord, axis) == 0,  # noqa: A006  NumPy's name
)  # fmt: skip
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Any:
    x = _array(x)
    if axis is None:
        if ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1):
            return _vector(x, None, tuple(range(-x.ndim, 0)), bool(keepdims))
        axes = tuple(range(x.ndim))
    else:
        axes = axes_from(axis, x.ndim, repeated=True)
    if len(axes) == 1:
        return _vector(x, ord, axes, keeps(keepdims))
    if len(axes) == 2:
        return _matrix(x, ord, axes, bool(keepdims))
    raise ValueError("Improper number of dimensions to norm.")


if hasattr(np.linalg, "vector_norm"):

    @composition(
        np.linalg.vector_norm,
        [case(X), case(X, axis=1), case(CUBE, axis=(0, 2), keepdims=True, ord=3), case(X, ord=np.inf)],
        "x",
        oracle="difference",
        note=NOTE,
        kink=lambda x, axis, ord: np.linalg.vector_norm(x, axis=axis, ord=ord) == 0,  # noqa: A006  NumPy's name
    )
    def vector_norm(x: Any, /, *, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Any:
        x = _array(x)
        return _vector(x, ord, negative_axes(axis, x.ndim), bool(keepdims))

    @composition(
        np.linalg.matrix_norm,
        [case(X), case(CUBE, ord=1), case(grid(2, 3, 4, seed=8), keepdims=True, ord=-1), case(CUBE, ord=2)],
        "x",
        oracle="difference",
        note=NOTE,
        kink=lambda x, ord: np.linalg.matrix_norm(x, ord=ord) == 0,  # noqa: A006  NumPy's name
    )
    def matrix_norm(x: Any, /, *, keepdims: Any = False, ord: Any = "fro") -> Any:
        return _matrix(_array(x), ord, (-2, -1), bool(keepdims))
