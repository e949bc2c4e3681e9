"""``scan``: entries, carries and outputs. That its derivatives are those of a loop: ``laws/test_regions``."""

from __future__ import annotations

import collections

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, CarryError, OutputError, StructureError

X = np.array([1.0, 2.0, 3.0, 4.0])
EVERY = pytest.mark.parametrize("checkpoint", ["auto", True, False, 1, 3, np.int64(2)])


@EVERY
def test_a_running_sum(checkpoint):
    total, ys = ew.scan(lambda c, x: (c + x, c * x), 0.0, X, checkpoint=checkpoint)
    assert total == 10.0
    assert np.array_equal(ys, [0.0, 2.0, 9.0, 24.0])
    assert type(total) is np.float64


@EVERY
def test_backwards(checkpoint):
    def f(x):
        c, ys = ew.scan(lambda c, x: (c + x, c * x), 0.0, x, reverse=True, checkpoint=checkpoint)
        return c * np.sum(ys * np.array([1.0, 2.0, 3.0, 4.0]))

    def plain(x):
        c, ys = 0.0, []
        for e in x[::-1]:
            ys.append(c * e)
            c = c + e
        return c * np.sum(np.stack(ys[::-1]) * np.array([1.0, 2.0, 3.0, 4.0]))

    assert f(X) == plain(X)
    np.testing.assert_allclose(ew.grad(f)(X), ew.grad(plain)(X))
    np.testing.assert_allclose(ew.hessian(f)(X), ew.hessian(plain)(X))


@EVERY
def test_containers(checkpoint):
    pair = collections.namedtuple("pair", "mean count")

    def f(xs, w):
        def step(c, x):
            mean = c.mean + w["w"] * x["a"][0] * x["b"]
            return pair(mean, c.count + 1), {"m": (mean * 2, None), "n": c.count}

        c, ys = ew.scan(step, pair(np.zeros(2), 0), xs, checkpoint=checkpoint)
        assert ys["m"][1] is None
        assert np.array_equal(ys["n"], [0, 1, 2])
        assert c.count == 3
        return np.sum(ys["m"][0]) + np.sum(c.mean**2)

    xs = {"a": (np.array([1.0, -2.0, 0.5]), None), "b": np.arange(6.0).reshape(3, 2)}

    def plain(xs, w):
        rows = np.cumsum(w["w"] * xs["a"][0][:, None] * xs["b"], axis=0)
        return np.sum(rows * 2) + np.sum(rows[-1] ** 2)

    found, expected = (ew.grad(g, (0, 1))(xs, {"w": 0.7}) for g in (f, plain))
    np.testing.assert_allclose(found[0]["a"][0], expected[0]["a"][0])
    np.testing.assert_allclose(found[0]["b"], expected[0]["b"])
    assert found[0]["a"][1] is None
    np.testing.assert_allclose(found[1]["w"], expected[1]["w"])


@EVERY
def test_no_entries_but_a_length(checkpoint):
    def f(x):
        return ew.scan(lambda c, none: (c * x, c), 1.0, length=5, checkpoint=checkpoint)

    assert np.array_equal(f(2.0)[1], [1.0, 2.0, 4.0, 8.0, 16.0])
    assert ew.grad(lambda x: f(x)[0])(2.0) == 80.0
    assert ew.grad(lambda x: np.sum(f(x)[1]))(2.0) == 1 + 4 + 12 + 32


@EVERY
def test_nothing_collected(checkpoint):
    c, ys = ew.scan(lambda c, x: (c + x, None), 0.0, X, checkpoint=checkpoint)
    assert ys is None
    assert c == 10.0


@EVERY
def test_no_steps(checkpoint):
    def step(c, x):
        return c * x, {"row": np.stack([c, x]) * w, "n": 3, "none": None}

    w = np.ones((2, 2, 1))
    c, ys = ew.scan(step, 2.0, np.zeros((0,)), checkpoint=checkpoint)
    assert c == 2.0
    assert ys["row"].shape == (0, 2, 2, 2)
    assert ys["n"].shape == (0,)
    assert ys["n"].dtype == int
    assert ys["none"] is None
    assert ew.scan(lambda c, x: (c, None), 1.0, length=0) == (1.0, None)
    empty = np.zeros((0, 2))
    assert ew.grad(lambda x: ew.scan(lambda c, e: (c * np.sum(e), c), x, empty, checkpoint=checkpoint)[0])(3.0) == 1.0
    assert ew.grad(lambda e: ew.scan(lambda c, x: (c * x[0], c), 1.0, e)[0])(empty).shape == (0, 2)


def test_one_step():
    assert ew.grad(lambda x: ew.scan(lambda c, x: (c * x, x), 3.0, x, checkpoint=True)[0])(np.array([2.0])) == [3.0]


@EVERY
def test_the_function_runs_once_for_each_step(checkpoint):
    seen = []

    def step(c, x):
        seen.append(float(ew.value(x)))
        return c * x, None

    ew.grad(lambda x: ew.scan(step, 1.0, x, checkpoint=checkpoint)[0])(X)
    assert seen == [1.0, 2.0, 3.0, 4.0]


