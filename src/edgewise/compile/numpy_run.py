"""Running a program with NumPy, operation by operation: what machine code is compared with, and stands in for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.core.program import Op, Program, take

__all__ = ["NumpyRun"]


class NumpyRun:
    """A program that NumPy runs.

    Args:
        program: what to run.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        straight = all(isinstance(step, Op) or step.otherwise is None for step in program.steps)
        self._last = program.last_uses() if straight else None  # a branch may use what was made before it

    def run(self, inputs: Sequence[Any]) -> tuple[int, list[Any]]:
        """Run it.

        Args:
            inputs: arrays and numbers of the shapes and dtypes of the program's inputs.

        Returns:
            ``(0, outputs)``; or ``(k, [])`` where the k-th guard, counted from 1, did not hold.
        """
        program = self._program
        values = dict(zip(program.inputs, inputs, strict=True)) | program.arrays
        steps, outputs, at, guard = program.steps, program.outputs, 0, 0
        with np.errstate(all="ignore"):
            while at < len(steps):
                step = steps[at]
                at += 1
                if isinstance(step, Op):
                    found = step.primitive.compute(take(values, step.operands), step.params)
                    if step.primitive.outputs is None:
                        values[step.results[0]] = found
                    else:
                        values.update(zip(step.results, found, strict=True))
                else:
                    guard += 1
                    if not step.holds(values[step.var]):
                        if step.otherwise is None:
                            return guard, []
                        steps, outputs, at = step.otherwise.steps, step.otherwise.outputs, 0
                for var in self._last[at - 1] if self._last is not None else ():
                    values.pop(var, None)
        return 0, [_own(value) for value in take(values, outputs)]


def _own(value: Any) -> Any:
    """An output that shares memory with nothing."""
    return np.array(value)[()] if isinstance(value, np.ndarray) else value
