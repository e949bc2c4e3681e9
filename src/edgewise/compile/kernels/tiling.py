"""Which tile a nest of folds is done in: the model of what a turn costs, and the search for the cheapest.

A fold that keeps some axes and goes along others (``C[i,j] += A[i,l] * B[l,j]``) has its partial results in registers
while it goes along: those of a *tile*, some entries of each kept axis. One axis is taken in lanes. If it is a kept one,
every lane is a result; if it is one of those folded, the lanes are added up at the end. What a turn of the innermost
loop needs is read once for the whole tile: a tile of i × j results reads i + j numbers for i·j products (Goto and van
de Geijn, *Anatomy of High-Performance Matrix Multiplication*, 2008).

The model counts, for the turn of a tile, instructions on numbers and reads from the first cache. One of each can begin
in a cycle, and what is folded can be used again four cycles later (Zen 4 with 512 bits; processors with other figures
have much the same ratios). What the tile costs when it is done is spread over its turns, and entries that are done
twice, because a tile does not divide an axis, count twice. ``benchmarks/products.py`` measures what comes of it.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from edgewise.compile.kernels.nests import Fetched, Made, Node, Read
from edgewise.compile.kernels.order import Layout, operands

__all__ = ["BLOCK", "Tiling", "common", "dependences", "fused_products", "tiling", "tilings"]

BLOCK = 256  # turns of the innermost loop after which partial sums are put away
LATENCY = 4  # cycles until what was folded can be folded again
TURN = 1.0  # cycles that a turn takes beside its instructions
BOTH = 0.3  # how much of the lesser of arithmetic and reads is not hidden by the other
DONE = 4.0  # cycles per vector of results to put it away
LANE = 1.5  # cycles to fetch or to write a lane on its own
UNEVEN = 3.0  # reads that a vector takes whose number of lanes is no power of two
MOST_WRITTEN = 60  # instructions of a turn beyond which registers are short
MEMORY = 2.5  # cycles to have the result of a fold in memory rather than in a register: to read and to write it
LINE = 64  # bytes that are read together
NEAR = 1 << 15  # bytes of an array up to which it is in the first cache
MIDDLE = 1 << 22  # bytes from which on it comes from the last cache, or from memory
FAR = 1 << 24  # bytes from which on it comes from memory
ALIKE = 1 << 11  # bytes between rows that are in each other's way in the cache, if it is a multiple of that
FRESH = 6.0  # cycles to find a line of another row in memory, which is not foreseen
JUMP = 15.0  # cycles to begin with another row, there and where rows are alike
WEAVE = (4.0, 11.0)  # cycles a line where several rows are read in turns, from the middle and from far
ROWS = (1, 2, 3, 4, 5, 6, 8)  # entries of a kept axis
VECTORS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24)  # vectors of the axis in lanes
UNROLLED = (1, 2, 4, 8)  # turns of the innermost fold that are written out


class Tiling(NamedTuple):
    """How a nest is done in tiles.

    Attributes:
        lane: the axis in lanes.
        lanes: how many a vector has.
        outer: kept axes that are gone through one by one.
        tile: kept axes of which several entries, or vectors, are done at once, and how many.
        folds: the axes folded along, innermost last.
        unrolled: how many entries, or vectors, of the innermost one are done in a turn.
        cycles: for each point, by the model.
    """

    lane: int
    lanes: int
    outer: tuple[int, ...]
    tile: tuple[tuple[int, int], ...]
    folds: tuple[int, ...]
    unrolled: int
    cycles: float

    @property
    def reason(self) -> str:
        """What was chosen and why, in words."""
        along = "folded" if self.lane == self.folds[-1] else "kept"
        size = " × ".join(f"{n}{f'·{self.lanes}' * (axis == self.lane)}" for axis, n in self.tile) or "1"
        inner = self.unrolled * (self.lanes if self.lane == self.folds[-1] else 1)
        return (
            f"tiles of {size} results in registers, {inner} of the folded axis a turn, {self.lanes} lanes along a "
            f"{along} axis: {self.cycles:.2g} cycles a point by the model"
        )


class _Work(NamedTuple):
    """What is done at each turn for each combination of the entries of some axes.

    Attributes:
        axes: which.
        steps: of memory that is read, along the axes; empty for arithmetic.
        size: bytes of a number that is read.
        cost: instructions.
    """

    axes: frozenset[int]
    steps: tuple[int, ...]
    size: int
    cost: int


class _Problem(NamedTuple):
    """What the choice depends on.

    Attributes:
        lengths: of the axes.
        kept, folded: the axes that are no open loop.
        work: what is done at each turn of the folds.
        results: steps and size of what the folds make.
        width: how many float64 a vector register holds.
    """

    lengths: tuple[int, ...]
    kept: tuple[int, ...]
    folded: tuple[int, ...]
    work: tuple[_Work, ...]
    results: tuple[tuple[tuple[int, ...], int], ...]
    width: int


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
def _cheapest(problem: _Problem) -> Tiling | None:
    best = min(_candidates(problem), key=lambda one: one.cycles)
    return best if best.cycles <= _in_memory(problem) else None


def _problem(layout: Layout, width: int) -> _Problem | None:
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
    return _Problem(layout.lengths, kept, tuple(sorted(folded)), _work(layout, folded), results, width)


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


def _work(layout: Layout, folded: frozenset[int]) -> tuple[_Work, ...]:
    """What is done at each turn of the folds."""
    found: dict[_Work, int] = {}
    depends, fused = dependences(layout.nodes), fused_products(layout)
    for number, (node, axes) in enumerate(zip(layout.nodes, depends, strict=True)):
        if not axes & folded or number in fused:
            continue
        if isinstance(node, Read):
            work = _Work(axes, node.at.steps, node.kind.size, 1)
        else:
            work = _Work(axes, (), 0, node.how.cost if isinstance(node, Made) else 1)
        found[work] = found.get(work, 0) + 1
    return tuple(work._replace(cost=work.cost * count) for work, count in found.items())


def _candidates(problem: _Problem) -> Iterator[Tiling]:
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
                    yield one._replace(cycles=_cycles(one, problem))


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


def _cycles(one: Tiling, problem: _Problem) -> float:
    """What a point costs."""
    lengths, results = problem.lengths, problem.results
    last, lane, lanes = one.folds[-1], one.lane, one.lanes
    counts = {**dict(one.tile), last: one.unrolled}
    units = {k: lanes if k == lane else 1 for k in counts}
    entries = math.prod(counts.values())
    uneven = UNEVEN if lanes & (lanes - 1) else 1.0
    arithmetic, reads, jumps = float(entries * len(results)), 0.0, 0.0
    for part in problem.work:
        times = part.cost * math.prod(n for k, n in counts.items() if k in part.axes)
        if part.steps:
            step = part.steps[lane]
            reads += times * (1.0 if not step else uneven if step == part.size else LANE * lanes)
            if step:
                jumps += times * _jumped(one, part, lengths)
        else:
            arithmetic += times
    turn = max(arithmetic, reads, LATENCY) + BOTH * min(arithmetic, reads) + TURN
    if entries > 1:
        turn *= max(1.0, (arithmetic + reads) / MOST_WRITTEN)
    turn += jumps
    outer = math.prod(lengths[k] for k in one.folds[:-1])
    turns, left = divmod(lengths[last], units[last] * one.unrolled)
    whole = turns + left / (units[last] * one.unrolled) + (0.5 if left and last == lane else 0.0)
    vectors = entries // one.unrolled
    done = TURN + sum(vectors * _put_away(one, steps, size, uneven) + entries - vectors for steps, size in results)
    tiles = math.prod(-(-lengths[k] // (n * units[k])) for k, n in one.tile)
    return tiles * (turn * whole * outer + done) / (math.prod(lengths[k] for k, _ in one.tile) * lengths[last] * outer)


def _jumped(one: Tiling, part: _Work, lengths: tuple[int, ...]) -> float:
    """Cycles a vector for memory that a tile goes through otherwise than from its beginning to its end.

    What a processor foresees is that the next line is wanted. Several rows in turns, or what a tile has of one row and
    then what it has of the next, it waits for: of a matrix in memory that is two thirds of the time.
    """
    tile = dict(one.tile)
    whole = part.size * math.prod(lengths[k] for k in part.axes)
    again = math.prod(lengths[k] / n for k, n in one.tile if k not in part.axes)
    lines = one.lanes * part.size / LINE / max(again, 1.0)
    if part.steps[one.lane] != part.size or one.lane == one.folds[-1]:
        rows = part.steps[one.lane] != part.size or any(n > 1 for k, n in one.tile if k in part.axes)
        return lines * WEAVE[whole >= FAR] if rows and whole >= MIDDLE else 0.0
    piece = tile[one.lane] * one.lanes * part.size
    if piece >= lengths[one.lane] * part.size:
        return 0.0
    alike = whole > NEAR and any(part.steps[k] and not part.steps[k] % ALIKE for k in one.folds)
    return lines * (FRESH * (whole >= FAR) + JUMP * (whole >= FAR or alike) * LINE / piece)


def _in_memory(problem: _Problem) -> float:
    """What a point costs where the loops are in the order of memory, and results of folds are in memory."""
    lengths, width = problem.lengths, problem.width
    lane = max(*problem.kept, *problem.folded)
    if lane in problem.folded:
        return math.inf
    lanes = min(width, lengths[lane])
    cost = sum(part.cost for part in problem.work if lane in part.axes) + MEMORY * len(problem.results)
    apart = sum(
        LANE * lanes * part.cost for part in problem.work if part.steps and part.steps[lane] not in (0, part.size)
    )
    return (cost + apart) * -(-lengths[lane] // lanes) / lengths[lane]


def _put_away(one: Tiling, steps: tuple[int, ...], size: int, uneven: float) -> float:
    """What a vector of results costs."""
    if one.lane != one.folds[-1]:
        return DONE * uneven if steps[one.lane] == size else LANE * one.lanes
    beside = any(steps[k] == size for k, _ in one.tile) and not one.lanes & (one.lanes - 1)
    return DONE if beside else DONE + 2.0 * math.log2(max(one.lanes, 2))
