"""f(x1, x2, x3) = x1²·(x2·x3), computed in named steps that are looked at on the way.

Inside a transformation a number carries its derivative along. ``ew.value`` gives the ordinary number, to print, to log
or to keep; the computation goes on with the value itself.
"""

from __future__ import annotations

import edgewise as ew


def f(x1, x2, x3, seen):
    x4 = x1**2
    x5 = x2 * x3
    x6 = x4 * x5
    seen.update(x4=float(ew.value(x4)), x5=float(ew.value(x5)), x6=float(ew.value(x6)))
    return x6


def main() -> tuple[dict[str, float], tuple[float, ...]]:
    """The intermediates and the gradient at (2, 3, 4)."""
    seen: dict[str, float] = {}
    gradient = ew.grad(f, argnums=(0, 1, 2))(2.0, 3.0, 4.0, seen)
    for name, value in seen.items():
        print(f"{name} = {value:g}")
    for i, partial in enumerate(gradient, 1):
        print(f"∂f/∂x{i} = {partial:g}")
    return seen, tuple(float(partial) for partial in gradient)


if __name__ == "__main__":
    main()
