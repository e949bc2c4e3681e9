"""What machine code computes is what the program says, on every sample of every row, and on its gradient."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.modes.staged import Staged
from edgewise.testing.subject import Subject, output_leaves

pytest.importorskip("llvmlite", reason="llvmlite makes the machine code")

from edgewise.compile.executable import build


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


def same(function, inputs, name):
    """Compiled is as run by NumPy."""
    program = staged(function, *inputs)
    with np.errstate(all="ignore"):
        expected = program.replay(inputs)
        code, found = build(program).run(inputs)
    assert code == 0, name
    for a, b in zip(found, expected, strict=True):
        close(a, b, name)


@pytest.mark.parametrize("function", DECLARATIONS, ids=spelling)
def test_every_row(function):
    row = DECLARATIONS[function]
    for case in row.samples:
        subject = Subject(row, case)
        for dtype in (np.float64, np.float32):
            leaves = [x.astype(dtype) if x.dtype.kind == "f" else x for x in subject.leaves]
            same(lambda *xs, s=subject: output_leaves(s.call(*xs)), leaves, f"{subject.name} in {dtype.__name__}")


@pytest.mark.parametrize("function", [f for f, row in DECLARATIONS.items() if row.kind != "zero"], ids=spelling)
def test_every_gradient(function):
    row = DECLARATIONS[function]
    for case in row.samples:
        subject = Subject(row, case)
        if not subject.differentiable:
            continue
        weights = subject.random(np.random.default_rng(3), "outputs")
        every = tuple(range(len(subject.leaves)))
        same(ew.grad(subject.scalar(weights), every), subject.leaves, f"the gradient of {subject.name}")
