"""Products of vectors and of stacks of them, powers and chains of matrices."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.pairing import conj
from edgewise.families.samples import case, grid

A, B, M = grid(2, 3), grid(4, 2, seed=1), grid(3, 3)
V, W = grid(3), grid(3, seed=1)
CUBE = grid(2, 3, 4)


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(np.kron, [case(A, B), case(V, W), case(V, A), case(1.5, A), case(CUBE, W)], "a", "b")
def kron(a: Any, b: Any) -> Any:
    a, b = _array(a), _array(b)
    ndim = max(a.ndim, b.ndim)
    shape_a, shape_b = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    apart = np.reshape(a, tuple(k for n in shape_a for k in (n, 1)))
    return np.reshape(
        apart * np.reshape(b, tuple(k for n in shape_b for k in (1, n))),
        tuple(n * m for n, m in zip(shape_a, shape_b, strict=True)),
    )


@composition(np.cross, [case(V, W), case(M, V), case(CUBE, grid(3, seed=2), axisa=1), case(M, M.T.copy(), axis=0)],
             "a", "b")  # fmt: skip
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(_array(a), axisa, -1), np.moveaxis(_array(b), axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, "
            f"but they are {a.shape[-1]} and {b.shape[-1]} dimensional instead."
        )
    a0, a1, b0, b1 = a[..., 0], a[..., 1], b[..., 0], b[..., 1]
    third = a0 * b1 - a1 * b0
    if a.shape[-1] == 2 or b.shape[-1] == 2:
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of 3-dimensional vectors instead.",
            DeprecationWarning,
            stacklevel=2,
        )
        if a.shape[-1] == b.shape[-1]:
            return third
    a2, b2 = (x[..., 2] if x.shape[-1] == 3 else np.zeros_like(x[..., 0]) for x in (a, b))
    return np.moveaxis(np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, third], axis=-1), -1, axisc)


if hasattr(np, "vecdot"):

    @composition(np.vecdot, [case(V, W), case(CUBE, grid(4, seed=1)), case(CUBE, grid(3, 4, seed=1), axis=-2)],
                 "x1", "x2", oracle="difference")  # fmt: skip
    def vecdot(x1: Any, x2: Any, /, *, axis: int = -1, keepdims: bool = False) -> Any:
        a, b = _array(x1), _array(x2)
        if keepdims.__class__ is not bool:
            raise TypeError("'keepdims' must be a boolean")
        if not a.ndim or not b.ndim:
            raise ValueError("vecdot: both operands need at least one axis")
        a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
        if a.shape[-1] != b.shape[-1]:
            raise ValueError(f"vecdot: the axes that are summed have lengths {a.shape[-1]} and {b.shape[-1]}")
        found = np.matmul(conj(a)[..., None, :], b[..., :, None])[..., 0, 0]
        return np.expand_dims(found, axis) if keepdims else found


if hasattr(np, "matvec"):

    @composition(np.matvec, [case(A, V), case(CUBE, grid(4, seed=1)), case(CUBE, grid(5, 1, 4, seed=1))], "x1", "x2")
    def matvec(x1: Any, x2: Any, /) -> Any:
        a, b = _array(x1), _array(x2)
        if a.ndim < 2 or not b.ndim:
            raise ValueError("matvec: the operands need two axes and one")
        return np.matmul(a, b[..., None])[..., 0]

    @composition(np.vecmat, [case(V, M), case(grid(3, seed=1), CUBE), case(grid(5, 1, 3, seed=1), CUBE)],
                 "x1", "x2", oracle="difference")  # fmt: skip
    def vecmat(x1: Any, x2: Any, /) -> Any:
        a, b = _array(x1), _array(x2)
        if not a.ndim or b.ndim < 2:
            raise ValueError("vecmat: the operands need one axis and two")
        return np.matmul(conj(a)[..., None, :], b)[..., 0, :]


@composition(np.linalg.multi_dot, [case([A, M, grid(3, 4, seed=2)]), case([V, M, W]), case([A, V])], "arrays")
def multi_dot(arrays: Any, *, out: None = None) -> Any:
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    parts = [_array(a) for a in arrays]
    first, last = parts[0].ndim == 1, parts[-1].ndim == 1
    parts = [np.atleast_2d(parts[0]), *parts[1:-1], parts[-1][:, None] if last else parts[-1]]
    if any(p.ndim != 2 for p in parts):
        raise np.linalg.LinAlgError("multi_dot takes matrices, and vectors first and last alone")
    product = _chain(parts, _split([p.shape[0] for p in parts] + [parts[-1].shape[1]]), 0, len(parts) - 1)
    if first and last:
        return product[0, 0]
    return product[0] if first else product[:, 0] if last else product


def _split(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to part each chain of matrices so that the products are cheapest.

    Cormen et al., Introduction to Algorithms (2009), chapter 15.2.
    """
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    at: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            options = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            at[i, j] = min(options, key=options.__getitem__)
            cost[i, j] = options[at[i, j]]
    return at


def _chain(parts: list[Any], at: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return parts[i]
    return _chain(parts, at, i, at[i, j]) @ _chain(parts, at, at[i, j] + 1, j)


@composition(np.linalg.matrix_power, [*(case(M, n) for n in (0, 1, 2, 3, 5)), case(grid(2, 2, 2), 3)], "a")
def matrix_power(a: Any, n: Any) -> Any:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    n = n.__index__()
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape) + 0 * a
    power = None
    while n:
        if n & 1:
            power = a if power is None else power @ a
        n >>= 1
        if n:
            a = a @ a
    return power
