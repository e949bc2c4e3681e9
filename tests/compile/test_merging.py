"""All ways through a function as one program."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.merging import merged
from edgewise.compile.numpy_run import NumpyRun
from edgewise.compile.passes import simplified

TABLE = np.array([1.0, 2.0, 4.0])


def taylor_sine(x):
    term, total, n = x, x, 1
    while abs(term) > 1e-3:
        term = -term * x * x / (2 * n * (2 * n + 1))
        total = total + term
        n += 1
    return total


def stepped(x):
    if x > 2:
        return x * TABLE[0]
    for k in range(int(np.floor(abs(x)))):
        x = x + k * np.sum(TABLE * x) if x < 1 else np.sqrt(x)
    return np.exp(x) if x < 0 else x


def whole(f, points):
    """The function compiled at some points, and all its ways in one program."""
    made = ew.jit(f)
    for point in points:
        made(point)
    (one,) = made._made.values()
    program = merged(one.paths.first)
    assert program is not None
    program.check()
    return program, made.programs


@pytest.mark.parametrize("f", [taylor_sine, ew.grad(taylor_sine), stepped, ew.value_and_grad(stepped)])
def test_it_goes_every_way(f):
    points = list(map(float, np.linspace(-3.3, 3, 23)))
    program, _ = whole(f, points)
    small = simplified(program)
    small.check()
    assert len(small.steps) <= len(program.steps)
    for run in (NumpyRun(program), NumpyRun(small)):
        for point in points:
            code, found = run.run([np.float64(point)])
            expected = f(point)
            assert code == 0
            np.testing.assert_allclose(found, expected if isinstance(expected, tuple) else [expected], rtol=1e-14)


def test_it_ends_where_no_way_is_known():
    program, ways = whole(taylor_sine, [0.5, 1.0])
    assert ways == 2
    assert NumpyRun(program).run([np.float64(3.0)])[0] > 0
    assert NumpyRun(simplified(program)).run([np.float64(3.0)])[0] > 0


def test_ways_with_results_of_other_shapes_are_not_merged():
    made = ew.jit(lambda x: x if x[0] > 0 else x[:1])
    for point in (np.ones(3), -np.ones(3)):
        made(point)
    (one,) = made._made.values()
    assert merged(one.paths.first) is None


@pytest.mark.parametrize("f", [taylor_sine, ew.value_and_grad(taylor_sine), stepped, ew.value_and_grad(stepped)])
def test_all_ways_become_one_function(f):
    points = list(map(float, np.linspace(-3.3, 3, 23)))
    made = ew.jit(f)
    for point in points * 3:
        np.testing.assert_allclose(made(point), f(point), rtol=1e-14)
    (one,) = made._made.values()
    runs = [path.runs for path in one.paths]
    for point in points:
        np.testing.assert_allclose(made(point), f(point), rtol=1e-14)
    assert [path.runs for path in one.paths] == runs  # none of them was run by itself
    np.testing.assert_allclose(made(-7.5), f(-7.5), rtol=1e-14)  # a new way


def test_ways_through_arrays_and_complex_numbers():
    def f(x, z):
        total = z * 0
        for i in range(3):
            total = total + (x[i] * z if x[i] > 0 else np.conj(z) / TABLE[i])
            if abs(total) > 10:
                return total, x * 2
        return total, x[::-1] * abs(z)

    made, rng = ew.jit(f), np.random.default_rng(3)
    for _ in range(60):
        x, z = rng.normal(size=3) * 3, complex(*rng.normal(size=2))
        for found, expected in zip(made(x, z), f(x, z), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)
