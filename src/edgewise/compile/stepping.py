"""A loop whose step is machine code of its own: the step is called again and again, without Python in between.

One function of LLVM text does it for all loops. It calls a kernel on its table of addresses, moves on the addresses
that go through an array, and swaps those of each carry, which has two places: the step reads one and writes the other.
"""

from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.compile.engine import load
from edgewise.compile.repeated import stepped
from edgewise.compile.scratch import scratch
from edgewise.core.program import Op, Var

if TYPE_CHECKING:
    from edgewise.compile.executable import Executable

__all__ = ["Stepper"]

TEXT = """
define i64 @steps(ptr %kernel, ptr %table, i64 %slots, ptr %strides, i64 %carries, i64 %results, i64 %count) {
entry:
  br label %step
step:                                                           ; one step
  %k = phi i64 [ 0, %entry ], [ %k.next, %moved ]
  %code = call i64 %kernel(ptr %table)
  %failed = icmp ne i64 %code, 0
  br i1 %failed, label %end, label %move
move:                                                           ; every address, by its stride
  %i = phi i64 [ 0, %step ], [ %i.next, %move.one ]
  %i.more = icmp ult i64 %i, %slots
  br i1 %i.more, label %move.one, label %swap
move.one:
  %at = getelementptr ptr, ptr %table, i64 %i
  %address = load ptr, ptr %at
  %stride.at = getelementptr i64, ptr %strides, i64 %i
  %stride = load i64, ptr %stride.at
  %next = getelementptr i8, ptr %address, i64 %stride
  store ptr %next, ptr %at
  %i.next = add i64 %i, 1
  br label %move
swap:                                                           ; what was written is read next
  %c = phi i64 [ 0, %move ], [ %c.next, %swap.one ]
  %c.more = icmp ult i64 %c, %carries
  br i1 %c.more, label %swap.one, label %moved
swap.one:
  %in.at = getelementptr ptr, ptr %table, i64 %c
  %out = add i64 %results, %c
  %out.at = getelementptr ptr, ptr %table, i64 %out
  %in.address = load ptr, ptr %in.at
  %out.address = load ptr, ptr %out.at
  store ptr %out.address, ptr %in.at
  store ptr %in.address, ptr %out.at
  %c.next = add i64 %c, 1
  br label %swap
moved:
  %k.next = add i64 %k, 1
  %more = icmp ult i64 %k.next, %count
  br i1 %more, label %step, label %end
end:
  ret i64 %code
}
"""


@functools.cache
def _steps() -> tuple[Any, Any]:
    """The function, and the library that it lives in."""
    library = load(TEXT)
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    prototype = ctypes.CFUNCTYPE(number, pointer, pointer, number, pointer, number, number, number)
    return prototype(library.address("steps")), library


class Stepper:
    """One loop.

    Args:
        op: the loop, an operation ``repeat``.
        body: a step of it.
    """

    def __init__(self, op: Op, body: Executable) -> None:
        self._params, self._body = op.params, body
        outputs = body.delivered
        self._native = bool(body.address) and not body.captured and all(type(o) is Var for o in outputs)

    def run(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the operation returns."""
        found = self._run(operands) if self._native else None
        return stepped(self._body.run, operands, **self._params) if found is None else found

    def _run(self, operands: tuple[Any, ...]) -> tuple[Any, ...] | None:
        body, carries, steps = self._body, self._params["carries"], self._params["steps"]
        entries = carries + self._params["fixed"]
        inputs = body.program.inputs
        memory: list[Any] = []
        strides: list[int] = []
        for i, (value, var) in enumerate(zip(operands, inputs, strict=True)):
            array = np.asarray(value, var.dtype)
            if i < carries:
                array = np.array(array, order="C")
            elif i < entries or not (array.flags.aligned and array[0].flags.c_contiguous):
                array = np.ascontiguousarray(array)
            memory.append(array)
            strides.append(array.strides[0] if i >= entries else 0)
        for i, (shape, dtype) in enumerate(body.results):
            rows = np.empty(shape if i < carries else (steps, *shape), dtype)
            memory.append(rows)
            strides.append(0 if i < carries else rows.strides[0])
        _arena, start = scratch(body.arena)  # held until the loop is over
        addresses = [a.__array_interface__["data"][0] for a in memory]
        slots = len(addresses)
        table = (ctypes.c_void_p * (slots + 1))(*addresses, start)
        moves = (ctypes.c_int64 * slots)(*strides)
        steps_of, _held = _steps()  # the library, should another thread make it once more meanwhile
        if steps_of(body.address, table, slots, moves, carries, len(inputs), steps):
            return None  # NumPy says what is wrong
        last = memory[len(inputs) : len(inputs) + carries] if steps % 2 else memory[:carries]
        return (*(a[()] if not a.ndim else a for a in last), *memory[len(inputs) + carries :])
