"""Complex matrices: the laws on real and imaginary parts, Hermitian matrices, phases of vectors."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.pairing import paired
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.errors import ArgumentError, UndeterminedError
from edgewise.testing import laws
from edgewise.testing.complex_laws import in_complex

RNG = np.random.default_rng(0)
HERMITIAN = {np.linalg.cholesky, np.linalg.eigh, np.linalg.eigvalsh, np.linalg.svd}  # below: as functions that fit
OWN = {"ew.cofactors", "ew.least_squares", "ew.thin_qr"}
ROWS = [
    pytest.param(row, id=spelling(f))
    for f, row in DECLARATIONS.items()
    if (spelling(f).startswith("np.linalg.") and f not in HERMITIAN and row.kind != "zero") or spelling(f) in OWN
]


@pytest.mark.parametrize("row", ROWS)
def test_first_and_second_order(row):
    tried = 0
    for case in row.samples:
        complex_row = in_complex(row, case)
        if complex_row is not None and laws.applies("first_order", complex_row, complex_row.samples[0]):
            tried += 1
            for law in ("first_order", "adjointness", "second_order"):
                laws.LAWS[law](complex_row, complex_row.samples[0])
    assert tried or row.function in (np.linalg.matrix_rank, np.linalg.cross)


def random(*shape):
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


def hermitian(*shape):
    A = random(*shape)
    return (A + np.swapaxes(A, -1, -2).conj()) / 2


A, T = hermitian(4, 4), hermitian(4, 4)
W = random(4, 4)
WEIGHTS = random(40)
POSITIVE = A @ A + np.eye(4)


def weighted(y):
    return np.real(np.sum(np.reshape(WEIGHTS[: y.size], y.shape) * y))


def slope(f, A, t, h=1e-3):
    return (8 * (f(A + h * t) - f(A - h * t)) - (f(A + 2 * h * t) - f(A - 2 * h * t))) / (12 * h)


def agree(f, A, t, rtol=1e-8):
    """Forward, reverse and differences to second order."""
    first = ew.jvp(f, (A,), (t,))[1]
    np.testing.assert_allclose(first, slope(f, A, t), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(paired(ew.grad(f)(A), t), first, rtol=1e-11, atol=1e-12)
    second = slope(lambda A: paired(ew.grad(f)(A), t), A, t)
    np.testing.assert_allclose(paired(ew.hvp(f, A, t), t), second, rtol=rtol, atol=rtol)
    again = ew.grad(lambda A: ew.jvp(f, (A,), (t,))[1])(A)
    np.testing.assert_allclose(paired(again, t), second, rtol=rtol, atol=rtol)


def fixed(V):
    """Columns with a real first entry."""
    return V * np.exp(-1j * np.angle(V[..., :1, :]))


HERMITIAN_FUNCTIONS = {
    "cholesky": (lambda A: weighted(np.linalg.cholesky(A)), POSITIVE),
    "cholesky, upper": (lambda A: weighted(np.linalg.cholesky(A, upper=True)), POSITIVE),
    "eigvalsh": (lambda A: np.linalg.eigvalsh(A) @ np.arange(4.0), A),
    "eigh, sizes": (lambda A: np.real(weighted(np.abs(np.linalg.eigh(A)[1]) ** 2)), A),
    "eigh, fixed phases": (lambda A: weighted(fixed(np.linalg.eigh(A, "U")[1])), A),
    "eigh, a projector": (lambda A: weighted(projector(np.linalg.eigh(A)[1][:, :2])), A),
    "expm": (lambda A: weighted(ew.linalg.expm(A)), A),
    "logm": (lambda A: weighted(ew.linalg.logm(A)), POSITIVE),
    "sqrtm at equal eigenvalues": (lambda A: weighted(ew.linalg.sqrtm(A)), np.diag([1.0, 1.0, 2.0, 2.0]) + 0j),
    "any function": (lambda A: weighted(ew.linalg.matrix_function(A, np.tanh)), A),
    "pinv": (lambda A: weighted(np.linalg.pinv(A, hermitian=True)), A),
    "svd": (lambda A: np.linalg.svd(A, hermitian=True)[1] @ np.arange(4.0), A),
}


def sizes(V):
    """|V|², smooth at 0 too."""
    return np.real(V * np.conj(V))


def projector(V):
    return V @ np.conj(V).T


@pytest.mark.parametrize("name", HERMITIAN_FUNCTIONS)
def test_hermitian_matrices(name):
    f, at = HERMITIAN_FUNCTIONS[name]
    agree(f, at, T / 4)
    gradient = ew.grad(f)(at)
    np.testing.assert_allclose(gradient, gradient.conj().T, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
@pytest.mark.parametrize("full", [False, True])
def test_singular_vectors_up_to_their_phases(shape, full):
    k = min(shape[-2:])

    def f(A):
        U, s, Vh = np.linalg.svd(A, full)
        U, Vh = U[..., :k], Vh[..., :k, :]
        turn = np.exp(-1j * np.angle(U[..., :1, :]))
        rows = np.conj(np.swapaxes(turn, -1, -2)) * Vh
        return weighted(U * turn) + weighted(rows) + weighted((U * s[..., None, :] ** 2) @ Vh)

    agree(f, random(*shape), random(*shape) / 4)
    agree(lambda A: weighted(projector(np.linalg.svd(A)[0][:, :2])), random(3, 3), random(3, 3) / 4)


@pytest.mark.parametrize("UPLO", ["L", "U"])
def test_phases_are_those_of_lapack(UPLO):
    """The first (or last) row of V is real in eigh, the first of V or U in svd: derivatives of NumPy's own result."""
    agree(lambda A: weighted(np.linalg.eigh(A, UPLO)[1]), A, T / 4)
    for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (3, 1), (1, 3)):

        def f(A):
            U, s, Vh = np.linalg.svd(A, full_matrices=False)
            return weighted(U) + np.sum(s**2) + weighted(Vh)

        agree(f, random(*shape), random(*shape) / 4, rtol=1e-7)


