"""A recording that remembers more: every value, where it was computed, and the user's name for it.

``Watched`` is ``Recorded`` with an eye on its results; nothing of it is on the path of an ordinary gradient. The graph
itself, and all that its edges need, is made by ``Recorded``.

Names are observed, not guessed. When an operation is computed, the local variables of the user's frames that moved
since the last one are looked at: a variable that holds a traced value names that value. A name read off the source
could be wrong (``z = objects * t`` computes many values, and binds none of them).
"""

from __future__ import annotations

import functools
import sys
from collections import Counter
from collections.abc import Iterable
from inspect import CO_OPTIMIZED
from types import CodeType, FrameType
from typing import Any

from edgewise.core.mode import NOTHING
from edgewise.core.node import Node
from edgewise.core.traced import TRACED, Traced
from edgewise.errors import user_frame
from edgewise.explain.digest import hold
from edgewise.explain.place import Frames, Place
from edgewise.modes import Observing

__all__ = ["Step", "Watched"]

SNAPSHOTS = sys.version_info < (3, 13)  # frame.f_locals is a dictionary that the frame keeps
LOOKERS = frozenset(("locals", "vars", "dir", "eval", "exec"))  # whoever calls these may see that dictionary


class Step:
    """One value of a run.

    Attributes:
        index: its place in the order of computation.
        node: of the recorded graph.
        op: the name of the operation, "input" for an input.
        operands: per operand, its step, or its value where that is constant.
        params: the static parameters.
        value: as ``digest.hold`` keeps it.
        place: where it was computed, None for an input and where no frame is the user's.
        name: the user's name for it, None where none was seen.
    """

    __slots__ = ("index", "name", "node", "op", "operands", "params", "place", "value")

    def __init__(
        self, index: int, node: Node, op: str, operands: tuple[Any, ...], params: Any, value: Any, place: Place | None
    ) -> None:
        self.index = index
        self.node = node
        self.op = op
        self.operands = operands
        self.params = params
        self.value = value
        self.place = place
        self.name: str | None = None


class Watched(Observing):
    """A recording of values, places and names.

    Args:
        frames: of this run.
        most: how many operations are watched; those after that are recorded as ever, and counted by line.

    Attributes:
        steps: what was watched, in order of computation.
        missed: where operations were not watched any more, by file and line.
        at: the place to give to operations of a sweep, which is no line of the user's.
        nested: whether a value belongs to another transformation too, around this recording.
    """

    def __init__(self, frames: Frames, most: int) -> None:
        super().__init__()
        self.frames = frames
        self.most = most
        self.steps: list[Step] = []
        self.missed: Counter[tuple[str, int]] = Counter()
        self.at: Place | None = None
        self.nested = False
        self.known: dict[int, Step] = {}  # by serial

    def lift(self, value: Any) -> Traced:
        """An input, watched."""
        t = super().lift(value)
        self._add(t, t.payload, "input", (), NOTHING, None)
        return t

    def observe(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Record an operation, and take down what came of it."""
        if len(self.steps) >= self.most:
            result = super().observe(primitive, operands, params)
            if self.node_of(result) is not None:
                self.nested |= self._is_nested(result)
                frame = user_frame()
                self.missed[
                    "" if frame is None else frame.f_code.co_filename, 0 if frame is None else frame.f_lineno
                ] += 1
            return result
        place, moved = (self.at, []) if self.at is not None else self.frames.here(3)
        for frame in moved:
            self._look(frame)
        del moved
        result = super().observe(primitive, operands, params)
        for i, part in enumerate(result) if primitive.outputs is not None else ((None, result),):
            node = self.node_of(part)
            if node is not None and node.serial not in self.known:
                told = params if i is None else {**params, "output": i}
                self._add(part, node, primitive.name, tuple(map(self._operand, operands)), told, place)
        return result

    def _add(self, t: Traced, node: Node, op: str, operands: tuple[Any, ...], params: Any, place: Place | None) -> None:
        self.nested |= self._is_nested(t)
        step = Step(len(self.steps), node, op, operands, params, hold(t.value), place)
        self.steps.append(step)
        self.known[node.serial] = step
        self.watched(step, t)

    def _is_nested(self, t: Traced) -> bool:
        return t.mode is self and type(t.value) in TRACED

    def watched(self, step: Step, value: Any) -> None:
        """Told of every value that is taken down; for whoever wants to know more of it."""

    def cut(self, unknown: Iterable[int]) -> None:
        """Tell nothing from the first operation on that was recorded, and not seen here: edges to it would be missing.

        Args:
            unknown: serials of operations that were recorded and are not among the steps.
        """
        first = min(unknown, default=None)
        while first is not None and self.steps and self.steps[-1].node.serial > first:
            step = self.steps.pop()
            del self.known[step.node.serial]
            self.missed[("", 0) if step.place is None else (step.place.code.co_filename, step.place.line)] += 1

    def _operand(self, operand: Any) -> Any:
        node = self.node_of(operand)
        step = None if node is None else self.known.get(node.serial)
        return hold(operand) if step is None else step

    def _look(self, frame: FrameType) -> None:
        """Take names from the local variables of a frame."""
        if not _may_look(frame.f_code):
            return
        variables = frame.f_locals
        for name, value in variables.items():
            if type(value) in TRACED and name.isidentifier():
                node = self.node_of(value)
                step = None if node is None else self.known.get(node.serial)
                if step is not None and step.name is None:
                    step.name = name
        if SNAPSHOTS:
            variables.clear()


@functools.cache
def _may_look(code: CodeType) -> bool:
    """Whether the variables of a function can be looked at without a trace."""
    return bool(code.co_flags & CO_OPTIMIZED) and not LOOKERS.intersection(code.co_names)
