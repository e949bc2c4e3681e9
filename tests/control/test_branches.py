"""``cond`` and ``switch``: in every mode, and for batches whose members disagree."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, CarryError

X = np.array([4.0, 0.0, -1.0, 2.25])


def root(x):
    return ew.cond(x > 0, np.sqrt, lambda x: 0.0 * x, x)


def test_one_branch_runs():
    ran = []
    for pred in (True, np.True_, 1, 2.5, np.array(1)):
        assert ew.cond(pred, lambda x: ran.append("yes") or x, lambda x: ran.append("no") or -x, 3.0) == 3.0
    assert ew.cond(0, lambda: "yes", lambda: "no") == "no"
    assert ran == ["yes"] * 5


@pytest.mark.parametrize(
    "way",
    [
        ew.grad,
        lambda f: lambda x: ew.jvp(f, (x,), (1.0,))[1],
        ew.jacobian,
        lambda f: ew.hessian(lambda x: f(x) ** 2),
        lambda f: ew.grad(ew.grad(f)),
        lambda f: ew.grad(ew.checkpoint(f)),
    ],
)
def test_every_mode(way):
    expected = way(lambda x: np.sqrt(x) * x if x > 0 else 0.0 * x)
    found = way(lambda x: ew.cond(x > 0, lambda y: np.sqrt(y) * x, lambda y: 0.0 * y, x))
    for x in (4.0, -1.0):
        assert found(x) == expected(x)


def test_members_of_a_batch_disagree():
    assert np.array_equal(ew.vmap(root)(X), [2.0, 0.0, 0.0, 1.5])


@pytest.mark.parametrize(
    "way",
    [
        lambda f: ew.vmap(ew.grad(f))(X),
        lambda f: ew.grad(lambda x: np.sum(ew.vmap(f)(x)))(X),
        lambda f: ew.jvp(ew.vmap(f), (X,), (np.ones(4),))[1],
        lambda f: ew.vmap(lambda x: ew.jvp(f, (x,), (1.0,))[1])(X),
        lambda f: np.diag(ew.jacobian(ew.vmap(f))(X)),
        lambda f: ew.vmap(ew.vmap(ew.grad(f)))(np.stack([X, X]))[1],
        lambda f: ew.vmap(ew.grad(ew.checkpoint(f)))(X),
        lambda f: ew.grad(lambda x: np.sum(ew.vmap(ew.checkpoint(f))(x)))(X),
    ],
)
def test_what_a_member_did_not_choose_contributes_nothing(way):
    """The root of 0 and of -1 has no finite derivative, and no member that has those asks for it."""
    assert np.array_equal(way(root), [0.25, 0.0, 0.0, 1 / 3])


def test_second_derivatives_of_a_batch():
    found = ew.vmap(ew.grad(ew.grad(root)))(X)
    np.testing.assert_allclose(found, [-1 / 32, 0.0, 0.0, -0.25 / 2.25**1.5])


def test_containers_and_captured_values():
    def f(x, w):
        def yes(s):
            return {"a": s["a"] * w, "b": (x * 2, None, 3)}

        found = ew.cond(s_of(x) > 0, yes, lambda s: {"a": s["a"], "b": (w * x, None, 3)}, {"a": x * x})
        assert found["b"][1:] == (None, 3)
        return found["a"] * found["b"][0]

    def s_of(x):
        return np.sin(x)

    def plain(x, w):
        return x * x * w * x * 2 if np.sin(x) > 0 else x * x * w * x

    xs = np.array([1.0, 4.0, -0.5])
    expected = [ew.grad(plain, (0, 1))(x, 3.0) for x in xs]
    found = ew.vmap(ew.grad(f, (0, 1)), in_axes=(0, None))(xs, 3.0)
    np.testing.assert_allclose(np.transpose(found), expected)


def test_a_batch_inside_of_a_choice_that_is_none():
    assert np.array_equal(ew.vmap(lambda x: ew.cond(True, lambda x: x * 2, lambda x: x, x))(X), 2 * X)
    pred = np.array([True, False])
    found = ew.vmap(lambda p: ew.cond(p, lambda: X, lambda: -X))(pred)
    assert np.array_equal(found, [X, -X])
    assert np.array_equal(ew.vmap(lambda p: ew.cond(p, lambda: 1.0, lambda: np.float64(2.0)))(pred), [1.0, 2.0])
    assert np.array_equal(ew.vmap(lambda p: ew.cond(p, lambda: np.float64(2.0), lambda: 1))(pred), [2.0, 1.0])


def test_switch_takes_the_nearest_branch():
    branches = [lambda x: x, lambda x: x**2, lambda x: x**3]
    index = np.array([-5, 0, 1, 2, 7])
    expected = [1.0, 1.0, 4.0, 12.0, 12.0]
    assert [ew.grad(lambda x, i=i: ew.switch(i, branches, x))(2.0) for i in index] == expected
    assert np.array_equal(
        ew.vmap(ew.grad(lambda x, i: ew.switch(i, branches, x)), in_axes=(None, 0))(2.0, index), expected
    )
    assert ew.switch(True, branches, 3.0) == 9.0
    assert ew.grad(lambda x: ew.switch(np.argmax(np.array([1.0, 3.0])), branches, x))(2.0) == 4.0
    inside = ew.grad(ew.checkpoint(lambda x: ew.switch(np.argmax(x), branches, x)[0]))(np.array([2.0, 3.0]))
    assert np.array_equal(inside, [4.0, 0.0])


def test_switch_cuts_what_was_not_chosen():
    branches = [np.log, np.sqrt, lambda x: x * 2.0]
    index = np.array([2, 1, 2])
    x = np.array([0.0, 4.0, -1.0])
    assert np.array_equal(ew.vmap(ew.grad(lambda x, i: ew.switch(i, branches, x)))(x, index), [2.0, 0.25, 2.0])


def yes(x):
    return x


@pytest.mark.parametrize(
    ("no", "message"),
    [
        (lambda x: (x,), "yes returned a result with the structure *, and <lambda> one with (*,)"),
        (lambda x: x[None], "<lambda> returned a result with shape (1,), and yes one with shape ()"),
        (lambda x: x > 0, "<lambda> returned a result of dtype bool, and yes one with dtype float64"),
        (lambda x: None, "<lambda> returned a result with None, and yes one with a number of dtype float64"),
    ],
)
def test_results_that_do_not_fit_each_other(no, message):
    with pytest.raises(CarryError) as caught:
        ew.vmap(lambda x: ew.cond(x > 0, yes, no, x))(X)
    assert caught.value.what == message
    assert caught.value.where.rpartition("/")[2].startswith("test_branches.py:")


def test_text_that_differs_is_refused():
    with pytest.raises(ArgumentError, match="what <lambda> returned holds a str"):
        ew.vmap(lambda x: ew.cond(x > 0, lambda: "a", lambda: "b"))(X)


REFUSED = {
    "an array": (lambda: ew.cond(X > 0, yes, yes, X), "pred of ew.cond is an array of dtype bool of shape (4,)"),
    "text": (lambda: ew.cond("yes", yes, yes, X), "pred of ew.cond is a str"),
    "a list": (lambda: ew.switch([0], [yes], X), "index of ew.switch is a list"),
    "no integer": (lambda: ew.switch(1.0, [yes], X), "index of ew.switch is a float64"),
    "traced": (
        lambda: ew.grad(lambda x: ew.switch(x, [yes], x))(2.0),
        "index of ew.switch is a number of dtype float64",
    ),
    "no branches": (lambda: ew.switch(0, [], X), "ew.switch was given no branches"),
    "no function": (lambda: ew.cond(True, 1.0, yes, X), "ew.cond was given a float for a function"),
    "no function in switch": (lambda: ew.switch(0, [yes, 2]), "ew.switch was given an int for a function"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_arguments_that_are_refused(name):
    call, message = REFUSED[name]
    with pytest.raises(ArgumentError) as caught:
        call()
    assert caught.value.what == message
    assert caught.value.why
    assert caught.value.instead
    assert caught.value.where.rpartition("/")[2].startswith("test_branches.py:")
