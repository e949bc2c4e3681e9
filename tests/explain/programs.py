"""Functions to explain, with their sources: tests name their lines and variables."""

from __future__ import annotations

import numpy as np


def square_loss(a, b, c):
    s = a * b + c
    L = s**2
    return L  # noqa: RET504  the name is what is tested


def reassigned(x):
    y = x * 2
    y = y + 1
    y = y * x
    return y  # noqa: RET504  likewise


def early(x):
    y = x * 3
    if y > 2:
        return y * x
    return y


def alias(x):
    y = x * 2
    z = y
    return z + 1


def scaled(t, k):
    u = t * k
    return u + 1


def calls(a):
    total = 0.0
    for k in range(3):
        total = total + scaled(a, k)
    return total


def loops(theta):
    omega = 0.0
    for _ in range(4):
        omega = omega - 0.1 * np.sin(theta)
        theta = theta + 0.1 * omega
    return theta


def nested_loops(x):
    for _ in range(2):
        for _ in range(3):
            x = x * 1.5
        x = x + 1
    return x


def newton(x):
    y = x
    while abs(y * y - x) > 1e-12:
        y = 0.5 * (y + x / y)
    return y


def power(x, n):
    return x if n == 1 else x * power(x, n - 1)


def summed(a, v):
    s = sum(w * a for w in v)
    return s * 2


def with_locals(x):
    y = x * 2
    seen = locals()
    z = y + 1
    assert seen["y"] is y
    return z


def accumulates(x):
    total = np.zeros(2)

    def parts(t):
        buffer = np.zeros(2)
        double = t * 2
        return buffer, double

    work, double = parts(x)
    work += double
    total += work * x
    return np.sum(total)


def network(p, x, y):
    hidden = np.tanh(x @ p["W"].T + p["b"])
    out = hidden @ p["v"]
    return np.mean((out - y) ** 2)


def cut(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


def café(α, 数):  # noqa: PLC2401  the names are what is tested
    β = α * 数  # noqa: PLC2401  likewise
    return β + α
