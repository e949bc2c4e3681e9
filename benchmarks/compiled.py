"""Compiled derivatives beside JAX's jit and beside C, in one run: ``python benchmarks/compiled.py [name ...]``.

Every figure is a minimum of interleaved rounds (``timing.py``), on one core and one thread, in double precision.
Arguments alternate among a few, so that none is the last one. Before anything is timed, its result is compared with
that of the same function uncompiled. JAX is given arrays of its own, and its call returns when its result is there. A
peer that is not installed is left out, and so is C where there is no gcc.
"""

from __future__ import annotations

import os

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if hasattr(os, "sched_setaffinity"):  # before a library counts the cores
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import baseline
import numpy as np
from workloads import WORKLOADS, Workload

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.leaves import arguments
from edgewise.compile.passes import simplified
from edgewise.compile.recording import record

MICRO, MILLI = 1e6, 1e3
SETS = 4  # of arguments, which take turns


def peer(name: str) -> Any:
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


jax = peer("jax")
if jax is not None:
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)


def ours(workload: Workload) -> Callable[..., Any]:
    """What is to be compiled; it runs uncompiled as well."""
    f = workload.function(np, getattr(ew, "scan", None))
    if workload.transformation == "hvp":
        return lambda x, v: ew.hvp(f, x, v)
    transformation: Any = getattr(ew, workload.transformation)
    made: Callable[..., Any] = transformation(f, workload.argnums)
    return made


def theirs(workload: Workload) -> Callable[..., Any]:
    """The same by JAX, compiled."""
    f = workload.function(jax.numpy, jax.lax.scan)
    if workload.transformation == "hvp":
        compiled = jax.jit(lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1])
    else:
        compiled = jax.jit(getattr(jax, workload.transformation)(f, workload.argnums))
    return lambda *args: jax.block_until_ready(compiled(*args))


def flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in flat(part)] if isinstance(value, tuple) else [value]


def checked(name: str, found: Any, expected: Any) -> None:
    """Stop where a contestant is wrong, entry by entry up to a rounding error of the largest."""
    for a, b in zip(flat(found), flat(expected), strict=True):
        if not np.allclose(a, b, rtol=1e-8, atol=1e-10 * np.max(np.abs(b), initial=0.0)):
            raise SystemExit(f"{name} is wrong: {a} instead of {b}")


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


def contestants(workload: Workload) -> dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]]:
    """By name, a function that is right, and the arguments it is called with."""
    rng = np.random.default_rng(0)
    large = sum(np.asarray(a).nbytes for a in workload.arguments(rng)) > 1 << 22
    sets = [workload.arguments(rng) for _ in range(2 if large else SETS)]
    plain = ours(workload)
    compiled = ew.jit(plain)
    expected = [plain(*args) for args in sets]
    for args, right in zip(sets * 5, expected * 5, strict=True):  # until all ways are known
        checked("edgewise, compiled", compiled(*args), right)
    found: dict[str, Any] = {"edgewise": (compiled, sets), "uncompiled": (plain, sets)}
    if baseline.available():
        for name, function in baseline.variants(workload.sources, workload.sizes, sets[0], expected[0]).items():
            checked(name, function(*sets[0]), expected[0])
            found[name] = function, sets
    if jax is not None and "JAX" not in workload.skips:
        given = [tuple(map(jax.numpy.asarray, args)) for args in sets]
        function = theirs(workload)
        checked("JAX", function(*given[0]), expected[0])
        found["JAX"] = function, given
    return found


