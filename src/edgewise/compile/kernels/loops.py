"""Loops: a graph becomes machine code that goes over its space.

The innermost loop takes several points at once, one in each lane of a vector register: its axis is the one along which
most of the memory lies in one piece. Axes that all memory goes through as if they were one become one. What does not
change along the inner axes is computed outside of them. Where the lanes do not come out even, the last vector begins
earlier and does some points again, which for a fold are left out by a mask; so there is no second version in scalars.

Folds that all go along some axis, and keep another, are done in ``tiles``. What is left are folds along all axes, and
those that a tile would make read memory in pieces. A fold along inner axes has its partial results in registers:
several vectors, added up at the end of each loop and of every ``BLOCK`` turns. So no number takes part in more
additions than a block has turns, and there are blocks: in a sum of a million 250 and 120, where NumPy's pairwise
summation has some 30 and a plain loop a million (blocked summation: Higham, *Accuracy and Stability of Numerical
Algorithms*, 2002, section 4.2). A fold along outer axes has them in memory, at the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgewise.compile.ir import Value, select, vector
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.crossing import crossing, write_crossing
from edgewise.compile.kernels.folding import combining, neutral
from edgewise.compile.kernels.kinds import Held, constant, convert, load, store
from edgewise.compile.kernels.lanes import across, chosen, mask, spread, together
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.nests import Changed, Fetched, FoldInto, Known, Made, Node, Reach, Read, Term
from edgewise.compile.kernels.offsets import Offsets, beside, put
from edgewise.compile.kernels.order import Layout, operands, reaches
from edgewise.compile.kernels.scalars import write as write_scalar
from edgewise.compile.kernels.tiles import write_tiles
from edgewise.compile.kernels.tiling import BLOCK, common, tiling

__all__ = ["write_nest"]

SHORT = 12  # instructions of a body that is written out four times
MEDIUM = 40  # and twice
MANY = 24  # elementary functions of a body from which on they are called rather than written in place


def write_nest(
    body: Body, layout: Layout, width: int, beyond: int, calling: bool, counter: Value | None = None
) -> None:
    """Write the loops.

    Args:
        body: the function they are in.
        layout: what they do.
        width: how many float64 a vector register holds.
        beyond: what the function returns where an index is out of range.
        calling: whether elementary functions are called, to keep a long program short.
        counter: of the outermost loop, where that is open already. What is folded along it begins with what
            ``clear_across`` has written.
    """
    crosswise = crossing(layout, width)
    if crosswise is not None:
        write_crossing(body, layout, crosswise, counter)
        return
    tiles = tiling(layout, width)
    if tiles is None:
        _Nest(body, layout, width, beyond, calling, counter).write()
        return
    for fold in layout.folds:
        if fold.axes.difference(common(layout), range(layout.opened)) and not (layout.opened and 0 in fold.axes):
            base = body.pointer(fold.at.buffer, fold.at.offset)
            base = base if counter is None else beside(body.block, base, counter * fold.at.steps[0])
            _clear(body, fold, [1] * layout.opened + list(layout.lengths[layout.opened :]), base)
    functions = sum(isinstance(node, Made) and bool(node.how.maths) for node in layout.nodes)
    write_tiles(body, layout, tiles, calling or functions > MANY, counter)


def clear_across(body: Body, layout: Layout) -> None:
    """Let what is folded along a loop that others open begin with what changes nothing; for before that loop."""
    for fold in layout.folds:
        if 0 in fold.axes:
            _clear(body, fold, layout.lengths, body.pointer(fold.at.buffer, fold.at.offset))


def _clear(body: Body, fold: FoldInto, lengths: Sequence[int], base: str) -> None:
    """Let the result of a fold that is done in memory begin with what changes nothing."""
    block, pointer = body.block, base
    loops = []
    for length, step, k in zip(lengths, fold.at.steps, range(len(lengths)), strict=True):
        if k not in fold.axes and length > 1:
            loops.append(Loop(body, 0, length, 1, []))
            pointer = beside(block, pointer, loops[-1].counter * step)
    store(block, constant(block, neutral(fold.name, fold.kind), fold.kind), pointer, fold.kind)
    for loop in reversed(loops):
        loop.close([])


class _Nest:
    def __init__(
        self, body: Body, layout: Layout, width: int, beyond: int, calling: bool, counter: Value | None
    ) -> None:
        self.beyond, self.calling, self.counter = beyond, calling, counter
        self.body, self.block, self.layout = body, body.block, layout
        self.lengths = layout.lengths
        self.rank = len(layout.lengths)
        self.inner = self.rank - 1
        self.levels = self._levels()
        self.lanes, self.times = self._parallel(width)
        # A long body is written once: the last turn of the loop begins earlier, and so do no turns after it.
        short = self.rank == 0 or self.times > 1 or self.lengths[-1] % self.lanes == 0
        self.clamped = not short and not any(one.terms for one in layout.stores)
        self.values: dict[int, Held] = {}  # of nodes outside the innermost loop
        self.spread: dict[int, Held] = {}  # the same in every lane
        self.rows: dict[tuple[Term, ...], Value | None] = {}  # where indices lead that are the same in every lane
        self.pointers: dict[tuple[int, int, tuple[int, ...]], str] = {}
        # Folds in registers, and the outermost of the loops that each is along without a break.
        self.carried = [f for f in layout.folds if self.inner in f.axes]
        self.begins = [self._begin(f) for f in self.carried]
        self.in_memory = [f for f in layout.folds if self.inner not in f.axes]

    def _parallel(self, width: int) -> tuple[int, int]:
        """How many lanes, and how many times the body is written out in one turn."""
        self.called = True
        if not self.rank:
            return 1, 1
        layout = self.layout
        largest = max([size for _, size in reaches(layout.nodes, layout.stores, layout.folds)], default=8)
        lanes = min(max(2, 8 * width // max(largest, 4)), self.lengths[-1])
        cost = 0
        for node, level in zip(layout.nodes, self.levels, strict=True):
            cost += node.how.cost if isinstance(node, Made) and level == self.inner else 0
        functions = sum(isinstance(n, Made) and bool(n.how.maths) for n in layout.nodes)
        self.called = self.calling or functions > MANY
        times = 4 if cost <= SHORT else 2 if cost <= MEDIUM else 1
        return lanes, max(1, min(times, self.lengths[-1] // lanes))

    def _levels(self) -> list[int]:
        """For each node the loop that it changes with; -1 where it never does."""
        found: list[int] = []
        for node in self.layout.nodes:
            if isinstance(node, Read | Fetched):
                level = max((k for k, step in enumerate(node.at.steps) if step), default=-1)
                found.append(max([level, *(found[i] for i in operands(node))]))
            elif isinstance(node, Made):
                found.append(max((found[i] for i in node.arguments), default=-1))
            else:
                found.append(found[node.node] if isinstance(node, Changed) else -1)
        return found

    def _begin(self, fold: FoldInto) -> int:
        level = self.inner
        while level > self.layout.opened and level - 1 in fold.axes:
            level -= 1
        return level

    # -- the loops

    def write(self) -> None:
        """Write everything: first what folds in memory begin with."""
        opened = self.layout.opened
        for reach, _ in reaches(self.layout.nodes, self.layout.stores, self.layout.folds):
            self.pointers[reach.buffer, reach.offset, ()] = self.body.pointer(reach.buffer, reach.offset)
        self._outside(-1)
        if opened:
            self._outside(0, self.counter)
        lengths = [1] * opened + list(self.lengths[opened:])
        for fold in self.layout.folds:
            across = opened and 0 in fold.axes
            if not across and (fold in self.in_memory or any(k < self._begin(fold) for k in fold.axes)):
                _clear(self.body, fold, lengths, self._pointer(fold.at, opened))
        if self.rank:
            self._loop(opened)
        else:
            for one in self.layout.stores:
                pointer = beside(
                    self.block, self._pointer(one.at, 0), self._places(one.terms, self.values.__getitem__, 1)
                )
                put(self.block, self.values[one.node], pointer, one)

    def _loop(self, level: int) -> list[Held]:
        """The loop over one axis and those inside it. Returns the partial results of folds, one value a fold."""
        if level == self.inner:
            found = self._innermost()
        else:
            mine = [i for i, begin in enumerate(self.begins) if begin <= level]
            start = [self._neutral(self.carried[i]) for i in mine]
            loop = Loop(self.body, 0, self.lengths[level], 1, start)
            self._outside(level, loop.counter)
            inside = self._loop(level + 1)
            combined = [
                self._combined(self.carried[i], so_far, inside[i]) for i, so_far in zip(mine, loop.carried, strict=True)
            ]
            loop.close(combined)
            found = inside
            for i, held in zip(mine, combined, strict=True):
                found[i] = held
        for i, begin in enumerate(self.begins):
            if begin == level:
                self._finish(self.carried[i], found[i], level)
        return found

    def _innermost(self) -> list[Held]:
        """The loop that takes points lane by lane."""
        self._spread_out()
        length, lanes = self.lengths[-1], self.lanes
        results: list[list[Held]] = [[] for _ in self.carried]
        step = lanes * self.times
        main = length if self.clamped else length // step * step
        if main > 0:
            results = self._main(main, step)
        at = main
        while length - at >= lanes:
            for found, value in zip(results, self._points(at, None), strict=True):
                found.append(value)
            at += lanes
        if at < length:
            for found, value in zip(results, self._points(length - lanes, lanes - (length - at)), strict=True):
                found.append(value)
        return [
            together(combining(fold.name, fold.kind), found) for fold, found in zip(self.carried, results, strict=True)
        ]

    def _main(self, main: int, step: int) -> list[list[Held]]:
        """The whole turns of the innermost loop."""
        blocked = self.carried and main > 2 * BLOCK * step
        outer = None
        start: Value | int = 0
        stop: Value | int = main
        if blocked:
            outer = Loop(self.body, 0, main, BLOCK * step, [self._neutral(f) for f in self.carried])
            start = outer.counter
            end = start + BLOCK * step
            stop = select(end < main, end, main)
        neutral = [self._neutral(f) for f in self.carried for _ in range(self.times)]
        if main == step:
            return [list(found) for found in self._turn(0, neutral)]
        loop = Loop(self.body, start, stop, step, neutral)
        found = self._turn(loop.counter, loop.carried)
        loop.close([value for values in found for value in values])
        if outer is None:
            return found
        sums = [
            self._combined(fold, so_far, together(combining(fold.name, fold.kind), values))
            for fold, so_far, values in zip(self.carried, outer.carried, found, strict=True)
        ]
        outer.close(sums)
        return [[value] for value in sums]

    def _turn(self, at: Value | int, carried: Sequence[Held]) -> list[list[Held]]:
        """One turn: the body as many times as it is written out, each with partial results of its own."""
        found: list[list[Held]] = [[] for _ in self.carried]
        for i in range(self.times):
            so_far = [carried[k * self.times + i] for k in range(len(self.carried))]
            skipped = None
            if self.clamped:
                assert isinstance(at, Value)
                latest = self.lengths[-1] - self.lanes
                at, wanted = select(at < latest, at, latest), at
                skipped = wanted - at if self.layout.folds or any(s.add for s in self.layout.stores) else None
            for values, value in zip(found, self._points(at, skipped, i * self.lanes, so_far), strict=True):
                values.append(value)
        return found

    # -- points

    def _points(
        self, at: Value | int, skipped: Value | int | None, ahead: int = 0, so_far: Sequence[Held] | None = None
    ) -> list[Held]:
        """The points in the lanes from ``at + ahead`` on; a fold leaves out the first ``skipped`` of them."""
        values: dict[int, Held] = {}
        reach = Offsets(self.block, self.lanes, lambda one: self._pointer(one, self.inner), at, ahead)

        def of(number: int) -> Held:
            return values[number] if number in values else self.spread[number]

        for number, node in enumerate(self.layout.nodes):
            if self.levels[number] != self.inner:
                continue
            if isinstance(node, Read):
                values[number] = reach.load(node)
            elif isinstance(node, Fetched):
                if node.terms in self.rows:
                    values[number] = reach.load(Read(node.at, node.kind), self.rows[node.terms])
                else:
                    values[number] = reach.fetch(node, self._places(node.terms, of, self.lanes))
            else:
                values[number] = self._computed(node, of)
        within = None if skipped is None else mask(self.block, self.lanes, skipped)
        for one in self.layout.stores:
            row = self.rows.get(one.terms)
            if one.terms and (row is None or not one.at.steps[-1]):  # lanes may meet at one place
                assert not isinstance(skipped, Value)
                places = self._places(one.terms, of, self.lanes) if row is None else row
                reach.put(of(one.node), one, places, skipped or 0)
                continue
            value = of(one.node)
            if one.add:
                before = reach.load(Read(one.at, one.kind), row)
                value = combining("add", one.kind)(before, value)
                value = value if within is None else chosen(within, value, before)
            reach.store(value, one.at, one.kind, row)
        for fold in self.in_memory:
            before = reach.load(Read(fold.at, fold.kind))
            after = self._combined(fold, before, of(fold.node))
            reach.store(after if within is None else chosen(within, after, before), fold.at, fold.kind)
        found: list[Held] = []
        for k, fold in enumerate(self.carried):
            value = of(fold.node)
            if within is not None:
                value = chosen(within, value, self._neutral(fold))
            found.append(value if so_far is None else self._combined(fold, so_far[k], value))
        return found

    def _places(self, terms: Sequence[Term], of: Callable[[int], Held], lanes: int) -> Value | None:
        """How many bytes further indices lead, in each lane; out of range, the function returns."""
        total: Value | None = None
        for term in terms:
            index = of(term.node)
            assert isinstance(index, Value)
            index = select(index < 0, index + term.length, index)
            fits = self.block.emit(f"icmp ult {index!r}, {index.kind.literal(term.length)}", index.kind.of("i1"))
            if lanes > 1:
                fits = self.block.call(f"llvm.vector.reduce.and.v{lanes}i1", vector("i1", 1), fits)
            self.body.guard(fits, self.beyond)
            part = index * term.stride
            total = part if total is None else total + part
        return total

    def _computed(self, node: Node, of: Callable[[int], Held]) -> Held:
        if isinstance(node, Made):
            return write_scalar(self.block, node.how, [of(i) for i in node.arguments], self.called)
        assert isinstance(node, Changed)
        return convert(of(node.node), node.given, node.wanted)

    def _outside(self, level: int, counter: Value | None = None) -> None:
        """What changes with this loop and with none inside it; and how far it takes each pointer."""
        if counter is not None:
            for at, _ in reaches(self.layout.nodes, self.layout.stores, self.layout.folds):
                self._advance(at, level, counter)
        if level == self.inner and self.rank:
            return
        for number, node in enumerate(self.layout.nodes):
            if self.levels[number] != level:
                continue
            if isinstance(node, Read):
                self.values[number] = load(self.block, self._pointer(node.at, level + 1), node.kind)
            elif isinstance(node, Fetched):
                places = self._places(node.terms, self.values.__getitem__, 1)
                pointer = beside(self.block, self._pointer(node.at, level + 1), places)
                self.values[number] = load(self.block, pointer, node.kind)
            elif isinstance(node, Known):
                self.values[number] = self.body.held(node.cell)
            else:
                self.values[number] = self._computed(node, self.values.__getitem__)

    def _advance(self, at: Reach, level: int, counter: Value) -> None:
        key = (at.buffer, at.offset, at.steps[: level + 1])
        if at.steps[level] == 0:
            self.pointers[key] = self._pointer(at, level)
            return
        moved, name = counter * at.steps[level], self.block.fresh()
        self.block.lines.append(f"  %{name} = getelementptr i8, ptr {self._pointer(at, level)}, i64 {moved.text}")
        self.pointers[key] = f"%{name}"

    def _pointer(self, at: Reach, level: int) -> str:
        """Where memory is at the counters of the loops outside a level."""
        return self.pointers[at.buffer, at.offset, at.steps[:level]]

    def _spread_out(self) -> None:
        """What is the same at all points of the innermost loop, in every lane."""
        used = {i for n, k in zip(self.layout.nodes, self.levels, strict=True) if k == self.inner for i in operands(n)}
        used |= {one.node for one in self.layout.stores} | {one.node for one in self.layout.folds}
        used |= {term.node for one in self.layout.stores for term in one.terms}
        every = [n.terms for n in self.layout.nodes if isinstance(n, Fetched)] + [s.terms for s in self.layout.stores]
        self.rows = {
            terms: self._places(terms, self.values.__getitem__, 1)
            for terms in every
            if terms and not any(self.levels[term.node] == self.inner for term in terms)
        }
        self.spread = {i: spread(self.values[i], self.lanes) for i in sorted(used) if self.levels[i] != self.inner}

    # -- folds

    def _neutral(self, fold: FoldInto) -> Held:
        return constant(self.block, neutral(fold.name, fold.kind), fold.kind, self.lanes)

    def _combined(self, fold: FoldInto, a: Held, b: Held) -> Held:
        found: Held = combining(fold.name, fold.kind)(a, b)
        return found

    def _finish(self, fold: FoldInto, held: Held, level: int) -> None:
        """Write the result of a fold, once the loops that it is along are done."""
        total = across(combining(fold.name, fold.kind), held)
        pointer = self._pointer(fold.at, level)
        if any(k < level for k in fold.axes):
            total = self._combined(fold, load(self.block, pointer, fold.kind), total)
        store(self.block, total, pointer, fold.kind)
