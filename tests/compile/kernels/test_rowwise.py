"""Loops whose steps work on rows of numbers: vector registers in place of one number after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.kernels.rowwise import LEAST, chunks
from edgewise.compile.numpy_run import NumpyRun
from edgewise.compile.repeated import repeat
from edgewise.core.program import Op, Program, Var
from edgewise.modes.staged import Staged

STEPS = 11


def looped(step, carries, fixed, entries, steps=STEPS):
    """A program that is one loop, recorded from one step of it."""
    samples = [*carries, *fixed, *(x[0] for x in entries)]
    with Staged() as mode:
        inputs = [mode.lift(np.asarray(x)[()]) for x in samples]
        following, rows = step(
            inputs[: len(carries)], inputs[len(carries) : -len(entries) or None], inputs[len(samples) - len(entries) :]
        )
        body = mode.finish([*following, *rows])
    params = {"body": body, "carries": len(carries), "fixed": len(fixed), "steps": steps}
    program, whole = Program(), [*carries, *fixed, *entries]
    program.inputs = [Var(i, np.shape(x), np.asarray(x).dtype) for i, x in enumerate(whole)]
    made = repeat.compute(tuple(np.asarray(x)[()] for x in whole), params)
    results = tuple(Var(len(whole) + i, y.shape, y.dtype) for i, y in enumerate(made))
    program.steps.append(Op(repeat, tuple(program.inputs), params, results, None))
    program.outputs = list(results)
    return program


def check(step, carries, fixed, entries, rtol=1e-13, atol=1e-14):
    """Machine code does it alone, and gives what NumPy gives."""
    program = looped(step, carries, fixed, entries)
    made = build(program)
    assert made.address, made.calls
    inputs = [*carries, *fixed, *entries]
    expected, found = NumpyRun(program).run(inputs)[1], made.run(inputs)[1]
    assert len(expected) == len(found)
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        assert x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=rtol, atol=atol)


def test_the_registers_of_a_row():
    for n in range(LEAST, 70):
        for width in (2, 4, 8, 16):
            cut = chunks((3, n), width)
            assert [k for one in cut for k in range(one.start, one.start + one.filled)] == list(range(3 * n))
            assert all(one.filled <= one.lanes <= width and one.lanes & (one.lanes - 1) == 0 for one in cut)
            assert all(one.start // n == (one.start + one.filled - 1) // n for one in cut)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 40), dtype=st.sampled_from(["f8", "f4"]), seed=st.integers(0, 99))
def test_a_recurrence_of_rows(n, dtype, seed):
    rng = np.random.default_rng(seed)

    def step(carry, fixed, entry):
        (h, c), (w, b), (x, y) = carry, fixed, entry
        gate = 1 / (1 + np.exp(-(x * w[0] + b)))
        c = c * gate + np.tanh(h * w[1]) * y
        return (gate * c, c), (gate, np.sum(c), np.where(c > 0, c, -x)[::-1])

    def draw(*shape):
        return rng.normal(size=shape).astype(dtype)

    rtol, atol = (1e-12, 1e-14) if dtype == "f8" else (2e-5, 1e-6)
    check(step, [draw(n), draw(n)], [draw(2, n), draw(n)], [draw(STEPS, n), draw(STEPS)], rtol, atol)


@settings(max_examples=15, deadline=None)
@given(n=st.integers(4, 20), m=st.integers(1, 3))
def test_what_is_added_at_a_window_of_what_is_carried(n, m):
    rng = np.random.default_rng(n)

    def step(carry, fixed, entry):
        (total,), (w, zeros), (x,) = carry, fixed, entry
        lifted = zeros + 0 * x
        lifted[m, 1] = x * w
        lifted[0, 2, 1:3] = x[:2]
        return (total + lifted,), (np.sum(x),)

    check(
        step,
        [rng.normal(size=(m + 1, 3, n))],
        [rng.normal(size=n), np.zeros((m + 1, 3, n))],
        [rng.normal(size=(STEPS, n))],
    )


@pytest.mark.parametrize("n", [4, 5, 8, 13, 16])
def test_small_matrices_in_a_step(n):
    """Products, sums along either axis, transposition: as in a Kalman filter."""
    rng = np.random.default_rng(n)

    def step(carry, fixed, entry):
        (p, z), (f,), (x,) = carry, fixed, entry
        z = f @ z + x
        p = f @ p @ f.T + np.outer(x, x) / (1 + np.sum(x * x))
        p = p / (1 + np.max(np.abs(p)))
        return (p, z), (np.sum(p, 0), np.sum(p, 1), p[1] * p[:, 2], np.max(p, 0))

    f = rng.normal(size=(n, n)) / n
    check(step, [np.eye(n), rng.normal(size=n)], [f], [rng.normal(size=(STEPS, n))], 1e-11)


@pytest.mark.parametrize("n", [5, 14, 17])
def test_other_dtypes_in_rows(n):
    rng = np.random.default_rng(n)

    def step(carry, fixed, entry):
        (i, b, c), (k,), (x,) = carry, fixed, entry
        more = i * 3 + k - (x > 0)
        return (more % 17, b ^ (x > 0.5), c * 0.5 + 1j * x), (more // 5, b & (i > 3), np.abs(c), i.astype(float) * x)

    carries = [rng.integers(0, 9, n), rng.random(n) < 0.5, rng.normal(size=n) + 1j]
    check(step, carries, [rng.integers(1, 9, n)], [rng.normal(size=(STEPS, n))])


@pytest.mark.parametrize("step", [-1, 1])
def test_entries_from_the_end_and_from_a_transposed_array(step):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(14, 90)), rng.normal(size=14)

    def f(x, w):
        h = w * 0
        for row in x.T[::step]:
            h = np.tanh(h * w + row)
        return np.sum(h)

    made = ew.jit(ew.value_and_grad(f, (0, 1)))
    expected = ew.value_and_grad(f, (0, 1))(x, w)
    made(x, w)
    found = made(x, w)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    for a, b in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("n", [3, 7, 14, 33])
def test_forward_reverse_and_second_order(n):
    rng = np.random.default_rng(n)
    w, xs = rng.normal(size=(2, n)), rng.normal(size=(40, n))

    def f(w, xs):
        def step(c, x):
            h = 1 / (1 + np.exp(-(c * w[0] + x)))
            return h * np.tanh(c + w[1]), np.sum(h * x)

        last, ys = ew.scan(step, w[1], xs)
        return np.sum(ys) + np.sum(last)

    for transformed in (f, ew.value_and_grad(f, (0, 1)), lambda w, xs: ew.hvp(lambda w: f(w, xs), w, w)):
        made, expected = ew.jit(transformed), transformed(w, xs)
        made(w, xs)
        found = made(w, xs)
        for a, b in zip(ew.containers.flatten(found)[0], ew.containers.flatten(expected)[0], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_what_a_loop_leaves_is_used_in_every_way():
    """The records of the steps, as other operations find them: moved, flattened, multiplied, returned."""
    rng = np.random.default_rng(3)
    w, xs, m = rng.normal(size=14), rng.normal(size=(60, 14)), rng.normal(size=(14, 9))

    def f(w, xs, m):
        def step(c, x):
            h = np.tanh(c * w + x)
            return h, (h, h * x, np.sum(h), h > 0, np.stack([h, x]))

        last, (h, hx, s, positive, both) = ew.scan(step, w * 0, xs)
        flat = np.ravel(hx)[7:100] * 2
        product = h @ m
        return (
            last,
            flat,
            product,
            h.T @ hx,
            np.sort(s),
            np.where(positive, h, -1.0),
            h,
            both[5:9, 1].T,
            np.reshape(both, (120, 14))[3],
            np.linalg.norm(h[:, 2:5], axis=1),
            np.sum(hx, axis=0),
        )

    made, expected = ew.jit(f), f(w, xs, m)
    made(w, xs, m)
    for a, b in zip(made(w, xs, m), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)
