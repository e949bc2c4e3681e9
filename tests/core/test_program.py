"""Programs: what a function did, to be read, checked and run again."""

from __future__ import annotations

import mmap

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.program import Guard, Op, Program, Var, seen_again
from edgewise.modes.staged import Staged

X = np.array([1.0, 2.0, 3.0])
WEIGHTS = np.arange(3.0)


def recorded(f, *xs):
    """The program of a function, and its outputs for these inputs."""
    with Staged() as mode:
        inputs = [mode.lift(x) for x in xs]
        found = f(*inputs)
        del inputs
        results = list(found) if isinstance(found, tuple) else [found]
        values = [mode.lower(y) for y in results]
        program = mode.finish(results)
    program.check()
    return program, values


def test_a_program_can_be_read():
    program, _ = recorded(lambda x: np.sum(x * WEIGHTS + np.ones(3)) / 2 if x[0] > 0 else x[0], X)
    text = str(program).splitlines()
    assert text[0] == "inputs v1: float64[3]"
    assert {line.split()[0] for line in text[1:3]} == {"reads", "frozen"}
    assert text[3:6] == ["v2: float64[] = gather(v1, template=(0,))", "v3: bool[] = greater(v2, 0)", "guard v3 is True"]
    assert text[-2:] == ["v9: float64[] = divide(v8, 2)", "outputs v9"]
    assert "float64[2]" in repr(Op(_Named(), (np.zeros(2), None), {}, (), None))
    assert [v.ndim for v in program.inputs] == [1]
    assert len(list(program.ops)) + len(program.guards) == len(program.steps)


def test_it_can_be_run_again_on_whatever_its_primitives_take():
    program, (value,) = recorded(lambda x: np.sum(np.tanh(x) * WEIGHTS), X)
    assert program.replay([X]) == [value]
    (found,) = (ew.grad(lambda x: program.replay([x])[0])(X),)
    np.testing.assert_array_equal(found, ew.grad(lambda x: np.sum(np.tanh(x) * WEIGHTS))(X))


def test_several_outputs_and_constants():
    program, values = recorded(lambda x: (*np.linalg.slogdet(x), x[0, 0] * 0 + 7.0), np.eye(2) * 3)
    assert program.replay([np.eye(2) * 3]) == values


def test_guards_say_what_was_seen():
    program, _ = recorded(lambda x: x * int(np.sum(x)) if np.any(x > 2) else x, X)
    truth, value = program.guards
    assert (truth.expected, value.expected) == (True, 6.0)
    assert truth.holds(np.True_)
    assert not truth.holds(np.False_)
    assert value.holds(np.float64(6.0))
    assert not value.holds(np.float64(6.5))
    assert repr(value).endswith("== 6.0")
    assert truth.place[0].endswith("test_program.py")


def test_the_same_means_bit_for_bit():
    assert seen_again(np.nan, np.nan)
    assert not seen_again(0.0, -0.0)
    assert not seen_again(np.float32(1), np.float64(1))
    assert not seen_again(np.ones(2), np.ones((2, 1)))


def test_a_wrong_program_is_found():
    a, b = Var(1, (), np.dtype(float)), Var(2, (), np.dtype(float))
    add = np.add  # any name does: nothing is run
    for steps, outputs, why in (
        ([Op(add, (b,), {}, (Var(3, (), a.dtype),), None)], [a], "not made before it"),
        ([Guard(b, True, True, None, 0)], [a], "not made before it"),
        ([Op(add, (a,), {}, (a,), None)], [a], "again"),
        ([], [b], "is not made"),
    ):
        program = Program()
        program.inputs, program.steps, program.outputs = [a], steps, outputs
        for step in steps:
            if isinstance(step, Op):
                step.primitive = _Named()
        with pytest.raises(AssertionError, match=why):
            program.check()


class _Named:
    name = "add"


def test_what_a_function_makes_is_frozen_and_what_it_finds_is_read():
    whole = np.arange(12.0).reshape(3, 4)
    view, memory = whole[1:, ::2], np.frombuffer(mmap.mmap(-1, 16), float)

    def f(x):
        own = np.full(2, 3.0)
        y = x * own
        own[:] = 5.0
        return y + x * own + whole[2, :2] * x + view[0] * x + memory * x + np.broadcast_to(2.0, 2) * x

    program, (value,) = recorded(f, np.ones(2))
    np.testing.assert_array_equal(value, f(np.ones(2)))
    assert sorted(np.asarray(program.arrays[v]).tolist() for v in program.frozen) == [
        [2.0, 2.0],
        [3.0, 3.0],
        [5.0, 5.0],
    ]
    whole[:] = -1.0
    memory[:] = 10.0
    np.testing.assert_array_equal(program.replay([np.ones(2)])[0], f(np.ones(2)))


def test_an_array_that_was_overwritten_meanwhile_is_what_it_was():
    buffer = np.ones(2)

    def f(x):
        first = x * buffer
        buffer[:] += 1
        return first * buffer

    program, (value,) = recorded(f, np.ones(2))
    np.testing.assert_array_equal(program.replay([np.ones(2)])[0], value)
