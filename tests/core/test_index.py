"""The normal form of an index, and the two functions that use it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import edgewise as ew
from edgewise.core.index import ARRAY, gather, normalise, scatter_add
from edgewise.errors import NotYetError

SHAPE = (3, 4, 5)
X = np.arange(60.0).reshape(SHAPE)


@given(hnp.basic_indices(SHAPE, allow_newaxis=True, allow_ellipsis=True))
def test_basic_indices(index):
    template, arrays = normalise(index, SHAPE)
    np.testing.assert_array_equal(gather(X, *arrays, template=template), X[index])


@given(st.data())
def test_index_arrays_among_slices(data):
    dims = data.draw(st.integers(1, 3))
    rows = data.draw(st.integers(1, 3))
    index = []
    for n in SHAPE[:dims]:
        kind = data.draw(st.sampled_from(["array", "slice", "integer", "mask"]))
        if kind == "array":
            index.append(np.array(data.draw(st.lists(st.integers(-n, n - 1), min_size=rows, max_size=rows))))
        elif kind == "slice":
            index.append(slice(None, None, -1))
        elif kind == "integer":
            index.append(data.draw(st.integers(-n, n - 1)))
        else:
            mask = np.zeros(n, bool)
            mask[:rows] = True
            index.append(mask)
    index = tuple(index)
    expected = X[index]
    template, arrays = normalise(index, SHAPE)
    np.testing.assert_array_equal(gather(X, *arrays, template=template), expected)
    g = np.random.default_rng(0).standard_normal(expected.shape)
    scattered = np.zeros(SHAPE)
    np.add.at(scattered, index, g)
    np.testing.assert_allclose(scatter_add(g, *arrays, template=template, shape=SHAPE), scattered)
    np.testing.assert_allclose(ew.grad(lambda x: np.sum(x[index] * g))(X), scattered)
    batch = np.stack([X, X[::-1], X + 1])
    np.testing.assert_array_equal(ew.vmap(lambda x: x[index])(batch), np.stack([x[index] for x in batch]))
    gradients = ew.vmap(ew.grad(lambda x, g: np.sum(x[index] * g)), (0, None))(batch, g)
    np.testing.assert_allclose(gradients, np.stack([scattered] * 3))


def test_templates():
    assert normalise((1, None, Ellipsis), SHAPE) == ((1, None, slice(None), slice(None)), ())
    template, (rows, column) = normalise((np.array([0, 1]), slice(None), np.int64(2)), SHAPE)
    assert template == (ARRAY, slice(None), ARRAY)
    assert (rows.tolist(), column) == ([0, 1], 2)
    assert repr(ARRAY) == "ARRAY"
    assert normalise([], SHAPE)[1][0].dtype.kind == "i"


def test_batched_indices_among_slices():
    """Every member of a batch has an index of its own; the axes come where NumPy puts them for one member."""
    batch = np.stack([X, X + 100])
    i, j = np.array([[0, 2], [1, 1]]), np.array([[4, 0], [3, 3]])
    for pick in (
        lambda x, i, j: x[i],
        lambda x, i, j: x[:, i],
        lambda x, i, j: x[i, :, j],
        lambda x, i, j: x[:, i, j],
        lambda x, i, j: x[i[0], 1:, j],
        lambda x, i, j: x[0, i],
    ):
        looped = np.stack([pick(*member) for member in zip(batch, i, j, strict=True)])
        np.testing.assert_array_equal(ew.vmap(pick)(batch, i, j), looped)

        # one array for all members, which differ in the index: it is traced by the gradient around
        def total(x, pick=pick):
            return np.sum(ew.vmap(pick, (None, 0, 0))(x, i, j) ** 2)

        expected = sum(ew.grad(lambda x, m=m, pick=pick: np.sum(pick(x, *m) ** 2))(X) for m in zip(i, j, strict=True))
        np.testing.assert_allclose(ew.grad(total)(X), expected)


@pytest.mark.parametrize("index", [3, -4, (0, 4), np.array([3]), "a", 1.5, (0, 0, 0, 0), True, (Ellipsis, Ellipsis)])
def test_indices_that_numpy_refuses(index):
    with pytest.raises((IndexError, TypeError, NotYetError)):
        ew.grad(lambda x: np.sum(x[index]))(X)