def test_a_phase_that_nothing_determines_is_an_error():
    """Where the entry that LAPACK makes real is 0, and for the further column of a full factor."""
    diagonal, tall = np.diag([1.0, 2.0, 3.0]) + 0j, random(3, 2)
    for f, name, at in [
        (lambda A: np.real(np.linalg.eigh(A)[1][1, 1] * (1 + 1j)), "eigenvectors", diagonal),
        (lambda A: weighted(np.linalg.eigh(A)[1]), "eigenvectors", diagonal),
        (lambda A: weighted(np.linalg.svd(A)[0]), "singular vectors", diagonal),
        (lambda A: weighted(np.linalg.svd(A)[2]), "singular vectors", diagonal),
        (lambda A: weighted(np.linalg.svd(A)[0]), "singular vectors", tall),
        (lambda A: weighted(np.linalg.svd(A)[2]), "singular vectors", tall.T),
        (lambda A: weighted(np.linalg.svd(A)[2]) + weighted(np.linalg.svd(A)[0]), "singular vectors", diagonal),
    ]:
        for derivative in (ew.grad(f), ew.hessian(f)):
            with pytest.raises(UndeterminedError, match=f"phases of complex {name}") as caught:
                derivative(at)
            assert "test_complex_matrices.py" in caught.value.where
    with pytest.raises(UndeterminedError, match="phases"):
        ew.linearize(lambda A: np.linalg.eigh(A)[1], diagonal)[1].H @ W[:3, :3]
    for shapeless in (lambda A: sizes(np.linalg.eigh(A)[1]), lambda A: sizes(np.linalg.svd(A)[0])):
        agree(lambda A, g=shapeless: weighted(g(A)), diagonal, hermitian(3, 3) / 4)
    agree(lambda A: weighted(sizes(np.linalg.svd(A)[0][:, 2])), tall, random(3, 2) / 4)
    batch = np.stack([diagonal, hermitian(3, 3)])
    with pytest.raises(UndeterminedError, match="phases"):
        ew.vmap(ew.grad(lambda A: weighted(np.linalg.eigh(A)[1])))(batch)


def test_ties_of_complex_matrices():
    Q = np.linalg.qr(random(3, 3))[0]
    B = (Q * [1.0, 1.0, 2.0]) @ Q.conj().T
    B = (B + B.conj().T) / 2
    t = hermitian(3, 3)
    np.testing.assert_allclose(paired(ew.grad(lambda A: np.sum(np.exp(np.linalg.eigvalsh(A))))(B), t),
                               paired(ew.linalg.expm(B), t), rtol=1e-12)  # fmt: skip
    with pytest.raises(UndeterminedError, match="coincide"):
        ew.grad(lambda A: weighted(projector(np.linalg.eigh(A)[1][:, :2])))(B)
    zero = np.diag([1.0, 0.0]) + 0j  # the vectors of a singular value 0 have phases of their own
    with pytest.raises(UndeterminedError, match=r"vanish|phases"):
        ew.grad(lambda A: weighted(np.linalg.svd(A)[0] @ np.linalg.svd(A)[2]))(zero)


def test_a_matrix_that_is_not_hermitian_is_refused():
    with pytest.raises(ArgumentError, match="not symmetric") as caught:
        ew.grad(lambda A: np.sum(np.linalg.eigvalsh(A)))(random(3, 3))
    assert ".conj().T" in caught.value.instead


def test_complex_eigenvalues_of_real_matrices():
    """Of a rotation and scaling [[a, -b], [b, a]] they are a ± ib; and any real matrix, against differences."""

    def f(x):
        w = np.linalg.eigvals(x[0] * np.eye(2) + x[1] * np.array([[0, -1], [1, 0]]))
        return np.sum(np.abs(w) ** 2) + np.sum(np.imag(w) ** 4)

    x = np.array([0.7, 1.2])
    np.testing.assert_allclose(ew.grad(f)(x), [4 * x[0], 4 * x[1] + 8 * x[1] ** 3], rtol=1e-13)
    np.testing.assert_allclose(ew.hessian(f)(x), np.diag([4, 4 + 24 * x[1] ** 2]), atol=1e-11)
    B = np.array([[0.2, -1.5, 0.3], [1.1, 0.4, -0.2], [0.3, 0.5, -1.0]])
    t = RNG.standard_normal((3, 3))

    def g(A):
        w, V = np.linalg.eig(A)
        return np.real(np.sum(w * np.arange(1.0, 4.0))) + np.imag(w[0]) ** 2 + weighted(V)

    agree(g, B, t / 4)
    assert ew.grad(g)(B).dtype == np.float64


def test_the_sign_of_a_complex_determinant_turns():
    def f(A):
        sign, log = np.linalg.slogdet(A)
        return np.real(sign * (1 + 2j)) + log

    agree(f, random(3, 3), random(3, 3) / 4)
    stack = np.stack([np.zeros((2, 2)), np.eye(2)]) + 0j
    cut = ew.grad(lambda A: np.sum(np.where(np.abs(np.linalg.slogdet(A)[0]) > 0, np.linalg.slogdet(A)[1], 0.0)))(stack)
    np.testing.assert_array_equal(cut, [np.zeros((2, 2)), np.eye(2)])
