"""Second names: NumPy's own for older code, and those of the array API standard and of ``np.linalg``.

Where the two names are one function object (``np.acos``, ``np.pow``, ``np.concat``, ``np.permute_dims``), one row
serves both, and nothing is said here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.families.samples import case, grid

X, CUBE = grid(3, 4), grid(2, 3, 4)
V, W = grid(3), grid(3, seed=1)
MASKED = ("a", "*", "where")


def _given(**options: Any) -> dict[str, Any]:
    return {k: v for k, v in options.items() if v is not None}


@composition(np.amax, [case(X, axis=1), case(X, initial=0.3, keepdims=True)], *MASKED, oracle="difference",
             note="ties: split evenly")  # fmt: skip
def amax(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    return np.max(a, axis, keepdims=keepdims, where=where, **_given(initial=initial))


@composition(np.amin, [case(X, axis=1), case(X, initial=0.3, keepdims=True)], *MASKED, oracle="difference",
             note="ties: split evenly")  # fmt: skip
def amin(
    a: Any, axis: Any = None, out: None = None, keepdims: Any = False, initial: Any = None, where: Any = True
) -> Any:
    return np.min(a, axis, keepdims=keepdims, where=where, **_given(initial=initial))


if hasattr(np, "cumulative_sum"):  # since NumPy 2.1

    def _cumulative(of: Any, first: float, x: Any, axis: Any, dtype: Any, include_initial: bool) -> Any:
        x = np.atleast_1d(x)
        if axis is None:
            if x.ndim > 1:
                raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
            axis = 0
        found = of(x, axis, dtype)
        if not include_initial:
            return found
        start = np.full_like(np.take(found, [0], axis=axis), first)
        return np.concatenate([start, found], axis)

    @composition(np.cumulative_sum, [case(V), case(X, axis=1), case(X, axis=0, include_initial=True)], "x")
    def cumulative_sum(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: None = None, include_initial: bool = False
    ) -> Any:
        return _cumulative(np.cumsum, 0.0, x, axis, dtype, include_initial)

    @composition(np.cumulative_prod, [case(V), case(X, axis=1), case(X, axis=0, include_initial=True)], "x")
    def cumulative_prod(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: None = None, include_initial: bool = False
    ) -> Any:
        return _cumulative(np.cumprod, 1.0, x, axis, dtype, include_initial)

    @composition(np.unstack, [case(X), case(CUBE, axis=1)], "x")
    def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
        if not x.ndim:
            raise ValueError("Input array must be at least 1-d.")
        return tuple(np.moveaxis(x, axis, 0))


if hasattr(np.linalg, "matrix_transpose"):

    @composition(np.linalg.matrix_transpose, [case(CUBE)], "x")
    def matrix_transpose(x: Any, /) -> Any:
        return np.matrix_transpose(x)

    @composition(np.linalg.diagonal, [case(CUBE), case(X, offset=1)], "x")
    def diagonal(x: Any, /, *, offset: int = 0) -> Any:
        return np.diagonal(x, offset, -2, -1)

    @composition(np.linalg.trace, [case(CUBE), case(X, offset=1)], "x")
    def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
        return np.trace(x, offset, -2, -1, dtype)

    @composition(np.linalg.matmul, [case(X, grid(4, 2, seed=1)), case(CUBE, grid(2, 4, 3, seed=1))], "x1", "x2")
    def matmul(x1: Any, x2: Any, /) -> Any:
        return np.matmul(x1, x2)

    @composition(np.linalg.tensordot, [case(X, grid(4, 2, seed=1), axes=1), case(V, W, axes=0)], "x1", "x2")
    def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
        return np.tensordot(x1, x2, axes)

    @composition(np.linalg.outer, [case(V, grid(2, seed=1))], "x1", "x2")
    def outer(x1: Any, x2: Any, /) -> Any:
        if np.ndim(x1) != 1 or np.ndim(x2) != 1:
            raise ValueError(
                f"Input arrays must be one-dimensional, but they are x1.ndim={np.ndim(x1)} and x2.ndim={np.ndim(x2)}."
            )
        return np.outer(x1, x2)

    @composition(np.linalg.vecdot, [case(X, grid(3, 4, seed=1)), case(X, V[:, None], axis=0)], "x1", "x2",
                 oracle="difference")  # fmt: skip
    def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        return np.vecdot(x1, x2, axis=axis)  # type: ignore[call-overload]  # its types lack the axis

    @composition(np.linalg.cross, [case(X[:, :3], W), case(CUBE, grid(2, 3, 1, seed=3), axis=1)], "x1", "x2")
    def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
        if x1.shape[-1] != 3 or x2.shape[-1] != 3:
            raise ValueError(
                "Both input arrays must be (arrays of) 3-dimensional vectors, "
                f"but they are {x1.shape[-1]} and {x2.shape[-1]} dimensional instead."
            )
        return np.moveaxis(np.cross(x1, x2), -1, axis)
