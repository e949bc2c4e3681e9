"""Where an operation is computed: the user's line, and the calls and passes of loops around it.

Nothing is instrumented. At each operation the frames between ``explain`` and the operation are compared with those of
the operation before. An instruction further on in the same frame: the same pass. An earlier one, or the same one again:
the next pass of the loop around both, or, where there is no loop, a new call. So a pass is a run through a loop's
body in the order of its instructions; two rounds that take different branches may be told as one.

Frames are looked at and let go: one that is held would keep its variables alive, and an array with one more holder is
no longer the user's alone (``core.stores``).
"""

from __future__ import annotations

import dis
import functools
import sys
import threading
from inspect import CO_GENERATOR
from types import CodeType, FrameType
from typing import Any, NamedTuple

from edgewise.core import operators
from edgewise.errors import instruction, is_library

__all__ = ["Frames", "Group", "Place"]

INLINE = frozenset(("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"))  # functions that nobody calls by name

library = functools.cache(is_library)


class Place(NamedTuple):
    """Where one operation was computed.

    Attributes:
        code: of the innermost frame that is the user's.
        at: the instruction there.
        line: its line.
        group: the innermost call or pass around it.
        module: what ``linecache`` needs of the module: its name and loader.
    """

    code: CodeType
    at: int
    line: int
    group: int | None
    module: dict[str, Any]


class Group:
    """A call, a loop, or a pass of one.

    Attributes:
        kind: "call", "loop" or "pass".
        code: the function it belongs to.
        line: where the call or the loop stands, None where that is not known.
        count: which pass it is, from 1.
        parent: the position of the group around it.
    """

    __slots__ = ("code", "count", "kind", "line", "parent")

    def __init__(self, kind: str, code: CodeType, line: int | None, parent: int | None, count: int = 0) -> None:
        self.kind = kind
        self.code = code
        self.line = line
        self.parent = parent
        self.count = count


class Loop(NamedTuple):
    """The instructions of a loop's body, both ends included, and the line of the first."""

    first: int
    last: int
    line: int | None


@functools.cache
def loops(code: CodeType) -> tuple[Loop, ...]:
    """The loops of a function, outermost first, read off the backward jumps of its bytecode."""
    found: dict[int, tuple[int, int | None]] = {}
    line_at: dict[int, int | None] = {}
    line = None
    for one in dis.get_instructions(code):
        position = one.positions
        line = position.lineno if position is not None and position.lineno else line
        line_at[one.offset] = line
        if "JUMP_BACKWARD" in one.opname and "NO_INTERRUPT" not in one.opname:
            found[int(one.argval)] = one.offset, line_at.get(int(one.argval))
    return tuple(sorted((Loop(a, b, n) for a, (b, n) in found.items()), key=lambda loop: loop.first - loop.last))


class Level:
    """One frame on the way to the last operation.

    Attributes:
        frame: the identity of the frame.
        code, at: its code, and the instruction it was at.
        call: the group of the call, None for the outermost of the user's and for libraries.
        user: whether it is the user's.
        running: the loops it is in, outermost first, with the group of the loop, that of the pass, and its number.
    """

    __slots__ = ("at", "call", "code", "frame", "running", "user")

    def __init__(self, frame: FrameType, user: bool, call: int | None) -> None:
        self.frame = id(frame)
        self.code = frame.f_code
        self.at = frame.f_lasti
        self.user = user
        self.call = call
        self.running: list[tuple[Loop, int | None, int | None, int]] = []

    @property
    def group(self) -> int | None:
        return self.running[-1][2] if self.running else self.call


