"""What ``compiled.py`` times: programs written once for every library, their arguments, and the C that does the same.

``xp`` is whatever speaks NumPy, ``scan`` its library's loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import programs


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes:
        name: of the row.
        function: ``function(xp, scan)`` is what is differentiated.
        arguments: fresh ones, from a random generator.
        argnums: which are differentiated.
        transformation: ``value_and_grad``, ``hvp`` or ``hessian``.
        sources: of the C baselines, in ``baselines/``.
        sizes: what the C is compiled for: names and numbers.
        goal: how many times faster than JAX it is to be.
        against_c: how many times the time of the best C it may take.
        skips: libraries that cannot do it, or only in minutes.
    """

    name: str
    function: Callable[..., Any]
    arguments: Callable[[np.random.Generator], tuple[Any, ...]]
    argnums: int | tuple[int, ...] = 0
    transformation: str = "value_and_grad"
    sources: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    goal: float | None = None
    against_c: float | None = None
    skips: tuple[str, ...] = ()


def square(xp, scan):
    return lambda a, b, c: (a * b + c) ** 2


def five_arrays(xp, scan):
    return lambda a, b, c, d, e: xp.sum((a * b + c) ** 2 * d + e)


def chain(xp, scan):
    """A hundred operations."""

    def f(x):
        y = x
        for _ in range(20):
            y = xp.sin(y * 1.01 + x)
            y = y * x - 0.3
        return y

    return f


def taylor_sine(xp, scan):
    """Python looks at the values to see when it is done."""

    def f(x):
        total = term = x
        i = 0
        while abs(term) > 1e-3:
            term = -term * x * x / ((2 * i + 3) * (2 * i + 2))
            total = total + term
            i += 1
        return total

    return f


def black_scholes(xp, scan):
    """Calls' prices, with tanh in the normal distribution: the same formula for all."""

    def normal(x):
        return 0.5 * (1.0 + xp.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))

    def f(s, k, r, v, t):
        root = v * xp.sqrt(t)
        d1 = (xp.log(s / k) + (r + 0.5 * v * v) * t) / root
        d2 = d1 - root
        return xp.sum(s * normal(d1) - k * xp.exp(-r * t) * normal(d2))

    return f


def options(n):
    low = np.array([80.0, 80.0, 0.01, 0.1, 0.5])
    high = np.array([120.0, 120.0, 0.05, 0.5, 2.0])
    return lambda rng: tuple(rng.uniform(a, b, n) for a, b in zip(low, high, strict=True))


def logistic(xp, scan):
    return lambda w, X, signs: programs.logistic(xp, X, signs)(w)


def regression(n, d):
    return lambda rng: (
        0.1 * rng.standard_normal(d),
        rng.standard_normal((n, d)),
        np.sign(rng.standard_normal(n)),
    )


def mixture(xp, scan):
    """The Gaussian mixture of ADBench, with its Wishart prior (gamma = 1, m = 0) and without its constants."""

    def f(alphas, means, icf, points):
        d = means.shape[1]
        rows, columns = np.tril_indices(d, -1)
        place = np.zeros((d, d), int)
        place[rows, columns] = d + np.arange(rows.size)
        diagonal = xp.exp(icf[:, :d])
        lower = icf[:, place] * np.tri(d, k=-1)
        centred = points[:, None, :] - means
        mapped = diagonal * centred + xp.einsum("kjl,nkl->nkj", lower, centred)
        inner = alphas + xp.sum(icf[:, :d], axis=1) - 0.5 * xp.sum(mapped**2, axis=2)
        prior = 0.5 * (xp.sum(diagonal**2) + xp.sum(icf[:, d:] ** 2))
        return xp.sum(logsumexp(xp, inner)) - points.shape[0] * logsumexp(xp, alphas) + prior

    return f


def logsumexp(xp, x):
    most = xp.max(x, axis=-1)
    return xp.log(xp.sum(xp.exp(x - most[..., None]), axis=-1)) + most


