"""Sections become LLVM text: one function each, and for every run of them one that calls them in turn.

``assemble`` walks the sections of a program; where each value is, ``storage`` knows.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.ir import Module, Value, vector
from edgewise.compile.kernels.body import Body, Cell
from edgewise.compile.kernels.costs import cycles
from edgewise.compile.kernels.crossing import crossing
from edgewise.compile.kernels.graphs import graphs
from edgewise.compile.kernels.kinds import Complex, kind_for, truth
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.loops import clear_across, write_nest
from edgewise.compile.kernels.nests import Graph, Read, Rows, Store
from edgewise.compile.kernels.offsets import beside
from edgewise.compile.kernels.order import Layout, arranged
from edgewise.compile.kernels.pieces import LOCAL, cut, cut_band, opened
from edgewise.compile.kernels.regions import write_region
from edgewise.compile.kernels.rolled import Rolled, write_rolled
from edgewise.compile.kernels.rowwise import rowwise
from edgewise.compile.kernels.sections import Band, Call, Division, Look, Nest, Straight
from edgewise.compile.kernels.storage import Storage
from edgewise.compile.kernels.straight import write_straight
from edgewise.compile.kernels.table import Memory, Table
from edgewise.compile.kernels.tiling import tiling
from edgewise.core.program import Guard, Op, Program, Var

__all__ = ["LONG", "Assembly", "Native", "Target", "Text", "assemble", "condition"]

LONG = 1000  # instructions without loops from which on compile time counts more than the time of a run
JOINED = 300  # instructions of small sections in one function: each function costs LLVM a millisecond
MANY = 100  # elementary functions of a program's loops from which on they are called rather than written in place
DEPENDENT = 2.5  # cycles of an instruction on one number, which often waits for the one before


class Target(NamedTuple):
    """The processor, as far as text depends on it.

    Attributes:
        width: how many float64 a vector register holds.
        fused: whether it multiplies and adds in one rounding.
        attributes: of every function, as LLVM writes them.
    """

    width: int
    fused: bool
    attributes: str


class Native(NamedTuple):
    """A run of sections in machine code, by the symbol of the function that runs them."""

    symbol: str


class Text(NamedTuple):
    """LLVM assembly, and the symbols of elementary functions that it declares."""

    text: str
    functions: list[str]


class Assembly(NamedTuple):
    """A program as text.

    Attributes:
        main: what is called.
        straight: beside loops, a long stretch without any: to be compiled in a hurry; None where there is none.
        sections: symbols of the latter that the former declares.
        steps: what is to be done in order: machine code, and calls of NumPy.
        table: where everything is.
        arena: bytes of scratch memory.
        cost: instructions, roughly.
        looping: whether there are loops.
        cycles: what it takes on one thread, roughly.
        pieces: the sections that have loops in pieces done by the pool of threads, and how many.
        tiles: the sections that have loops with tiles of results in registers, and which were chosen why.
    """

    main: Text
    straight: Text | None
    sections: list[str]
    steps: list[Native | Call]
    table: Table
    arena: int
    cost: int
    looping: bool
    cycles: float = 0.0
    pieces: Mapping[int, int] = MappingProxyType({})
    tiles: Mapping[int, str] = MappingProxyType({})


def assemble(program: Program, division: Division, known: dict[Var, Any], target: Target) -> Assembly:
    """Write the sections of a program.

    Args:
        program: the program.
        division: its sections.
        known: arrays that never change.
        target: the processor.
    """
    return _Writer(program, division, known, target).run()


class _Writer:
    def __init__(self, program: Program, division: Division, known: dict[Var, Any], target: Target) -> None:
        sections = division.sections
        self.division, self.sections, self.target = division, sections, target
        entries = [one for section in sections if isinstance(section, Nest) for one in section.entries]
        self.calling = sum(one.how is not None and bool(one.how.maths) for one in entries) > MANY
        self.beyond = len(program.guards) + 1  # what is returned for an index out of range
        self.storage = Storage(program, division, known)
        self.module = Module(fused=target.fused)
        straight = [section.cost for section in sections if isinstance(section, Straight)]
        self.looping = any(not isinstance(section, Straight | Call) for section in sections)
        self.apart = Module(fused=target.fused) if self.looping and sum(straight) > LONG else None
        self.hurried: list[Body] = []
        self.functions: list[str] = []
        self.names = (f"piece{i}" for i in itertools.count())
        self.cycles = 0.0
        self.pieces: dict[int, int] = {}
        self.tiles: dict[int, str] = {}
        self.at = 0  # the section that is written

    def run(self) -> Assembly:
        steps: list[Native | Call] = []
        bodies: list[Body] = []
        cost, room = 0, 0
        bands = {band.first: band for band in self.division.bands}
        stop = 0
        for at, section in enumerate(self.sections):
            if not isinstance(section, Call):
                cost += section.cost
            if at < stop:  # of a band, which is written
                continue
            stop = at + 1
            if isinstance(section, Call):
                self._close(steps, bodies)
                steps.append(section)
                self.storage.called(section)
            else:
                self.at = at
                module = self.apart if isinstance(section, Straight) and self.apart is not None else self.module
                small = isinstance(section, Straight | Rolled)
                if bodies and small and section.cost <= room and bodies[-1].block.module is module:
                    body = bodies[-1]
                    body.forget()
                else:
                    body, room = Body(module, f"section{at}", numbered=small), JOINED if small else 0
                    bodies.append(body)
                room -= section.cost
                if isinstance(section, Straight):
                    self.cycles += section.cost * DEPENDENT
                    self._straight(body, at, section)
                elif isinstance(section, Rolled):
                    self.cycles += section.cost * DEPENDENT * section.op.params["steps"]
                    self._rolled(body, at, section)
                elif at in bands:
                    stop = bands[at].stop
                    self._band(body, bands[at])
                else:
                    rooms = {var: self.storage.room(var, at) for var in self.storage.made(at)}
                    for graph in graphs(self.division, at, self.storage.found, rooms, self.storage.inherited):
                        self._loops(body, arranged(graph))
            self.storage.free(stop - 1)
        self._close(steps, bodies)
        declared = [f"declare i64 @{body.name}(ptr)" for body in self.hurried]
        main = _text(self.module, [*declared, *self.functions])
        texts = [body.text(self.target.attributes, internal=False) for body in self.hurried]
        return Assembly(
            main,
            None if self.apart is None else _text(self.apart, texts),
            [body.name for body in self.hurried],
            steps,
            self.storage.table,
            self.storage.arena.size,
            cost,
            self.looping,
            self.cycles,
            self.pieces,
            self.tiles,
        )

    def _close(self, steps: list[Native | Call], bodies: list[Body]) -> None:
        """End a run of sections: a function that calls all of theirs, or the one there is."""
        if not bodies:
            return
        name, first = f"kernel{sum(isinstance(s, Native) for s in steps)}", bodies[0]
        if len(bodies) == 1 and first.block.module is self.module:
            first.name = name
            self.functions.append(first.text(self.target.attributes, internal=False))
        else:
            whole = Body(self.module, name)
            for body in bodies:
                whole.call(body.name)
                if body.block.module is self.module:
                    self.functions.append(body.text(self.target.attributes, internal=True))
                else:
                    self.hurried.append(body)
            self.functions.append(whole.text(self.target.attributes, internal=False))
        steps.append(Native(name))
        bodies.clear()

    # -- sections

    def _straight(self, body: Body, at: int, section: Straight) -> None:
        def look(one: Look, cells: list[Cell]) -> None:
            body.guard(condition(body, one.guard, cells), one.code)

        storage, width = self.storage, 2 * self.target.width

        def by_rows(op: Op, operands: list[list[Cell]]) -> list[Cell] | None:
            rows = rowwise(op, self.target.fused, called=True)
            return None if rows is None else rows.cells(body, width, operands)

        known = write_straight(body, section.steps, storage.cells, storage.entries, look, by_rows)
        made = [step[0].results[0] for step in section.steps if not isinstance(step, Look)]
        needed = [var for var in made if storage.needed(var, at)]
        for var in needed:
            known(var)
        storage.keep(body, at, needed, width)

    def _rolled(self, body: Body, at: int, section: Rolled) -> None:
        carries = section.op.params["carries"]
        width = 2 * self.target.width  # two registers take turns
        rooms = self.storage.record(section.op.results[carries:], at, width)
        last = write_rolled(body, section, self.storage.entries, self.storage.stacked, rooms, width)
        for var, cells in zip(section.op.results, last, strict=False):
            self.storage.cells[var] = cells
        self.storage.keep(body, at, list(section.op.results[:carries]), width)

    def _band(self, body: Body, band: Band) -> None:
        """Sections that take turns: a loop over blocks of rows, and in it all of them one after the other."""
        storage = self.storage
        rooms = storage.rooms(band)
        before = band
        band, turns = self._lying(band, rooms)
        self.division.bands[self.division.bands.index(before)] = band
        near = storage.arena.take(storage.near.size)
        body.bind(LOCAL, beside(body.block, body.address(storage.table.arena), near))
        # The longest stretch goes first: it may be done in pieces, which find what is folded along it anew.
        begun: set[int] = set()
        for (_, blocks, _), numbered in sorted(turns, key=lambda one: -one[0][1]):
            layouts = [layout for _, layout in numbered]
            for at, layout in numbered:
                self._tell(at, layout)
            self.cycles += sum(cycles(layout, self.target.width) for layout in layouts)
            how = None if begun else cut_band(layouts, self.target.width)
            for at, layout in numbered:
                if how is None and at not in begun:
                    clear_across(body, layout)
            begun.update(at for at, _ in numbered)
            if how is not None:
                self._region(body, layouts, how.length, storage.near.size)
                continue
            loop = Loop(body, 0, blocks, 1, [])
            for layout in layouts:
                self._loops(body, layout, loop.counter)
            loop.close([])
        storage.arena.give(near)

    def _lying(self, band: Band, rooms: dict[Var, Memory | None]) -> tuple[Band, list[Any]]:
        """Let the rows at hand lie as it costs less: one after the other, or side by side.

        Returns:
            The band, and for each of its turns the nests, each with its section.
        """
        ways = []
        for lanes, packed in ((False, False), (True, False), (True, True)):
            one = band._replace(lanes=lanes)
            self.storage.lay(one, rooms)
            far = {var: self.storage.memory(var) for var in band.shared} if packed else {}
            if packed:
                self.storage.pack(one)
            turns = [(turn, self._copies(one, far, turn) + self._layouts(one, rooms, turn)) for turn in band.turns()]
            cost = sum(cycles(layout, self.target.width) for _, layouts in turns for _, layout in layouts)
            ways.append((cost, one, turns))
        self.storage.unpack()
        _, one, turns = min(ways, key=lambda way: way[0])
        return one, turns

    def _copies(self, band: Band, far: dict[Var, Memory], turn: tuple[int, int, int]) -> list[tuple[int, Layout]]:
        """Nests that copy the rows at hand of what lies elsewhere, so that they lie side by side."""
        start, blocks, length = turn
        found = []
        for var, memory in far.items():
            axis, first = band.shared[var]
            if 0 <= start - first <= var.shape[axis] - blocks * length:
                rows = Rows(axis, start - first, blocks, length, band.lanes)
                graph = Graph(var.shape, self.division, band.first, self.storage.found, rows)
                kind, near = kind_for(var.dtype), self.storage.found(var)
                assert isinstance(near, Memory)
                node = graph.node(Read(graph.reach(memory, graph.index), kind))
                graph.stores.append(Store(node, graph.reach(near, graph.index), kind))
                found.append((-1, arranged(graph)))
        return found

    def _layouts(
        self, band: Band, rooms: dict[Var, Memory | None], turn: tuple[int, int, int]
    ) -> list[tuple[int, Layout]]:
        """The nests of a band in order, each with its section."""
        start, blocks, length = turn
        found = []
        for at, axis, first in zip(range(band.first, band.stop), band.axes, band.firsts, strict=True):
            section = self.sections[at]
            own = section.space[axis] if isinstance(section, Nest) else self.storage.made(at)[0].shape[axis]
            if first <= start < first + own:
                rows = Rows(axis, start - first, blocks, length, band.lanes)
                some = graphs(self.division, at, self.storage.found, rooms, self.storage.inherited, rows)
                found += [(at, arranged(graph)) for graph in some]
        return found

    def _region(self, body: Body, layouts: Sequence[Layout], each: int, near: int = 0) -> None:
        """Nests in a loop over blocks, in pieces of so many."""
        pieces = -(-layouts[0].lengths[0] // each)
        self.pieces[self.at] = max(pieces, self.pieces.get(self.at, 0))
        scratch = self.storage.table.arena, self.storage.arena
        one = write_region(body, layouts, each, scratch, near, next(self.names), self._loops)
        self.functions.append(one.text(self.target.attributes, internal=True))

    def _tell(self, at: int, layout: Layout) -> None:
        """Note what was chosen for the loops of a section, and why."""
        chosen = crossing(layout, self.target.width) or tiling(layout, self.target.width)
        if chosen is not None:
            self.tiles.setdefault(at, chosen.reason)

    def _loops(self, body: Body, layout: Layout, counter: Value | None = None) -> None:
        """A nest, in pieces where it is long."""
        if counter is None:
            self._tell(self.at, layout)
            self.cycles += cycles(layout, self.target.width)
            how = cut(layout, self.target.width)
            if how is not None:
                level, length, pieces = how
                self._region(body, [opened(layout, level, 0, pieces, length)], 1)
                rest = layout.lengths[level] - pieces * length
                if not rest:
                    return
                layout = opened(layout, level, pieces * length, 1, rest)
                counter = body.block.constant(0, vector("i64", 1))
        write_nest(body, layout, self.target.width, self.beyond, self.calling, counter)


def _text(module: Module, functions: list[str]) -> Text:
    return Text("\n".join([module.text(), *functions]), list(module.imports))


def condition(body: Body, guard: Guard, cells: list[Cell]) -> Value:
    """Whether what is looked at is what was seen: its truth, or every bit of it."""
    if guard.truth:
        (cell,) = cells
        seen = truth(body.held(cell), kind_for(guard.var.dtype))
        return seen if guard.expected else ~seen
    same = []
    for cell, expected in zip(cells, np.asarray(guard.expected).ravel(), strict=True):
        held = body.held(cell)
        values = held if isinstance(held, Complex) else (held,)
        for value, wanted in zip(values, (expected.real, expected.imag), strict=False):
            if value.kind.floating:
                bits = value.cast("bitcast", "i64" if value.kind.element == "double" else "i32")
                number = int(np.asarray(wanted).view(np.int64 if value.kind.element == "double" else np.int32))
                same.append(bits.equals(number))
            else:
                same.append(value.equals(int(wanted)))
    return functools.reduce(operator.and_, same)
