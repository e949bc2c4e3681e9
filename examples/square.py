"""f(a, b, c) = (a·b + c)², with its arguments given by name in a dictionary."""

from __future__ import annotations

import edgewise as ew


def f(p):
    return (p["a"] * p["b"] + p["c"]) ** 2


def main() -> tuple[float, dict[str, float]]:
    """Value and gradient at a = 3, b = 2, c = 1."""
    value, gradient = ew.value_and_grad(f)({"a": 3.0, "b": 2.0, "c": 1.0})
    print(f"f = {value:g}")
    for name, partial in gradient.items():
        print(f"∂f/∂{name} = {partial:g}")
    return float(value), {name: float(partial) for name, partial in gradient.items()}


if __name__ == "__main__":
    main()
