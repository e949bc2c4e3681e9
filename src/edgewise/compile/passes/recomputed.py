"""Loops that leave less for later loops: what takes less time to compute again than to fetch is computed again.

A reverse sweep needs what the steps of the forward loop have made, and finds it stacked. Of long loops that is more
than the near caches hold, and going through it takes longer than a product or a sum of what is there anyhow. Where
every user of a stack takes entries of it, an entry is computed where it is needed, from entries of the stacks that stay
and of the arrays that the loop itself has read. Which operation is done, and on what, is as before, bit for bit.

Griewank & Walther, Evaluating Derivatives (2008), section 12.3: recomputation in place of storage.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edgewise.book.index import gather_of
from edgewise.compile.passes.dead import without_dead
from edgewise.compile.repeated import repeat
from edgewise.core.program import Guard, Op, Program, Var, used_by, vars_of
from edgewise.families.elementwise import ELEMENTWISE

__all__ = ["recomputed"]

FAR = 256 << 10  # bytes of what a loop leaves, from which on it does not stay near
DEEP = 4  # operations in place of one entry
QUICK = frozenset(
    ("add", "subtract", "multiply", "negative", "divide", "reciprocal", "square", "maximum", "minimum", "absolute")
)

Template = tuple[Any, ...]
Key = tuple[Any, ...]


class _Use(NamedTuple):
    """Entries that are taken of a stack: the operation that does, and its place in the program."""

    at: int
    op: Op


class _Loop:
    """A loop that leaves stacks.

    Attributes:
        stack: of a value of the body, what it leaves.
        left: the values of the body whose stacks are not left.
        gone: the entries that this loop itself computes, for the loop that made them does not leave them.
    """

    def __init__(self, op: Op) -> None:
        body: Program = op.params["body"]
        carries, fixed = op.params["carries"], op.params["fixed"]
        self.op = op
        self.made = {step.results[0]: step for step in body.ops}
        self.stack: dict[Var, Var] = {}
        self.twins: dict[Var, Var] = {}  # stacks of one value
        for output, var in zip(body.outputs[carries:], op.results[carries:], strict=True):
            if type(output) is Var:
                self.twins[var] = self.stack.setdefault(output, var)
        self.fixed = dict(zip(body.inputs[carries : carries + fixed], op.operands[carries:], strict=False))
        self.entries = dict(zip(body.inputs[carries + fixed :], op.operands[carries + fixed :], strict=True))
        self.value = {var: output for output, var in self.stack.items()}
        self.left: set[Var] = set()
        self.gone: set[Var] = set()

    def again(self, value: Any, depth: int = DEEP) -> set[Var] | None:
        """The values whose stacks are read if one is computed again; None where it is not."""
        if type(value) is not Var or value in self.fixed or value in self.entries:
            return None if value in self.gone else set()
        if value in self.stack and value not in self.left and depth < DEEP:
            return {value}
        step = self.made.get(value)
        if step is None or not depth or step.params or step.primitive.name not in QUICK:
            return None
        if step.primitive.family is not ELEMENTWISE:
            return None
        found: set[Var] = set()
        for x in step.operands:
            inside = self.again(x, depth - 1)
            if inside is None:
                return None
            found |= inside
        return found


def recomputed(program: Program) -> Program:
    """The program, whose loops leave less; itself where nothing is spared."""
    loops = [_Loop(op) for op in program.ops if op.primitive is repeat and _bytes(op) > FAR]
    if not loops:
        return program
    changed = _Changed(program)
    for loop in loops:
        changed.choose(loop)
    return without_dead(changed.written()) if changed.spared else program


def _bytes(op: Op) -> int:
    return sum(var.dtype.itemsize * math.prod(var.shape) for var in op.results[op.params["carries"] :])


class _Changed:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.uses: dict[Var, list[Any]] = {}
        for step in program.steps:
            for var in used_by(step):
                self.uses.setdefault(var, []).append(step)
        self.outputs = set(vars_of(program.outputs))
        self.serial = max((v.serial for v in _variables(program)), default=0)
        self.spared: dict[Var, _Loop] = {}  # stacks that nobody needs any more
        self.views: dict[Var, Op] = {}  # by what it makes, an operation that takes entries of such a stack

    def choose(self, loop: _Loop) -> None:
        """Which stacks of a loop are not left."""
        loop.gone = {value for value, array in loop.entries.items() if array in self.views}
        needed: set[Var] = set()
        for value in loop.made:
            own = [var for var, one in loop.twins.items() if one is loop.stack.get(value)]
            if not own or value in needed or not all(map(self._entry_by_entry, own)):
                continue
            reads = loop.again(value)
            if reads is None:
                continue
            needed |= reads
            self._leave(loop, value, own)
        for value in loop.entries:  # what the loop itself has read
            own = [var for var, one in loop.twins.items() if one is loop.stack.get(value)]
            if value not in loop.gone and own and all(map(self._entry_by_entry, own)):
                self._leave(loop, value, own)

    def _leave(self, loop: _Loop, value: Var, own: list[Var]) -> None:
        loop.left.add(value)
        for var in own:
            self.spared[var] = loop
            self.views |= {op.results[0]: op for op in self.uses.get(var, [])}

    def _entry_by_entry(self, stack: Var) -> bool:
        """Whether all that use a stack take entries along its first axis, one by one or in a loop."""
        if stack in self.outputs:
            return False
        for op in self.uses.get(stack, []):
            if isinstance(op, Guard) or op.primitive is not gather_of or len(op.operands) != 1:
                return False
            first, *rest = op.params["template"]
            if any(part != slice(None) for part in rest) or type(first) not in (int, slice):
                return False
            if type(first) is slice and not self._in_loops(op.results[0]):
                return False
        return True

    def _in_loops(self, var: Var) -> bool:
        return var not in self.outputs and all(
            isinstance(op, Op)
            and op.primitive is repeat
            and var not in op.operands[: op.params["carries"] + op.params["fixed"]]
            for op in self.uses.get(var, [])
        )

    # -- the new program

    def written(self) -> Program:
        """The program without the stacks that are spared."""
        made = Program()
        made.inputs, made.arrays, made.frozen = self.program.inputs, self.program.arrays, self.program.frozen
        made.outputs = self.program.outputs
        for step in self.program.steps:
            if isinstance(step, Guard) or step.primitive is not repeat:
                template = step.params.get("template") if isinstance(step, Op) else None
                if isinstance(step, Op) and step.results[0] in self.views and template is not None:
                    if type(template[0]) is int:
                        self._alone(step, made)
                    continue
                made.steps.append(step)
            else:
                made.steps.append(self._loop(self._fewer(step), made))
        return made

    def _fewer(self, op: Op) -> Op:
        """A loop without the stacks that it does not leave."""
        if self.spared.keys().isdisjoint(op.results):
            return op
        body, carries = op.params["body"], op.params["carries"]
        kept = [i for i, var in enumerate(op.results) if i < carries or var not in self.spared]
        new = _like(body)
        new.steps, new.outputs = body.steps, [body.outputs[i] for i in kept]
        params = {**op.params, "body": new}
        return Op(op.primitive, op.operands, params, tuple(op.results[i] for i in kept), op.place)

    def _alone(self, op: Op, made: Program) -> None:
        """One entry, in place of what took it of a stack."""
        (stack,), template = op.operands, op.params["template"]
        loop = self.spared[stack]
        found: dict[Var, Any] = {}

        def leaf(array: Any, shape: tuple[int, ...]) -> Any:
            var = self._var(shape, array.dtype)
            own = (template[0], *(slice(None),) * len(shape))
            made.steps.append(Op(gather_of, (array,), {"template": own}, (var,), op.place))
            return var

        value = loop.value[loop.twins[stack]]
        last = self._again(loop, value, found, leaf, lambda var: var, made.steps)
        # The name stays: what else uses it need not be changed.
        made.steps.append(
            Op(gather_of, (last,), {"template": (slice(None),) * op.results[0].ndim}, op.results, op.place)
        )

    def _loop(self, op: Op, made: Program) -> Op:
        """A loop that reads entries of stacks, with those that are not left computed in it."""
        carries, fixed, body = op.params["carries"], op.params["fixed"], op.params["body"]
        arrays = op.operands[carries + fixed :]
        if self.views.keys().isdisjoint(vars_of(arrays)):
            return op
        new = _like(body)
        names: dict[Var, Var] = {}
        same: dict[Var, tuple[Any, Var]] = {}
        for outer, inner in zip(op.operands[carries : carries + fixed], body.inputs[carries:], strict=False):
            names[inner] = same.setdefault(outer if type(outer) is Var else inner, (outer, inner))[1]
        given: dict[Key, tuple[Any, Var]] = {}  # by the array and the entries of it
        todo: list[tuple[Var, Op]] = []
        makers = {one.results[0]: one for one in self.program.ops if one.primitive is gather_of}
        for array, var in zip(arrays, body.inputs[carries + fixed :], strict=True):
            maker = self.views.get(array) if type(array) is Var else None
            if maker is not None:
                todo.append((var, maker))
                continue
            maker = makers.get(array)
            key = (array,) if maker is None or len(maker.operands) != 1 else _key(maker.operands[0], maker.params)
            if key in given:
                names[var] = given[key][1]
            else:
                given[key] = array, var
        memory: dict[Any, dict[Var, Any]] = {}
        for var, maker in todo:
            (stack,), template = maker.operands, maker.params["template"]
            loop = self.spared[stack]

            def leaf(array: Any, shape: tuple[int, ...], template: Template = template) -> Any:
                own = (template[0], *(slice(None),) * len(shape))
                key = _key(array, {"template": own})
                if key not in given:
                    rows = self._var((len(range(*own[0].indices(array.shape[0]))), *shape), array.dtype)
                    made.steps.append(Op(gather_of, (array,), {"template": own}, (rows,), op.place))
                    given[key] = rows, self._var(shape, array.dtype)
                return given[key][1]

            def same_for_all(outer: Any) -> Any:
                if type(outer) is not Var:
                    return outer
                if outer not in same:
                    same[outer] = outer, self._var(outer.shape, outer.dtype)
                return same[outer][1]

            found = memory.setdefault((id(loop), repr(template[0])), {})
            value = loop.value[loop.twins[stack]]
            names[var] = self._again(loop, value, found, leaf, same_for_all, new.steps)
        new.steps += [_renamed(step, names) for step in body.steps]
        new.inputs = [*body.inputs[:carries], *(var for _, var in same.values()), *(var for _, var in given.values())]
        new.outputs = [names.get(x, x) if type(x) is Var else x for x in body.outputs]
        operands = (*op.operands[:carries], *(x for x, _ in same.values()), *(array for array, _ in given.values()))
        return Op(op.primitive, operands, {**op.params, "body": new, "fixed": len(same)}, op.results, op.place)

    def _again(
        self,
        loop: _Loop,
        value: Any,
        found: dict[Var, Any],
        leaf: Callable[[Any, tuple[int, ...]], Any],
        same: Callable[[Any], Any],
        steps: list[Any],
    ) -> Any:
        """Compute a value of a loop's body again, from entries (``leaf``) and what is the same in all steps."""
        if type(value) is not Var:
            return value
        if value not in found:
            if value in loop.fixed:
                found[value] = same(loop.fixed[value])
            elif value in loop.entries:
                found[value] = leaf(loop.entries[value], value.shape)
            elif value in loop.stack and value not in loop.left:
                found[value] = leaf(loop.stack[value], value.shape)
            else:
                step = loop.made[value]
                given = tuple([self._again(loop, x, found, leaf, same, steps) for x in step.operands])
                var = found[value] = self._var(value.shape, value.dtype)
                steps.append(Op(step.primitive, given, step.params, (var,), step.place))
        return found[value]

    def _var(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Var:
        self.serial += 1
        return Var(self.serial, tuple(shape), dtype)


def _like(body: Program) -> Program:
    made = Program()
    made.inputs, made.arrays, made.frozen = list(body.inputs), dict(body.arrays), set(body.frozen)
    return made


def _renamed(step: Any, names: dict[Var, Var]) -> Any:
    if isinstance(step, Guard):
        return step
    operands = tuple([names.get(x, x) if type(x) is Var else x for x in step.operands])
    return Op(step.primitive, operands, step.params, step.results, step.place)


def _key(array: Var, params: dict[str, Any]) -> Key:
    """What entries of an array are: views are the same for equal templates."""
    return (array, repr(params["template"]))


def _variables(program: Program) -> list[Var]:
    found = [*program.inputs, *program.arrays]
    for op in program.ops:
        found += op.results
        if op.primitive is repeat:
            found += _variables(op.params["body"])
    return found
