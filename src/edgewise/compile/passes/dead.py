"""Dead code: operations that nothing needs, and what a loop hands on or keeps for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edgewise.compile.repeated import repeat
from edgewise.core.program import Branch, Guard, Op, Program, Var, used_by, vars_of, with_branch

__all__ = ["without_dead"]


def without_dead(program: Program) -> Program:
    """The program without operations whose results no output and no guard needs; inputs stay, used or not."""
    steps, needed = _needed(program.steps, program.outputs)
    made = Program()
    made.inputs = program.inputs
    made.arrays = {var: array for var, array in program.arrays.items() if var in needed}
    made.frozen = {var for var in program.frozen if var in needed}
    made.steps = steps
    made.outputs = program.outputs
    return made


def _needed(steps: Sequence[Op | Guard], outputs: Sequence[Any]) -> tuple[list[Op | Guard], set[Var]]:
    """The steps that are needed, and the variables."""
    needed = set(vars_of(outputs))
    kept: list[Op | Guard] = []
    for step in reversed(steps):
        if type(step) is Op:
            if not needed.isdisjoint(step.results):
                if step.primitive is repeat:
                    step = _loop(step, needed)  # noqa: PLW2901  the same, less
                kept.append(step)
                for operand in step.operands:
                    if type(operand) is Var:
                        needed.add(operand)
            continue
        assert type(step) is Guard
        if step.otherwise is not None:
            inside, more = _needed(step.otherwise.steps, step.otherwise.outputs)
            needed |= more
            step = with_branch(step, step.var, Branch(inside, step.otherwise.outputs))  # noqa: PLW2901  the same, less
        needed.update(used_by(step))
        kept.append(step)
    return kept[::-1], needed


def _loop(step: Op, needed: set[Var]) -> Op:
    """A loop with as much in its step as what is needed of its results needs, in this repetition or the next."""
    body, carries, fixed = (step.params[name] for name in ("body", "carries", "fixed"))
    alive = [i for i, var in enumerate(step.results) if var in needed]
    while True:
        steps, inside = _needed(body.steps, [body.outputs[i] for i in alive])
        more = [i for i in range(len(step.results)) if i in alive or (i < carries and body.inputs[i] in inside)]
        if len(more) == len(alive):
            break
        alive = more
    handed = [i for i in alive if i < carries]
    taken = handed + [i for i in range(carries, len(body.inputs)) if body.inputs[i] in inside]
    if len(steps) == len(body.steps) and len(taken) == len(body.inputs) and len(alive) == len(step.results):
        return step
    less = Program()
    less.inputs, less.steps = [body.inputs[i] for i in taken], steps
    less.outputs = [body.outputs[i] for i in alive]
    same = sum(i < carries + fixed for i in taken) - len(handed)
    params = {**step.params, "body": less, "carries": len(handed), "fixed": same}
    return Op(repeat, tuple(step.operands[i] for i in taken), params, tuple(step.results[i] for i in alive), step.place)
