"""What a loop keeps, and when it recomputes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import edgewise as ew
from edgewise.control import segments
from edgewise.modes import Recorded

WIDE = np.linspace(0.0, 1.0, 2000)


def loss(a, n, checkpoint):
    def step(c, _):
        for _ in range(5):
            c = np.sin(c) * a
        return c, None

    return np.sum(ew.scan(step, WIDE, length=n, checkpoint=checkpoint)[0])


def peak(call):
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "way",
    [
        ew.grad,
        lambda f: ew.grad(ew.grad(f)),
        lambda f: ew.grad(lambda a: ew.jvp(f, (a,), (a,))[1]),
        lambda f: ew.grad(lambda a: np.sum(ew.vmap(f)(np.stack([a, a * 0.9])))),
    ],
    ids=["grad", "grad of grad", "grad of jvp", "grad of vmap"],
)
def test_memory_grows_with_the_root_of_the_length(way):
    kept = peak(lambda: way(lambda a: loss(a, 64, False))(0.99))
    again = peak(lambda: way(lambda a: loss(a, 64, True))(0.99))
    assert again < kept / 2.5


def test_auto_recomputes_where_keeping_takes_too_much(monkeypatch):
    """By the bytes that the first step kept; and says so by what is recorded."""

    def operations(n):
        with Recorded() as mode:
            y = loss(mode.lift(np.float64(0.99)), n, "auto")
            found, stack = set(), [y.payload]
            while stack:
                node = stack.pop()
                if node.primitive is not None and node not in found:
                    found.add(node)
                    stack += [parent for parent in node.parents if parent is not None]
            return [node.primitive.name for node in found]

    assert "segment" not in operations(30)
    monkeypatch.setattr(segments, "KEPT", 20 * 10 * WIDE.nbytes)
    assert "segment" not in operations(15)
    names = operations(30)
    assert names.count("segment") > 3
    assert len(names) < 100
    expected = ew.grad(lambda a: loss(a, 30, False))(0.99)
    np.testing.assert_allclose(ew.grad(lambda a: loss(a, 30, "auto"))(0.99), expected, rtol=1e-13)


def test_the_meter_counts_each_array_once_and_only_the_step():
    meter = segments.Meter()
    with Recorded() as outer, Recorded() as mode:
        before = np.exp(mode.lift(outer.lift(WIDE)))
        meter.begin(before)
        y = np.exp(np.sin(before))
        kept = meter.kept({"y": y, "z": (y, 3.0, None)})
        assert meter.carried(y) == WIDE.nbytes + segments.NODE
        assert meter.kept(before) == 0
    assert kept == 2 * WIDE.nbytes + 4 * segments.NODE  # what sin was given, what exp gave, each on two levels
    assert segments.Meter().kept(y) == 0


def test_captured_values_are_measured_too(monkeypatch):
    """The carry begins without a derivative; the first step gives it one, and the second is measured."""
    monkeypatch.setattr(segments, "KEPT", 10 * WIDE.nbytes)
    expected = ew.grad(lambda a: loss(a, 12, False))(0.99)
    np.testing.assert_allclose(ew.grad(lambda a: loss(a, 12, "auto"))(0.99), expected, rtol=1e-13)


def test_nothing_is_kept_where_nothing_records(monkeypatch):
    monkeypatch.setattr(segments, "KEPT", 1)
    assert loss(0.99, 5, "auto") == loss(0.99, 5, False)
    assert ew.jvp(lambda a: loss(a, 5, "auto"), (0.99,), (1.0,)) == ew.jvp(lambda a: loss(a, 5, False), (0.99,), (1.0,))


def test_an_array_that_every_step_meets_is_kept_once():
    """Also one that is small, of which a recording would make a copy for every operation."""
    table = np.linspace(0.0, 1.0, 1500)

    def f(a):
        return ew.scan(lambda c, _: (np.sum(c * table) * a, None), 1.0, length=400, checkpoint=20)[0]

    assert peak(lambda: ew.grad(f)(0.001)) < 150 * table.nbytes
