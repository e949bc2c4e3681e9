"""What ``jit`` promises its users: the function itself, only faster."""

from __future__ import annotations

import math
import os
import random
import threading
import time
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import CheckError, CompileWarning

X = np.array([0.0, 0.5, 2.0])
SCALE, ARRAY = 2.0, np.ones(3)


def energy(x):
    return np.sum(np.tanh(x) ** 2)


def agree(f, *calls, **options):
    """The compiled function gives, twice at each of the calls, what the function gives. Returns how many programs."""
    made = ew.jit(f, **options)
    for args in calls:
        for _ in range(2):
            same(made(*args), f(*args))
    return made.programs


def same(found, expected):
    if isinstance(expected, dict | list | tuple):
        assert type(found) is type(expected)
        assert len(found) == len(expected)
        keys = expected if isinstance(expected, dict) else range(len(expected))
        for key in keys:
            same(found[key], expected[key])
    elif isinstance(expected, np.ndarray | np.generic | float):
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        assert np.shape(found) == np.shape(expected)
    else:
        assert found == expected


@pytest.mark.parametrize(
    "f", [energy, ew.grad(energy), ew.hessian(energy), ew.value_and_grad(energy), ew.vmap(ew.grad(lambda x: x**3))]
)
def test_a_function_and_its_transformations_run_once(f):
    assert agree(f, (X,), (X + 1,), (X * 3,)) == 1


def test_a_view_of_what_was_made_a_moment_ago():
    """A few numbers in registers, of which a larger array is a view that is then picked from."""

    def f(x):
        c, s = x, []
        for e in np.arange(5.0):
            c, y = c * 0.5 + np.sin(e), c * e
            s.append(y)
        return np.sum(np.sin(c + np.stack(s).sum(0)) * (1 + np.arange(3)))

    assert agree(lambda x: ew.vmap(ew.hessian(f))(np.stack([x, x * 1.01])), (X,), (X + 0.5,)) == 1


def test_transformations_of_a_compiled_function():
    made = ew.jit(energy)
    same(ew.grad(made)(X), ew.grad(energy)(X))
    same(ew.hessian(made)(X), ew.hessian(energy)(X))
    same(ew.vmap(made)(np.stack([X, X + 1])), ew.vmap(energy)(np.stack([X, X + 1])))
    same(ew.jit(ew.vmap(ew.hessian(made)))(np.stack([X, X + 1])), ew.vmap(ew.hessian(energy))(np.stack([X, X + 1])))
    same(ew.jit(lambda x: made(x) * 2)(X), energy(X) * 2)


def taylor_sine(x):
    term, total, n = x, x, 1
    while abs(term) > 1e-3:
        term = -term * x * x / (2 * n * (2 * n + 1))
        total = total + term
        n += 1
    return total


def iterations(x):
    term, n = x, 1
    while abs(term) > 1e-3:
        term = -term * x * x / (2 * n * (2 * n + 1))
        n += 1
    return n


def test_each_way_through_a_loop_is_recorded_once():
    points = [(float(v),) for v in np.linspace(-3, 3, 41)]
    ways = len({iterations(*p) for p in points})
    assert agree(taylor_sine, *points) == ways
    assert agree(ew.grad(taylor_sine), *points) == ways


def branches(x):
    if x[0] > 1:
        return np.sum(x)
    if x[1] > 1:
        return x[1] * x[2]
    return max(x[0], x[2]) + min(x[1], 0.5)


def test_branches():
    points = [np.array(p) for p in ([2.0, 0, 0], [0, 2.0, 3], [0, 0, 1.0], [0, 0.7, -1], [2.0, 2, 2], [np.nan, 2, 2])]
    assert agree(branches, *((p,) for p in points)) <= len(points)


def test_recursion_and_loops_over_computed_counts():
    def halved(x):
        return x if abs(x) < 1 else halved(x / 2)

    def repeated(x):
        total = x * 0
        for i in range(int(np.floor(x))):
            total = total + i * x
        return total

    assert agree(halved, (0.3,), (5.0,), (40.0,), (4.5,)) == 3
    assert agree(repeated, (0.3,), (3.5,), (3.7,), (2.0,)) == 3  # int() holds for this very value of floor


def test_an_index_that_is_computed():
    assert agree(lambda x: x[np.argmax(x)] ** 2, (X,), (X[::-1].copy(),)) <= 2


def test_float_and_math_hold_for_the_value_they_saw():
    assert agree(lambda x: math.sin(x) + float(x), (1.0,), (2.0,)) == 2


def test_special_values():
    with np.errstate(all="ignore"):
        specials = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e308])
        agree(lambda x: x * 10 + np.sqrt(x) / x, (specials,), (specials[::-1].copy(),))


