"""Products of matrices: edgewise's own loops beside NumPy's BLAS and JAX: ``python benchmarks/products.py [--all]``.

The rule that leaves large products to BLAS is switched off here, since this is what it was made from. Every figure is a
minimum of interleaved rounds on one core; results are compared with NumPy's before. ``--all`` takes every combination
of lengths and prints, by the number of products, how the ratios lie.
"""

from __future__ import annotations

import os

import timing  # noqa: F401  # isort: skip  # first: it sets the number of threads before NumPy is loaded

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if hasattr(os, "sched_setaffinity"):  # before a library counts the cores
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import importlib
import itertools
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import edgewise as ew
from edgewise.compile.kernels import entries

MICRO, GIGA = 1e6, 1e9
ROUNDS = 9
LENGTHS = (4, 8, 16, 32, 64, 128, 256, 512)

FORMS: dict[str, tuple[Callable[..., Any], Callable[[int, int, int], tuple[tuple[int, ...], tuple[int, ...]]]]] = {
    "A B": (lambda a, b: a @ b, lambda m, k, n: ((m, k), (k, n))),
    "Aᵀ B": (lambda a, b: a.T @ b, lambda m, k, n: ((k, m), (k, n))),
    "A Bᵀ": (lambda a, b: a @ b.T, lambda m, k, n: ((m, k), (n, k))),
    "A x": (lambda a, b: a @ b, lambda m, k, n: ((m, k), (k,))),
    "Aᵀ x": (lambda a, b: a.T @ b, lambda m, k, n: ((k, m), (k,))),
    "batch": (lambda a, b: a @ b, lambda m, k, n: ((1000, m, k), (1000, k, n))),
    "batch, x": (lambda a, b: (a @ b[..., None])[..., 0], lambda m, k, n: ((1000, m, k), (1000, k))),
}

SIZES = {
    "A B": [(n, n, n) for n in (4, 8, 16, 30, 64, 100, 128, 256, 500, 512, 1024)] + [(128, 784, 128), (128, 128, 10)],
    "Aᵀ B": [(30, 30, 30), (100, 100, 100), (30, 1000, 30), (784, 128, 128), (128, 128, 10)],
    "A Bᵀ": [(30, 30, 30), (100, 100, 100), (256, 256, 256), (128, 10, 128)],
    "A x": [(1000, 30, 1), (64, 100, 1), (100_000, 100, 1)],
    "Aᵀ x": [(30, 1000, 1), (100, 64, 1), (100, 100_000, 1)],
    "batch": [(3, 3, 3), (4, 4, 4), (10, 10, 10)],
    "batch, x": [(3, 3, 1), (4, 4, 1)],
}

try:
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)
except ImportError:
    jax = None


def measured(form: str, lengths: tuple[int, int, int], dtype: str, budget: float, peers: bool) -> dict[str, float]:
    """Seconds of each contestant."""
    f, shapes = FORMS[form]
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in shapes(*lengths))
    own = ew.jit(f)
    expected = f(a, b)
    scale = lengths[1] * np.finfo(dtype).eps
    if np.abs(own(a, b) - expected).max() > 8 * scale * max(1.0, float(np.abs(expected).max())):
        raise SystemExit(f"{form} {lengths} {dtype}: a wrong result")
    calls: dict[str, tuple[Callable[[Any], Any], Any]] = {
        "own": (lambda args: own(*args), (a, b)),
        "numpy": (lambda args: f(*args), (a, b)),
    }
    if peers and jax is not None:
        compiled = jax.jit(f)
        calls["jax"] = (lambda args: jax.block_until_ready(compiled(*args)), (jax.numpy.array(a), jax.numpy.array(b)))
    return {name: min(took) for name, took in _alternated(calls, budget).items()}


def _alternated(calls: dict[str, tuple[Callable[[Any], Any], Any]], budget: float) -> dict[str, list[float]]:
    """Processor time of each contestant's call, in turns: others may be at work on the machine for seconds on end."""
    took: dict[str, list[float]] = {name: [] for name in calls}
    repeats = {}
    for name, (call, argument) in calls.items():
        call(argument)
        begun = time.perf_counter()
        call(argument)
        repeats[name] = max(1, int(budget / ROUNDS / max(time.perf_counter() - begun, 1e-7)))
    for _ in range(ROUNDS):
        for name, (call, argument) in calls.items():
            begun = time.process_time()
            for _ in range(repeats[name]):
                call(argument)
            took[name].append((time.process_time() - begun) / repeats[name])
    return took


def table() -> None:
    """The sizes that programs have."""
    print(f"{'':10s}{'m, k, n':>18s}{'':>6s}{'µs':>10s}{'GF/s':>7s}{'÷ NumPy':>9s}{'÷ JAX':>8s}")
    for (form, sizes), dtype in itertools.product(SIZES.items(), ("f8", "f4")):
        for lengths in sizes:
            found = measured(form, lengths, dtype, 0.3, peers=True)
            own = found["own"]
            work = 2 * math.prod(lengths) * (1000 if form.startswith("batch") else 1)
            ratios = [f"{own / found[peer]:.2f}" if peer in found else "" for peer in ("numpy", "jax")]
            print(
                f"{form:10s}{', '.join(map(str, lengths)):>18s}{dtype:>6s}{own * MICRO:10.2f}{work / own / GIGA:7.1f}"
                f"{ratios[0]:>9s}{ratios[1]:>8s}",
                flush=True,
            )


def survey() -> None:
    """All combinations of lengths: where own loops are slower than BLAS."""
    for dtype in ("f8", "f4"):
        found: dict[int, list[tuple[float, tuple[int, int, int]]]] = {}
        for lengths in itertools.product(LENGTHS, repeat=3):
            took = measured("A B", lengths, dtype, 0.03, peers=False)
            found.setdefault(math.prod(lengths).bit_length() - 1, []).append((took["own"] / took["numpy"], lengths))
        print(f"{dtype}: own ÷ NumPy by the number of products: geometric mean, worst")
        for power, ratios in sorted(found.items()):
            mean = math.exp(sum(math.log(ratio) for ratio, _ in ratios) / len(ratios))
            worst, where = max(ratios)
            print(f"  2^{power:<3d}{mean:6.2f}{worst:7.2f}  {where}", flush=True)


if __name__ == "__main__":
    entries.most_products = lambda: 1 << 62
    survey() if "--all" in sys.argv else table()
