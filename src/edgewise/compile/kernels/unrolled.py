"""Operations on few numbers, written out number by number: arrays of a few entries become registers.

``unrolled(op, known)`` says whether an operation can be written so. Elementwise operations are one instruction an
entry; movements, indexing and joining are none at all: NumPy itself moves the numbers of the entries, and so says which
entry of the result is which of the operands (``wiring``). Sums, extremes and small contractions fold their entries
(``folding``).

A long program of few numbers is mostly of single float64 numbers and Python's. How an operation on those is written
depends on its primitive alone, so it is decided once, and is a pattern that needs only be filled in (``straight``).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile import maths
from edgewise.compile.kernels import arithmetic
from edgewise.compile.kernels.body import Body, Cell, Fixed
from edgewise.compile.kernels.folding import FOLDS, contracted, folded
from edgewise.compile.kernels.kinds import Held, Kind, convert, kind_for, kind_of
from edgewise.compile.kernels.names import elementwise_name, structural_name
from edgewise.compile.kernels.scalars import Scalar, on_type, scalar, write
from edgewise.compile.kernels.wiring import WIRED, wired
from edgewise.core.primitive import Primitive
from edgewise.core.program import Op, Var
from edgewise.core.shapes import FLOAT64

__all__ = ["CALL", "Unrolled", "fixed", "on_numbers", "unrolled"]

CALL = 4  # instructions of an operation that is a call
LIMIT = 64  # entries of an operand or a result
MOST = 4096  # instructions of one operation

Cells = list[Cell]


class Unrolled(NamedTuple):
    """An operation written out.

    Attributes:
        cost: instructions, roughly.
        write: writes it into a body, given the cells of each operand in C order; returns those of the result.
        pattern: the instruction, if it is one on float64 numbers, with ``%s`` for the result and each operand.
        function: the elementary function that this is a call of, else "".
    """

    cost: int
    write: Callable[[Op, Body, Sequence[Cells]], Cells]
    pattern: str = ""
    function: str = ""


def fixed(number: Any) -> tuple[Kind, Fixed] | None:
    """A number among the operands of an operation, and its kind; None for one of an unknown dtype."""
    made = np.asarray(number)
    kind = kind_of(made.dtype)
    return None if kind is None else (kind, Fixed(made.item(), kind))


def unrolled(op: Op, known: dict[Var, Any], fused: bool = True, limit: int | None = None) -> Unrolled | None:
    """How an operation is written out; None where it is too large for that, or has no such form.

    Args:
        op: of a program.
        known: arrays that never change, by variable.
        fused: whether the processor multiplies and adds in one rounding.
        limit: entries of an operand or a result; LIMIT if it is not given.
    """
    most = MOST if limit is None else MOST * LIMIT  # by rows it is not as much text
    limit = LIMIT if limit is None else limit
    if len(op.results) != 1:
        return None
    number = on_numbers(op)
    if number is not None:
        return number
    operands = [x for x in op.operands if type(x) is Var]
    for var in (*operands, op.results[0]):
        if (var.shape and math.prod(var.shape) > limit) or kind_of(var.dtype) is None:
            return None
    name = structural_name(op.primitive)
    if name in WIRED:
        how = wired(op, known)
        return None if how is None else Unrolled(1, how)
    if name in FOLDS:
        entries = math.prod(operands[0].shape) if operands else 0
        how = folded(op) if entries else None
        return None if how is None else Unrolled(entries, how)
    if name == "contract":
        made = contracted(op)
        return None if made is None or made[0] > most else Unrolled(*made)
    one = scalar(op, fused)
    if one is None:
        return None
    entries = math.prod(op.results[0].shape)
    if one.cost * entries > most:
        return None
    few = all(not v.shape for v in (*operands, op.results[0]))
    return Unrolled(min(one.cost, CALL) * entries, functools.partial(_number if few else _entry_by_entry, one))


def on_numbers(op: Op) -> Unrolled | None:
    """How an operation is written out that makes a float64 number of such numbers and Python's; None for others."""
    if op.params:
        return None
    for x in (*op.results, *op.operands):
        kind = type(x)
        if kind is Var:
            if x.shape or x.dtype is not FLOAT64:
                return None
        elif kind is not float and kind is not np.float64 and kind is not int:
            return None
    return _on_numbers(op.primitive)


@functools.lru_cache(maxsize=1024)
def _on_numbers(primitive: Primitive) -> Unrolled | None:
    """How an operation on float64 numbers is one instruction; None where it is more, or depends on the numbers."""
    name = elementwise_name(primitive)
    if not name or name in ("power", "float_power"):
        return None
    one = on_type(primitive, FLOAT64)
    if one is None:
        return None
    if one.maths:
        operands = ", ".join(["double %s"] * len(one.kinds))
        pattern = f"  %s = call double @{maths.symbol(name, one.compute.type())}({operands})"
    else:
        pattern = arithmetic.DOUBLE.get(name, "")
    return Unrolled(min(one.cost, CALL), functools.partial(_number, one), pattern, one.maths) if pattern else None


def _number(how: Scalar, op: Op, body: Body, cells: Sequence[Cells]) -> Cells:
    """Write an operation on numbers."""
    given: list[Held] = []
    for i, operand in enumerate(op.operands):
        if i in how.fixed:
            continue
        wanted = how.kinds[i]
        if type(operand) is Var:
            kind = kind_for(operand.dtype)
            held = body.held(cells[i][0])
            given.append(held if kind is wanted else convert(held, kind, wanted))
        else:
            given.append(body.held(Fixed(operand, wanted)))
    return [write(body.block, how, given, called=True)]


def _entry_by_entry(how: Scalar, op: Op, body: Body, cells: Sequence[Cells]) -> Cells:
    shape = op.results[0].shape
    rows: list[list[Held]] = []
    for i, operand in enumerate(op.operands):
        if i in how.fixed:
            continue
        if type(operand) is Var:
            given = kind_of(operand.dtype)
            assert given is not None
            row = [convert(body.held(c), given, how.kinds[i]) for c in cells[i]]
            spread = _spread(operand.shape, shape)
            rows.append(row if spread is None else [row[k] for k in spread])
        else:
            rows.append([body.held(Fixed(operand, how.kinds[i]))] * math.prod(shape))
    done: dict[tuple[int, ...], Held] = {}
    result: Cells = []
    for operands in zip(*rows, strict=True):
        key = tuple(map(id, operands))
        made = done.get(key)
        if made is None:
            made = done[key] = write(body.block, how, list(operands), called=True)
        result.append(made)
    return result


@functools.lru_cache(maxsize=1024)
def _spread(shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...] | None:
    """Which entry of an array stands at each entry of what it is broadcast to; None where it is the same one."""
    if shape == target:
        return None
    entries = np.arange(math.prod(shape)).reshape(shape)
    return tuple(np.broadcast_to(entries, target).ravel().tolist())