def test_a_new_shape_or_dtype_is_a_new_program():
    assert agree(energy, (X,), (X[:2].copy(),), (X.astype(np.float32),), (np.arange(3),), (X[:0],)) == 5


def test_layouts():
    x = np.arange(24.0).reshape(4, 6)
    read_only = x.copy()
    read_only.flags.writeable = False
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(float).reshape(4, 6)
    layouts = [x, np.asfortranarray(x), np.repeat(x, 2, 1)[:, ::2], x[::-1, ::-1][::-1, ::-1], read_only, unaligned]
    assert (
        agree(lambda a: np.sin(a).T @ a, *((a,) for a in layouts)) == 3
    )  # contiguous in one order, the other, neither
    for f in (
        lambda a: (a.ravel("A"), a.flatten("K"), a.reshape((2, -1), order="A"), np.sin(a.T).ravel("K"), np.ravel(a)),
        _store_into_the_row,
    ):
        agree(f, *((a,) for a in layouts))


def _store_into_the_row(a):
    b = a * 2
    b.ravel()[0] = 100.0  # reaches b where its row is no copy
    return b


def test_python_floats_take_the_dtype_of_arrays():
    x = np.ones(3, np.float32)
    agree(lambda x, a: x * a + 1.0, (x, 0.1), (x, np.float64(0.1)), (x, 2))
    agree(lambda x, a: x * (2 * a + 1) / a, (x, 0.1), (x, 0.7))
    agree(lambda x, a: x * np.sin(a), (x, 0.1))  # NumPy makes a float64 of it
    agree(lambda x, a: a * x, (x, 0.5 + 1j), (X, 0.5 + 1j))


def test_containers_keywords_and_static_values():
    def f(params, *, power=2, names=("w", "b")):
        return {name: params[name] ** power for name in names}

    made = ew.jit(f)
    params = {"w": X, "b": 1.5}
    for _ in range(2):
        same(made(params), f(params))
        same(made(params, power=3), f(params, power=3))
        same(made(params, names=("b",)), f(params, names=("b",)))

    @dataclass
    class Point:
        x: object
        y: object

    moved = ew.jit(lambda p: Point(p.x * 2, p.y + p.x))
    for _ in range(2):
        assert moved(Point(1.0, X)).x == 2
        same(moved(Point(3.0, X)).y, X + 3)


def test_static_arguments():
    assert agree(lambda x, n: x * len(n), (X, (1, 2)), (X, (1, 2)), (X, (1,)), static_argnums=1) == 2
    made = ew.jit(lambda x, scale: x * scale, static_argnames="scale")
    same(made(X, scale=2.0), X * 2)
    same(made(X, scale=3.0), X * 3)
    with pytest.raises(ew.errors.ArgumentError, match="counted from 0"):
        ew.jit(energy, static_argnums=-1)


class Model:
    def __init__(self):
        self.scale = 2.0

    @ew.jit
    def __call__(self, x):
        return x * self.scale


def test_methods_and_attributes():
    model = Model()
    for scale in (2.0, 3.0, 3.0):
        model.scale = scale
        same(model(X), X * scale)
    same(ew.jit(model)(X), X * 3)


def test_globals_are_watched_and_arrays_read(monkeypatch):
    made = ew.jit(lambda x: x * SCALE + ARRAY)
    for _ in range(2):
        same(made(X), X * 2 + ARRAY)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    same(made(X), X * 5 + ARRAY)
    ARRAY[0] = 7.0
    same(made(X), X * 5 + ARRAY)
    monkeypatch.setitem(globals(), "ARRAY", np.full(3, 9.0))
    same(made(X), X * 5 + 9)


def test_closures_and_containers_are_watched():
    settings, rates, matrix = {"rate": 2.0}, [1.0, 2.0], np.arange(6.0).reshape(2, 3)

    def f(x):
        return x * settings["rate"] + rates[1] + matrix.T[:, 0]

    made = ew.jit(f)
    for change in (lambda: None, lambda: settings.update(rate=3.0), lambda: rates.append(1.0), lambda: rates.pop(1)):
        change()
        for _ in range(2):
            same(made(X), f(X))
    matrix[0] = 5.0
    same(made(X), f(X))


