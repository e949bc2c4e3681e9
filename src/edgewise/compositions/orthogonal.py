"""``np.linalg.qr`` in all its modes.

Q and R of independent columns are one primitive of the book. What else NumPy offers depends on how LAPACK builds Q, as
a product of reflections H = 1 - τ v vᴴ: the columns of a complete Q beyond those of A follow from the first in closed
form; for the reflections themselves (mode "raw") the algorithm is written out, column by column.

Golub & Van Loan, Matrix Computations (2013), chapter 5.2; LAPACK's dgeqrf and dlarfg for signs and scaling.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.factors import thin_qr
from edgewise.core.matrices import dagger
from edgewise.core.pairing import conj
from edgewise.errors import NoRuleError, UndeterminedError, user_line
from edgewise.families.matrices import named, ready, require_stack, require_supported
from edgewise.families.samples import case, grid

A, TALL, WIDE = grid(3, 3), grid(4, 2), grid(2, 3, seed=2)
STACK = grid(2, 3, 2)


@composition(
    np.linalg.qr,
    [
        *(case(x, mode, wrt=(0,)) for mode in ("reduced", "complete", "r", "raw") for x in (A, TALL, WIDE, STACK)),
        case(grid(4, 1), "complete", wrt=(0,)), case(np.zeros((3, 0)), "complete", wrt=(0,)),
    ],
    "a",
    oracle="difference",
    note="columns must be independent",
)  # fmt: skip
def qr(a: Any, mode: str = "reduced") -> Any:
    a = ready(a)
    require_supported(a.dtype)
    if mode in ("f", "full", "e", "economic"):
        raise NoRuleError(
            f"np.linalg.qr with mode={mode!r} has no derivative rule",
            "NumPy has deprecated the mode",
            "use mode='reduced', or mode='raw' for the reflections",
        )
    if mode not in ("reduced", "complete", "r", "raw"):
        raise ValueError(f"Unrecognized mode '{mode}'")
    require_stack(a)
    m, n = a.shape[-2:]
    if mode == "raw":
        R, vectors, factors = _reflections(a)
        return np.swapaxes(R + _below(vectors, R), -1, -2), factors
    Q, R = thin_qr(a[..., : min(m, n)], line=user_line())
    if m < n:
        R = np.concatenate([R, dagger(Q) @ a[..., m:]], axis=-1)
    if mode == "complete" and m > n:
        Q = np.concatenate([Q, _rest(Q)], axis=-1)
        R = np.concatenate([R, np.zeros((*R.shape[:-2], m - n, n), R.dtype)], axis=-2)
    return R if mode == "r" else named(np.linalg.qr, (Q, R))


def _rest(Q: Any) -> Any:
    """The further columns of LAPACK's Q, from the first.

    A product of reflections is 1 - V T Vᴴ, with V unit lower trapezoidal. Of Q₁ - E₁ = -V T V₁ᴴ call the upper square
    block B and the rest C; then V₂V₁⁻¹ = C B⁻¹, and the further columns E₂ - V T V₂ᴴ are E₂ + (Q₁ - E₁) (C B⁻¹)ᴴ.

    Ballard et al., Reconstructing Householder vectors from tall-skinny QR (2014).
    """
    m, n = Q.shape[-2:]
    E = np.eye(m, dtype=Q.dtype)
    turned = Q - E[:, :n]
    try:
        ratio = np.linalg.solve(dagger(turned[..., :n, :]), dagger(turned[..., n:, :]))
    except np.linalg.LinAlgError as error:
        raise UndeterminedError(
            "np.linalg.qr in mode 'complete' was given a column without entries below its diagonal",
            "LAPACK's Q jumps there from one sign to the other",
            "use mode='reduced', and Q @ Q.T for the space that its columns span",
        ) from error
    return E[:, n:] + turned @ ratio


def _reflections(a: Any) -> tuple[Any, list[Any], Any]:
    """R, of the shape of A, the vectors v without their leading 1, and the factors τ."""
    m, n = a.shape[-2:]
    rows, vectors, factors = [], [], []
    rest = a
    for j in range(min(m, n)):
        v, tau, beta = _reflection(rest[..., 0])
        others = rest[..., 1:]
        first, below = others[..., :1, :], others[..., 1:, :]
        step = conj(tau)[..., None, None] * (first + dagger(v[..., None]) @ below)
        row = np.concatenate([beta[..., None, None], first - step], axis=-1)
        rows.append(np.concatenate([np.zeros((*a.shape[:-2], 1, j), a.dtype), row], axis=-1))
        vectors.append(v)
        factors.append(tau)
        rest = below - v[..., None] @ step
    rows.append(np.zeros((*a.shape[:-2], m - len(rows), n), a.dtype))
    taus = np.stack(factors, axis=-1) if factors else np.zeros((*a.shape[:-2], 0), a.dtype)
    return np.concatenate(rows, axis=-2), vectors, taus


def _reflection(x: Any) -> tuple[Any, Any, Any]:
    """v, τ and β with (1 - τ v vᴴ)ᴴ x = β e₁; where nothing stands below the first entry of a real x, the identity."""
    alpha, below = x[..., 0], x[..., 1:]
    squares = np.real(conj(below) * below)
    idle = (np.sum(squares, axis=-1) == 0) & (np.imag(alpha) == 0)
    size = np.sqrt(np.where(idle, 1, np.real(conj(alpha) * alpha) + np.sum(squares, axis=-1)))
    beta = np.where(idle, np.real(alpha), -np.copysign(size, np.real(alpha)))
    tau = np.where(idle, 0, (beta - alpha) / np.where(idle, 1, beta))
    v = np.where(idle[..., None], 0, below / np.where(idle, 1, alpha - beta)[..., None])
    return v, tau, beta


def _below(vectors: list[Any], R: Any) -> Any:
    """The vectors as columns below the diagonal, in an array of the shape of R."""
    m, n = R.shape[-2:]
    lead = R.shape[:-2]
    columns = [
        np.concatenate([np.zeros((*lead, j + 1), R.dtype), v], axis=-1)[..., None] for j, v in enumerate(vectors)
    ]
    return np.concatenate([*columns, np.zeros((*lead, m, n - len(columns)), R.dtype)], axis=-1)