class Frames:
    """The frames of one run.

    Args:
        base: the frame that calls the user's function; frames above it are not looked at.
    """

    def __init__(self, base: FrameType) -> None:
        self.base: FrameType | None = base
        self.thread = threading.get_ident()
        self.groups: list[Group] = []
        self._stack: list[Level] = []

    def release(self) -> None:
        """Let go of the base."""
        self.base = None
        self._stack.clear()

    def here(self, depth: int) -> tuple[Place | None, list[FrameType]]:
        """The place of the operation that is computed ``depth`` frames up, and the user's frames that moved.

        A place is None where no frame is the user's: ``explain(np.sin, 1.0)``.
        """
        frames: list[FrameType] = []
        frame: FrameType | None = sys._getframe(depth)
        while frame is not None and frame is not self.base:
            frames.append(frame)
            frame = frame.f_back
        frames.reverse()
        own = [f for f in frames if not library(f.f_code.co_filename)]
        if not own:
            return None, []
        if threading.get_ident() != self.thread:
            group, moved = None, 0
        else:
            moved = self._move(frames)
            group = next((level.group for level in reversed(self._stack) if level.user), None)
        inner = own[-1]
        place = Place(
            inner.f_code,
            inner.f_lasti,
            inner.f_lineno or inner.f_code.co_firstlineno,
            group,
            {k: inner.f_globals.get(k) for k in ("__name__", "__loader__")},
        )
        return place, [f for f in frames[moved:] if not library(f.f_code.co_filename)]

    def _move(self, frames: list[FrameType]) -> int:
        """Bring the stack up to date; the position of the first frame that moved."""
        stack = self._stack
        again = True
        for k, frame in enumerate(frames):
            if k == len(stack):
                again = False
                break
            level = stack[k]
            if level.frame != id(frame) or level.code is not frame.f_code:
                break
            if frame.f_lasti == level.at:
                continue
            forward = frame.f_lasti > level.at
            around = _around(level.code, level.at, frame.f_lasti)
            if not forward and around is None:
                break
            level.at = frame.f_lasti
            self._enter(level, None if forward else around)
            self._push(frames, k + 1)
            return k
        else:
            k = len(frames)
        if not again or not stack:
            self._push(frames, k)
            return k
        for j in range(min(k, len(frames)) - 1, -1, -1):
            level = stack[j]
            around = _around(level.code, level.at, level.at) if level.user else None
            if around is not None and not self._inside(j, frames):
                self._enter(level, around)
                self._push(frames, j + 1)
                return j
        self._push(frames, k)
        return k

    def _inside(self, j: int, frames: list[FrameType]) -> bool:
        """Whether a level is still in one call of a builtin (``sum``) that calls back again and again."""
        level = self._stack[j]
        if "CALL" not in dis.opname[level.code.co_code[instruction(level.code, level.at)]]:
            return False
        below = frames[j + 1].f_code if j + 1 < len(frames) else None
        before = self._stack[j + 1].code if j + 1 < len(self._stack) else None
        return below is not before or below is None or bool(below.co_flags & CO_GENERATOR) or _is_operator(below)

    def _push(self, frames: list[FrameType], start: int) -> None:
        del self._stack[start:]
        for frame in frames[start:]:
            user = not library(frame.f_code.co_filename)
            outer = next((level for level in reversed(self._stack) if level.user), None)
            call = None if outer is None else outer.group
            if user and outer is not None and frame.f_code.co_name not in INLINE:
                call = self._group("call", frame.f_code, frame.f_code.co_firstlineno, outer.group)
            level = Level(frame, user, call)
            self._stack.append(level)
            self._enter(level, None)

    def _enter(self, level: Level, again: Loop | None) -> None:
        """The loops that a frame is in now; ``again`` is the one that began its next pass."""
        before, level.running = level.running, []
        for loop in loops(level.code) if level.user and not level.code.co_flags & CO_GENERATOR else ():
            if not loop.first <= level.at <= loop.last:
                continue
            depth = len(level.running)
            known = before[depth] if depth < len(before) and before[depth][0] == loop else None
            if known is None:
                before = []
                group = self._group("loop", level.code, loop.line, level.group)
                level.running.append((loop, group, self._group("pass", level.code, loop.line, group, 1), 1))
            elif loop == again:
                before = []
                n = known[3] + 1
                level.running.append((loop, known[1], self._group("pass", level.code, loop.line, known[1], n), n))
            else:
                level.running.append(known)

    def _group(self, kind: str, code: CodeType, line: int | None, parent: int | None, count: int = 0) -> int:
        self.groups.append(Group(kind, code, line, parent, count))
        return len(self.groups) - 1


def _around(code: CodeType, a: int, b: int) -> Loop | None:
    """The innermost loop around two instructions."""
    return next((loop for loop in reversed(loops(code)) if loop.first <= min(a, b) and max(a, b) <= loop.last), None)


def _is_operator(code: CodeType) -> bool:
    return code.co_filename == operators.__file__
