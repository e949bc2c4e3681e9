"""What the steps of a loop leave for later: a record for each step, with a place in it for each array.

A later loop goes through all of them at once, and so meets one stretch of memory after the other instead of dozens of
places far apart. Rows are as long as the registers that hold them (``rowwise``), so that they are written and read
whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from edgewise.compile.kernels.kinds import kind_for
from edgewise.compile.kernels.rowwise import chunks
from edgewise.compile.kernels.table import Memory, contiguous
from edgewise.compile.kernels.views import Axis, View
from edgewise.core.program import Var

__all__ = ["Stacked", "records", "step_by_step"]

LINE = 64  # bytes of a record are a multiple of it


class Stacked(NamedTuple):
    """An array of which each step of a loop reads or writes an entry.

    Attributes:
        memory: where it is.
        padded: whether there is room behind each row for the lanes of a register that are no entries.
    """

    memory: Memory
    padded: bool


def records(stacks: Sequence[Var], width: int) -> tuple[int, dict[Var, tuple[int, tuple[int, ...]]]]:
    """The bytes of a record, and for each array its offset there and its strides.

    Args:
        stacks: arrays with as many entries along the first axis as there are steps.
        width: how many numbers a vector register has.
    """
    at = 0
    places: dict[Var, tuple[int, tuple[int, ...]]] = {}
    for var in sorted(stacks, key=lambda var: -var.dtype.itemsize):
        size, shape = var.dtype.itemsize, var.shape[1:]
        row = shape[-1:]
        if row and row[0] > 1 and not kind_for(var.dtype).complex:
            *_, last = chunks(row, width)
            row = (last.start + last.lanes,)
        inner = (*shape[:-1], *row)
        places[var] = at, contiguous(inner, size)
        at += size * math.prod(inner)
    whole = -(-at // LINE) * LINE
    return whole, {var: (offset, (whole, *strides)) for var, (offset, strides) in places.items()}


def step_by_step(chain: Sequence[tuple[Var, View]]) -> bool:
    """Whether looks at an array show whole entries along its first axis."""
    return all(
        not view.flat and len(view.axes) == var.ndim and all(a == Axis(0, 1, k) for k, a in enumerate(view.axes) if k)
        for var, view in chain
    )
