"""Recurrences along an axis, and the two shifts they are used with."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.core.recurrence import delayed, recurrence, reversed_along


@pytest.mark.parametrize("shape", [(5,), (0,), (1,), (4, 3), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_each_step_is_the_definition(shape, dtype):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    for axis in range(-len(shape), 0):
        y = recurrence(a, b, axis=axis)
        assert (y.shape, y.dtype) == (shape, dtype)
        before = np.concatenate([np.zeros_like(y.take([], axis)), delayed(y, axis)], axis) if shape[axis] else y
        np.testing.assert_allclose(y, a * before + b, rtol=1e-5, atol=1e-6)


def test_infinities_are_not_divided_away():
    np.testing.assert_array_equal(
        recurrence(np.array([1.0, 0.0, 2.0]), np.array([np.inf, 1.0, 1.0]), axis=-1)[2:], [np.nan]
    )
    np.testing.assert_array_equal(recurrence(np.zeros(3), np.array([1.0, 2.0, 3.0]), axis=-1), [1.0, 2.0, 3.0])


def test_shifts():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(delayed(x, -1, 9.0), [[9.0, 0.0, 1.0], [9.0, 3.0, 4.0]])
    np.testing.assert_array_equal(delayed(x, -2), [[0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
    np.testing.assert_array_equal(reversed_along(x, -1), x[:, ::-1])
    np.testing.assert_array_equal(reversed_along(x, -2), x[::-1])
