"""Long stretches of a program that do the same again and again become loops.

A Python loop is recorded step by step, so its program repeats with a *period*, and so does its reverse sweep. Where it
does is found by what operations are, without their operands (``periods``). Then each operand must go on evenly from one
repetition to the next. In the integers of ``Compact`` that is one arithmetic progression for each, and its step says
what the operand is:

    0                                    fixed: the same value
    the period                           inside: made in this repetition; a carry: in the one before
    the period of another loop, ±        an entry of the array of what that loop made, one further, or one less
    a number, or an array                the same, or an entry of an array of all of them

So is an operation that reads the next entry of an array. One that makes zeros but for the next entry is part of a sum,
which is put together after the loop: where several are added to one entry, perhaps in another order. The first
repetition stays as it is: it says what the carries are at first. A loop ends where a progression does.

Loops are found in a program as it was recorded, where all repetitions are alike; ``loops`` writes the new program.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.book.index import gather_of, scatter_of
from edgewise.compile.passes.compact import NUMBER, Compact
from edgewise.compile.passes.periods import FEWEST, stretches
from edgewise.compile.passes.rebuild import stand_in
from edgewise.compile.passes.repetition import Entries, Loop, Operand, Read, Rows, Sum, Written
from edgewise.core.program import Op, Program

__all__ = ["found_loops", "rows_of"]

MOST = 0.95  # of a program in loops of the same numbers: others are not looked for
LEAST = 400  # operations of a program in which loops are looked for
WEAK = frozenset({"add", "divide", "multiply", "subtract"})  # that may meet a number of float64 in place of Python's


def found_loops(program: Program) -> tuple[Compact, list[Loop]] | None:
    """The loops of a program, in order; None where there are none."""
    if len(program.steps) < LEAST:
        return None
    search = _Search(Compact(program))
    search.run(strict=True)
    if search.covered < MOST * len(program.steps):
        search.run(strict=False)
    return (search.compact, sorted(search.loops, key=lambda loop: loop.start)) if search.loops else None


class _Search:
    def __init__(self, compact: Compact) -> None:
        self.compact, self.steps = compact, compact.program.steps
        self.loops: list[Loop] = []

    @property
    def covered(self) -> int:
        """How many operations are in loops."""
        return sum(loop.end - loop.begin for loop in self.loops)

    def run(self, strict: bool) -> None:
        """Take the longest stretch that is a loop, and begin again: what it makes, another may read."""
        waiting = stretches(self.compact.kinds(strict))
        again = True
        while again:
            again = False
            for stretch in waiting:
                loop = Loop(stretch)
                if all(loop.end <= o.start or o.end <= loop.start for o in self.loops) and self._understood(loop):
                    self.loops.append(loop)
                    waiting.remove(stretch)
                    again = True
                    break

    def _understood(self, loop: Loop) -> bool:
        """Find out what the operands of a loop are, and cut it where that ends."""
        start, period, count = loop.start, loop.period, loop.count
        first, codes = self.compact.first, self.compact.codes
        low = int(first[start])
        width = int(first[start + period]) - low
        whole = first[start : start + count * period].reshape(count, period)
        same = (whole - np.arange(0, count * width, width).reshape(-1, 1) == whole[0]).all(axis=1)
        what = self.compact.what[start : start + count * period].reshape(count, period)
        self._cut(loop, (same & (what == what[1]).all(axis=1))[1:])
        if loop.count < FEWEST:
            return False
        count = loop.count
        table = codes[low : low + count * width].reshape(count, width)
        steps = table[2] - table[1]
        goes_on = table[1:] == table[1] + np.arange(count - 1).reshape(-1, 1) * steps
        ends = np.where(goes_on.all(axis=0), count, 1 + np.argmin(goes_on, axis=0)).tolist()
        begins, steps, column = table[1].tolist(), steps.tolist(), 0
        for position in range(period):
            op = self.steps[loop.begin + position]
            assert isinstance(op, Op)
            operands: list[Operand | None] = []
            for i in range(len(op.operands)):
                code, step = begins[column], steps[column]
                if code >= NUMBER or not step:
                    loop.count = min(loop.count, ends[column])
                operands.append(self._operand(loop, position, i, code, step) if loop.count >= FEWEST else None)
                column += 1
            if op.params and op.primitive in (gather_of, scatter_of):
                operands = self._indexed(loop, position, op, operands)
            known = [one for one in operands if one is not None]
            if len(known) < len(operands):
                return False
            if position not in loop.written and all(
                one.what in ("number", "fixed") or _constant(one, loop) for one in known
            ):
                loop.constant.add(position)
            loop.operands.append(known)
        return loop.count >= FEWEST and self._summed(loop)

    def _operand(self, loop: Loop, position: int, i: int, code: int, step: int) -> Operand | None:
        """What an operand is whose code in repetition 1 is given, and how far the next is; None for nothing of that."""
        if code == NUMBER and step == 0:
            return self._numbers(loop, position, i)
        if step == 0 and code < loop.begin:
            return Operand("fixed", self.compact.var(code))
        if code < NUMBER:
            return self._arrays(loop, position, i)
        far = code - loop.begin
        if step == loop.period and -loop.period <= far < position:
            return Operand("inside", far) if far >= 0 else Operand("carry", far + loop.period)
        for other in self.loops:
            found = other.at(code)
            if found is None or abs(step) != other.period:
                continue
            k, where = found
            if where in other.constant:
                return Operand("fixed", self.compact.var(other.begin + where))
            left = other.count - 1 - k if step > 0 else k - 1  # repetitions of the other after this one
            loop.count = min(loop.count, left + 2)
            return Operand("entries", Entries(other, where, k, step // other.period))
        return None

    def _row(self, loop: Loop, position: int, i: int) -> list[Any]:
        """An operand in each repetition from the second on."""
        steps = self.steps[loop.begin + position : loop.end : loop.period]
        return [step.operands[i] for step in steps if isinstance(step, Op)]

    def _numbers(self, loop: Loop, position: int, i: int) -> Operand | None:
        row = self._row(loop, position, i)
        first = row[0]
        key = None
        for other in row:
            if other is first or (other == first and other and type(other) is type(first)):
                continue
            key = stand_in(first) if key is None else key
            if stand_in(other) != key:
                break
        else:
            return Operand("number", first)
        op = self.steps[loop.begin + position]
        assert isinstance(op, Op)
        plain = all(type(x) in (float, int, np.float64) for x in row) and op.results[0].dtype == np.float64
        return Operand("rows", Rows(tuple(row))) if plain and op.primitive.name in WEAK else None

    def _arrays(self, loop: Loop, position: int, i: int) -> Operand | None:
        """Arrays of one kind that the program has met, one in each repetition."""
        row, arrays = self._row(loop, position, i), self.compact.program.arrays
        forms = {(x.shape, x.dtype) for x in row}
        if len(forms) > 1 or any(x not in arrays for x in row):
            return None
        if not all(x in self.compact.program.frozen for x in row) and rows_of([arrays[x] for x in row]) is None:
            return None
        return Operand("rows", Rows(tuple(row)))

    def _indexed(self, loop: Loop, position: int, op: Op, operands: list[Operand | None]) -> list[Operand | None]:
        """The operands of an operation that reads an entry of an array, or makes one: another one each time."""
        template = op.params["template"]
        if len(operands) != 1 or not template or type(template[0]) is not int:
            return operands
        row = [op for op in self.steps[loop.begin + position : loop.end : loop.period] if isinstance(op, Op)]
        numbers = np.array([op.params["template"][0] for op in row])
        first, step = int(numbers[0]), int(numbers[1] - numbers[0]) if len(numbers) > 1 else 0
        self._cut(loop, (numbers == first + step * np.arange(len(numbers))) & (numbers >= 0) | (step == 0))
        (x,) = operands
        if step == 0 or x is None:
            return operands
        if abs(step) != 1:
            return [None]
        rest = tuple(template[1:])
        if op.primitive is gather_of:
            return [Operand("read", Read(x.how, first, step, rest)) if x.what == "fixed" else None]
        loop.written[position] = Written(first, step, rest)
        return [x if x.what != "number" else None]

    def _summed(self, loop: Loop) -> bool:
        """Find the sums that what is written belongs to; false where something else is done with it."""
        if not loop.written:
            return True
        users: dict[int, list[int]] = {}
        for position, row in enumerate(loop.operands):
            for one in row:
                if one.what in ("inside", "carry"):
                    users.setdefault(one.how, []).append(position)
        added: dict[int, tuple[int, Operand]] = {}  # by the position of an addition: what is written, and to what
        for position in loop.written:
            at = users.get(position, [-1])[0]
            op = self.steps[loop.begin + at]
            assert isinstance(op, Op)
            if at < 0 or op.primitive.name != "add" or at in added:
                return False
            one, two = loop.operands[at]
            added[at] = position, two if one == Operand("inside", position) else one
        follows = {other.how: at for at, (_, other) in added.items() if other.what == "inside"}
        for at, (position, other) in added.items():
            if other.what == "carry":
                parts = [(position, at)]
                while parts[-1][1] != other.how and parts[-1][1] in follows:
                    following = follows[parts[-1][1]]
                    parts.append((added[following][0], following))
                loop.sums.append(Sum(other.how, tuple(parts)))
        once = [position for one in loop.sums for part in one.parts for position in part]
        return (
            {*loop.written} == {*once} - {*added}
            and all(one.carried == one.parts[-1][1] for one in loop.sums)
            and all(len(users[position]) == 1 for position in once)
            and all(self._used_once(loop, position) for position in once)
        )

    def _used_once(self, loop: Loop, position: int) -> bool:
        """Whether a result has one user each time; after the last repetition, what is carried may have any."""
        uses = self.compact.uses[loop.begin + position : loop.end : loop.period]
        last = any(position == one.carried for one in loop.sums)
        return bool((uses[:-1] == 1).all() and (last or uses[-1] == 1))

    @staticmethod
    def _cut(loop: Loop, holds: Any) -> None:
        """End a loop where something no longer holds; said of each repetition from 1 on."""
        if not holds.all():
            loop.count = 1 + int(np.argmin(holds))


def _constant(one: Operand, loop: Loop) -> bool:
    """Whether an operand is the same in each repetition."""
    return one.what in ("number", "fixed") or (one.what == "inside" and one.how in loop.constant)


def rows_of(arrays: list[Any]) -> Any:
    """Arrays that are the rows of one in memory, at even distances, as that one; None where they are not."""
    first, second = (a.__array_interface__["data"][0] for a in arrays[:2])
    distance = second - first
    for k, array in enumerate(arrays):
        if array.strides != arrays[0].strides or array.__array_interface__["data"][0] != first + k * distance:
            return None
    if not distance or any(_owner(a) is not _owner(arrays[0]) for a in arrays):
        return None
    shape, strides = (len(arrays), *arrays[0].shape), (distance, *arrays[0].strides)
    return np.lib.stride_tricks.as_strided(arrays[0], shape, strides)


def _owner(array: Any) -> Any:
    """Whose memory an array shows."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return getattr(array, "owner", array)
