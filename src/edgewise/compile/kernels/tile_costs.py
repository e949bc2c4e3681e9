"""What a tile costs: the model by which ``tiling`` chooses.

It counts, for the turn of a tile, instructions on numbers and reads from the first cache. One of each can begin in a
cycle, and what is folded can be used again four cycles later (Zen 4 with 512 bits; processors with other figures have
much the same ratios). What the tile costs when it is done is spread over its turns, and entries that are done twice,
because a tile does not divide an axis, count twice.

Memory that is far away counts by how it is gone through. A processor foresees that the next line is wanted: a matrix of
80 MB that is read from its beginning to its end arrives three times as fast as one of which several rows are read in
turns, or of which a tile has a piece of each row. ``benchmarks/products.py`` measures what comes of it all.
"""

from __future__ import annotations

import math
from typing import NamedTuple

__all__ = ["Problem", "Tiling", "Work", "cycles", "in_memory"]

LATENCY = 4  # cycles until what was folded can be folded again
TURN = 1.0  # cycles that a turn takes beside its instructions
BOTH = 0.3  # how much of the lesser of arithmetic and reads is not hidden by the other
DONE = 4.0  # cycles per vector of results to put it away
LANE = 1.5  # cycles to fetch or to write a lane on its own
UNEVEN = 3.0  # reads that a vector takes whose number of lanes is no power of two
NARROW = 0.7  # of the cycles of a whole vector, for half of one
MOST_WRITTEN = 60  # instructions of a turn beyond which registers are short
MEMORY = 2.5  # cycles to have the result of a fold in memory rather than in a register: to read and to write it
RETURN = 14.0  # cycles until what was written can be folded again
LOOP = 5.0  # cycles to begin a loop and to end it
LINE = 64  # bytes that are read together
NEAR = 1 << 15  # bytes of an array up to which it is in the first cache
MIDDLE = 1 << 22  # bytes from which on it comes from the last cache, or from memory
FAR = 1 << 24  # bytes from which on it comes from memory
AHEAD = 1 << 16  # bytes of a block of rows, the next of which is fetched while this one is used
ALIKE = 1 << 11  # bytes between rows that are in each other's way in the cache, if it is a multiple of that
FRESH = 6.0  # cycles to find a line of another row in memory, which is not foreseen
JUMP = 15.0  # cycles to begin with another row, there and where rows are alike
WEAVE = (4.0, 11.0)  # cycles a line where several rows are read in turns, from the middle and from far


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


class Work(NamedTuple):
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


class Problem(NamedTuple):
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
    work: tuple[Work, ...]
    results: tuple[tuple[tuple[int, ...], int], ...]
    width: int


def cycles(one: Tiling, problem: Problem) -> float:
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
    if 2 * lanes * max(size for _, size in results) <= 8 * problem.width:
        arithmetic, reads = NARROW * arithmetic, NARROW * reads
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


def _jumped(one: Tiling, part: Work, lengths: tuple[int, ...]) -> float:
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


def in_memory(problem: Problem) -> float:
    """What a point costs where the loops are in the order of memory, and results of folds are in memory."""
    lengths, width = problem.lengths, problem.width
    lane = max(*problem.kept, *problem.folded)
    if lane in problem.folded:
        return math.inf
    lanes = min(width, lengths[lane])
    vectors = -(-lengths[lane] // lanes)
    cost = sum(part.cost for part in problem.work if lane in part.axes) + MEMORY * len(problem.results)
    apart = sum(part.cost for part in problem.work if part.steps and part.steps[lane] not in (0, part.size))
    return (max((cost + LANE * lanes * apart) * vectors, RETURN) + LOOP) / lengths[lane]


def _put_away(one: Tiling, steps: tuple[int, ...], size: int, uneven: float) -> float:
    """What a vector of results costs."""
    if one.lane != one.folds[-1]:
        return DONE * uneven if steps[one.lane] == size else LANE * one.lanes
    beside = any(steps[k] == size for k, _ in one.tile) and not one.lanes & (one.lanes - 1)
    return DONE if beside else DONE + 2.0 * math.log2(max(one.lanes, 2))
