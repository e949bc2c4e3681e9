"""What each feature of an operation costs: the same loop with and without it, in one interleaved run.

A chain of operations ``y = y * 1.01`` is differentiated, with nothing else in it. Each line adds one thing to it, or
puts one in place of another, and says what that adds to an operation.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

from collections.abc import Callable
from typing import Any

import numpy as np

import edgewise as ew

LENGTH = 200
NANO = 1e9


def chain(step: Callable[[Any], Any], length: int = LENGTH) -> Callable[[Any], Any]:
    """A program that does one thing many times."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(length):
            y = step(y)
        return y

    return f


def total(step: Callable[[Any], Any], length: int = LENGTH) -> Callable[[Any], Any]:
    """The same on an array, with a scalar result."""
    f = chain(step, length)
    return lambda x: np.sum(f(x))


VECTOR = np.linspace(0.1, 1.0, 16)
SMALL, MIDDLE = np.linspace(0.99, 1.01, 16), np.linspace(0.99, 1.01, 50_000)
LARGE = np.linspace(0.99, 1.01, 1_000_000)
FROZEN = LARGE.copy()
FROZEN.flags.writeable = False


def plain(y: Any) -> Any:
    return y * 1.01


Timed = tuple[Callable[[Any], Any], Any]  # a function and the point it is called at


def scalars() -> list[tuple[str, Timed, Timed | None, int]]:
    """Per line: what is added, the program with it, the program without it, and how many operations they have."""
    x = np.float64(0.7)
    gradient = ew.grad(chain(plain)), x

    def of(step: Callable[[Any], Any]) -> Timed:
        return ew.grad(chain(step)), x

    square = chain(lambda y: y * y, 8)
    idle = ew.grad(lambda x: x)
    return [
        ("NumPy's own product of two numbers", (chain(plain), x), None, LENGTH),
        ("recorded, ordered and swept", gradient, (chain(plain), x), LENGTH),
        ("two parents, and a sum of cotangents: y * y", of(lambda y: y * y), gradient, LENGTH),
        ("a weight that is computed: y.sin()", of(lambda y: y.sin()), gradient, LENGTH),
        ("NumPy's dispatch: np.sin(y)", of(np.sin), of(lambda y: y.sin()), LENGTH),
        ("forward in place of reverse", (lambda x: ew.jvp(chain(plain), (x,), (1.0,)), x), gradient, LENGTH),
        ("a second derivative, reverse over reverse", (ew.grad(ew.grad(square)), 1.01), (ew.grad(square), 1.01), 8),
        ("a call of a gradient", (idle, x), None, 1),
        ("the argument in a dict", (ew.grad(lambda p: p["x"]), {"x": 0.7}), (idle, x), 1),
    ]


def arrays() -> list[tuple[str, Timed, Timed | None, int]]:
    """The same of arrays."""
    gradient = ew.grad(total(plain)), VECTOR

    def of(step: Callable[[Any], Any], x: Any = VECTOR) -> Timed:
        return ew.grad(total(step)), x

    def kept(constant: Any) -> tuple[Timed, Timed]:
        x = np.linspace(0.1, 1.0, constant.size)
        return (ew.grad(total(lambda y: y * constant, 4)), x), (ew.grad(total(plain, 4)), x)

    return [
        ("an array of 16 in place of a number", gradient, (ew.grad(chain(plain)), np.float64(0.7)), LENGTH),
        ("a constant of 128 B, copied", of(lambda y: y * SMALL), gradient, LENGTH),
        ("a constant of 400 KB, copied once and compared", *kept(MIDDLE), 4),
        ("a constant of 8 MB, locked and fingerprinted once", *kept(LARGE), 4),
        ("a constant of 8 MB that is read-only", *kept(FROZEN), 4),
        ("broadcasting, undone in the sweep: y * y[:1]", of(lambda y: y * y[:1]), of(lambda y: y * y[:]), LENGTH),
        ("single precision", of(lambda y: y * np.float32(1.01), VECTOR.astype(np.float32)), gradient, LENGTH),
        ("a structural operation: y[::-1]", of(lambda y: y[::-1]), gradient, LENGTH),
        ("a choice: np.maximum(y, 0.0)", of(lambda y: np.maximum(y, 0.0)), gradient, LENGTH),
        ("complex numbers", (ew.grad(lambda z: np.abs(total(plain)(z))), VECTOR + 0.5j), gradient, LENGTH),
        ("a batch, forwards only", (ew.vmap(chain(plain)), VECTOR), (chain(plain), VECTOR), LENGTH),
    ]


if __name__ == "__main__":
    print("what a feature adds to an operation, forwards and back; minima of interleaved rounds, one thread\n")
    for name, with_it, without, length in (*scalars(), *arrays()):
        times = timing.interleaved({"with": with_it} | ({"without": without} if without else {}), 0.4)
        added = (times["with"] - times.get("without", 0.0)) / length
        print(f"  {name:<52} {added * NANO:>12,.0f} ns")
