"""Decompositions with several outputs: eigenvalues and vectors, singular values and vectors, Q and R.

With T the tangent of A and F the reciprocal gaps (0 on the diagonal),

    A = V diag(w) Vᴴ     M = Vᴴ T V,      dw = diag M,        dV = V (F∘M),                    Fᵢⱼ = 1/(wⱼ - wᵢ)
    A = V diag(w) V⁻¹    M = V⁻¹ T V,     the same, and columns of V keep the length 1
    A = U S Vᴴ           M = Uᴴ T V,      ds = Re diag M,     Fᵢⱼ = 1/(sⱼ² - sᵢ²),
                         dU = U (F∘(M S + S Mᴴ)) + (1 - U Uᴴ) T V S⁻¹,    dV = V (F∘(S M + Mᴴ S)) + (1 - V Vᴴ) Tᴴ U S⁻¹
    A = Q R              dQ = T R⁻¹ - Q N,  dR = N R,  with N = upper half of (Qᴴ T R⁻¹ + its conjugate transpose)

Values that coincide share the derivative evenly, as ties of max do: right for every symmetric function of them, and a
subgradient of the others. Vectors of values that coincide have no derivative: an error (``maps.Determined``).

Giles, An extended collection of matrix derivative results (2008); Townsend, Differentiating the singular value
decomposition (2016); Walter, Lehmann & Lamour, On evaluating higher-order derivatives of the QR decomposition (2012).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.factors import thin_qr
from edgewise.core.matrices import conjugate, dagger, upper_half
from edgewise.core.primitive import Primitive
from edgewise.core.spectral import spectral
from edgewise.core.undetermined import Reason
from edgewise.errors import user_line
from edgewise.families.linear_algebra import FACTORISATION, HERMITIAN_FORM
from edgewise.families.matrices import named, ready, require_square, require_stack, require_symmetric
from edgewise.families.samples import case, grid
from edgewise.families.structure import declare
from edgewise.maps import (
    Averaged,
    Compose,
    ConjugateTranspose,
    Determined,
    Diagonal,
    DiagonalPart,
    Identity,
    Map,
    Outputs,
    RealPart,
    Sum,
    Symmetrise,
    left,
    right,
)

EYE = np.eye(3)
A = grid(3, 3)
SYMMETRIC = A + A.T
STACK = np.stack([SYMMETRIC, SYMMETRIC @ SYMMETRIC + EYE])
TALL, WIDE = grid(4, 2), grid(2, 3, seed=2)
TIES = "values that coincide share the derivative evenly; their vectors have none: an error"


WHY = "vectors of equal values may be turned among themselves, and nothing says which turn a derivative is to take"
INSTEAD = (
    "for a function of a symmetric matrix write ew.linalg.matrix_function(A, f), which is right at every A; values "
    "alone, and vectors whose value stands alone, have their derivatives"
)


def _gaps(low: Any, high: Any) -> tuple[Any, Any]:
    """The reciprocals of high - low, with 0 where values are tied; and a mask of the ties.

    Tied is what differs by no more than the rounding of a decomposition. The diagonal is 0 too, and no tie.
    """
    gap, size = high - low, np.max(np.abs(low), axis=(-2, -1), keepdims=True, initial=0)
    off = ~np.eye(gap.shape[-1], dtype=bool)
    tied = (np.abs(gap) <= gap.shape[-1] * np.finfo(gap.dtype).eps * size) & off
    regular = off & ~tied
    return np.where(regular, 1 / np.where(regular, gap, 1), 0), tied


def _columns(tied: Any, like: Any) -> Any:
    """A mask of the shape of V: the columns whose value is tied with another."""
    return np.broadcast_to(np.any(tied, axis=-2)[..., None, :], like.shape)


def _ties(vectors: str, values: str, tied: Any, gap: Any, line: str) -> Reason:
    gap = np.where(tied, np.abs(gap), np.inf)
    return Reason(f"{vectors} of {values} that coincide are used: their gap is {{gap}}", WHY, INSTEAD, gap, line)


# -- symmetric eigenvalues


def _eigh_map(y1: Any, y2: Any, line: str) -> Map:
    w, V = y1, y2
    rows, columns = w[..., :, None], w[..., None, :]
    F, tied = _gaps(rows, columns)
    reason = _ties("eigenvectors", "eigenvalues", tied, columns - rows, line)
    values = Averaged(w) @ RealPart() @ DiagonalPart(w.shape[-1])
    vectors = Determined(left(V) @ Diagonal(F), _columns(tied, V), reason)
    return Compose((Outputs((values, vectors)), left(dagger(V)), right(V), Symmetrise()))


def _eigh(primitive: Primitive, a: Any, UPLO: str = "L") -> Any:
    a = ready(a)
    require_square(a)
    UPLO = UPLO.upper()
    if UPLO not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    require_symmetric(a, "np.linalg.eigh", UPLO)
    return named(np.linalg.eigh, primitive(a, UPLO=UPLO, line=user_line()))


eigh = declare(
    np.linalg.eigh,
    FACTORISATION,
    [
        case(SYMMETRIC), case(STACK), case(SYMMETRIC, "U"), case(np.array([[2.0]])), case(np.zeros((0, 0))),
    ],
    _eigh,
    lambda y1, y2, line: _eigh_map(y1, y2, line),
    compute=lambda x, UPLO, line: tuple(np.linalg.eigh(x, UPLO)),
    outputs=2,
    selects=True,
    oracle="symmetric",
    note=TIES + "; tangents are symmetrised",
)  # fmt: skip

spectral_of = declare(
    spectral,
    HERMITIAN_FORM,
    [
        case(SYMMETRIC, f=lambda k: np.exp), case(STACK, f=lambda k: np.exp),
        case(np.diag([1.0, 1.0, 2.0]), f=lambda k: np.exp), case(np.diag([1.0, 1.0, 2.0]), A, f=lambda k: np.exp),
    ],
    None,
    operands=None,
    oracle="symmetric",
    note="of the symmetric part; exact where eigenvalues coincide",
)  # fmt: skip


# -- eigenvalues


def _of_length_one(V: Any, shape: tuple[int, ...]) -> Map:
    """Takes from each column of a tangent of V what would lengthen it."""
    along = Sum((-2,), shape)
    return Identity() + Compose((Diagonal(-V), along.H, RealPart(), along, Diagonal(conjugate(V))))


def _eig_map(y1: Any, y2: Any, shape: tuple[int, ...], line: str) -> Map:
    w, V = y1, y2
    rows, columns = w[..., :, None], w[..., None, :]
    F, tied = _gaps(rows, columns)
    least = np.min(np.linalg.svd(V, compute_uv=False), axis=-1, initial=1)
    defective = (least <= 1e3 * shape[-1] * np.finfo(V.dtype).eps)[..., None, None]
    inverse = np.linalg.inv(np.where(defective, np.eye(shape[-1]), V))
    reason = _ties("eigenvectors", "eigenvalues", tied, columns - rows, line)
    no_basis = Reason(
        "np.linalg.eig was given a matrix without a basis of eigenvectors",
        "its eigenvalues have infinite derivatives there",
        "move the matrix off this point; np.linalg.det and np.trace have their derivatives everywhere",
        np.zeros(1),
        line,
    )
    values = Averaged(w) @ DiagonalPart(shape[-1])
    vectors = _of_length_one(V, shape) @ left(V) @ Diagonal(F)
    outputs = (
        Determined(values, np.broadcast_to(defective[..., 0], w.shape), no_basis),
        Determined(vectors, _columns(tied, V) | defective, reason),
    )
    return Compose((Outputs(outputs), left(inverse), right(V)))


def _eig(primitive: Primitive, a: Any) -> Any:
    a = ready(a)
    require_square(a)
    return named(np.linalg.eig, primitive(a, line=user_line()))


PLUS = np.array([[1.5, 0.4], [0.7, 0.9]])  # positive, so that its values are real, whatever the order of its entries

eig = declare(
    np.linalg.eig,
    FACTORISATION,
    [case(PLUS), case(np.stack([PLUS, PLUS @ PLUS])), case(np.array([[2.0]])), case(np.zeros((0, 0)))],
    _eig,
    lambda y1, y2, shape, line: _eig_map(y1, y2, shape, line),
    compute=lambda x, line: tuple(np.linalg.eig(x)),
    outputs=2,
    selects=True,
    oracle="difference",
    note=TIES + "; vectors of length 1",
)


# -- singular values


def _turns(s: Any, count: int) -> tuple[Any, Any, Any]:
    """For a factor with ``count`` columns: the weights of its turn, which columns are tied, and their gaps.

    A full factor has more columns than there are singular values: theirs are 0.
    """
    if count > s.shape[-1]:
        s = np.concatenate([s, np.zeros((*s.shape[:-1], count - s.shape[-1]), s.dtype)], axis=-1)
    rows, columns = s[..., :, None], s[..., None, :]
    F, tied = _gaps(rows, columns)
    gap = np.min(np.where(tied, np.abs(columns - rows), np.inf), axis=-2, initial=np.inf)
    return 2 * F / np.where(F == 0, 1, rows + columns), np.any(tied, axis=-2), gap


def _factor(
    vectors: Any, s: Any, turns: tuple[Any, Any, Any], product: Map, beyond: Map | None, name: str, line: str
) -> Map:
    """The map to U or to V: the turn within, and where a thin factor leaves room, what goes ``beyond`` it."""
    weights, tied, gap = turns
    inner: Map = left(vectors) @ Diagonal(weights) @ Symmetrise() @ product
    if beyond is not None:
        limit = max(vectors.shape[-2:]) * np.finfo(s.dtype).eps * np.max(s, axis=-1, keepdims=True, initial=0)
        null = s <= limit
        reciprocal = Diagonal(np.expand_dims(np.where(null, 0, 1 / np.where(null, 1, s)), -2))
        inner = inner + (Identity() + left(-vectors) @ left(dagger(vectors))) @ reciprocal @ beyond
        tied, gap = tied | null, np.minimum(gap, np.where(null, s, np.inf))
    loose = np.broadcast_to(tied[..., None, :], vectors.shape)
    said = f"{name} singular vectors of singular values that coincide, or vanish, are used: their gap is {{gap}}"
    return Determined(inner, loose, Reason(said, WHY, INSTEAD, gap, line))


def _svd_map(y1: Any, y2: Any, y3: Any, line: str) -> Map:
    U, s, V = y1, y2, dagger(y3)
    k, p, q = s.shape[-1], U.shape[-1], V.shape[-1]
    tall, wide = U.shape[-2] > p, V.shape[-2] > q
    core: Map = right(V) if tall else left(dagger(U)) if wide else left(dagger(U)) @ right(V)
    middle: Map = left(dagger(U)) if tall else right(V) if wide else Identity()  # from there to Uᴴ T V, p by q
    S = np.eye(q, p) * (s[..., None, :] if p == k else s[..., :, None])
    turns = _turns(s, p)
    on_left = _factor(U, s, turns, right(S) @ middle, Identity() if tall else None, "left", line)
    turns = turns if p == q else _turns(s, q)
    on_right = _factor(V, s, turns, left(S) @ middle, ConjugateTranspose() if wide else None, "right", line)
    if p != q:  # full, and not square: the leading part
        crop = [np.broadcast_to(np.eye(*shape), (*s.shape[:-1], *shape)) for shape in ((k, p), (q, k))]
        middle = left(crop[0]) @ right(crop[1]) @ middle
    values = Compose((Diagonal((s != 0).astype(s.dtype)), Averaged(s), RealPart(), DiagonalPart(k), middle))
    return Outputs((on_left, values, ConjugateTranspose() @ on_right)) @ core


def _svd(
    primitive: Primitive, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    a = ready(a)
    require_stack(a)
    if hermitian:
        require_square(a)
        require_symmetric(a, "np.linalg.svd", "L")
        a = (a + dagger(a)) / 2
    parts = primitive(a, full=bool(full_matrices and compute_uv), hermitian=bool(hermitian), line=user_line())
    return named(np.linalg.svd, parts) if compute_uv else parts[1]


svd = declare(
    np.linalg.svd,
    FACTORISATION,
    [
        case(A), case(grid(3, 2)), case(WIDE), case(TALL, False), case(grid(2, 1)), case(WIDE, full_matrices=False),
        case(grid(2, 3, 2), False), case(grid(2, 2, 3)), case(A, compute_uv=False), case(np.array([[2.0]])),
    ],
    _svd,
    lambda y1, y2, y3, line: _svd_map(y1, y2, y3, line),
    compute=lambda x, full, hermitian, line: tuple(np.linalg.svd(x, full, True, hermitian)),
    outputs=3,
    selects=True,
    oracle="difference",
    note=TIES + "; a singular value 0: 0, as abs at 0",
)  # fmt: skip


# -- Q and R


def _qr_map(y1: Any, y2: Any, line: str) -> Map:
    Q, R = y1, y2
    n = R.shape[-1]
    pivots = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
    size = np.max(np.abs(R), axis=(-2, -1), initial=0)
    smallest = np.min(pivots, axis=-1, initial=np.inf)
    dependent = (smallest <= Q.shape[-2] * np.finfo(R.dtype).eps * size)[..., None, None]
    inverse = np.linalg.inv(np.where(dependent, np.eye(n), R))
    reason = Reason(
        "np.linalg.qr was given columns that depend on each other: the smallest pivot is {gap}",
        "Q is not determined by them",
        "leave out the dependent columns, or use np.linalg.svd or np.linalg.pinv",
        smallest,
        line,
    )
    N = Diagonal(2 * upper_half(n)) @ Symmetrise() @ left(dagger(Q))
    outputs = (
        Determined(Identity() + left(-Q) @ N, np.broadcast_to(dependent, Q.shape), reason),
        Determined(right(R) @ N, np.broadcast_to(dependent, R.shape), reason),
    )
    return Outputs(outputs) @ right(inverse)


thin_qr_of = declare(
    thin_qr,
    FACTORISATION,
    [case(TALL), case(A), case(grid(2, 3, 2)), case(np.array([[2.0]])), case(np.zeros((3, 0)))],
    lambda primitive, a, line="": primitive(a, line=line),
    lambda y1, y2, line: _qr_map(y1, y2, line),
    operands=None,
    outputs=2,
    selects=True,
    oracle="difference",
    note="columns must be independent",
)
