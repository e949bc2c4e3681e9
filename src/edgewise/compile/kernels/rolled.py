"""A loop of a program (``repeated``) whose steps are operations on few numbers: one loop of machine code.

What is handed on stays in registers from one step to the next, rows of numbers in vector registers (``rowwise``).
Arrays that the steps read or make are gone through entry by entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edgewise.compile.ir import Value, vector
from edgewise.compile.kernels.body import Body, Cell, Outside
from edgewise.compile.kernels.kinds import Complex, Held, Kind, kind_for, kind_of, load
from edgewise.compile.kernels.lanes import gathered
from edgewise.compile.kernels.records import Stacked
from edgewise.compile.kernels.rowwise import Chunk, Rowwise, cells_of, chunks, fetch, put, registers, rowwise
from edgewise.compile.kernels.table import Memory, offsets
from edgewise.compile.kernels.unrolled import LIMIT, Unrolled, fixed, unrolled
from edgewise.core.program import Op, Var

__all__ = ["Rolled", "rolled", "write_rolled"]

I64 = vector("i64", 1)
MOST = 2000  # instructions of a step
LARGEST = 1024  # entries of an array in a step
PLACED = 100  # registers on which elementary functions are written in place; beyond, they are called
USUAL = 16  # lanes, for what a step costs


class Step(NamedTuple):
    """An operation of a step: how it is written number by number, and by rows where it can be."""

    op: Op
    single: Unrolled
    rows: Rowwise | None


class Rolled(NamedTuple):
    """A loop, and how each operation of a step is written."""

    op: Op
    steps: list[Step]
    cost: int


def rolled(op: Op, known: dict[Var, Any], fused: bool) -> Rolled | None:
    """How a loop is written; None where a step has something in it that is not written out."""
    body = op.params["body"]
    made = [var for step in body.steps if isinstance(step, Op) for var in step.results]
    if body.arrays or not all(map(_fits, (*body.inputs, *made))):
        return None
    single: list[tuple[Op, Unrolled]] = []
    for step in body.steps:
        how = unrolled(step, known, fused, LARGEST) if isinstance(step, Op) else None
        if how is None:
            return None
        single.append((step, how))
    rows = [rowwise(step, fused, called=False) for step, _ in single]
    functions = sum(_registers(one.shape) for one in rows if one is not None and one.called)
    if functions > PLACED:
        rows = [rowwise(step, fused, called=True) for step, _ in single]
    steps = [Step(step, how, one) for (step, how), one in zip(single, rows, strict=True)]
    cost = sum(how.cost if one is None else one.cost * _registers(one.shape) for _, how, one in steps)
    return Rolled(op, steps, cost) if cost <= MOST else None


def _fits(var: Var) -> bool:
    """Whether a value in a step is few registers."""
    kind = kind_of(var.dtype)
    if kind is None or math.prod(var.shape) > LARGEST:
        return False
    return len(chunks(var.shape, 1 if kind.complex else USUAL)) <= LIMIT


def _registers(shape: tuple[int, ...]) -> int:
    return len(chunks(shape, USUAL))


def write_rolled(
    body: Body,
    section: Rolled,
    entries: Callable[[Var], list[Cell]],
    stacked: Callable[[Var], Stacked],
    rooms: list[Stacked | None],
    width: int,
) -> list[list[Cell]]:
    """Write a loop.

    Args:
        body: the function.
        section: the loop.
        entries: where the entries of a small variable are.
        stacked: where an array is of which each step reads an entry.
        rooms: memory for each of the arrays that the loop makes; None for one that nobody needs.
        width: how many numbers a vector register has.

    Returns:
        The entries of the carries after the last step.
    """
    block, params = body.block, section.op.params
    inner, carries, same = params["body"], params["carries"], params["fixed"]
    first: list[list[Held]] = []
    cells: dict[Var, list[Cell]] = {}
    for i, (var, operand) in enumerate(zip(inner.inputs, section.op.operands[: carries + same], strict=False)):
        own = entries(operand) if type(operand) is Var else _number(operand)
        if i < carries or math.prod(var.shape) <= LIMIT:
            cut = _cut(var.shape, var, width)
            first.append(registers(body, own, cut, kind_for(var.dtype)))
            own = cells_of(first[-1], cut)
        cells[var] = own
    arrays = [stacked(var) for var in section.op.operands[carries + same :]]
    for place in (*arrays, *rooms):
        if place is not None:
            body.address(place.memory.buffer)
    name, before = block.fresh(), block.label
    outer, block.lines = block.lines, []
    body.outside = Outside(outer, _parts([h for held in first for h in held]), body.kept())
    block.begin(f"{name}.step")
    k = block.name(f"%{name}.k", I64)
    phis = len(block.lines)
    here: list[list[Held]] = []
    for i, var in enumerate(inner.inputs[:carries]):
        here.append([_named(h, f"%{name}.{i}.{n}") for n, h in enumerate(first[i])])
        cells[var] = cells_of(here[i], _cut(var.shape, var, width))
    waiting = dict(zip(inner.inputs[carries + same :], arrays, strict=True))

    def found(var: Var) -> list[Cell]:
        if var in waiting:  # read when it is first needed: there are not as many registers as arrays
            cells[var] = _read(body, var, waiting.pop(var), k, width)
        return cells[var]

    for op, single, rows in section.steps:
        operands = [found(x) if type(x) is Var else [] for x in op.operands]
        made = rows.cells(body, width, operands) if rows is not None and width > 1 else None
        cells[op.results[0]] = single.write(op, body, operands) if made is None else made
    following = []
    for i, (var, output) in enumerate(zip(section.op.results, inner.outputs, strict=True)):
        shape = var.shape if i < carries else var.shape[1:]
        cut = _cut(shape, var, width)
        room = None if i < carries else rooms[i - carries]
        if i < carries or room is not None:
            own = found(output) if type(output) is Var else _number(output)
            held = registers(body, own, cut, kind_for(var.dtype))
            following.append(held)
            if room is not None:
                _write(body, held, cut, var, room, k)
    step = block.emit(f"add nuw nsw i64 {k.text}, 1", I64)
    more = block.emit(f"icmp ult i64 {step.text}, {params['steps']}", I64)
    last = block.label
    block.lines.append(f"  br i1 {more.text}, label %{name}.step, label %{name}.done")
    lines = [f"  {k.text} = phi i64 [ 0, %{before} ], [ {step.text}, %{last} ]"]
    for i in range(carries):
        for a, b, c in zip(*(_parts(held) for held in (first[i], here[i], following[i])), strict=True):
            lines.append(f"  {b.text} = phi {a.kind.text} [ {a.text}, %{before} ], [ {c.text}, %{last} ]")
    block.lines[phis:phis] = lines
    block.lines = [*outer, f"  br label %{name}.step", *block.lines]
    body.outside = None
    block.begin(f"{name}.done")
    return [
        cells_of(held, _cut(var.shape, var, width))
        for held, var in zip(following, section.op.results[:carries], strict=False)
    ]


def _cut(shape: tuple[int, ...], var: Var, width: int) -> Sequence[Chunk]:
    """The registers of an array of a variable's dtype; a complex number is two values, and no lane."""
    return chunks(shape, 1 if kind_for(var.dtype).complex else width)


