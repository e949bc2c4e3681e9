"""A program with loops in place of the stretches that ``reroll`` has found.

Each loop becomes one operation, ``repeat``. What is the same in every repetition is computed before it; what is needed
of it elsewhere is kept for all of its repetitions, and who needs one of them takes an entry of that array. The step of
a loop is a program of its own and simplified like any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.book.index import gather_of, scatter_of
from edgewise.compile.passes.rebuild import rebuilt
from edgewise.compile.passes.repetition import Loop, Operand, Sum
from edgewise.compile.passes.reroll import found_loops, rows_of
from edgewise.compile.passes.surround import Surround, steps_of
from edgewise.compile.repeated import repeat
from edgewise.core.program import Op, Program, Var, used_by, vars_of

__all__ = ["rerolled"]


def rerolled(program: Program) -> Program:
    """The program with loops, or the program itself where there are none."""
    found = found_loops(program)
    return program if found is None else _Writer(program, *found).run()


class _Step:
    """The step of a loop, while it is written.

    Attributes:
        program: what it does.
        carries: by position in the loop, what stands for what the repetition before has made there.
        fixed: by the variable outside, what stands for it.
        entries: what stands for another entry of an array each time, with what that is.
        results: per position what it makes.
    """

    def __init__(self) -> None:
        self.program = Program()
        self.carries: dict[int, Var] = {}
        self.fixed: dict[Var, Var] = {}
        self.entries: dict[Any, tuple[Operand, Var]] = {}
        self.results: list[Any] = []


class _Writer(Surround):
    def run(self) -> Program:
        self._find_kept()
        at, steps, made = 0, self.program.steps, self.made
        for loop in self.loops:
            for step in steps[at : loop.begin]:
                self.copy(step)
            self._loop(loop)
            at = loop.end
        for step in steps[at:]:
            self.copy(step)
        made.outputs = [self.now(output) for output in self.program.outputs]
        return made

    # -- what is kept of loops

    def _find_kept(self) -> None:
        at, steps = 0, self.program.steps
        for loop in self.loops:
            for step in steps[at : loop.begin]:
                self._keep_all(used_by(step))
            at = loop.end
        for step in steps[at:]:
            self._keep_all(used_by(step))
        self._keep_all(vars_of(self.program.outputs))
        for loop in self.loops:
            for position in loop.written:
                self._keep(loop, position)
            self._keep_all(self.var_at(loop, 0, position) for position in self._carried(loop))
            for one in (one for row in loop.operands for one in row):
                if one.what == "entries":
                    self._keep(one.how.loop, one.how.position)
                elif one.what == "fixed":
                    self._keep_all((one.how,))
                elif one.what == "read":
                    self._keep_all((one.how.source,))

    @staticmethod
    def _carried(loop: Loop) -> list[int]:
        """The positions whose results the next repetition takes."""
        return list(dict.fromkeys(one.how for row in loop.operands for one in row if one.what == "carry"))

    def _keep_all(self, variables: Any) -> None:
        for var in variables:
            found = self.place(var)
            if found is not None:
                self._keep(found[0], found[2])

    def _keep(self, loop: Loop, position: int) -> None:
        summed = any(position == one.carried for one in loop.sums)  # known after the last repetition, and there alone
        if position not in loop.constant and (loop, position) not in self.kept and not summed:
            like = self.var_at(loop, 1, position)
            if position in loop.written:
                (like,) = self.step(loop, position).operands
            self.kept[loop, position] = self.var((loop.count - 1, *like.shape), like.dtype)

    # -- one loop

    def _loop(self, loop: Loop) -> None:
        step = _Step()
        sums = {at for one in loop.sums for _, at in one.parts}
        for position, row in enumerate(loop.operands):
            op = self.step(loop, position)
            if position in loop.constant:
                step.results.append(self._before(loop, step, op, row))
                continue
            if position in sums:  # done after the loop
                step.results.append(None)
                continue
            operands = tuple([self._inside(loop, step, op, position, one, i) for i, one in enumerate(row)])
            if row[0].what == "read" or position in loop.written:
                step.results.append(operands[0])
                continue
            result = self.like(op.results[0])
            step.program.steps.append(Op(op.primitive, operands, op.params, (result,), op.place))
            step.results.append(result)
        self._write(loop, step)

    def _before(self, loop: Loop, step: _Step, op: Op, row: list[Operand]) -> Var:
        """An operation that is the same in each repetition, done once; what stands for its result in the step."""
        outside = {inner: outer for outer, inner in step.fixed.items()}
        operands = []
        for one in row:
            if one.what == "inside":
                operands.append(outside[step.results[one.how]])
            else:
                operands.append(self.now(one.how))
        result = self.like(op.results[0])
        self.made.steps.append(Op(op.primitive, tuple(operands), op.params, (result,), op.place))
        position = len(step.results)
        for k in range(1, loop.count):
            self.names[self.var_at(loop, k, position)] = result
        return self._fixed(step, result)

    def _fixed(self, step: _Step, outer: Var) -> Var:
        found = step.fixed.get(outer)
        if found is None:
            found = step.fixed[outer] = self.like(outer)
        return found

    def _inside(self, loop: Loop, step: _Step, op: Op, position: int, one: Operand, i: int) -> Any:
        """What stands for an operand in the step."""
        what, how = one
        if what == "number":
            return how
        if what == "inside":
            return step.results[how]
        if what == "carry":
            if how not in step.carries:
                step.carries[how] = self.like(self.var_at(loop, 1, how))
            return step.carries[how]
        if what == "fixed":
            outer = self.now(how)
            return self._fixed(step, outer) if type(outer) is Var else outer
        key = (self.kept[how.loop, how.position], how.first, how.step) if what == "entries" else (position, i)
        if key not in step.entries:
            like = op.results[0] if what == "read" else op.operands[i]
            inner = self.like(like) if type(like) is Var else self.var((), np.dtype(np.float64))
            step.entries[key] = one, inner
        return step.entries[key][1]

    def _write(self, loop: Loop, step: _Step) -> None:
        """The loop as an operation, once its step is known."""
        carries, kept = list(step.carries), [p for other, p in self.kept if other is loop]
        program = step.program
        program.inputs = [*step.carries.values(), *step.fixed.values(), *(var for _, var in step.entries.values())]
        program.outputs = [step.results[p] for p in (*carries, *kept)]
        body = rebuilt(program)
        for inner, array in body.arrays.items():
            outer = self.like(inner)
            self.made.arrays[outer] = array
            self.made.frozen.add(outer)
            step.fixed[outer] = inner
        body.arrays, body.frozen = {}, set()
        self._merge(loop, body, len(carries), kept)
        body.inputs = [*step.carries.values(), *step.fixed.values(), *(var for _, var in step.entries.values())]
        firsts = [self.now(self.var_at(loop, 0, p)) for p in carries]
        arrays = [self._array(one, inner, loop.count - 1) for one, inner in step.entries.values()]
        lasts = [self.like(var) for var in step.carries.values()]
        params = {"body": body, "carries": len(carries), "fixed": len(step.fixed), "steps": loop.count - 1}
        results = (*lasts, *dict.fromkeys(self.kept[loop, p] for p in kept))
        operands = (*firsts, *step.fixed, *arrays)
        place = self.program.steps[loop.begin].place
        self.made.steps.append(Op(repeat, operands, params, results, place))
        for position, last in zip(carries, lasts, strict=True):
            self.names[self.var_at(loop, loop.count - 1, position)] = last
        for one in loop.sums:
            self._sum(loop, one)

    def _sum(self, loop: Loop, one: Sum) -> None:
        """What all repetitions have added to an array, each in its own place."""
        total = self.now(self.var_at(loop, 0, one.carried))
        for position, at in one.parts:
            write, add = self.step(loop, position), self.step(loop, at)
            first, step, rest = loop.written[position]
            params = {**write.params, "template": (steps_of(first, step, loop.count - 1), *rest)}
            part = self.like(write.results[0])
            self.made.steps.append(Op(scatter_of, (self.kept[loop, position],), params, (part,), write.place))
            operands = (part, total) if add.operands[0] is write.results[0] else (total, part)
            total = self.like(add.results[0])
            self.made.steps.append(Op(add.primitive, operands, add.params, (total,), add.place))
        self.names[self.var_at(loop, loop.count - 1, one.carried)] = total

    def _merge(self, loop: Loop, body: Program, carries: int, kept: list[int]) -> None:
        """Keep once what is the same."""
        first: dict[Any, int] = {}
        outputs = body.outputs[:carries]
        for position, output in zip(kept, body.outputs[carries:], strict=True):
            if type(output) is Var and output in first:
                self.kept[loop, position] = self.kept[loop, first[output]]
            else:
                first[output] = position
                outputs.append(output)
        body.outputs = outputs

    def _array(self, one: Operand, inner: Var, steps: int) -> Any:
        """The entries that the repetitions take, in their order, as an array."""
        if one.what == "rows":
            return self._rows(one.how.rows[:steps], inner)
        if one.what == "read":
            source, first, rest = self.now(one.how.source), one.how.first, one.how.rest
        else:
            source, first, rest = self.kept[one.how.loop, one.how.position], one.how.first - 1, ()
        template = (steps_of(first, one.how.step, steps), *rest)
        var = self.var(np.empty(source.shape, bool)[template].shape, source.dtype)
        self.made.steps.append(Op(gather_of, (source,), {"template": template}, (var,), None))
        return var

    def _rows(self, rows: tuple[Any, ...], inner: Var) -> Var:
        """An array that the program knows, or one whose rows it has met one by one."""
        frozen = not all(type(x) is Var and x not in self.program.frozen for x in rows)
        if frozen:
            array = np.array([self.program.arrays[x] if type(x) is Var else x for x in rows], inner.dtype)
        else:
            array = rows_of([self.program.arrays[x] for x in rows])
        var = self.var(array.shape, array.dtype)
        self.made.arrays[var] = array
        if frozen:
            self.made.frozen.add(var)
        return var
