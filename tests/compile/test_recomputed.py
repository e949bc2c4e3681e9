"""Loops leave less for later loops, and what is computed again is what it was, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.leaves import arguments
from edgewise.compile.numpy_run import NumpyRun
from edgewise.compile.passes import recomputed as module
from edgewise.compile.passes import simplified
from edgewise.compile.passes.loops import rerolled
from edgewise.compile.passes.recomputed import recomputed
from edgewise.compile.recording import record
from edgewise.compile.repeated import repeat

RNG = np.random.default_rng(4)


def gates(w, xs, back=False):
    """Sums and products between functions, of what the steps read, carry and are given."""
    h, c, total = w[0] * 0, w[1] * 0, 0.0
    for x in xs[::-1] if back else xs:
        e = np.exp(-(x * w[0] + h))
        gate = 1 / (1 + e)
        c = c * gate + np.tanh(h * w[1] - x) * (1 - gate)
        h = gate * np.tanh(c)
        total = total + np.sum(h * x) + np.sum(np.abs(c)) * 0.1
    return total + np.sum(h)


def kept_as_well(w, xs):
    """A result that a loop leaves is returned too, and has to stay."""
    h, rows = w[0], []
    for x in xs:
        h = h * w[1] + np.sin(x)
        rows.append(h + 1)
    return np.stack(rows), np.sum(h * np.stack(rows)[3])


def numbers(x):
    y = x
    for _ in range(120):
        z = y * 0.5 + np.sin(y)
        y = z - 0.1 * z * y
    return y


W, XS = RNG.normal(size=(2, 5)), RNG.normal(size=(40, 5))
CASES = {
    "value": (gates, (W, XS), False),
    "gradient": (ew.value_and_grad(gates, (0, 1)), (W, XS), True),
    "gradient from the end": (ew.grad(lambda w, xs: gates(w, xs, back=True), (0, 1)), (W, XS), True),
    "product with the Hessian": (lambda w, xs: ew.hvp(lambda w: gates(w, xs), w, w), (W, XS), True),
    "numbers": (ew.grad(numbers), (0.7,), False),
    "second derivative": (ew.grad(ew.grad(numbers)), (0.7,), False),
    "returned": (kept_as_well, (W, XS), False),
    "pulled back": (lambda w, xs: ew.vjp(kept_as_well, w, xs)[1]((np.cos(XS), 1.0)), (W, XS), True),
}


def left(program):
    """Bytes that the loops of a program leave."""
    return sum(module._bytes(op) for op in program.ops if op.primitive is repeat)


@pytest.mark.parametrize("name", CASES)
def test_it_changes_nothing(name, monkeypatch):
    f, args, spares = CASES[name]
    given = arguments(args, {}, frozenset(), frozenset())
    program = simplified(rerolled(record(f, given).program))
    assert recomputed(program) is program  # few bytes
    monkeypatch.setattr(module, "FAR", 0)
    found = recomputed(program)
    found.check()
    again = simplified(found)
    again.check()
    assert (left(again) < left(program)) == spares
    inputs = [np.asarray(x)[()] for x in given.inputs]
    for other in (found, again):
        for x, y in zip(NumpyRun(program).run(inputs)[1], NumpyRun(other).run(inputs)[1], strict=True):
            np.testing.assert_array_equal(x, y)
    made = ew.jit(f)
    made(*args)
    for x, y in zip(ew.containers.flatten(made(*args))[0], ew.containers.flatten(f(*args))[0], strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)


def test_nothing_is_left_but_what_takes_long(monkeypatch):
    monkeypatch.setattr(module, "FAR", 0)
    f, args, _ = CASES["gradient"]
    given = arguments(args, {}, frozenset(), frozenset())
    program = recomputed(simplified(rerolled(record(f, given).program)))
    (first, *_) = (op for op in program.ops if op.primitive is repeat)
    body, carries = first.params["body"], first.params["carries"]
    made = {op.results[0]: op.primitive.name for op in body.ops}
    names = [made.get(output) for output in body.outputs[carries:]]
    assert names.count("exp") == 1
    assert names.count("tanh") == 2
    assert "divide" not in names
    assert len(names) <= 6  # those, carries that the next step overwrites, and a product of what was overwritten


def test_loops_that_leave_little_stay_as_they_are():
    f, args, _ = CASES["gradient"]
    program = simplified(rerolled(record(f, arguments(args, {}, frozenset(), frozenset())).program))
    assert recomputed(program) is program
