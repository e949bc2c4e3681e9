"""Prey and predators (Lotka and Volterra): a thousand steps of Runge and Kutta, by Python's ``for`` and by ``scan``."""

from __future__ import annotations

import numpy as np

STEPS = 1000


def rates(state, p):
    u, v = state
    return u * (p[0] - p[1] * v), v * (p[2] * u - p[3])


def runge_kutta(state, p, h=0.01):
    (u, v), (k1, l1) = state, rates(state, p)
    k2, l2 = rates((u + h / 2 * k1, v + h / 2 * l1), p)
    k3, l3 = rates((u + h / 2 * k2, v + h / 2 * l2), p)
    k4, l4 = rates((u + h * k3, v + h * l3), p)
    return u + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), v + h / 6 * (l1 + 2 * l2 + 2 * l3 + l4)


def by_for(xp, scan):
    def f(start, p):
        state = start[0], start[1]
        for _ in range(STEPS):
            state = runge_kutta(state, p)
        return state[0] + state[1]

    return f


def by_scan(xp, scan):
    def f(start, p):
        state, _ = scan(lambda state, _: (runge_kutta(state, p), None), (start[0], start[1]), None, length=STEPS)
        return state[0] + state[1]

    return f


def populations(rng):
    return rng.uniform(0.9, 1.1, 2), np.array([1.1, 0.4, 0.1, 0.4]) * rng.uniform(0.9, 1.1, 4)
