"""The table that a kernel is called with: which address stands where, and where each value of a program is found."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.kernels.body import Cell, Fixed, Place
from edgewise.compile.kernels.kinds import Kind
from edgewise.core.program import Program, Var

__all__ = ["Memory", "Table", "contiguous", "offsets"]


class Memory(NamedTuple):
    """Where an array lies: a buffer of the table, the offset of its first entry, and its strides, all in bytes.

    In a band there may be only the rows at hand: ``rows`` is the axis along which they are counted, -1 elsewhere.
    """

    buffer: int
    offset: int
    strides: tuple[int, ...]
    rows: int = -1

    def cells(self, var: Var, kind: Kind) -> list[Cell]:
        """The places of its entries, in C order."""
        return [Place(self.buffer, at, kind) for at in offsets(var.shape, self.strides, self.offset)]


def offsets(shape: tuple[int, ...], strides: tuple[int, ...], first: int = 0) -> list[int]:
    """Where the entries of an array are, in C order.

    >>> offsets((2, 2), (16, 8), 4)
    [4, 12, 20, 28]
    """
    found = [first]
    for length, stride in zip(shape, strides, strict=True):
        found = [at + i * stride for at in found for i in range(length)]
    return found


def contiguous(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The strides in bytes of an array in C order, whose entries have a size."""
    steps = itertools.accumulate(shape[:0:-1], int.__mul__, initial=size)
    return tuple(steps)[::-1] if shape else ()


def _alone(var: Var, buffer: int) -> Memory:
    """An array that is all there is in a buffer."""
    return Memory(buffer, 0, contiguous(var.shape, var.dtype.itemsize))


class Table:
    """Buffers by number: inputs, captured arrays, results, scratch memory, and what NumPy makes in between.

    Attributes:
        results: the variables that are outputs, one buffer each.
        arena: the number of scratch memory.
        called: the buffer of each variable that a call of NumPy makes.
        size: how many there are.
    """

    def __init__(self, program: Program, outputs: list[Any], called: list[Var]) -> None:
        inputs, arrays = len(program.inputs), len(program.arrays)
        self.results = [v for v in outputs if type(v) is Var]
        self.first_result = inputs + arrays
        self.arena = self.first_result + len(self.results)
        self.called = {var: self.arena + 1 + i for i, var in enumerate(called)}
        self.size = self.arena + 1 + len(called)
        self._places: dict[Var, int] = {}
        for i, var in enumerate(self.results, self.first_result):
            self._places.setdefault(var, i)
        self.memory: dict[Var, Memory] = {
            v: Memory(i, 0, contiguous(v.shape, v.dtype.itemsize)) for i, v in enumerate(program.inputs)
        }
        for i, (var, array) in enumerate(program.arrays.items(), inputs):
            self.memory[var] = Memory(
                i, 0, array.strides if array.flags.aligned else contiguous(var.shape, var.dtype.itemsize)
            )
        for var, i in self.called.items():
            self.memory[var] = _alone(var, i)

    def result(self, var: Var) -> Memory | None:
        """Where a variable is to be written because it is an output."""
        place = self._places.get(var)
        return None if place is None else _alone(var, place)


def known_cells(array: Any, kind: Kind) -> list[Cell]:
    """The entries of an array that never changes."""
    return [Fixed(x, kind) for x in np.asarray(array).ravel().tolist()]
