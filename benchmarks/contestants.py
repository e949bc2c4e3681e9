"""Who takes part in a row: edgewise compiled, C, and JAX's jit, each right before it is timed."""

from __future__ import annotations

import importlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import baseline
import numpy as np
import timing
from workload import Workload

import edgewise as ew

SETS, FEW = 4, 2  # of arguments, which take turns; of large ones, and of slow programs
SLOW = 0.3  # seconds of a call uncompiled
Contestant = tuple[Callable[..., Any], list[tuple[Any, ...]]]


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
    f = workload.function(np, ew.scan)
    if workload.transformation == "hvp":
        return lambda x, v: ew.hvp(f, x, v)
    if workload.batch is not None:
        rows, blocks = workload.batch, ew.vmap(ew.jacobian(f))
        return lambda *args: blocks(rows(np, *args[:-1]), args[-1])
    transformation: Any = getattr(ew, workload.transformation)
    made: Callable[..., Any] = transformation(f, workload.argnums)
    return made


def theirs(workload: Workload) -> Any:
    """The same by JAX, to be compiled."""
    f = (workload.in_jax or workload.function)(jax.numpy, jax.lax.scan)
    if workload.transformation == "hvp":
        return lambda x, v: jax.jvp(jax.grad(f), (x,), (v,))[1]
    if workload.batch is not None:
        rows, blocks = workload.batch, jax.vmap(jax.jacrev(f))
        return lambda *args: blocks(rows(jax.numpy, *args[:-1]), args[-1])
    return {
        "value_and_grad": jax.value_and_grad,
        "hessian": jax.hessian,
        "jacobian": jax.jacfwd,
    }[workload.transformation](f, workload.argnums)


def flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in flat(part)] if isinstance(value, tuple | list) else [value]


def size(value: Any) -> int:
    """Bytes of all numbers in a result."""
    return sum(np.asarray(leaf).nbytes for leaf in flat(value))


def checked(name: str, found: Any, expected: Any) -> None:
    """Stop where a contestant is wrong, entry by entry up to a rounding error of the largest."""
    for a, b in zip(flat(found), flat(expected), strict=True):
        if not np.allclose(a, b, rtol=1e-8, atol=1e-10 * np.max(np.abs(b), initial=0.0)):
            raise SystemExit(f"{name} is wrong: {a} instead of {b}")


class Row:
    """The contestants of one workload, and what compiling them took.

    Attributes:
        contestants: by name, a function and the arguments it is called with in turn.
        compiling: seconds of the first calls, tracing included, by name.
        memory: bytes of a call at its peak, results included, by name.
        kernels: what our machine code does, line by line.
    """

    def __init__(self, workload: Workload) -> None:
        rng = np.random.default_rng(0)
        self.workload = workload
        self.sets = [workload.arguments(rng) for _ in range(SETS)]
        self.contestants: dict[str, Contestant] = {}
        self.compiling: dict[str, float] = {}
        self.memory: dict[str, float] = {}
        self._add_ours()
        if baseline.available():
            self._add_c()
        if jax is not None and "JAX" not in workload.skips:
            self._add_jax()

    def _add_ours(self) -> None:
        plain = ours(self.workload)
        start = timing.clock()
        self.expected = [plain(*self.sets[0])]
        if size(self.sets[0]) > 1 << 22 or timing.clock() - start > SLOW:
            del self.sets[FEW:]
        self.expected += [plain(*args) for args in self.sets[1:]]
        warm_up()
        compiled = ew.jit(plain)
        start = timing.clock()
        compiled(*self.sets[0])
        compiled(*self.sets[0])
        self.compiling["edgewise"] = timing.clock() - start
        for args, right in zip(self.sets * 5, self.expected * 5, strict=True):  # until all ways are known
            checked("edgewise, compiled", compiled(*args), right)
        self.contestants["edgewise"] = compiled, self.sets
        reports = [report for _, paths in compiled.inspect().kinds for report in paths]
        self.kernels = [f"{k.what}; {k.operations}; {k.read}; {k.written}" for k in reports[0].kernels]
        tracemalloc.start()
        compiled(*self.sets[0])
        self.memory["edgewise"] = tracemalloc.get_traced_memory()[1] + max(report.arena for report in reports)
        tracemalloc.stop()
        if self.workload.transformation == "value_and_grad":
            value = ew.jit(self.workload.function(np, ew.scan))
            for args, right in zip(self.sets * 5, self.expected * 5, strict=True):
                checked("the function, compiled", value(*args), right[0])
            self.contestants["the function"] = value, self.sets

    def _add_c(self) -> None:
        workload, args, right = self.workload, self.sets[0], self.expected[0]
        for name, function in baseline.variants(workload.sources, workload.sizes, args, right).items():
            checked(name, function(*args), right)
            self.contestants[name] = function, self.sets

    def _add_jax(self) -> None:
        given = [tuple(map(jax.numpy.asarray, args)) for args in self.sets]
        compiled = jax.jit(theirs(self.workload))
        start = timing.clock()
        found = jax.block_until_ready(compiled(*given[0]))
        self.compiling["JAX"] = timing.clock() - start
        checked("JAX", found, self.expected[0])
        self.contestants["JAX"] = lambda *args: jax.block_until_ready(compiled(*args)), given
        analysis = compiled.lower(*given[0]).compile().memory_analysis()
        self.memory["JAX"] = analysis.temp_size_in_bytes + analysis.output_size_in_bytes


def warm_up() -> None:
    """Compile something small by each library: what it sets up once is not what a program takes."""
    tiny = ew.jit(lambda x: x * x)
    tiny(0.5), tiny(0.5)
    if jax is not None:
        jax.jit(lambda x: x * x)(0.5)
