"""Dead code: operations that nothing needs."""

from __future__ import annotations

from edgewise.core.program import Op, Program, used_by, vars_of

__all__ = ["without_dead"]


def without_dead(program: Program) -> Program:
    """The program without operations whose results no output and no guard needs; inputs stay, used or not."""
    needed = set(vars_of(program.outputs))
    steps = []
    for step in reversed(program.steps):
        if type(step) is Op and needed.isdisjoint(step.results):
            continue
        needed.update(used_by(step))
        steps.append(step)
    made = Program()
    made.inputs = program.inputs
    made.arrays = {var: array for var, array in program.arrays.items() if var in needed}
    made.frozen = {var for var in program.frozen if var in needed}
    made.steps = steps[::-1]
    made.outputs = program.outputs
    return made
