"""What each transformation takes: sweeps, products, and bytes, counted on the recorded graph and not measured.

A sweep multiplies once on every edge, entry by entry of the larger end. In reverse it needs what the maps keep, and
the cotangents that are alive at a time; forward along with the run, only the tangents that are alive. A batch of k
seeds has k cotangents in place of one. Second derivatives differentiate the sweep itself, whose graph is taken for
three times that of the function: a product on each edge has two edges, and its weight one more. Griewank & Walther,
Evaluating Derivatives (2008), chapter 4.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.node import Node
from edgewise.reporting.findings import in_bytes
from edgewise.transforms.operator import BATCH_ENTRIES

__all__ = ["Cost", "Graph", "costs"]

SECOND = 3  # operations of a gradient to one of its function


class Cost(NamedTuple):
    """What one transformation takes.

    Attributes:
        name: of the transformation.
        forward, reverse: how many sweeps.
        batch: how many seeds go together; 1 where there is one sweep.
        products: multiplications in all sweeps together.
        nbytes: at the peak, values of the function itself not counted.
        estimated: whether the graph of second derivatives was taken from that of the function.
    """

    name: str
    forward: int
    reverse: int
    batch: int
    products: int
    nbytes: int
    estimated: bool = False

    @property
    def sweeps(self) -> str:
        """In words."""
        ways = [(self.reverse, "reverse"), (self.forward, "forward")]
        told = " and ".join(f"{n} {way}" for n, way in ways if n)
        told += f" sweep{'s' * (self.forward + self.reverse != 1)}"
        return told + (f", {self.batch} at a time" if 1 < self.batch < max(self.forward, self.reverse) else "")

    def __str__(self) -> str:
        about = "about " if self.estimated else ""
        return f"{self.sweeps}; {about}{_count(self.products)} products, {in_bytes(self.nbytes)}"


class Graph(NamedTuple):
    """The size of the recorded graph, of what the result depends on.

    Attributes:
        operations, edges: how many.
        inputs, outputs: entries.
        nbytes: kept for the sweep.
        products: of one sweep.
        reverse, forward: the most bytes of cotangents, or tangents, alive at a time.
        widest: entries of the widest value.
    """

    operations: int
    edges: int
    inputs: int
    outputs: int
    nbytes: int
    products: int
    reverse: int
    forward: int
    widest: int

    @classmethod
    def of(cls, order: list[Node], inputs: list[Node], ends: list[Node], outputs: int) -> Graph:
        """Count. ``outputs`` is the number of entries of the result, constant ones included."""
        edges = [(node, parent) for node in order for parent in node.parents if parent is not None]
        buffers: dict[int, int] = {}
        for node in order:
            for kept in node.kept:
                for one in kept if type(kept) is tuple else (kept,):
                    if isinstance(one, np.ndarray):
                        base = one.base if isinstance(one.base, np.ndarray) else one
                        buffers[id(base)] = min(base.nbytes, one.nbytes) if 0 in one.strides else base.nbytes
        reads: list[tuple[int, list[Node]]] = [
            (node.serial, [p for p in node.parents if p is not None]) for node in order
        ]
        constants = [p for node in order for p in node.parents if p is not None]  # such as arrays to be stored into
        nodes = {n.serial: n for n in (*order, *inputs, *ends, *constants)}
        return cls(
            operations=sum(node.primitive.name != "part" for node in order),
            edges=len(edges),
            inputs=sum(_entries(n) for n in inputs),
            outputs=outputs,
            nbytes=sum(buffers.values()),
            products=sum(max(_entries(node), _entries(parent)) for node, parent in edges),
            reverse=_peak(nodes, [(s, [p.serial for p in ps]) for s, ps in reversed(reads)], {n.serial for n in ends}),
            forward=_peak_forward(nodes, reads, {n.serial for n in inputs}, {n.serial for n in ends}),
            widest=max((_entries(n) for n in nodes.values()), default=1),
        )


def _peak(nodes: dict[int, Node], steps: list[tuple[int, list[int]]], alive: set[int]) -> int:
    """Cotangents alive at a time: a node's dies when it is passed, those of its operands are born."""
    peak = sum(_bytes(nodes[s]) for s in alive)
    for serial, operands in steps:
        alive |= set(operands)
        peak = max(peak, sum(_bytes(nodes[s]) for s in alive))
        alive.discard(serial)
    return peak


def _peak_forward(nodes: dict[int, Node], reads: list[tuple[int, list[Node]]], alive: set[int], kept: set[int]) -> int:
    """Tangents alive at a time: one dies after the last operation that reads it."""
    last = {p.serial: serial for serial, operands in reads for p in operands}
    peak = sum(_bytes(nodes[s]) for s in alive)
    for serial, operands in reads:
        alive.add(serial)
        peak = max(peak, sum(_bytes(nodes[s]) for s in alive))
        alive -= {p.serial for p in operands if last[p.serial] == serial and p.serial not in kept}
    return peak


def costs(graph: Graph, scalar: bool) -> list[Cost]:
    """What the transformations take of a function with this graph; those of scalar functions only where it is one."""
    n, m, c = graph.inputs, graph.outputs, graph.products
    forward = n <= m
    most = max(1, BATCH_ENTRIES // max(graph.widest, 1))
    batch = max(1, min(most, n if forward else m))
    live = graph.forward if forward else graph.reverse
    sweeps = (n, 0) if forward else (0, m)
    table = [Cost("jvp", 1, 0, 1, c, graph.forward), Cost("vjp", 0, 1, 1, c, graph.nbytes + graph.reverse)]
    if scalar:
        table[1] = table[1]._replace(name="grad")
    table.append(Cost("jacobian", *sweeps, batch, c * max(sweeps), graph.nbytes + batch * live))
    if scalar:
        kept, both = SECOND * graph.nbytes + graph.reverse, graph.reverse + graph.forward
        table.append(Cost("hvp", 1, 1, 1, (1 + SECOND) * c, kept + both, True))
        batch = min(most, n)
        table.append(Cost("hessian", n, 1, batch, (1 + SECOND * n) * c, kept + batch * both, True))
    return table


def _entries(node: Node) -> int:
    shape: Any = node.shape
    if shape and type(shape[0]) is tuple:  # the outputs of an operation together
        return sum(math.prod(s) for s in shape)
    return math.prod(shape)


def _bytes(node: Node) -> int:
    shape: Any = node.shape
    dtype: Any = node.dtype
    if isinstance(dtype, tuple):
        return sum(math.prod(s) * int(d.itemsize) for s, d in zip(shape, dtype, strict=True))
    size: int = math.prod(shape) * dtype.itemsize
    return size


def _count(n: int) -> str:
    return f"{n:,}".replace(",", " ") if n < 10**7 else f"{n:.2g}"
