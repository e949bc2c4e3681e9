"""Methods and keywords of ufuncs: what NumPy answers, or a stated error."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import NoRuleError, NotYetError, StoreError

X = np.array([[0.3, 1.2, 2.0], [1.5, 0.4, 0.7], [0.9, 0.8, 1.1]])
MASK = np.array([[True, False, True], [False, False, True], [True, True, True]])


def same(f, x=X):
    """The value is NumPy's, and the derivative that of differences."""
    expected = f(x)
    value, _ = ew.linearize(f, x)
    np.testing.assert_allclose(value, expected, rtol=1e-13)
    assert value.dtype == expected.dtype
    ew.check_grads(f, x, order=1)


@pytest.mark.parametrize(
    "f",
    [
        np.hypot.reduce,
        lambda x: np.hypot.reduce(x, axis=None),
        lambda x: np.hypot.reduce(x, axis=(0, 1), keepdims=True),
        lambda x: np.hypot.reduce(x, where=MASK),
        lambda x: np.logaddexp.reduce(x, axis=1, initial=0.5),
        lambda x: np.logaddexp.reduce(x, 0, where=MASK, initial=0.5),
        lambda x: np.subtract.reduce(x, axis=-1),
        lambda x: np.add.reduce(x, axis=1, where=MASK, initial=2.0),
        lambda x: np.maximum.reduce(x, axis=1, keepdims=True),
        lambda x: np.hypot.reduce(x[0, 0]),
        lambda x: np.hypot.reduce(x[0, 0], initial=2.0),
        lambda x: np.multiply.accumulate(x, 1),
        np.divide.accumulate,
        lambda x: np.add.reduceat(x, [0, 2, 1], axis=1),
        lambda x: np.hypot.reduceat(x, indices=[0, 2, 1]),
        lambda x: np.divide.outer(x, x[0]),
        lambda x: np.hypot.outer(X[0], x),
        lambda x: np.hypot.reduce(x, dtype=np.float64) + np.hypot.accumulate(x, dtype=float)[-1],
    ],
)
def test_methods_are_numpys(f):
    same(f)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.subtract.reduce(x, axis=(0, 1)),
        lambda x: np.subtract.reduce(x, axis=2),
        lambda x: np.subtract.reduce(x, where=MASK),
        lambda x: np.subtract.reduce(x[:0]),
        lambda x: np.hypot.accumulate(x, axis=5),
        lambda x: np.hypot.accumulate(x[0, 0]),
        lambda x: np.hypot.reduceat(x, [0, 3]),
        lambda x: np.sin(x, dtype=int),
        lambda x: np.less(x, 1, dtype=float),
    ],
)
def test_bad_calls_are_refused_as_numpy_refuses_them(f):
    with pytest.raises((ValueError, TypeError, IndexError)) as numpy:
        f(X)
    with pytest.raises(numpy.type):
        ew.grad(lambda x: np.sum(f(x)))(X)


def test_reducing_nothing_gives_the_identity():
    y, jacobian = ew.linearize(lambda x: np.hypot.reduce(x[:0]) + 0 * x[0], X)
    np.testing.assert_array_equal(y, np.zeros(3))
    y, _ = ew.linearize(lambda x: np.hypot.accumulate(x[:0]), X)
    assert y.shape == (0, 3)
    y, _ = ew.linearize(lambda x: np.hypot.reduce(x[:, :0]), X)
    assert y.shape == (0,)
    assert jacobian.shape == (3, 9)


def test_truth_values_are_reduced_and_accumulated():
    value, _ = ew.linearize(lambda x: np.where(np.logical_xor.accumulate(x > 1), x, 0), X)
    np.testing.assert_array_equal(value, np.where(np.logical_xor.accumulate(X > 1), X, 0))


def test_dtype_is_that_of_the_computation():
    x = np.array([1.0, 1e-9])
    value, _ = ew.linearize(lambda x: np.add(x, 1, dtype=np.float32), x)
    np.testing.assert_array_equal(value, np.add(x, 1, dtype=np.float32))
    assert value.dtype == np.float32
    value, _ = ew.linearize(lambda x: np.add(x, [1.0, 2.0], dtype="f4"), x)
    assert value.dtype == np.float32
    assert ew.grad(lambda x: np.sum(np.remainder(x, 0.7, dtype="f4")))(x).dtype == np.float64


def test_reduceat_nowhere_is_empty():
    for f in (lambda x: np.add.reduceat(x, []), lambda x: np.hypot.reduceat(x, np.zeros(0, int), axis=1)):
        value, J = ew.linearize(f, X)
        np.testing.assert_array_equal(value, f(X))
        assert J.shape == (0, X.size)


def test_what_is_not_supported_says_so():
    with pytest.raises(NotYetError, match=r"np\.sin with where="):
        ew.grad(lambda x: np.sum(np.sin(x, where=x > 1, out=None)))(X)
    with pytest.raises(NotYetError, match=r"np\.matmul with axes="):
        ew.grad(lambda x: np.sum(np.matmul(x, x, axes=[(0, 1), (0, 1), (0, 1)])))(X)
    with pytest.raises(NoRuleError, match=r"np\.less\.reduce"):
        ew.grad(lambda x: np.sum(np.less.reduce(x)))(X)
    with pytest.raises(StoreError):
        ew.grad(lambda x: np.sum(np.add.reduce(x, out=np.zeros(3))))(X)
