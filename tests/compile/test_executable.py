"""What machine code computes is what the program says, whoever runs it, and the results are the caller's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.kernels import division
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.modes.staged import Staged
from edgewise.testing.subject import Subject, output_leaves

pytestmark = pytest.mark.needs("llvmlite")


def staged(function, *inputs):
    """The program of a function at these inputs."""
    with Staged() as mode:
        lifted = [mode.lift(x) for x in inputs]
        found = function(*lifted)
        outputs = list(found) if isinstance(found, tuple | list) else [found]
        del found, lifted
        program = mode.finish(outputs)
    program.check()
    return program


def close(found, expected, name):
    """The same kind of value, and equal but for rounding in another order."""
    assert type(found) is type(expected[()] if isinstance(expected, np.ndarray) else expected), name
    if not isinstance(expected, np.ndarray | np.generic):
        assert found == expected
        return
    assert found.dtype == expected.dtype, name
    assert found.shape == expected.shape, name
    if expected.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, expected, name)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(finite, np.isfinite(found), name)
    np.testing.assert_array_equal(found[~finite], expected[~finite], name)
    scale = max(np.abs(expected[finite]).max(initial=0.0), 1.0)
    with np.errstate(all="ignore"):
        assert (
            np.abs(found[finite] - expected[finite]).max(initial=0.0) <= 4e3 * np.finfo(expected.dtype).eps * scale
        ), name


@pytest.mark.parametrize("function", DECLARATIONS, ids=spelling)
def test_every_row_in_loops(function, monkeypatch):
    """The law ``compiled`` has samples written out, small as they are; here they take the way of large arrays."""
    monkeypatch.setattr(division, "LIMIT", 0)
    row = DECLARATIONS[function]
    for case in row.samples:
        subject = Subject(row, case)
        weights = subject.random(np.random.default_rng(3), "outputs") if subject.differentiable else []
        slope = ew.grad(subject.scalar(weights), tuple(range(len(subject.leaves)))) if weights else lambda *xs: ()

        def every(*leaves, subject=subject, slope=slope):
            return [*output_leaves(subject.call(*leaves)), *slope(*leaves)]

        program = staged(every, *subject.leaves)
        with np.errstate(all="ignore"):
            expected = program.replay(subject.leaves)
            code, found = build(program).run(subject.leaves)
        assert code == 0
        for a, b in zip(found, expected, strict=True):
            close(a, b, subject.name)


def test_runs_at_the_same_time_have_scratch_memory_of_their_own():
    made = build(staged(lambda x: np.sort(np.exp(x))[::-1] * np.sum(x), np.arange(500.0) / 500))
    assert made.arena
    points = [np.random.default_rng(i).random(500) for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for point, (code, (found,)) in zip(points * 50, pool.map(lambda p: made.run([p]), points * 50), strict=True):
            assert code == 0
            np.testing.assert_allclose(found, np.sort(np.exp(point))[::-1] * np.sum(point), rtol=1e-14)


def test_a_processor_without_fused_multiplication_leaves_exact_remainders_to_numpy():
    program = staged(lambda x: [x % 0.3, np.exp(x)], np.ones(100))
    kinds = [type(section).__name__ for section in division.divide(program, {}, fused=False).sections]
    assert kinds == ["Call", "Nest"]


def test_outputs_are_the_callers_own():
    frozen = np.ones(80)

    def f(x):
        return [x, x[::2], frozen, x, 2.5, np.sort(x)]

    x = np.arange(80.0)
    code, found = build(staged(f, x)).run([x])
    assert code == 0
    for i, y in enumerate(found):
        for other in (x, frozen, *found[:i]):
            assert not np.shares_memory(y, other)
    assert found[4] == 2.5
