"""Programs on numbers, or on a few: what a call costs, and what straight-line code costs."""

from __future__ import annotations


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


def numbers(count, low=0.5, high=0.9):
    return lambda rng: tuple(float(x) for x in rng.uniform(low, high, count))


def sized(count, n=16):
    return lambda rng: tuple(rng.standard_normal(n) for _ in range(count))