def _number(operand: Any) -> list[Cell]:
    number = fixed(operand)
    assert number is not None
    return [number[1]]


def _parts(held: list[Held]) -> list[Value]:
    return [part for one in held for part in (one if isinstance(one, Complex) else (one,))]


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


def _read(body: Body, var: Var, place: Stacked, k: Value, width: int) -> list[Cell]:
    start, kind, cut = _entry(body, place.memory, k), kind_for(var.dtype), _cut(var.shape, var, width)
    places = offsets(var.shape, place.memory.strides[1:])
    beside = place.memory.strides[-1] == kind.size
    found = []
    for one in cut:
        if place.padded and one.lanes > 1:
            found.append(load(body.block, _at(body, start, places[one.start]), kind, one.lanes))
        else:
            found.append(_fetched(body, start, places[one.start : one.start + one.filled], one, kind, beside))
    return cells_of(found, cut)


def _fetched(body: Body, start: str, places: list[int], chunk: Chunk, kind: Kind, beside: bool) -> Held:
    """What is read into one register."""
    if chunk.lanes > 1 and beside:
        return fetch(body.block, _at(body, start, places[0]), kind, chunk.filled, chunk.lanes)
    single = [load(body.block, _at(body, start, far), kind) for far in places]
    return single[0] if chunk.lanes == 1 else gathered([*single, *single[:1] * (chunk.lanes - chunk.filled)])


def _write(body: Body, held: list[Held], cut: Sequence[Chunk], var: Var, place: Stacked, k: Value) -> None:
    start, kind = _entry(body, place.memory, k), kind_for(var.dtype)
    places = offsets(var.shape[1:], place.memory.strides[1:])
    for one, chunk in zip(held, cut, strict=True):
        put(body.block, one, _at(body, start, places[chunk.start]), kind, chunk.lanes if place.padded else chunk.filled)


def _at(body: Body, start: str, far: int) -> str:
    if not far:
        return start
    name = body.block.fresh()
    body.block.lines.append(f"  %{name} = getelementptr i8, ptr {start}, i64 {far}")
    return f"%{name}"
