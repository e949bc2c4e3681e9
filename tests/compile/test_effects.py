"""What a compiled program would not do again: draw random numbers, go on with an iterator, change what it was given."""

from __future__ import annotations

import copy
import itertools
import pickle
import random

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import CompileWarning

X = np.array([0.5, 2.0, 1.0])
rng = np.random.default_rng(1)
legacy = np.random.RandomState(1)


def doubled(x):
    return 2 * x


tripled = ew.jit(lambda x: 3 * x)
tripled.__qualname__ = "tripled"


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: x + rng.normal(), "rng"),
        (lambda x: x + legacy.normal(), "legacy"),
        (lambda x: x + np.random.normal(), r"np\.random"),  # noqa: NPY002  users have it
        (lambda x: x + random.random(), "state of random"),
    ],
)
def test_random_numbers_are_drawn_at_each_call(f, said):
    made = ew.jit(f)
    with pytest.warns(CompileWarning, match=f"it changes .*{said}"):
        found = [made(X)[0] for _ in range(4)]
    assert len(set(found)) == 4


def test_a_generator_that_is_given():
    made, one, other = ew.jit(lambda x, g: x + g.normal()), np.random.default_rng(3), np.random.default_rng(3)
    with pytest.warns(CompileWarning):
        found = [made(X, one)[0] for _ in range(3)]
    assert found == [X[0] + other.normal() for _ in range(3)]


def test_a_generator_that_is_not_drawn_from():
    made = ew.jit(lambda x: x * (1.0 if rng is not None else 2.0))
    for _ in range(3):
        rng.normal()
        assert made(X)[0] == 0.5
    assert made.programs == 1


def test_iterators():
    counter, items = itertools.count(), (v for v in [1.0, 2.0, 3.0])
    around, given = ew.jit(lambda x: x + next(counter)), ew.jit(lambda x, it: x + next(it))
    with pytest.warns(CompileWarning, match="counter"):
        assert [around(X)[0] for _ in range(3)] == [0.5, 1.5, 2.5]
    with pytest.warns(CompileWarning):
        assert [given(X, items)[0] for _ in range(3)] == [1.5, 2.5, 3.5]


def test_arrays_around_that_it_stores_into():
    total, objects = np.zeros(3), np.array([None, "text"], object)

    def f(x):
        total[0] += 1.0
        return x * total if objects[0] is None else x

    made = ew.jit(f)
    with pytest.warns(CompileWarning, match="it changes total"):
        assert [made(X)[0] for _ in range(3)] == [0.5, 1.0, 1.5]


def test_containers_among_the_arguments_that_it_changes():
    def entry(d):
        d["y"] = 2 * d["x"]
        return d["x"] + 1

    def appended(row):
        row.append(2 * row[0])
        return row[1]

    def replaced(row):
        row[0] = row[0] * 2
        return row[0]

    for f, make in ((entry, lambda: {"x": X}), (appended, lambda: [X]), (replaced, lambda: [X])):
        made = ew.jit(f)
        for call in range(3):
            ours, theirs = make(), make()
            if call:
                found = made(ours)
            else:
                with pytest.warns(CompileWarning, match="it changes an argument that is a container"):
                    found = made(ours)
            np.testing.assert_array_equal(found, f(theirs))
            assert str(ours) == str(theirs)


def test_arguments_that_share_memory():
    def f(a, b):
        a[0] = 5.0
        b[1] = a[0] + b[0]
        return a + 2 * b

    made = ew.jit(f)
    for _ in range(2):
        for cut in (slice(None), slice(None, None, -1)):
            ours, theirs = np.arange(4.0), np.arange(4.0)
            np.testing.assert_array_equal(made(ours, ours[cut]), f(theirs, theirs[cut]))
            np.testing.assert_array_equal(ours, theirs)
        ours, theirs = [X.copy(), X + 1], [X.copy(), X + 1]
        np.testing.assert_array_equal(made(*ours), f(*theirs))
        np.testing.assert_array_equal(ours, theirs)


def test_an_argument_that_is_also_around():
    weights = np.ones(3)

    def f(x):
        x[0] = 7.0
        return weights + x

    made = ew.jit(f)
    for x in (X.copy(), X.copy(), weights):
        found = made(x)
        np.testing.assert_array_equal(found, weights + x)
    assert weights[0] == 7.0


def test_what_was_stored_before_it_failed():
    def f(x):
        x[0] = 7.0
        if x[1] > 1:
            raise ValueError("late")
        return x

    made = ew.jit(f)
    for _ in range(2):
        for second in (0.0, 2.0):
            x = np.array([1.0, second])
            if second:
                with pytest.raises(ValueError, match="late"):
                    made(x)
            else:
                made(x)
            assert x[0] == 7.0


def test_text_holds_for_the_value_it_shows():
    for f in (
        lambda x: f"{x[0]:.2f}",
        lambda x: str(x[0]),
        lambda x: f"{x}",
        lambda x: {"0.5": 1.0}.get(str(x[0]), 2.0),
    ):
        made = ew.jit(f)
        for x in (X, X, X + 1, X):
            assert made(x) == f(x)


def test_pickle_and_copy():
    made = ew.jit(doubled, static_argnames="n")
    for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), copy.copy(made)):
        assert list(again(X)) == list(2 * X)
    assert pickle.loads(pickle.dumps(tripled)) is tripled
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(ew.jit(lambda x: x))
