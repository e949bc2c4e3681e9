"""Which operations of a program share a section.

Each operation joins the first section that comes after all it needs, so a section fills up with what fits it, forward
and reverse sweep alike. An operation of one space that needs, point by point, what another one of the same nest makes,
is in that nest.
"""

from __future__ import annotations

import math
from typing import Any

from edgewise.compile.kernels.boxes import stack
from edgewise.compile.kernels.entries import Entry, copy_of, entry, tiled
from edgewise.compile.kernels.kinds import kind_of
from edgewise.compile.kernels.names import elementwise_name, structural_name
from edgewise.compile.kernels.packing import Pack, added, pack
from edgewise.compile.kernels.rolled import rolled
from edgewise.compile.kernels.sections import Call, Division, Look, Nest, Straight, same
from edgewise.compile.kernels.unrolled import CALL, LIMIT, Unrolled, on_numbers, unrolled
from edgewise.compile.kernels.views import view
from edgewise.compile.repeated import repeat
from edgewise.core.program import Guard, Op, Program, Var, vars_of

__all__ = ["divide"]

CHUNK = 2400  # instructions of one function: LLVM's time for a function grows faster than its length
MOST = 2000  # instructions of the body of a nest
READS = 200  # operations of it
CHEAP = 20  # instructions that are rather done again than stored
LEAVES = 2  # arrays that such an operation reads


def divide(program: Program, known: dict[Var, Any], fused: bool) -> Division:
    """The sections of a program.

    Args:
        program: to be run.
        known: arrays that never change, by variable.
        fused: whether the processor multiplies and adds in one rounding.
    """
    return _Divider(program, known, fused).run()


