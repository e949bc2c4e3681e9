"""How everything here is timed: the contestants take turns, and the fastest round of each counts.

Machines are shared and noisy, so only ratios within one run mean anything. BLAS has one thread, unless OMP_NUM_THREADS
says otherwise. With one thread the processor's time is taken, which others on the machine add less to than to the
clock's.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

clock = time.process_time if os.environ["OMP_NUM_THREADS"] == "1" else time.perf_counter
Calls = Mapping[str, tuple[Callable[[Any], Any], Any]]


def rounds_of(calls: Calls, budget: float = 0.6, rounds: int = 15) -> dict[str, list[float]]:
    """Seconds per call of each contestant in every round.

    Args:
        calls: by name, a function and its argument.
        budget: seconds each contestant may take in all.
        rounds: how often they take turns.
    """
    repeats = {}
    for name, (call, argument) in calls.items():
        call(argument)
        start = clock()
        call(argument)
        repeats[name] = max(1, int(budget / rounds / max(clock() - start, 1e-7)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, (call, argument) in calls.items():
            start = clock()
            for _ in range(repeats[name]):
                call(argument)
            taken[name].append((clock() - start) / repeats[name])
    return taken


def noise(taken: Mapping[str, list[float]]) -> float:
    """The largest median over its minimum: 1 where nothing else ran."""
    return max((statistics.median(t) / min(t) for t in taken.values()), default=1.0)


def interleaved(calls: Calls, budget: float = 0.6, rounds: int = 15) -> dict[str, float]:
    """Seconds per call of each contestant: the minimum over rounds in which they take turns."""
    taken = rounds_of(calls, budget, rounds)
    if noise(taken) > 1.5:
        print(f"  (noisy: a median is {noise(taken):.1f} times its minimum)")
    return {name: min(t) for name, t in taken.items()}
