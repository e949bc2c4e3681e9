"""What a value says of its type while it is recorded: a path that is chosen by it is the one the function takes."""

from __future__ import annotations

import functools
import numbers

import numpy as np
import pytest

import edgewise as ew

VALUES = [1.5, -0.0, 1 + 2j, np.float64(2.0), np.float32(1.5), np.int64(3), np.bool_(True), np.array(3.0),
          np.array([1.0, 2.0]), np.arange(3), np.ones((2, 2), np.complex64)]  # fmt: skip
TYPES = [float, int, complex, bool, np.ndarray, np.generic, np.floating, np.float32, np.integer, numbers.Real, list]


def matched(v):
    match v:
        case float():
            return 1.0
        case np.ndarray():
            return 2.0
        case np.generic():
            return 3.0
    return 4.0


@functools.singledispatch
def dispatched(v):
    return 1.0


@dispatched.register(float)
def _(v):
    return 2.0


@dispatched.register(np.ndarray)
def _(v):
    return 3.0


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_path_by_type_is_the_functions_own(value):
    def f(v):
        return [isinstance(v, t) for t in TYPES], matched(v), dispatched(v), v + v

    made, expected = ew.jit(f), f(value)
    for _ in range(3):
        found = made(value)
        assert found[:3] == expected[:3]
        np.testing.assert_array_equal(found[3], expected[3])
    assert made.programs == 1


def test_numbers_of_pythons_remain_so_among_themselves():
    def f(v):
        return (
            isinstance(v * 2 + 1, float),
            isinstance(v * 2 + 1, np.generic),
            isinstance(v * np.float64(2), np.generic),
        )

    assert ew.jit(f)(1.5) == f(1.5) == (True, False, True)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_text_is_that_of_the_value(value):
    def f(v):
        return repr(v), f"{v!r} {[v]}", v + v

    made = ew.jit(f)
    for v in (value, value + value, value):
        assert made(v)[:2] == f(v)[:2]


def test_inside_of_transformations():
    """A transformation compiled sees what it sees without; a compiled function is what Python makes of it."""

    def f(v):
        return v * 2.0 if isinstance(v, np.ndarray) else v * 3.0

    x = np.array([1.0, 2.0])
    for way in (ew.jacrev, ew.vmap, lambda f: lambda x: ew.jvp(f, (x,), (x,))):
        np.testing.assert_array_equal(ew.jit(way(f))(x), way(f)(x))
    np.testing.assert_array_equal(ew.jacrev(ew.jit(f))(x), 2 * np.eye(2))


INTEGERS = [
    lambda x: np.sum(x[0]) + np.sum(x[1]), lambda x: np.prod(x[0]), lambda x: np.sum(x, axis=()), lambda x: x[0].sum(),
    lambda x: np.add.reduce(x[1]), lambda x: np.sum(x, dtype=np.int16), np.diff, np.round, np.nan_to_num, np.cumsum,
    np.mean, np.max,
]  # fmt: skip


@pytest.mark.parametrize("f", INTEGERS)
@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64])
def test_integers_keep_numpys_dtypes(f, dtype):
    x = np.array([1, 1, 117]).astype(dtype)
    if f is np.round and dtype is bool:
        return  # float16, to NumPy
    made, expected = ew.jit(f), f(x)
    for _ in range(2):
        found = made(x)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64])
def test_integers_are_rounded_to_tens(dtype):
    x = np.array([1, 15, 117]).astype(dtype)
    found = ew.jit(lambda x: np.round(x, -1))(x)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.round(x, -1))
