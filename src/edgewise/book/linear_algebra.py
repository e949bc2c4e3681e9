"""Systems, inverses, determinants and Cholesky's factor.

With A the matrix and T its tangent,

    solve      d(A⁻¹B) = A⁻¹ (dB - dA X)                    inv    dA⁻¹ = -A⁻¹ T A⁻¹
    det        Σ C∘T, C the cofactors                       slogdet   tr A⁻¹T
    cholesky   L Φ(L⁻¹ T L⁻ᴴ), Φ the lower half
    pinv       -P T P + P Pᴴ Tᴴ (1 - A P) + (1 - P A) Tᴴ Pᴴ P, where the rank stays

Giles, An extended collection of matrix derivative results (2008); Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.cofactors import cofactors
from edgewise.core.factors import least_squares
from edgewise.core.matrices import dagger, lower_half
from edgewise.core.primitive import Primitive
from edgewise.families.linear_algebra import FACTORISATION, FORM, SYSTEM
from edgewise.families.matrices import broadcast_stacks, named, ready, require_square, require_stack, require_symmetric
from edgewise.families.samples import case, grid
from edgewise.families.structure import declare
from edgewise.maps import (
    Compose,
    ConjugateTranspose,
    Diagonal,
    Map,
    Outputs,
    Plus,
    RealPart,
    Solve,
    Sum,
    Symmetrise,
    congruence,
    left,
    right,
)

EYE = np.eye(3)
A, B = grid(3, 3), grid(3, 2, seed=1)
STACK = grid(2, 3, 3, seed=4) + 2 * EYE
POSITIVE = A @ A.T + EYE
TALL, WIDE = grid(4, 2), grid(2, 3, seed=2)


# -- systems


def _solve(primitive: Primitive, a: Any, b: Any) -> Any:
    a, b = ready(a), ready(b)
    require_square(a)
    if b.ndim == 1:  # a vector only where b has one axis, since NumPy 2
        return primitive(*broadcast_stacks(a, b[:, None]))[..., 0]
    require_stack(b)
    return primitive(*broadcast_stacks(a, b))


solve = declare(
    np.linalg.solve,
    SYSTEM,
    [
        case(A, grid(3)), case(A, B), case(STACK, B), case(A, grid(2, 3, 1, seed=3)), case(STACK, grid(3)),
        case(np.array([[2.0]]), np.array([3.0])), case(np.zeros((0, 0)), np.zeros((0, 2))), case(A, grid(3, 0)),
    ],
    _solve,
    lambda x1, y: Solve(x1) @ right(-y),
    lambda x1: Solve(x1),
    operands=("a", "b"),
)  # fmt: skip


def _of_square(primitive: Primitive, a: Any) -> Any:
    a = ready(a)
    require_square(a)
    return primitive(a)


SQUARES = [case(A), case(STACK), case(np.array([[2.0]])), case(np.zeros((0, 0))), case(np.zeros((2, 0, 0)))]

inv = declare(np.linalg.inv, FACTORISATION, SQUARES, _of_square, lambda y: left(-y) @ right(y))


# -- determinants


SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
RANK_ONE = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]])

cofactors_of = declare(
    cofactors,
    FORM,
    [case(A), case(SINGULAR), case(RANK_ONE, A), case(STACK, grid(2, 3, 3, seed=5)), case(SINGULAR, A, STACK[0])],
    None,
    operands=None,
    oracle="difference",  # polynomials of low degree; its own SVD conjugates
    note="exact at matrices of any rank",
)


def _determinant(x: Any, shape: tuple[int, ...]) -> Map:
    return Sum((-2, -1), shape) @ Diagonal(cofactors(x))


det = declare(
    np.linalg.det,
    FACTORISATION,
    [*SQUARES, case(SINGULAR), case(np.diag([1.5, 0.0, 0.0])), case(np.zeros((3, 3)))],
    _of_square,
    lambda x, shape: _determinant(x, shape),
    note="exact at singular matrices, to every order",
)


def _trace_of_inverse(x: Any, y2: Any, shape: tuple[int, ...]) -> Map:
    """T ↦ tr A⁻¹T; infinite where A is singular, as the derivative of log at 0."""
    singular = np.expand_dims(np.isneginf(y2), (-2, -1))
    inverse = np.linalg.inv(np.where(singular, np.eye(shape[-1]), x))
    return Sum((-2, -1), shape) @ Diagonal(np.where(singular, np.inf, np.swapaxes(inverse, -1, -2)))


def _logarithm(x: Any, y1: Any, y2: Any, shape: tuple[int, ...]) -> Map:
    """The real part to log|det A|; the imaginary one turns the sign, where that is complex."""
    trace = _trace_of_inverse(x, y2, shape)
    turn = Diagonal(y1) @ Diagonal(0.5, anti=-0.5) @ trace if y1.dtype.kind == "c" else None
    return Outputs((turn, RealPart() @ trace))


def _slogdet(primitive: Primitive, a: Any) -> Any:
    a = ready(a)
    return named(np.linalg.slogdet, _of_square(complex_slogdet if a.dtype.kind == "c" else primitive, a))


slogdet = declare(
    np.linalg.slogdet,
    FACTORISATION,
    SQUARES,
    _slogdet,
    lambda x, y1, y2, shape: _logarithm(x, y1, y2, shape),
    outputs=2,
    zero_outputs=frozenset({0}),
    oracle="difference",
    note="a real sign: zero; the logarithm: inf at singular matrices",
)
complex_slogdet = Primitive("slogdet", slogdet.function, FACTORISATION, slogdet.rules, outputs=2)


# -- Cholesky's factor


def _lower_factor(y: Any) -> Map:
    return Compose((left(y), Diagonal(lower_half(y.shape[-1])), congruence(np.linalg.inv(y)), Symmetrise()))


def _cholesky(primitive: Primitive, a: Any, /, *, upper: bool = False) -> Any:
    a = ready(a)
    require_square(a)
    require_symmetric(a, "np.linalg.cholesky", "L")
    return dagger(primitive(dagger(a))) if upper else primitive(a)


cholesky = declare(
    np.linalg.cholesky,
    FACTORISATION,
    [
        case(POSITIVE), case(np.stack([POSITIVE, POSITIVE + EYE])), case(np.array([[2.0]])), case(np.zeros((0, 0))),
        case(POSITIVE, upper=True),
    ],
    _cholesky,
    lambda y: _lower_factor(y),
    oracle="symmetric",
    note="of symmetric matrices: tangents are symmetrised",
)  # fmt: skip


# -- least squares


def _pseudo_inverse(x: Any, y: Any, hermitian: bool) -> Map:
    P, Ph = y, dagger(y)
    moved = Plus(
        (
            left(-P) @ right(P),
            left(P @ Ph) @ right(np.eye(x.shape[-2]) - x @ P) @ ConjugateTranspose(),
            left(np.eye(x.shape[-1]) - P @ x) @ right(Ph @ P) @ ConjugateTranspose(),
        )
    )
    return moved @ Symmetrise() if hermitian else moved


def _pinv(primitive: Primitive, a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    a = ready(a)
    require_stack(a)
    if hermitian:
        require_symmetric(a, "np.linalg.pinv", "L")
    if rcond is not None and rtol is not None:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    return primitive(a, rcond=rtol if rcond is None else rcond, hermitian=bool(hermitian))


def _pinv_value(x: Any, rcond: Any, hermitian: bool) -> Any:
    return np.linalg.pinv(x, hermitian=hermitian) if rcond is None else np.linalg.pinv(x, rcond, hermitian)


pinv = declare(
    np.linalg.pinv,
    FACTORISATION,
    [
        case(A), case(TALL), case(WIDE), case(grid(2, 3, 2)), case(TALL, rcond=1e-3), case(np.array([[2.0]])),
        case(np.zeros((0, 2))),
    ],
    _pinv,
    lambda x, y, hermitian: _pseudo_inverse(x, y, hermitian),
    compute=_pinv_value,
    oracle="difference",
    note="the rank stays; symmetric matrices (hermitian=True): tangents are symmetrised",
)  # fmt: skip


def _by_matrix(x1: Any, x2: Any, y: Any, rcond: float) -> Map:
    P = np.linalg.pinv(x1, rcond)
    Ph = dagger(P)
    return Plus(
        (
            left(-P) @ right(y),
            left(P @ Ph) @ right(x2 - x1 @ y) @ ConjugateTranspose(),
            left(np.eye(x1.shape[-1]) - P @ x1) @ right(Ph @ y) @ ConjugateTranspose(),
        )
    )


least_squares_of = declare(
    least_squares,
    FACTORISATION,
    [
        case(TALL, grid(4, 2, seed=1), rcond=1e-15), case(WIDE, grid(2, 1, seed=1), rcond=1e-15),
        case(grid(2, 3, 2), grid(2, 3, 1, seed=1), rcond=1e-15),
    ],
    None,
    lambda x1, x2, y, rcond: _by_matrix(x1, x2, y, rcond),
    lambda x1, rcond: left(np.linalg.pinv(x1, rcond)),
    operands=("a", "b"),
    oracle="difference",
    note="the rank stays",
)  # fmt: skip
