"""Systems, inverses, determinants, Cholesky's factor, least squares: against mpmath, at hard points and odd shapes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.cofactors import cofactors

mp = pytest.importorskip("mpmath")
RNG = np.random.default_rng(0)


def hilbert(n):
    return 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)


def matrix(A):
    return mp.matrix(np.asarray(A).tolist())


def along(f, A, *directions):
    """The mixed derivative of a function of an mpmath matrix at 0, along directions."""

    def moved(*steps):
        M = matrix(A)
        for s, t in zip(steps, directions, strict=True):
            M = M + s * matrix(t)
        return f(M)

    with mp.workdps(60):
        return float(mp.diff(moved, (0,) * len(directions), (1,) * len(directions)))


# -- against mpmath, at well and ill conditioned matrices

N = 5
W, B = RNG.standard_normal((N, N)), RNG.standard_normal((N, 2))
T, S = RNG.standard_normal((N, N)), RNG.standard_normal((N, N))
POINTS = {"random": RNG.standard_normal((N, N)), "Hilbert": hilbert(N), "graded": np.diag(10.0 ** -np.arange(N)) + 0.01}


def total(M, weights):
    return mp.fsum(M[i, j] * weights[i, j] for i in range(M.rows) for j in range(M.cols))


PAIRS = {
    "solve": (lambda A: np.vdot(W[:, :2], np.linalg.solve(A, B)), lambda M: total(M**-1 * matrix(B), W)),
    "inv": (lambda A: np.vdot(W, np.linalg.inv(A)), lambda M: total(M**-1, W)),
    "det": (np.linalg.det, mp.det),
    "slogdet": (lambda A: np.linalg.slogdet(A)[1], lambda M: mp.log(abs(mp.det(M)))),
    "tensorinv": (lambda A: np.vdot(W[:, 0], np.linalg.tensorinv(A, 1)[:, 0]), lambda M: total((M**-1)[:, 0], W)),
    "matrix_power": (lambda A: np.vdot(W, np.linalg.matrix_power(A, -2)), lambda M: total(M**-2, W)),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", PAIRS)
def test_first_and_second_derivatives(name, point):
    """Both directions; the error that is allowed grows with the condition number, as that of the value does."""
    f, g = PAIRS[name]
    A = POINTS[point]
    loss = 1e-15 * N * np.linalg.cond(A) ** (1 if name != "matrix_power" else 2)
    first = along(g, A, T)
    np.testing.assert_allclose(np.vdot(ew.grad(f)(A), T), first, rtol=max(1e-12, 30 * loss))
    np.testing.assert_allclose(ew.jvp(f, (A,), (T,))[1], first, rtol=max(1e-12, 30 * loss))
    second = along(g, A, T, S)
    np.testing.assert_allclose(np.vdot(ew.hvp(f, A, T), S), second, rtol=max(1e-11, 300 * loss))


def test_cholesky_of_an_ill_conditioned_matrix():
    A, T = hilbert(4), np.diag([1.0, 2.0, 3.0, 4.0]) + 0.5
    W = np.tril(RNG.standard_normal((4, 4)))
    expected = along(lambda M: total(mp.cholesky(M), W), A, T)
    scale = np.linalg.cond(A) * 1e-14

    def f(A):
        return np.vdot(W, np.linalg.cholesky(A))

    np.testing.assert_allclose(np.vdot(ew.grad(f)(A), T), expected, rtol=scale)
    np.testing.assert_allclose(ew.jvp(f, (A,), (T,))[1], expected, rtol=scale)
    gradient = ew.grad(f)(A)
    np.testing.assert_allclose(gradient, gradient.T, rtol=1e-12)


def test_a_matrix_that_is_not_symmetric_is_refused():
    lower = np.tril(hilbert(3) + np.eye(3))
    for f, half in [
        (np.linalg.cholesky, "np.tril(A)"),
        (np.linalg.eigvalsh, "np.tril(A)"),
        (lambda A: np.linalg.eigh(A, "U")[0], "np.triu(A)"),
        (lambda A: np.linalg.pinv(A, hermitian=True), "np.tril(A)"),
        (ew.linalg.expm, "np.tril(A)"),
    ]:
        with pytest.raises(ew.errors.ArgumentError, match="not symmetric") as caught:
            ew.linearize(f, lower)
        assert half in caught.value.instead

    def mirrored(x):
        return np.sum(np.linalg.cholesky(np.tril(x) + np.tril(x, -1).T))

    step = 1e-6 * np.eye(3)[1][:, None] * np.eye(3)[0]
    slope = (np.sum(np.linalg.cholesky(lower + step)) - np.sum(np.linalg.cholesky(lower - step))) / 2e-6
    np.testing.assert_allclose(ew.grad(mirrored)(lower)[1, 0], slope, rtol=1e-8)


# -- determinants of any rank


def of_rank(n, rank):
    """A matrix of small integers, so that its rank is exact."""
    A = np.zeros((n, n))
    A[:rank] = np.round(3 * RNG.standard_normal((rank, n)))
    A[rank:] = np.round(RNG.integers(-2, 3, (n - rank, rank))) @ A[:rank]
    return A


def forwards(f, t):
    return lambda A: ew.jvp(f, (A,), (t,))[1]


def backwards(f, t):
    return lambda A: np.vdot(ew.grad(f)(A), t)


@pytest.mark.parametrize("rank", range(5))
def test_determinant_is_differentiated_at_every_rank_and_order(rank):
    """The derivatives of a polynomial, by mpmath, at matrices of which one, two, ... rows depend on the others."""
    A = of_rank(4, rank)
    Ts = [RNG.standard_normal((4, 4)) for _ in range(4)]
    forward = reverse = np.linalg.det
    for order in range(1, 5):
        t = Ts[order - 1]
        forward, reverse = forwards(forward, t), backwards(reverse, t)
        expected = along(mp.det, A, *Ts[:order])
        bound = 1e-12 * (np.abs(A).max() ** (4 - order) + 1)
        np.testing.assert_allclose(forward(A), expected, rtol=1e-11, atol=bound)
        np.testing.assert_allclose(reverse(A), expected, rtol=1e-11, atol=bound)


def test_cofactors_are_minors():
    A = of_rank(4, 3)
    minors = [
        [(-1) ** (i + j) * np.linalg.det(np.delete(np.delete(A, i, 0), j, 1)) for j in range(4)] for i in range(4)
    ]
    np.testing.assert_allclose(ew.grad(np.linalg.det)(A), minors, atol=1e-12 * np.abs(minors).max())
    regular = A + 0.1 * np.eye(4)
    np.testing.assert_allclose(cofactors(regular), np.linalg.det(regular) * np.linalg.inv(regular).T)


@pytest.mark.parametrize("n", [5, 20, 50])
def test_determinants_of_larger_matrices(n):
    """Where one singular value vanishes, against the closed form σ₁···σₙ₋₁ u vᵀ."""
    U, V = (np.linalg.qr(RNG.standard_normal((n, n)))[0] for _ in range(2))
    s = np.append(RNG.uniform(0.5, 2.0, n - 1), 0.0)
    exact = np.prod(s[:-1]) * np.linalg.det(U) * np.linalg.det(V) * np.outer(U[:, -1], V[:, -1])
    found = ew.grad(np.linalg.det)((U * s) @ V.T)
    np.testing.assert_allclose(found, exact, atol=1e-12 * np.abs(exact).max())


def test_stacks_of_regular_and_singular_matrices():
    stack = np.stack([of_rank(3, r) for r in range(4)])
    together = ew.vmap(ew.grad(np.linalg.det))(stack)
    inside = ew.grad(lambda A: np.sum(np.linalg.det(A)))(stack)
    for member, a, b in zip(stack, together, inside, strict=True):
        np.testing.assert_allclose(a, ew.grad(np.linalg.det)(member), atol=1e-13)
        np.testing.assert_allclose(b, ew.grad(np.linalg.det)(member), atol=1e-13)


def test_logarithm_of_a_singular_determinant_is_infinite_unless_it_is_cut():
    stack = np.stack([np.zeros((2, 2)), 2 * np.eye(2)])

    def f(A):
        sign, log = np.linalg.slogdet(A)
        return np.sum(np.where(sign != 0, log, 0.0))

    np.testing.assert_array_equal(ew.grad(f)(stack), [np.zeros((2, 2)), 0.5 * np.eye(2)])
    np.testing.assert_array_equal(ew.jvp(f, (stack,), (np.ones_like(stack),))[1], 1.0)
    assert np.all(np.isinf(ew.grad(lambda A: np.linalg.slogdet(A)[1])(stack[0])))
    result = np.linalg.slogdet(stack[1])
    with pytest.raises(AttributeError):
        result.nothing  # noqa: B018  a named result
    assert ew.grad(lambda A: np.linalg.slogdet(A).logabsdet)(stack[1]).tolist() == [[0.5, 0], [0, 0.5]]


# -- shapes


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (3, 0, 0), (0, 2, 2), (2, 1, 3, 3)])
def test_empty_single_and_stacked(shape):
    n = shape[-1]
    A = RNG.standard_normal(shape) + 3 * np.eye(n)
    symmetric = A + np.swapaxes(A, -1, -2) + 9 * np.eye(n)
    for f, at in [
        (lambda A: np.sum(np.linalg.inv(A)), A),
        (lambda A: np.sum(np.linalg.det(A)), A),
        (lambda A: np.sum(np.linalg.slogdet(A)[1]), A),
        (lambda A: np.sum(np.linalg.solve(A, np.ones((n, 2)))), A),
        (lambda A: np.sum(np.linalg.cholesky(A)), symmetric),
        (lambda A: np.sum(np.linalg.eigvalsh(A)), symmetric),
        (lambda A: np.sum(ew.linalg.expm(A)), symmetric),
        (lambda A: np.sum(np.linalg.pinv(A)), A),
    ]:
        gradient = ew.grad(f)(at)
        assert gradient.shape == shape
        if at.size:
            t = symmetric / 9
            slope = (f(at + 1e-5 * t) - f(at - 1e-5 * t)) / 2e-5
            np.testing.assert_allclose(np.vdot(gradient, t), slope, rtol=1e-7)


def test_right_hand_sides_broadcast():
    A, b = RNG.standard_normal((4, 1, 3, 3)) + 3 * np.eye(3), RNG.standard_normal((2, 3, 2))
    gA, gb = ew.grad(lambda A, b: np.sum(np.linalg.solve(A, b) ** 2), (0, 1))(A, b)
    assert (gA.shape, gb.shape) == (A.shape, b.shape)
    one = ew.grad(lambda A, b: np.sum(np.linalg.solve(A, b) ** 2), (0, 1))
    looped = [one(A[i, 0], b[j]) for i, j in np.ndindex(4, 2)]
    np.testing.assert_allclose(gA[1, 0], looped[2][0] + looped[3][0])
    np.testing.assert_allclose(gb[1], sum(looped[2 * i + 1][1] for i in range(4)))
    vector = ew.jacobian(lambda A: np.linalg.solve(A, np.arange(3.0)))(A[0, 0])
    x, inverse = np.linalg.solve(A[0, 0], np.arange(3.0)), np.linalg.inv(A[0, 0])
    np.testing.assert_allclose(vector, -np.einsum("ij,k->ijk", inverse, x))


def test_integer_matrices_and_lists():
    np.testing.assert_allclose(ew.grad(lambda b: np.linalg.solve([[2, 1], [1, 3]], b)[0])(np.ones(2)), [0.6, -0.2])
    np.testing.assert_allclose(ew.grad(lambda A: np.linalg.solve(A, [1, 2])[0])(2 * np.eye(2)), [[-0.25, -0.5], [0, 0]])


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.inv,
        lambda x: np.linalg.inv(x[0]),
        lambda x: np.linalg.inv(x[:2, :2] * 0),
        lambda x: np.linalg.solve(x[:2, :2], x.T),
        lambda x: np.linalg.solve(x[:2, :2], x[0, 0]),
        lambda x: np.linalg.solve(np.stack([x[:2, :2]] * 2), np.stack([x] * 3)),
        np.linalg.det,
        lambda x: np.linalg.cholesky(-x[:2, :2] @ x[:2, :2].T),
        np.linalg.eigh,
        lambda x: np.linalg.eigh(x[:2, :2] @ x[:2, :2].T, "strange"),
        np.linalg.eig,
        lambda x: np.linalg.svd(x[0]),
        lambda x: np.linalg.svd(x, hermitian=True),
        lambda x: np.linalg.qr(x, "strange"),
        lambda x: np.linalg.qr(x[0]),
        lambda x: np.linalg.pinv(x[0]),
        lambda x: np.linalg.pinv(x, 1e-3, rtol=1e-3),
        lambda x: np.linalg.cond(x[:0]),
        lambda x: np.linalg.cond(x, 1),
        lambda x: np.linalg.matrix_rank(x, 1e-3, rtol=1e-3),
        lambda x: np.linalg.lstsq(x[0], x[0]),
        lambda x: np.linalg.lstsq(x[None], x),
        lambda x: np.linalg.lstsq(x, x[None]),
        lambda x: np.linalg.lstsq(x, x[0]),
        lambda x: np.linalg.tensorsolve(x, x[0]),
        np.linalg.tensorinv,
        lambda x: np.linalg.tensorinv(x, 0),
    ],
)
def test_what_numpy_refuses_is_refused_alike(f):
    x = np.array([[1.0, 2.0, 0.5], [0.5, -1.0, 2.0]])
    with pytest.raises((ValueError, np.linalg.LinAlgError)) as numpy:
        f(x)
    with pytest.raises(numpy.type):
        ew.linearize(f, x)


# -- least squares, pseudo-inverses


def test_least_squares_of_every_shape():
    """Tall, wide and square, against the normal equations, which are differentiated by solve."""
    for m, n in [(5, 2), (2, 5), (3, 3), (4, 1), (1, 4)]:
        A, b = RNG.standard_normal((m, n)), RNG.standard_normal(m)

        def by_normal_equations(A, b, m=m, n=n):
            return np.linalg.solve(A.T @ A, A.T @ b) if m >= n else A.T @ np.linalg.solve(A @ A.T, b)

        for argument in (0, 1):
            found = ew.jacobian(lambda A, b: np.linalg.lstsq(A, b)[0], argument)(A, b)
            also = ew.jacobian(lambda A, b: np.linalg.pinv(A) @ b, argument)(A, b)
            expected = ew.jacobian(by_normal_equations, argument)(A, b)
            np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())
            np.testing.assert_allclose(also, expected, atol=1e-10 * np.abs(expected).max())


def test_least_squares_where_the_rank_stays_below():
    """Along directions that keep the rank, the derivative is that of the factors; residuals are left out."""
    L, R, b = RNG.standard_normal((5, 2)), RNG.standard_normal((2, 3)), RNG.standard_normal(5)
    found = ew.jacobian(lambda L: np.linalg.lstsq(L @ R, b, 1e-10)[0])(L)
    expected = ew.jacobian(lambda L: np.linalg.pinv(R) @ np.linalg.pinv(L) @ b)(L)
    np.testing.assert_allclose(found, expected, atol=1e-10)
    assert np.linalg.lstsq(L @ R, b)[1].shape == ew.vmap(lambda L: np.linalg.lstsq(L @ R, b)[1])(L[None])[0].shape


def test_residuals_of_a_batch_have_one_shape():
    full, deficient = RNG.standard_normal((4, 2)), np.outer(np.arange(4.0), np.ones(2))
    b = RNG.standard_normal(4)
    with pytest.raises(ew.errors.BatchError, match="full rank"):
        ew.vmap(lambda A: np.linalg.lstsq(A, b)[0])(np.stack([full, deficient]))
    found = ew.vmap(ew.grad(lambda A: np.sum(np.linalg.lstsq(A, b)[1])))(np.stack([full, 2 * full]))
    np.testing.assert_allclose(found[1], ew.grad(lambda A: np.sum(np.linalg.lstsq(A, b)[1]))(2 * full))


def test_rank_has_no_derivative():
    assert ew.grad(lambda A: np.linalg.matrix_rank(A) * np.sum(A))(np.eye(2)).tolist() == [[2, 2], [2, 2]]
    assert ew.grad(lambda v: np.linalg.matrix_rank(v) * np.sum(v))(np.ones(2)).tolist() == [1, 1]
    assert ew.grad(lambda A: np.linalg.matrix_rank(A, hermitian=True) * A[0, 0])(np.eye(2)).tolist() == [[2, 0], [0, 0]]


def test_norms_by_singular_values():
    A = np.diag([3.0, 2.0, 1.0])
    for order, expected in [(2, np.diag([1.0, 0, 0])), (-2, np.diag([0, 0, 1.0])), ("nuc", np.eye(3))]:
        np.testing.assert_allclose(ew.grad(lambda A, p=order: np.linalg.norm(A, p))(A), expected, atol=1e-15)
    np.testing.assert_allclose(ew.grad(np.linalg.cond)(A), np.diag([1.0, 0, -3.0]), atol=1e-15)
    np.testing.assert_allclose(ew.grad(lambda A: np.linalg.cond(A, -2))(A), np.diag([-1 / 9, 0, 1 / 3]), atol=1e-15)
    assert np.linalg.cond(np.zeros((2, 2))) == np.inf


def test_multi_dot_and_powers_through_inverses():
    A = RNG.standard_normal((3, 3)) + 3 * np.eye(3)
    for n in (-3, -1, 0, 4):
        explicit = ew.grad(lambda A, n=n: np.sum(repeated_product(A, n)))(A)
        np.testing.assert_allclose(
            ew.grad(lambda A, n=n: np.sum(np.linalg.matrix_power(A, n)))(A), explicit, atol=1e-12
        )


def repeated_product(A, n):
    A = A if n >= 0 else np.linalg.solve(A, np.eye(3))
    power = np.eye(3)
    for _ in itertools.repeat(None, abs(n)):
        power = power @ A
    return power if n else np.eye(3) + 0 * A
