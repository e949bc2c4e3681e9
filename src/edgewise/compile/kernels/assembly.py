"""Sections become LLVM text: one function each, and for every run of them one that calls them in turn.

``assemble`` walks the sections of a program and knows where each value is: in registers of the section being written,
in memory, or both. What a later section needs is put into memory by the one that made it, and nothing else is.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.ir import Module, Value, vector
from edgewise.compile.kernels.arena import Arena
from edgewise.compile.kernels.body import Body, Cell, Place
from edgewise.compile.kernels.costs import cycles
from edgewise.compile.kernels.graphs import graphs
from edgewise.compile.kernels.kinds import Complex, kind_for, kind_of, truth
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.loops import clear_across, write_nest
from edgewise.compile.kernels.nests import Rows
from edgewise.compile.kernels.order import Layout, arranged
from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.pieces import LOCAL, cut, cut_band, opened
from edgewise.compile.kernels.regions import RUN, write_region
from edgewise.compile.kernels.rolled import Rolled, write_rolled
from edgewise.compile.kernels.sections import Band, Call, Division, Look, Nest, Straight, looked_at
from edgewise.compile.kernels.table import Memory, Table, contiguous, known_cells, offsets
from edgewise.compile.kernels.unrolled import LIMIT
from edgewise.compile.kernels.views import View
from edgewise.core.program import Guard, Op, Program, Var, vars_of

__all__ = ["Assembly", "Native", "Target", "assemble", "condition"]

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


class Assembly(NamedTuple):
    """A program as text.

    Attributes:
        text: LLVM assembly.
        steps: what is to be done in order: machine code, and calls of NumPy.
        table: where everything is.
        arena: bytes of scratch memory.
        cost: instructions, roughly.
        looping: whether there are loops.
        cycles: what it takes on one thread, roughly.
        pooled: whether it calls the pool of threads.
    """

    text: str
    steps: list[Native | Call]
    table: Table
    arena: int
    cost: int
    looping: bool
    cycles: float = 0.0
    pooled: bool = False


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
        called = [v for s in sections if isinstance(s, Call) and isinstance(s.step, Op) for v in s.step.results]
        self.division, self.sections, self.target = division, sections, target
        entries = [one for section in sections if isinstance(section, Nest) for one in section.entries]
        self.calling = sum(one.how is not None and bool(one.how.maths) for one in entries) > MANY
        self.beyond = len(program.guards) + 1  # what is returned for an index out of range
        self.table = Table(program, division.outputs, called)
        self.module = Module(fused=target.fused)
        self.arena = Arena()
        self.functions: list[str] = []
        self.names = (f"piece{i}" for i in itertools.count())
        self.cycles = 0.0
        self.cells: dict[Var, list[Cell]] = {}
        self.blocks: dict[int, set[Var]] = {}  # stretches of scratch memory, and whose values they hold
        self.last: dict[Var, int] = {}  # the last section that needs a variable
        self.as_arrays: set[Var] = set()  # what is needed in one piece of memory
        for at, section in enumerate(sections):
            looks = set(looked_at(section)) if isinstance(section, Straight) else set()
            shown = {leaf for var in looks if var not in division.where for leaf, _ in division.leaves(var, at)}
            direct = looks - shown
            for var in division.needs(at):
                self.last[var] = at
                if var not in direct and (var.shape or isinstance(section, Call | Straight)):
                    self.as_arrays.add(var)
        self.heirs = self._heirs()
        self.inherited = {var: under for under, var in self.heirs.items()}
        for var, array in known.items():
            kind = kind_of(var.dtype)
            if kind is not None and array.size <= LIMIT:
                self.cells[var] = known_cells(array, kind)

    def run(self) -> Assembly:
        steps: list[Native | Call] = []
        symbols: list[str] = []
        cost, looping = 0, False
        bands = {band.first: band for band in self.division.bands}
        stop = 0
        for at, section in enumerate(self.sections):
            if not isinstance(section, Call):
                cost += section.cost
            if at < stop:  # of a band, which is written
                continue
            stop = at + 1
            if isinstance(section, Call):
                self._close(steps, symbols)
                steps.append(section)
                self._called(section)
            else:
                body = Body(self.module, f"section{at}")
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
                    rooms = {var: self._room(var, at) for var in self._made(at)}
                    for graph in graphs(self.division, at, self._found, rooms, self.inherited):
                        self._loops(body, arranged(graph))
                looping = looping or not isinstance(section, Straight)
                self.functions.append(body.text(self.target.attributes, internal=True))
                symbols.append(body.name)
            self._free(stop - 1)
        self._close(steps, symbols)
        text = "\n".join([self.module.text(), *self.functions])
        pooled = RUN in self.module.definitions
        return Assembly(text, steps, self.table, self.arena.size, cost, looping, self.cycles, pooled)

    def _close(self, steps: list[Native | Call], symbols: list[str]) -> None:
        """End a run of sections."""
        if not symbols:
            return
        body = Body(self.module, f"kernel{sum(isinstance(s, Native) for s in steps)}")
        for symbol in symbols:
            body.call(symbol)
        self.functions.append(body.text(self.target.attributes, internal=False))
        steps.append(Native(body.name))
        symbols.clear()

    # -- sections

    def _straight(self, body: Body, at: int, section: Straight) -> None:
        made = []
        for step in section.steps:
            if isinstance(step, Look):
                body.guard(condition(body, step.guard, self._entries(step.guard.var)), step.code)
                continue
            op, how = step
            operands = [self._entries(x) if type(x) is Var else [] for x in op.operands]
            self.cells[op.results[0]] = how.write(body, operands)
            made.append(op.results[0])
        self._keep(body, at, made)

    def _rolled(self, body: Body, at: int, section: Rolled) -> None:
        carries = section.op.params["carries"]
        rooms = [self._room(var, at) for var in section.op.results[carries:]]
        last = write_rolled(body, section, self._entries, self._memory, rooms)
        for var, cells in zip(section.op.results, last, strict=False):
            self.cells[var] = cells
        self._keep(body, at, list(section.op.results[:carries]))

    def _band(self, body: Body, band: Band) -> None:
        """Sections that take turns: a loop over blocks of rows, and in it all of them one after the other."""
        members = range(band.first, band.stop)
        rooms: dict[Var, Memory | None] = {}
        for at in members:  # what stays until the last block, before what others may follow in one
            rooms |= {var: self._room(var, at) for var in self._made(at) if not self._local(var, band)}
        for at in members:
            rooms |= {var: self._room(var, at, band) for var in self._made(at) if self._local(var, band)}
            self._free(at, band.local)
        band = self._lying(band, rooms)
        body.bind(LOCAL, body.address(self.table.arena))
        # The longest stretch goes first: it may be done in pieces, which find what is folded along it anew.
        turns = sorted(band.turns(), key=lambda turn: -turn[1])
        begun: set[int] = set()
        for turn in turns:
            numbered = self._layouts(band, rooms, turn)
            layouts = [layout for _, layout in numbered]
            self.cycles += sum(cycles(layout, self.target.width) for layout in layouts)
            how = None if begun else cut_band(layouts, self.target.width)
            for at, layout in numbered:
                if how is None and at not in begun:
                    clear_across(body, layout)
            begun.update(at for at, _ in numbered)
            if how is not None:
                self._region(body, layouts, how.length, self._near(band, rooms))
                continue
            loop = Loop(body, 0, turn[1], 1, [])
            for layout in layouts:
                self._loops(body, layout, loop.counter)
            loop.close([])

    def _lying(self, band: Band, rooms: dict[Var, Memory | None]) -> Band:
        """Let the rows at hand lie as it costs less: one after the other, or side by side."""
        costs = {}
        for lanes in (False, True):
            band = band._replace(lanes=lanes)
            self._lay(band, rooms)
            longest = max(band.turns(), key=lambda turn: turn[1])
            costs[lanes] = sum(cycles(one, self.target.width) for _, one in self._layouts(band, rooms, longest))
        band = band._replace(lanes=costs[True] < costs[False])
        self._lay(band, rooms)
        return band

    def _lay(self, band: Band, rooms: dict[Var, Memory | None]) -> None:
        for var, memory in rooms.items():
            if memory is not None and memory.rows >= 0:
                rooms[var] = self.table.memory[var] = memory._replace(strides=band.strides(var))

    def _layouts(
        self, band: Band, rooms: dict[Var, Memory | None], turn: tuple[int, int, int]
    ) -> list[tuple[int, Layout]]:
        """The nests of a band in order, each with its section."""
        start, blocks, length = turn
        found = []
        for at, axis, first in zip(range(band.first, band.stop), band.axes, band.firsts, strict=True):
            section = self.sections[at]
            own = section.space[axis] if isinstance(section, Nest) else self._made(at)[0].shape[axis]
            if first <= start < first + own:
                rows = Rows(axis, start - first, blocks, length, band.lanes)
                some = graphs(self.division, at, self._found, rooms, self.inherited, rows)
                found += [(at, arranged(graph)) for graph in some]
        return found

    def _near(self, band: Band, rooms: dict[Var, Memory | None]) -> range:
        """The bytes of scratch memory that are local to the block of rows at hand."""
        found = [
            (memory.offset, var.dtype.itemsize * (math.prod(var.shape) // var.shape[memory.rows]) * band.block)
            for var, memory in rooms.items()
            if memory is not None and memory.buffer == LOCAL
        ]
        return range(min(at for at, _ in found), max(at + size for at, size in found)) if found else range(0)

    def _region(self, body: Body, layouts: Sequence[Layout], each: int, near: range = range(0)) -> None:
        """Nests in a loop over blocks, in pieces of so many."""
        scratch = self.table.arena, self.arena
        one = write_region(body, layouts, each, scratch, near, next(self.names), self._loops)
        self.functions.append(one.text(self.target.attributes, internal=True))

    def _loops(self, body: Body, layout: Layout, counter: Value | None = None) -> None:
        """A nest, in pieces where it is long."""
        if counter is None:
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

    def _made(self, at: int) -> list[Var]:
        """The variables that a nest or an array of parts makes."""
        section = self.sections[at]
        if isinstance(section, Nest):
            return [entry.var for entry in section.entries]
        assert isinstance(section, Pack)
        return [section.var]

    def _heirs(self) -> dict[Var, Var]:
        """Arrays that are stored into and that nobody needs any more: the result is in the same memory."""
        found = {}
        for at, section in enumerate(self.sections):
            if not isinstance(section, Pack) or not section.parts[1:]:
                continue
            x, var = section.parts[0].source, section.var
            if type(x) is not Var or (x.shape, x.dtype) != (var.shape, var.dtype) or self.last.get(x, -1) != at:
                continue
            made = self.division.where.get(x, -1)
            if any(band.first <= at < band.stop and made < band.first for band in self.division.bands):
                continue  # others may yet read rows of it
            if made < 0 or not isinstance(self.sections[made], Nest | Pack) or self.table.result(x) is not None:
                continue
            others = [part.source for part in section.parts[1:]]
            others += [pick.array for part in section.parts for pick in part.picks]
            if any(leaf is x for v in vars_of(others) for leaf, _ in self.division.leaves(v, at)):
                continue  # what is stored is made of the array itself
            if self.last.get(var, -1) > at or self.table.result(var) is not None:
                found[x] = var
        return found

    def _called(self, section: Call) -> None:
        """Say where the operands are that are looks at something in memory."""
        step = section.step
        for var in (step.guard.var,) if isinstance(step, Look) else vars_of(step.operands):
            if var not in self.table.memory:
                self.table.memory[var] = self._memory(var)

    # -- where values are

    def _found(self, var: Var) -> Memory | Cell:
        """A variable as loops find it: a number, or memory."""
        return self._memory(var) if var.shape else self._entries(var)[0]

    def _memory(self, var: Var) -> Memory:
        """Where a variable is in memory."""
        source, chain = self._shown(var)
        return _seen(self.table.memory[source], chain, var.dtype.itemsize)

    def _shown(self, var: Var) -> tuple[Var, list[tuple[Var, View]]]:
        """The variable that has the entries of one, and the looks at it, the last one first."""
        chain = []
        while var not in self.table.memory and var not in self.cells:
            source, view = self.division.views[var]
            chain.append((var, view))
            var = source
        return var, chain

    def _entries(self, var: Var) -> list[Cell]:
        """The cells of a variable's entries."""
        found = self.cells.get(var)
        if found is None:
            source, chain = self._shown(var)
            memory = self.table.memory.get(source)
            if memory is not None:
                found = _seen(memory, chain, var.dtype.itemsize).cells(var, kind_for(var.dtype))
            else:  # what is looked at is in registers
                counted = _seen(Memory(0, 0, contiguous(source.shape, 1)), chain, 1)
                found = [self.cells[source][i] for i in offsets(var.shape, counted.strides, counted.offset)]
            self.cells[var] = found
        return found

    def _room(self, var: Var, at: int, band: Band | None = None) -> Memory | None:
        """Memory for what a section makes, and where it is from now on; None where nobody needs it.

        For a band there is room for one block of rows.
        """
        under = self.inherited.get(var)
        if under is not None:
            memory: Memory | None = self.table.memory[under]
            if memory is not None and memory.buffer in (self.table.arena, LOCAL):
                self.blocks[memory.offset] = {var}
        else:
            memory = self.table.result(self._heir(var)[-1])
        if memory is None and self.last.get(var, -1) > at:
            size, rows = math.prod(var.shape), -1
            strides = contiguous(var.shape, var.dtype.itemsize)
            if band is not None:
                rows = band.local[var]
                size = size // var.shape[rows] * band.block
                strides = band.strides(var)
            block = self.arena.take(var.dtype.itemsize * size)
            self.blocks[block] = {var}
            memory = Memory(self.table.arena if band is None else LOCAL, block, strides, rows)
        if memory is not None:
            self.table.memory[var] = memory
        return memory

    def _heir(self, var: Var) -> list[Var]:
        """A variable, and those that are in its memory after it."""
        found = [var]
        while found[-1] in self.heirs:
            found.append(self.heirs[found[-1]])
        return found

    def _local(self, var: Var, band: Band) -> bool:
        return all(one in band.local for one in self._heir(var))

    def _keep(self, body: Body, at: int, made: list[Var]) -> None:
        """Put into memory what is needed after a section that has it in registers."""
        spilled: dict[int, tuple[Cell, list[tuple[Var, int]]]] = {}
        for var in made:
            needed = self.last.get(var, -1) > at
            if self.table.result(var) is not None or (needed and var in self.as_arrays):
                memory = self._room(var, at)
                assert memory is not None
                places = memory.cells(var, kind_for(var.dtype))
                for cell, place in zip(self.cells[var], places, strict=True):
                    assert isinstance(place, Place)
                    body.put(cell, place)
                self.cells[var] = places
            elif needed:
                for i, cell in enumerate(self.cells[var]):
                    if isinstance(cell, Value | Complex):
                        spilled.setdefault(id(cell), (cell, []))[1].append((var, i))
                    elif isinstance(cell, Place) and cell.buffer == self.table.arena:
                        self.blocks[max(b for b in self.blocks if b <= cell.offset)].add(var)
        if spilled:
            block = self.arena.take(16 * len(spilled))
            holders = self.blocks[block] = set()
            for slot, (cell, users) in enumerate(spilled.values()):
                place = Place(self.table.arena, block + 16 * slot, kind_for(users[0][0].dtype))
                body.put(cell, place)
                for var, i in users:
                    self.cells[var][i] = place
                    holders.add(var)

    def _free(self, at: int, among: Container[Var] | None = None) -> None:
        """Give back scratch memory that nothing needs after a section, all of it or that of some variables."""
        for block, holders in list(self.blocks.items()):
            if among is not None and not all(var in among for var in holders):
                continue
            if all(self.last.get(var, -1) <= at for var in holders):
                self.arena.give(block)
                del self.blocks[block]


def _seen(memory: Memory, chain: list[tuple[Var, View]], size: int) -> Memory:
    """Where looks at something lie, if that lies in memory and its entries have a size."""
    for var, view in reversed(chain):
        if not view.flat:
            offset, strides = view.memory(memory.offset, memory.strides, len(var.shape))
            memory = Memory(memory.buffer, offset, strides)
        elif memory.rows == 0 and len(memory.strides) > 1 and memory.strides[0] == size:
            # The rows at hand lie side by side.
            memory = memory._replace(strides=(size, *contiguous(var.shape[1:], memory.strides[-1])))
        else:
            memory = memory._replace(strides=contiguous(var.shape, size))
    return memory


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
