"""Sections become LLVM text: one function each, and for every run of them one that calls them in turn.

``assemble`` walks the sections of a program and knows where each value is: in registers of the section being written,
in memory, or both. What a later section needs is put into memory by the one that made it, and nothing else is.
"""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.ir import Module, Value
from edgewise.compile.kernels.arena import Arena
from edgewise.compile.kernels.arithmetic import COMPLEX, REAL
from edgewise.compile.kernels.body import Body, Cell, Place
from edgewise.compile.kernels.boxes import Box, boxes
from edgewise.compile.kernels.kinds import Complex, Kind, kind_of, truth
from edgewise.compile.kernels.loops import write_nest
from edgewise.compile.kernels.nests import Graph, Made, Reach, Store
from edgewise.compile.kernels.order import arranged
from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.rolled import Rolled, write_rolled
from edgewise.compile.kernels.scalars import Scalar
from edgewise.compile.kernels.sections import Call, Division, Look, Nest, Straight, looked_at
from edgewise.compile.kernels.table import Memory, Table, contiguous, known_cells
from edgewise.compile.kernels.unrolled import LIMIT
from edgewise.compile.kernels.views import identity, whole
from edgewise.core.program import Guard, Op, Program, Var, vars_of

__all__ = ["Assembly", "Native", "Target", "assemble", "condition"]

MANY = 100  # elementary functions of a program's loops from which on they are called rather than written in place


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
    """

    text: str
    steps: list[Native | Call]
    table: Table
    arena: int
    cost: int
    looping: bool


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
                if var not in direct and (var.shape or isinstance(section, Call)):
                    self.as_arrays.add(var)
        self.heirs = self._heirs()
        for var, array in known.items():
            kind = kind_of(var.dtype)
            if kind is not None and array.size <= LIMIT:
                self.cells[var] = known_cells(array, kind)

    def run(self) -> Assembly:
        steps: list[Native | Call] = []
        symbols: list[str] = []
        cost, looping = 0, False
        for at, section in enumerate(self.sections):
            if isinstance(section, Call):
                self._close(steps, symbols)
                steps.append(section)
                self._called(section)
            else:
                body = Body(self.module, f"section{at}")
                if isinstance(section, Straight):
                    self._straight(body, at, section)
                elif isinstance(section, Nest):
                    self._nest(body, at, section)
                elif isinstance(section, Rolled):
                    self._rolled(body, at, section)
                else:
                    self._pack(body, at, section)
                looping = looping or not isinstance(section, Straight)
                self.functions.append(body.text(self.target.attributes, internal=True))
                symbols.append(body.name)
                cost += section.cost
            self._free(at)
        self._close(steps, symbols)
        text = "\n".join([self.module.text(), *self.functions])
        return Assembly(text, steps, self.table, self.arena.size, cost, looping)

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

    def _nest(self, body: Body, at: int, section: Nest) -> None:
        graph = Graph(section.space, self.division, at, self._found)
        for entry in section.entries:
            graph.enter(entry, self._room(entry.var, at))
        write_nest(body, arranged(graph), self.target.width, self.beyond, self.calling)

    def _pack(self, body: Body, at: int, section: Pack) -> None:
        kind, parts = _kind(section.var), section.parts
        under = parts[0].source
        if type(under) is Var and self.heirs.get(under) is section.var:
            memory: Memory | None = self.table.memory[under]
            assert memory is not None
            self.table.memory[section.var] = memory
            if memory.buffer == self.table.arena:
                self.blocks[memory.offset] = {section.var}
            parts = parts[1:]
        else:
            memory = self._room(section.var, at)
            cut = boxes(parts, section.var.shape)
            if memory is not None and cut is not None:
                for box in cut:
                    self._box(body, at, box, memory, kind)
                return
        if memory is None:
            return
        for part in parts:
            graph = Graph(part.shape, self.division, at, self._found)
            shape = part.source.shape if type(part.source) is Var else ()
            index = whole(shape, part.shape).through(identity(len(part.shape)), len(part.shape))
            node = graph.read(part.source, index, kind)
            offset, strides = part.place.memory(memory.offset, memory.strides, len(part.shape))
            terms = graph.terms(memory, section.var.shape, part.picks, identity(len(part.shape)))
            graph.stores.append(Store(node, Reach(memory.buffer, offset, strides), kind, terms, part.add))
            write_nest(body, arranged(graph), self.target.width, self.beyond, self.calling)

    def _box(self, body: Body, at: int, box: Box, memory: Memory, kind: Kind) -> None:
        graph = Graph(box.shape, self.division, at, self._found)
        add = Scalar("add", (kind, kind), kind, kind, (COMPLEX if kind.complex else REAL)["add"])
        node, *more = [graph.read(part.source, box.entries(part), kind) for part in box.layers]
        for other in more:
            node = graph.node(Made(add, (node, other)))
        offset = memory.offset + sum(map(operator.mul, box.starts, memory.strides))
        graph.stores.append(Store(node, Reach(memory.buffer, offset, memory.strides), kind))
        write_nest(body, arranged(graph), self.target.width, self.beyond, self.calling)

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
        chain = []
        while var not in self.table.memory:
            source, view = self.division.views[var]
            chain.append((var, view))
            var = source
        found = self.table.memory[var]
        for shown, view in reversed(chain):
            if view.flat:
                found = found._replace(strides=contiguous(shown))
            else:
                offset, strides = view.memory(found.offset, found.strides, len(shown.shape))
                found = Memory(found.buffer, offset, strides)
        return found

    def _entries(self, var: Var) -> list[Cell]:
        """The cells of a variable's entries."""
        found = self.cells.get(var)
        if found is None:
            found = self.cells[var] = self._memory(var).cells(var, _kind(var))
        return found

    def _room(self, var: Var, at: int) -> Memory | None:
        """Memory for what a section makes, and where it is from now on; None where nobody needs it."""
        last = var
        while last in self.heirs:
            last = self.heirs[last]
        memory = self.table.result(last)
        if memory is None and self.last.get(var, -1) > at:
            block = self.arena.take(var.dtype.itemsize * int(np.prod(var.shape, dtype=np.int64)))
            self.blocks[block] = {var}
            memory = Memory(self.table.arena, block, contiguous(var))
        if memory is not None:
            self.table.memory[var] = memory
        return memory

    def _keep(self, body: Body, at: int, made: list[Var]) -> None:
        """Put into memory what is needed after a section that has it in registers."""
        spilled: dict[int, tuple[Cell, list[tuple[Var, int]]]] = {}
        for var in made:
            needed = self.last.get(var, -1) > at
            if self.table.result(var) is not None or (needed and var in self.as_arrays):
                memory = self._room(var, at)
                assert memory is not None
                places = memory.cells(var, _kind(var))
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
                place = Place(self.table.arena, block + 16 * slot, _kind(users[0][0]))
                body.put(cell, place)
                for var, i in users:
                    self.cells[var][i] = place
                    holders.add(var)

    def _free(self, at: int) -> None:
        """Give back scratch memory that nothing needs any more."""
        for block, holders in list(self.blocks.items()):
            if all(self.last.get(var, -1) <= at for var in holders):
                self.arena.give(block)
                del self.blocks[block]


def _kind(var: Var) -> Kind:
    kind = kind_of(var.dtype)
    assert kind is not None
    return kind


def condition(body: Body, guard: Guard, cells: list[Cell]) -> Value:
    """Whether what is looked at is what was seen: its truth, or every bit of it."""
    if guard.truth:
        (cell,) = cells
        seen = truth(body.held(cell), _kind(guard.var))
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
