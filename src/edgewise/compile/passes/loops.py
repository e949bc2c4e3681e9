"""A program with loops in place of the stretches that ``reroll`` has found.

Each loop becomes one operation, ``repeat``. What is the same in every repetition is computed before it; what is needed
of it elsewhere is kept for all of its repetitions, and who needs one of them takes an entry of that array. The step of
a loop is a program of its own and simplified like any other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from edgewise.book.index import gather_of
from edgewise.book.movement import concatenate, stack
from edgewise.compile.passes.compact import Compact
from edgewise.compile.passes.periods import FEWEST
from edgewise.compile.passes.rebuild import rebuilt
from edgewise.compile.passes.reroll import Loop, Operand, found_loops, rows_of
from edgewise.compile.repeated import repeat
from edgewise.core.program import Guard, Op, Program, Var, used_by, vars_of, with_branch

__all__ = ["rerolled"]


def rerolled(program: Program) -> Program:
    """The program with loops, or the program itself where there are none."""
    found = found_loops(program)
    return program if found is None else _Writer(program, *found).run()


class _Step:
    """The step of a loop, while it is written.

    Attributes:
        inputs: by what they stand for, the variables of the step, and what is given for them from outside.
        results: per position what it makes.
    """

    def __init__(self) -> None:
        self.program = Program()
        self.carries: dict[int, Var] = {}
        self.fixed: dict[Var, Var] = {}
        self.entries: dict[Any, tuple[Operand, Var]] = {}
        self.results: list[Any] = []


class _Writer:
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

    def run(self) -> Program:
        self._find_kept()
        at, steps = 0, self.program.steps
        for loop in self.loops:
            self._between(steps[at : loop.begin])
            self._loop(loop)
            at = loop.end
        self._between(steps[at:])
        self.made.outputs = [self._now(output) for output in self.program.outputs]
        return self.made

    def _between(self, steps: list[Op | Guard]) -> None:
        for step in steps:
            renamed = self._renamed(step)  # which may need others before it
            self.made.steps.append(renamed)

    def _place(self, var: Any) -> tuple[Loop, int, int] | None:
        """The loop, the repetition and the position that make a variable."""
        code = self.compact.code.get(var, -1) if type(var) is Var else -1
        if code < 0 or self.loop_of[code] < 0:
            return None
        loop = self.loops[self.loop_of[code]]
        return (loop, *divmod(code - loop.start, loop.period))

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
            self._keep_all(self._var_at(loop, 0, position) for position in self._carried(loop))
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
            found = self._place(var)
            if found is not None:
                self._keep(found[0], found[2])

    def _keep(self, loop: Loop, position: int) -> None:
        if position not in loop.constant and (loop, position) not in self.kept:
            like = self._var_at(loop, 1, position)
            self.kept[loop, position] = self._var((loop.count - 1, *like.shape), like.dtype)

    # -- one loop

    def _loop(self, loop: Loop) -> None:
        step = _Step()
        for position, row in enumerate(loop.operands):
            op = self.program.steps[loop.begin + position]
            assert isinstance(op, Op)
            if position in loop.constant:
                step.results.append(self._before(loop, step, op, row))
                continue
            operands = tuple([self._inside(loop, step, op, position, one, i) for i, one in enumerate(row)])
            if row[0].what == "read":
                step.results.append(operands[0])
                continue
            result = self._like(op.results[0])
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
                operands.append(self._now(one.how))
        result = self._like(op.results[0])
        self.made.steps.append(Op(op.primitive, tuple(operands), op.params, (result,), op.place))
        position = len(step.results)
        for k in range(1, loop.count):
            self.names[self._var_at(loop, k, position)] = result
        return self._fixed(step, result)

    def _fixed(self, step: _Step, outer: Var) -> Var:
        found = step.fixed.get(outer)
        if found is None:
            found = step.fixed[outer] = self._like(outer)
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
                step.carries[how] = self._like(self._var_at(loop, 1, how))
            return step.carries[how]
        if what == "fixed":
            outer = self._now(how)
            return self._fixed(step, outer) if type(outer) is Var else outer
        key = (self.kept[how.loop, how.position], how.first, how.step) if what == "entries" else (position, i)
        if key not in step.entries:
            like = op.results[0] if what == "read" else op.operands[i]
            inner = self._like(like) if type(like) is Var else self._var((), np.dtype(np.float64))
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
            outer = self._like(inner)
            self.made.arrays[outer] = array
            self.made.frozen.add(outer)
            step.fixed[outer] = inner
        body.arrays, body.frozen = {}, set()
        self._merge(loop, body, len(carries), kept)
        body.inputs = [*step.carries.values(), *step.fixed.values(), *(var for _, var in step.entries.values())]
        firsts = [self._now(self._var_at(loop, 0, p)) for p in carries]
        arrays = [self._array(one, inner, loop.count - 1) for one, inner in step.entries.values()]
        lasts = [self._like(var) for var in step.carries.values()]
        params = {"body": body, "carries": len(carries), "fixed": len(step.fixed), "steps": loop.count - 1}
        results = (*lasts, *dict.fromkeys(self.kept[loop, p] for p in kept))
        operands = (*firsts, *step.fixed, *arrays)
        place = self.program.steps[loop.begin].place
        self.made.steps.append(Op(repeat, operands, params, results, place))
        for position, last in zip(carries, lasts, strict=True):
            self.names[self._var_at(loop, loop.count - 1, position)] = last

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
            source, first, rest = self._now(one.how.source), one.how.first, one.how.rest
        else:
            source, first, rest = self.kept[one.how.loop, one.how.position], one.how.first - 1, ()
        stop = first + steps * one.how.step
        template = (slice(first, None if stop < 0 else stop, one.how.step), *rest)
        var = self._var(np.empty(source.shape, bool)[template].shape, source.dtype)
        self.made.steps.append(Op(gather_of, (source,), {"template": template}, (var,), None))
        return var

    def _rows(self, rows: tuple[Any, ...], inner: Var) -> Var:
        """An array that the program knows, or one whose rows it has met one by one."""
        frozen = not all(type(x) is Var and x not in self.program.frozen for x in rows)
        if frozen:
            array = np.array([self.program.arrays[x] if type(x) is Var else x for x in rows], inner.dtype)
        else:
            array = rows_of([self.program.arrays[x] for x in rows])
        var = self._var(array.shape, array.dtype)
        self.made.arrays[var] = array
        if frozen:
            self.made.frozen.add(var)
        return var

    # -- names

    def _now(self, var: Any) -> Any:
        """What a variable is called now: one that a loop has made is an entry of an array."""
        if type(var) is not Var or var in self.names:
            return self.names.get(var, var) if type(var) is Var else var
        found = self._place(var)
        if found is None:
            return var
        loop, k, position = found
        entry = self.names[var] = self._like(var)
        template = (k - 1, *(slice(None),) * var.ndim)
        self.made.steps.append(Op(gather_of, (self.kept[loop, position],), {"template": template}, (entry,), None))
        return entry

    def _renamed(self, step: Op | Guard) -> Op | Guard:
        if not isinstance(step, Op):
            var = self._now(step.var)
            return step if var is step.var else with_branch(step, var, step.otherwise)
        if step.primitive is stack and step.params["axis"] == -step.results[0].ndim:
            return self._stacked(step)
        operands = tuple([self._now(x) if type(x) is Var else x for x in step.operands])
        same = all(a is b for a, b in zip(operands, step.operands, strict=True))
        return step if same else Op(step.primitive, operands, step.params, step.results, step.place)

    def _stacked(self, op: Op) -> Op:
        """What repetitions of loops have made, put together: stretches of the arrays that are kept, end to end."""
        parts: list[Var] = []
        for row, steps in self._stretches(op.operands, op.results[0].dtype):
            shape = (len(row), *op.results[0].shape[1:])
            part = self._var(shape, op.results[0].dtype)
            found = self._place(row[0]) if steps else None
            if found is None:
                operands = tuple([self._now(x) if type(x) is Var else x for x in row])
                self.made.steps.append(Op(stack, operands, {**op.params, "count": len(row)}, (part,), op.place))
            else:
                loop, k, position = found
                stop = k - 1 + steps * len(row)
                template = (slice(k - 1, None if stop < 0 else stop, steps), *(slice(None),) * (len(shape) - 1))
                array = self.kept[loop, position]
                self.made.steps.append(Op(gather_of, (array,), {"template": template}, (part,), op.place))
            parts.append(part)
        starts = tuple(itertools.accumulate((part.shape[0] for part in parts), initial=0))
        params = {"axis": op.params["axis"], "starts": starts}
        return Op(concatenate, tuple(parts), params, op.results, op.place)

    def _stretches(self, operands: tuple[Any, ...], dtype: Any) -> Iterator[tuple[list[Any], int]]:
        """Operands in rows: those that consecutive repetitions make, and what is between; and the step from k to k.

        Arrays that are kept are taken where they are of a dtype.
        """
        places = [self._place(x) for x in operands]
        waiting: list[Any] = []
        at = 0
        while at < len(operands):
            end, steps = at + 1, 0
            first = places[at]
            array = None if first is None else self.kept.get(first[:1] + first[2:])
            if first is not None and array is not None and array.dtype == dtype:
                loop, k, position = first
                steps = 1 if (loop, k + 1, position) in places[end : end + 1] else -1
                while end < len(operands) and places[end] == (loop, k + steps * (end - at), position):
                    end += 1
            if end - at < FEWEST:
                waiting += operands[at:end]
            else:
                if waiting:
                    yield waiting, 0
                waiting = []
                yield list(operands[at:end]), steps
            at = end
        if waiting:
            yield waiting, 0

    def _var_at(self, loop: Loop, k: int, position: int) -> Var:
        """What a repetition makes at a position."""
        return self.compact.var(loop.start + k * loop.period + position)

    def _like(self, var: Var) -> Var:
        return self._var(var.shape, var.dtype)

    def _var(self, shape: tuple[int, ...], dtype: Any) -> Var:
        self.serial += 1
        return Var(self.serial, tuple(shape), dtype)
