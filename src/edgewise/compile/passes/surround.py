"""A program around its loops: what variables that a loop has made are called there.

What a loop makes in each repetition is the entries of one array, so who needs one of them takes an entry, and an array
that is stacked of them is a part of that array.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from edgewise.book.index import gather_of
from edgewise.book.movement import concatenate, stack
from edgewise.compile.passes.compact import Compact
from edgewise.compile.passes.periods import FEWEST
from edgewise.compile.passes.repetition import Loop
from edgewise.core.program import Guard, Op, Program, Var, with_branch

__all__ = ["Surround", "steps_of"]


class Surround:
    """The new program while it is written.

    Attributes:
        made: it.
        names: what variables that a loop has made are called.
        kept: by loop and position, the array of what is made there.
    """

    def __init__(self, program: Program, compact: Compact, loops: list[Loop]) -> None:
        self.program, self.compact, self.loops = program, compact, loops
        self.made = Program()
        self.made.inputs, self.made.arrays = program.inputs, dict(program.arrays)
        self.made.frozen = set(program.frozen)
        self.names: dict[Var, Any] = {}  # what variables that a loop made are called now
        self.kept: dict[tuple[Loop, int], Var] = {}  # results that are needed elsewhere: the array of them
        self.loop_of = np.full(len(program.steps), -1)
        for i, loop in enumerate(loops):
            self.loop_of[loop.begin : loop.end] = i
        last = next(step for step in reversed(program.steps) if isinstance(step, Op))
        self.serial = max(var.serial for var in (*program.inputs, *program.arrays, *last.results))

    def place(self, var: Any) -> tuple[Loop, int, int] | None:
        """The loop, the repetition and the position that make a variable."""
        code = self.compact.code.get(var, -1) if type(var) is Var else -1
        if code < 0 or self.loop_of[code] < 0:
            return None
        loop = self.loops[self.loop_of[code]]
        return (loop, *divmod(code - loop.start, loop.period))

    def step(self, loop: Loop, position: int) -> Op:
        """What the first repetition in the loop does at a position."""
        op = self.program.steps[loop.begin + position]
        assert isinstance(op, Op)
        return op

    def now(self, var: Any) -> Any:
        """What a variable is called now: one that a loop has made is an entry of an array."""
        if type(var) is not Var or var in self.names:
            return self.names.get(var, var) if type(var) is Var else var
        found = self.place(var)
        if found is None:
            return var
        loop, k, position = found
        entry = self.names[var] = self.like(var)
        template = (k - 1, *(slice(None),) * var.ndim)
        self.made.steps.append(Op(gather_of, (self.kept[loop, position],), {"template": template}, (entry,), None))
        return entry

    def copy(self, step: Op | Guard) -> None:
        """A step outside of loops, of what its operands are called now."""
        if not isinstance(step, Op):
            var = self.now(step.var)
            self.made.steps.append(step if var is step.var else with_branch(step, var, step.otherwise))
            return
        if step.primitive is stack and step.params["axis"] == -len(step.results[0].shape) and self._stacked(step):
            return
        operands = tuple([self.now(x) if type(x) is Var else x for x in step.operands])
        same = all(a is b for a, b in zip(operands, step.operands, strict=True))
        if not same:
            step = Op(step.primitive, operands, step.params, step.results, step.place)
        self.made.steps.append(step)

    def _stacked(self, step: Op) -> bool:
        """Put what a loop has made again and again into an array, row by row, as the rows they are already."""
        parts, singles, at = list[Any](), list[Any](), 0
        operands, (result,) = step.operands, step.results
        while at < len(operands):
            length, ahead = self._run(operands, at)
            if length < FEWEST or operands[at].dtype != result.dtype:
                singles.append(self.now(operands[at]))
                at += 1
                continue
            if singles:
                parts.append(self._rows_of(singles, result, step))
                singles = []
            place = self.place(operands[at])
            assert place is not None
            loop, k, position = place
            rows = self.var((length, *result.shape[1:]), result.dtype)
            template = (steps_of(k - 1, ahead, length), *(slice(None),) * (rows.ndim - 1))
            kept = self.kept[loop, position]
            self.made.steps.append(Op(gather_of, (kept,), {"template": template}, (rows,), step.place))
            parts.append(rows)
            at += length
        if not parts:
            return False
        if singles:
            parts.append(self._rows_of(singles, result, step))
        starts = tuple(itertools.accumulate((part.shape[0] for part in parts), initial=0))
        params = {"axis": step.params["axis"], "starts": starts}
        self.made.steps.append(Op(concatenate, tuple(parts), params, (result,), step.place))
        return True

    def _run(self, operands: tuple[Any, ...], at: int) -> tuple[int, int]:
        """How many operands from one on are what a loop makes at a position, each time the next, or the one before."""
        first = self.place(operands[at])
        second = self.place(operands[at + 1]) if at + 1 < len(operands) else None
        if first is None or second is None or (first[0], first[2]) not in self.kept:
            return 1, 0
        ahead, length = second[1] - first[1], 1
        if abs(ahead) != 1:
            return 1, 0
        while at + length < len(operands):
            if self.place(operands[at + length]) != (first[0], first[1] + ahead * length, first[2]):
                break
            length += 1
        return length, ahead

    def _rows_of(self, singles: list[Any], result: Var, step: Op) -> Var:
        rows = self.var((len(singles), *result.shape[1:]), result.dtype)
        params = {**step.params, "count": len(singles)}
        self.made.steps.append(Op(stack, tuple(singles), params, (rows,), step.place))
        return rows

    def var_at(self, loop: Loop, k: int, position: int) -> Var:
        """What a repetition makes at a position."""
        return self.compact.var(loop.start + k * loop.period + position)

    def like(self, var: Var) -> Var:
        """A new variable of the same form."""
        return self.var(var.shape, var.dtype)

    def var(self, shape: tuple[int, ...], dtype: Any) -> Var:
        """A new variable."""
        self.serial += 1
        return Var(self.serial, tuple(shape), dtype)


def steps_of(first: int, step: int, count: int) -> slice:
    """So many entries from one on."""
    stop = first + count * step
    return slice(first, None if stop < 0 else stop, step)
