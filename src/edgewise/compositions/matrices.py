"""What follows from the decompositions of the book: values alone, condition, rank, systems of other shapes."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.factors import least_squares
from edgewise.core.levels import shown
from edgewise.core.pairing import conj
from edgewise.core.traced import cast_as
from edgewise.errors import BatchError
from edgewise.families.matrices import ready, require_square, require_stack, require_supported
from edgewise.families.samples import case, grid

A, B = grid(3, 3), grid(3, 2, seed=1)
SYMMETRIC = A + A.T
STACK = grid(2, 3, 3, seed=4) + 2 * np.eye(3)
TALL, WIDE = grid(4, 2), grid(2, 3, seed=2)
SIX = grid(6, 6) + 4 * np.eye(6)
PLUS = np.array([[1.5, 0.4], [0.7, 0.9]])
TIES = "values that coincide share the derivative evenly"


# -- values alone


@composition(np.linalg.eigvalsh, [case(SYMMETRIC), case(np.stack([SYMMETRIC, SYMMETRIC @ SYMMETRIC]), "U")], "a",
             oracle="symmetric", note=TIES + "; tangents are symmetrised")  # fmt: skip
def eigvalsh(a: Any, UPLO: Any = "L") -> Any:
    return np.linalg.eigh(a, UPLO)[0]


@composition(np.linalg.eigvals, [case(PLUS), case(np.stack([PLUS, PLUS @ PLUS]))], "a", oracle="difference", note=TIES)
def eigvals(a: Any) -> Any:
    return np.linalg.eig(a)[0]


if hasattr(np.linalg, "svdvals"):

    @composition(np.linalg.svdvals, [case(A), case(TALL), case(WIDE), case(STACK)], "x", oracle="difference",
                 note=TIES + "; a singular value 0: 0")  # fmt: skip
    def svdvals(x: Any, /) -> Any:
        return _singular_values(x)


def _singular_values(x: Any, hermitian: bool = False) -> Any:
    return np.linalg.svd(x, full_matrices=False, hermitian=hermitian)[1]


# -- condition and rank


@functools.cache
def _keeps_complex() -> bool:
    """Whether the condition of a complex matrix in such a norm is a complex number, as before NumPy 2.3."""
    return bool(np.iscomplexobj(np.linalg.cond(np.eye(1, dtype=complex), 1)))


@composition(
    np.linalg.cond,
    [case(A), *(case(A, p, wrt=(0,)) for p in (2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc")), case(TALL), case(STACK)],
    "x",
    oracle="difference",
)
def cond(x: Any, p: Any = None) -> Any:
    x = ready(x)
    if 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    require_stack(x)
    if p is None or p in (2, -2):
        s = _singular_values(x)
        with np.errstate(all="ignore"):
            return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    require_square(x)
    found = np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(x), p, (-2, -1))
    return cast_as(found, x.dtype) if _keeps_complex() else found


@composition(
    np.linalg.matrix_rank,
    [case(A), case(STACK), case(np.diag([1.0, 0.0]), 1e-3, wrt=(0,)), case(TALL, rtol=1e-3)],
    "A",
)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    A = ready(A)
    if rtol is not None and tol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    if A.ndim < 2:
        return np.any(A != 0).astype(int)
    s = _singular_values(A, hermitian)
    if tol is None:
        rtol = max(A.shape[-2:]) * np.finfo(s.dtype).eps if rtol is None else np.asarray(rtol)[..., None]
        tol = np.max(s, axis=-1, keepdims=True) * rtol
    else:
        tol = np.asarray(tol)[..., None]
    return np.count_nonzero(s > tol, axis=-1)


# -- systems of other shapes


@composition(
    np.linalg.lstsq,
    [
        case(TALL, grid(4, 2, seed=1)), case(TALL, grid(4, seed=1)), case(WIDE, grid(2, seed=1)),
        case(A, B, 1e-10, wrt=(0, 1)), case(grid(4, 2), np.zeros((4, 0))),
    ],
    "a", "b",
    oracle="difference",
    note="the rank stays; residuals of a rank that is not full: none",
)  # fmt: skip
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = ready(a), ready(b)
    require_stack(a)
    if a.ndim != 2:
        raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be two-dimensional")
    if b.ndim not in (1, 2):
        raise np.linalg.LinAlgError(f"{b.ndim}-dimensional array given. Array must be two-dimensional")
    if a.shape[0] != b.shape[0]:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    m, n = a.shape
    require_supported(a.dtype, b.dtype)
    dtype = np.result_type(a.dtype, b.dtype, np.float32)
    a, b = (x if x.dtype == dtype else cast_as(x, dtype) for x in (a, b))
    columns = b[:, None] if b.ndim == 1 else b
    limit = max(m, n) * np.finfo(a.dtype).eps if rcond is None else rcond
    x = least_squares(a, columns, rcond=limit)
    s = _singular_values(a)
    rank = np.count_nonzero(s > limit * np.max(s, axis=-1, keepdims=True, initial=0), axis=-1)
    left_over = columns - a @ x
    squares = np.sum(np.real(conj(left_over) * left_over), axis=0)
    residuals = squares if m > n and _full(rank, n) else squares[:0]
    return (x[:, 0] if b.ndim == 1 else x), residuals, cast_as(rank, np.intc), s


def _full(rank: Any, n: int) -> bool:
    """Whether the rank is full: one answer for a batch, as the residuals have one shape."""
    full = shown(rank) == n
    found = bool(np.all(full))
    if not found and np.any(full):
        raise BatchError(
            "np.linalg.lstsq of a batch in which some matrices have full rank and others not",
            "it returns residuals for the former and none for the latter, and a batch has one shape",
            "compute them yourself: np.sum((b - a @ x)**2, axis=0)",
        )
    return found


@composition(
    np.linalg.tensorsolve,
    [
        case(np.reshape(SIX, (2, 3, 2, 3)), grid(2, 3, seed=1)), case(np.reshape(SIX, (2, 3, 6)), grid(2, 3, seed=1)),
        case(np.reshape(SIX, (6, 2, 3)), grid(6, seed=1)),
        case(np.reshape(SIX, (2, 6, 3)), grid(6, seed=1), (0, 2), wrt=(0, 1)),
    ],
    "a", "b",
)  # fmt: skip
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = ready(a), ready(b)
    if axes is not None:
        moved = [axis % a.ndim for axis in axes]
        a = np.transpose(a, [i for i in range(a.ndim) if i not in moved] + moved)
    shape = a.shape[-(a.ndim - b.ndim) :]
    if a.size != math.prod(shape) ** 2:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement             prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    n = math.prod(shape)
    return np.reshape(np.linalg.solve(np.reshape(a, (n, n)), np.ravel(b)), shape)


@composition(np.linalg.tensorinv, [case(np.reshape(SIX, (6, 2, 3)), 1), case(np.reshape(SIX, (2, 3, 3, 2)))], "a")
def tensorinv(a: Any, ind: int = 2) -> Any:
    a = ready(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    shape = a.shape[ind:] + a.shape[:ind]
    return np.reshape(np.linalg.inv(np.reshape(a, (math.prod(a.shape[:ind]), math.prod(a.shape[ind:])))), shape)
