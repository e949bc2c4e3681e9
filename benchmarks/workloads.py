"""The rows of the table, in its order, with their goals; the programs are in ``rows/``."""

from __future__ import annotations

import programs
from rows import bundle, hand, lstm, mixture, options, perceptron, predators, regression, small
from workload import Work, Workload

FIVE = (0, 1, 2, 3, 4)
LOGISTIC = ("logistic", "logistic_blocks", "logistic_tiles")
TEXT = {"N": lstm.CHARACTERS, "L": lstm.LAYERS, "B": lstm.BITS}
RECURRENT = Work(
    8 * 14 * 1024, sums=60 * 28 * 1023, functions=150 * 1023, divisions=84 * 1023, chain=20 * 1023, called=2 * 1023
)
MIXTURES = (("1000 × 10 × 25", 1000, 10, 25, 3.5), ("10000 × 20 × 25", 10_000, 20, 25, 8.0))
WAYS = (("", mixture.by_products), (", by points", mixture.by_points))


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
        work=Work(24, 32, sums=6, chain=3),
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
        work=Work(5 * 128, 5 * 128, sums=9 * 16),
    ),
    Workload(
        "chain of 100 operations",
        small.chain,
        small.numbers(1),
        sources=("chain",),
        sizes={"N": 20},
        goal=6,
        against_c=1.3,
        work=Work(8, 16, sums=140, functions=40, chain=100, called=20),
    ),
    Workload(
        "taylor_sine, unchanged",
        small.taylor_sine,
        small.numbers(1, 0.2, 3.0),
        sources=("taylor_sine",),
        against_c=1.3,
        work=Work(8, 16, sums=50, divisions=5, chain=25),
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
            work=Work(8 * n * (d + 1), 8 * d, sums=2 * n * d, functions=2 * n, divisions=n),
        )
        for size, n, d, goal in (("1000 × 30", 1000, 30, 1.5), ("10⁵ × 100", 100_000, 100, 2))
    ),
    *(
        Workload(
            f"Gaussian mixture, {size}{way}",
            program,
            mixture.clusters(n, d, k),
            (0, 1, 2),
            sources=("mixture", "mixture_moments"),
            sizes={"N": n, "D": d, "C": k},
            goal=goal,
            against_c=1.5,
            work=Work(8 * n * d, 8 * k * d * d, sums=n * k * (d * (d + 1) + 4 * d), functions=n * (k + 1), divisions=n),
        )
        for size, n, d, k, goal in MIXTURES
        for way, program in WAYS
    ),
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
            work=Work(40 * n, 40 * n, sums=60 * n, functions=4 * n, divisions=6 * n),
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
        work=RECURRENT,
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
        work=RECURRENT,
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
            work=Work(
                16 * predators.STEPS, 16 * predators.STEPS, sums=150 * predators.STEPS, chain=25 * predators.STEPS
            ),
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
        work=Work(
            64 * bundle.OBSERVATIONS,
            240 * bundle.OBSERVATIONS,
            sums=230 * bundle.OBSERVATIONS,
            functions=2 * bundle.OBSERVATIONS,
            divisions=3 * bundle.OBSERVATIONS,
        ),
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
        work=Work(8 * 26 * 100, 8 * 7800, sums=100 * 3 * (5 * 22 + 5 * 45 + 4 * 3)),
    ),
    Workload(
        "perceptron 784-128-10, batch 128",
        perceptron.perceptron,
        perceptron.images,
        (0, 1, 2, 3),
        goal=1,
        work=Work(16 * 784 * 128, 8 * 784 * 128, sums=2 * 128 * 784 * 128 + 3 * 128 * 1280, functions=128 * 138),
    ),
    Workload(
        "Rosenbrock, 10⁶",
        rosenbrock,
        small.sized(1, 1_000_000),
        sources=("rosenbrock", "rosenbrock_fused"),
        sizes={"N": 1_000_000},
        goal=2,
        against_c=1.3,
        work=Work(8e6, 8e6, sums=10e6),
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
        work=Work(16e6, 8e6, sums=9e6),
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
        work=Work(400, 20_000, sums=200),
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
        work=Work(1600, 320_000, sums=400),
    ),
    Workload(
        "softmax cross-entropy, 10⁴ × 100",
        regression.softmax,
        regression.scores(10_000, 100),
        sources=("softmax",),
        sizes={"N": 10_000, "D": 100},
        goal=1.3,
        against_c=1.3,
        work=Work(16e6, 8e6, sums=5e6, functions=1.01e6, divisions=1e4),
    ),
)
