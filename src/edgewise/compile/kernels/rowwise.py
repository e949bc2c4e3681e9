"""Operations on few numbers, row by row: the entries along the last axis of an array are the lanes of vector registers.

A number in a register of many is a ``Lane``, so movements and indexing stay what they are without vectors: which cell
is which. An operation that finds the cells of its operands as the lanes of one register, in their order, takes the
register; else as many instructions as it takes to put them into one are counted, and where that is more than the
vectors spare, the operation is written number by number.

A row of 14 is registers of 8 and of 6, and the second has eight lanes too. Behind its last number stand others like its
first: what is done with them is done with that one as well, so they raise no exception and take no rare branch of their
own.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.ir import Block, Value, fma, vector
from edgewise.compile.kernels.body import Body, Cell, Fixed, Lane, Place
from edgewise.compile.kernels.folding import FOLDS, combining
from edgewise.compile.kernels.kinds import Held, Kind, convert, kind_of, load, store
from edgewise.compile.kernels.lanes import gathered, spread
from edgewise.compile.kernels.names import structural_name
from edgewise.compile.kernels.scalars import Scalar, scalar
from edgewise.compile.kernels.scalars import write as write_scalar
from edgewise.compile.kernels.wiring import Empty
from edgewise.core.contract import parse
from edgewise.core.program import Op, Var

__all__ = ["Chunk", "Rowwise", "cells_of", "chunks", "fetch", "put", "put_cells", "registers", "rowwise"]

LEAST = 4  # numbers of a row that vectors pay for

Cells = list[Cell]
Columns = list[tuple[Sequence[Cell], Kind]]


class Chunk(NamedTuple):
    """Entries that are in one register.

    Attributes:
        start: the first of them, in C order.
        filled: how many there are.
        lanes: of the register.
    """

    start: int
    filled: int
    lanes: int


@functools.lru_cache(maxsize=1024)
def chunks(shape: tuple[int, ...], width: int) -> tuple[Chunk, ...]:
    """The registers of an array, if one has so many lanes.

    >>> chunks((2, 14), 8)[:2]
    (Chunk(start=0, filled=8, lanes=8), Chunk(start=8, filled=6, lanes=8))
    >>> chunks((2, 1), 8)
    (Chunk(start=0, filled=1, lanes=1), Chunk(start=1, filled=1, lanes=1))
    """
    length = shape[-1] if shape else 1
    width = width if length >= LEAST else 1
    found = []
    for row in range(0, math.prod(shape), length):
        for start in range(0, length, width):
            count = min(width, length - start)
            found.append(Chunk(row + start, count, min(width, 1 << (count - 1).bit_length())))
    return tuple(found)


def registers(body: Body, cells: Sequence[Cell], cut: Sequence[Chunk], kind: Kind) -> list[Held]:
    """Numbers in registers, as an array is cut into chunks."""
    return [packed(body, cells[one.start : one.start + one.filled], one.lanes, kind) for one in cut]


def cells_of(found: Sequence[Held], cut: Sequence[Chunk]) -> Cells:
    """The entries of an array that is in registers."""
    cells: Cells = []
    for held, one in zip(found, cut, strict=True):
        if one.lanes == 1:
            cells.append(held)
        else:
            assert isinstance(held, Value)
            cells += [Lane(held, i) for i in range(one.filled)]
    return cells


# -- registers out of cells


def _form(body: Body, cells: Sequence[Cell], lanes: int) -> tuple[int, str]:
    """Instructions that put cells into one register, and how they do."""
    first, count = cells[0], len(cells)
    if lanes == 1:
        return 0, "single"
    if type(first) is Lane:
        register = first.vector
        if register.kind.lanes == lanes and all(
            type(c) is Lane and c.at == i and c.vector is register for i, c in enumerate(cells)
        ):
            return 0, "whole"
    if isinstance(first, Fixed):
        if all(isinstance(c, Fixed) for c in cells):
            return 0, "known"
    elif all(c == first for c in cells):
        return 1, "same"
    if type(first) is Place and not first.kind.boolean:
        size, buffer = first.kind.size, first.buffer
        if all(
            type(c) is Place and c.buffer == buffer and c.offset == first.offset + i * size for i, c in enumerate(cells)
        ):
            return 1 if count == lanes else 3, "memory"
    sources = dict.fromkeys(c.vector if type(c) is Lane else None for c in cells)
    if None not in sources and len(sources) <= 2 and len({s.kind for s in sources if s}) == 1:
        return 1, "shuffled"
    if body.outside is not None and body.outside.has(cells):
        return 1, "outside"
    return count, "single"


def packed(body: Body, cells: Sequence[Cell], lanes: int, kind: Kind) -> Held:
    """Cells as the lanes of a register."""
    how = _form(body, cells, lanes)[1]
    block, first = body.block, cells[0]
    if lanes == 1:
        return body.held(first)
    if how == "whole":
        assert isinstance(first, Lane)
        return first.vector
    if how == "known":
        numbers = [kind.dtype.type(c.number).item() for c in cells if isinstance(c, Fixed)]
        t = kind.type()
        text = ", ".join(f"{t.text} {t.literal(x)}" for x in (*numbers, *numbers[:1] * (lanes - len(numbers))))
        return block.name(f"<{text}>", kind.type(lanes))
    if how == "same":
        return spread(body.held(first), lanes)
    if how == "memory":
        assert isinstance(first, Place)
        return fetch(block, body.pointer(first.buffer, first.offset), kind, len(cells), lanes)
    if how == "shuffled":
        sources = list(dict.fromkeys(c.vector for c in cells if type(c) is Lane))
        width = sources[0].kind.lanes
        order = [sources.index(c.vector) * width + c.at for c in cells if type(c) is Lane]
        return _shuffled(sources[0], sources[-1], order, lanes)
    if how == "outside":
        assert body.outside is not None
        key = (lanes, *cells)
        if key not in body.outside.packed:
            body.outside.packed[key] = body.before(lambda: _gathered(body, cells, lanes))
        return body.outside.packed[key]
    return _gathered(body, cells, lanes)


def _gathered(body: Body, cells: Sequence[Cell], lanes: int) -> Held:
    held = [body.held(c) for c in cells]
    return gathered([*held, *held[:1] * (lanes - len(held))])


def _shuffled(a: Value, b: Value, order: Sequence[int], lanes: int) -> Value:
    text = ", ".join(f"i32 {i}" for i in (*order, *[order[0]] * (lanes - len(order))))
    t = vector(a.kind.element, lanes)
    return a.block.emit(f"shufflevector {a!r}, {b!r}, <{lanes} x i32> <{text}>", t)


def fetch(block: Block, pointer: str, kind: Kind, count: int, lanes: int) -> Held:
    """Numbers in memory one after the other: ``count`` of them, in a register that may have more lanes."""
    found: Value | None = None
    done = 0
    for part in _powers(count):
        own = load(block, _beside(block, pointer, done * kind.size), kind, part)
        assert isinstance(own, Value)
        if part == count == lanes:
            return own
        if part == 1:
            own = block.emit(f"insertelement {kind.type(2).text} poison, {own!r}, i64 0", kind.type(2))
        wide = _shuffled(own, own, range(part), lanes)
        found = wide if found is None else _shuffled(found, wide, [*range(done), *range(lanes, lanes + part)], lanes)
        done += part
    assert found is not None
    return found


def put(block: Block, held: Held, pointer: str, kind: Kind, count: int) -> None:
    """Write the first ``count`` numbers of a register to memory, one after the other."""
    lanes = held.kind.lanes if isinstance(held, Value) else 1
    done = 0
    for part in _powers(count):
        own = held
        if part < lanes:
            assert isinstance(held, Value)
            own = held.lane(done) if part == 1 else _shuffled(held, held, range(done, done + part), part)
        store(block, own, _beside(block, pointer, done * kind.size), kind)
        done += part


def put_cells(body: Body, cells: Sequence[Cell], places: Sequence[Cell], cut: Sequence[Chunk]) -> None:
    """Write numbers to places, those that are in one register together where the places are one after the other."""
    for one in cut:
        first, to = cells[one.start], places[one.start : one.start + one.filled]
        start = to[0]
        assert isinstance(start, Place)
        own = cells[one.start : one.start + one.filled]
        if (
            type(first) is Lane
            and _form(body, own, one.lanes)[1] == "whole"
            and _form(body, to, one.lanes)[1] == "memory"
        ):
            put(body.block, first.vector, body.pointer(start.buffer, start.offset), start.kind, one.filled)
            continue
        for cell, place in zip(own, to, strict=True):
            assert isinstance(place, Place)
            body.put(cell, place)


def _powers(count: int) -> list[int]:
    """A number as a sum of powers of two, the largest first."""
    return [1 << i for i in range(count.bit_length() - 1, -1, -1) if count >> i & 1]


def _beside(block: Block, pointer: str, offset: int) -> str:
    if not offset:
        return pointer
    name = block.fresh()
    block.lines.append(f"  %{name} = getelementptr i8, ptr {pointer}, i64 {offset}")
    return f"%{name}"


# -- operations


class Rowwise(NamedTuple):
    """An operation by rows.

    Attributes:
        shape: of the result.
        kind: of the result.
        columns: what each instruction reads of the operands, entry of the result by entry; and as which kind.
        write: computes registers of the result out of those of the columns.
        cost: instructions for one register.
        adds: whether it adds two columns.
        called: whether it is an elementary function.
    """

    shape: tuple[int, ...]
    kind: Kind
    columns: Callable[[Sequence[Cells]], Columns]
    write: Callable[[Body, list[Value]], Held]
    cost: int
    adds: bool = False
    called: bool = False

    def cells(self, body: Body, width: int, operands: Sequence[Cells]) -> Cells | None:
        """Write the operation, for the cells of its operands; None where that is better done number by number."""
        columns, cut = self.columns(operands), chunks(self.shape, width)
        spared = single = 0
        todo: list[list[Sequence[Cell]]] = []
        for one in cut:
            parts = [column[one.start : one.start + one.filled] for column, _ in columns]
            todo.append(parts)
            if self.adds and any(map(_empty, parts)):
                continue
            spared += self.cost * (one.filled - 1) - sum(_form(body, part, one.lanes)[0] for part in parts)
            single += sum(type(cell) is Lane for part in parts for cell in part)
        if spared + single < 0:
            return None
        result: Cells = []
        for one, parts in zip(cut, todo, strict=True):
            if self.adds and any(map(_empty, parts)):  # nothing was scattered here: what it is added to stays
                result += parts[0] if _empty(parts[1]) else parts[1]
                continue
            given = [packed(body, part, one.lanes, kind) for part, (_, kind) in zip(parts, columns, strict=True)]
            made = self.write(body, given)  # type: ignore[arg-type]  # nothing complex is done by rows
            result += cells_of([made], [one])
        return result


def _empty(cells: Sequence[Cell]) -> bool:
    return all(type(cell) is Empty for cell in cells)


def rowwise(op: Op, fused: bool, called: bool) -> Rowwise | None:
    """How an operation is done by rows; None where it is not.

    Args:
        op: of a program.
        fused: whether the processor multiplies and adds in one rounding.
        called: whether elementary functions are called rather than written in place.
    """
    if len(op.results) != 1 or not op.results[0].shape or op.results[0].shape[-1] < LEAST:
        return None
    kinds = [kind_of(x.dtype) for x in (*(o for o in op.operands if type(o) is Var), op.results[0])]
    if any(k is None or k.complex for k in kinds):
        return None
    name = structural_name(op.primitive)
    if name == "contract":
        return _contraction(op)
    if name in FOLDS:
        return _fold(op, name)
    how = scalar(op, fused)
    return None if how is None else _elementwise(op, how, called)


def _elementwise(op: Op, how: Scalar, called: bool) -> Rowwise:
    shape = op.results[0].shape
    size = math.prod(shape)
    plan: list[tuple[int, Any, Kind, Kind]] = []
    for i, operand in enumerate(op.operands):
        if i in how.fixed:
            continue
        if type(operand) is Var:
            given = kind_of(operand.dtype)
            assert given is not None
            order = np.broadcast_to(np.arange(math.prod(operand.shape)).reshape(operand.shape), shape)
            plan.append((i, None if operand.shape == shape else order.ravel().tolist(), given, how.kinds[i]))
        else:
            plan.append((i, Fixed(operand, how.kinds[i]), how.kinds[i], how.kinds[i]))

    def columns(operands: Sequence[Cells]) -> Columns:
        found: Columns = []
        for i, order, given, _ in plan:
            own = operands[i]
            if isinstance(order, Fixed):
                found.append(([order] * size, given))
            else:
                found.append((own if order is None else [own[k] for k in order], given))
        return found

    def write(body: Body, values: list[Value]) -> Held:
        held = [convert(x, given, wanted) for x, (_, _, given, wanted) in zip(values, plan, strict=True)]
        return write_scalar(body.block, how, held, called)

    adds = how.name == "add" and all(given.dtype == how.result.dtype for _, _, given, _ in plan)
    return Rowwise(shape, how.result, columns, write, how.cost, adds, bool(how.maths))


def _contraction(op: Op) -> Rowwise | None:
    """Each product of the sums that the entries of a row are: a register times a number, or times another."""
    a, b = op.operands
    if type(a) is not Var or type(b) is not Var:
        return None
    first, second, wanted = kind_of(a.dtype), kind_of(b.dtype), kind_of(op.results[0].dtype)
    assert first is not None
    assert second is not None
    assert wanted is not None
    if not wanted.floating:
        return None
    left, right, out = parse(op.params["spec"])
    lengths = dict(zip(left + right, a.shape + b.shape, strict=True))
    summed = [c for c in dict.fromkeys(left + right) if c not in out]
    letters = [*summed, *out]
    shape = tuple(lengths[c] for c in letters)
    length = math.prod(lengths[c] for c in summed)
    if not math.prod(shape):
        return None
    grid = np.indices(shape).reshape(len(shape), -1)

    def entries(own: str, its: tuple[int, ...]) -> list[list[int]]:
        if not own:
            return [[0] * math.prod(shape[len(summed) :])] * length
        flat = np.ravel_multi_index([grid[letters.index(c)] for c in own], its)
        found: list[list[int]] = flat.reshape(length, -1).tolist()
        return found

    orders = list(zip(entries(left, a.shape), entries(right, b.shape), strict=True))

    def columns(operands: Sequence[Cells]) -> Columns:
        x, y = operands[0], operands[1]
        return [one for i, j in orders for one in (([x[k] for k in i], first), ([y[k] for k in j], second))]

    def write(body: Body, values: list[Value]) -> Held:
        held = [convert(x, kind, wanted) for x, kind in zip(values, [first, second] * length, strict=True)]
        factors = [x for x in held if isinstance(x, Value)]
        total = factors[0] * factors[1]
        for x, y in zip(factors[2::2], factors[3::2], strict=True):
            total = fma(x, y, total)
        return total

    return Rowwise(op.results[0].shape, wanted, columns, write, 2 * length)


def _fold(op: Op, name: str) -> Rowwise | None:
    """Rows folded one into the other, in the order that NumPy has."""
    x = op.operands[0]
    given, wanted = kind_of(x.dtype), kind_of(op.results[0].dtype)
    if name in ("argmax", "argmin") or type(x) is not Var:
        return None
    assert given is not None
    assert wanted is not None
    within = given if name in ("max", "min") else wanted
    axes = op.params["axis"]
    along = sorted(k % len(x.shape) for k in (axes if isinstance(axes, tuple) else (axes,)))
    rest = [k for k in range(len(x.shape)) if k not in along]
    if not along or along[-1] > rest[-1]:  # NumPy adds what lies one after the other in another order
        return None
    length = math.prod(x.shape[k] for k in along)
    order = np.arange(math.prod(x.shape)).reshape(x.shape).transpose(along + rest).reshape(length, -1).tolist()
    combine = combining(FOLDS[name], within)

    def columns(operands: Sequence[Cells]) -> Columns:
        return [([operands[0][k] for k in row], given) for row in order]

    def write(body: Body, values: list[Value]) -> Held:
        found: Held = functools.reduce(combine, [convert(v, given, within) for v in values])
        return found

    return Rowwise(op.results[0].shape, wanted, columns, write, length - 1)
