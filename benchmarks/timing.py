"""How everything here is timed: the contestants take turns, and the fastest and the median round are reported.

Machines are shared and noisy, so only ratios within one run mean anything. One thread for BLAS, unless OMP_NUM_THREADS says
otherwise.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def interleaved(calls: Mapping[str, Callable[[], object]], budget: float = 0.6, rounds: int = 15) -> dict[str, float]:
    """Seconds per call of each contestant: the minimum over rounds in which they take turns.

    Args:
        calls: what to time, by name.
        budget: seconds each contestant may take in all.
        rounds: how often they take turns.
    """
    repeats = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        once = time.perf_counter() - start
        repeats[name] = max(1, int(budget / rounds / max(once, 1e-7)))
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            n = repeats[name]
            start = time.perf_counter()
            for _ in range(n):
                call()
            taken[name].append((time.perf_counter() - start) / n)
    spread = max(statistics.median(t) / min(t) for t in taken.values())
    if spread > 1.5:
        print(f"  (noisy: a median is {spread:.1f} times its minimum)")
    return {name: min(t) for name, t in taken.items()}