def test_arrays_around_are_read_wherever_they_take_part():
    w, at, mask, grid = np.ones(3), np.array([0, 2]), np.array([True, False, True]), np.array([0.0, 1.0, 3.0])
    functions = [
        ew.grad(lambda x: np.sum(w * x)),  # a gradient that does not depend on x
        ew.grad(lambda x: np.sum(x[at] * w[1:])),
        ew.jacobian(lambda x: w * x),
        ew.jacfwd(lambda x: w * x),
        ew.hessian(lambda x: np.sum(w * x**2)),
        lambda x: x[mask],
        lambda x: np.interp(x, grid, w),
        ew.grad(lambda x: np.sum(np.interp(x, grid, w))),
        lambda x: np.where(mask, x, w),
        lambda x: np.concatenate([x, w]),
        lambda x: np.take(x, at) + np.dot(w, x),
        lambda x: ew.linearize(lambda x: w * x, x)[1].todense(),
    ]
    compiled = [ew.jit(f) for f in functions]
    for step in range(3):
        w[:], at[:], grid[1] = [step, 2.0, 5.0], [step, 1], 1.0 + 0.2 * step
        mask[:] = np.arange(3) != step
        for f, made in zip(functions, compiled, strict=True):
            for _ in range(2):
                same(made(X), f(X))


def test_what_is_made_inside_is_frozen():
    def f(x):
        table = np.linspace(0.0, 1.0, 3)
        first = x * table
        table[:] = 7.0
        return first + x * table

    assert agree(f, (X,), (X + 1,)) == 1


def test_stores_into_arguments_reach_the_caller():
    def f(x, y):
        x[0] = y[1] * 2
        y += 1
        return x.sum()

    made = ew.jit(f)
    for _ in range(3):
        ours, theirs = [X.copy(), X + 1], [X.copy(), X + 1]
        same(made(*ours), f(*theirs))
        same(ours, theirs)


def test_results_are_the_callers():
    made = ew.jit(lambda x: (x, x.T, ARRAY, np.zeros(2), x[0], "text", None))
    for _ in range(3):
        found = made(X)
        assert found[5:] == ("text", None)
        for array in found[:4]:
            array[:] = -1.0
    assert X[1] == 0.5
    assert ARRAY[1] != -1


def test_what_cannot_be_followed_is_left_to_python_and_said_once():
    def f(x):
        return x.view(np.int64) * 2

    made = ew.jit(f)
    with pytest.warns(CompileWarning, match=r"test_jit\.py:\d+: f is not compiled for these arguments"):
        same(made(X), f(X))
    same(made(X), f(X))


def test_what_the_function_refuses_itself_is_no_reason_to_leave_it():
    """The truth value of a batch: the same error with and without, and nothing is said of compiling."""

    def f(x):
        return x * 2 if x > 0 else x

    made = ew.jit(ew.vmap(f))
    for _ in range(2):
        with pytest.raises(ew.errors.BatchError, match="truth value of a batch"):
            made(X)


def test_a_function_that_changes_what_is_around_it_is_left_to_python():
    seen = []

    def f(x):
        seen.append(float(x[0]))
        return x * 2

    made = ew.jit(f)
    with pytest.warns(CompileWarning, match="it changes seen"):
        made(X)
    made(X + 1)
    assert seen[-1] == 1.0


@pytest.mark.parametrize("how", ["generator", "legacy", "state", "python", "array"])
def test_draws_and_stores_are_left_to_python(how):
    rng, state, counts = np.random.default_rng(1), np.random.RandomState(1), np.zeros(2)

    def f(x):
        if how == "array":
            counts[0] += 1
            return x + counts[0]
        draw = {
            "generator": rng.normal,
            "legacy": lambda: np.random.normal(),  # noqa: NPY002, PLW0108  the global one is what is tested
            "state": state.normal,
            "python": random.random,
        }[how]
        return x + draw()

    made = ew.jit(f)
    with pytest.warns(CompileWarning, match="it changes"):
        first = made(X)
    assert not np.array_equal(made(X), first)


def test_what_cannot_all_be_watched_is_left_to_python():
    values = list(map(float, range(5000)))
    made = ew.jit(lambda x: x * values[7])
    with pytest.warns(CompileWarning, match="more around it than can be watched"):
        same(made(X), X * 7)


def test_too_many_ways_are_left_to_python():
    def f(x):
        return x * float(x)

    made = ew.jit(f)
    assert [made(float(i)) for i in range(64)] == [i * i for i in range(64)]
    with pytest.warns(CompileWarning, match=r"test_jit\.py:\d+: f .* it has taken 64 different ways"):
        assert made(64.0) == 64 * 64
    assert made(1000.0) == 1e6


def test_errors_are_the_functions_own():
    def f(x):
        if x < 0:
            raise ValueError("negative")
        return np.sqrt(x)

    made = ew.jit(f)
    for _ in range(2):
        assert made(4.0) == 2.0
        with pytest.raises(ValueError, match="negative"):
            made(-1.0)
    with pytest.raises(ValueError, match="shapes"):
        ew.jit(lambda x: x + np.ones(2))(X)
    with pytest.raises(ew.errors.ArgumentError, match="takes the function itself"):
        ew.jit(3.0)


