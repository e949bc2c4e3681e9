"""``make bench``: what a derivative costs, beside the peers that are installed, in one run.

Every figure is a ratio of minima of interleaved rounds (``timing.py``); the programs are in ``programs.py``. A peer that is not
installed is left out and named at the end. Nothing here passes or fails.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
import programs
from timing import interleaved

import edgewise as ew

MICRO = 1e6


def peer(name: str):
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


autograd, torch = peer("autograd"), peer("torch")
anp = peer("autograd.numpy")


def show(title: str, times: dict[str, float], over: str) -> None:
    """One block: times, and each as a multiple of ``over``."""
    print(f"\n{title}")
    for name, seconds in times.items():
        print(f"  {name:<28} {seconds * MICRO:>11.1f} µs   {seconds / times[over]:>8.2f} × {over}")


def scalar_program() -> None:
    x = 0.7
    calls = {"edgewise": lambda g=ew.grad(programs.scalar_chain(np)): g(x)}
    if autograd:
        calls["autograd"] = lambda g=autograd.grad(programs.scalar_chain(anp)): g(x)
    if torch:

        def eager(f=programs.scalar_chain(torch)):
            t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
            f(t).backward()
            return t.grad

        calls["torch eager"] = eager
    f = programs.scalar_chain(np)
    calls["the function"] = lambda: f(np.float64(x))
    show("gradient of a scalar program, 125 operations", interleaved(calls), "edgewise")


def vector_program() -> None:
    for n in (1, 1000, 100_000):
        x = np.linspace(0.1, 1.0, n)
        f = programs.mixed_vector(np)
        calls = {"the function": lambda f=f, x=x: f(x), "edgewise": lambda g=ew.grad(f), x=x: g(x)}
        if autograd:
            calls["autograd"] = lambda g=autograd.grad(programs.mixed_vector(anp)), x=x: g(x)
        show(f"gradient of a vector program, 12 operations, n = {n}", interleaved(calls), "the function")


def logistic_regression() -> None:
    for n, d in ((1000, 30), (100_000, 30)):
        rng = np.random.default_rng(0)
        X, signs, w = rng.standard_normal((n, d)), np.sign(rng.standard_normal(n)), 0.1 * rng.standard_normal(d)
        fixed = X.copy()
        fixed.flags.writeable = False
        hand, f = programs.logistic_by_hand(np, X, signs), programs.logistic(np, X, signs)
        g = programs.logistic(np, fixed, signs)
        calls = {
            "by hand": lambda: hand(w),
            "edgewise": lambda h=ew.value_and_grad(f): h(w),
            "edgewise, read-only data": lambda h=ew.value_and_grad(g): h(w),
        }
        if autograd:
            calls["autograd"] = lambda h=autograd.value_and_grad(programs.logistic(anp, X, signs)): h(w)
        show(f"value and gradient of a logistic regression, {n} × {d}", interleaved(calls), "by hand")


def jacobians() -> None:
    x, f = np.linspace(0.5, 1.5, 200), programs.tridiagonal(np)

    def row_by_row():
        _, pull = ew.vjp(f, x)
        return np.stack([pull(row)[0] for row in np.eye(200)])

    calls = {"edgewise": lambda j=ew.jacobian(f): j(x), "row by row": row_by_row}
    if autograd:
        calls["autograd"] = lambda j=autograd.jacobian(programs.tridiagonal(anp)): j(x)
    show("dense Jacobian 200 × 200 of a tridiagonal function", interleaved(calls), "edgewise")
    y, r = np.linspace(0.5, 1.5, 50), programs.rosenbrock(np)
    calls = {"edgewise": lambda h=ew.hessian(r): h(y)}
    if autograd:
        calls["autograd"] = lambda h=autograd.hessian(programs.rosenbrock(anp)): h(y)
    show("Hessian of a function of 50 variables", interleaved(calls), "edgewise")


def imports() -> None:
    def fresh(code: str):
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    calls = {name: fresh(f"import {name}") for name in ("numpy", "edgewise") + (("autograd",) if autograd else ())}
    show("a fresh process that imports", interleaved(calls, budget=3.0), "numpy")


if __name__ == "__main__":
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; minima of interleaved rounds, one thread")
    for part in (scalar_program, vector_program, logistic_regression, jacobians, imports):
        part()
    absent = [name for name, module in (("autograd", autograd), ("torch", torch)) if module is None]
    if absent:
        print(f"\nnot run: {', '.join(absent)} (not installed)")
