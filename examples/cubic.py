"""f(x) = 2x³ + 7: a derivative, and derivatives of the derivative."""

from __future__ import annotations

import edgewise as ew


def f(x):
    return 2 * x**3 + 7


def main() -> tuple[float, ...]:
    """The value and the first four derivatives at 2."""
    derivatives, g = [], f
    for order in range(5):
        derivatives.append(float(g(2.0)))
        print(f"f{'′' * order}(2) = {derivatives[-1]:g}")
        g = ew.grad(g)
    return tuple(derivatives)


if __name__ == "__main__":
    main()
