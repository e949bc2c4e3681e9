"""Running a program with NumPy, operation by operation: what machine code is compared with, and stands in for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.core.program import Guard, Op, Program, take

__all__ = ["NumpyRun"]


class NumpyRun:
    """A program that NumPy runs.

    Args:
        program: what to run.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._last = program.last_uses()

    def run(self, inputs: Sequence[Any]) -> tuple[int, list[Any]]:
        """Run it.

        Args:
            inputs: arrays and numbers of the shapes and dtypes of the program's inputs.

        Returns:
            ``(0, outputs)``; or ``(k, [])`` where the k-th guard, counted from 1, did not hold.
        """
        program = self._program
        values = dict(zip(program.inputs, inputs, strict=True)) | program.arrays
        guard = 0
        with np.errstate(all="ignore"):
            for step, last in zip(program.steps, self._last, strict=True):
                if type(step) is Op:
                    operands = take(values, step.operands)
                    found = step.primitive.compute(operands, step.params)
                    if step.primitive.outputs is None:
                        values[step.results[0]] = found
                    else:
                        values.update(zip(step.results, found, strict=True))
                elif type(step) is Guard:
                    guard += 1
                    if not step.holds(values[step.var]):
                        return guard, []
                for var in last:
                    values.pop(var, None)
        return 0, [_own(value) for value in take(values, program.outputs)]


def _own(value: Any) -> Any:
    """An output that shares memory with nothing."""
    return np.array(value)[()] if isinstance(value, np.ndarray) else value