def test_what_only_an_ordinary_array_can_do_is_left_to_python():
    """An error that comes of the recording is not the user's; the function runs again, from what it was given."""

    def f(x, strange):
        x[0] = x[0] * 2
        if not type(x) is np.ndarray:  # noqa: E714  no isinstance
            strange.upper()
        return np.sum(x)

    made, x = ew.jit(f), X + 1.0
    with pytest.warns(CompileWarning, match="it raised AttributeError while it was recorded"):
        assert made(x, 3) == np.sum(X + 1.0) + 1.0
    assert x[0] == 2.0
    assert made(x, 3) == np.sum(X + 1.0) + 3.0


class Held:
    def __init__(self, value):
        self.value = value


def _function_of(x):
    return lambda: x * 2


@pytest.mark.parametrize(
    ("f", "read"),
    [
        (lambda x: Held(x * 2), lambda r: r.value),
        (_function_of, lambda r: r()),
        (lambda x: np.array([{"a": x * 2}, {}]), lambda r: r[0]["a"]),
        (lambda x: (x, Held(3)), lambda r: r[0] * 2),
        (lambda x: ew.linearize(lambda y: y * y, x)[1], lambda r: r @ np.ones(3)),
    ],
)
def test_objects_that_are_made_anew_are_left_to_python(f, read):
    made = ew.jit(f)
    with pytest.warns(CompileWarning, match="which a compiled program does not make"):
        same(read(made(X)), X * 2)
    assert made(X) is not made(X)
    same(read(made(X + 1)), (X + 1) * 2)


def test_sets_are_the_callers_and_what_was_there_stays():
    known = Held(1)
    made = ew.jit(lambda x: (x * 2, {1, 2}, known, np.sin, float))
    for _ in range(4):
        _, found, held, *rest = made(X)
        assert (found, rest) == ({1, 2}, [np.sin, float])
        assert held is known
        found.clear()


def test_check_finds_what_is_not_an_argument():
    table = np.ones(3)
    made = ew.jit(lambda x: x * float(2 * table[0]), check=True)
    same(made(X), X * 2)
    table[0] = 3.0
    with pytest.raises(CheckError, match="with plain NumPy"):
        made(X)
    made = ew.jit(lambda x: x * time.perf_counter(), check=True)
    with pytest.raises(CheckError, match="reads a clock"):
        made(X)
    same(ew.jit(energy, check=True)(X), energy(X))


def test_foreign_arrays_are_left_to_the_function():
    assert list(ew.jit(lambda x: x * 2)(np.array([1.0, 2.0], object))) == [2.0, 4.0]


def test_a_value_of_an_outer_transformation():
    outer = ew.grad(lambda w: ew.jit(lambda x: w * x**2)(3.0))
    assert outer(2.0) == 9.0
    nested = ew.grad(lambda w: ew.grad(ew.jit(lambda x: w**2 * x**3))(2.0))
    assert nested(3.0) == 2 * 3 * 3 * 4


def test_threads():
    made, wrong = ew.jit(ew.grad(taylor_sine)), []

    def work(offset):
        with warnings.catch_warnings():
            points = list(map(float, np.linspace(-3, 3, 40) + offset))
            wrong.extend(v for v in points if made(v) != ew.grad(taylor_sine)(v))

    threads = [threading.Thread(target=work, args=(0.01 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_array_that_is_returned_as_it_is_comes_fresh_from_each_call():
    around = np.arange(3.0)

    def f(x):
        return x * 2.0, np.ones(3), around

    compiled, x = ew.jit(f), np.array([1.0, 2.0, 3.0])
    for _ in range(3):
        _, ones, same = compiled(x)
        ones[0], same[0] = 7.0, 8.0
    around[1] = 9.0
    _, ones, same = compiled(x)
    np.testing.assert_array_equal(ones, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(same[1:], [9.0, 2.0])


def test_an_array_that_is_returned_as_it_is_leaves_the_call_gate():
    compiled = ew.jit(ew.grad(lambda a, b: np.sum(a * a + b), (0, 1)))
    a = np.array([1.0, 2.0])
    for _ in range(3):
        found = compiled(a, 2.0 * a)
    np.testing.assert_array_equal(found, [[2.0, 4.0], [1.0, 1.0]])
    assert compiled._gate is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_uses_what_was_compiled_and_compiles_more():
    made = ew.jit(ew.grad(taylor_sine))
    expected = [made(v) for v in (0.5, 2.0)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads that other tests have left behind
        child = os.fork()
    if not child:
        right = [made(v) for v in (0.5, 2.0)] == expected and made(3.0) == ew.grad(taylor_sine)(3.0)
        os._exit(0 if right and float(ew.jit(energy)(X)) == float(energy(X)) else 1)
    assert os.waitpid(child, 0)[1] == 0
