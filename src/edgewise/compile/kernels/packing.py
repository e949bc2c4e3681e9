"""Arrays that are put together from parts: joined ones, and those with something stored at a plain index.

Each part is copied to its place, which is the result looked at through an index of slices and integers.
"""

from __future__ import annotations

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.kernels.kinds import kind_of
from edgewise.compile.kernels.names import structural_name
from edgewise.compile.kernels.views import Known, Pick, View, indexed, picked, whole
from edgewise.core.program import Op, Var

__all__ = ["Pack", "Part", "added", "pack"]


class Part(NamedTuple):
    """What is copied, and to where.

    Attributes:
        source: a variable, or a number that every entry of the place becomes.
        shape: of the place.
        place: the place, as a look at the result.
        picks: index arrays, which say where in the result beyond that.
        add: whether it is added to what is there.
    """

    source: Any
    shape: tuple[int, ...]
    place: View
    picks: tuple[Pick, ...] = ()
    add: bool = False

    def along(self, axis: int) -> tuple[int, int]:
        """Where it begins and ends along an axis of the result, if its entries lie side by side there."""
        place = self.place.axes[axis]
        return place.start, place.start + (1 if place.axis < 0 else self.shape[place.axis])


class Pack(NamedTuple):
    """An array made of parts, each over those before it."""

    var: Var
    parts: tuple[Part, ...]

    @property
    def sources(self) -> list[Var]:
        """The variables that are copied, and index arrays."""
        found = [part.source for part in self.parts] + [pick.array for part in self.parts for pick in part.picks]
        return [x for x in found if type(x) is Var]

    @property
    def cost(self) -> int:
        """Instructions, roughly."""
        return 20 * len(self.parts)


def pack(op: Op, known: Known) -> Pack | None:
    """An operation as parts of its result; None for one that is something else."""
    name = structural_name(op.primitive)
    if name not in ("concatenate", "stack", "put", "scatter_add"):
        return None
    result = op.results[0]
    kinds = [kind_of(o.dtype if type(o) is Var else np.asarray(o).dtype) for o in (*op.operands, result)]
    wanted = kinds[-1]
    if wanted is None or any(k is None or (k.complex and not wanted.complex) for k in kinds):
        return None
    if not math.prod(result.shape):
        return None
    if name == "concatenate":
        starts, axis = op.params["starts"], len(result.shape) + op.params["axis"]
        places: Any = [((slice(None),) * axis + (slice(*pair),)) for pair in itertools.pairwise(starts)]
        return _packed(result, [], list(zip(op.operands, places, strict=True)))
    if name == "stack":
        axis = len(result.shape) + op.params["axis"]
        places = [(slice(None),) * axis + (i,) for i in range(len(op.operands))]
        return _packed(result, [], list(zip(op.operands, places, strict=True)))
    template, first = op.params["template"], 2 if name == "put" else 1
    arrays = op.operands[first:]
    under = op.operands[0] if name == "put" else result.dtype.type(0).item()
    if not arrays:
        return _packed(result, [(under, ())], [(op.operands[first - 1], template)])
    if not all(math.prod(a.shape) if type(a) is Var else np.size(a) for a in arrays):
        return None
    place, picks, shape = picked(template, arrays, result.shape, known)
    if not math.prod(shape):
        return None
    below = _packed(result, [(under, ())], []).parts
    return Pack(result, (*below, Part(op.operands[first - 1], shape, place, picks, name == "scatter_add")))


def added(x: Var, scattered: Pack, result: Var) -> Pack:
    """A sum of an array and of one that is zero but for a part, as an array to which the part is added."""
    under = Part(x, result.shape, whole(result.shape, result.shape))
    return Pack(result, (under, *(part._replace(add=True) for part in scattered.parts[1:])))


def _packed(result: Var, under: list[Any], over: list[Any]) -> Pack:
    parts = []
    for source, template in (*under, *over):
        place, shape = indexed(template, result.shape)
        if math.prod(shape):
            parts.append(Part(source, shape, place))
    return Pack(result, tuple(parts))
