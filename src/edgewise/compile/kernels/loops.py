"""Loops: a graph becomes machine code that goes over its space.

The innermost loop takes several points at once, one in each lane of a vector register: its axis is the one along which
most of the memory lies in one piece. Axes that all memory goes through as if they were one become one. What does not
change along the inner axes is computed outside of them. Where the lanes do not come out even, the last vector begins
earlier and does some points again, which for a fold are left out by a mask; so there is no second version in scalars.

A fold along inner axes has its partial results in registers: several vectors, added up at the end of each loop and of
every ``BLOCK`` turns, so that rounding errors grow with the logarithm of the length rather than with it, much as in
NumPy's pairwise summation (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 4.2). A fold along
outer axes has them in memory, at the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edgewise.compile.ir import Block, Value, select, vector
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.folding import combining
from edgewise.compile.kernels.kinds import Complex, Held, Kind, constant, convert, load, store
from edgewise.compile.kernels.nests import (
    Changed,
    Fetched,
    FoldInto,
    Graph,
    Known,
    Made,
    Node,
    Reach,
    Read,
    Store,
    Term,
)
from edgewise.compile.kernels.scalars import write as write_scalar

__all__ = ["Layout", "arranged", "write_nest"]

BLOCK = 256  # turns of the innermost loop after which partial sums are put away
SHORT = 12  # instructions of a body that is written out four times
MEDIUM = 40  # and twice


class Layout(NamedTuple):
    """A graph whose axes are in the order of the loops.

    Attributes:
        lengths: of the axes, outermost first.
        nodes, stores, folds: as in a ``Graph``.
    """

    lengths: tuple[int, ...]
    nodes: list[Node]
    stores: list[Store]
    folds: list[FoldInto]


def arranged(graph: Graph) -> Layout:
    """The order of the loops: axes of one entry are left out, the best one is innermost, and some become one."""
    space = graph.space
    reaches = _reaches(graph.nodes, graph.stores, graph.folds)
    axes = [k for k, n in enumerate(space) if n > 1]
    if axes:
        best = max(axes, key=lambda k: (sum(_fitness(at, size, k) for at, size in reaches), k))
        axes = [k for k in axes if k != best] + [best]
    groups: list[list[int]] = []
    for axis in axes:
        if groups and _joined(groups[-1][-1], axis, space, reaches, graph.folds):
            groups[-1].append(axis)
        else:
            groups.append([axis])

    def moved(at: Reach) -> Reach:
        return at._replace(steps=tuple(at.steps[group[-1]] for group in groups))

    stores = [one._replace(at=moved(one.at)) for one in graph.stores]
    folds: list[FoldInto] = []
    for fold in graph.folds:
        along = frozenset(i for i, group in enumerate(groups) if group[0] in fold.axes)
        if along:
            folds.append(fold._replace(at=moved(fold.at), axes=along))
        else:  # of one entry
            stores.append(Store(fold.node, moved(fold.at), fold.kind))
    nodes = [node._replace(at=moved(node.at)) if isinstance(node, Read | Fetched) else node for node in graph.nodes]
    return Layout(tuple(math.prod(space[k] for k in group) for group in groups), nodes, stores, folds)


def _reaches(nodes: Sequence[Node], stores: Sequence[Store], folds: Sequence[FoldInto]) -> list[tuple[Reach, int]]:
    found = [(n.at, n.kind.size) for n in nodes if isinstance(n, Read | Fetched)]
    found += [(s.at, s.kind.size) for s in stores]
    return found + [(f.at, f.kind.size) for f in folds]


def _fitness(at: Reach, size: int, axis: int) -> int:
    """How well memory is read along an axis: in one piece, always at one place, or in strides."""
    step = at.steps[axis]
    return 2 if step == size else 0 if not step else -3


def _joined(
    outer: int, inner: int, space: tuple[int, ...], reaches: list[tuple[Reach, int]], folds: list[FoldInto]
) -> bool:
    return all(at.steps[outer] == at.steps[inner] * space[inner] for at, _ in reaches) and all(
        (outer in fold.axes) == (inner in fold.axes) for fold in folds
    )


class Loop:
    """A loop over a counter that runs at least once, with values that go from turn to turn."""

    def __init__(self, body: Body, start: Value | int, stop: Value | int, step: int, carried: Sequence[Held]) -> None:
        block = self.block = body.block
        number, before = block.fresh(), block.label
        self._label, self._done = f"{number}.loop", f"{number}.done"
        self._stop, self._step = stop.text if isinstance(stop, Value) else str(stop), step
        first = start.text if isinstance(start, Value) else str(start)
        block.lines.append(f"  br label %{self._label}")
        block.begin(self._label)
        self.counter = block.name(f"%{number}.at", vector("i64", 1))
        self._phis = [(self.counter, first, before)]
        self.carried: list[Held] = []
        for i, held in enumerate(carried):
            parts = held if isinstance(held, Complex) else (held,)
            inside = [block.name(f"%{number}.c{i}.{k}", part.kind) for k, part in enumerate(parts)]
            self._phis += [(name, part.text, before) for name, part in zip(inside, parts, strict=True)]
            self.carried.append(Complex(*inside) if isinstance(held, Complex) else inside[0])
        self._at = len(block.lines)
        block.lines.append("")  # what the counter and the values are next turn is known at the end

    def close(self, carried: Sequence[Held]) -> None:
        """End the loop; the values that were carried are those of the last turn from here on."""
        block = self.block
        following = self.counter + self._step
        more = block.emit(f"icmp slt i64 {following.text}, {self._stop}", vector("i1", 1))
        latest = [following]
        for held in carried:
            latest += held if isinstance(held, Complex) else [held]
        block.lines[self._at] = "\n".join(
            f"  {name.text} = phi {name.kind.text} [ {first}, %{before} ], [ {last.text}, %{block.label} ]"
            for (name, first, before), last in zip(self._phis, latest, strict=True)
        )
        block.lines.append(f"  br i1 {more.text}, label %{self._label}, label %{self._done}")
        block.begin(self._done)


def write_nest(body: Body, layout: Layout, width: int, beyond: int) -> None:
    """Write the loops.

    Args:
        body: the function they are in.
        layout: what they do.
        width: how many float64 a vector register holds.
        beyond: what the function returns where an index is out of range.
    """
    _Nest(body, layout, width, beyond).write()


class _Nest:
    def __init__(self, body: Body, layout: Layout, width: int, beyond: int) -> None:
        self.beyond = beyond
        self.body, self.block, self.layout = body, body.block, layout
        self.lengths = layout.lengths
        self.rank = len(layout.lengths)
        self.inner = self.rank - 1
        self.levels = self._levels()
        self.lanes, self.times = self._parallel(width)
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
        if not self.rank:
            return 1, 1
        layout = self.layout
        largest = max([size for _, size in _reaches(layout.nodes, layout.stores, layout.folds)], default=8)
        lanes = min(max(2, 8 * width // max(largest, 4)), self.lengths[-1])
        cost = 0
        for node, level in zip(layout.nodes, self.levels, strict=True):
            cost += node.how.cost if isinstance(node, Made) and level == self.inner else 0
        times = 4 if cost <= SHORT else 2 if cost <= MEDIUM else 1
        return lanes, max(1, min(times, self.lengths[-1] // lanes))

    def _levels(self) -> list[int]:
        """For each node the loop that it changes with; -1 where it never does."""
        found: list[int] = []
        for node in self.layout.nodes:
            if isinstance(node, Read | Fetched):
                level = max((k for k, step in enumerate(node.at.steps) if step), default=-1)
                found.append(max([level, *(found[i] for i in _operands(node))]))
            elif isinstance(node, Made):
                found.append(max((found[i] for i in node.arguments), default=-1))
            else:
                found.append(found[node.node] if isinstance(node, Changed) else -1)
        return found

    def _begin(self, fold: FoldInto) -> int:
        level = self.inner
        while level and level - 1 in fold.axes:
            level -= 1
        return level

    # -- the loops

    def write(self) -> None:
        """Write everything: first what folds in memory begin with."""
        for fold in self.layout.folds:
            if fold in self.in_memory or any(k < self._begin(fold) for k in fold.axes):
                self._clear(fold)
        for reach, _ in _reaches(self.layout.nodes, self.layout.stores, self.layout.folds):
            self.pointers[reach.buffer, reach.offset, ()] = self.body.pointer(reach.buffer, reach.offset)
        self._outside(-1)
        if self.rank:
            self._loop(0, [])
        else:
            for one in self.layout.stores:
                pointer = beside(
                    self.block, self._pointer(one.at, 0), self._places(one.terms, self.values.__getitem__, 1)
                )
                put(self.block, self.values[one.node], pointer, one)

    def _loop(self, level: int, counters: list[Value]) -> list[Held]:
        """The loop over one axis and those inside it. Returns the partial results of folds, one value a fold."""
        if level == self.inner:
            found = self._innermost()
        else:
            mine = [i for i, begin in enumerate(self.begins) if begin <= level]
            start = [self._neutral(self.carried[i]) for i in mine]
            loop = Loop(self.body, 0, self.lengths[level], 1, start)
            self._outside(level, loop.counter)
            inside = self._loop(level + 1, [*counters, loop.counter])
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
        main = length // step * step
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
        return [self._together(fold, found) for fold, found in zip(self.carried, results, strict=True)]

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
            self._combined(fold, so_far, self._together(fold, values))
            for fold, so_far, values in zip(self.carried, outer.carried, found, strict=True)
        ]
        outer.close(sums)
        return [[value] for value in sums]

    def _turn(self, at: Value | int, carried: Sequence[Held]) -> list[list[Held]]:
        """One turn: the body as many times as it is written out, each with partial results of its own."""
        found: list[list[Held]] = [[] for _ in self.carried]
        for i in range(self.times):
            so_far = [carried[k * self.times + i] for k in range(len(self.carried))]
            for values, value in zip(found, self._points(at, None, i * self.lanes, so_far), strict=True):
                values.append(value)
        return found

    # -- points

    def _points(
        self, at: Value | int, skipped: int | None, ahead: int = 0, so_far: Sequence[Held] | None = None
    ) -> list[Held]:
        """The points in the lanes from ``at + ahead`` on; a fold leaves out the first ``skipped`` of them."""
        values: dict[int, Held] = {}
        reach = _Offsets(self, at, ahead)

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
        mask = None if skipped is None else self._mask(skipped)
        for one in self.layout.stores:
            row = self.rows.get(one.terms)
            if one.terms and row is None:
                reach.put(of(one.node), one, self._places(one.terms, of, self.lanes), skipped or 0)
                continue
            value = of(one.node)
            if one.add:
                before = reach.load(Read(one.at, one.kind), row)
                value = combining("add", one.kind)(before, value)
                value = value if mask is None else _chosen(mask, value, before)
            reach.store(value, one.at, one.kind, row)
        for fold in self.in_memory:
            before = reach.load(Read(fold.at, fold.kind))
            after = self._combined(fold, before, of(fold.node))
            reach.store(after if mask is None else _chosen(mask, after, before), fold.at, fold.kind)
        found: list[Held] = []
        for k, fold in enumerate(self.carried):
            value = of(fold.node)
            if mask is not None:
                value = _chosen(mask, value, self._neutral(fold))
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
            return write_scalar(self.block, node.how, [of(i) for i in node.arguments], called=False)
        assert isinstance(node, Changed)
        return convert(of(node.node), node.given, node.wanted)

    def _outside(self, level: int, counter: Value | None = None) -> None:
        """What changes with this loop and with none inside it; and how far it takes each pointer."""
        if counter is not None:
            for at, _ in _reaches(self.layout.nodes, self.layout.stores, self.layout.folds):
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
        used = {i for n, k in zip(self.layout.nodes, self.levels, strict=True) if k == self.inner for i in _operands(n)}
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

    def _together(self, fold: FoldInto, values: list[Held]) -> Held:
        while len(values) > 1:
            values = [
                self._combined(fold, values[i], values[i + 1]) if i + 1 < len(values) else values[i]
                for i in range(0, len(values), 2)
            ]
        return values[0]

    def _finish(self, fold: FoldInto, held: Held, level: int) -> None:
        """Write the result of a fold, once the loops that it is along are done."""
        total = across(combining(fold.name, fold.kind), held)
        pointer = self._pointer(fold.at, level)
        if any(k < level for k in fold.axes):
            total = self._combined(fold, load(self.block, pointer, fold.kind), total)
        store(self.block, total, pointer, fold.kind)

    def _clear(self, fold: FoldInto) -> None:
        """Let the result of a fold that is done in memory begin with what changes nothing."""
        kept = [k for k in range(self.rank) if k not in fold.axes]
        one = constant(self.block, neutral(fold.name, fold.kind), fold.kind)
        count = math.prod(self.lengths[k] for k in kept)
        base = self.body.pointer(fold.at.buffer, fold.at.offset)  # the result is in one piece
        loop = Loop(self.body, 0, count, 1, [])
        moved, name = loop.counter * fold.kind.size, self.block.fresh()
        self.block.lines.append(f"  %{name} = getelementptr i8, ptr {base}, i64 {moved.text}")
        store(self.block, one, f"%{name}", fold.kind)
        loop.close([])

    def _mask(self, skipped: int) -> Value:
        t = vector("i1", self.lanes)
        lanes = ", ".join(f"i1 {int(i >= skipped)}" for i in range(self.lanes))
        return self.block.name(f"<{lanes}>" if self.lanes > 1 else "1", t)


class _Offsets:
    """Memory at one turn of the innermost loop."""

    def __init__(self, nest: _Nest, at: Value | int, ahead: int) -> None:
        self.nest, self.at, self.ahead = nest, at, ahead
        self._pointers: dict[Reach, str] = {}
        self._offsets: dict[int, str] = {}

    def pointer(self, at: Reach) -> str:
        """Where memory is in the first lane."""
        found = self._pointers.get(at)
        if found is None:
            found = self._pointers[at] = self._moved(self.nest._pointer(at, self.nest.inner), at.steps[-1])
        return found

    def _moved(self, pointer: str, step: int) -> str:
        block = self.nest.block
        if isinstance(self.at, Value) and step:
            offset = self._offsets.get(step)
            if offset is None:
                offset = self._offsets[step] = (self.at * step).text
            name = block.fresh()
            block.lines.append(f"  %{name} = getelementptr i8, ptr {pointer}, i64 {offset}")
            pointer = f"%{name}"
        constant_part = (self.ahead + (0 if isinstance(self.at, Value) else self.at)) * step
        return beside(self.nest.block, pointer, constant_part)

    def load(self, node: Read, row: Value | None = None) -> Held:
        """The numbers in all lanes, ``row`` bytes further."""
        nest, step, lanes = self.nest, node.at.steps[-1], self.nest.lanes
        pointer = beside(nest.block, self.pointer(node.at), row)
        if lanes > 1 and not step:
            return spread(load(nest.block, pointer, node.kind), lanes)
        if lanes == 1 or step == node.kind.size:
            return load(nest.block, pointer, node.kind, lanes)
        single = [load(nest.block, beside(nest.block, pointer, i * step), node.kind) for i in range(lanes)]
        return _gathered(single)

    def fetch(self, node: Fetched, places: Value | None) -> Held:
        """The numbers in all lanes, each where its index leads."""
        block = self.nest.block
        lanes = self._lanes(node.at, places)
        return _gathered([load(block, pointer, node.kind) for pointer in lanes])

    def put(self, held: Held, one: Store, places: Value | None, skipped: int) -> None:
        """Write the numbers of all lanes one after the other, or add them to what is there."""
        for i, pointer in enumerate(self._lanes(one.at, places)):
            if i >= skipped:
                put(self.nest.block, _part(held, i, 1), pointer, one)

    def _lanes(self, at: Reach, places: Value | None) -> list[str]:
        """Where each lane is."""
        block, first = self.nest.block, self.pointer(at)
        found = []
        for i in range(self.nest.lanes):
            pointer = beside(block, first, i * at.steps[-1])
            found.append(beside(block, pointer, None if places is None else places.lane(i)))
        return found

    def store(self, held: Held, at: Reach, kind: Kind, row: Value | None = None) -> None:
        """Write the numbers of all lanes, ``row`` bytes further."""
        nest, step, lanes = self.nest, at.steps[-1], self.nest.lanes
        pointer = beside(nest.block, self.pointer(at), row)
        if lanes == 1 or step == kind.size:
            store(nest.block, held, pointer, kind)
            return
        for i in range(lanes):
            one = Complex(*(part.lane(i) for part in held)) if isinstance(held, Complex) else held.lane(i)
            store(nest.block, one, beside(nest.block, pointer, i * step), kind)


def _operands(node: Node) -> tuple[int, ...]:
    if isinstance(node, Fetched):
        return tuple(term.node for term in node.terms)
    return node.arguments if isinstance(node, Made) else (node.node,) if isinstance(node, Changed) else ()


def beside(block: Block, pointer: str, offset: Value | int | None) -> str:
    """An address some bytes further."""
    if offset is None or offset == 0:
        return pointer
    name = block.fresh()
    text = offset.text if isinstance(offset, Value) else offset
    block.lines.append(f"  %{name} = getelementptr i8, ptr {pointer}, i64 {text}")
    return f"%{name}"


def put(block: Block, held: Held, pointer: str, one: Store) -> None:
    """Write a number, or add it to what is there."""
    if one.add:
        held = combining("add", one.kind)(load(block, pointer, one.kind), held)
    store(block, held, pointer, one.kind)


def _gathered(single: Sequence[Held]) -> Held:
    """Scalars as the lanes of a vector."""
    if isinstance(single[0], Complex):
        parts = [[one[k] for one in single if isinstance(one, Complex)] for k in (0, 1)]
        return Complex(*(_lanes(part) for part in parts))
    return _lanes([one for one in single if isinstance(one, Value)])


def _lanes(single: Sequence[Value]) -> Value:
    t = vector(single[0].kind.element, len(single))
    text = "poison"
    for i, one in enumerate(single):
        found = one.block.emit(f"insertelement {t.text} {text}, {one!r}, i64 {i}", t)
        text = found.text
    return found


def spread(held: Held, lanes: int) -> Held:
    """A number in every lane."""
    if lanes == 1:
        return held
    if isinstance(held, Complex):
        return Complex(*(_spread(part, lanes) for part in held))
    return _spread(held, lanes)


def _spread(value: Value, lanes: int) -> Value:
    t = vector(value.kind.element, lanes)
    first = value.block.emit(f"insertelement {t.text} poison, {value!r}, i64 0", t)
    return value.block.emit(f"shufflevector {first!r}, {t.text} poison, <{lanes} x i32> zeroinitializer", t)


def across(combine: Callable[[Any, Any], Any], held: Held) -> Held:
    """All lanes made one, by halves."""
    lanes = (held.re if isinstance(held, Complex) else held).kind.lanes
    while lanes > 1:
        half = lanes // 2
        rest = [_part(held, 2 * half, 1)] if lanes % 2 else []
        held = combine(_part(held, 0, half), _part(held, half, half))
        if rest:
            first = _part(held, 0, 1)
            joined = combine(first, rest[0])
            if half == 1:
                held = joined
            else:
                others = [_part(held, i, 1) for i in range(1, half)]
                held = _gathered([joined, *others])
        lanes = half
    return held


def _part(held: Held, first: int, count: int) -> Held:
    if isinstance(held, Complex):
        return Complex(*(_some(part, first, count) for part in held))
    return _some(held, first, count)


def _some(value: Value, first: int, count: int) -> Value:
    if count == 1:
        return value.lane(first)
    order = ", ".join(f"i32 {i}" for i in range(first, first + count))
    return value.block.emit(
        f"shufflevector {value!r}, {value.kind.text} poison, <{count} x i32> <{order}>",
        vector(value.kind.element, count),
    )


def _chosen(mask: Value, a: Held, b: Held) -> Held:
    if isinstance(a, Complex) and isinstance(b, Complex):
        return Complex(_pick(mask, a.re, b.re), _pick(mask, a.im, b.im))
    assert isinstance(a, Value)
    assert isinstance(b, Value)
    return _pick(mask, a, b)


def _pick(mask: Value, a: Value, b: Value) -> Value:
    return a.block.emit(f"select {mask.kind.text} {mask.text}, {a!r}, {b!r}", a.kind)


def neutral(name: str, kind: Kind) -> Any:
    """What changes nothing when it is combined with a number."""
    if name in ("logical_or", "logical_and"):
        return name == "logical_and"
    if name == "multiply":
        return 1
    if name == "add":
        return -0.0 if kind.floating else 0  # -0.0 + x is x, also where x is -0.0
    highest = name == "minimum"
    if kind.floating:
        return math.inf if highest else -math.inf
    if kind.boolean:
        return highest
    bits = 8 * kind.size - kind.signed
    return (1 << bits) - 1 if highest else -(1 << bits) if kind.signed else 0
