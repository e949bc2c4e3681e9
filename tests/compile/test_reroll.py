"""Python loops become loops of machine code, forwards and backwards."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.leaves import arguments
from edgewise.compile.numpy_run import NumpyRun
from edgewise.compile.passes import simplified
from edgewise.compile.passes.loops import rerolled
from edgewise.compile.recording import record
from edgewise.compile.repeated import repeat
from edgewise.core.index import scatter_add


def lotka_volterra(u, v, p):
    return p[0] * u - p[1] * u * v, p[2] * u * v - p[3] * v


def rk4(z, p, steps=60, h=0.01):
    u, v = z[0], z[1]
    for _ in range(steps):
        a = lotka_volterra(u, v, p)
        b = lotka_volterra(u + h / 2 * a[0], v + h / 2 * a[1], p)
        c = lotka_volterra(u + h / 2 * b[0], v + h / 2 * b[1], p)
        d = lotka_volterra(u + h * c[0], v + h * c[1], p)
        u = u + h / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0])
        v = v + h / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1])
    return u + v


def recurrent(xs, w):
    """Reads an entry of an array at each step, and keeps what it makes."""
    h, kept = np.zeros(2), []
    for k in range(len(xs)):
        h = np.tanh(w @ h + xs[k])
        kept.append(h[0])
    return np.sum(np.array(kept) * h[1])


def backwards(x):
    """Goes through an array from its end."""
    total = x[0] * 0
    for k in range(len(x) - 1, -1, -1):
        total = np.sin(total) * x[k] + np.cos(total) / (2 + x[k] ** 2)
    return total


def two_loops(x):
    y = x
    for _ in range(150):
        y = y * 0.99 + np.sin(y) * 0.1
    z = y
    for _ in range(150):
        z = z - 0.1 * (z * z - y) * np.cos(z)
    return z * x


def complex_map(z):
    c = z
    for _ in range(200):
        c = c * c * 0.5 + z * 0.3
    return np.abs(c) ** 2


def lstm(p, xs):
    """Arrays that are too many numbers for registers."""
    h, c, total = np.zeros(14), np.zeros(14), 0.0
    for x in xs:
        z = p["w"] @ x + p["u"] @ h + p["b"]
        i, f, o = (1 / (1 + np.exp(-z[k : k + 14])) for k in (0, 14, 28))
        c = f * c + i * np.tanh(z[42:])
        h = o * np.tanh(c)
        total = total + np.sum(h * h)
    return total


def sorted_steps(x):
    """A step that NumPy has to do."""
    for _ in range(60):
        x = np.sort(np.sin(x * 1.1))[::-1] + np.cumsum(x) / 100
        x = x * 0.9 + np.cos(x) * 0.1
        x = x - np.mean(x) * 0.01
    return np.sum(x)


RNG = np.random.default_rng(2)
Z, P = np.array([1.0, 2.0]), np.array([1.1, 0.4, 0.1, 0.4])
XS, W = RNG.normal(size=(80, 2)), RNG.normal(size=(2, 2)) * 0.4
LSTM = {"w": RNG.normal(size=(56, 14)) * 0.3, "u": RNG.normal(size=(56, 14)) * 0.3, "b": np.zeros(56)}
CASES = {
    "lstm": (lstm, (LSTM, RNG.normal(size=(60, 14))), 1),
    "gradient of lstm": (ew.value_and_grad(lstm), (LSTM, RNG.normal(size=(60, 14))), 2),
    "sorted steps": (sorted_steps, (RNG.normal(size=9),), 1),
    "rk4": (rk4, (Z, P), 1),
    "gradient of rk4": (ew.value_and_grad(rk4, (0, 1)), (Z, P), 2),
    "recurrent": (recurrent, (XS, W), 1),
    "backwards": (backwards, (RNG.normal(size=120),), 1),
    "two loops": (two_loops, (0.7,), 2),
    "gradient of two loops": (ew.value_and_grad(two_loops), (0.7,), 4),
    "second derivative": (ew.grad(ew.grad(two_loops)), (0.7,), 5),
    "complex": (complex_map, (0.3 + 0.4j,), 1),
    "gradient of complex": (ew.grad(complex_map), (0.3 + 0.4j,), 2),
}


GIVEN = np.random.default_rng(5).normal(size=(70, 2))  # held here, and read row by row


def kalman(a, q):
    """Arrays around the function: rows of one that is read, views of one, and arrays that are the same each time."""
    h = np.array([[1.0, 0.5]])
    x, p, total = np.zeros(2), np.eye(2), 0.0
    for given in GIVEN:
        x, p = a @ x, a @ p @ a.T + q
        s = (h @ p @ h.T)[0, 0] + 0.1
        e = given[0] - h @ x
        k = p @ h.T / s
        x, p = x + k @ e + 0.1 * given, (np.eye(2) - k @ h) @ p
        total = total + np.log(s) + e[0] ** 2 / s
    return total


def scheduled(x):
    """A number that is another one in each step, and one that becomes another halfway."""
    for i in range(300):
        x = np.sin(x) * (0.5 + 1 / (i + 1)) + (0.25 if i < 150 else 0.75)
        x = x - 0.01 * i * x**2
    return x


def running(x):
    """What is summed up on the way is needed for the value alone."""
    total, y = 0.0, x
    for _ in range(100):
        y = np.cos(y) * x
        total = total + y**2
    return total


def controlled(u, v):
    """Reads the next entries of an array in each step, so its gradient adds to them."""
    x, y = 1.0, v[0, 0]
    for k in range(90):
        a = -np.sin(x) + u[k] + 0.5 * u[k + 1] * x
        y = y + 0.1 * a + v[k, 1] * y
        x = x + 0.1 * y
    return np.sum(x * u**2) + np.sum(y**2)


def trajectory(x):
    """What was made on the way, in order and from its end, with something before and after it."""
    first, made = np.array([0.1, 0.2]), []
    for _ in range(150):
        x = x + 0.1 * np.sin(x) * x
        made.append(x)
    return np.sum(np.stack([first, *made, x * 2]) ** 2) + np.sum(np.stack(made[::-1])[:3] * first)


CASES |= {
    "controlled": (controlled, (RNG.normal(size=91), 0.1 * RNG.normal(size=(90, 2))), 1),
    "gradient of controlled": (
        ew.value_and_grad(controlled, (0, 1)),
        (RNG.normal(size=91), 0.1 * RNG.normal(size=(90, 2))),
        2,
    ),
    "gradient of recurrent": (ew.value_and_grad(recurrent, (0, 1)), (XS, W), 2),
    "gradient of backwards": (ew.value_and_grad(backwards), (RNG.normal(size=120),), 2),
    "trajectory": (trajectory, (np.array([0.5, 0.2]),), 1),
    "gradient of trajectory": (ew.value_and_grad(trajectory), (np.array([0.5, 0.2]),), 2),
    "kalman": (kalman, (np.array([[1.0, 0.1], [0.0, 1.0]]), 0.01 * np.eye(2)), 1),
    "gradient of kalman": (ew.value_and_grad(kalman, (0, 1)), (0.9 * np.eye(2), 0.01 * np.eye(2)), 2),
    "scheduled": (scheduled, (0.3,), 1),
    "gradient of scheduled": (ew.value_and_grad(scheduled), (0.3,), 2),
    "gradient of a running sum": (ew.grad(running), (0.3,), 2),
}


def recorded(f, args):
    return record(f, arguments(args, {}, frozenset(), frozenset())).program


def program_of(f, args):
    return simplified(recorded(f, args))


@pytest.mark.parametrize("name", CASES)
def test_loops_are_found_and_change_nothing(name):
    f, args, loops = CASES[name]
    program = program_of(f, args)
    found = rerolled(program)
    found.check()
    assert sum(op.primitive is repeat for op in found.ops) >= loops
    assert len(found.steps) < len(program.steps) * 0.7
    inputs = arguments(args, {}, frozenset(), frozenset()).inputs
    inputs = [np.asarray(x)[()] for x in inputs]
    for x, y in zip(NumpyRun(program).run(inputs)[1], NumpyRun(found).run(inputs)[1], strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-13 if name == "gradient of controlled" else 0)


@pytest.mark.parametrize("name", CASES)
def test_loops_are_found_in_what_was_recorded(name):
    f, args, loops = CASES[name]
    program = recorded(f, args)
    found = rerolled(program)
    found.check()
    plainer = simplified(found)
    plainer.check()
    assert sum(op.primitive is repeat for op in plainer.ops) >= loops
    assert len(plainer.steps) < len(program.steps) * 0.7
    inputs = [np.asarray(x)[()] for x in arguments(args, {}, frozenset(), frozenset()).inputs]
    expected = NumpyRun(program).run(inputs)[1]
    for one in (found, plainer):
        for x, y in zip(NumpyRun(one).run(inputs)[1], expected, strict=True):
            if name == "gradient of controlled":  # two steps add to each entry, in another order
                np.testing.assert_allclose(x, y, rtol=1e-13)
            else:
                np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", CASES)
def test_loops_of_machine_code(name):
    f, args, _ = CASES[name]
    made = ew.jit(f)
    expected = f(*args)
    for _ in range(3):
        found = made(*args)
    for x, y in zip(
        np.atleast_1d(found[0] if isinstance(found, tuple) else found),
        np.atleast_1d(expected[0] if isinstance(expected, tuple) else expected),
        strict=True,
    ):
        np.testing.assert_allclose(x, y, rtol=1e-11)
    if isinstance(found, tuple):
        for x, y in zip(ew.containers.flatten(found[1])[0], ew.containers.flatten(expected[1])[0], strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-10)


def test_a_short_program_stays_as_it_is():
    program = program_of(lambda x: x * 2, (1.0,))
    assert rerolled(program) is program


def test_what_does_not_repeat_stays_as_it_is():
    def f(x):
        for k in range(500):
            x = x + (k % 7) * np.sin(x) if (k * k) % 11 > 4 else x * 0.5 + k
        return x

    program = program_of(f, (0.3,))
    assert rerolled(program) is program


def test_a_loop_with_an_odd_step_in_it():
    def f(x):
        for k in range(400):
            x = x * 0.5 + np.cos(x)
            if k == 200:
                x = np.exp(-x)
        return x

    program = program_of(f, (0.3,))
    found = rerolled(program)
    assert sum(op.primitive is repeat for op in found.ops) == 2
    assert NumpyRun(found).run([np.float64(0.3)])[1] == NumpyRun(program).run([np.float64(0.3)])[1]


def test_a_guard_ends_a_loop():
    def f(x):
        for _ in range(300):
            x = x * 0.5 + np.cos(x)
        if x > 0:
            for _ in range(300):
                x = x * 0.25 + np.sin(x)
        return x

    made = ew.jit(f)
    for value in (0.3, 1.0, -2.0):
        for _ in range(2):
            np.testing.assert_allclose(made(value), f(value), rtol=1e-13)


def loops_of(f, args):
    return [op for op in simplified(rerolled(recorded(f, args))).ops if op.primitive is repeat]


def test_what_is_the_same_each_time_is_done_before_the_loop():
    def f(x, p):
        for _ in range(200):
            x = x * np.exp(p[0]) + np.sin(p[1] * 2)
        return x

    (loop,) = loops_of(f, (np.float64(0.3), np.array([-0.2, 0.4])))
    assert sorted(op.primitive.name for op in loop.params["body"].ops) == ["add", "multiply"]


def test_a_loop_does_not_carry_what_nobody_needs():
    primal, _ = loops_of(ew.grad(running), (0.3,))
    assert primal.params["carries"] == 1
    assert "power" not in {op.primitive.name for op in primal.params["body"].ops}


def test_what_a_loop_keeps_is_kept_once():
    def f(x):
        for _ in range(200):
            x = np.sin(x) * np.sin(x)
        return x

    forward, backward = loops_of(ew.value_and_grad(f), (0.3,))
    kept = forward.params["body"].outputs[forward.params["carries"] :]
    assert len(set(kept)) == len(kept) == 2
    assert len(backward.operands) - backward.params["carries"] == 2


def test_rows_of_an_array_around_the_function_are_read_at_each_call():
    rows = np.random.default_rng(1).normal(size=(300, 3))

    def f(x):
        for row in rows[::-1]:
            x = x * row / (1 + x * x) + row
        return np.sum(x)

    (loop,) = loops_of(f, (np.ones(3),))
    assert loop.params["steps"] == 299
    compiled = ew.jit(ew.grad(f))
    for _ in range(4):
        np.testing.assert_allclose(compiled(np.ones(3)), ew.grad(f)(np.ones(3)), rtol=1e-10)
        rows *= 0.9


def test_arrays_that_are_no_rows_of_one_are_no_loop():
    rows = [np.full(3, float(k)) for k in range(200)]

    def f(x):
        for row in rows:
            x = np.tanh(x * row) + 0.1
        return np.sum(x)

    compiled = ew.jit(f)
    for _ in range(3):
        np.testing.assert_allclose(compiled(np.ones(3)), f(np.ones(3)), rtol=1e-12)
        rows[77] *= 0.5


def test_entries_that_are_read_far_apart_are_no_loop():
    def f(x):
        y = x[0]
        for k in range(0, 400, 2):
            y = y * x[k] + np.sin(x[k])
        return y

    program = recorded(f, (np.linspace(0.1, 0.9, 400),))
    assert not any(op.primitive is repeat for op in rerolled(program).ops)


def test_exponents_stay_numbers():
    def f(x):
        y = x
        for k in range(200):
            y = np.sin(y) ** (2 + k % 2) + x
        return y

    (loop,) = loops_of(f, (0.3,))
    powers = [op.operands[1] for op in loop.params["body"].ops if op.primitive.name == "power"]
    assert sorted(powers) == [2, 3]


def test_entries_that_a_gradient_adds_to_are_put_together_after_the_loop():
    _, backward = loops_of(ew.value_and_grad(controlled, (0, 1)), CASES["controlled"][1])
    assert not {op.primitive.name for op in backward.params["body"].ops} & {"scatter_add"}
    assert all(var.shape == () for var in backward.params["body"].inputs)


def test_rows_of_a_trajectory_are_no_operations():
    program = simplified(rerolled(recorded(trajectory, (np.array([0.5, 0.2]),))))
    assert len(program.steps) < 40


def test_an_entry_that_is_written_and_used_is_no_loop():
    def f(x):
        total = x * 0.0
        for k in range(100):
            one = scatter_add(x[k] * total[0], template=(k,), shape=x.shape)
            total = total + one + np.sin(np.sum(one))
        return total

    program = recorded(f, (np.linspace(0.1, 0.9, 100),))
    found = rerolled(program)
    assert found is program
