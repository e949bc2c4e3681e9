"""Long stretches of a program that do the same again and again become loops.

A Python loop is recorded step by step, so its program repeats with a *period*, and so does its reverse sweep. Equal
stretches are found by hashing what operations do, without their operands, in windows. Of each stretch it is then asked
what each operand is, from one repetition to the next:

    the same value                       fixed
    made in this repetition, or the one before       inside; a carry
    made by another loop, one repetition further, or one less       an entry of the array of what that loop made
    read from an array, one entry further, or one less             an entry of that array

The first repetition stays as it is: it says what the carries are at first. A loop ends where one of these no longer
holds. What is needed of a loop elsewhere is kept for all of its repetitions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from edgewise.book.index import gather_of
from edgewise.compile.passes.rebuild import stand_in
from edgewise.compile.repeated import repeat
from edgewise.core.program import Op, Program, Var, used_by, vars_of

__all__ = ["rerolled"]

LEAST = 400  # operations of a program in which loops are looked for
WINDOW = 16  # operations that must be alike for two places to be
FEWEST = 8  # repetitions of a loop
PERIODS = 12  # that are tried
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits all over: 2**64 divided by the golden ratio


class _Entry(NamedTuple):
    """An operand that is another entry of an array in each repetition.

    Attributes:
        source: a variable that holds the array, or (loop, position): what that loop makes there.
        first: the entry in the first repetition of the loop, counted in repetitions of the other or along the axis.
        step: 1 or -1.
        rest: of an index, what follows the first axis.
    """

    source: Any
    first: int
    step: int
    rest: tuple[Any, ...] = ()


class _Loop:
    """A stretch that repeats: operations ``start + k * period + position``, for k from 1 to ``count - 1``."""

    def __init__(self, start: int, period: int, count: int) -> None:
        self.start, self.period, self.count = start, period, count
        self.operands: list[list[Any]] = []  # per position and operand: what it is
        self.carried: dict[int, None] = {}  # positions whose result the next repetition takes
        self.kept: dict[int, Var] = {}  # positions whose results are needed elsewhere, and the array of them

    def at(self, index: int) -> tuple[int, int] | None:
        """The repetition and the position of an operation, where it is in the loop."""
        k, position = divmod(index - self.start, self.period)
        return (k, position) if 1 <= k < self.count else None


def rerolled(program: Program) -> Program:
    """The program with loops, or the program itself where there are none."""
    if len(program.steps) < LEAST:
        return program
    return _Reroller(program).run()


class _Reroller:
    def __init__(self, program: Program) -> None:
        self.program, self.steps = program, program.steps
        self.made_at: dict[Var, int] = {}
        for at, step in enumerate(self.steps):
            if isinstance(step, Op):
                self.made_at.update(dict.fromkeys(step.results, at))
        self.loops: list[_Loop] = []
        self.serial = max((v.serial for v in (*self.made_at, *program.inputs, *program.arrays)), default=0)

    def run(self) -> Program:
        for start, period, count in _stretches(_kinds(self.steps)):
            loop = _Loop(start, period, count)
            if all(self._apart(loop, other) for other in self.loops) and self._understood(loop):
                self.loops.append(loop)
        self.loops.sort(key=lambda loop: loop.start)
        return self._written() if self.loops else self.program

    def _apart(self, loop: _Loop, other: _Loop) -> bool:
        return self._end(loop) <= other.start or self._end(other) <= loop.start

    @staticmethod
    def _end(loop: _Loop) -> int:
        return loop.start + loop.period * loop.count

    # -- what each operand is

    def _understood(self, loop: _Loop) -> bool:
        """Find out what the operands of a loop are, and cut it where that ends."""
        for position in range(loop.period):
            row = [self.steps[loop.start + k * loop.period + position] for k in range(loop.count)]
            if any(not isinstance(op, Op) or len(op.results) != 1 for op in row):
                return False
            read = self._index(row, loop)
            if read is not None:
                loop.operands.append([read])
                continue
            found = []
            for i, first in enumerate(row[1].operands):  # type: ignore[union-attr]  # all of them are Ops
                if type(first) is not Var:
                    found.append(first)
                    continue
                known = self._operand([op.operands[i] for op in row], loop, position)  # type: ignore[union-attr]
                if known is None or loop.count < FEWEST:
                    return False
                found.append(known)
            loop.operands.append(found)
        return loop.count >= FEWEST

    def _operand(self, row: list[Any], loop: _Loop, position: int) -> Any:
        """What one operand is, which is a variable in every repetition; None where it is nothing of the kind."""
        places = [self.made_at.get(v, -1) for v in row]
        second = places[1]
        if row[1] is row[2]:
            self._cut(loop, (row[k] is row[1] for k in range(loop.count)))
            return ("fixed", row[1]) if second < loop.start + loop.period else None
        base = loop.start + loop.period
        delta = second - base
        if -loop.period <= delta < position:
            self._cut(loop, (places[k] - k * loop.period == second - loop.period for k in range(loop.count)))
            if delta < 0:
                loop.carried[delta + loop.period] = None
                return ("carry", delta + loop.period)
            return ("inside", delta)
        if second < 0 or places[2] < 0:
            return None
        return self._from_another(places, loop)

    def _from_another(self, places: list[int], loop: _Loop) -> Any:
        """An operand that another loop has made, one repetition further each time, or one less."""
        for other in self.loops:
            found, ahead = other.at(places[1]), places[2] - places[1]
            if found is None or abs(ahead) != other.period:
                continue
            k, position = found
            step = ahead // other.period
            wanted = [places[1] + (i - 1) * ahead for i in range(loop.count)]
            self._cut(loop, (places[i] == wanted[i] and other.at(places[i]) is not None for i in range(loop.count)))
            return ("entry", _Entry((other, position), k, step))
        return None

    def _index(self, row: list[Any], loop: _Loop) -> Any:
        """An operation that reads one entry of an array, the next one each time."""
        first = row[1]
        template = first.params.get("template")
        if first.primitive is not gather_of or len(first.operands) != 1 or not template or type(template[0]) is not int:
            return None
        numbers = [op.params["template"][0] for op in row]
        source, step = first.operands[0], numbers[2] - numbers[1]
        if step == 0 or type(source) is not Var or self.made_at.get(source, -1) >= loop.start + loop.period:
            return None
        if abs(step) != 1 or numbers[1] < 0:
            return None
        expected = [numbers[1] + (k - 1) * step for k in range(loop.count)]
        self._cut(loop, (row[k].operands[0] is source and numbers[k] == expected[k] for k in range(loop.count)))
        return ("read", _Entry(source, numbers[1], step, tuple(template[1:])))

    @staticmethod
    def _cut(loop: _Loop, holds: Iterator[bool]) -> None:
        """End a loop where something no longer holds; its first repetition is not asked."""
        next(holds)
        loop.count = 1 + next((k for k, right in enumerate(holds) if not right), loop.count - 1)

    # -- the new program

    def _written(self) -> Program:
        made = Program()
        made.inputs, made.arrays = self.program.inputs, dict(self.program.arrays)
        made.frozen = set(self.program.frozen)
        self._find_kept()
        starts = {loop.start + loop.period: loop for loop in self.loops}
        names: dict[Var, Any] = {}
        at = 0
        while at < len(self.steps):
            loop = starts.get(at)
            if loop is not None:
                self._write(loop, made, names)
                at = self._end(loop)
                continue
            made.steps.append(self._renamed(at, names, made))
            at += 1
        made.outputs = [self._now(o, names, made) if type(o) is Var else o for o in self.program.outputs]
        return made

    def _find_kept(self) -> None:
        """Which results of loops are needed outside of them."""
        self.inside = {}
        for loop in self.loops:
            for index in range(loop.start + loop.period, self._end(loop)):
                self.inside[index] = loop
        for at, step in enumerate(self.steps):
            if at not in self.inside:
                for var in used_by(step):
                    self._keep(var)
        for var in vars_of(self.program.outputs):
            self._keep(var)
        for loop in self.loops:
            for operand in (o for row in loop.operands for o in row if type(o) is tuple):
                if operand[0] == "entry":
                    other, position = operand[1].source
                    self._keep_position(other, position)
                elif operand[0] == "fixed":
                    self._keep(operand[1])

    def _keep(self, var: Var) -> None:
        loop = self.inside.get(self.made_at.get(var, -1))
        if loop is not None:
            self._keep_position(loop, (self.made_at[var] - loop.start) % loop.period)

    def _keep_position(self, loop: _Loop, position: int) -> None:
        if position not in loop.kept:
            like = self._result(loop, 1, position)
            loop.kept[position] = self._var((loop.count - 1, *like.shape), like.dtype)

    def _result(self, loop: _Loop, k: int, position: int) -> Var:
        step = self.steps[loop.start + k * loop.period + position]
        assert isinstance(step, Op)
        return step.results[0]

    def _write(self, loop: _Loop, made: Program, names: dict[Var, Any]) -> None:
        """One loop, as an operation."""
        body = Program()
        carries: dict[int, Var] = {}
        fixed: dict[Var, Var] = {}
        entries: dict[tuple[int, int], tuple[_Entry, Var]] = {}
        inside: list[Any] = []
        for position, row in enumerate(loop.operands):
            op = self.steps[loop.start + loop.period + position]
            assert isinstance(op, Op)
            operands = []
            for i, operand in enumerate(row):
                what, how = operand if type(operand) is tuple else ("number", operand)
                if what == "inside":
                    how = inside[how]
                elif what == "carry":
                    like = self._result(loop, 1, how)
                    how = carries.setdefault(how, self._var(like.shape, like.dtype))
                elif what == "fixed":
                    how = fixed.setdefault(how, self._var(how.shape, how.dtype))
                elif what in ("entry", "read"):
                    like = op.results[0] if what == "read" else op.operands[i]
                    entries[position, i] = how, self._var(like.shape, like.dtype)
                    how = entries[position, i][1]
                operands.append(how)
            if row and type(row[0]) is tuple and row[0][0] == "read":
                inside.append(operands[0])
                continue
            result = self._var(op.results[0].shape, op.results[0].dtype)
            body.steps.append(Op(op.primitive, tuple(operands), op.params, (result,), op.place))
            inside.append(result)
        body.inputs = [*carries.values(), *fixed.values(), *(var for _, var in entries.values())]
        body.outputs = [inside[p] for p in carries] + [inside[p] for p in loop.kept]
        firsts = [self._now(self._result(loop, 0, p), names, made) for p in carries]
        same = [self._now(v, names, made) for v in fixed]
        arrays = [self._array(entry, loop.count - 1, names, made) for entry, _ in entries.values()]
        lasts = [self._var(self._result(loop, 1, p).shape, self._result(loop, 1, p).dtype) for p in carries]
        params = {"body": body, "carries": len(carries), "fixed": len(fixed), "steps": loop.count - 1}
        place = self.steps[loop.start + loop.period].place
        results = (*lasts, *loop.kept.values())
        made.steps.append(Op(repeat, (*firsts, *same, *arrays), params, results, place))
        for position, last in zip(carries, lasts, strict=True):
            names[self._result(loop, loop.count - 1, position)] = last

    def _array(self, entry: _Entry, steps: int, names: dict[Var, Any], made: Program) -> Any:
        """The entries that the repetitions take, in their order, as an array."""
        if isinstance(entry.source, Var):
            source, first = self._now(entry.source, names, made), entry.first
        else:
            other, position = entry.source
            source, first = other.kept[position], entry.first - 1
        stop = first + steps * entry.step
        template = (slice(first, None if stop < 0 else stop, entry.step), *entry.rest)
        shape = np.empty(source.shape, bool)[template].shape
        var = self._var(shape, source.dtype)
        made.steps.append(Op(gather_of, (source,), {"template": template}, (var,), None))
        return var

    def _now(self, var: Any, names: dict[Var, Any], made: Program) -> Any:
        """What a variable is called now: one that a loop has made is an entry of an array."""
        if type(var) is not Var or var in names:
            return names.get(var, var) if type(var) is Var else var
        loop = self.inside.get(self.made_at.get(var, -1))
        if loop is None:
            return var
        k, position = divmod(self.made_at[var] - loop.start, loop.period)
        found = names[var] = self._var(var.shape, var.dtype)
        template = (k - 1, *(slice(None),) * var.ndim)
        made.steps.append(Op(gather_of, (loop.kept[position],), {"template": template}, (found,), None))
        return found

    def _renamed(self, at: int, names: dict[Var, Any], made: Program) -> Any:
        step = self.steps[at]
        if not isinstance(step, Op):
            var = self._now(step.var, names, made)
            return step if var is step.var else type(step)(var, step.expected, step.truth, step.place, step.number)
        operands = tuple([self._now(o, names, made) if type(o) is Var else o for o in step.operands])
        return (
            step if operands == step.operands else Op(step.primitive, operands, step.params, step.results, step.place)
        )

    def _var(self, shape: tuple[int, ...], dtype: Any) -> Var:
        self.serial += 1
        return Var(self.serial, tuple(shape), dtype)


def _kinds(steps: list[Any]) -> Any:
    """A number for what each step does, whatever its operands are; entries that are read may be others."""
    seen: dict[Any, int] = {}
    kinds = np.empty(len(steps), np.uint64)
    for at, step in enumerate(steps):
        key: Any = None
        if isinstance(step, Op):
            params = step.params
            template = params.get("template")
            if step.primitive is gather_of and template and type(template[0]) is int:
                params = {"template": ("entry", *template[1:])}
            try:
                given = tuple([None if type(o) is Var else stand_in(o) for o in step.operands])
                forms = tuple([(v.shape, v.dtype) for v in step.results])
                key = (step.primitive, given, tuple([(k, stand_in(v)) for k, v in params.items()]), forms)
                kinds[at] = seen.setdefault(key, len(seen))
                continue
            except TypeError:
                key = None
        kinds[at] = seen.setdefault(("alone", at), len(seen))
    return kinds


def _stretches(kinds: Any) -> list[tuple[int, int, int]]:
    """Where a program repeats: the first operation, the period, and how many times; short periods before long ones.

    A place that has its like at equal distances, again and again, votes for that distance as a period.
    """
    n, hashes, width = len(kinds), (kinds + np.uint64(1)) * MIX, 1
    power = np.array([MIX])
    while width < WINDOW:
        hashes = hashes[:-width] + hashes[width:] * power
        power, width = power * power, 2 * width
    order = np.lexsort((np.arange(len(hashes)), hashes))
    alike, distance = hashes[order[1:]] == hashes[order[:-1]], np.diff(order)
    steady = alike[1:] & alike[:-1] & (distance[1:] == distance[:-1])
    periods, votes = np.unique(distance[1:][steady], return_counts=True)
    chosen = sorted(periods[np.argsort(votes)[-PERIODS:]].tolist())
    found = []
    for period in chosen:
        again = np.concatenate([[False], hashes[:-period] == hashes[period:], [False]])
        edges = np.flatnonzero(np.diff(again))
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if end - start >= period * (FEWEST - 1):
                found.append((start, period, min(end - start + period + WINDOW - 1, n - start) // period))
    return found
