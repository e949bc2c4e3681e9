"""``ew.linalg``: functions of symmetric matrices, at equal and nearly equal eigenvalues, to third order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import edgewise as ew

mp = pytest.importorskip("mpmath")
RNG = np.random.default_rng(0)
W = RNG.standard_normal((3, 3))
T, S, R = ((t + t.T) / 2 for t in RNG.standard_normal((3, 3, 3)))
Q = np.linalg.qr(RNG.standard_normal((3, 3)))[0]


def turned(*w):
    A = (Q * w) @ Q.T
    return (A + A.T) / 2


POINTS = {
    "diag(1, 1, 2)": np.diag([1.0, 1.0, 2.0]),
    "identity": np.eye(3),
    "turned": turned(1.0, 1.0, 2.0),
    "nearly equal": turned(1.0, 1.0 + 1e-9, 1.0 + 1e-4),
    "apart": turned(0.1, 1.0, 7.0),
    "graded": np.diag([1e-4, 1.0, 1e3]),
}
FUNCTIONS = {
    "exp": (ew.linalg.expm, mp.expm),
    "log": (ew.linalg.logm, mp.logm),
    "sqrt": (ew.linalg.sqrtm, mp.sqrtm),
}


def exact(g, A, *directions):
    """W∘g(A), differentiated along directions by mpmath: differences of mpmath's own function at 40 digits."""

    def moved(*steps):
        M = mp.matrix(A.tolist())
        for s, t in zip(steps, directions, strict=True):
            M = M + s * mp.matrix(t.tolist())
        F = g(M)
        return mp.fsum(F[i, j] * W[i, j] for i in range(3) for j in range(3))

    with mp.workdps(40):
        return float(mp.re(mp.diff(moved, (0,) * len(directions), (1,) * len(directions))))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_to_third_order(name, point):
    f, g = FUNCTIONS[name]
    A = POINTS[point]
    if name == "exp" and point == "graded":
        A = A / 100

    def loss(A):
        return np.sum(W * f(A))

    first = exact(g, A, T)
    np.testing.assert_allclose(np.vdot(ew.grad(loss)(A), T), first, rtol=1e-11)
    np.testing.assert_allclose(ew.jvp(loss, (A,), (T,))[1], first, rtol=1e-11)
    second = exact(g, A, T, S)
    np.testing.assert_allclose(np.vdot(ew.hvp(loss, A, T), S), second, rtol=1e-9)
    np.testing.assert_allclose(np.vdot(ew.grad(lambda A: np.vdot(ew.grad(loss)(A), T))(A), S), second, rtol=1e-9)
    if name == "exp" and point != "graded":
        third = ew.jvp(lambda A: ew.jvp(lambda A: ew.jvp(loss, (A,), (T,))[1], (A,), (S,))[1], (A,), (R,))[1]
        np.testing.assert_allclose(third, exact(g, A, T, S, R), rtol=1e-8)


def test_any_function_with_or_without_its_derivative():
    """The closed form for polynomials: ∇Σ W∘A³ = sym(W A² + A W A + A² W); f is traced, or its derivative given."""
    A = POINTS["turned"]
    Ws = (W + W.T) / 2
    closed = Ws @ A @ A + A @ Ws @ A + A @ A @ Ws
    for matrix_function in (
        lambda A: ew.linalg.matrix_function(A, lambda x: x**3),
        lambda A: ew.linalg.matrix_function(A, lambda x: x**3, lambda x: 3 * x**2),
    ):

        def loss(A, matrix_function=matrix_function):
            return np.sum(W * matrix_function(A))

        np.testing.assert_allclose(matrix_function(A), A @ A @ A, atol=1e-13)
        np.testing.assert_allclose(ew.grad(loss)(A), closed, rtol=1e-12, atol=1e-12)
        bent = Ws @ (A @ T + T @ A) + T @ Ws @ A + A @ Ws @ T + (A @ T + T @ A) @ Ws
        np.testing.assert_allclose(ew.hvp(loss, A, T), bent, rtol=1e-11, atol=1e-11)


