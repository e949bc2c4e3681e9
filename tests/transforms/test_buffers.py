"""``traced_buffers``: unchanged functions that fill arrays they made."""

from __future__ import annotations

import concurrent.futures
import re

import numpy as np
import pytest
from numpy import empty, zeros

import edgewise as ew
from edgewise.errors import ArgumentError, EscapedError, StoreError

X = np.array([1.0, 2.0, 3.0])
SCALE = 2.0


@ew.traced_buffers
def recurrence(x):
    out = np.zeros(len(x))
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = SCALE * out[i - 1] + x[i]
    return np.sum(out**2)


def by_hand(x):
    lower = np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [4.0, 2.0, 1.0]])
    return 2 * lower.T @ lower @ x


def test_every_mode():
    np.testing.assert_allclose(ew.grad(recurrence)(X), by_hand(X), rtol=1e-15)
    np.testing.assert_allclose(ew.jvp(recurrence, (X,), (X,))[1], by_hand(X) @ X, rtol=1e-15)
    np.testing.assert_allclose(ew.hessian(recurrence)(X) @ X, by_hand(X), rtol=1e-15)
    np.testing.assert_allclose(ew.vmap(ew.grad(recurrence))(np.stack([X, 2 * X]))[1], by_hand(2 * X), rtol=1e-15)
    assert type(recurrence(X)) is np.float64


def test_names_are_read_as_they_are_now(monkeypatch):
    monkeypatch.setitem(globals(), "SCALE", 0.0)
    np.testing.assert_array_equal(ew.grad(recurrence)(X), 2 * X)


@ew.traced_buffers
def imported_names(x):
    a, b = zeros(3), empty((2, 3))
    a[:] = x
    b[0], b[1] = a, 2 * a
    return np.sum(b)


@ew.traced_buffers
def every_maker(x):
    total = 0.0
    for made in (
        np.zeros(3), np.ones(3), np.full(3, 7.0), np.zeros_like(X), np.ones_like(X), np.empty_like(X),
        np.full_like(X, 2.0), np.eye(3)[0], np.identity(3)[1], np.empty(3),
    ):  # fmt: skip
        made[0] = x[0] ** 2
        total = total + made[0]
    return total


@ew.traced_buffers
def inside_an_inner_function(x):
    def filled(t):
        row = np.zeros(3)
        row[1:] = t[1:]
        return row

    return np.sum(np.stack([filled(t) for t in (x, 2 * x)]))


def in_a_closure(numpy):
    @ew.traced_buffers
    def f(x):
        out = numpy.zeros(3)
        out += x
        out[0] = 0.0
        return numpy.sum(out)

    return f


class Model:
    weight = 3.0

    def loss(self, x, *, power=1):
        out = np.zeros(3)
        for i in range(3):
            out[i] = self.weight * x[i] ** power
        return np.sum(out)


def test_where_a_function_finds_its_names():
    np.testing.assert_array_equal(ew.grad(imported_names)(X), 3.0)
    np.testing.assert_array_equal(ew.grad(every_maker)(X), [20.0, 0.0, 0.0])
    np.testing.assert_array_equal(ew.grad(inside_an_inner_function)(X), [0.0, 3.0, 3.0])
    np.testing.assert_array_equal(ew.grad(in_a_closure(np))(X), [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(ew.grad(ew.traced_buffers(Model().loss))(X, power=2), 6 * X)


def test_a_cell_that_is_still_empty():
    def make():
        @ew.traced_buffers
        def f(x):
            return later(x) if len(x) > 3 else np.sum(x)

        found = ew.grad(f)(X)
        later = None
        return found

    np.testing.assert_array_equal(make(), 1.0)


def test_it_is_one_functions_own_affair():
    def helper(x):
        out = np.zeros(3)
        out[0] = x[0]
        return out

    @ew.traced_buffers
    def f(x):
        assert type(np.arange(3)) is np.ndarray
        assert np.zeros(()) == np.zeros(2, object)[0] == 0
        assert isinstance(np.float64(1.0), np.floating)
        return np.sum(helper(x))

    with pytest.raises(StoreError, match=r"np\.zeros_like\(t, shape=\.\.\.\) .*@ew\.traced_buffers"):
        ew.grad(f)(X)
    assert np.zeros is zeros
    assert type(np.zeros(2)) is np.ndarray


def test_threads():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        plain = pool.map(lambda _: type(np.zeros(2)), range(50))
        found = pool.map(lambda k: ew.grad(recurrence)(k * X), range(50))
        for k, g in enumerate(found):
            np.testing.assert_allclose(g, by_hand(k * X), rtol=1e-15)
        assert set(plain) == {np.ndarray}


def test_a_buffer_that_outlives_its_call():
    kept = []

    @ew.traced_buffers
    def f(x):
        kept.append(lambda: np.zeros(3))
        return np.sum(x)

    ew.grad(f)(X)
    with pytest.raises(EscapedError, match="transformation has ended"):
        kept[0]()


@pytest.mark.parametrize("f", [np.sin, 3.0, type])
def test_no_python_function(f):
    with pytest.raises(ArgumentError, match="the names that a Python function uses"):
        ew.traced_buffers(f)


def assigns(x):
    def inner():
        global COUNT  # noqa: PLW0603  that is the test
        COUNT = 1

    inner()
    return x


def test_global_assignments():
    with pytest.raises(ArgumentError, match=re.escape("given assigns, which assigns a global name")):
        ew.traced_buffers(assigns)
