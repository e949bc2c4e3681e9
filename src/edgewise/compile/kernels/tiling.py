"""Which tile a nest of folds is done in: the cheapest of those that fit the registers.

A fold that keeps some axes and goes along others (``C[i,j] += A[i,l] * B[l,j]``) has its partial results in registers
while it goes along: those of a *tile*, some entries of each kept axis. One axis is taken in lanes. If it is a kept one,
every lane is a result; if it is one of those folded, the lanes are added up at the end. What a turn of the innermost
loop needs is read once for the whole tile: a tile of i × j results reads i + j numbers for i·j products (Goto and van
de Geijn, *Anatomy of High-Performance Matrix Multiplication*, 2008).

``tile_costs`` says what each tile costs.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from edgewise.compile.kernels.nests import Fetched, Made, Node, Read
from edgewise.compile.kernels.order import Layout, operands
from edgewise.compile.kernels.tile_costs import Problem, Tiling, Work, cycles, in_memory

__all__ = ["BLOCK", "Tiling", "common", "dependences", "fused_products", "tiling", "tilings"]

BLOCK = 256  # turns of the innermost loop after which partial sums are put away
ROWS = (1, 2, 3, 4, 5, 6, 8)  # entries of a kept axis
VECTORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24)  # vectors of the axis in lanes
UNROLLED = (1, 2, 4, 8)  # turns of the innermost fold that are written out


def tiling(layout: Layout, width: int) -> Tiling | None:
    """The cheapest tile for a nest; None where there is none, and its loops are written otherwise.

    Args:
        layout: the nest.
        width: how many float64 a vector register holds.
    """
    problem = _problem(layout, width)
    return None if problem is None else _cheapest(problem)


def tilings(layout: Layout, width: int) -> list[Tiling]:
    """All tiles among which ``tiling`` chooses."""
    problem = _problem(layout, width)
    return [] if problem is None else list(_candidates(problem))


@functools.lru_cache(maxsize=512)
def _cheapest(problem: Problem) -> Tiling | None:
    best = min(_candidates(problem), key=lambda one: one.cycles)
    return best if best.cycles <= in_memory(problem) else None


def _problem(layout: Layout, width: int) -> Problem | None:
    folds = layout.folds
    axes = range(layout.opened, len(layout.lengths))
    if not folds or any(f.kind.complex for f in folds) or any(s.terms or s.add for s in layout.stores):
        return None
    if any(isinstance(n, Fetched) for n in layout.nodes):
        return None
    folded = common(layout)
    kept = tuple(k for k in axes if k not in folded)
    if not folded or not kept:
        return None
    results = tuple((f.at.steps, f.kind.size) for f in folds)
    return Problem(layout.lengths, kept, tuple(sorted(folded)), _work(layout, folded), results, width)


def common(layout: Layout) -> frozenset[int]:
    """The axes that all folds of a nest are along, but for those of loops that are open already."""
    return frozenset.intersection(*(fold.axes for fold in layout.folds)).difference(range(layout.opened))


def dependences(nodes: Sequence[Node]) -> list[frozenset[int]]:
    """The axes that each node changes along."""
    found: list[frozenset[int]] = []
    for node in nodes:
        own = frozenset(k for k, step in enumerate(node.at.steps) if step) if isinstance(node, Read) else frozenset()
        found.append(own.union(*(found[i] for i in operands(node))))
    return found


def fused_products(layout: Layout) -> dict[int, tuple[int, int]]:
    """The nodes that are products and only folded by sums, and their factors: to multiply and add in one."""
    used = {i for node in layout.nodes for i in operands(node)} | {one.node for one in layout.stores}
    used |= {fold.node for fold in layout.folds if fold.name != "add" or not fold.kind.floating}
    found = {}
    for fold in layout.folds:
        node = layout.nodes[fold.node]
        if fold.node in used or not isinstance(node, Made) or node.how.compute.dtype != fold.kind.dtype:
            continue
        if node.how.name in ("multiply", "square"):
            found[fold.node] = node.arguments[0], node.arguments[-1]
    return found


def _work(layout: Layout, folded: frozenset[int]) -> tuple[Work, ...]:
    """What is done at each turn of the folds."""
    found: dict[Work, int] = {}
    depends, fused = dependences(layout.nodes), fused_products(layout)
    for number, (node, axes) in enumerate(zip(layout.nodes, depends, strict=True)):
        if not axes & folded or number in fused:
            continue
        if isinstance(node, Read):
            work = Work(axes, node.at.steps, node.kind.size, 1)
        else:
            work = Work(axes, (), 0, node.how.cost if isinstance(node, Made) else 1)
        found[work] = found.get(work, 0) + 1
    return tuple(work._replace(cost=work.cost * count) for work, count in found.items())


def _candidates(problem: Problem) -> Iterator[Tiling]:
    """Tiles whose results have room in the registers, with what is shared by entries of the longest axis."""
    lengths, kept, folded, work, results, width = problem
    registers = 31 if width == 8 else 15
    largest = max(4, *(one.size for one in work), *(size for _, size in results))
    for lane in (*kept, *folded):
        lanes = min(max(2, 8 * width // largest), lengths[lane])
        last = lane if lane in folded else max(folded, key=lambda k: (lengths[k], k))
        folds = (*(k for k in folded if k != last), last)
        deepest = max(1, lengths[last] // (lanes if lane == last else 1))
        for tile in _tiles(lengths, kept, lane, lanes):
            outer = tuple(k for k in kept if k not in dict(tile))
            for times in UNROLLED:
                several = [times, *(n for _, n in tile)]
                entries = math.prod(several)
                needed = entries * len(results) + entries // max(several)
                if times <= deepest and (needed <= registers or entries == 1):
                    one = Tiling(lane, lanes, outer, tile, folds, times, 0.0)
                    yield one._replace(cycles=cycles(one, problem))


def _tiles(lengths: tuple[int, ...], kept: tuple[int, ...], lane: int, lanes: int) -> Iterator[tuple[Any, ...]]:
    """Kept axes, and how many entries of them, or vectors, are done at once: two axes at most."""
    others = [k for k in kept if k != lane]
    if lane in kept:
        vectors = [(lane, n) for n in _even(-(-lengths[lane] // lanes), VECTORS)]
        rows = [(k, n) for k in others for n in _even(lengths[k], ROWS)]
        yield from itertools.product(vectors, rows) if rows else ((one,) for one in vectors)
        return
    for i, first in enumerate(others):
        rows = [(first, n) for n in _even(lengths[first], ROWS)]
        if len(others) == 1:
            yield from ((one,) for one in rows)
        for second in others[i + 1 :]:
            yield from itertools.product(rows, [(second, n) for n in _even(lengths[second], ROWS)])


def _even(length: int, counts: Sequence[int]) -> list[int]:
    """How many at once, so that every turn has about as many as the others."""
    return sorted({-(-length // -(-length // n)) for n in counts})
