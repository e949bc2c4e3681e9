"""One row of the table, measured in a process of its own: ``python benchmarks/row.py NAME [seconds]``.

It prints one line of JSON: microseconds of every contestant, and what compiling and memory took. The process stays on
one core, unless OMP_NUM_THREADS says that there are to be more threads: then JAX has all cores.
"""

from __future__ import annotations

import os

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

if os.environ["OMP_NUM_THREADS"] == "1":
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    if hasattr(os, "sched_setaffinity"):  # before a library counts the cores
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
os.environ["EDGEWISE_CACHE"] = "off"  # compile times are of compiling

import json
import sys
from collections.abc import Callable
from typing import Any

from contestants import Row
from workloads import WORKLOADS

import edgewise as ew

MICRO = 1e6


def turns(function: Callable[..., Any], sets: list[tuple[Any, ...]], repeats: int) -> Callable[[Any], Any]:
    """Calls on each set of arguments in turn, with nothing of the caller's in between."""
    names = [[f"a{i}_{j}" for j in range(len(args))] for i, args in enumerate(sets)]
    body = [f"    f({', '.join(row)})" for row in names] * repeats
    scope: dict[str, Any] = {"f": function}
    scope |= {name: v for row, args in zip(names, sets, strict=True) for name, v in zip(row, args, strict=True)}
    parameters = ", ".join(f"{name}={name}" for name in scope)
    exec("\n".join([f"def call(_, {parameters}):", *body]), scope)
    call: Callable[[Any], Any] = scope["call"]
    return call


def one_call(function: Callable[..., Any], args: tuple[Any, ...]) -> float:
    start = timing.clock()
    function(*args)
    return timing.clock() - start


def measured(name: str, budget: float) -> dict[str, Any]:
    """What is known of a row."""
    row = Row(next(w for w in WORKLOADS if w.name == name))
    calls, count, slow = {}, {}, {}
    for label, (function, sets) in row.contestants.items():
        once = min(one_call(function, sets[0]) for _ in range(2))
        if once > budget / 5:  # no rounds
            slow[label] = once
            continue
        repeats = 25 if once < 1e-4 else 1
        calls[label] = turns(function, sets, repeats), None
        count[label] = repeats * len(sets)
    taken = timing.rounds_of(calls, budget)
    times = slow | {label: min(t) / count[label] for label, t in taken.items()}
    return {
        "name": name,
        "µs": {label: t * MICRO for label, t in times.items()},
        "noise": timing.noise(taken),
        "compiling": row.compiling,
        "memory": row.memory,
        "kernels": row.kernels,
    }


if __name__ == "__main__":
    if hasattr(ew, "threads"):
        ew.threads(int(os.environ["OMP_NUM_THREADS"]))
    print(json.dumps(measured(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 1.0)))
