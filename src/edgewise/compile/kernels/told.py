"""What machine code does, in words and figures: one line a section of a program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from edgewise.compile.kernels.packing import Pack
from edgewise.compile.kernels.rolled import Rolled
from edgewise.compile.kernels.sections import Call, Division, Look, Nest, Straight
from edgewise.core.program import Place, Var

__all__ = ["Kernel", "told"]


class Kernel(NamedTuple):
    """One section of a program.

    Attributes:
        what: it does.
        operations: instructions on numbers in one run, roughly; 0 where NumPy does them.
        read: bytes of the arrays it reads, each counted once.
        written: bytes of the arrays it makes.
        place: the user's line of its first operation.
    """

    what: str
    operations: int
    read: int
    written: int
    place: Place | None


def told(division: Division, pieces: Mapping[int, int], tiles: Mapping[int, str]) -> list[Kernel]:
    """The sections in order; some have loops in so many pieces, or in tiles that were chosen for a reason."""
    needs = [division.needs(at) for at in range(len(division.sections))]
    later: list[set[Var]] = [set() for _ in needs]
    seen = {v for v in division.outputs if type(v) is Var}
    for at in range(len(needs) - 1, -1, -1):
        later[at] = {v for v in seen if division.where.get(v) == at}
        seen |= needs[at]
    found = [_one(division, at, _bytes(needs[at]), _bytes(later[at])) for at in range(len(needs))]
    for band in division.bands:
        lying = " side by side" if band.lanes else ""
        spared = f"in turn, {band.block} of {band.length} rows at a time{lying}, which spares {band.spared} bytes"
        for at in range(band.first, band.stop):
            found[at] = found[at]._replace(what=f"{found[at].what} ({spared if at == band.first else 'likewise'})")
    for at, why in tiles.items():
        found[at] = found[at]._replace(what=f"{found[at].what} ({why})")
    for at, count in pieces.items():
        found[at] = found[at]._replace(what=f"{found[at].what} (in {count} pieces)")
    return found


def _one(division: Division, at: int, read: int, written: int) -> Kernel:
    section = division.sections[at]
    if isinstance(section, Straight):
        first = section.steps[0]
        place = first.guard.place if isinstance(first, Look) else first[0].place
        count = len(section.steps)
        return Kernel(f"{count} operation{'s' * (count != 1)} written out", section.cost, read, written, place)
    if isinstance(section, Nest):
        names = ", ".join(dict.fromkeys(entry.how.name if entry.how else "copy" for entry in section.entries))
        what = f"loops over {' × '.join(map(str, section.space)) or 'one number'}: {names}"
        return Kernel(what, section.cost * math.prod(section.space), read, written, None)
    if isinstance(section, Rolled):
        steps = section.op.params["steps"]
        what = f"a loop of {steps} steps, {len(section.steps)} operations each"
        return Kernel(what, section.cost * steps, read, written, section.op.place)
    if isinstance(section, Pack):
        return Kernel(f"an array put together from {len(section.parts)} parts", 0, read, written, None)
    assert isinstance(section, Call)
    if isinstance(section.step, Look):
        return Kernel(f"Python looks: {section.step.guard!r}", 0, read, written, section.step.guard.place)
    return Kernel(f"NumPy: {section.step.primitive.name}", 0, read, written, section.step.place)


def _bytes(variables: set[Var]) -> int:
    return sum(v.dtype.itemsize * math.prod(v.shape) for v in variables)
