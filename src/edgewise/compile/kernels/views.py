"""Movements and plain indexing of arrays in memory: no instruction, only other strides.

A ``View`` says which entry of its source each entry of the result is: along every axis of the source, a start, and a
step times the position along one axis of the result. An ``Index`` is the same seen from a loop: for each axis of an
array, an affine function of the loops' counters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.kernels.names import structural_name
from edgewise.core.index import ARRAY
from edgewise.core.program import Op, Var

__all__ = ["Affine", "Axis", "Index", "Known", "Pick", "View", "identity", "indexed", "picked", "view", "whole"]


class Affine(NamedTuple):
    """``start`` plus the counters of the loops, times ``steps``."""

    start: int
    steps: tuple[int, ...]

    def scaled(self, start: int, step: int) -> Affine:
        """``start + step * self``."""
        return Affine(start + step * self.start, tuple(step * s for s in self.steps))


Index = tuple[Affine, ...]
Known = Mapping[Var, Any]  # arrays that never change


class Axis(NamedTuple):
    """Where along an axis of the source: at ``start``, and on by ``step`` for each place along one of the result."""

    start: int
    step: int
    axis: int  # of the result; -1 where the place is the same for all


class Pick(NamedTuple):
    """An index array: which entry it has at a point says where along an axis of the source to look."""

    array: Any
    view: View
    axis: int


class View(NamedTuple):
    """A movement.

    Attributes:
        axes: one for each axis of the source; empty where ``flat``.
        flat: the entries are those of the source in C order, in another shape.
    """

    axes: tuple[Axis, ...]
    flat: bool = False

    def through(self, index: Index, rank: int) -> Index:
        """The index of the source, from that of the result; there are ``rank`` loops."""
        none = (0,) * rank
        return tuple(Affine(a.start, none) if a.axis < 0 else index[a.axis].scaled(a.start, a.step) for a in self.axes)

    def memory(self, offset: int, strides: tuple[int, ...], rank: int) -> tuple[int, tuple[int, ...]]:
        """Offset and strides of the result, which has ``rank`` axes, from those of the source."""
        found = [0] * rank
        for a, stride in zip(self.axes, strides, strict=True):
            offset += a.start * stride
            if a.axis >= 0:
                found[a.axis] += a.step * stride
        return offset, tuple(found)


def identity(rank: int) -> Index:
    """The index of an array whose axes are the loops."""
    return tuple(Affine(0, tuple(int(i == k) for i in range(rank))) for k in range(rank))


def whole(shape: tuple[int, ...], target: tuple[int, ...]) -> View:
    """An array as it is broadcast to a shape."""
    lead = len(target) - len(shape)
    return View(
        tuple(Axis(0, 0, -1) if n == 1 != target[k + lead] else Axis(0, 1, k + lead) for k, n in enumerate(shape))
    )


def view(op: Op, known: Known) -> View | None:
    """What an operation is as a movement; None for one that is more than that."""
    name = structural_name(op.primitive)
    if type(op.operands[0]) is not Var:
        return None
    if len(op.operands) != 1:
        if name != "gather":
            return None
        place, picks, _ = picked(op.params["template"], op.operands[1:], op.operands[0].shape, known)
        return None if picks else place
    shape, result = op.operands[0].shape, op.results[0].shape
    if name == "transpose":
        axes = [a % len(shape) for a in op.params["axes"]] if shape else []
        return View(tuple(Axis(0, 1, axes.index(k)) for k in range(len(shape))))
    if name == "broadcast_to":
        return whole(shape, result)
    if name == "reshape":
        return _reshaped(shape, result)
    return indexed(op.params["template"], shape)[0] if name == "gather" else None


def _reshaped(shape: tuple[int, ...], target: tuple[int, ...]) -> View:
    """Axes of one entry come and go; any other reshaping counts entries through."""
    kept = [k for k, n in enumerate(target) if n != 1]
    if [target[k] for k in kept] != [n for n in shape if n != 1]:
        return View((), flat=True)
    places = iter(kept)
    return View(tuple(Axis(0, 0, -1) if n == 1 else Axis(0, 1, next(places)) for n in shape))


def indexed(template: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[View, tuple[int, ...]]:
    """An index of slices, integers and None as a movement, and the shape of the result.

    >>> indexed((1, slice(None, None, -2)), (3, 5))[0].axes
    (Axis(start=1, step=0, axis=-1), Axis(start=4, step=-2, axis=0))
    """
    axes: list[Axis] = []
    result: list[int] = []
    rest = iter(shape)
    for item in template:
        if item is None:
            result.append(1)
        elif isinstance(item, slice):
            places = range(*item.indices(next(rest)))
            axes.append(Axis(places.start, places.step, len(result)))
            result.append(len(places))
        else:
            axes.append(Axis(item % next(rest), 0, -1))
    for length in rest:
        axes.append(Axis(0, 1, len(result)))
        result.append(length)
    return View(tuple(axes)), tuple(result)


def picked(
    template: tuple[Any, ...], arrays: tuple[Any, ...], shape: tuple[int, ...], known: Known
) -> tuple[View, tuple[Pick, ...], tuple[int, ...]]:
    """An index that has index arrays: what it is without them, they, and the shape of the result.

    The axes of the index arrays stand where the arrays do, or first where a slice stands between them. Index arrays
    that are known to count on in even steps are none: they are slices, as in ``x[np.arange(len(x)), k]``.
    """
    shapes = [a.shape if type(a) is Var else np.shape(a) for a in arrays]
    common = np.broadcast_shapes(*shapes)
    places = [i for i, item in enumerate(template) if item is ARRAY]
    apart = places[-1] - places[0] + 1 != len(places)
    before = 0 if apart else sum(item is None or isinstance(item, slice) for item in template[: places[0]])
    plain, rest = indexed(tuple(0 if item is ARRAY else item for item in template), shape)
    result = (*rest[:before], *common, *rest[before:])
    axes = [a if a.axis < before else a._replace(axis=a.axis + len(common)) for a in plain.axes]
    used = [k for k, item in enumerate(i for i in template if i is not None) if item is ARRAY]
    picks = []
    even: dict[int, Axis] = {}
    for array, own, axis in zip(arrays, shapes, used, strict=True):
        spread = whole(own, common)
        moved = View(tuple(a if a.axis < 0 else a._replace(axis=a.axis + before) for a in spread.axes))
        picks.append(Pick(array, moved, axis))
        counted = _counted(known.get(array) if type(array) is Var else array, moved, shape[axis])
        if counted is not None:
            even[axis] = counted
    # An entry that several places of the result name is named by index arrays, or all but one would be lost in stores.
    named = {a.axis for a in even.values()}
    if len(even) < len(picks) or all(n == 1 or k in named for k, n in enumerate(common, before)):
        axes = [even.get(k, a) for k, a in enumerate(axes)]
        picks = [pick for pick in picks if pick.axis not in even]
    return View(tuple(axes)), tuple(picks), result


def _counted(array: Any, place: View, length: int) -> Axis | None:
    """An index array that counts on in even steps along one axis, as that."""
    long = [k for k, n in enumerate(np.shape(array)) if n > 1]
    if array is None or len(long) > 1:
        return None
    values = np.ravel(array)
    if not 0 <= values[0] < length:
        return None
    if not long:
        return Axis(int(values[0]), 0, -1)
    step = int(values[1]) - int(values[0])
    last = int(values[0]) + step * (len(values) - 1)
    if not step or not 0 <= last < length or (np.diff(values) != step).any():
        return None
    return Axis(int(values[0]), step, place.axes[long[0]].axis)
