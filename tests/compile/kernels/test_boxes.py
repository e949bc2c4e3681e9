"""Arrays that are put together from parts: every entry is what NumPy puts there, in one pass."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.kernels.division import divide
from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.sections import Nest
from edgewise.compile.passes import simplified
from edgewise.modes.staged import Staged

RNG = np.random.default_rng(5)


def staged(f, *args):
    with Staged() as mode:
        inputs = [mode.lift(a) for a in args]
        result = f(*inputs)
        outputs = list(result) if isinstance(result, tuple) else [result]
        del inputs, result
        return simplified(mode.finish(outputs))


def packs(program):
    return [s for s in divide(program, {}, True).sections if isinstance(s, Pack)]


def blur(x):
    return np.sum((x[2:] - 2.0 * x[1:-1] + x[:-2]) ** 3)


def around(x):
    """A sum over the four neighbours of each inner entry."""
    return np.sum((x[1:-1, 1:-1] - x[:-2, 1:-1] * x[2:, 1:-1] + x[1:-1, :-2] * x[1:-1, 2:]) ** 2)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (blur, RNG.standard_normal(200)),
        (blur, RNG.standard_normal(70).astype(np.float32)),
        (around, RNG.standard_normal((13, 19))),
        (lambda x: np.sum(x[::2] ** 2) + np.sum(x[1:] ** 3), RNG.standard_normal(99)),
        (lambda x: np.sum(x[3] * x[1:] * x[:-1]), RNG.standard_normal((9, 30))),
        (lambda x: np.sum(np.concatenate([x[5:], x[:5], x]) ** 2), RNG.standard_normal(80)),
        (lambda x: np.sum(x[-1, None, ::-1] * x[1:]), RNG.standard_normal((5, 40))),
        (lambda x: np.sum(np.stack([x[1:], x[:-1]]) ** 3), RNG.standard_normal(90)),
    ],
)
def test_gradients_of_windows(f, x):
    gradient = ew.grad(f)
    program = staged(gradient, x)
    code, (found,) = build(program).run([x])
    assert code == 0
    tolerance = 1e-12 if x.dtype == np.float64 else 1e-4
    np.testing.assert_allclose(found, gradient(x), rtol=tolerance, atol=tolerance)


def test_a_sum_of_windows_is_one_array_of_parts():
    (packed,) = packs(staged(ew.grad(blur), RNG.standard_normal(200)))
    assert [part.add for part in packed.parts] == [False, False, True, True]


def test_parts_that_are_needed_themselves_stay():
    def f(x):
        below = np.concatenate([x[1:], x[:1] * 2.0])
        return below, below + np.concatenate([x[:1], np.zeros(199)])

    x = RNG.standard_normal(200)
    program = staged(f, x)
    code, found = build(program).run([x])
    assert code == 0
    for a, b in zip(found, f(x), strict=True):
        np.testing.assert_array_equal(a, b)


def test_too_many_boxes_are_parts_one_by_one():
    x = RNG.standard_normal((200,))

    def f(x):
        return np.concatenate([x[i : i + 7] * float(i) for i in range(60)])

    code, (found,) = build(staged(f, x)).run([x])
    assert code == 0
    np.testing.assert_array_equal(found, f(x))


def test_cheap_operations_on_two_arrays_are_done_again():
    program = staged(ew.grad(blur), RNG.standard_normal(200))
    nests = [s for s in divide(program, {}, True).sections if isinstance(s, Nest)]
    assert all(entry.fold is not None for nest in nests for entry in nest.entries)
