"""Staged: the function runs on sample values, and each look at one is told."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.mode import RECORDERS
from edgewise.modes import Dual
from edgewise.modes.staged import Staged

X = np.array([1.0, 2.0, 3.0])


def guards(f, *xs):
    with Staged() as mode:
        f(*(mode.lift(x) for x in xs))
    return [(g.truth, g.expected) for g in mode.program.guards]


def test_each_look_is_told_once():
    assert guards(lambda x: (bool(x[0] > 0), bool(x[0] > 0)), X) == [(True, True), (True, True)]

    def twice(x):
        positive = x[0] > 0
        return bool(positive), bool(positive)

    assert guards(twice, X) == [(True, True)]
    assert guards(lambda x: (float(x[1]), int(x[1]), x[1].item(), complex(x[1])), X)[0] == (False, 2.0)
    assert guards(lambda x: range(x[0]), np.array([3])) == [(False, 3)]
    assert guards(lambda x: ew.value(x[2]), X) == [(False, 3.0)]
    assert guards(np.nonzero, X)[0][0] is False
    assert guards(lambda x: np.sum(x) * 2, X) == []
    assert guards(np.linalg.eigvals, np.array([[1.0, 2.0], [-2.0, 1.0]])) == [(True, True)]  # they are complex


def test_an_array_can_be_asked_for():
    with Staged() as mode:
        found = np.asarray(mode.lift(X), dtype=float)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, X)
    assert len(mode.program.guards) == 1


def test_the_user_sees_where_each_operation_was_called():
    with Staged() as mode:
        np.sin(mode.lift(X))
    ((name, line),) = {op.place for op in mode.program.ops}
    assert name == __file__
    assert "np.sin" in linecache.getline(name, line)


def test_it_ends_like_every_mode():
    with Staged() as mode:
        t = mode.lift(X)
        assert [mode] == RECORDERS
    assert RECORDERS == []
    with pytest.raises(ew.errors.EscapedError):
        t + 1


def test_values_of_other_modes_are_inputs_of_this_call_alone():
    with Dual() as outer, Staged() as mode:
        w = outer.lift(np.float64(2.0), np.float64(1.0))
        y = mode.lift(np.float64(3.0)) * w
        assert mode.open
        assert mode.lower(y).payload[0] == 3.0
        assert mode.lower(np.sin(y)).payload[0] == 3.0 * np.cos(6.0)


def test_arrays_in_object_arrays_and_lists():
    with Staged() as mode:
        x = mode.lift(X)
        made = np.sum(np.array([x[0], 2 * x[1]]) * x[:2])
        joined = np.concatenate([x, X, [1.0]])
    assert mode.lower(made) == 1 + 8
    assert mode.lower(joined).shape == (7,)


def test_an_array_that_is_always_the_same_for_each_way_to_meet_it():
    at = np.array([2, 0])
    with Staged() as mode:
        x = mode.lift(X)
        np.take(x, at)
        np.split(x, at)  # where to split is static
        assert x[at].shape == (2,)
        assert x[[at, at]].shape == (2, 2)
        mode.constant(np.zeros(2))
        assert any(np.array_equal(a, at) for a in mode.finish([x]).arrays.values())


def test_what_a_sweep_does_is_placed_at_the_line_that_asked_for_it():
    def f(x):
        return np.sin(x) * x

    with Staged() as mode:
        x = mode.lift(np.float64(0.5))
        ew.grad(f)(x)
    forward, backward = f.__code__.co_firstlineno + 1, f.__code__.co_firstlineno + 5
    lines = [op.place[1] for op in mode.program.ops]
    assert set(lines) == {forward, backward}
    assert lines == sorted(lines)
    assert mode.known == (None, None)


def test_what_a_rule_of_the_users_does_is_placed_in_the_rule():
    def slope(x):
        return np.cos(x)

    @ew.primitive(d=slope)
    def f(x):
        return np.sin(x)

    with Staged() as mode:
        ew.grad(lambda x: f(x) * 2.0)(mode.lift(np.float64(0.5)))
    (cosine,) = (op for op in mode.program.ops if op.primitive.name == "cos")
    assert cosine.place[1] == slope.__code__.co_firstlineno + 1


def test_a_place_is_none_where_no_line_is_the_users(monkeypatch):
    monkeypatch.setattr("edgewise.modes.staged.is_library", lambda name: True)
    with Staged() as mode:
        np.sin(mode.lift(X))
    assert [op.place for op in mode.program.ops] == [None]


NARROW = np.float32([0.5, 1.5])


@pytest.mark.parametrize(
    "f",
    [
        lambda s: NARROW * (s * 2.0 + 1),  # numbers among themselves stay numbers
        lambda s: NARROW * -s + NARROW * abs(s - 3),
        lambda s: np.float32(2.0) * s,
        lambda s: NARROW * (np.float64(2.0) * (s + 0.0)),  # NumPy's number is one of its dtype
        lambda s: np.float64(2.0) * s + 1.0,
        lambda s: NARROW * np.sin(s),  # so is what a function of NumPy's makes
        lambda s: NARROW * (1 + s) ** 2 / (3 - s),
    ],
)
@pytest.mark.parametrize("s", [0.75, 0.75 + 0.5j])
def test_numbers_of_python_take_the_dtype_of_others(f, s):
    with Staged() as mode:
        t = mode.lift(np.asarray(s)[()], type(s))
        made = f(t)
        assert (made.dtype, made.shape) == (f(s).dtype, np.shape(f(s)))
        del t
        np.testing.assert_allclose(mode.finish([made]).replay([np.asarray(s)[()]])[0], f(s), rtol=1e-6)