class _Divider:
    def __init__(self, program: Program, known: dict[Var, Any], fused: bool) -> None:
        self.program, self.known, self.fused = program, known, fused
        self.made = Division(program)
        self.sections = self.made.sections
        self._copies: dict[Var, Var] = {}
        self._parts = _parts_of_sums(program)
        self._pending: dict[Var, Pack] = {}  # those that were met, and wait for their sum
        self._open: dict[int, Straight] = {}  # the straight sections that have room
        self.settled = 0  # the section of the last guard or call: looks and calls keep their order

    def run(self) -> Division:
        count = 0
        for step in self.program.steps:
            if type(step) is Guard:
                count += 1
                self._look(Look(step, count))
            else:
                assert type(step) is Op
                self._place(step)
        for i, output in enumerate(self.made.outputs):
            if type(output) is Var:
                self._output(i, output)
        self.made.where = stack(self.program, self.made.outputs, self.sections, self.made.where)
        return self.made

    def _look(self, look: Look) -> None:
        var = look.guard.var
        self._demand(var)
        if _few(var) and kind_of(var.dtype) is not None:
            self.settled = self._straight(look, (var,), self.settled, 1)
        else:
            self._call(look, ())

    def _repeated(self, op: Op) -> None:
        """A loop, as machine code or as a call of Python's."""
        for var in vars_of(op.operands):
            self._demand(var)
        how = rolled(op, self.known, self.fused)
        if how is None:
            self._call(op, op.results)
            return
        self.sections.append(how)
        self.made.where.update(dict.fromkeys(op.results, len(self.sections) - 1))
        self.made.contiguous.update(op.results[: op.params["carries"]])  # what is stacked lies in records

    def _place(self, op: Op) -> None:
        number = None if self._pending else on_numbers(op)
        if number is not None:
            self._write(op, number)
            return
        if op.primitive is repeat:
            self._repeated(op)
            return
        made, fused = self.made, self.fused
        operands = list(vars_of(op.operands))
        result = op.results[0]
        few = all(map(_few, (*operands, *op.results)))
        moved = (
            view(op, self.known) if not few and kind_of(result.dtype) is not None and 0 not in result.shape else None
        )
        if moved is not None:
            source = self._contiguous(operands[0]) if moved.flat else operands[0]
            made.views[op.results[0]] = source, moved
            return
        waits = any(var in self._pending for var in operands)  # a sum whose part is not made: _summed makes both
        how = unrolled(op, self.known, fused) if few and not waits and not tiled(op, fused, self.known) else None
        if how is not None:
            self._write(op, how)
            return
        if self._summed(op):
            return
        one = entry(op, fused, self.known)
        if one is not None:
            if one.picks:
                self._demand(operands[0])
            for var in one.shared:
                self._demand(var)
            if one.fold is None and not one.picks and self._cheap(one):
                made.inline[one.var] = one
            else:
                self._join(one)
            return
        packed = pack(op, self.known)
        if packed is not None:
            self._pack(packed)
            return
        for var in operands:
            self._demand(var)
        self._call(op, op.results)

    def _write(self, op: Op, how: Unrolled) -> None:
        """Have an operation written out."""
        self.made.where[op.results[0]] = self._straight((op, how), op.operands, 0, how.cost)
        self.made.contiguous.add(op.results[0])

    def _summed(self, op: Op) -> bool:
        """Take what is scattered and only added to something else together with that sum."""
        if op.results[0] in self._parts:
            scattered = pack(op, self.known)
            if scattered is not None:
                self._pending[op.results[0]] = scattered
                return True
        waiting = [x for x in vars_of(op.operands) if x in self._pending]
        if not waiting:
            return False
        other = next(x for x in op.operands if x is not waiting[-1])
        if other in self._pending:
            self._pack(self._pending.pop(other))
        self._pack(added(other, self._pending.pop(waiting[-1]), op.results[0]))
        return True

    def _pack(self, packed: Pack) -> None:
        for part in packed.parts:
            if part.picks and type(part.source) is Var:
                self._demand(part.source)
        self.sections.append(packed)
        self.made.where[packed.var] = len(self.sections) - 1
        self.made.contiguous.add(packed.var)

    def _output(self, i: int, var: Var) -> None:
        """An output must have memory of its own, which it has if machine code makes it."""
        made = self.made
        self._demand(var)
        at = made.where.get(var, -1)
        again = any(x is var for x in made.outputs[:i])
        if at >= 0 and not again and not isinstance(self.sections[at], Call):
            return
        if kind_of(var.dtype) is None or not math.prod(var.shape):
            return
        copy = made.outputs[i] = Var(-1 - i, var.shape, var.dtype)
        self._join(copy_of(var, copy))

    def _cheap(self, one: Entry) -> bool:
        """Whether to do an operation again rather than to store it."""
        cost, waiting = 0, [one]
        found: set[Var] = set()
        seen: set[Var] = set()
        while waiting:
            this = waiting.pop()
            if this.var in seen:
                continue
            seen.add(this.var)
            cost += this.cost
            for x, _ in this.reads:
                if type(x) is not Var:
                    continue
                while x in self.made.views:
                    x = self.made.views[x][0]  # noqa: PLW2901  what it shows
                if x in self.made.inline and x not in self.made.where:
                    waiting.append(self.made.inline[x])
                elif x.shape:
                    found.add(x)
            if cost > CHEAP or len(found) > LEAVES:
                return False
        return True

    def _demand(self, var: Var) -> None:
        """Have a variable in memory, or as a look at something in memory."""
        made = self.made
        while var in made.views:
            if made.where.get(var) is not None:
                return
            var = made.views[var][0]
        if var not in made.where:
            self._join(made.inline[var])

    def _contiguous(self, var: Var) -> Var:
        """Have a variable in memory in C order: itself, or a copy."""
        self._demand(var)
        seen = var
        while seen in self.made.views and self.made.views[seen][1].flat:
            seen = self.made.views[seen][0]
        if seen in self.made.contiguous:
            return var
        if var not in self._copies:
            copy = self._copies[var] = Var(-1 - len(self.program.outputs) - len(self._copies), var.shape, var.dtype)
            self._join(copy_of(var, copy))
        return self._copies[var]

    def _join(self, one: Entry) -> None:
        """Add an operation to the first nest that can have it."""
        made = self.made
        first = 0
        straight: set[Var] = set()
        turned: set[Var] = set()
        for x, how in one.reads:
            if type(x) is not Var:
                continue
            for leaf, pointwise in made.leaves(x, len(self.sections), how == same(one.space)):
                at = made.where[leaf]
                section = self.sections[at] if at >= 0 else None
                inside = pointwise and isinstance(section, Nest) and section.space == one.space
                first = max(first, at if inside and not _folded(section, leaf) else at + 1)
                if leaf.shape == one.space:
                    (straight if pointwise else turned).add(leaf)
        for at in range(first, len(self.sections)):
            section = self.sections[at]
            if (
                isinstance(section, Nest)
                and section.space == one.space
                and section.cost + one.cost <= MOST
                and len(section.entries) < READS
                and straight.isdisjoint(section.turned)
                and turned.isdisjoint(section.straight)
            ):
                break
        else:
            at = len(self.sections)
            section = Nest(one.space)
            self.sections.append(section)
        assert isinstance(section, Nest)
        section.entries.append(one)
        section.cost += one.cost
        section.straight |= straight
        section.turned |= turned
        made.where[one.var] = at
        made.contiguous.add(one.var)

    def _straight(self, step: Any, operands: tuple[Any, ...], first: int, cost: int) -> int:
        """Put a step into the first straight section, from one on, that comes after all it needs and has room.

        What is a look at something in memory comes after that was put there.
        """
        where, sections = self.made.where, self.sections
        for x in operands:
            if type(x) is not Var:
                continue
            at = where.get(x)
            if at is None:
                self._demand(x)
                for leaf, _ in self.made.leaves(x, len(sections)):
                    first = max(first, where[leaf] + 1)
            elif at >= first:
                first = self._behind(at)
        for at, section in self._open.items():
            if at >= first and section.cost + cost <= CHUNK:
                break
        else:
            at = len(sections)
            section = self._open[at] = Straight()
            sections.append(section)
        section.steps.append(step)
        section.cost += cost
        if section.cost > CHUNK - CALL:
            del self._open[at]
        for x in operands:
            if type(x) is Var and where.get(x) != at:
                section.reads[x] = None
        return at

    def _behind(self, at: int) -> int:
        """The first section that may need what a section makes: itself, if it is straight."""
        return at if at >= 0 and type(self.sections[at]) is Straight else at + 1

    def _call(self, step: Op | Look, results: tuple[Var, ...]) -> None:
        self.sections.append(Call(step))
        at = self.settled = len(self.sections) - 1
        self.made.where.update(dict.fromkeys(results, at))
        self.made.contiguous.update(results)


def _parts_of_sums(program: Program) -> set[Var]:
    """The scattered arrays that are added to another array of their shape and dtype, and used for nothing else."""
    uses: dict[Var, list[Op | None]] = {
        op.results[0]: [] for op in program.ops if structural_name(op.primitive) == "scatter_add"
    }
    if not uses:
        return set()
    for step in program.steps:
        for var in vars_of(step.operands) if isinstance(step, Op) else (step.var,):
            if var in uses:
                uses[var].append(step if isinstance(step, Op) else None)
    for var in vars_of(program.outputs):
        if var in uses:
            uses[var].append(None)
    return {var for var, users in uses.items() if len(users) == 1 and _is_sum(users[0])}


def _is_sum(op: Op | None) -> bool:
    """Whether an operation adds two arrays of one shape and dtype."""
    if op is None or elementwise_name(op.primitive) != "add" or any(type(x) is not Var for x in op.operands):
        return False
    return len({(x.shape, x.dtype) for x in (*op.operands, *op.results)}) == 1


def _few(var: Var) -> bool:
    return 0 < (math.prod(var.shape) if var.shape else 1) <= LIMIT


def _folded(section: Any, var: Var) -> bool:
    return any(one.var is var and one.fold is not None for one in section.entries)
