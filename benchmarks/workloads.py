"""The rows of the table, in its order, with their goals; the programs are in ``rows/``."""

from __future__ import annotations

import programs
from rows import bundle, hand, lstm, mixture, options, perceptron, predators, regression, small
from workload import Workload

FIVE = (0, 1, 2, 3, 4)
LOGISTIC = ("logistic", "logistic_blocks")
TEXT = {"N": lstm.CHARACTERS, "L": lstm.LAYERS, "B": lstm.BITS}
MIXTURES = (("1000 × 10 × 25", 1000, 10, 25, 3.5), ("10000 × 20 × 25", 10_000, 20, 25, 8.0))


def _mixture(size: str, n: int, d: int, k: int, goal: float) -> Workload:
    return Workload(
        f"Gaussian mixture, {size}",
        mixture.mixture,
        mixture.clusters(n, d, k),
        (0, 1, 2),
        sources=("mixture", "mixture_moments"),
        sizes={"N": n, "D": d, "C": k},
        goal=goal,
        against_c=1.5,
        in_jax=mixture.mixture_by_products,
    )


def rosenbrock(xp, scan):
    return programs.rosenbrock(xp)


def tridiagonal(xp, scan):
    return programs.tridiagonal(xp)


WORKLOADS = (
    Workload(
        "(a b + c)², numbers",
        small.square,
        small.numbers(3),
        (0, 1, 2),
        sources=("square",),
        goal=40,
        against_c=1,
    ),
    Workload(
        "(a b + c)² d + e, five arrays",
        small.five_arrays,
        small.sized(5),
        FIVE,
        sources=("five_arrays",),
        sizes={"N": 16},
        goal=40,
        against_c=1,
    ),
    Workload(
        "chain of 100 operations",
        small.chain,
        small.numbers(1),
        sources=("chain",),
        sizes={"N": 20},
        goal=6,
        against_c=1.3,
    ),
    Workload(
        "taylor_sine, unchanged",
        small.taylor_sine,
        small.numbers(1, 0.2, 3.0),
        sources=("taylor_sine",),
        against_c=1.3,
        skips=("JAX",),
    ),
    *(
        Workload(
            f"logistic regression, {size}",
            regression.logistic,
            regression.regression(n, d),
            sources=LOGISTIC,
            sizes={"N": n, "D": d},
            goal=goal,
            against_c=1.2,
        )
        for size, n, d, goal in (("1000 × 30", 1000, 30, 1.5), ("10⁵ × 100", 100_000, 100, 2))
    ),
    *(_mixture(*sizes) for sizes in MIXTURES),
    *(
        Workload(
            f"Black–Scholes, {size}",
            options.black_scholes,
            options.options(n),
            FIVE,
            sources=("black_scholes",),
            sizes={"N": n},
            goal=goal,
            against_c=1.3,
        )
        for size, n, goal in (("10⁴", 10_000, 2), ("10⁶", 1_000_000, 6))
    ),
    Workload(
        "LSTM, 1024 steps, scan",
        lstm.by_scan,
        lstm.texts,
        (0, 1),
        sources=("lstm",),
        sizes=TEXT,
        goal=10,
        against_c=1.3,
    ),
    Workload(
        "LSTM, 1024 steps, for",
        lstm.by_for,
        lstm.texts,
        (0, 1),
        sources=("lstm",),
        sizes=TEXT,
        goal=10,
        against_c=1.3,
        in_jax=lstm.by_scan,
    ),
    *(
        Workload(
            f"Lotka–Volterra, 1000 steps, {way}",
            program,
            predators.populations,
            (0, 1),
            sources=("lotka_volterra",),
            sizes={"N": predators.STEPS},
            goal=35,
            against_c=1.4,
            in_jax=predators.by_scan,
        )
        for way, program in (("for", predators.by_for), ("scan", predators.by_scan))
    ),
    Workload(
        "bundle adjustment, 36 455 blocks 2 × 15",
        bundle.residual,
        bundle.observations,
        transformation="blocks",
        batch=bundle.observed,
        sources=("bundle",),
        sizes={"N": bundle.OBSERVATIONS},
        goal=20,
        against_c=1.5,
    ),
    Workload(
        "hand tracking, Jacobian 300 × 26",
        hand.hand,
        hand.hands,
        transformation="jacobian",
        sources=("hand",),
        sizes={"N": hand.POINTS, "V": hand.VERTICES},
        goal=3,
        against_c=2,
    ),
    Workload(
        "perceptron 784-128-10, batch 128",
        perceptron.perceptron,
        perceptron.images,
        (0, 1, 2, 3),
        goal=1,
    ),
    Workload(
        "Rosenbrock, 10⁶",
        rosenbrock,
        small.sized(1, 1_000_000),
        sources=("rosenbrock", "rosenbrock_fused"),
        sizes={"N": 1_000_000},
        goal=2,
        against_c=1.3,
    ),
    Workload(
        "Rosenbrock, 10⁶, Hessian times vector",
        rosenbrock,
        small.sized(2, 1_000_000),
        transformation="hvp",
        sources=("rosenbrock_hvp",),
        sizes={"N": 1_000_000},
        goal=1.2,
        against_c=1.3,
    ),
    Workload(
        "Rosenbrock, 50, Hessian",
        rosenbrock,
        small.sized(1, 50),
        transformation="hessian",
        sources=("rosenbrock_hessian",),
        sizes={"N": 50},
        goal=1.7,
        against_c=1.5,
    ),
    Workload(
        "tridiagonal, 200, Jacobian",
        tridiagonal,
        small.sized(1, 200),
        transformation="jacobian",
        sources=("tridiagonal",),
        sizes={"N": 200},
        goal=2,
        against_c=1.5,
    ),
    Workload(
        "softmax cross-entropy, 10⁴ × 100",
        regression.softmax,
        regression.scores(10_000, 100),
        sources=("softmax",),
        sizes={"N": 10_000, "D": 100},
        goal=1.3,
        against_c=1.3,
    ),
)
