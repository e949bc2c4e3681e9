"""Sections become LLVM text: one function each, and for every run of them one that calls them in turn.

``Assembly`` walks the sections of a program and knows where each value is: in registers of the section being written,
in memory, or both. What a later section needs is put into memory at the end of the one that made it, and nothing else
is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.ir import Module, Value
from edgewise.compile.kernels.arena import Arena
from edgewise.compile.kernels.body import Body, Cell, Place
from edgewise.compile.kernels.kinds import Complex, kind_of, truth
from edgewise.compile.kernels.sections import Call, Look, Section, Straight, made_by, needed_by
from edgewise.compile.kernels.table import Memory, Table, contiguous, known_cells
from edgewise.compile.kernels.unrolled import LIMIT
from edgewise.core.program import Program, Var

__all__ = ["Assembly", "Native", "assemble"]


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
    """

    text: str
    steps: list[Native | Call]
    table: Table
    arena: int
    cost: int


def assemble(
    program: Program, sections: list[Section], known: dict[Var, Any], fused: bool, attributes: str
) -> Assembly:
    """Write the sections of a program.

    Args:
        program: the program.
        sections: ``sections.divide`` of it.
        known: arrays that never change.
        fused: whether the processor multiplies and adds in one rounding.
        attributes: of every function, as LLVM writes them.
    """
    return _Writer(program, sections, known, fused, attributes).run()


class _Writer:
    def __init__(
        self, program: Program, sections: list[Section], known: dict[Var, Any], fused: bool, attributes: str
    ) -> None:
        called = [var for s in sections if isinstance(s, Call) for var in made_by(s)]
        self.program, self.sections, self.attributes = program, sections, attributes
        self.table = Table(program, called)
        self.module = Module(fused=fused)
        self.arena = Arena()
        self.functions: list[str] = []
        self.cells: dict[Var, list[Cell]] = {}
        self.blocks: dict[int, set[Var]] = {}  # stretches of scratch memory, and whose values they hold
        self.last: dict[Var, int] = {}  # the last section that needs a variable
        self.by_python: set[Var] = set()  # what calls of NumPy need as arrays
        for at, section in enumerate(sections):
            for var in needed_by(section):
                self.last[var] = at
                if isinstance(section, Call):
                    self.by_python.add(var)
        for var, array in known.items():
            kind = kind_of(var.dtype)
            if kind is not None and array.size <= LIMIT:
                self.cells[var] = known_cells(array, kind)

    def run(self) -> Assembly:
        steps: list[Native | Call] = []
        symbols: list[str] = []
        cost = 0
        for at, section in enumerate(self.sections):
            if isinstance(section, Call):
                self._close(steps, symbols)
                steps.append(section)
            else:
                symbols.append(self._straight(at, section))
                cost += section.cost
            self._free(at)
        self._close(steps, symbols)
        text = "\n".join([self.module.text(), *self.functions])
        return Assembly(text, steps, self.table, self.arena.size, cost)

    def _close(self, steps: list[Native | Call], symbols: list[str]) -> None:
        """End a run of sections."""
        if not symbols:
            return
        name = f"kernel{sum(isinstance(s, Native) for s in steps)}"
        body = Body(self.module, name)
        for symbol in symbols:
            body.call(symbol)
        self.functions.append(body.text(self.attributes, internal=False))
        steps.append(Native(name))
        symbols.clear()

    def _straight(self, at: int, section: Straight) -> str:
        body = Body(self.module, f"section{at}")
        for step in section.steps:
            if isinstance(step, Look):
                _guard(body, step, self._entries(step.guard.var))
                continue
            op, how = step
            operands = [self._entries(x) if type(x) is Var else [] for x in op.operands]
            self.cells[op.results[0]] = how.write(body, operands)
        self._keep(body, at, made_by(section))
        self.functions.append(body.text(self.attributes, internal=True))
        return body.name

    def _entries(self, var: Var) -> list[Cell]:
        """The cells of a variable's entries."""
        found = self.cells.get(var)
        if found is None:
            kind = kind_of(var.dtype)
            assert kind is not None
            found = self.cells[var] = self.table.memory[var].cells(var, kind)
        return found

    def _keep(self, body: Body, at: int, made: Iterable[Var]) -> None:
        """Put into memory what is needed after this section."""
        spilled: dict[int, tuple[Cell, list[tuple[Var, int]]]] = {}
        for var in made:
            for buffer in self.table.result_buffers(var):
                self._write(body, var, Memory(buffer, 0, contiguous(var)))
            if self.last.get(var, -1) <= at:
                continue
            if var in self.by_python and var not in self.table.memory:
                block = self.arena.take(var.dtype.itemsize * max(len(self.cells[var]), 1))
                self.blocks[block] = {var}
                self._write(body, var, Memory(self.table.arena, block, contiguous(var)))
            for i, cell in enumerate(self.cells[var]):
                if isinstance(cell, Value | Complex):
                    spilled.setdefault(id(cell), (cell, []))[1].append((var, i))
                elif isinstance(cell, Place) and cell.buffer == self.table.arena:
                    self.blocks[self._block(cell.offset)].add(var)
        if spilled:
            block = self.arena.take(16 * len(spilled))
            self.blocks[block] = set()
            for slot, (cell, holders) in enumerate(spilled.values()):
                kind = kind_of(holders[0][0].dtype)
                assert kind is not None
                place = Place(self.table.arena, block + 16 * slot, kind)
                body.put(cell, place)
                for var, i in holders:
                    self.cells[var][i] = place
                    self.blocks[block].add(var)

    def _write(self, body: Body, var: Var, memory: Memory) -> None:
        """Write an array, and read it from there from now on."""
        kind = kind_of(var.dtype)
        assert kind is not None
        places = memory.cells(var, kind)
        for cell, place in zip(self.cells[var], places, strict=True):
            assert isinstance(place, Place)
            body.put(cell, place)
        self.cells[var] = places
        self.table.memory[var] = memory

    def _block(self, offset: int) -> int:
        return max(b for b in self.blocks if b <= offset)

    def _free(self, at: int) -> None:
        """Give back scratch memory that nothing needs any more."""
        for block, holders in list(self.blocks.items()):
            if all(self.last.get(var, -1) <= at for var in holders):
                self.arena.give(block)
                del self.blocks[block]


def _guard(body: Body, look: Look, cells: list[Cell]) -> None:
    """Compare what is looked at with what was seen: its truth, or every bit of it."""
    guard = look.guard
    kind = kind_of(guard.var.dtype)
    assert kind is not None
    if guard.truth:
        (cell,) = cells
        seen = truth(body.held(cell), kind)
        body.guard(seen if guard.expected else ~seen, look.code)
        return
    for cell, expected in zip(cells, np.asarray(guard.expected).ravel(), strict=True):
        held = body.held(cell)
        parts = (
            [(held.re, expected.real), (held.im, expected.imag)] if isinstance(held, Complex) else [(held, expected)]
        )
        for value, wanted in parts:
            if value.kind.floating:
                bits = value.cast("bitcast", "i64" if value.kind.element == "double" else "i32")
                number = int(np.asarray(wanted).view(np.int64 if value.kind.element == "double" else np.int32))
                body.guard(bits.equals(number), look.code)
            else:
                body.guard(value.equals(int(wanted)), look.code)
