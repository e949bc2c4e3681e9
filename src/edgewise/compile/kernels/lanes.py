"""Vector registers: many numbers in one, one in many lanes, some lanes of one, and all lanes together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edgewise.compile.ir import Block, Value, vector
from edgewise.compile.kernels.kinds import Complex, Held

__all__ = ["across", "chosen", "exchanged", "gathered", "mask", "part", "spread", "together", "transposed"]


def gathered(single: Sequence[Held]) -> Held:
    """Scalars as the lanes of a vector."""
    if len(single) == 1:
        return single[0]
    if isinstance(single[0], Complex):
        halves = [[one[k] for one in single if isinstance(one, Complex)] for k in (0, 1)]
        return Complex(*(_inserted(half) for half in halves))
    return _inserted([one for one in single if isinstance(one, Value)])


def _inserted(single: Sequence[Value]) -> Value:
    t = vector(single[0].kind.element, len(single))
    text = "poison"
    for i, one in enumerate(single):
        found = one.block.emit(f"insertelement {t.text} {text}, {one!r}, i64 {i}", t)
        text = found.text
    return found


def spread(held: Held, lanes: int) -> Held:
    """A number in every lane."""
    if lanes == 1:
        return held
    if isinstance(held, Complex):
        return Complex(*(_spread(one, lanes) for one in held))
    return _spread(held, lanes)


def _spread(value: Value, lanes: int) -> Value:
    t = vector(value.kind.element, lanes)
    first = value.block.emit(f"insertelement {t.text} poison, {value!r}, i64 0", t)
    return value.block.emit(f"shufflevector {first!r}, {t.text} poison, <{lanes} x i32> zeroinitializer", t)


def across(combine: Callable[[Any, Any], Any], held: Held) -> Held:
    """All lanes made one, by halves."""
    lanes = (held.re if isinstance(held, Complex) else held).kind.lanes
    while lanes > 1:
        half = lanes // 2
        rest = [part(held, 2 * half, 1)] if lanes % 2 else []
        held = combine(part(held, 0, half), part(held, half, half))
        if rest:
            first = part(held, 0, 1)
            joined = combine(first, rest[0])
            if half == 1:
                held = joined
            else:
                others = [part(held, i, 1) for i in range(1, half)]
                held = gathered([joined, *others])
        lanes = half
    return held


def together(combine: Callable[[Any, Any], Any], values: Sequence[Held]) -> Held:
    """Partial results as one, in pairs."""
    while len(values) > 1:
        pairs = [combine(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = [*pairs, *values[2 * len(pairs) :]]
    return values[0]


def exchanged(rows: Sequence[Held]) -> list[Value]:
    """As many vectors as they have lanes, rows and columns exchanged; the number is a power of two."""
    values = [row for row in rows if isinstance(row, Value)]
    lanes = len(values)
    bit = lanes // 2
    while bit:
        for i in range(lanes):
            if not i & bit:
                a, b = values[i], values[i | bit]
                values[i] = _shuffled(a, b, [j if not j & bit else lanes + (j ^ bit) for j in range(lanes)])
                values[i | bit] = _shuffled(a, b, [j | bit if not j & bit else lanes + j for j in range(lanes)])
        bit //= 2
    return values


def transposed(combine: Callable[[Any, Any], Any], rows: Sequence[Held]) -> Value:
    """The lanes of each of several vectors made one, as the lanes of one vector.

    Halves of two vectors are joined into one vector that holds partial results of both, so that each step has half as
    many vectors as the one before. There are at most as many as lanes, whose number is a power of two.
    """
    values = [row for row in rows if isinstance(row, Value)]
    count, lanes = len(values), values[0].kind.lanes
    length = lanes  # of the stretch of lanes that belongs to one row
    while length > 1:
        half = length // 2
        if len(values) == 1:
            starts = range(0, values[0].kind.lanes, length)
            low = [i + k for i in starts for k in range(half)]
            one = values[0]
            values = [combine(_shuffled(one, one, low), _shuffled(one, one, [i + half for i in low]))]
        else:
            low = [i + k for i in range(0, 2 * lanes, length) for k in range(half)]
            pairs = [(a, b) for a, b in zip(values[::2], [*values[1::2], values[-1]], strict=False)]
            values = [combine(_shuffled(a, b, low), _shuffled(a, b, [i + half for i in low])) for a, b in pairs]
        length = half
    found = part(values[0], 0, count)
    assert isinstance(found, Value)
    return found


def _shuffled(a: Value, b: Value, order: Sequence[int]) -> Value:
    text = ", ".join(f"i32 {i}" for i in order)
    t = vector(a.kind.element, len(order))
    return a.block.emit(f"shufflevector {a!r}, {b!r}, <{len(order)} x i32> <{text}>", t)


def part(held: Held, first: int, count: int) -> Held:
    """Some lanes, from one on."""
    if isinstance(held, Complex):
        return Complex(*(_some(one, first, count) for one in held))
    return _some(held, first, count)


def _some(value: Value, first: int, count: int) -> Value:
    if count == 1:
        return value.lane(first)
    order = ", ".join(f"i32 {i}" for i in range(first, first + count))
    return value.block.emit(
        f"shufflevector {value!r}, {value.kind.text} poison, <{count} x i32> <{order}>",
        vector(value.kind.element, count),
    )


def chosen(mask: Value, a: Held, b: Held) -> Held:
    """``a`` in the lanes of a mask, ``b`` in the others."""
    if isinstance(a, Complex) and isinstance(b, Complex):
        return Complex(_pick(mask, a.re, b.re), _pick(mask, a.im, b.im))
    assert isinstance(a, Value)
    assert isinstance(b, Value)
    return _pick(mask, a, b)


def _pick(mask: Value, a: Value, b: Value) -> Value:
    return a.block.emit(f"select {mask.kind.text} {mask.text}, {a!r}, {b!r}", a.kind)


def mask(block: Block, lanes: int, skipped: Value | int) -> Value:
    """All lanes but the first ``skipped``."""
    t = vector("i1", lanes)
    if isinstance(skipped, Value) and lanes == 1:
        return skipped <= 0
    if isinstance(skipped, Value):
        every = _spread(skipped, lanes)
        numbers = ", ".join(f"i64 {i}" for i in range(lanes))
        return block.emit(f"icmp sle {every!r}, <{numbers}>", t)
    return block.name("<" + ", ".join(f"i1 {int(i >= skipped)}" for i in range(lanes)) + ">", t)
