"""What a whole gradient costs forward and in reverse, counted edge by edge.

The program has p inputs, one sum and a chain: u1 = x1 + … + xp, u2 = f(u1), …, uk = f(u(k-1)). Its graph has p edges
into u1 and k-1 along the chain, and a sweep multiplies once on every edge it visits:

* a forward sweep takes one input and goes down its path, 1 + (k-1) = k edges; a gradient needs p of them: **k·p**;
* the reverse sweep takes the one output and visits each edge of the graph once: **k + p - 1**.

The seed a sweep starts from, a 1, is not counted.

How it is counted: the sum and f are declared with ``ew.primitive``, whose ``push`` and ``pull`` rules are what the
library runs on an edge when it passes it. Each rule does its multiplication through ``times``, which writes the edge
down. So the lists below are the edges that ``ew.jvp`` and ``ew.grad`` really visited, in their order; the formulas come
in only afterwards, to be compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

import edgewise as ew

visited: list[str] = []


def times(weight, seed, edge: str):
    """The multiplication on an edge, written down."""
    visited.append(edge)
    return weight * seed


def sum_edge(i: int):
    """The rule on the edge from the i-th input to u1, whose weight is 1; the same both ways."""
    return lambda seed: times(1.0, seed, f"x{i}→u1")


def sum_of(p: int) -> Callable[..., float]:
    """The sum x1 + … + xp as one operation with p edges, each of weight 1."""

    def add(*x):
        return sum(x)

    # a primitive has a fixed number of operands: these are their names
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    add.__signature__ = inspect.Signature([inspect.Parameter(f"x{i}", kind) for i in range(1, p + 1)])
    rules = tuple(sum_edge(i) for i in range(1, p + 1))
    return ew.primitive(push=rules, pull=rules)(add)


@ew.primitive(
    push=lambda t, u, step: times(np.cos(u), t, f"u{step - 1}→u{step}"),
    pull=lambda g, u, step: times(np.cos(u), g, f"u{step - 1}→u{step}"),
)
def f(u, *, step):
    return np.sin(u)


def program(p: int, k: int) -> Callable[..., float]:
    """The program u1 = x1 + … + xp, then f until uk."""
    add = sum_of(p)

    def run(*x):
        u = add(*x)
        for step in range(2, k + 1):
            u = f(u, step=step)
        return u

    return run


def forward(p: int, k: int) -> tuple[list[str], list[float]]:
    """The edges visited by p forward sweeps, one for each input, and the gradient they give."""
    run, point, gradient = program(p, k), np.linspace(0.1, 0.5, p), []
    visited.clear()
    for i in range(p):
        _, partial = ew.jvp(lambda x, i=i: run(*point[:i], x, *point[i + 1 :]), (point[i],), (1.0,))
        gradient.append(float(partial))
    return list(visited), gradient


def reverse(p: int, k: int) -> tuple[list[str], list[float]]:
    """The edges visited by one reverse sweep, and the gradient it gives."""
    run, point = program(p, k), np.linspace(0.1, 0.5, p)
    visited.clear()
    gradient = ew.grad(run, argnums=tuple(range(p)))(*point)
    return list(visited), [float(partial) for partial in gradient]


def main() -> dict[tuple[int, int], tuple[int, int]]:
    """Multiplications counted, (forward, reverse), for several (p, k)."""
    print("p = 2, k = 3")
    print("  forward:", ", ".join(forward(2, 3)[0]))
    print("  reverse:", ", ".join(reverse(2, 3)[0]))

    print(f"\n{'p':>4}{'k':>4}{'forward':>10}{'reverse':>10}{'k·p':>8}{'k+p-1':>8}")
    counts = {}
    for p, k in ((1, 1), (1, 8), (2, 3), (8, 1), (8, 8), (20, 5), (5, 20)):
        (down, by_forward), (up, by_reverse) = forward(p, k), reverse(p, k)
        assert np.allclose(by_forward, by_reverse, rtol=1e-14)
        counts[p, k] = len(down), len(up)
        print(f"{p:4}{k:4}{len(down):10}{len(up):10}{k * p:8}{k + p - 1:8}")
    return counts


if __name__ == "__main__":
    main()
