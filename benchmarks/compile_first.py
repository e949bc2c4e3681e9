"""Compiled programs, value and gradient, beside the same uncompiled, and beside JAX's jit where it is installed.

Each row says how long the first two calls take, with tracing and compiling, and how long one of those after them. The
contestants take turns in one process; the arguments are the same arrays at every call, and the results fresh ones.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import argparse
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

os.environ["EDGEWISE_CACHE"] = "off"  # compile times are of compiling

import numpy as np

import edgewise as ew

MICRO, MILLI = 1e6, 1e3


def scalar(np):
    return lambda a, b, c: (a * b + c) ** 2


def chain(np):
    def f(x):
        y = x
        for _ in range(25):
            y = np.sin(y) * x + 0.5 * y
        return y

    return f


def straight(np):
    """1000 operations on numbers."""

    def f(x):
        y = x
        for i in range(334):
            y = y * x + 0.5 / (i + 1.0)
        return y

    return f


def normal(np, x):
    """The normal distribution function (Abramowitz and Stegun 1964, 26.2.17)."""
    k = 1.0 / (1.0 + 0.2316419 * np.abs(x))
    tail = k * (0.31938153 + k * (-0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429))))
    tail = tail * 0.3989422804014327 * np.exp(-0.5 * x * x)
    return np.where(x > 0, 1.0 - tail, tail)


def black_scholes(np):
    def f(spot, strike, years, rate, volatility):
        spread = volatility * np.sqrt(years)
        d1 = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread
        paid = strike * np.exp(-rate * years) * normal(np, d1 - spread)
        return np.sum(spot * normal(np, d1) - paid)

    return f


def logistic(np):
    def f(w, X, signs):
        return np.sum(np.logaddexp(0.0, -signs * (X @ w))) + 0.5 * np.sum(w * w)

    return f


def rosenbrock(np):
    return lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def softmax(np):
    def f(z, chosen):
        top = np.max(z, axis=1, keepdims=True)
        return np.sum(np.log(np.sum(np.exp(z - top), axis=1)) + top[:, 0] - np.sum(z * chosen, axis=1))

    return f


def rows() -> Iterator[tuple[str, Callable[..., Any], int, list[Any]]]:
    """What is timed: a name, a function of ``np``, how many arguments are differentiated, and the arguments."""
    rng = np.random.default_rng(0)
    yield "(a·b + c)²", scalar, 3, [np.float64(1.5), np.float64(2.5), np.float64(0.5)]
    yield "chain of 100", chain, 1, [np.float64(0.3)]
    yield "straight, 1000", straight, 1, [np.float64(0.3)]
    for n in (10_000, 1_000_000):
        yield f"Black–Scholes, {n:.0e}", black_scholes, 5, list(rng.uniform(0.5, 1.5, (5, n)))
    for n, d in ((1000, 30), (100_000, 100)):
        X, signs = rng.standard_normal((n, d)), np.sign(rng.standard_normal(n))
        yield f"logistic, {n}×{d}", logistic, 1, [0.1 * rng.standard_normal(d), X, signs]
    yield "Rosenbrock, 1e6", rosenbrock, 1, [rng.standard_normal(1_000_000)]
    chosen = np.eye(100)[rng.integers(0, 100, 10_000)]
    yield "softmax, 10000×100", softmax, 1, [rng.standard_normal((10_000, 100)), chosen]


def contestants(
    make: Callable[..., Any], count: int, args: list[Any]
) -> dict[str, tuple[Callable[..., Any], list[Any]]]:
    """Value and gradient by each library, and its arguments."""
    wanted = tuple(range(count)) if count > 1 else 0
    plain = ew.value_and_grad(make(np), wanted)
    found = {"plain": (plain, args), "compiled": (ew.jit(plain), args)}
    if importlib.util.find_spec("jax") is not None:
        import jax  # noqa: PLC0415  a peer that need not be there

        jax.config.update("jax_enable_x64", True)
        made = jax.jit(jax.value_and_grad(make(jax.numpy), wanted))
        found["JAX"] = (lambda *xs: jax.block_until_ready(made(*xs)), [jax.numpy.asarray(x) for x in args])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="rows whose name begins with this")
    only = parser.parse_args().only
    print(f"{'':22} {'plain µs':>10} {'compiled':>10} {'JAX':>10} {'JAX/ours':>9}   first two calls, ms: ours, JAX")
    for name, make, count, args in rows():
        if not name.startswith(only):
            continue
        first, calls = {}, {}
        for who, (call, own) in contestants(make, count, args).items():
            start = time.perf_counter()
            call(*own)
            call(*own)
            first[who] = (time.perf_counter() - start) * MILLI
            calls[who] = (lambda own, call=call: call(*own), own)
        took = timing.interleaved(calls, budget=0.5, rounds=9)
        jax = took.get("JAX", float("nan"))
        print(
            f"{name:22} {took['plain'] * MICRO:10.1f} {took['compiled'] * MICRO:10.2f} {jax * MICRO:10.1f} "
            f"{jax / took['compiled']:9.1f}   {first['compiled']:8.0f} {first.get('JAX', float('nan')):8.0f}"
        )


if __name__ == "__main__":
    main()
