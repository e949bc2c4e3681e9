"""Threads: what a region costs that has nothing to do, and how much faster compiled gradients are on several threads.

The clock on the wall is what counts here, so a machine that others use shows nothing: a thread that gets no processor
helps nobody. The least of many rounds is printed, in which the numbers of threads take turns.
"""

from __future__ import annotations

import timing  # noqa: F401  # isort: skip  # first: it sets the number of threads of BLAS before NumPy is loaded

import argparse
import ctypes
import os
import threading
import time
from collections.abc import Callable

import numpy as np
from rows.options import black_scholes, options
from rows.regression import logistic, regression, scores, softmax

import edgewise as ew
from edgewise.compile import pool
from edgewise.compile.engine import load

MICRO = 1e6
NOTHING = "define i64 @nothing(ptr %frame, i64 %piece, i64 %slot) { ret i64 0 }"
PIECES = 16
WORK = (
    ("exp, 10⁵", lambda xp, scan: np.exp, lambda rng: (rng.standard_normal(100_000),), False),
    ("sum, 10⁶", lambda xp, scan: np.sum, lambda rng: (rng.standard_normal(1_000_000),), False),
    ("Black–Scholes, 10⁴", black_scholes, options(10_000), True),
    ("Black–Scholes, 10⁶", black_scholes, options(1_000_000), True),
    ("logistic regression, 1000×30", logistic, regression(1000, 30), True),
    ("logistic regression, 10⁵×100", logistic, regression(100_000, 100), True),
    ("softmax, 10⁴×100", softmax, scores(10_000, 100), True),
)


def fastest(calls: dict[int, Callable[[], object]], rounds: int) -> dict[int, float]:
    """Seconds of a call by the number of threads: the minimum over rounds in which they take turns."""
    taken = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for n, call in calls.items():
            ew.threads(n)
            call()  # its threads are awake from here on
            begun = time.perf_counter()
            call()
            taken[n] = min(taken[n], time.perf_counter() - begun)
    ew.threads(1)
    return taken


def region(counts: list[int], rounds: int) -> dict[int, float]:
    """A region of pieces that do nothing, called from Python."""
    library = load(NOTHING)
    number, pointer = ctypes.c_int64, ctypes.c_void_p
    run = ctypes.CFUNCTYPE(number, pointer, pointer, number, number)(pool.imports()["edgewise_run"])
    body = library.address("nothing")
    return fastest({n: lambda: run(body, None, PIECES, 256) for n in counts}, 20 * rounds)


def woken(rounds: int) -> float:
    """The same on two threads, one of which has gone to sleep."""
    library = load(NOTHING)
    number, pointer = ctypes.c_int64, ctypes.c_void_p
    run = ctypes.CFUNCTYPE(number, pointer, pointer, number, number)(pool.imports()["edgewise_run"])
    body, best = library.address("nothing"), float("inf")
    with ew.threads(2):
        for _ in range(rounds):
            time.sleep(0.002)
            begun = time.perf_counter()
            run(body, None, PIECES, 256)
            best = min(best, time.perf_counter() - begun)
    return best


def together(call: Callable[[], object], callers: int, times: int = 20) -> float:
    """Seconds of a call where several threads of Python make it at once."""
    barrier = threading.Barrier(callers + 1)

    def work() -> None:
        barrier.wait()
        for _ in range(times):
            call()
        barrier.wait()

    found = [threading.Thread(target=work) for _ in range(callers)]
    for one in found:
        one.start()
    barrier.wait()
    begun = time.perf_counter()
    barrier.wait()
    taken = time.perf_counter() - begun
    for one in found:
        one.join()
    return taken / (times * callers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    chosen = parser.parse_args()
    cores = os.cpu_count() or 1
    counts = sorted({1, 2, cores})
    empty = region(counts, chosen.rounds)
    print(f"a region of {PIECES} pieces that do nothing, µs with the call through ctypes")
    print("  " + ", ".join(f"{n} threads {empty[n] * MICRO:.2f}" for n in counts), end="")
    print(f", 2 of which one sleeps {woken(chosen.rounds) * MICRO:.1f}")
    print(
        f"{'':32}"
        + "".join(f"{f'{n} threads, µs':>18}" for n in counts)
        + f"{'2 callers, 1 thread':>22}{'2 threads':>12}"
    )
    for name, function, arguments, differentiated in WORK:
        made = function(np, None)
        args = arguments(np.random.default_rng(0))
        chosen_args = tuple(range(len(args))) if function is black_scholes else 0
        f = ew.jit(ew.value_and_grad(made, argnums=chosen_args) if differentiated else made)
        for _ in range(3):
            f(*args)
        taken = fastest(dict.fromkeys(counts, lambda f=f, args=args: f(*args)), chosen.rounds)
        several = {}
        for n in (1, 2):
            with ew.threads(n):
                several[n] = min(together(lambda f=f, args=args: f(*args), 2, times=5) for _ in range(8))
        print(
            f"{name:32}"
            + "".join(f"{taken[n] * MICRO:11.1f} ({taken[1] / taken[n]:.2f}×)" for n in counts)
            + f"{several[1] * MICRO:22.1f}{several[2] * MICRO:12.1f}"
        )


if __name__ == "__main__":
    main()
