"""Which NumPy function the user called, with what, and what came back.

An operation that the recording sees may be one of many that a composition is made of. The user called ``np.std`` and
not the subtraction within it. So while ``report`` runs, and only then, Python's profile hook tells of every call of
``core.traced.call``, through which all of NumPy's functions reach us; an operator or a plain ufunc does not pass there.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from edgewise.core import traced
from edgewise.errors import ArgumentError, user_frame
from edgewise.reporting.findings import Place, place_of

__all__ = ["Asked", "Calls", "from_within"]

_CALL = traced.call.__code__
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_SWEEPS = tuple(_HERE + os.path.join(*at) for at in (("transforms", ""), ("core", "sweep.py"), ("core", "walk.py")))


class Asked:
    """A call of the user's that is going on.

    Attributes:
        function, args, kwargs: the call.
        place: the user's line.
        frame: the user's frame is at this instruction: (code, instruction).
        operations: how many operations it took so far.
    """

    __slots__ = ("args", "frame", "function", "kwargs", "operations", "place")

    def __init__(self, function: Any, args: Any, kwargs: Any, frame: FrameType | None) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.place: Place = place_of(frame)
        self.frame = None if frame is None else (frame.f_code, frame.f_lasti)
        self.operations = 0


class Calls:
    """The watch over ``core.traced.call``.

    Args:
        begun: told of a call of the user's, when it begins.
        ended: told of it again with the result, when it is over.

    Attributes:
        current: the call that is going on, None between calls.
    """

    def __init__(self, begun: Callable[[Asked], None], ended: Callable[[Asked, Any], None]) -> None:
        self._begun = begun
        self._ended = ended
        self._frame: FrameType | None = None
        self._thread = threading.get_ident()
        self.current: Asked | None = None

    def __enter__(self) -> Calls:
        if sys.getprofile() is not None:
            raise ArgumentError(
                "ew.report was called under a profiler",
                "Python has one profile hook for each thread, and report needs it",
                "switch the profiler off around ew.report",
            )
        sys.setprofile(self._event)
        return self

    def __exit__(self, *exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        sys.setprofile(None)
        self._frame = self.current = None

    @property
    def here(self) -> Asked | None:
        """The call that is going on in this thread."""
        return self.current if threading.get_ident() == self._thread else None

    def _event(self, frame: FrameType, event: str, result: Any) -> None:
        if frame.f_code is not _CALL:
            return
        if event == "call" and self._frame is None and not from_within(frame.f_back):
            given = frame.f_locals
            self._frame = frame
            self.current = Asked(given["function"], given["args"], given["kwargs"], user_frame())
            self._begun(self.current)
        elif event == "return" and frame is self._frame:
            asked, self._frame, self.current = self.current, None, None
            if asked is not None:
                self._ended(asked, result)


def from_within(frame: FrameType | None) -> bool:
    """Whether edgewise asked by itself: a rule in a sweep, a transformation."""
    while frame is not None and (name := frame.f_code.co_filename).startswith(_HERE):
        if name.startswith(_SWEEPS):
            return True
        frame = frame.f_back
    return False
