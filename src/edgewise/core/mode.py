"""A mode is one running transformation: how its traced values interpret an operation.

Every call of a transformation makes a mode with a fresh, higher ``level``. Where values of several modes meet, the
highest level interprets the operation and hands the values it wraps down to the next. There is no global stack of
modes, so transformations are re-entrant and run in any number of threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, NoReturn

from edgewise.core.registry import LATER, load
from edgewise.errors import EscapedError

__all__ = ["NOTHING", "RECORDERS", "Mode", "escaped", "on_enter", "standing"]

NOTHING: dict[str, Any] = {}  # the parameters of a primitive that has none; never written to

# Told of every mode that begins in this context: debugging tools make it one of their own kind.
on_enter: ContextVar[Callable[[Mode], None] | None] = ContextVar("on_enter", default=None)

# The modes that are recording a program just now (``modes.staged``), in whatever thread: they want to know of ordinary
# arrays, too.
RECORDERS: list[Any] = []


@contextmanager
def standing(frame: FrameType) -> Iterator[None]:
    """Within it, what is recorded under a frame comes from the user's line that this frame was called from.

    They need not look for it each time: a sweep does much, far below the user.
    """
    recorders = tuple(RECORDERS)
    before = [mode.stand(frame) for mode in recorders]
    try:
        yield
    finally:
        for mode, known in zip(recorders, before, strict=True):
            mode.known = known


_levels = itertools.count(1)  # next() on it is atomic


class Mode:
    """The base of ``Recorded``, ``Dual`` and ``Batched``.

    Attributes:
        level: when it began, compared with others; higher interprets first.
        lead: how many leading axes of a wrapped value belong to the mode and not to the user (1 under ``Batched``).
        differentiates: whether values of this mode carry a derivative.
        keeps: whether it keeps values for later, so that keeping less is of use (``transforms.region``).
        stages: whether it records what is done to run it again on other values: looking at one of its values must then
            be told (``left``, ``concrete``).
        ended: whether its transformation is over.
        bridged: whether values of it became entries of an ordinary array of objects (``core.operators``).
    """

    lead = 0
    differentiates = True
    keeps = False
    stages = False
    ended = False
    bridged = False

    def __init__(self) -> None:
        if LATER:
            load()
        self.level = next(_levels)

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply ``primitive`` where at least one operand is a value of this mode."""
        raise NotImplementedError

    def unary(self, primitive: Any, x: Any) -> Any:
        """``interpret`` for one operand without parameters, which is a value of this mode."""
        return self.interpret(primitive, (x,), NOTHING)

    def binary(self, primitive: Any, x1: Any, x2: Any) -> Any:
        """``interpret`` for two operands without parameters."""
        return self.interpret(primitive, (x1, x2), NOTHING)

    def constant(self, value: Any) -> Any:
        """A value of this mode with no derivative, and an array of its own: something to store into."""
        raise NotImplementedError

    def put(self, primitive: Any, x: Any, v: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Store ``v`` at an index of ``x``, a value of this mode that is ours alone on every level (``core.updates``).

        Here it is replaced by the result of ``primitive``; a mode that can, stores in place.
        """
        y = self.interpret(primitive, (x, v, *arrays), params)
        x.value, x.payload = y.value, y.payload

    def control(self, form: str, functions: tuple[Any, ...], operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Take a loop or a branch as one operation (``control.seam``); ``NotImplemented`` leaves it to Python."""
        return NotImplemented

    def map_payload(self, f: Any, payload: Any) -> Any:
        """The payload with ``f`` applied to the arrays in it."""
        return payload

    def lower(self, t: Any) -> Any:
        """What a value of this mode wraps; any other value as it is."""
        return t.value if getattr(t, "mode", None) is self else t

    def left(self, t: Any, how: str) -> None:
        """Told that ``t``, a value of this mode, was taken for something without a derivative; for whoever observes.

        Args:
            t: the value.
            how: "value" by ``ew.value`` and functions whose answer does not depend on small changes, "bool" by ``if``,
                "array" for an entry of an object array, which carries it on, one Python object an entry,
                "text" by ``str`` and ``format``.
        """

    def concrete(self, t: Any, convert: Callable[[Any], Any], refusal: Callable[[], Exception]) -> Any:
        """``float(t)``, ``int(t)``, ``operator.index(t)`` of a value of this mode, which as a rule has no such thing.

        Raises:
            EdgewiseError: the refusal.
        """
        raise refusal()

    def end(self) -> None:
        """Close the mode: whatever still uses one of its values gets an ``EscapedError``."""
        self.lead, self.differentiates, self.stages = self.lead, self.differentiates, self.stages  # the instance's own
        self.__class__ = _Ended  # instead of a test in every operation

    def __enter__(self) -> Any:
        told = on_enter.get()
        if told is not None:
            told(self)
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()


class _Ended(Mode):
    """A mode whose transformation has ended."""

    ended = True

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> NoReturn:
        raise escaped("a traced value is used after its transformation ended")

    def constant(self, value: Any) -> NoReturn:
        raise escaped("an array was made like a traced value whose transformation has ended")


def escaped(what: str) -> EscapedError:
    """The error for a value that has outlived its transformation."""
    return EscapedError(
        what,
        "it was kept outside the differentiated function (in a list, a global, an attribute, a closure), and its "
        "derivative can no longer be followed",
        "return it from the function, through has_aux=True for instance, or keep ew.value(t) instead",
    )