def row(workload: Workload, budget: float) -> str:
    calls, count = {}, {}
    for name, (function, sets) in contestants(workload).items():
        start = time.perf_counter()
        function(*sets[0])
        repeats = 25 if time.perf_counter() - start < 1e-4 else 1
        calls[name] = turns(function, sets, repeats), None
        count[name] = repeats * len(sets)
    times = {name: t / count[name] for name, t in timing.interleaved(calls, budget).items()}
    mine = times["edgewise"]
    in_c = {name: t for name, t in times.items() if name.startswith("C")}
    best = min(in_c, key=in_c.__getitem__, default=None)
    cells = [workload.name, f"{mine * MICRO:,.2f}"]
    for name in baseline.FLAGS:
        same = [t for label, t in in_c.items() if label.partition(" (")[0] == name]
        cells.append(f"{min(same) * MICRO:,.2f}" if same else "")
    cells.append(f"{times['JAX'] * MICRO:,.2f}" if "JAX" in times else "")
    cells.append(f"{mine / in_c[best]:.2f}" if best else "")
    cells.append(f"{workload.against_c}" if workload.against_c else "")
    cells.append(f"{times['JAX'] / mine:.1f}" if "JAX" in times else "")
    cells.append(f"{workload.goal}" if workload.goal else "")
    cells.append(f"{times['uncompiled'] / mine:.1f}")
    return f"| {' | '.join(cells)} |"


def straight(np: Any, operations: int) -> Callable[[Any], Any]:
    """A number that is worked on for long."""

    def f(x: Any) -> Any:
        y = x
        for i in range(operations // 5):
            y = np.sin(y * 1.01 + x) * x - 0.3 / (i + 1)
        return y

    return f


def compile_times(operations: int, with_jax: bool) -> str:
    """A row: the stages of compiling a value and a derivative, and the first call of JAX's jit."""
    x = 0.7
    best: dict[str, float] = {}

    def note(stage: str, start: float) -> float:
        now = time.perf_counter()
        best[stage] = min(best.get(stage, now), now - start)
        return now

    for attempt in range(3):
        f = ew.value_and_grad(straight(np, operations))
        start = now = time.perf_counter()
        recording = record(f, arguments((x,), {}, frozenset(), frozenset()))
        now = note("record", now)
        program = simplified(recording.program)
        now = note("simplify", now)
        run = build(program)
        now = note("build", now)
        note("all", start)
        code, found = run.run([np.float64(x)])
        checked("edgewise, compiled", (code, *found), (0, *recording.values))
        if operations > 10_000 and attempt:
            break
    cells = [f"{operations:,}", *(f"{best[stage] * MILLI:,.1f}" for stage in ("record", "simplify", "build", "all"))]
    if with_jax:
        compiled = jax.jit(jax.value_and_grad(straight(jax.numpy, operations)))
        start = time.perf_counter()
        checked("JAX", jax.block_until_ready(compiled(x)), tuple(recording.values))
        taken = time.perf_counter() - start
        cells += [f"{taken * MILLI:,.0f}", f"{taken / best['all']:.0f}"]
    else:
        cells += ["", ""]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", help="only rows whose name contains one of these; 'compile' is one")
    options.add_argument("--budget", type=float, default=1.0, help="seconds for each contestant of a row")
    options.add_argument("--slow", action="store_true", help="let JAX compile 10 000 operations too: minutes")
    chosen = options.parse_args()
    os.environ["EDGEWISE_CACHE"] = "off"

    def wanted(name: str) -> bool:
        return not chosen.names or any(part in name for part in chosen.names)

    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, JAX {jax.__version__ if jax else 'not installed'}")
    if not baseline.available():
        print("no gcc: the columns of C are empty")
    rows = [w for w in WORKLOADS if wanted(w.name)]
    if rows:
        print("\nµs a call, value and gradient unless said; minima of interleaved rounds, one thread\n")
        heads = ["", "edgewise", *baseline.FLAGS, "JAX", "× best C", "goal", "JAX ×", "goal", "uncompiled ×"]
        print(f"| {' | '.join(heads)} |\n|{'---|' + '--:|' * (len(heads) - 1)}", flush=True)
        for workload in rows:
            if workload.function.__name__.endswith("by_scan") and not hasattr(ew, "scan"):
                continue
            print(row(workload, chosen.budget), flush=True)
    if wanted("compile"):
        print("\nms to compile value and derivative of a program on one number, without the cache\n")
        heads = ["operations", "record", "simplify", "build", "all", "JAX", "JAX ×"]
        print(f"| {' | '.join(heads)} |\n|{'--:|' * len(heads)}", flush=True)
        for operations in (1_000, 10_000, 100_000):
            with_jax = jax is not None and (operations == 1_000 or (operations == 10_000 and chosen.slow))
            print(compile_times(operations, with_jax), flush=True)


if __name__ == "__main__":
    main()
