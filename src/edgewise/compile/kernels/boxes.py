"""Arrays that are put together from parts, box by box: a sum of shifted arrays in one pass over memory.

The bounds of the parts cut the array into boxes. In each, the same parts lie on top of each other; what is seen there
is the topmost one that covers what is below it, plus those that are added to it. So each entry is written once, however
many parts there are, and what the parts are made of is computed in the same loops.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any, NamedTuple

from edgewise.compile.kernels.packing import Pack, Part
from edgewise.compile.kernels.views import Affine, Index, whole
from edgewise.core.program import Program, Var, used_by, vars_of

__all__ = ["Box", "boxes", "stack"]

MOST = 32  # boxes of an array: each is a loop of its own


class Box(NamedTuple):
    """A box of an array.

    Attributes:
        starts, shape: where it is.
        layers: the parts that are seen there; all but the first are added.
    """

    starts: tuple[int, ...]
    shape: tuple[int, ...]
    layers: tuple[Part, ...]

    def place(self, index: Index) -> Index:
        """Where the box is in the array, from the place in the box."""
        return tuple(one.scaled(start, 1) for start, one in zip(self.starts, index, strict=True))

    def entries(self, part: Part, index: Index, rank: int) -> Index:
        """The entries of a part's source that belong to a place in the box; there are ``rank`` loops."""
        found = [Affine(0, (0,) * rank) for _ in part.shape]
        for axis, here in zip(part.place.axes, self.place(index), strict=True):
            if axis.axis >= 0:
                found[axis.axis] = here.scaled(-axis.start, 1)
        source = part.source.shape if type(part.source) is Var else ()
        return whole(source, part.shape).through(tuple(found), rank)


def boxes(parts: tuple[Part, ...], shape: tuple[int, ...], rows: int = -1) -> list[Box] | None:
    """The boxes of an array that has these parts; None where they are too many, or parts are no boxes themselves.

    Of the axis ``rows``, all is taken as one box.
    """
    if len(parts) < 2 or not all(_box(part) for part in parts):
        return None
    bounds = [[(0, shape[k]) if k == rows else part.along(k) for k in range(len(shape))] for part in parts]
    cuts = [sorted({end for one in bounds for end in one[k]}) for k in range(len(shape))]
    found: list[Box] = []
    for cell in itertools.product(*map(itertools.pairwise, cuts)):
        layers: list[Part] = []
        for part, bound in zip(parts, bounds, strict=True):
            if all(low <= start and end <= high for (start, end), (low, high) in zip(cell, bound, strict=True)):
                layers = [*layers, part] if part.add else [part]
        if len(found) == MOST or not layers:
            return None
        found.append(Box(tuple(c[0] for c in cell), tuple(c[1] - c[0] for c in cell), tuple(layers)))
    return found


def stack(program: Program, outputs: list[Any], sections: list[Any], where: dict[Var, int]) -> dict[Var, int]:
    """Put arrays of parts that are only there to have more put on them together with what is, in ``sections``.

    Returns:
        ``where``, the section that makes each variable, for those that are left.
    """
    if not any(isinstance(section, Pack) for section in sections):
        return where
    uses = Counter(var for step in program.steps for var in used_by(step))
    uses.update(vars_of(outputs))
    gone = set()
    for at, section in enumerate(sections):
        under = section.parts[0].source if isinstance(section, Pack) else None
        before = where.get(under, -1) if type(under) is Var and uses[under] == 1 else -1
        below = sections[before] if before >= 0 else None
        one = _stacked(below, section) if isinstance(below, Pack) else None
        if one is not None:
            sections[at] = one
            gone.add(before)
    kept = [at for at in range(len(sections)) if at not in gone]
    now = {at: i for i, at in enumerate(kept)} | {-1: -1}
    sections[:] = [sections[at] for at in kept]
    return {var: now[at] for var, at in where.items() if at not in gone}


def _stacked(below: Pack, above: Pack) -> Pack | None:
    """The parts of an array and what is put on top of it, as one; None where index arrays say where."""
    parts = (*below.parts, *above.parts[1:])
    under = above.parts[0]
    same = under.source is below.var and under.place == whole(below.var.shape, above.var.shape) and not under.add
    if not same or below.var.dtype != above.var.dtype or any(part.picks for part in parts):
        return None
    return Pack(above.var, parts)


def _box(part: Part) -> bool:
    along = [axis for axis in part.place.axes if axis.axis >= 0]
    return not part.picks and all(axis.step == 1 for axis in along) and len({axis.axis for axis in along}) == len(along)
