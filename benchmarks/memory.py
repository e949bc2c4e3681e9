"""What recomputing saves and costs: peak bytes and time, with values kept and with values computed again."""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import edgewise as ew

WIDE = np.linspace(0.0, 1.0, 20_000)
Way = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]


def layer(x: Any) -> Any:
    for _ in range(20):
        x = np.sin(x) * 1.01
    return x


def layers(recompute: bool) -> Callable[[Any], Any]:
    one = ew.checkpoint(layer) if recompute else layer

    def f(x: Any) -> Any:
        for _ in range(20):
            x = one(x)
        return np.sum(x)

    return f


def loop(step: Callable[[Any, Any], Any], n: int, recompute: bool) -> Callable[[Any], Any]:
    return lambda x: np.sum(ew.scan(lambda c, _: (step(c, x), None), x * 1.0, length=n, checkpoint=recompute)[0])


def reverse_over_forward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return ew.grad(lambda x: ew.jvp(f, (x,), (np.ones_like(x),))[1])


def reverse_over_reverse(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return ew.grad(lambda x: np.sum(ew.grad(f)(x) ** 2))


def step(c: Any, x: Any) -> Any:
    return np.sin(c) * 1.01 + x


LINES: list[tuple[str, Way, Callable[[bool], Callable[[Any], Any]], Any]] = [
    ("20 calls of 40 operations, gradient", ew.grad, layers, WIDE),
    ("the same, reverse over reverse", reverse_over_reverse, layers, WIDE),
    ("the same, reverse over forward", reverse_over_forward, layers, WIDE),
    ("scan of 400 steps on 20 000 numbers", ew.grad, lambda r: loop(step, 400, r), WIDE),
    ("scan of 400 steps on 100 numbers", ew.grad, lambda r: loop(step, 400, r), WIDE[:100]),
    ("scan of 10 000 steps on one number", ew.grad, lambda r: loop(step, 10_000, r), np.float64(0.5)),
]


def peak(call: Callable[[Any], Any], argument: Any) -> int:
    call(argument)
    tracemalloc.start()
    call(argument)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


if __name__ == "__main__":
    print("values kept, and computed again: peak of memory, and the time in which that was done\n")
    for name, way, program, x in LINES:
        calls = {kind: (way(program(kind == "again")), x) for kind in ("kept", "again")}
        bytes_of = {kind: peak(*call) for kind, call in calls.items()}
        times = timing.interleaved(calls, 0.8, 5)
        less, longer = bytes_of["kept"] / bytes_of["again"], times["again"] / times["kept"]
        print(
            f"  {name:<38} {bytes_of['kept'] / 1e6:8.1f} MB {bytes_of['again'] / 1e6:8.1f} MB"
            f" {less:6.1f} times less, {longer:5.2f} times longer"
        )
