"""Outlines: the operations of a region of a program, without any of their values.

A region (``transforms.region``) is run once. What remains is the list of its operations, in the order of computation:
which primitive, on which earlier values, with which parameters. It can be run again on other operands of any kind
(``replay``), takes the branches that were taken, and does nothing else that the user's function did.

It closes over nothing. Every value that the body met, an array, a number, a traced value of an enclosing level, is an
operand, so equal bodies have equal outlines whatever numbers they met, and can share one.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.traced import apply

__all__ = ["Outline", "Step"]


class Step(NamedTuple):
    """One operation.

    Attributes:
        what: a primitive, or the outline of a part that was outlined by itself.
        operands: where its operands stand among the values of the outline.
        params: the static parameters of the primitive.
        results: where its results go.
    """

    what: Any
    operands: tuple[int, ...]
    params: dict[str, Any]
    results: tuple[int, ...]


class Outline:
    """The operations of a region.

    Attributes:
        operands: where the operands stand.
        steps: the operations, those left out that no result depends on.
        results: where the results stand.
        size: how many places for values there are.
    """

    def __init__(self, operands: tuple[int, ...], steps: Sequence[Step], results: tuple[int, ...], size: int) -> None:
        self.operands = operands
        self.results = results
        self.size = size
        needed = set(results)
        kept: list[Step] = []
        last: list[tuple[int, ...]] = []
        for step in reversed(steps):
            if needed.isdisjoint(step.results):
                continue
            unused = {*step.operands, *step.results} - needed
            needed |= unused
            kept.append(step)
            last.append(tuple(unused))
        self.steps = tuple(reversed(kept))
        self._last = tuple(reversed(last))

    def replay(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        """The results for other operands, operation by operation. A value is let go of after its last use."""
        values: list[Any] = [None] * self.size
        for place, value in zip(self.operands, operands, strict=True):
            values[place] = value
        for (what, places, params, results), last in zip(self.steps, self._last, strict=True):
            given = tuple([values[place] for place in places])
            if type(what) is Outline:
                made = what.replay(given)
            elif what.outputs is None:
                made = (apply(what, given, params),)
            else:
                made = apply(what, given, params)
            for place, value in zip(results, made, strict=True):
                values[place] = value
            for place in last:
                values[place] = None
        return tuple([values[place] for place in self.results])

    @functools.cached_property
    def selects(self) -> bool:
        """Whether some operation drops entries."""
        return any(step.what.selects for step in self.steps)

    @functools.cached_property
    def reaching(self) -> frozenset[int]:
        """Which operands, by position, some result depends on differentiably."""
        reached = set(self.results)
        for what, places, _, results in reversed(self.steps):
            if reached.isdisjoint(results):
                continue
            if type(what) is Outline:
                reached |= {places[i] for i in what.reaching}
            elif not what.zero:
                reached |= {place for i, place in enumerate(places) if what.family.has_edge(what, i)}
        return frozenset(i for i, place in enumerate(self.operands) if place in reached)

    def same(self, other: Outline) -> bool:
        """Whether another outline does the same operations on the same operands. False where that cannot be told."""
        return (
            self.size == other.size
            and self.operands == other.operands
            and self.results == other.results
            and len(self.steps) == len(other.steps)
            and all(
                a.what is b.what and a.operands == b.operands and a.results == b.results and _same(a.params, b.params)
                for a, b in zip(self.steps, other.steps, strict=True)
            )
        )

    def __repr__(self) -> str:
        return f"<outline of {len(self.steps)} operations on {len(self.operands)} operands>"


_PLAIN = (str, int, bool, type(None), type(Ellipsis), type, np.dtype)


def _same(a: Any, b: Any) -> bool:
    """Whether two static parameters are equal; False where that cannot be told."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, slice):
        return _same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    return isinstance(a, _PLAIN) and bool(a == b)
