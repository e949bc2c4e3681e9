"""Which inputs matter, and through what: paths, and what each contributes.

The derivative is the sum over all paths from an input to the output of the product of the partials along the path: the
chain rule, written out (Bauer, Computational graphs and rounding error, SIAM J. Numer. Anal. 11, 1974). A graph can
have more paths than can be listed. Their contributions are then put together by the first edge of the path, which adds
up to the same sum.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from edgewise.explain.digest import Digest, brief, hold
from edgewise.explain.graph import Graph, Pair
from edgewise.explain.trace import Edge, Value

__all__ = ["Blame", "Path", "blame"]


class Path(NamedTuple):
    """A path from an input to the output, or all paths that begin with one edge.

    Attributes:
        names: of the values on it; "…" stands for all ways to go on.
        partials: of its edges, None where one is not a number.
        contribution: the product of the partials along it, times the seed; in the shape of the input.
    """

    names: tuple[str, ...]
    partials: tuple[Any, ...]
    contribution: Any

    def __str__(self) -> str:
        return f"{' → '.join(self.names)}: {brief(self.contribution)}"


class Blame(NamedTuple):
    """What one input does to the output.

    Attributes:
        name: of the input.
        gradient: the derivative with respect to it: the sum of the contributions.
        paths: the contributions, the largest first.
        number: how many paths there are; 0 where the trace is not complete.
        complete: whether each entry of ``paths`` is a single path.
    """

    name: str
    gradient: Any
    paths: tuple[Path, ...]
    number: int
    complete: bool

    def __str__(self) -> str:
        number = str(self.number) if self.number < 1e6 else f"about 10^{math.floor(math.log10(self.number))}"
        told = self.number or self.complete
        over = f"{number} path{'s' * (self.number != 1)}" if told else "paths that are not told to their end"
        head = f"{self.name}: {brief(self.gradient)} over {over}"
        return "\n".join((head, *(f"  {path}" for path in self.paths)))


def path_count(x: Value, seeds: dict[int, Pair]) -> int:
    """How many paths lead from a value to the outputs."""
    counts: dict[int, int] = {}
    for v in _ahead(x):
        counts[v.index] = (v.index in seeds) + sum(counts[edge.target.index] for edge in v.uses)
    return counts[x.index]


def _ahead(x: Value) -> list[Value]:
    """All values computed from one, itself included, the last first."""
    found = {x.index: x}
    stack = [x]
    while stack:
        for edge in stack.pop().uses:
            if edge.target.index not in found:
                found[edge.target.index] = edge.target
                stack.append(edge.target)
    return sorted(found.values(), key=lambda v: -v.index)


def paths(x: Value, seeds: dict[int, Pair]) -> list[Path]:
    """Every path from a value to an output, with what it contributes.

    Args:
        x: the value.
        seeds: of the outputs, by index.
    """
    found: list[Path] = []
    stack: list[tuple[Value, tuple[Edge, ...]]] = [(x, ())]
    while stack:
        value, edges = stack.pop()
        if value.index in seeds:
            pair = seeds[value.index]
            for edge in reversed(edges):
                pair = Graph.pull(edge.link, pair)
            names = (x.name, *(edge.target.name for edge in edges))
            found.append(Path(names, tuple(edge.partial for edge in edges), hold(pair[0])))
        stack += [(edge.target, (*edges, edge)) for edge in reversed(value.uses) if edge.contribution is not None]
    return found


def blame(
    x: Value, seeds: dict[int, Pair], flowed: dict[int, Pair], beyond: dict[int, Pair], most: int | None
) -> Blame:
    """What one value does to the outputs.

    Args:
        x: the value.
        seeds: of the outputs, by index.
        flowed: contributions by edge.
        beyond: what comes back from operations that are not told, by index.
        most: how many paths are listed one by one, None where they cannot be.
    """
    count = 0 if most is None else path_count(x, seeds)
    complete = most is not None and count <= most
    if complete:
        found = paths(x, seeds)
    else:
        found = [
            Path((x.name, edge.target.name, "…"), (edge.partial,), hold(flowed[edge.index][0]))
            for edge in x.uses
            if edge.index in flowed
        ]
        if x.index in beyond:
            found.append(Path((x.name, "…"), (), hold(beyond[x.index][0])))
    found.sort(key=lambda path: -_size(path.contribution))
    node = x.step.node
    gradient = np.zeros(node.shape, node.dtype)[()] if x.adjoint is None else x.adjoint
    return Blame(x.name, gradient, tuple(found), count, complete)


def _size(contribution: Any) -> float:
    """The largest entry, NaN being larger than any."""
    if isinstance(contribution, Digest):
        stats = contribution.json["stats"]
        return max(abs(float(stats["min"] or 0)), abs(float(stats["max"] or 0)))
    size = float(np.max(np.abs(contribution), initial=0.0))
    return size if size == size else float("inf")
