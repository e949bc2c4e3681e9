"""vmap: which axes are batched, nesting with derivatives, and what a batch cannot do."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, BatchError, StructureError

X = np.arange(12.0).reshape(3, 4) / 7


def test_axes_in_and_out():
    np.testing.assert_array_equal(ew.vmap(lambda v: v[0])(X), X[:, 0])
    np.testing.assert_array_equal(ew.vmap(lambda v: v[0], in_axes=1)(X), X[0])
    np.testing.assert_array_equal(ew.vmap(lambda v: 2 * v, in_axes=1, out_axes=1)(X), 2 * X)
    np.testing.assert_array_equal(ew.vmap(lambda v: 2 * v, in_axes=-1, out_axes=-1)(X), 2 * X)
    np.testing.assert_array_equal(ew.vmap(lambda a, b: a * b, in_axes=(0, None))(X, 2.0), 2 * X)
    np.testing.assert_array_equal(ew.vmap(lambda a, *, k: a * k)(X, k=np.arange(3.0)), X * np.arange(3.0)[:, None])
    got = ew.vmap(lambda d: {"s": d["a"] + d["b"], "c": 1.0}, in_axes=({"a": 0, "b": None},))({"a": X, "b": 1.0})
    np.testing.assert_array_equal(got["s"], X + 1)
    np.testing.assert_array_equal(got["c"], np.ones(3))
    a, b = ew.vmap(lambda v: (v, v), out_axes=(0, 1))(X)
    assert (a.shape, b.shape) == ((3, 4), (4, 3))


def test_nested_with_itself_and_with_derivatives():
    np.testing.assert_allclose(ew.vmap(ew.vmap(np.sin))(X), np.sin(X))
    np.testing.assert_allclose(ew.vmap(ew.grad(lambda v: np.sum(v**3)))(X), 3 * X**2)
    np.testing.assert_allclose(ew.grad(lambda x: np.sum(ew.vmap(lambda v: v @ v)(x)))(X), 2 * X)
    hessians = ew.vmap(ew.hessian(np.prod))(X[1:, :2])
    np.testing.assert_allclose(hessians, [[[0.0, 1.0], [1.0, 0.0]]] * 2)
    outer = ew.vmap(lambda a: ew.vmap(lambda b: a @ b)(X))(X)
    np.testing.assert_allclose(outer, X @ X.T)


def test_integers_and_indices_may_be_batched():
    table, i = np.array([10.0, 20.0, 30.0]), np.array([2, 0, 2])
    pick = lambda t, k: np.take_along_axis(t, k[None], 0)[0]  # noqa: E731  NumPy asks us here, and not in t[k]
    np.testing.assert_array_equal(ew.vmap(lambda k: pick(table, k))(i), table[i])
    np.testing.assert_array_equal(ew.vmap(lambda v, k: v[k])(X, i), X[np.arange(3), i])
    np.testing.assert_array_equal(ew.vmap(lambda v: v[np.argmax(v)])(X), X.max(1))
    np.testing.assert_array_equal(ew.vmap(np.sort)(X[:, ::-1]), X)
    gradient = ew.grad(lambda t: np.sum(ew.vmap(lambda k: np.take(t, k) ** 2 + pick(t, k) * 0)(i)))(table)
    np.testing.assert_array_equal(gradient, [20.0, 0.0, 120.0])


def test_what_a_batch_cannot_do():
    with pytest.raises(BatchError, match="truth value of a batch"):
        ew.vmap(lambda v: v[0] if v[0] > 1 else v[1])(X)
    with pytest.raises(BatchError, match=r"np\.where"):
        ew.vmap(lambda v: v[v > 1])(X)
    with pytest.raises(BatchError):
        ew.vmap(np.nonzero)(X)
    with pytest.raises(BatchError):
        ew.vmap(ew.value)(X)
    with pytest.raises(BatchError):
        ew.vmap(lambda k: np.ones(3)[int(np.argmax(k)) :].sum())(X)


def test_misuse():
    with pytest.raises(StructureError, match="the batch has no one length"):
        ew.vmap(lambda a, b: a + b)(X, X[:2])
    with pytest.raises(ArgumentError, match="in_axes has 2 entries"):
        ew.vmap(lambda a: a, in_axes=(0, 0))(X)
    with pytest.raises(ArgumentError, match="without an axis 2"):
        ew.vmap(lambda a: a, in_axes=2)(X)
    with pytest.raises(ArgumentError, match="nothing to batch over"):
        ew.vmap(lambda a: a, in_axes=None)(X)
    with pytest.raises(StructureError, match="in_axes of argument 0"):
        ew.vmap(lambda d: d["a"], in_axes=({"b": 0},))({"a": X})


def test_a_batch_is_printed_as_one():
    seen = []

    def f(x):
        seen.append((f"{x[0]:.1f}", f"{x[0]}", f"{np.sum(x):6.2f}".strip()))
        with pytest.raises(TypeError, match="format"):
            format(x, ".1f")  # as NumPy's arrays do
        return x[0]

    ew.vmap(f)(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert seen == [("[1.0 3.0]", "[1. 3.]", "[  3.00   7.00]")]
    ew.vmap(ew.grad(f))(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert seen[1] == seen[0]
