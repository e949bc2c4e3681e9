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

from typing import Any, NamedTuple

import numpy as np

from edgewise.core.factors import thin_qr
from edgewise.core.matrices import dagger, upper_half
from edgewise.core.pairing import conj
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
    Index,
    Map,
    Outputs,
    PhaseFree,
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


def _phases(
    inner: Map, what: str, line: str, held: Any, columns: tuple[int, Any], rows: tuple[int, Any] | None = None
) -> Map:
    """Complex vectors have phases; real ones (held is None) have signs, which do not move."""
    if held is None:
        return inner
    reason = Reason(
        f"phases of complex {what} are used on which nothing decides",
        "a vector times a number of size 1 serves as well, and the entry that LAPACK makes real is near 0",
        "use what does not depend on phases, such as np.abs(V)**2, or fix them: V * np.exp(-1j * np.angle(V[1]))",
        np.zeros(1),
        line,
    )
    return PhaseFree(inner, held, columns, rows, reason)


def _turning(V: Any, row: int) -> tuple[Map, Any]:
    """How the phases of columns of V turn, i·c from a tangent, where LAPACK makes the entries of one row real.

    Where such an entry is near 0 the phase is held; a mask of those columns is the second result.
    """
    entry = V[..., row, :]
    held = (np.abs(entry) < 1e-4) | (np.abs(np.imag(entry)) > 1e-6)
    chosen = np.arange(V.shape[-2])[:, None] == row % V.shape[-2]
    weights = np.where(chosen & ~held[..., None, :], 1 / np.where(chosen & ~held[..., None, :], V, 1), 0)
    return Compose((Diagonal(0.5, anti=-0.5), Sum((-2,), V.shape), Diagonal(weights))), held


def _turned(V: Any) -> Map:
    """What the phases i·c of its columns take from a tangent of V."""
    return Diagonal(-V) @ Sum((-2,), V.shape).H


def _ties(vectors: str, values: str, tied: Any, gap: Any, line: str) -> Reason:
    gap = np.where(tied, np.abs(gap), np.inf)
    return Reason(f"{vectors} of {values} that coincide are used: their gap is {{gap}}", WHY, INSTEAD, gap, line)


# -- symmetric eigenvalues


def _eigh_map(y1: Any, y2: Any, UPLO: str, line: str) -> Map:
    w, V = y1, y2
    rows, columns = w[..., :, None], w[..., None, :]
    F, tied = _gaps(rows, columns)
    reason = _ties("eigenvectors", "eigenvalues", tied, columns - rows, line)
    values = Averaged(w) @ RealPart() @ DiagonalPart(w.shape[-1])
    turned: Map = left(V) @ Diagonal(F)
    held = None
    if V.dtype.kind == "c" and V.size:
        turning, held = _turning(V, 0 if UPLO == "L" else -1)
        turned = (Identity() + _turned(V) @ turning) @ turned
    vectors = Determined(turned, _columns(tied, V), reason)
    both = _phases(Outputs((values, vectors)), "eigenvectors", line, held, (1, V))
    return Compose((both, left(dagger(V)), right(V), Symmetrise()))


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
    lambda y1, y2, UPLO, line: _eigh_map(y1, y2, UPLO, line),
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


def _normalised(V: Any, shape: tuple[int, ...]) -> Map:
    """Takes from each column of a tangent of V what would lengthen it, or turn its largest entry from the real axis.

    That is how LAPACK scales them (dgeev, zgeev).
    """
    along = Sum((-2,), shape)
    kept = Identity() + Compose((Diagonal(-V), along.H, RealPart(), along, Diagonal(conj(V))))
    if V.dtype.kind != "c" or not shape[-1]:
        return kept
    size = np.abs(V)
    largest = np.arange(shape[-1])[:, None] == np.expand_dims(np.argmax(size, axis=-2), -2)
    imaginary = Diagonal(0.5, anti=-0.5)
    return kept + Compose((Diagonal(-V), along.H, imaginary, along, Diagonal(np.where(largest, 1 / V, 0))))


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
    vectors = _normalised(V, shape) @ left(V) @ Diagonal(F)
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
    note=TIES + "; vectors of length 1, with a real largest entry",
)
# NumPy gives real values where it can, and only the values tell where that is.
eig.form = Primitive(
    "eig_is_complex", lambda x, line: np.bool_(np.linalg.eigvals(x).dtype.kind == "c"), FACTORISATION, zero=True
)


# -- singular values


def _turns(s: Any) -> tuple[Any, Any, Any]:
    """The weights of the turns of U and V within their spaces, which columns are tied, and their gaps."""
    rows, columns = s[..., :, None], s[..., None, :]
    F, tied = _gaps(rows, columns)
    gap = np.min(np.where(tied, np.abs(columns - rows), np.inf), axis=-2, initial=np.inf)
    return 2 * F / np.where(F == 0, 1, rows + columns), np.any(tied, axis=-2), gap


class _Side(NamedTuple):
    """What makes U and V different.

    Attributes:
        name: left or right.
        vectors: U or V: thin, or full.
        product: from the common core to M S or S M.
        beyond: from the common core to T V or Tᴴ U, where the thin factor does not span its space.
        phase: 1 or -1: they turn against each other.
    """

    name: str
    vectors: Any
    product: Map
    beyond: Map | None
    phase: int


