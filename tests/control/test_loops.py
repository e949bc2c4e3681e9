"""``while_loop`` and ``fori_loop``: in every mode, and for batches whose members end at different times."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, CarryError

A = np.array([4.0, 2.0, 1e6, 0.25])


def newton(a):
    return ew.while_loop(lambda x: np.abs(x * x - a) > 1e-9 * a, lambda x: (x + a / x) / 2, a)


def newton_in_python(a):
    x = a
    while np.abs(x * x - a) > 1e-9 * a:
        x = (x + a / x) / 2
    return x


ONE = {
    "grad": ew.grad,
    "jvp": lambda f: lambda x: ew.jvp(f, (x,), (1.0,))[1],
    "jacobian": ew.jacobian,
    "hessian": ew.hessian,
    "three times": lambda f: ew.grad(ew.grad(ew.grad(f))),
    "recomputed": lambda f: ew.grad(ew.checkpoint(f)),
    "recomputed twice": lambda f: ew.grad(ew.checkpoint(ew.grad(ew.checkpoint(f)))),
}


@pytest.mark.parametrize("way", ONE)
def test_every_mode(way):
    for a in A:
        np.testing.assert_allclose(ONE[way](newton)(a), ONE[way](newton_in_python)(a), rtol=1e-12)


@pytest.mark.parametrize("way", [w for w in ONE if w != "jacobian"])
def test_members_of_a_batch_end_at_different_times(way):
    """Each member is what it is alone: it does its own number of steps."""
    found = ew.vmap(ONE[way](newton))(A)
    np.testing.assert_allclose(found, [ONE[way](newton_in_python)(a) for a in A], rtol=1e-12)
    outside = ew.grad(lambda a: np.sum(ew.vmap(newton)(a)))(A)
    np.testing.assert_allclose(outside, [ew.grad(newton_in_python)(a) for a in A], rtol=1e-12)


def test_a_member_that_is_done_contributes_nothing_more():
    """The others go on to where its own next step would have no derivative."""

    def f(x, n):
        return ew.while_loop(lambda c: c[0] < n, lambda c: (c[0] + 1, np.sqrt(c[1] - 1.0)), (0, x))[1]

    x, n = np.array([2.0, 30.0, 1.0]), np.array([1, 2, 0])
    found = ew.vmap(ew.grad(f))(x, n)
    np.testing.assert_allclose(found, [0.5, ew.grad(lambda x: np.sqrt(np.sqrt(x - 1) - 1))(30.0), 1.0])


def test_a_condition_that_becomes_one_of_a_batch():
    """The first carry is the same for all; what the body adds is not."""

    def f(x):
        return ew.while_loop(lambda c: c < 5.0, lambda c: c + x, 0.0)

    x = np.array([1.0, 2.0, 6.0])
    assert np.array_equal(ew.vmap(f)(x), [5.0, 6.0, 6.0])
    assert np.array_equal(ew.vmap(ew.grad(f))(x), [5.0, 3.0, 1.0])
    assert np.array_equal(ew.vmap(ew.vmap(f))(np.stack([x, x]))[1], [5.0, 6.0, 6.0])


def test_containers_and_values_that_are_no_floats():
    def f(x):
        def body(c):
            return {"n": c["n"] + 1, "go": c["n"] < 3, "x": c["x"] * x, "none": None}

        return ew.while_loop(lambda c: c["go"], body, {"n": 0, "go": True, "x": 1.0, "none": None})

    assert f(2.0)["x"] == 16.0
    assert f(2.0)["n"] == 4
    assert ew.grad(lambda x: f(x)["x"])(2.0) == 32.0


def test_no_steps():
    assert ew.while_loop(lambda x: x > 5, lambda x: x * 2, 3.0) == 3.0
    assert ew.grad(lambda x: ew.while_loop(lambda x: x > 5, lambda x: x * 2, x))(3.0) == 1.0
    assert ew.fori_loop(3, 3, lambda i, x: x * 2, 3.0) == 3.0
    assert ew.fori_loop(3, -3, lambda i, x: x * 2, 3.0) == 3.0
    assert ew.grad(lambda x: ew.fori_loop(2, 0, lambda i, x: x * 2, x))(3.0) == 1.0


def test_the_first_carry_stays_the_callers():
    x = np.ones(3)

    def body(c):
        c += 1
        return c

    assert np.array_equal(ew.while_loop(lambda c: c[0] < 5, body, x), np.full(3, 5.0))
    assert np.array_equal(x, np.ones(3))


def power(x, n, **options):
    return ew.fori_loop(0, n, lambda i, y: y * x + i, 1.0, **options)


def power_in_python(x, n):
    y = 1.0
    for i in range(n):
        y = y * x + i
    return y


@pytest.mark.parametrize("checkpoint", ["auto", True, False, 1, 3, 100])
@pytest.mark.parametrize("way", ONE)
def test_fori_loop(way, checkpoint):
    for n in (0, 1, 6):
        if n or way in ("grad", "jvp", "jacobian"):
            expected = ONE[way](lambda x, n=n: power_in_python(x, n) * x)(1.3)
            found = ONE[way](lambda x, n=n: power(x, n, checkpoint=checkpoint) * x)(1.3)
            np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_counter_is_an_integer_of_pythons():
    seen = []
    ew.grad(lambda x: ew.fori_loop(np.int32(1), np.array(4), lambda i, y: seen.append(i) or x * y, x, checkpoint=2))(
        2.0
    )
    assert seen == [1, 2, 3]
    assert {type(i) for i in seen} == {int}


def test_bounds_that_differ_within_a_batch():
    n = np.array([0, 3, 1, 5])
    expected = [power_in_python(1.3, k) for k in n]
    np.testing.assert_allclose(ew.vmap(lambda n: power(1.3, n))(n), expected)
    slopes = ew.vmap(ew.grad(power), in_axes=(None, 0))(1.3, n)
    np.testing.assert_allclose(slopes, [ew.grad(power_in_python)(1.3, k) if k else 0.0 for k in n])
    both = ew.vmap(lambda a, b: ew.fori_loop(a, b, lambda i, s: s + i, 0), in_axes=(0, 0))(np.array([0, 1, 2]), n[1:])
    assert np.array_equal(both, [3, 0, 9])
    table = np.array([1.0, 10.0, 100.0, 1000.0, 1e4])

    def entry(i, s):
        return s + np.sum(np.where(np.arange(5) == i, table, 0.0))

    assert np.array_equal(ew.vmap(lambda n: ew.fori_loop(0, n, entry, 0.0))(n), [0, 111, 1, 11111])


def test_python_numbers_take_the_dtype_they_meet():
    assert ew.fori_loop(0, 2, lambda i, x: 1, np.float32(2.0)).dtype == np.float32
    assert ew.fori_loop(0, 2, lambda i, x: 3, 1) == 3


def body(*_):
    return np.ones(3)


STRUCTURE, SHAPE, DTYPE, BEGAN = "with the structure", "with shape", "of dtype", "and that of ew.fori_loop began with"
REFUSED = {
    "structure": (
        lambda: ew.fori_loop(0, 1, lambda i, c: (c,), 1.0),
        CarryError,
        f"<lambda> returned a carry {STRUCTURE} (*,), {BEGAN} *",
    ),
    "shape": (
        lambda: ew.while_loop(lambda c: True, body, np.ones(2)),
        CarryError,
        "body returned a carry with shape (3,), and that of ew.while_loop began with shape (2,)",
    ),
    "shape in a container": (
        lambda: ew.fori_loop(0, 1, lambda i, c: {"w": body()}, {"w": np.ones(2)}),
        CarryError,
        f"<lambda> returned a carry {SHAPE} (3,) at ['w'], {BEGAN} shape (2,)",
    ),
    "dtype": (
        lambda: ew.fori_loop(0, 1, body, np.ones(3, np.float32)),
        CarryError,
        f"body returned a carry {DTYPE} float64, {BEGAN} dtype float32",
    ),
    "integers first": (
        lambda: ew.fori_loop(0, 1, lambda i, c: c * 0.5, 1),
        CarryError,
        f"<lambda> returned a carry {DTYPE} float64, {BEGAN} dtype int64",
    ),
    "a float for an integer": (
        lambda: ew.fori_loop(0, 1, lambda i, c: 0.5, 1),
        CarryError,
        f"<lambda> returned a carry {DTYPE} float64, {BEGAN} dtype int64",
    ),
    "none": (
        lambda: ew.fori_loop(0, 1, lambda i, c: None, 1.0),
        CarryError,
        f"<lambda> returned a carry with None, {BEGAN} a float64",
    ),
    "traced": (
        lambda: ew.grad(lambda x: ew.fori_loop(0, 1, lambda i, c: c * x, np.ones(2)))(np.ones((2, 2))),
        CarryError,
        f"<lambda> returned a carry {SHAPE} (2, 2), {BEGAN} shape (2,)",
    ),
    "text": (
        lambda: ew.while_loop(lambda c: True, body, {"a": "text"}),
        ArgumentError,
        "the carry of ew.while_loop holds a str at ['a']",
    ),
    "an object": (
        lambda: ew.fori_loop(0, 1, lambda i, c: object(), 1.0),
        ArgumentError,
        "what <lambda> returned holds an object",
    ),
    "no truth value": (
        lambda: ew.while_loop(lambda c: c, body, 1.0),
        ArgumentError,
        "what <lambda> returned is a float64",
    ),
    "many truth values": (
        lambda: ew.while_loop(lambda c: c > 0, body, np.ones(2)),
        ArgumentError,
        "what <lambda> returned is an array of dtype bool of shape (2,)",
    ),
    "bounds": (lambda: ew.fori_loop(0, 2.0, body, 1.0), ArgumentError, "upper of ew.fori_loop is a float64"),
    "a traced bound": (
        lambda: ew.grad(lambda x: ew.fori_loop(x, 2, body, 1.0))(1.0),
        ArgumentError,
        "lower of ew.fori_loop is a number of dtype float64",
    ),
    "no function": (
        lambda: ew.fori_loop(0, 2, 1.0, 1.0),
        ArgumentError,
        "ew.fori_loop was given a float for a function",
    ),
    "no condition": (
        lambda: ew.while_loop(True, body, 1.0),
        ArgumentError,
        "ew.while_loop was given a bool for a function",
    ),
    "checkpoint": (
        lambda: ew.fori_loop(0, 2, lambda i, c: c, 1.0, checkpoint="always"),
        ArgumentError,
        "checkpoint='always' is not known",
    ),
    "no steps in a segment": (
        lambda: ew.fori_loop(0, 2, lambda i, c: c, 1.0, checkpoint=0.5),
        ArgumentError,
        "checkpoint=0.5 is not known",
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
    assert caught.value.where.rpartition("/")[2].startswith("test_loops.py:")


def test_the_replacement_for_integers_says_floats():
    with pytest.raises(CarryError, match=r"begin with floats: 0\.0 for 0"):
        ew.fori_loop(0, 1, lambda i, c: c * 0.5, 1)
    with pytest.raises(CarryError, match=r"return .astype\('float32'\), or begin with dtype float64"):
        ew.fori_loop(0, 1, body, np.ones(3, np.float32))
