"""A program in sections: stretches of machine code, and calls of NumPy between them.

``Straight`` is operations on few numbers, written out; ``Call`` an operation that has no form in machine code, or a
look at a value that has none. ``divide`` makes the list, in the order of the program.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from edgewise.compile.kernels.kinds import kind_of
from edgewise.compile.kernels.unrolled import LIMIT, Unrolled, unrolled
from edgewise.core.program import Guard, Op, Program, Var, vars_of

__all__ = ["Call", "Look", "Section", "Straight", "divide", "made_by", "needed_by"]

CHUNK = 1200  # instructions of one function: LLVM's time for a function grows faster than its length


class Look(NamedTuple):
    """A guard and its number in the program, counted from 1."""

    guard: Guard
    code: int


class Straight:
    """Operations written out one after the other, and guards between them."""

    __slots__ = ("cost", "steps")

    def __init__(self) -> None:
        self.steps: list[tuple[Op, Unrolled] | Look] = []
        self.cost = 0


class Call(NamedTuple):
    """One step that Python does."""

    step: Op | Look


Section: TypeAlias = Straight | Call


def divide(program: Program, known: dict[Var, Any], fused: bool) -> list[Section]:
    """The sections of a program.

    Args:
        program: to be run.
        known: arrays that never change, by variable.
        fused: whether the processor multiplies and adds in one rounding.
    """
    sections: list[Section] = []
    count = 0
    for step in program.steps:
        if type(step) is Guard:
            count += 1
            look = Look(step, count)
            if _small(step.var):
                _straight(sections, 1).steps.append(look)
            else:
                sections.append(Call(look))
            continue
        assert type(step) is Op
        how = unrolled(step, known, fused)
        if how is None:
            sections.append(Call(step))
        else:
            _straight(sections, how.cost).steps.append((step, how))
    return sections


def _small(var: Var) -> bool:
    return 0 < math.prod(var.shape) <= LIMIT and kind_of(var.dtype) is not None


def _straight(sections: list[Section], cost: int) -> Straight:
    last = sections[-1] if sections else None
    if not isinstance(last, Straight) or last.cost + cost > CHUNK:
        last = Straight()
        sections.append(last)
    last.cost += cost
    return last


def needed_by(section: Section) -> Iterator[Var]:
    """The variables that a section looks at, made in it or not."""
    for step in section.steps if isinstance(section, Straight) else (section,):
        first = step[0] if not isinstance(step, Look) else step
        if isinstance(first, Look):
            yield first.guard.var
        else:
            yield from vars_of(first.operands)


def made_by(section: Section) -> Iterator[Var]:
    """The variables that a section makes."""
    for step in section.steps if isinstance(section, Straight) else (section,):
        first = step[0] if not isinstance(step, Look) else step
        if not isinstance(first, Look):
            yield from first.results
