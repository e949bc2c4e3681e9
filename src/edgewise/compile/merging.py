"""All ways through a function in one program: from the guard at which two of them part, one is the other's branch.

The function is run anew for each way, so two recordings begin with the same operations on other variables. The second
is renamed after the first as far as they go together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compile.passes.rebuild import same_step
from edgewise.compile.paths import Path
from edgewise.compile.recording import Recording
from edgewise.core.program import Branch, Guard, Op, Program, Var, with_branch

__all__ = ["merged"]


def merged(first: Path) -> Program | None:
    """One program for a path and all that part from it; None where their results differ in more than numbers.

    The program ends, invalid, where a guard shows what no path has seen.
    """
    made = Program()
    recording = first.recording
    made.inputs = recording.program.inputs
    made.arrays, made.frozen = dict(recording.program.arrays), set(recording.program.frozen)
    steps = _from(first, 0, {}, made, recording)
    if steps is None:
        return None
    made.steps, made.outputs = steps, recording.program.outputs
    return made


def _from(path: Path, begin: int, names: dict[Var, Any], made: Program, like: Recording) -> list[Op | Guard] | None:
    """The steps of a path from one on, with its branches; names are those of its variables in the first path."""
    program = path.recording.program
    if not _fits(path.recording, like):
        return None
    steps: list[Op | Guard] = []
    for at in range(begin, len(program.steps)):
        step = program.steps[at]
        if isinstance(step, Op):
            operands = tuple([names.get(o, o) if type(o) is Var else o for o in step.operands])
            steps.append(Op(step.primitive, operands, step.params, step.results, step.place))
            continue
        otherwise = None
        for other in reversed(path.others.get(step.number, [])):
            otherwise = _parted(path, other, at, names, otherwise, made, like)
            if otherwise is None:
                return None
        var = names.get(step.var, step.var)
        steps.append(with_branch(step, var, otherwise))
    return steps


def _parted(
    path: Path, other: Path, at: int, names: dict[Var, Any], otherwise: Branch | None, made: Program, like: Recording
) -> Branch | None:
    """A path that parts from another at one of its steps, as a branch; ``otherwise``: where it does not hold either."""
    theirs = other.recording.program
    renamed = _renamed(path.recording.program, theirs, at, names)
    if renamed is None:
        return None
    for var, array in theirs.arrays.items():
        if var not in renamed:
            made.arrays[var] = array
            if var in theirs.frozen:
                made.frozen.add(var)
    guard = theirs.steps[at]
    assert isinstance(guard, Guard)
    steps = _from(other, at + 1, renamed, made, like)
    if steps is None:
        return None
    if not guard.truth:  # of a truth value, the other one has been seen
        steps = [with_branch(guard, renamed.get(guard.var, guard.var), otherwise), *steps]
    outputs = [renamed.get(o, o) if type(o) is Var else o for o in theirs.outputs]
    return Branch(steps, outputs)


def _renamed(ours: Program, theirs: Program, at: int, names: dict[Var, Any]) -> dict[Var, Any] | None:
    """What the variables that two programs have made before a step are called in the first path."""
    found: dict[Var, Any] = {}

    def pair(b: Any, a: Any) -> bool:
        a = names.get(a, a) if type(a) is Var else a
        if type(b) is not Var or type(a) is not Var:
            return type(a) is not Var and type(b) is not Var and same_step(a, b)
        if b in found:
            return found[b] is a
        found[b] = a
        return True

    for b, a in zip(theirs.inputs, ours.inputs, strict=True):
        pair(b, a)
    for b, a in _arrays(theirs, ours):
        found[b] = names.get(a, a)
    for mine, other in zip(ours.steps[:at], theirs.steps[:at], strict=True):
        if isinstance(mine, Op) and isinstance(other, Op):
            if mine.primitive is not other.primitive or len(mine.operands) != len(other.operands):
                return None
            if not all(pair(b, a) for b, a in zip(other.operands, mine.operands, strict=True)):
                return None
            for b, a in zip(other.results, mine.results, strict=True):
                pair(b, a)
        elif type(mine) is not type(other):
            return None
    return found


def _arrays(theirs: Program, ours: Program) -> list[tuple[Var, Var]]:
    """Arrays that both programs have met: the same one, or a frozen one that holds the same."""
    found = []
    for b, array in theirs.arrays.items():
        for a, other in ours.arrays.items():
            frozen = b in theirs.frozen and a in ours.frozen
            if (array is other) if not frozen else same_step(array, other):
                found.append((b, a))
                break
    return found


def _fits(recording: Recording, like: Recording) -> bool:
    """Whether two recordings end in results of the same structure, shapes and dtypes."""

    def forms(one: Recording) -> Any:
        return [
            (o.shape, o.dtype) if type(o) is Var else (np.shape(o), np.asarray(o).dtype) for o in one.program.outputs
        ]

    same = recording.tree == like.tree and recording.moving == like.moving and recording.stored == like.stored
    return same and forms(recording) == forms(like) and all(map(_same, recording.leaves, like.leaves))


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and same_step(a, b))
