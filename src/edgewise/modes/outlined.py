"""Outlined: run the body of a region once, and write down its operations instead of keeping what their edges need.

Inside, values carry no derivative: what a value of this mode wraps is stripped of every level that differentiates,
while a batch remains one. Whatever the body meets becomes an operand of the region. A value that the body was given or
made belongs to this mode; one of a lower level was captured from around the region, and is found when it meets one that
belongs: levels are compared, as everywhere, and no closure is looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.admission import admit
from edgewise.core.buffers import Sharing
from edgewise.core.levels import beside, constant
from edgewise.core.mode import NOTHING, RECORDERS, Mode
from edgewise.core.outline import Outline, Step
from edgewise.core.traced import TRACED, Traced, apply, fixed, wrap
from edgewise.modes.recorded import NUMBERS

__all__ = ["Outlined"]


class Outlined(Mode):
    """One region. Use as a context, like ``Recorded``: arrays the body met are held until it ends.

    Args:
        within: the region that this one is a part of, which then holds the arrays for both.

    Attributes:
        operands: what the region depends on, as values of the levels around it.
    """

    keeps = True

    def __init__(self, within: Outlined | None = None) -> None:
        super().__init__()
        self.operands: list[Any] = []
        self.keeper: Sharing = Sharing() if within is None else within.keeper
        self._whole = within is None
        self._places: list[int] = []
        self._steps: list[Step] = []
        self._known: dict[tuple[int, int], int] = {}
        self._settled: set[int] = set()  # where values stand that depend on no operand differentiably
        self._size = 0

    def lift(self, value: Any) -> Traced:
        """A traced value of a lower level as an operand, and as a value of this mode."""
        return wrap(constant(value), self, self._place_of(value))

    def constant(self, value: Any) -> Traced:
        return wrap(constant(value), self, self._place_of(value))

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        values: list[Any] = []
        places: list[int] = []
        for operand in operands:
            kind = type(operand)
            if kind in TRACED:
                if operand.mode is self:
                    values.append(operand.value)
                    places.append(operand.payload)
                    continue
            elif kind not in NUMBERS:
                admitted = admit(operand, operands)
                if admitted is not operand and type(admitted) in TRACED:
                    return apply(primitive, tuple(map(admit, operands)), params)
                operand = self._beside(admitted, operands) if RECORDERS else admitted  # noqa: PLW2901  as it is kept
            values.append(constant(operand))
            places.append(self._place_of(operand))
        y = apply(primitive, tuple(values), params)
        parts = (y,) if primitive.outputs is None else y
        results = tuple([self._place() for _ in parts])
        self._steps.append(Step(primitive, tuple(places), params, results))
        if primitive.zero or self._settled.issuperset(places):
            self._settled.update(results)
        elif primitive.zero_outputs:
            self._settled.update([results[i] for i in primitive.zero_outputs])
        made = tuple([wrap(part, self, place) for part, place in zip(parts, results, strict=True)])
        return made[0] if primitive.outputs is None else made

    def concrete(self, t: Any, convert: Callable[[Any], Any], refusal: Callable[[], Exception]) -> Any:
        """A number that no derivative would reach, such as ``int(np.floor(t))``, is one; as it is without a region."""
        if self.settled(t):
            return convert(t.value)
        raise refusal()

    def settled(self, t: Any) -> bool:
        """Whether a value of this mode depends on no operand differentiably: it is a number that was computed."""
        return t.payload in self._settled

    def call(
        self, outline: Outline, operands: Sequence[Any], values: Sequence[Any], settled: Sequence[bool]
    ) -> list[Traced]:
        """A part that was outlined by itself, as one step.

        Args:
            outline: of the part, which was written ``within`` this one.
            operands: its operands.
            values: its results, without derivative.
            settled: which of them depend on no operand differentiably.
        """
        places = tuple([self._place_of(operand, held=True) for operand in operands])
        results = tuple([self._place() for _ in values])
        self._steps.append(Step(outline, places, NOTHING, results))
        self._settled.update([place for place, known in zip(results, settled, strict=True) if known])
        return [wrap(value, self, place) for value, place in zip(values, results, strict=True)]

    def finish(self, results: Sequence[Traced]) -> tuple[Outline, list[Any]]:
        """The outline of what leads to these values of this mode, and the operands it needs.

        Raises:
            OverwrittenError: an array that the body met was changed since.
        """
        if self._whole:
            self.keeper.verify()
        ends = tuple([t.payload for t in results])
        steps = Outline((), self._steps, ends, self._size).steps
        used = {*ends, *(place for step in steps for place in step.operands)}
        needed = [i for i, place in enumerate(self._places) if place in used]
        outline = Outline(tuple([self._places[i] for i in needed]), steps, ends, self._size)
        return outline, [self.operands[i] for i in needed]

    def _place_of(self, value: Any, *, held: bool = False) -> int:
        """Where a value stands; if it is not of this mode, it is an operand."""
        if type(value) in TRACED:
            if value.mode is self:
                return value.payload  # type: ignore[no-any-return]  # what a mode adds to a value is its own
            value = fixed(value)
            key = (id(value.value), id(value.payload))  # neither is changed once it was read, and both live on
        elif type(value) is np.ndarray:
            value = value if held else self.keeper.hold(value)
            key = (id(value), 0)
        else:
            return self._enter(value)
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = self._enter(value)
        return place

    def _beside(self, operand: Any, operands: tuple[Any, ...]) -> Any:
        """An array as a program that is being recorded below this mode knows it."""
        own = next(t for t in operands if type(t) in TRACED and t.mode is self)
        return beside(operand, own)

    def _enter(self, value: Any) -> int:
        place = self._place()
        if _settled(value):
            self._settled.add(place)
        self.operands.append(value)
        self._places.append(place)
        return place

    def _place(self) -> int:
        self._size += 1
        return self._size - 1

    def __exit__(self, *exc: object) -> None:
        self.end()
        if self._whole:
            self.keeper.release()


def _settled(value: Any) -> bool:
    """Whether nothing that differentiates is around a value, or only regions in which it is a number."""
    while type(value) in TRACED:
        if isinstance(value.mode, Outlined):
            return value.mode.settled(value)
        if value.mode.differentiates:
            return False
        value = value.value
    return True
