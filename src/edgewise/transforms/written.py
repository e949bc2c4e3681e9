"""One run of a function, written down: the outline of a region, and what it was run on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from edgewise.containers import Tree, flatten
from edgewise.core.outline import Outline
from edgewise.core.traced import Traced
from edgewise.modes import Outlined
from edgewise.transforms.border import outputs
from edgewise.transforms.translate import run

__all__ = ["Repeated", "Written"]

_level = operator.attrgetter("level")


class Written:
    """One run of a function, written down.

    Args:
        function: what is run.
        leaves: of its arguments; traced ones are operands.
        tree: the structure of its arguments.
        within: the region that it is a part of.

    Attributes:
        outline: the operations.
        operands: what they are done on: numbers, arrays, and values of the levels around.
        values: their results, without derivative.
        settled: which of these depend on no operand differentiably.
    """

    def __init__(
        self, function: Callable[..., Any], leaves: list[Any], tree: Tree, within: Outlined | None = None
    ) -> None:
        with Outlined(within) as mode:
            given = tree.build([mode.lift(leaf) if isinstance(leaf, Traced) else leaf for leaf in leaves])
            result = run(function, given, {})  # which knows why an array that the mode holds cannot be written to
            self._ends, self._structure = outputs(result, mode, function)
            self._own = [i for i, end in enumerate(self._ends) if isinstance(end, Traced) and end.mode is mode]
            ends = [self._ends[i] for i in self._own]
            self.outline, self.operands = mode.finish(ends)
            self.values = [mode.lower(end) for end in ends]
            self.settled = [mode.settled(end) for end in ends]

    def filled(self, results: Sequence[Any]) -> Any:
        """What the function returned, with these results in place of those that were written down."""
        for i, y in zip(self._own, results, strict=True):
            self._ends[i] = y
        return self._structure.build(self._ends)


class Repeated:
    """A function that is called many times inside a region, such as the step of a loop.

    Each call is written down by itself and becomes one step of the region, and calls that did the same share one
    outline. Outside of regions it is a call.
    """

    def __init__(self) -> None:
        self._outline: Outline | None = None

    def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """``function(*args)``."""
        leaves, tree = flatten(args)
        top = max((leaf.mode for leaf in leaves if isinstance(leaf, Traced)), key=_level, default=None)
        if not isinstance(top, Outlined):
            return function(*args)
        found = Written(function, leaves, tree, top)
        if any(isinstance(operand, Traced) and operand.mode.level > top.level for operand in found.operands):
            return found.filled(found.outline.replay(found.operands))  # it met values that belong inside the region
        if self._outline is None or not self._outline.same(found.outline):
            self._outline = found.outline
        return found.filled(top.call(self._outline, found.operands, found.values, found.settled))