def _reciprocal(side: _Side, s: Any) -> tuple[Any, Any]:
    """1/s, with 0 where s vanishes beside the largest; and a mask of those places."""
    limit = max(side.vectors.shape[-2:]) * np.finfo(s.dtype).eps * np.max(s, axis=-1, keepdims=True, initial=0)
    null = s <= limit
    return np.where(null, 0, 1 / np.where(null, 1, s)), null


def _own(side: _Side, s: Any) -> Any:
    """The columns of a factor that belong to singular values."""
    k = s.shape[-1]
    return side.vectors[..., :k] if side.vectors.shape[-1] > k else side.vectors


def _thin(side: _Side, s: Any, weights: Any, middle: Map) -> Map:
    """The map to the columns of U or V that belong to singular values: the turn within their space, and beyond it."""
    own = _own(side, s)
    inner: Map = left(own) @ Diagonal(weights) @ Symmetrise() @ side.product
    scaled = Diagonal(_reciprocal(side, s)[0][..., None, :])
    if side.beyond is not None:
        inner = inner + (Identity() + left(-own) @ left(dagger(own))) @ scaled @ side.beyond
    if own.dtype.kind == "c":  # i Im M / 2s on the diagonal, half of what U and V turn against each other
        turn = Diagonal(0.5 * side.phase * np.eye(s.shape[-1])) @ (Identity() + Diagonal(-1.0) @ Symmetrise())
        inner = inner + left(own) @ scaled @ turn @ middle
    return inner


def _factor(side: _Side, s: Any, inner: Map, tied: Any, gap: Any, line: str) -> Map:
    """The map to U or V, with the further columns of a full factor, and what is not determined marked.

    The first columns do not depend on the choice of further ones: dU₂ = -U₁ (U₂ᴴ T V S⁻¹)ᴴ follows from dU₁.
    """
    k, vectors = s.shape[-1], side.vectors
    reciprocal, null = _reciprocal(side, s)
    if side.beyond is not None or vectors.dtype.kind == "c":
        tied, gap = tied | null, np.minimum(gap, np.where(null, s, np.inf))
    if side.beyond is not None and vectors.shape[-1] > k:
        own, rest = vectors[..., :k], vectors[..., k:]
        count = rest.shape[-1]
        further = left(-own) @ Diagonal(reciprocal[..., None]) @ ConjugateTranspose() @ left(dagger(rest)) @ side.beyond
        inner = _placed(vectors, slice(0, k)) @ inner + _placed(vectors, slice(k, k + count)) @ further
        free = np.broadcast_to(np.any(null, axis=-1, keepdims=True) | (count > 1), (*s.shape[:-1], count))
        tied, gap = np.concatenate([tied, free], axis=-1), np.concatenate([gap, np.where(free, 0, np.inf)], axis=-1)
    loose = np.broadcast_to(tied[..., None, :], vectors.shape)
    said = f"{side.name} singular vectors of singular values that coincide, or vanish, are used: their gap is {{gap}}"
    return Determined(inner, loose, Reason(said, WHY, INSTEAD, gap, line))


def _placed(like: Any, columns: slice) -> Map:
    """Columns put in their place among those of ``like``."""
    return Index((slice(None),) * (like.ndim - 1) + (columns,), (), like.shape).H


def _svd_map(y1: Any, y2: Any, y3: Any, line: str) -> Map:
    U, s, V = y1, y2, dagger(y3)
    k = s.shape[-1]
    U1, V1 = (X[..., :k] if X.shape[-1] > k else X for X in (U, V))
    tall, wide = U.shape[-2] > k, V.shape[-2] > k
    core: Map = right(V1) if tall else left(dagger(U1)) if wide else left(dagger(U1)) @ right(V1)
    middle: Map = left(dagger(U1)) if tall else right(V1) if wide else Identity()  # from there to M = Uᴴ T V
    weights, tied, gap = _turns(s)
    on_left = _Side("left", U, Diagonal(s[..., None, :]) @ middle, Identity() if tall else None, 1)
    on_right = _Side("right", V, Diagonal(s[..., :, None]) @ middle, ConjugateTranspose() if wide else None, -1)
    thin = [_thin(side, s, weights, middle) for side in (on_left, on_right)]
    held = None
    if U.dtype.kind == "c" and k:
        turning, held = _turning(U1 if wide else V1, 0)
        turning = turning @ thin[0 if wide else 1]
        thin = [inner + _turned(own) @ turning for inner, own in zip(thin, (U1, V1), strict=True)]
    maps = [_factor(side, s, inner, tied, gap, line) for side, inner in zip((on_left, on_right), thin, strict=True)]
    values = Compose((Diagonal((s != 0).astype(s.dtype)), Averaged(s), RealPart(), DiagonalPart(k), middle))
    outputs = Outputs((maps[0], values, ConjugateTranspose() @ maps[1]))
    return Compose((_phases(outputs, "singular vectors", line, held, (0, U), (2, y3)), core))


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
