"""How long compiling takes, stage by stage, beside JAX's jit: ``python benchmarks/compiling.py [name ...]``.

Value and derivative of programs on few numbers, each in plain Python: what is recorded, what the passes make of it (a
program that repeats becomes loops), its text, and LLVM's machine code, without the cache. Milliseconds of the
processor's time, the least of a few attempts: the whole is that of the first two calls of ``ew.jit``, and of the first
of JAX's, which is not asked to compile more than ``MOST`` operations.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import os

os.environ["EDGEWISE_CACHE"] = "off"

import argparse
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from contestants import jax

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.leaves import arguments
from edgewise.compile.passes import simplified
from edgewise.compile.passes.loops import rerolled
from edgewise.compile.recording import record

MILLI, MOST = 1e3, 2000


class Row(NamedTuple):
    """A program, its arguments, and how many operations it does."""

    name: str
    make: Callable[[Any], Callable[..., Any]]
    args: tuple[Any, ...]
    operations: int


def regular(operations: int) -> Callable[[Any], Callable[..., Any]]:
    """The same again and again, with other numbers."""

    def make(xp: Any) -> Callable[..., Any]:
        def f(x: Any) -> Any:
            y = x
            for i in range(operations // 5):
                y = xp.sin(y * 1.01 + x) * x - 0.3 / (i + 1)
            return y

        return f

    return make


def irregular(operations: int) -> Callable[[Any], Callable[..., Any]]:
    """Nothing that repeats."""
    rng = np.random.default_rng(1)
    which, back = ("".join(map(str, rng.integers(low, low + 5, operations))) for low in (0, 1))

    def make(xp: Any) -> Callable[..., Any]:
        def f(x: Any) -> Any:
            made = [x * (0.5 + 0.1 * i) for i in range(6)]
            while len(made) < operations:
                a, b = made[-1], made[-int(back[len(made)])]
                kind = which[len(made)]
                if kind == "0":
                    made += [a * 0.5, a * 0.5 + b]
                elif kind == "1":
                    made.append(a * b)
                elif kind == "2":
                    made.append(xp.sin(a))
                elif kind == "3":
                    made.append(a - b)
                else:
                    made.append(xp.tanh(b))
            return made[-1]

        return f

    return make


def predators(xp: Any) -> Callable[..., Any]:
    """Lotka and Volterra's, a thousand steps by Runge and Kutta."""

    def rates(u: Any, v: Any, p: Any) -> tuple[Any, Any]:
        return u * (p[0] - p[1] * v), v * (p[2] * u - p[3])

    def f(p: Any) -> Any:
        u, v, h = 1.0, 1.0, 0.01
        for _ in range(1000):
            a, b = rates(u, v, p)
            c, d = rates(u + h / 2 * a, v + h / 2 * b, p)
            k, m = rates(u + h / 2 * c, v + h / 2 * d, p)
            s, t = rates(u + h * k, v + h * m, p)
            u, v = u + h / 6 * (a + 2 * c + 2 * k + s), v + h / 6 * (b + 2 * d + 2 * m + t)
        return u + v

    return f


def kalman(xp: Any) -> Callable[..., Any]:
    """A filter of a thousand observations of a position."""
    observed = np.sin(0.1 * np.arange(1000))

    def f(p: Any) -> Any:
        x, total = xp.zeros(2), 0.0
        spread, h = xp.eye(2), np.array([1.0, 0.0])
        move = np.array([[1.0, 0.1], [0.0, 1.0]])
        for y in observed:
            x, spread = move @ x, move @ spread @ move.T + p[0] * np.eye(2)
            error, s = y - h @ x, h @ spread @ h + p[1]
            gain = spread @ h / s
            x, spread = x + gain * error, spread - s * gain[:, None] * gain
            total = total + xp.log(s) + error * error / s
        return total

    return f


def cell(xp: Any) -> Callable[..., Any]:
    """A recurrent cell of 14 numbers, 128 steps."""
    given = 0.1 * np.arange(128 * 14).reshape(128, 14) % 1.0

    def f(w: Any) -> Any:
        h = xp.zeros(14)
        for x in given:
            h = xp.tanh(w @ h + x)
        return xp.sum(h * h)

    return f


def rows() -> Iterator[Row]:
    for n in (1_000, 10_000, 100_000):
        yield Row(f"regular, {n:,}", regular(n), (0.7,), n)
        yield Row(f"irregular, {n:,}", irregular(n), (0.7,), n)
    yield Row("Runge and Kutta, 1000 steps", predators, (np.array([1.1, 0.4, 0.1, 0.4]),), 50_000)
    yield Row("Kalman filter, 1000 steps", kalman, (np.array([0.01, 0.1]),), 20_000)
    yield Row("recurrent cell, 128 steps", cell, (0.1 * np.eye(14),), MOST)


def ours(row: Row, attempts: int) -> tuple[dict[str, float], Any]:
    """Seconds of each stage, and the value with the gradient."""
    f = ew.value_and_grad(row.make(np))
    best: dict[str, float] = {}
    found: Any = None
    for _ in range(attempts):
        times = [timing.clock()]
        recording = record(f, arguments(row.args, {}, frozenset(), frozenset()))
        times.append(timing.clock())
        program = simplified(rerolled(recording.program))
        times.append(timing.clock())
        build(program)
        times.append(timing.clock())
        stages = [b - a for a, b in itertools.pairwise(times)]
        start, compiled = timing.clock(), ew.jit(f)
        compiled(*row.args)
        found = compiled(*row.args)
        stages.append(timing.clock() - start)
        for stage, seconds in zip(("record", "passes", "build", "two calls"), stages, strict=True):
            best[stage] = min(best.get(stage, seconds), seconds)
    return best, found


def theirs(row: Row) -> tuple[float, float, Any]:
    """The processor's time of JAX's first call, the clock's, and its result."""
    compiled = jax.jit(jax.value_and_grad(row.make(jax.numpy)))
    start, began = time.process_time(), time.perf_counter()
    found = jax.block_until_ready(compiled(*map(jax.numpy.asarray, row.args)))
    return time.process_time() - start, time.perf_counter() - began, found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", help="only rows whose name contains one of these")
    chosen = options.parse_args().names
    heads = ["", "record", "passes", "build", "two calls", "JAX", "JAX ÷"]
    print(f"| {' | '.join(heads)} |\n|---|{'--:|' * (len(heads) - 1)}", flush=True)
    for row in rows():
        if chosen and not any(part in row.name for part in chosen):
            continue
        best, found = ours(row, 5 if row.operations <= 10_000 else 1)
        cells = [row.name, *(f"{best[stage] * MILLI:,.1f}" for stage in ("record", "passes", "build", "two calls"))]
        if jax is not None and row.operations <= MOST:
            processor, _, expected = min((theirs(row) for _ in range(2)), key=lambda one: one[0])
            for a, b in zip(found, expected, strict=True):
                if not np.allclose(a, b, rtol=1e-8, atol=1e-12):
                    raise SystemExit(f"{row.name}: {a} instead of {b}")
            cells += [f"{processor * MILLI:,.0f}", f"{processor / best['two calls']:.0f}"]
        else:
            cells += ["", ""]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
