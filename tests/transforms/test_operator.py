"""The linear operator: its verbs, its structure, and what SciPy makes of it."""

from __future__ import annotations

import logging
import pickle

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator, cg, gmres, lsqr

import edgewise as ew
from edgewise.errors import ArgumentError, EscapedError, NotElementwiseError, StructureError

X = np.array([2.0, 3.0, 5.0])
M = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 4.0]])


def f(x):
    return M @ x + 0.1 * x**2


DENSE = M + np.diag(0.2 * X)


def test_verbs_and_protocol():
    value, J = ew.linearize(f, X)
    np.testing.assert_allclose(value, f(X))
    np.testing.assert_allclose(J @ X, DENSE @ X)
    np.testing.assert_allclose(J.H @ X, DENSE.T @ X)
    np.testing.assert_allclose(J.T @ X, DENSE.T @ X)
    np.testing.assert_allclose(J.H.H @ X, DENSE @ X)
    np.testing.assert_allclose(J.todense(), DENSE)
    np.testing.assert_allclose(J.H.todense(), DENSE.T)
    np.testing.assert_allclose(J.matvec(X), DENSE @ X)
    np.testing.assert_allclose(J.rmatvec(X), DENSE.T @ X)
    np.testing.assert_allclose(J.H.matvec(X), DENSE.T @ X)
    np.testing.assert_allclose(J.H.rmatvec(X), DENSE @ X)
    np.testing.assert_allclose(J.matmat(M), DENSE @ M)
    np.testing.assert_allclose(J.rmatmat(M), DENSE.T @ M)
    assert (J.shape, J.dtype, J.H.shape) == ((3, 3), np.float64, (3, 3))
    assert repr(J) == "<linear operator of shape (3, 3), float64, 4 operations>"
    assert repr(J.H).startswith("<adjoint of <linear operator")


def test_scipy_takes_it_as_it_stands():
    _, J = ew.linearize(f, X)
    wanted = np.linalg.solve(DENSE, X)
    np.testing.assert_allclose(lsqr(J, X)[0], wanted, rtol=1e-6)
    np.testing.assert_allclose(gmres(J, X)[0], wanted, rtol=1e-4)
    np.testing.assert_allclose(aslinearoperator(J) @ X, DENSE @ X)
    assert isinstance(J.as_scipy(), LinearOperator)
    np.testing.assert_allclose((J.as_scipy().H @ J.as_scipy()) @ M, DENSE.T @ DENSE @ M)
    _, H = ew.linearize(ew.grad(lambda x: x @ M @ M.T @ x), X)
    np.testing.assert_allclose(cg(H, X)[0], np.linalg.solve(2 * M @ M.T, X), rtol=1e-4)


def test_structure_of_arguments_and_results():
    def g(a, b):
        return {"sum": a["x"] + b, "product": a["x"] * b}

    value, J = ew.linearize(g, {"x": 2.0}, 3.0)
    assert value == {"sum": 5.0, "product": 6.0}
    assert J @ ({"x": 1.0}, 0.0) == {"sum": 1.0, "product": 3.0}
    assert J.H @ {"sum": 1.0, "product": 1.0} == ({"x": 4.0}, 3.0)
    np.testing.assert_array_equal(J.todense(), [[3.0, 2.0], [1.0, 1.0]])
    assert J.shape == (2, 2)


def test_traced_seeds_stay_traced():
    _, J = ew.linearize(f, X)
    np.testing.assert_allclose(ew.jacobian(lambda t: J @ t)(X), DENSE)
    np.testing.assert_allclose(ew.jacobian(lambda g: J.H @ g)(X), DENSE.T)
    np.testing.assert_allclose(ew.vmap(lambda t: J @ t)(np.eye(3)), DENSE.T)


def test_it_may_be_used_again_and_outlives_the_call():
    buffer = np.full(3, 2.0)
    _, J = ew.linearize(lambda x: x * buffer, X)
    buffer[:] = 7.0
    for _ in range(2):
        np.testing.assert_array_equal(J @ X, 2 * X)
    big = np.full(200_000, 2.0)
    _, J = ew.linearize(lambda x: np.sum(x * big), 1.0)
    big[:] = 7.0
    assert J @ 1.0 == 400_000.0


def test_a_result_that_does_not_depend_on_the_argument():
    value, J = ew.linearize(lambda x: (np.ones(2), x[0], 3), X)
    assert value[2] == 3
    t = J @ X
    np.testing.assert_array_equal(t[0], [0.0, 0.0])
    assert (t[1], t[2]) == (2.0, 0.0)
    np.testing.assert_array_equal(J.H @ (np.ones(2), 1.0, 1.0), [1.0, 0.0, 0.0])


