"""A loop as one operation of a program: the same steps many times, each on what the one before has left.

``repeat`` takes, one after the other, the first values that are handed on (*carries*), values that are the same in
every step, and arrays of which every step takes the next entry along the first axis. It returns the last carries, and
arrays of what each step adds. What a step does is a program of its own, the parameter ``body``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compile.numpy_run import NumpyRun
from edgewise.core.primitive import Family, Primitive
from edgewise.core.program import Program

__all__ = ["repeat", "stepped"]


def _repeat(*operands: Any, body: Program, carries: int, fixed: int, steps: int) -> tuple[Any, ...]:
    return stepped(NumpyRun(body).run, operands, body, carries, fixed, steps)


def stepped(
    run: Callable[[list[Any]], Any], operands: tuple[Any, ...], body: Program, carries: int, fixed: int, steps: int
) -> tuple[Any, ...]:
    """Do the steps one by one, each by ``run``, which takes the inputs of the body and returns (0, outputs)."""
    carried, same, entries = operands[:carries], operands[carries : carries + fixed], operands[carries + fixed :]
    rows: list[list[Any]] = [[] for _ in body.outputs[carries:]]
    for k in range(steps):
        _, found = run([*carried, *same, *(x[k] for x in entries)])
        carried = tuple(found[:carries])
        for row, value in zip(rows, found[carries:], strict=True):
            row.append(value)
    return (*carried, *map(np.stack, rows))


repeat = Primitive("repeat", _repeat, Family(), outputs=1)
