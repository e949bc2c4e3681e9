"""How long a long program takes to compile: ``python benchmarks/compile_times.py [--slow]``.

Value and derivative of operations on one number, stage by stage, and the first call of JAX's jit beside it. Compiled
programs are not taken from the disk.
"""

from __future__ import annotations

import os

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

os.environ["EDGEWISE_CACHE"] = "off"

import argparse
from collections.abc import Callable
from typing import Any

import contestants
import numpy as np
import tables

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.leaves import arguments
from edgewise.compile.passes import simplified
from edgewise.compile.recording import record

STAGES = ("record", "simplify", "build", "all")


def straight(np: Any, operations: int) -> Callable[[Any], Any]:
    """A number that is worked on for long."""

    def f(x: Any) -> Any:
        y = x
        for i in range(operations // 5):
            y = np.sin(y * 1.01 + x) * x - 0.3 / (i + 1)
        return y

    return f


def stages(operations: int, x: float) -> tuple[dict[str, float], tuple[Any, ...]]:
    """Seconds that each stage takes, at least, and the value and the derivative."""
    best: dict[str, float] = {}

    def note(stage: str, start: float) -> float:
        now = timing.clock()
        best[stage] = min(best.get(stage, now), now - start)
        return now

    for _ in range(3 if operations <= 10_000 else 1):
        f = ew.value_and_grad(straight(np, operations))
        start = now = timing.clock()
        recording = record(f, arguments((x,), {}, frozenset(), frozenset()))
        now = note("record", now)
        program = simplified(recording.program)
        now = note("simplify", now)
        run = build(program)
        note("build", now)
        note("all", start)
        code, found = run.run([np.float64(x)])
        contestants.checked("edgewise, compiled", (code, *found), (0, *recording.values))
    return best, tuple(recording.values)


def row(operations: int, with_jax: bool) -> list[str]:
    x = 0.7
    best, values = stages(operations, x)
    cells = [f"{operations:,}".replace(",", "\u202f"), *(tables.number(best[s], tables.MILLI) for s in STAGES)]
    if not with_jax:
        return [*cells, "", ""]
    jax = contestants.jax
    compiled = jax.jit(jax.value_and_grad(straight(jax.numpy, operations)))
    start = timing.clock()
    contestants.checked("JAX", jax.block_until_ready(compiled(x)), values)
    taken = timing.clock() - start
    return [*cells, tables.number(taken, tables.MILLI), tables.number(taken / best["all"])]


def table(slow: bool = False) -> str:
    """Markdown; JAX compiles 1 000 operations, and 10 000 where there are minutes to spend."""
    heads = ["operations on a number; ms to", *STAGES, "JAX", "JAX ÷ edgewise"]
    contestants.warm_up()
    known = contestants.jax is not None
    return tables.table(
        heads, [row(n, known and (n == 1_000 or (n == 10_000 and slow))) for n in (1_000, 10_000, 100_000)]
    )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--slow", action="store_true", help="let JAX compile 10 000 operations too: minutes")
    print(table(options.parse_args().slow))
