"""Dead code: operations that nothing needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
        if isinstance(step, Op):
            if needed.isdisjoint(step.results):
                continue
            needed.update([operand for operand in step.operands if type(operand) is Var])
            kept.append(step)
            continue
        if step.otherwise is not None:
            inside, more = _needed(step.otherwise.steps, step.otherwise.outputs)
            needed |= more
            step = with_branch(step, step.var, Branch(inside, step.otherwise.outputs))  # noqa: PLW2901  the same, less
        needed.update(used_by(step))
        kept.append(step)
    return kept[::-1], needed
