"""A program made ready to run: ``build`` makes an ``Executable`` of any program whatsoever.

What has a form in machine code becomes machine code, and what has none is a call of the NumPy function of its primitive
in between, so nothing is ever refused. Where no such call is left, the whole program is one function with an
``address``, which a call gate can call without Python.
"""

from __future__ import annotations

import ctypes
import time
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.compile import pool
from edgewise.compile.collector import seldom
from edgewise.compile.engine import Library, load
from edgewise.compile.engine import assembly as disassembled
from edgewise.compile.functions import addresses
from edgewise.compile.host import host
from edgewise.compile.kernels.assembly import LONG, Assembly, Target, assemble
from edgewise.compile.kernels.bands import banded
from edgewise.compile.kernels.division import divide
from edgewise.compile.kernels.sections import Call, Look
from edgewise.compile.kernels.table import Table
from edgewise.compile.kernels.told import Kernel, told
from edgewise.compile.kernels.tree import assemble_tree
from edgewise.compile.numpy_run import NumpyRun
from edgewise.compile.repeated import repeat
from edgewise.compile.scratch import scratch
from edgewise.compile.stepping import Stepper
from edgewise.core.program import Guard, Op, Program, Var, take

__all__ = ["Executable", "build", "build_tree"]

HUGE = 15_000  # lines of text from which on compile time counts more, loops or not: level 2 takes ten times as long

_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


@seldom()
def build(program: Program) -> Executable:
    """Make a program ready to run.

    Args:
        program: its inputs will have the shapes and dtypes that it was recorded with.

    Raises:
        MissingExtraError: llvmlite is not installed.
    """
    target, known = _target(), _known(program)
    begun = time.perf_counter()
    division = divide(program, known, target.fused)
    banded(division)
    written = assemble(program, division, known, target)
    made = time.perf_counter()
    executable = Executable(program, division.outputs, written)
    executable.kernels = told(division, written.pieces, written.tiles)
    executable.seconds = {"write": made - begun, "compile": time.perf_counter() - made}
    return executable


@seldom()
def build_tree(program: Program) -> Executable | None:
    """Make a program with branches ready to run, as one function; None where it is not made of few numbers alone.

    The number of a guard that failed is of no use here: the program has gone another way than straight on.
    """
    target, known = _target(), _known(program)
    written = assemble_tree(program, known, target)
    return None if written is None else Executable(program, written[1], written[0])


def _target() -> Target:
    here = host()
    return Target(here.width, here.fused, here.attributes)


def _known(program: Program) -> dict[Var, Any]:
    return {var: program.arrays[var] for var in program.arrays if var in program.frozen}


