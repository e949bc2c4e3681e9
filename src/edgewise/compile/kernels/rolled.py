"""A loop of a program (``repeated``) whose steps are operations on few numbers: one loop of machine code.

What is handed on stays in registers from one step to the next. Arrays that the steps read or make are gone through
entry by entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from edgewise.compile.ir import Value, vector
from edgewise.compile.kernels.body import Body, Cell
from edgewise.compile.kernels.kinds import Complex, Held, kind_for, kind_of, load, store
from edgewise.compile.kernels.table import Memory, contiguous, offsets
from edgewise.compile.kernels.unrolled import LIMIT, Unrolled, fixed, unrolled
from edgewise.core.program import Op, Var

__all__ = ["Rolled", "rolled", "write_rolled"]

I64 = vector("i64", 1)
MOST = 3000  # instructions of a step


class Rolled(NamedTuple):
    """A loop, and how each operation of a step is written."""

    op: Op
    steps: list[tuple[Op, Unrolled]]
    cost: int


def rolled(op: Op, known: dict[Var, Any], fused: bool) -> Rolled | None:
    """How a loop is written; None where a step has something in it that is not written out."""
    body = op.params["body"]
    steps, cost = [], 0
    if any(kind_of(var.dtype) is None or math.prod(var.shape) > LIMIT for var in body.inputs):
        return None
    for step in body.steps:
        how = unrolled(step, known, fused) if isinstance(step, Op) else None
        if how is None:
            return None
        cost += how.cost
        steps.append((step, how))
    return Rolled(op, steps, cost) if cost <= MOST else None


def write_rolled(
    body: Body,
    section: Rolled,
    entries: Callable[[Var], list[Cell]],
    memory: Callable[[Var], Memory],
    rooms: list[Memory | None],
) -> list[list[Cell]]:
    """Write a loop.

    Args:
        body: the function.
        section: the loop.
        entries: where the entries of a small variable are.
        memory: where an array is.
        rooms: memory for each of the arrays that the loop makes; None for one that nobody needs.

    Returns:
        The entries of the carries after the last step.
    """
    block, params = body.block, section.op.params
    inner, carries, same = params["body"], params["carries"], params["fixed"]
    given = [_held(body, operand, entries) for operand in section.op.operands[: carries + same]]
    arrays = [memory(var) for var in section.op.operands[carries + same :]]
    for place in (*arrays, *rooms):
        if place is not None:
            body.address(place.buffer)
    name, before = block.fresh(), block.label
    block.lines.append(f"  br label %{name}.step")
    block.begin(f"{name}.step")
    k = block.name(f"%{name}.k", I64)
    phis = len(block.lines)
    cells: dict[Var, list[Cell]] = {}
    for i, (var, held) in enumerate(zip(inner.inputs, given, strict=False)):
        cells[var] = [_named(h, f"%{name}.{i}.{n}") for n, h in enumerate(held)] if i < carries else list(held)
    for var, place in zip(inner.inputs[carries + same :], arrays, strict=True):
        cells[var] = _read(body, var, place, k)
    for op, how in section.steps:
        cells[op.results[0]] = how.write(op, body, [cells[x] if type(x) is Var else [] for x in op.operands])
    made = [[body.held(cell) for cell in _cells(output, cells)] for output in inner.outputs]
    for held, var, room in zip(made[carries:], section.op.results[carries:], rooms, strict=True):
        if room is not None:
            _write(body, held, var, room, k)
    step = block.emit(f"add nuw nsw i64 {k.text}, 1", I64)
    more = block.emit(f"icmp ult i64 {step.text}, {params['steps']}", I64)
    last = block.label
    block.lines.append(f"  br i1 {more.text}, label %{name}.step, label %{name}.done")
    lines = [f"  {k.text} = phi i64 [ 0, %{before} ], [ {step.text}, %{last} ]"]
    for i in range(carries):
        for first, here, following in zip(given[i], cells[inner.inputs[i]], made[i], strict=True):
            for a, b, c in zip(_parts(first), _parts(here), _parts(following), strict=True):
                lines.append(f"  {b.text} = phi {a.kind.text} [ {a.text}, %{before} ], [ {c.text}, %{last} ]")
    block.lines[phis:phis] = lines
    block.begin(f"{name}.done")
    return [list(held) for held in made[:carries]]


def _held(body: Body, operand: Any, entries: Callable[[Var], list[Cell]]) -> list[Held]:
    if type(operand) is Var:
        return [body.held(cell) for cell in entries(operand)]
    number = fixed(operand)
    assert number is not None
    return [body.held(number[1])]


def _cells(output: Any, cells: dict[Var, list[Cell]]) -> list[Cell]:
    if type(output) is Var:
        return cells[output]
    number = fixed(output)
    assert number is not None
    return [number[1]]


def _parts(held: Any) -> tuple[Value, ...]:
    return tuple(held) if isinstance(held, Complex) else (held,)


def _named(like: Held, name: str) -> Held:
    """A register of the same type."""
    if isinstance(like, Complex):
        re, im = like
        return Complex(Value(re.block, f"{name}.re", re.kind), Value(im.block, f"{name}.im", im.kind))
    return Value(like.block, name, like.kind)


def _entry(body: Body, place: Memory, k: Value) -> str:
    """The address of entry k along the first axis."""
    block = body.block
    far = block.emit(f"mul nsw i64 {k.text}, {place.strides[0]}", I64)
    at = block.fresh()
    block.lines.append(f"  %{at} = getelementptr i8, ptr {body.pointer(place.buffer, place.offset)}, i64 {far.text}")
    return f"%{at}"


def _read(body: Body, var: Var, place: Memory, k: Value) -> list[Cell]:
    start, kind = _entry(body, place, k), kind_for(var.dtype)
    return [load(body.block, _at(body, start, far), kind) for far in offsets(var.shape, place.strides[1:])]


def _write(body: Body, held: list[Held], var: Var, place: Memory, k: Value) -> None:
    start, kind = _entry(body, place, k), kind_for(var.dtype)
    for one, far in zip(held, offsets(var.shape[1:], contiguous(var.shape[1:], var.dtype.itemsize)), strict=True):
        store(body.block, one, _at(body, start, far), kind)


def _at(body: Body, start: str, far: int) -> str:
    if not far:
        return start
    name = body.block.fresh()
    body.block.lines.append(f"  %{name} = getelementptr i8, ptr {start}, i64 {far}")
    return f"%{name}"