def test_hessian_at_two_equal_eigenvalues():
    """Σ W∘f(A) at diag(1, 1, 2): all second derivatives, for exp, against divided differences written out by hand."""
    w, e = np.array([1.0, 1.0, 2.0]), np.e

    def third(a, b, c):  # exp[a, b, c] for points among 1 and 2
        return (e / 2, e**2 - 2 * e, e, e**2 / 2)[[a, b, c].count(2)]

    Ws = (W + W.T) / 2
    H = np.zeros((3, 3, 3, 3))
    for i, j, k in itertools.product(range(3), repeat=3):
        d = third(w[i], w[j], w[k])
        H[i, j, j, k] += d * Ws[k, i]
        H[j, k, i, j] += d * Ws[k, i]
    for axes in ((1, 0, 2, 3), (0, 1, 3, 2)):
        H = (H + np.transpose(H, axes)) / 2
    found = ew.hessian(lambda A: np.sum(W * ew.linalg.matrix_function(A, np.exp)))(np.diag(w))
    np.testing.assert_allclose(found, H, atol=1e-13)


def test_stacks_and_odd_shapes():
    stack = np.stack(list(POINTS.values())[:4])
    found = ew.grad(lambda A: np.sum(W * ew.linalg.expm(A)))(stack)
    mapped = ew.vmap(ew.grad(lambda A: np.sum(W * ew.linalg.expm(A))))(stack)
    for A, a, b in zip(stack, found, mapped, strict=True):
        np.testing.assert_allclose(a, ew.grad(lambda A: np.sum(W * ew.linalg.expm(A)))(A), rtol=1e-13)
        np.testing.assert_allclose(b, a, rtol=1e-13)
    for shape in ((0, 0), (1, 1), (2, 0, 0), (0, 3, 3)):
        A = np.ones(shape) * np.eye(shape[-1])
        np.testing.assert_allclose(ew.grad(lambda A: np.sum(ew.linalg.logm(A)))(A), A)
        assert ew.hessian(lambda A: np.sum(ew.linalg.logm(A)))(A).shape == shape + shape
    np.testing.assert_array_equal(ew.linalg.expm([[0, 0], [0, 0]]), np.eye(2))
    single = ew.grad(lambda A: np.sum(ew.linalg.expm(A)))(np.eye(2, dtype=np.float32))
    assert single.dtype == np.float32


def test_values_outside_the_domain():
    assert np.isnan(ew.linalg.logm(-np.eye(2))).any()
    assert np.isinf(ew.grad(lambda A: ew.linalg.sqrtm(A)[0, 0])(np.diag([0.0, 1.0]))[0, 0])
    np.testing.assert_array_equal(ew.linalg.sqrtm(np.zeros((2, 2))), np.zeros((2, 2)))
    masked = ew.grad(lambda A: np.sum(np.where([[[True]], [[False]]], ew.linalg.sqrtm(A), 0.0)))
    np.testing.assert_allclose(masked(np.stack([np.eye(2), np.zeros((2, 2))]))[1], 0.0)


def test_what_is_refused():
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        ew.linalg.expm(np.ones((2, 3)))
    with pytest.raises(ew.errors.ArgumentError, match="not symmetric"):
        ew.grad(lambda A: np.sum(ew.linalg.expm(A)))(np.array([[1.0, 2.0], [0.0, 1.0]]))
    with pytest.raises(ew.errors.ArgumentError, match="must be a function"):
        ew.linalg.matrix_function(np.eye(2), 3.0)
    with pytest.raises(ew.errors.ArgumentError, match="df="):
        ew.linalg.matrix_function(np.eye(2), np.exp, 3.0)
    with pytest.raises(AttributeError):
        ew.nothing  # noqa: B018  no such name