class Executable:
    """A program that is ready to run.

    Attributes:
        program: what it is.
        text: its LLVM assembly.
        library: the machine code; None where there is none.
        address: of a function ``i64 kernel(ptr table)`` that does everything, where there is one; else 0. The table
            holds addresses of the inputs, the captured arrays, and the outputs that are variables, all in C order
            (captured arrays as they lie), and of ``arena`` bytes of scratch memory. It returns 0, or the number of the
            guard that failed, counted from 1.
        arena: bytes of scratch memory, at an address that is a multiple of 64.
        results: shape and dtype of each output that is a variable, in order.
        captured: the captured arrays, in the table's order.
        cycles: what it takes on one thread, roughly, without the calls of NumPy.
        kernels: what it does, section by section.
        seconds: what its text, and its machine code, took to make.
        delivered: the outputs: variables, each of which has a place in the table, and numbers.
    """

    def __init__(self, program: Program, outputs: list[Any], assembly: Assembly) -> None:
        self.program = program
        self.kernels: list[Kernel] = []
        self.seconds: dict[str, float] = {}
        self.delivered = outputs
        texts = [one.text for one in (assembly.main, assembly.straight) if one is not None]
        self.text = "\n\n".join(texts)
        self.arena = assembly.arena
        self.cost = assembly.cost
        self.cycles = assembly.cycles
        self.captured = list(program.arrays.values())
        table = assembly.table
        self.results = [(v.shape, v.dtype) for v in table.results]
        self.library: Library | None = None
        self._level = _level(assembly)
        self._texts = list(zip(texts, (self._level, 0), strict=False))
        if any(not isinstance(step, Call) for step in assembly.steps):
            imports = addresses(assembly.main.functions)
            if assembly.straight is not None:
                text, functions = assembly.straight
                self._straight = load(text, level=0, imports=addresses(functions))
                imports |= {symbol: self._straight.address(symbol) for symbol in assembly.sections}
            if assembly.pieces:
                imports |= pool.imports()
            self.library = load(assembly.main.text, level=self._level, imports=imports)
        self._table = table
        self._layouts = [table.memory[var].strides for var in program.arrays]
        self._guards = len(program.guards)
        made = {var for step in assembly.steps if isinstance(step, Call) for var in _made(step)}
        given = {*program.inputs, *program.arrays, *made}
        self._copied = {v for v in table.results if v in given}
        self.address = 0
        self._steps: list[Any] = []
        self._loops: dict[int, Stepper] = {}  # by the operation
        for step in assembly.steps:
            if isinstance(step, Call):
                self._steps.append(step)
                if isinstance(step.step, Op) and step.step.primitive is repeat:
                    self._loops[id(step.step)] = Stepper(step.step, build(step.step.params["body"]))
                continue
            assert self.library is not None
            at = self.library.address(step.symbol)
            self._steps.append(_FUNCTION(at))
            if len(assembly.steps) == 1 and not self._copied:
                self.address = at
        self._frames: deque[_Frame] = deque()  # scratch memory that no run is using

    @property
    def calls(self) -> list[str]:
        """The operations that NumPy does, by name, in order."""
        steps = [one.step for one in self._steps if isinstance(one, Call)]
        return ["guard" if isinstance(step, Look) else step.primitive.name for step in steps]

    @property
    def assembly(self) -> str:
        """What the processor is told, as text."""
        return "\n\n".join(disassembled(text, level=level) for text, level in self._texts)

    def run(self, inputs: Sequence[Any]) -> tuple[int, list[Any]]:
        """Run the program once.

        Args:
            inputs: arrays and numbers of the shapes and dtypes that the program was recorded with, laid out in any way.

        Returns:
            0 and the outputs, fresh arrays and NumPy scalars; or the number of the guard that failed, counted from 1,
            and no outputs.
        """
        try:
            frame = self._frames.pop()
        except IndexError:
            frame = _Frame(self._table, self.arena)
        try:
            code, outputs = self._run(frame, inputs)
        finally:
            frame.values.clear()
            self._frames.append(frame)
        if code > self._guards:  # what was captured has another layout now, or an index is out of range: NumPy knows
            return NumpyRun(self.program).run(inputs)
        return code, outputs

    def _run(self, frame: _Frame, inputs: Sequence[Any]) -> tuple[int, list[Any]]:
        program, values = self.program, frame.values
        changed = self._guards + 1
        at = 0
        keep: list[Any] = []
        for var, value in zip(program.inputs, inputs, strict=True):
            values[var] = value
            laid = _in_order(value, var)
            if laid.shape != var.shape:
                return changed, []
            frame.table[at] = _address(laid, keep)
            at += 1
        for (var, array), strides in zip(program.arrays.items(), self._layouts, strict=True):
            if array.shape != var.shape or array.dtype != var.dtype:
                return changed, []
            values[var] = array
            laid = array if array.flags.aligned else np.require(array, requirements=["C", "A", "E"])
            if laid.strides != strides:
                return changed, []
            frame.table[at] = _address(laid, keep)
            at += 1
        results = [np.empty(shape, dtype) for shape, dtype in self.results]
        for result in results:
            frame.table[at] = _address(result, keep)
            at += 1
        for step in self._steps:
            code = self._call(step, frame, keep) if isinstance(step, Call) else step(frame.at)
            if code:
                return code, []
        return 0, self._outputs(values, results)

    def _call(self, call: Call, frame: _Frame, keep: list[Any]) -> int:
        values = frame.values
        step = call.step
        op = step.guard if isinstance(step, Look) else step
        for var in (op.var,) if isinstance(op, Guard) else op.operands:
            if type(var) is Var and var not in values:
                values[var] = self._view(var, frame)
        if isinstance(step, Look):
            return 0 if step.guard.holds(values[step.guard.var]) else step.code
        given = take(values, step.operands)
        loop = self._loops.get(id(step))
        made = step.primitive.compute(given, step.params) if loop is None else loop.run(given)
        for var, value in zip(step.results, made if step.primitive.outputs is not None else (made,), strict=True):
            if value.shape != var.shape or value.dtype != var.dtype:
                return self._guards + 1
            if not value.flags.owndata:  # it may show scratch memory
                value = value.copy()  # noqa: PLW2901  the value, in memory of its own
            values[var] = value
            frame.table[self._table.called[var]] = _address(_in_order(value, var), keep)
        return 0

    def _view(self, var: Var, frame: _Frame) -> Any:
        """A value in memory, as NumPy sees it."""
        memory = self._table.memory[var]
        start = frame.table[memory.buffer] or 0
        found = np.asarray(_Window(start + memory.offset, var, memory.strides))
        return found if var.shape else found[()]

    def _outputs(self, values: dict[Var, Any], results: list[Any]) -> list[Any]:
        rest = iter(results)
        found = []
        for output in self.delivered:
            if type(output) is not Var:
                found.append(output)
                continue
            result = next(rest)
            if output in self._copied:
                result[...] = values[output]
            found.append(result if output.shape else result[()])
        return found


class _Frame:
    """What one run at a time has: a table, and scratch memory."""

    __slots__ = ("arena", "at", "table", "values")

    def __init__(self, table: Table, arena: int) -> None:
        self.arena, address = scratch(arena)
        self.table = (ctypes.c_void_p * table.size)()
        self.table[table.arena] = address
        self.at = ctypes.addressof(self.table)
        self.values: dict[Var, Any] = {}


class _Window:
    """A stretch of memory that somebody else keeps alive, for NumPy to look at."""

    __slots__ = ("__array_interface__",)

    def __init__(self, address: int, var: Var, strides: tuple[int, ...]) -> None:
        self.__array_interface__ = {
            "version": 3,
            "data": (address, True),
            "shape": var.shape,
            "typestr": var.dtype.str,
            "strides": strides,
        }


def _level(assembly: Assembly) -> int:
    """How hard LLVM is to try. Level 0 is as fast for numbers, and several times slower for loops full of constants."""
    return 0 if assembly.main.text.count("\n") > HUGE or (assembly.cost > LONG and not assembly.looping) else 2


def _made(call: Call) -> tuple[Var, ...]:
    return () if isinstance(call.step, Look) else call.step.results


def _in_order(value: Any, var: Var) -> Any:
    """The value as an aligned array in C order, itself where it is one."""
    if type(value) is np.ndarray and value.dtype == var.dtype and value.flags.carray:
        return value
    return np.require(value, var.dtype, ["C", "A", "E"])


def _address(array: Any, keep: list[Any]) -> int:
    keep += array, weakref.ref(array)  # which other threads can then neither free nor resize
    address: int = array.__array_interface__["data"][0]  # in half the time that array.ctypes takes
    return address
