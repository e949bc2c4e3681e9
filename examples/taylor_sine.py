"""The sine by its Taylor series, with a loop that stops when a term is small.

The loop runs as it always did, and how often depends on x. The derivative is that of the polynomial which was summed:
at π it is near cos π = -1 and not equal to it, and the difference is of the size of the first term left out.
"""

from __future__ import annotations

import numpy as np

import edgewise as ew


def taylor_sine(x):
    total = term = x
    i = 1
    while abs(term) > 0.001:
        term = -term * x**2 / ((i + 1) * (i + 2))
        total = total + term
        i += 2
    return total


def main() -> tuple[float, float]:
    """Value and derivative at π."""
    value, derivative = ew.value_and_grad(taylor_sine)(np.pi)
    print(f"series: {value:+.6f}   sin π = {np.sin(np.pi):+.6f}")
    print(f"derivative: {derivative:+.6f}   cos π = {np.cos(np.pi):+.6f}")
    return float(value), float(derivative)


if __name__ == "__main__":
    main()
