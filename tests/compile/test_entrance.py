"""The gate in front of a program: what it is made with."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile import entrance

pytestmark = pytest.mark.needs("llvmlite")


def released(f, *args, monkeypatch):
    """Whether the gate of a compiled function lets other threads run."""
    found = []

    def listening(*given, **options):
        found.append(options["release"])
        return make(*given, **options)

    make = entrance.make_gate
    monkeypatch.setattr(entrance, "make_gate", listening)
    compiled = ew.jit(f)
    for _ in range(3):
        compiled(*args)
    (answer,) = found
    return answer


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: np.sum(np.exp(x)), np.ones(1000), False),
        (lambda x: np.sum(np.exp(x)), np.ones(1_000_000), True),
        (lambda x: x * x, np.float64(2.0), False),
        (lambda x: ew.fori_loop(0, 200, lambda i, y: y * 0.5 + x, x), np.float64(2.0), False),
        (lambda x: ew.fori_loop(0, 50_000, lambda i, y: y * 0.5 + x, x), np.float64(2.0), True),
    ],
)
def test_long_programs_let_other_threads_run(f, x, expected, monkeypatch):
    assert released(f, x, monkeypatch=monkeypatch) is expected


def test_others_do_run_meanwhile():
    x = np.linspace(0, 1, 1_000_000)
    f = ew.jit(lambda x: np.sum(np.sin(np.exp(np.tanh(x)))))
    for _ in range(3):
        f(x)
    begun, stop, ticks = threading.Event(), threading.Event(), []

    def tick():
        begun.set()
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0)

    other = threading.Thread(target=tick)
    other.start()
    begun.wait()
    within = 0
    for _ in range(200):  # the machine may be busy
        start = time.perf_counter()
        f(x)
        stopped = time.perf_counter()
        within = sum(start + 0.1 * (stopped - start) < t < stopped - 0.1 * (stopped - start) for t in ticks)
        if within > 3:
            break
    stop.set()
    other.join()
    assert within > 3
