"""How long compiling takes, stage by stage, beside JAX's jit: ``python benchmarks/compile_times.py [name ...]``.

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
import gc
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import contestants
import numpy as np
import tables

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.leaves import arguments
from edgewise.compile.paths import Path
from edgewise.compile.recording import record

MOST = 2000
STAGES = ("record", "simplify", "build", "two calls")


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
        yield Row(f"{n:_} operations, regular".replace("_", "\u202f"), regular(n), (0.7,), n)
        yield Row(f"{n:_} operations, irregular".replace("_", "\u202f"), irregular(n), (0.7,), n)
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
        path = Path(recording, build)
        times.append(timing.clock())
        path.executable  # noqa: B018  made when it is first needed
        times.append(timing.clock())
        stages = [b - a for a, b in itertools.pairwise(times)]
        del recording, path
        gc.collect()  # what the stages have left is not the next program's to clear away
        start, compiled = timing.clock(), ew.jit(f)
        compiled(*row.args)
        found = compiled(*row.args)
        stages.append(timing.clock() - start)
        for stage, seconds in zip(STAGES, stages, strict=True):
            best[stage] = min(best.get(stage, seconds), seconds)
    return best, found


def theirs(row: Row, expected: Any) -> float:
    """Seconds of JAX's first call."""
    jax = contestants.jax
    compiled = jax.jit(jax.value_and_grad(row.make(jax.numpy)))
    start = timing.clock()
    found = jax.block_until_ready(compiled(*map(jax.numpy.asarray, row.args)))
    taken = timing.clock() - start
    contestants.checked("JAX", found, expected)
    return taken


def cells(row: Row) -> list[str]:
    """A row of the table."""
    best, found = ours(row, 5 if row.operations <= 10_000 else 1)
    made = [row.name, *(tables.number(best[stage], tables.MILLI) for stage in STAGES)]
    if contestants.jax is None or row.operations > MOST:
        return [*made, "", ""]
    taken = min(theirs(row, found) for _ in range(2))
    return [*made, tables.number(taken, tables.MILLI), tables.number(taken / best["two calls"])]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", help="only rows whose name contains one of these")
    chosen = options.parse_args().names
    contestants.warm_up()
    heads = ["value and derivative; ms to", *STAGES, "JAX", "JAX ÷ edgewise"]
    wanted = [row for row in rows() if not chosen or any(part in row.name for part in chosen)]
    print(tables.table(heads, list(map(cells, wanted))))


if __name__ == "__main__":
    main()