@EVERY
def test_a_step_may_store_into_what_it_is_given(checkpoint):
    """Carries, entries and outputs are the step's own; what it returned before stays as it was."""
    rows = np.arange(6.0).reshape(3, 2)
    begin = np.ones(2)

    def step(c, x):
        x += 1
        c[0] = c[0] * x[1]
        c += x
        return c, c

    def plain(rows, begin):
        c0, c1, ys = begin[0], begin[1], []
        for a, b in rows:
            c0, c1 = c0 * (b + 1) + a + 1, c1 + b + 1
            ys += [c0, c1]
        return np.stack(ys)

    def f(rows, begin):
        return np.ravel(ew.scan(step, begin, rows, checkpoint=checkpoint)[1])

    assert np.array_equal(f(rows, begin), plain(rows, begin))
    assert np.array_equal(rows, np.arange(6.0).reshape(3, 2))
    assert np.array_equal(begin, np.ones(2))
    for way in (ew.jacfwd, ew.jacrev):
        for found, expected in zip(way(f, (0, 1))(rows, begin), way(plain, (0, 1))(rows, begin), strict=True):
            np.testing.assert_allclose(found, expected)


def test_under_vmap():
    def f(x, w):
        return ew.scan(lambda c, e: (np.sin(c) * w + e, c), 0.5, x)[1]

    xs, ws = np.stack([X, X + 1]), np.array([0.3, 0.9])
    found = ew.vmap(ew.jacobian(f, (0, 1)))(xs, ws)
    for i in range(2):
        alone = ew.jacobian(f, (0, 1))(xs[i], ws[i])
        np.testing.assert_allclose(found[0][i], alone[0])
        np.testing.assert_allclose(found[1][i], alone[1])


@pytest.mark.parametrize(("checkpoint", "n"), [(False, 100_000), (True, 30_000)])
def test_long_scans_do_not_recurse(checkpoint, n):
    assert ew.grad(lambda a: ew.scan(lambda c, _: (c * a, None), 1.0, length=n, checkpoint=checkpoint)[0])(1.0) == n


def test_dtypes_stay():
    def f(x):
        return ew.scan(lambda c, e: (c * e, c + e), np.float32(1.0), x, checkpoint=True)

    x = X.astype(np.float32)
    assert f(x)[0].dtype == f(x)[1].dtype == np.float32
    assert ew.grad(lambda x: f(x)[0])(x).dtype == np.float32
    z = ew.scan(lambda c, e: (c * e, c), 1j, X)[1]
    assert np.array_equal(z, 1j * np.array([1.0, 1.0, 2.0, 6.0]))


def sometimes(c, x):
    return c, (x if x > 2 else (x, x))


def grows(c, x):
    return c, np.ones(int(x))


def step(c, x):
    return c, x


REFUSED = {
    "no pair": (lambda: ew.scan(lambda c, x: c, 0.0, X), OutputError, "<lambda> returned a float64"),
    "a triple": (lambda: ew.scan(lambda c, x: (c, x, x), 0.0, X), OutputError, "<lambda> returned a tuple"),
    "no entries": (lambda: ew.scan(step, 0.0), ArgumentError, "ew.scan was given neither xs nor length"),
    "a number": (lambda: ew.scan(step, 0.0, 3.0), ArgumentError, "xs of ew.scan is a float"),
    "numbers": (lambda: ew.scan(step, 0.0, [1.0, X]), ArgumentError, "xs of ew.scan is a float at [0]"),
    "a traced number": (
        lambda: ew.grad(lambda x: ew.scan(step, 0.0, x)[0])(2.0),
        ArgumentError,
        "xs of ew.scan is a number of dtype float64",
    ),
    "lengths": (
        lambda: ew.scan(step, 0.0, (X, X[1:])),
        StructureError,
        "the steps have no one number: xs[0] has 4, xs[1] has 3",
    ),
    "another length": (
        lambda: ew.scan(step, 0.0, X, length=3),
        StructureError,
        "the steps have no one number: xs has 4, length has 3",
    ),
    "a length": (lambda: ew.scan(step, 0.0, length=2.0), ArgumentError, "length of ew.scan is 2.0"),
    "a negative length": (lambda: ew.scan(step, 0.0, length=-2), ArgumentError, "length of ew.scan is -2"),
    "outputs of other structure": (
        lambda: ew.scan(sometimes, 0.0, X),
        CarryError,
        "sometimes returned a result with the structure *, and the first step one with (*, *)",
    ),
    "outputs of other shape": (
        lambda: ew.scan(grows, 0.0, X),
        CarryError,
        "grows returned a result with shape (2,), and the first step one with shape (1,)",
    ),
    "outputs of other dtype": (
        lambda: ew.scan(lambda c, x: (c, x > 2 or x), 0.0, X),
        CarryError,
        "<lambda> returned a result of dtype bool, and the first step one with dtype float64",
    ),
    "text collected": (
        lambda: ew.scan(lambda c, x: (c, {"t": "text"}), 0.0, X),
        ArgumentError,
        "what <lambda> returned holds a str at ['t']",
    ),
    "text carried": (lambda: ew.scan(step, "text", X), ArgumentError, "the carry of ew.scan holds a str"),
    "no function": (lambda: ew.scan(None, 0.0, X), ArgumentError, "ew.scan was given None for a function"),
    "checkpoint": (
        lambda: ew.scan(step, 0.0, X, checkpoint=0),
        ArgumentError,
        "checkpoint=0 is not known",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    call, kind, message = REFUSED[name]
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert caught.value.what == message
    assert caught.value.why
    assert caught.value.instead
    assert caught.value.where.rpartition("/")[2].startswith("test_scan.py:")


def test_entries_in_an_object_array():
    found = ew.grad(lambda x: ew.scan(lambda c, e: (c * e, None), 1.0, np.array([x[0], 2.0, x[1]]))[0])(X[:2])
    assert np.array_equal(found, [4.0, 2.0])
