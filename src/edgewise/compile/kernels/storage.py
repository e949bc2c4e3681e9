"""Where the values of a program are while it is written: in registers, in memory, or both.

What a later section needs is put into memory by the one that made it, and nothing else is. Memory is that of a result,
or scratch memory (``arena``) for as long as a value is needed, or that of an array which nobody needs any more when
something is stored into it.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import Any

from edgewise.compile.ir import Value
from edgewise.compile.kernels.arena import Arena
from edgewise.compile.kernels.body import Body, Cell, Lane, Place
from edgewise.compile.kernels.kinds import Complex, kind_for, kind_of, store
from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.pieces import LOCAL
from edgewise.compile.kernels.records import Stacked, records, step_by_step
from edgewise.compile.kernels.rowwise import chunks, put_cells
from edgewise.compile.kernels.sections import Band, Call, Division, Look, Nest, Straight, looked_at
from edgewise.compile.kernels.table import Memory, Table, contiguous, known_cells, offsets
from edgewise.compile.kernels.unrolled import LIMIT
from edgewise.compile.kernels.views import View
from edgewise.core.program import Op, Program, Var, vars_of

__all__ = ["Storage"]


class Storage:
    """Where values are.

    Args:
        program: the program.
        division: its sections.
        known: arrays that never change.

    Attributes:
        table: buffers, and what is in memory.
        arena: scratch memory.
        near: the part of it that has only a block of the rows of a band.
        cells: the numbers of what has few.
        inherited: arrays that are put together in the memory of their first part.
    """

    def __init__(self, program: Program, division: Division, known: dict[Var, Any]) -> None:
        sections = division.sections
        called = [v for s in sections if isinstance(s, Call) and isinstance(s.step, Op) for v in s.step.results]
        self.table = Table(program, division.outputs, called)
        self.arena, self.near = Arena(), Arena()
        self.cells: dict[Var, list[Cell]] = {}
        self._division, self._sections = division, sections
        # Stretches of scratch memory, by buffer and offset, and whose values they hold.
        self._blocks: dict[tuple[int, int], set[Var]] = {}
        self._copies: dict[Var, Memory] = {}  # rows at hand of what lies elsewhere
        self._packed: dict[Var, Memory] = {}  # and those that are read from there
        self._padded: set[Var] = set()  # what a loop left in records
        self._last: dict[Var, int] = {}  # the last section that needs a variable
        self._as_arrays: set[Var] = set()  # what is needed in one piece of memory
        for at, section in enumerate(sections):
            looks = set(looked_at(section)) if isinstance(section, Straight) else set()
            shown = {leaf for var in looks if var not in division.where for leaf, _ in division.leaves(var, at)}
            direct = looks - shown
            for var in division.needs(at):
                self._last[var] = at
                if var not in direct and (var.shape or isinstance(section, Call | Straight)):
                    self._as_arrays.add(var)
        self._heirs = self._inheritance()
        self.inherited = {var: under for under, var in self._heirs.items()}
        for var, array in known.items():
            kind = kind_of(var.dtype)
            if kind is not None and array.size <= LIMIT:
                self.cells[var] = known_cells(array, kind)

    def made(self, at: int) -> list[Var]:
        """The variables that a nest or an array of parts makes."""
        section = self._sections[at]
        if isinstance(section, Nest):
            return [entry.var for entry in section.entries]
        assert isinstance(section, Pack)
        return [section.var]

    def found(self, var: Var) -> Memory | Cell:
        """A variable as loops find it: a number, or memory."""
        if var in self._packed:
            return self._packed[var]
        return self.memory(var) if var.shape else self.entries(var)[0]

    def memory(self, var: Var) -> Memory:
        """Where a variable is in memory."""
        source, chain = self._shown(var, self.table.memory)
        return _seen(self.table.memory[source], chain, var.dtype.itemsize)

    def entries(self, var: Var) -> list[Cell]:
        """The cells of a variable's entries."""
        found = self.cells.get(var)
        if found is None:
            source, chain = self._shown(var, self.cells, self.table.memory)
            memory = self.table.memory.get(source)
            if memory is not None:
                found = _seen(memory, chain, var.dtype.itemsize).cells(var, kind_for(var.dtype))
            else:  # what is looked at is in registers
                counted = _seen(Memory(0, 0, contiguous(source.shape, 1)), chain, 1)
                found = [self.cells[source][i] for i in offsets(var.shape, counted.strides, counted.offset)]
            self.cells[var] = found
        return found

    def _shown(self, var: Var, *known: Container[Var]) -> tuple[Var, list[tuple[Var, View]]]:
        """The variable among those known that has the entries of one, and the looks at it, the last one first."""
        chain = []
        while not any(var in one for one in known):
            source, view = self._division.views[var]
            chain.append((var, view))
            var = source
        return var, chain

    def called(self, section: Call) -> None:
        """Say where the operands are that are looks at something in memory."""
        step = section.step
        for var in (step.guard.var,) if isinstance(step, Look) else vars_of(step.operands):
            if var not in self.table.memory:
                self.table.memory[var] = self.memory(var)

    def room(self, var: Var, at: int, band: Band | None = None) -> Memory | None:
        """Memory for what a section makes, and where it is from now on; None where nobody needs it.

        For a band there is room for one block of rows.
        """
        under = self.inherited.get(var)
        if under is not None:
            memory: Memory | None = self.table.memory[under]
            if memory is not None and (memory.buffer, memory.offset) in self._blocks:
                self._blocks[memory.buffer, memory.offset] = {var}
        else:
            memory = self.table.result(self._heir(var)[-1])
        if memory is None and self._last.get(var, -1) > at:
            if band is None:
                block = self.arena.take(var.dtype.itemsize * math.prod(var.shape))
                memory = Memory(self.table.arena, block, contiguous(var.shape, var.dtype.itemsize))
            else:
                memory = self._rows(var, band, band.local[var])
            self._blocks[memory.buffer, memory.offset] = {var}
        if memory is not None:
            self.table.memory[var] = memory
        return memory

    def _rows(self, var: Var, band: Band, axis: int) -> Memory:
        """Memory for the rows at hand of a variable."""
        size = math.prod(var.shape) // var.shape[axis] * band.block
        block = self.near.take(var.dtype.itemsize * size)
        return Memory(LOCAL, block, band.strides(var, axis), axis)

    def rooms(self, band: Band) -> dict[Var, Memory | None]:
        """Memory for what the sections of a band make."""
        self.near = Arena()
        self._copies = {var: self._rows(var, band, axis) for var, (axis, _) in band.shared.items()}
        made = [(var, at) for at in range(band.first, band.stop) for var in self.made(at)]
        found = {var: self.room(var, at) for var, at in made if not self.local(var, band)}
        for var, at in made:
            self.free(at - 1, band.local)
            if self.local(var, band):
                found[var] = self.room(var, at, band)
        self._blocks = {place: holders for place, holders in self._blocks.items() if place[0] != LOCAL}
        return found

    def lay(self, band: Band, rooms: dict[Var, Memory | None]) -> None:
        """Let the rows at hand lie as a band says."""
        for var, memory in rooms.items():
            if memory is not None and memory.rows >= 0:
                rooms[var] = self.table.memory[var] = memory._replace(strides=band.strides(var, memory.rows))

    def pack(self, band: Band) -> None:
        """Find what lies elsewhere where its rows at hand are copied to, until ``unpack``."""
        for var, memory in self._copies.items():
            self._packed[var] = memory._replace(strides=band.strides(var, memory.rows))

    def unpack(self) -> None:
        """Find everything where it lies."""
        self._packed.clear()

    def local(self, var: Var, band: Band) -> bool:
        """Whether there is only a block of rows of a variable, and of those in its memory after it."""
        return all(one in band.local for one in self._heir(var))

    def needed(self, var: Var, at: int) -> bool:
        """Whether a variable is needed after a section."""
        return self._last.get(var, -1) > at or self.table.result(var) is not None

    def record(self, stacks: Sequence[Var], at: int, width: int) -> list[Stacked | None]:
        """Memory for what the steps of a loop leave: that of results, and a record for each step of all else."""
        wanted = []
        for var in stacks:
            memory = self.table.result(var)
            if memory is not None:
                self.table.memory[var] = memory
            elif self._last.get(var, -1) > at:
                wanted.append(var)
        if wanted:
            size, places = records(wanted, width)
            block = self.arena.take(size * stacks[0].shape[0])
            self._blocks[self.table.arena, block] = set(wanted)
            self._padded.update(wanted)
            for var, (offset, strides) in places.items():
                self.table.memory[var] = Memory(self.table.arena, block + offset, strides)
        return [self.stacked(var) if var in self.table.memory else None for var in stacks]

    def stacked(self, var: Var) -> Stacked:
        """Where an array is that a loop goes through step by step."""
        source, chain = self._shown(var, self.table.memory)
        return Stacked(self.memory(var), source in self._padded and step_by_step(chain))

    def keep(self, body: Body, at: int, made: list[Var], width: int) -> None:
        """Put into memory what is needed after a section that has it in registers of so many lanes."""
        spilled: dict[int, tuple[Cell, list[tuple[Var, int]]]] = {}
        vectors: dict[Value, list[tuple[Var, int]]] = {}
        for var in made:
            needed = self._last.get(var, -1) > at
            if self.table.result(var) is not None or (needed and var in self._as_arrays):
                memory = self.room(var, at)
                assert memory is not None
                places = memory.cells(var, kind_for(var.dtype))
                put_cells(body, self.cells[var], places, chunks(var.shape, width))
                self.cells[var] = places
            elif needed:
                for i, cell in enumerate(self.cells[var]):
                    if isinstance(cell, Lane):
                        vectors.setdefault(cell.vector, []).append((var, i))
                    elif isinstance(cell, Value | Complex):
                        spilled.setdefault(id(cell), (cell, []))[1].append((var, i))
                    elif isinstance(cell, Place) and cell.buffer == self.table.arena:
                        self._blocks[max(b for b in self._blocks if b <= (cell.buffer, cell.offset))].add(var)
        if spilled:
            block = self.arena.take(16 * len(spilled))
            holders = self._blocks[self.table.arena, block] = set()
            for slot, (cell, users) in enumerate(spilled.values()):
                place = Place(self.table.arena, block + 16 * slot, kind_for(users[0][0].dtype))
                body.put(cell, place)
                for var, i in users:
                    self.cells[var][i] = place
                    holders.add(var)
        for register, uses in vectors.items():
            kind = kind_for(uses[0][0].dtype)
            block = self.arena.take(kind.size * register.kind.lanes)
            self._blocks[self.table.arena, block] = {var for var, _ in uses}
            store(body.block, register, body.pointer(self.table.arena, block), kind)
            for var, i in uses:
                lane = self.cells[var][i]
                assert isinstance(lane, Lane)
                self.cells[var][i] = Place(self.table.arena, block + kind.size * lane.at, kind)

    def free(self, at: int, among: Container[Var] | None = None) -> None:
        """Give back scratch memory that nothing needs after a section, all of it or that of some variables."""
        for place, holders in list(self._blocks.items()):
            if among is not None and not all(var in among for var in holders):
                continue
            if all(self._last.get(var, -1) <= at for var in holders):
                (self.near if place[0] == LOCAL else self.arena).give(place[1])
                del self._blocks[place]

    def _heir(self, var: Var) -> list[Var]:
        """A variable, and those that are in its memory after it."""
        found = [var]
        while found[-1] in self._heirs:
            found.append(self._heirs[found[-1]])
        return found

    def _inheritance(self) -> dict[Var, Var]:
        """Arrays that are stored into and that nobody needs any more: the result is in the same memory."""
        found = {}
        for at, section in enumerate(self._sections):
            if not isinstance(section, Pack) or not section.parts[1:]:
                continue
            x, var = section.parts[0].source, section.var
            if type(x) is not Var or (x.shape, x.dtype) != (var.shape, var.dtype) or self._last.get(x, -1) != at:
                continue
            made = self._division.where.get(x, -1)
            if any(band.first <= at < band.stop and made < band.first for band in self._division.bands):
                continue  # others may yet read rows of it
            if made < 0 or not isinstance(self._sections[made], Nest | Pack) or self.table.result(x) is not None:
                continue
            others = [part.source for part in section.parts[1:]]
            others += [pick.array for part in section.parts for pick in part.picks]
            if any(leaf is x for v in vars_of(others) for leaf, _ in self._division.leaves(v, at)):
                continue  # what is stored is made of the array itself
            if self._last.get(var, -1) > at or self.table.result(var) is not None:
                found[x] = var
        return found


def _seen(memory: Memory, chain: list[tuple[Var, View]], size: int) -> Memory:
    """Where looks at something lie, if that lies in memory and its entries have a size."""
    for var, view in reversed(chain):
        if not view.flat:
            axes, rows = view.axes, memory.rows
            if rows >= 0:  # those at hand are the same ones, wherever the look at them begins
                own = axes[rows]
                axes = (*axes[:rows], own._replace(start=0), *axes[rows + 1 :])
                rows = own.axis
            offset, strides = View(axes).memory(memory.offset, memory.strides, len(var.shape))
            memory = Memory(memory.buffer, offset, strides, rows)
        elif memory.rows == 0 and len(memory.strides) > 1 and memory.strides[0] == size:
            # The rows at hand lie side by side.
            memory = memory._replace(strides=(size, *contiguous(var.shape[1:], memory.strides[-1])))
        else:
            memory = memory._replace(strides=contiguous(var.shape, size))
    return memory