@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.hstack])
def test_buffers_that_nothing_was_stored_into(join):
    """They are values of the transformation, and nothing moves in them."""

    def f(x):
        return join([np.zeros_like(x), np.ones_like(x)])

    _, J = ew.linearize(f, X)
    size = f(X).size
    assert not np.any(J @ X)
    assert not np.any(J.H @ np.ones(f(X).shape))
    np.testing.assert_array_equal(J.todense(), np.zeros((size, 3)))
    np.testing.assert_array_equal(ew.jacfwd(f)(X), np.zeros((*f(X).shape, 3)))
    np.testing.assert_array_equal(ew.jvp(f, (X,), (X,))[1], np.zeros(f(X).shape))
    np.testing.assert_array_equal(ew.jacfwd(lambda x: x * np.sum(f(x)))(X), np.sum(f(X)) * np.eye(3))


def test_one_value_returned_twice():
    def g(x):
        y = np.sin(x)
        return y, y

    x = np.array([0.0, 1.0])
    _, pull = ew.vjp(g, x)
    np.testing.assert_allclose(pull((np.ones(2), np.ones(2)))[0], 2 * np.cos(x))
    np.testing.assert_allclose(pull((np.array([1.0, 0.0]), np.array([0.0, 1.0])))[0], np.cos(x))


def test_misuse():
    _, J = ew.linearize(f, X)
    with pytest.raises(StructureError, match="matvec got a vector of 2 entries"):
        J.matvec(np.ones(2))
    with pytest.raises(StructureError, match=r"shape \(2,\), and its value has shape \(3,\)"):
        J @ np.ones(2)
    with pytest.raises(StructureError, match="takes 2 tangents"):
        ew.linearize(lambda a, b: a * b, 1.0, 2.0)[1] @ 1.0
    with pytest.raises(ArgumentError, match="without a point"):
        ew.linearize(f)
    with pytest.raises(EscapedError, match="cannot be pickled"):
        pickle.dumps(J)


def test_jacobian_says_which_way_it_goes(caplog):
    with caplog.at_level(logging.INFO, logger="edgewise"):
        ew.jacobian(np.sum)(X)
        ew.jacobian(lambda x: x * X)(2.0)
    assert [r.message.rsplit(" ", 1)[1] for r in caplog.records] == ["reverse", "forward"]
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(ew.jacobian(f, mode=mode)(X), DENSE)
    with pytest.raises(ArgumentError, match="mode='sideways' is not known"):
        ew.jacobian(f, mode="sideways")


def test_jacobian_in_small_batches(monkeypatch):
    monkeypatch.setattr("edgewise.transforms.operator.BATCH_ENTRIES", 4)
    np.testing.assert_allclose(ew.jacfwd(f)(X), DENSE)
    np.testing.assert_allclose(ew.jacrev(f)(X), DENSE)


def test_derivative_verifies_that_a_function_is_elementwise():
    x = np.linspace(0.0, 1.0, 7)
    np.testing.assert_allclose(ew.derivative(lambda v: np.sin(v) * v)(x), np.cos(x) * x + np.sin(x))
    np.testing.assert_allclose(ew.derivative(ew.derivative(np.sin))(x), -np.sin(x))
    np.testing.assert_allclose(ew.derivative(lambda t: np.array([t, t**2]))(3.0), [1.0, 6.0])
    np.testing.assert_array_equal(ew.derivative(np.sqrt)(np.array([0.0, 4.0])), [np.inf, 0.25])
    for g in (lambda v: v * np.sum(v), lambda v: v[::-1] * 2, np.cumsum, lambda v: v - np.roll(v, 2)):
        with pytest.raises(NotElementwiseError, match="depends on other entries"):
            ew.derivative(g)(x)
    with pytest.raises(NotElementwiseError, match="another shape"):
        ew.derivative(np.sum)(x)
    with pytest.raises(ArgumentError, match="in 2 values"):
        ew.derivative(lambda a, b: a * b, (0, 1))(1.0, 2.0)


def test_joining_what_does_not_move():
    """Nothing that is joined has a tangent."""

    def f(x):
        return np.concatenate([np.ravel(np.ones_like(np.tanh(np.resize(x, (2, 3))), shape=(2,)))])

    _, J = ew.linearize(f, np.ones(3))
    np.testing.assert_array_equal(J @ np.ones(3), [0, 0])
    assert not J.todense().any()
