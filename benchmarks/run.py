"""``make bench``: what a derivative costs, beside the peers that are installed, in one run.

Every figure is a ratio of minima of interleaved rounds (``timing.py``); the programs are in ``programs.py``. A peer
that is not installed is left out and named at the end. Nothing here passes or fails.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import programs

import edgewise as ew

MICRO = 1e6


def peer(name: str) -> Any:
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


autograd, torch = peer("autograd"), peer("torch")
anp = peer("autograd.numpy")


def show(title: str, calls: dict[str, tuple[Callable[..., Any], Any]], over: str, budget: float = 0.6) -> None:
    """Time one block, and print each contestant as a multiple of ``over``."""
    times = timing.interleaved(calls, budget)
    print(f"\n{title}")
    for name, seconds in times.items():
        print(f"  {name:<28} {seconds * MICRO:>11.1f} µs   {seconds / times[over]:>8.2f} × {over}")


def scalar_program() -> None:
    f = programs.scalar_chain(np)
    calls = {"edgewise": (ew.grad(f), 0.7), "the function": (f, np.float64(0.7))}
    if autograd:
        calls["autograd"] = autograd.grad(programs.scalar_chain(anp)), 0.7
    if torch:
        calls["torch, eager"] = torch_gradient(programs.scalar_chain(torch)), 0.7
    show("gradient of a scalar program, 125 operations", calls, "edgewise")


def torch_gradient(f: Callable[[Any], Any]) -> Callable[[float], Any]:
    def gradient(x: float) -> Any:
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        f(t).backward()
        return t.grad

    return gradient


def vector_program() -> None:
    f = programs.mixed_vector(np)
    for n in (1, 1000, 100_000):
        x = np.linspace(0.1, 1.0, n)
        calls = {"the function": (f, x), "edgewise": (ew.grad(f), x)}
        if autograd:
            calls["autograd"] = autograd.grad(programs.mixed_vector(anp)), x
        show(f"gradient of a vector program, 12 operations, n = {n}", calls, "the function")


def logistic_regression() -> None:
    for n, d in ((1000, 30), (100_000, 30)):
        rng = np.random.default_rng(0)
        X, signs, w = rng.standard_normal((n, d)), np.sign(rng.standard_normal(n)), 0.1 * rng.standard_normal(d)
        fixed = X.copy()
        fixed.flags.writeable = False
        calls = {
            "by hand": (programs.logistic_by_hand(np, X, signs), w),
            "edgewise": (ew.value_and_grad(programs.logistic(np, X, signs)), w),
            "edgewise, read-only data": (ew.value_and_grad(programs.logistic(np, fixed, signs)), w),
        }
        if autograd:
            calls["autograd"] = autograd.value_and_grad(programs.logistic(anp, X, signs)), w
        show(f"value and gradient of a logistic regression, {n} × {d}", calls, "by hand")


def row_by_row(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A Jacobian without batches: one pull for each row."""

    def jacobian(x: Any) -> Any:
        y, pull = ew.vjp(f, x)
        return np.stack([pull(row)[0] for row in np.eye(y.size)])

    return jacobian


def jacobians() -> None:
    x, f = np.linspace(0.5, 1.5, 200), programs.tridiagonal(np)
    calls = {"edgewise": (ew.jacobian(f), x), "edgewise, row by row": (row_by_row(f), x)}
    if autograd:
        calls["autograd"] = autograd.jacobian(programs.tridiagonal(anp)), x
    show("dense Jacobian 200 × 200 of a tridiagonal function", calls, "edgewise")
    y, r = np.linspace(0.5, 1.5, 50), programs.rosenbrock(np)
    calls = {"edgewise": (ew.hessian(r), y)}
    if autograd:
        calls["autograd"] = autograd.hessian(programs.rosenbrock(anp)), y
    show("Hessian of a function of 50 variables", calls, "edgewise")


def jacobians_with_memory() -> None:
    """The same where the allocator keeps what it is given back; else a fresh page may cost more than its arithmetic."""
    keep = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"), str(2**29))
    print("\nthe next two with an allocator told to keep memory (glibc)", flush=True)
    subprocess.run([sys.executable, __file__, "jacobians"], env=os.environ | keep, check=True)


def decompositions() -> None:
    for n in (50, 200):
        A = np.random.default_rng(0).standard_normal((n, n))
        edges, value = ew.value_and_grad(programs.all_of_an_svd(np)), programs.all_of_an_svd(np)
        calls = {"the function": (value, A), "edgewise": (edges, A)}
        if autograd:
            calls["autograd"] = autograd.value_and_grad(programs.all_of_an_svd(anp)), A
        show(f"value and all edges of an SVD, {n} × {n}", calls, "the function")
        calls = {"det": (np.linalg.det, A), "edgewise": (ew.value_and_grad(np.linalg.det), A)}
        show(f"value and gradient of a determinant, {n} × {n}", calls, "det")


def torch_value_and_gradient(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def both(x: Any) -> Any:
        t = torch.tensor(x, requires_grad=True)
        y = f(t)
        y.backward()
        return y.item(), t.grad

    return both


def beside_peers(title: str, program: Callable[..., Any], argument: Any, *data: Any) -> None:
    """Value and gradient of one program, in every library that is here."""
    calls = {
        "the function": (program(np, *data), argument),
        "edgewise": (ew.value_and_grad(program(np, *data)), argument),
    }
    if autograd:
        calls["autograd"] = autograd.value_and_grad(program(anp, *data)), argument
    if torch:
        calls["torch, eager"] = torch_value_and_gradient(program(torch, *map(torch.tensor, data))), argument
    show(f"value and gradient of {title}", calls, "the function")


def linear_algebra() -> None:
    rng = np.random.default_rng(0)
    for n in (20, 200):
        A, b = rng.standard_normal((n, n)), rng.standard_normal(n)
        A = A @ A.T / n + np.eye(n)
        beside_peers(f"a Gaussian density by its covariance, {n} × {n}", programs.gaussian, A, b)
        beside_peers(f"an inverse and a determinant, {n} × {n}", programs.inverse, A)
        beside_peers(f"the spectrum of a symmetric matrix, {n} × {n}", programs.spectrum, A)


def fourier() -> None:
    for n in (256, 65_536):
        x, response = np.random.default_rng(0).standard_normal(n), np.linspace(1.0, 0.1, n // 2 + 1)
        beside_peers(f"a filtered signal, n = {n}", programs.filtered, x, response)
        beside_peers(f"a power spectrum, n = {n}", programs.power_spectrum, x)


def imports() -> None:
    def fresh(name: str) -> None:
        subprocess.run([sys.executable, "-c", f"import {name}"], check=True)

    names = ["numpy", "edgewise"] + (["autograd"] if autograd else [])
    show("a fresh process that imports", {name: (fresh, name) for name in names}, "numpy", budget=3.0)


PARTS = (
    scalar_program,
    vector_program,
    logistic_regression,
    jacobians,
    jacobians_with_memory,
    decompositions,
    linear_algebra,
    fourier,
    imports,
)


if __name__ == "__main__":
    if sys.argv[1:] == ["jacobians"]:
        jacobians()
        sys.exit()
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; minima of interleaved rounds, one thread")
    for part in PARTS:
        part()
    absent = [name for name, module in (("autograd", autograd), ("torch", torch)) if module is None]
    if absent:
        print(f"\nnot run: {', '.join(absent)} (not installed)")
