"""Prices of options (Black and Scholes), and their five gradients."""

from __future__ import annotations

import numpy as np


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
