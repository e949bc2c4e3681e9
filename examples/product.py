"""f(x, y, z) = (x + y)·z: the gradient in several arguments at once, in reverse and forward."""

from __future__ import annotations

import edgewise as ew


def f(x, y, z):
    return (x + y) * z


def main() -> tuple[float, ...]:
    """The gradient at (-2, 5, -4), from one sweep backwards."""
    point = (-2.0, 5.0, -4.0)
    value, gradient = ew.value_and_grad(f, argnums=(0, 1, 2))(*point)
    print(f"f{point} = {value:g}")
    for name, partial in zip("xyz", gradient, strict=True):
        print(f"∂f/∂{name} = {partial:g}")

    _, along = ew.jvp(f, point, (1.0, 0.0, 1.0))
    print(f"along (1, 0, 1): {along:g}, which is ∂f/∂x + ∂f/∂z")
    return tuple(float(partial) for partial in gradient)


if __name__ == "__main__":
    main()
