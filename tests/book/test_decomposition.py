"""Eigenvalues, singular values, QR: against closed forms, mpmath and differences; and what happens at equal values."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import UndeterminedError

RNG = np.random.default_rng(0)
T = RNG.standard_normal((3, 3))
T = T + T.T
W = RNG.standard_normal((3, 3))
TURN = np.linalg.qr(W)[0]
TURNED = TURN @ np.diag([1.0, 1.0, 2.0]) @ TURN.T
TIES = {
    "two equal": np.diag([1.0, 1.0, 2.0]),
    "all equal": np.eye(3),
    "equal but for rounding": (TURNED + TURNED.T) / 2,
    "zero": np.zeros((3, 3)),
}


def through_vectors(f):
    def loss(A):
        w, V = np.linalg.eigh(A)
        return np.sum(W * ((V * f(w)) @ V.T))

    return loss


def both_ways(f, A, t=T):
    """⟨∇f, t⟩ by reverse, by forward, by linearize and under vmap, which agree."""
    found = [
        np.vdot(ew.grad(f)(A), t),
        ew.jvp(f, (A,), (t,))[1],
        ew.linearize(f, A)[1] @ t,
        np.vdot(ew.vmap(ew.grad(f))(np.stack([A, A]))[1], t),
    ]
    np.testing.assert_allclose(found[1:], found[0], rtol=1e-11, atol=1e-13)
    return found[0]


def slope(f, A, t=T, h=1e-4):
    return (8 * (f(A + h * t) - f(A - h * t)) - (f(A + 2 * h * t) - f(A - 2 * h * t))) / (12 * h)


# -- equal eigenvalues


@pytest.mark.parametrize("point", TIES)
def test_symmetric_functions_of_eigenvalues_are_right(point):
    A = TIES[point]
    for f, df in [(np.exp, np.exp), (np.sin, np.cos), (lambda w: w**3, lambda w: 3 * w**2)]:
        w, V = np.linalg.eigh(A)
        exact = np.vdot((V * df(w)) @ V.T, T)
        for values in (np.linalg.eigvalsh, lambda A: np.linalg.eigh(A)[0], np.linalg.eigvals):
            found = both_ways(lambda A, f=f, values=values: np.sum(f(values(A))), A)
            np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-12)


def test_eigenvalues_that_coincide_share_evenly():
    """As ties of max do: the gradient of each is a subgradient, the mean over the block."""
    A = np.diag([1.0, 1.0, 2.0])
    for i, expected in [(0, [0.5, 0.5, 0]), (1, [0.5, 0.5, 0]), (2, [0, 0, 1])]:
        np.testing.assert_allclose(ew.grad(lambda A, i=i: np.linalg.eigvalsh(A)[i])(A), np.diag(expected), atol=1e-15)
        both_ways(lambda A, i=i: np.linalg.eigvalsh(A)[i], A)
    np.testing.assert_allclose(ew.grad(lambda A: np.linalg.norm(A, 2))(np.eye(4)), np.eye(4) / 4, atol=1e-15)


@pytest.mark.parametrize("point", TIES)
@pytest.mark.parametrize("f", [np.exp, np.log1p, lambda w: w - 1.0], ids=["exp", "log1p", "zero at the tie"])
def test_vectors_of_equal_eigenvalues_are_an_error(point, f):
    """Also where every cotangent of V happens to be zero: f(w) = w - 1 at 1 has a derivative that V alone hides."""
    A, loss = TIES[point], through_vectors(f)
    for derivative in (
        lambda: ew.grad(loss)(A),
        lambda: ew.jvp(loss, (A,), (T,)),
        lambda: ew.jacobian(lambda A: np.linalg.eigh(A)[1])(A),
        lambda: ew.jacfwd(lambda A: np.linalg.eigh(A)[1])(A),
        lambda: ew.jvp(lambda A: np.linalg.eigh(A)[1], (A,), (T,)),
        lambda: ew.linearize(loss, A)[1] @ T,
        lambda: ew.linearize(loss, A)[1].H @ 1.0,
        lambda: ew.hessian(loss)(A),
        lambda: ew.vmap(ew.grad(loss))(np.stack([np.diag([1.0, 2.0, 3.0]), A])),
    ):
        with pytest.raises(UndeterminedError) as caught:
            derivative()
        assert "gap" in caught.value.what
        assert "ew.linalg.matrix_function" in caught.value.instead
        assert "test_decomposition.py" in caught.value.where


def test_the_error_names_the_line_of_the_decomposition():
    def loss(A):
        _, V = np.linalg.eigh(A)
        return np.sum(V)

    with pytest.raises(UndeterminedError) as caught:
        ew.grad(loss)(np.eye(2))
    assert caught.value.where.endswith(f":{loss.__code__.co_firstlineno + 1}")
    assert "gap is 0" in caught.value.what


def test_the_vector_of_a_value_that_stands_alone():
    """Its column is determined, whatever the others are; the others are never looked at."""
    A = np.diag([1.0, 2.0, 2.0])
    for pick in (
        lambda V: V[:, 0],
        lambda V: V.T[0],
        lambda V: np.transpose(V)[0, :],
        lambda V: V[:, :1],
        lambda V: V[0, 0] * V[1, 0] + V[2, 0] * np.ones(3),
        lambda V: np.split(V, [1], axis=1)[0],
        lambda V: np.swapaxes(V, 0, 1)[0],
        lambda V: np.reshape(V, (9,))[::3],
    ):

        def f(A, pick=pick):
            column = pick(np.linalg.eigh(A)[1])
            return np.sum(np.ravel(column) * np.arange(1.0, column.size + 1))

        np.testing.assert_allclose(both_ways(f, A), slope(f, A), rtol=1e-9)
    with pytest.raises(UndeterminedError):
        ew.jvp(lambda A: np.linalg.eigh(A)[1][:, 1], (A,), (T,))
    with pytest.raises(UndeterminedError):
        ew.jvp(lambda A: np.linalg.eigh(A)[1] * 2.0, (A,), (T,))
    with pytest.raises(UndeterminedError):
        ew.jvp(lambda A: np.linalg.eigh(A)[1].astype(np.float32), (A,), (T,))
    with pytest.raises(UndeterminedError):
        ew.jvp(lambda A: np.sort(np.linalg.eigh(A)[1]), (A,), (T,))


def test_second_derivatives_of_eigenvalues_at_ties():
    """A function of all eigenvalues alike has them, but not from its values: an error, not a wrong number."""
    with pytest.raises(UndeterminedError):
        ew.hessian(lambda A: np.sum(np.exp(np.linalg.eigvalsh(A))))(np.eye(2))
    A = np.diag([1.0, 2.0, 2.0])
    second = ew.jvp(lambda A: ew.jvp(lambda A: np.linalg.eigvalsh(A)[0], (A,), (T,))[1], (A,), (T,))[1]
    np.testing.assert_allclose(second, 2 * sum(T[0, j] ** 2 / (1.0 - 2.0) for j in (1, 2)))  # Rayleigh and Schrödinger
    reverse = np.vdot(ew.hvp(lambda A: np.linalg.eigvalsh(A)[0], A, T), T)
    np.testing.assert_allclose(reverse, second)


def test_small_gaps_are_not_ties():
    A, t = np.diag([1.0, 1.0 + 1e-9]), np.array([[0.0, 1.0], [1.0, 0.0]])
    gap = A[1, 1] - A[0, 0]
    _, V = np.linalg.eigh(A)
    found = ew.jvp(lambda A: np.linalg.eigh(A)[1], (A,), (t,))[1]
    np.testing.assert_allclose(np.abs(V.T @ found), [[0, 1 / gap], [1 / gap, 0]], rtol=1e-6)
    tiny = np.diag([1e-20, 2e-20, 1.0])
    np.testing.assert_allclose(ew.grad(lambda A: np.linalg.eigvalsh(A)[0])(tiny), np.diag([1.0, 0, 0]), atol=1e-15)
    with pytest.raises(UndeterminedError):  # the gap is below what a matrix of norm 1 can tell
        ew.grad(lambda A: np.linalg.eigh(A)[1][0, 0])(tiny)


# -- general eigenvalues


def test_eigenvalues_of_a_matrix_that_is_not_symmetric():
    A = np.array([[2.0, 0.3, -0.4], [0.5, -1.0, 0.7], [0.2, 0.6, 0.4]])
    _, V = np.linalg.eig(A)
    left = np.linalg.inv(V)
    for i in range(3):
        gradient = ew.grad(lambda A, i=i: np.linalg.eig(A)[0][i])(A)
        np.testing.assert_allclose(gradient, np.outer(left[i], V[:, i]), rtol=1e-12)

        def f(A, i=i):
            return np.sum(np.linalg.eig(A)[1][:, i] * np.arange(1.0, 4.0))

        np.testing.assert_allclose(both_ways(f, A), slope(f, A), rtol=1e-9)
    np.testing.assert_allclose(ew.grad(lambda A: np.sum(np.linalg.eigvals(A)))(A), np.eye(3), atol=1e-14)


def test_defective_matrices_are_an_error():
    A = np.array([[1.0, 1.0], [0.0, 1.0]])
    for f in (lambda A: np.linalg.eigvals(A)[0], lambda A: np.linalg.eig(A)[1][0, 0]):
        with pytest.raises(UndeterminedError):
            ew.grad(f)(A)
    with pytest.raises(UndeterminedError, match="basis of eigenvectors"):
        ew.jvp(np.linalg.eigvals, (A,), (np.eye(2),))


def test_complex_eigenvalues_of_a_real_matrix():
    A = np.array([[0.0, 1.0], [-1.0, 0.0]])  # a pair of them: |λ|² = det A
    found = ew.grad(lambda A: np.sum(np.abs(np.linalg.eigvals(A))))(A)
    np.testing.assert_allclose(found, [[0.0, 1.0], [-1.0, 0.0]], atol=1e-15)


# -- singular values


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (1, 1), (4, 1), (1, 3), (2, 4, 3)])
@pytest.mark.parametrize("full", [False, True])
def test_singular_vectors(shape, full):
    A, t = RNG.standard_normal(shape), RNG.standard_normal(shape)
    U, s, Vh = np.linalg.svd(A, full)
    k = s.shape[-1]
    weights = [RNG.standard_normal(p.shape) for p in (U[..., :k], s, Vh[..., :k, :])]

    def f(A):
        U, s, Vh = np.linalg.svd(A, full)
        parts = (U[..., :k], s, Vh[..., :k, :])
        return sum(np.sum(w * p) for w, p in zip(weights, parts, strict=True))

    np.testing.assert_allclose(both_ways(f, A, t), slope(f, A, t), rtol=1e-8)
    second = slope(lambda A: np.vdot(ew.grad(f)(A), t), A, t)
    np.testing.assert_allclose(np.vdot(ew.hvp(f, A, t), t), second, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(
        np.vdot(ew.grad(lambda A: np.vdot(ew.grad(f)(A), t))(A), t), second, rtol=1e-7, atol=1e-7
    )


def test_singular_values_against_mpmath():
    mp = pytest.importorskip("mpmath")
    A = 1.0 / (np.arange(5)[:, None] + np.arange(3) + 1)
    t = RNG.standard_normal((5, 3))

    def exact(i, order):
        def moved(h):
            return mp.svd_r(mp.matrix(A.tolist()) + h * mp.matrix(t.tolist()), compute_uv=False)[i]

        with mp.workdps(40):
            return float(mp.diff(moved, 0, order))

    for i in range(3):

        def value(A, i=i):
            return np.linalg.svdvals(A)[i]

        np.testing.assert_allclose(both_ways(value, A, t), exact(i, 1), rtol=1e-11)
        np.testing.assert_allclose(np.vdot(ew.hvp(value, A, t), t), exact(i, 2), rtol=1e-9)


def test_one_further_column_is_determined_and_two_are_not():
    A, t = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))

    def last(A):
        return np.sum(np.linalg.svd(A)[0][:, -1] * np.arange(1.0, 5.0))

    np.testing.assert_allclose(both_ways(last, A, t), slope(last, A, t), rtol=1e-9)
    with pytest.raises(UndeterminedError, match="left singular vectors"):
        ew.grad(last)(A[:, :2])
    with pytest.raises(UndeterminedError, match="right singular vectors"):
        ew.jacobian(lambda A: np.linalg.svd(A)[2])(A[:, :2].T)


def test_equal_and_vanishing_singular_values():
    for A in (np.eye(3), np.diag([1.0, 1.0, 0.0]), np.zeros((3, 3)), np.zeros((3, 2))):
        gradient = ew.grad(lambda A: np.linalg.norm(A, "nuc"))(A)
        U, s, Vh = np.linalg.svd(A, full_matrices=False)
        np.testing.assert_allclose(gradient, (U * (s > 0)) @ Vh, atol=1e-14)  # the subgradient of least norm
        np.testing.assert_allclose(ew.grad(lambda A: np.sum(np.linalg.svdvals(A) ** 2))(A), 2 * A, atol=1e-14)
    with pytest.raises(UndeterminedError):
        ew.grad(lambda A: np.sum(np.linalg.svd(A)[0]))(np.eye(3))
    with pytest.raises(UndeterminedError):
        ew.grad(lambda A: np.sum(np.linalg.svd(A, full_matrices=False)[0]))(np.ones((3, 2)))
    (P, _), (Q, _) = (np.linalg.qr(RNG.standard_normal((3, 3))) for _ in range(2))
    A, t = (P * [3.0, 2.0, 0.0]) @ Q, RNG.standard_normal((3, 3))  # one zero leaves the vectors alone

    def f(A):
        U, _, Vh = np.linalg.svd(A)
        return np.sum(U[:, :2] * W[:, :2]) + np.sum(Vh[:2] * W[:2])

    np.testing.assert_allclose(both_ways(f, A, t), slope(f, A, t), rtol=1e-9)


def test_a_symmetric_matrix_by_its_eigenvalues():
    A = np.diag([3.0, -2.0, 1.0]) + 0.1

    def f(A):
        U, s, Vh = np.linalg.svd(A, hermitian=True)
        return np.sum(U * W) + s @ W[0] + np.sum(Vh * W.T)

    np.testing.assert_allclose(both_ways(f, A), slope(f, A), rtol=1e-9)
    assert ew.grad(lambda A: np.linalg.svd(A, True, False, True)[2])(A).shape == (3, 3)


# -- Q and R


@pytest.mark.parametrize("mode", ["reduced", "complete", "r", "raw"])
@pytest.mark.parametrize("shape", [(3, 3), (5, 2), (2, 5), (4, 1), (1, 4), (2, 4, 3)])
def test_qr_in_every_mode_and_shape(mode, shape):
    A, t = RNG.standard_normal(shape), RNG.standard_normal(shape)
    made = np.linalg.qr(A, mode)
    weights = [RNG.standard_normal(p.shape) for p in (made if isinstance(made, tuple) else (made,))]

    def f(A):
        made = np.linalg.qr(A, mode)
        return sum(np.sum(w * p) for w, p in zip(weights, made if isinstance(made, tuple) else (made,), strict=True))

    np.testing.assert_allclose(both_ways(f, A, t), slope(f, A, t), rtol=1e-8, atol=1e-9)


def test_dependent_columns_are_an_error():
    A = np.outer(np.arange(1.0, 4.0), np.ones(2))
    for f in (lambda A: np.sum(np.linalg.qr(A)[0]), lambda A: np.sum(np.linalg.qr(A, "r"))):
        with pytest.raises(UndeterminedError, match="depend on each other"):
            ew.grad(f)(A)
        with pytest.raises(UndeterminedError, match="depend on each other"):
            ew.jvp(f, (A,), (A,))
    with pytest.raises(UndeterminedError, match="below its diagonal"):
        ew.grad(lambda A: np.sum(np.linalg.qr(A, "complete")[0]))(np.eye(4)[:, :2])
    raw = ew.grad(lambda A: np.sum(np.linalg.qr(A, "raw")[0] * W))(np.triu(W))  # nothing to reflect
    np.testing.assert_allclose(raw, np.triu(W.T), atol=1e-15)
