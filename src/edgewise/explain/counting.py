"""What a whole derivative costs forward and in reverse, in products on edges.

A sweep multiplies once on every edge it visits. A forward sweep takes one entry of the inputs and visits the edges that
can be reached from it; a reverse sweep takes one entry of the outputs and visits the edges from which it can be
reached. So the sum of p inputs and what follows it, k operations in a chain, cost k·p forward and k + p - 1 in reverse.
Seeds are not counted, and an edge between arrays counts once: it is one product with a linear map.

To count, every value is given the set of starts it is reached from, a bit for each. Where a list of very many numbers
meets very many operations these sets would fill the memory, and then there is no count.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Counts", "count"]

MOST_BITS = 2**31  # of all sets together: 256 MB


class Counts(NamedTuple):
    """The size of a graph and the cost of its derivative.

    Attributes:
        operations: values computed, inputs not counted.
        edges: edges between values.
        inputs: entries of all inputs, and so the number of forward sweeps.
        outputs: entries of all outputs, and so the number of reverse sweeps.
        forward: products on edges over all forward sweeps, None where there are too many inputs to count them.
        reverse: products on edges over all reverse sweeps, None where there are too many outputs.
    """

    operations: int
    edges: int
    inputs: int
    outputs: int
    forward: int | None
    reverse: int | None

    def __str__(self) -> str:
        forward = "too many products to count" if self.forward is None else _many(self.forward, "product")
        reverse = "too many" if self.reverse is None else str(self.reverse)
        return (
            f"{_many(self.operations, 'operation')}, {_many(self.edges, 'edge')}; a whole derivative takes "
            f"{forward} forward ({_many(self.inputs, 'sweep')}) and {reverse} in reverse "
            f"({_many(self.outputs, 'sweep')})"
        )


def _many(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"


def count(rows: list[tuple[int, list[int]]], inputs: dict[int, int], outputs: dict[int, int]) -> Counts:
    """The counts of a graph.

    Args:
        rows: per operation, in order of computation, its number and those of its operands, once per edge.
        inputs: entries of each input, by number.
        outputs: entries of each output, by number.
    """
    edges = sum(len(operands) for _, operands in rows)
    forward = reverse = None
    if len(inputs) * len(rows) <= MOST_BITS:
        down = _reached(rows, inputs)
        forward = sum(down(operand) for _, operands in rows for operand in operands)
    if len(outputs) * len(rows) <= MOST_BITS:
        readers: dict[int, list[int]] = {}
        for n, operands in rows:
            for operand in operands:
                readers.setdefault(operand, []).append(n)
        backwards = [*(n for n, _ in reversed(rows)), *inputs]
        up = _reached([(n, readers.get(n, [])) for n in backwards], outputs)
        reverse = sum(up(n) * len(operands) for n, operands in rows)
    return Counts(len(rows), edges, sum(inputs.values()), sum(outputs.values()), forward, reverse)


def _reached(rows: list[tuple[int, list[int]]], starts: dict[int, int]) -> _Weight:
    """How many start entries reach a number, each row being reached from its list. Sets are the bits of integers."""
    bits = {n: 1 << i for i, n in enumerate(starts)}
    sets = dict(bits)
    for n, sources in rows:
        reached = bits.get(n, 0)
        for source in sources:
            reached |= sets.get(source, 0)
        sets[n] = reached
    return _Weight(sets, list(starts.values()))


class _Weight:
    """The number of entries in a set of starts."""

    def __init__(self, sets: dict[int, int], sizes: list[int]) -> None:
        self._sets = sets
        self._sizes = sizes
        self._known: dict[int, int] = {}
        self._alike = sizes[0] if len(set(sizes)) == 1 else None

    def __call__(self, n: int) -> int:
        reached = self._sets.get(n, 0)
        if self._alike is not None:
            return self._alike * reached.bit_count()
        known = self._known.get(reached)
        if known is None:
            known = self._known[reached] = sum(s for i, s in enumerate(self._sizes) if reached >> i & 1)
        return known