def clusters(n, d, k):
    return lambda rng: (
        rng.standard_normal(k),
        rng.standard_normal((k, d)),
        0.3 * rng.standard_normal((k, d * (d + 1) // 2)),
        rng.standard_normal((n, d)),
    )


def rates(state, p):
    u, v = state
    return u * (p[0] - p[1] * v), v * (p[2] * u - p[3])


def runge_kutta(state, p, h=0.01):
    (u, v), (k1, l1) = state, rates(state, p)
    k2, l2 = rates((u + h / 2 * k1, v + h / 2 * l1), p)
    k3, l3 = rates((u + h / 2 * k2, v + h / 2 * l2), p)
    k4, l4 = rates((u + h * k3, v + h * l3), p)
    return u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), v + h / 6 * (l1 + 2 * l2 + 2 * l3 + l4)


def predators(xp, scan):
    """A thousand steps in Python's own loop."""

    def f(start, p):
        state = start[0], start[1]
        for _ in range(1000):
            state = runge_kutta(state, p)
        return state[0] + state[1]

    return f


def predators_by_scan(xp, scan):
    def f(start, p):
        state, _ = scan(lambda state, _: (runge_kutta(state, p), None), (start[0], start[1]), None, length=1000)
        return state[0] + state[1]

    return f


def populations(rng):
    return rng.uniform(0.9, 1.1, 2), np.array([1.1, 0.4, 0.1, 0.4]) * rng.uniform(0.9, 1.1, 4)


def rosenbrock(xp, scan):
    return programs.rosenbrock(xp)


def softmax(xp, scan):
    return lambda z, wanted: xp.sum(logsumexp(xp, z)) - xp.sum(z * wanted)


def scores(n, d):
    def made(rng):
        wanted = np.zeros((n, d))
        wanted[np.arange(n), rng.integers(0, d, n)] = 1.0
        return rng.standard_normal((n, d)), wanted

    return made


def sized(count, n=16):
    return lambda rng: tuple(rng.standard_normal(n) for _ in range(count))


def numbers(count, low=0.5, high=0.9):
    return lambda rng: tuple(float(x) for x in rng.uniform(low, high, count))


FIVE = (0, 1, 2, 3, 4)
LOGISTIC = ("logistic", "logistic_blocks")

WORKLOADS = (
    Workload("(a b + c)², numbers", square, numbers(3), (0, 1, 2), sources=("square",), goal=40, against_c=1),
    Workload(
        "(a b + c)² d + e, five arrays", five_arrays, sized(5), FIVE, "value_and_grad", ("five_arrays",), {"N": 16}, 40
    ),
    Workload("chain of 100 operations", chain, numbers(1), sources=("chain",), sizes={"N": 20}, goal=6, against_c=1.3),
    Workload(
        "taylor_sine, unchanged",
        taylor_sine,
        numbers(1, 0.2, 3.0),
        sources=("taylor_sine",),
        against_c=1.3,
        skips=("JAX",),
    ),
    Workload(
        "Black–Scholes, 10⁴",
        black_scholes,
        options(10_000),
        FIVE,
        "value_and_grad",
        ("black_scholes",),
        {"N": 10_000},
        2,
        1.3,
    ),
    Workload(
        "Black–Scholes, 10⁶",
        black_scholes,
        options(1_000_000),
        FIVE,
        "value_and_grad",
        ("black_scholes",),
        {"N": 1_000_000},
        6,
        1.3,
    ),
    Workload(
        "logistic regression, 1000 × 30",
        logistic,
        regression(1000, 30),
        0,
        "value_and_grad",
        LOGISTIC,
        {"N": 1000, "D": 30},
        1.5,
        1.2,
    ),
    Workload(
        "logistic regression, 10⁵ × 100",
        logistic,
        regression(100_000, 100),
        0,
        "value_and_grad",
        LOGISTIC,
        {"N": 100_000, "D": 100},
        2,
        1.2,
    ),
    Workload(
        "Gaussian mixture, 1000 × 10 × 25",
        mixture,
        clusters(1000, 10, 25),
        (0, 1, 2),
        "value_and_grad",
        ("mixture",),
        {"N": 1000, "D": 10, "C": 25},
        3.5,
        1.5,
    ),
    Workload(
        "Lotka–Volterra, 1000 steps, for",
        predators,
        populations,
        (0, 1),
        "value_and_grad",
        ("lotka_volterra",),
        {"N": 1000},
        None,
        1.4,
        ("JAX",),
    ),
    Workload(
        "Lotka–Volterra, 1000 steps, scan",
        predators_by_scan,
        populations,
        (0, 1),
        "value_and_grad",
        ("lotka_volterra",),
        {"N": 1000},
        35,
        1.4,
    ),
    Workload(
        "Rosenbrock, 10⁶",
        rosenbrock,
        sized(1, 1_000_000),
        0,
        "value_and_grad",
        ("rosenbrock", "rosenbrock_fused"),
        {"N": 1_000_000},
        2,
        1.3,
    ),
    Workload(
        "Rosenbrock, 10⁶, Hessian times vector",
        rosenbrock,
        sized(2, 1_000_000),
        0,
        "hvp",
        ("rosenbrock_hvp",),
        {"N": 1_000_000},
        1.2,
        1.3,
    ),
    Workload(
        "Rosenbrock, 50, Hessian", rosenbrock, sized(1, 50), 0, "hessian", ("rosenbrock_hessian",), {"N": 50}, 1.7, 1.5
    ),
    Workload(
        "softmax cross-entropy, 10⁴ × 100",
        softmax,
        scores(10_000, 100),
        0,
        "value_and_grad",
        ("softmax",),
        {"N": 10_000, "D": 100},
        1.3,
        1.3,
    ),
)
