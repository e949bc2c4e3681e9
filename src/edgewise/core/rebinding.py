"""``a += t`` with an array ``a`` that nobody else can see: Python rebinds ``a`` to the sum, and nothing is written.

``a += t`` with an ordinary array ``a`` reaches us as ``np.add(a, t, out=(a,))``. NumPy would write into ``a``, which
everybody who holds ``a`` or a view of it would see. We cannot write, but Python rebinds the name ``a`` to whatever we
return: where nobody else holds the array, nobody can tell the difference, and the everyday ``total += x[i]`` works.
Two questions are asked, one before and one after:

* ``rebinds``: is this an in-place operator, does the array own its data, and has it no more
  references than a variable and the instruction need? That refuses nearly all that must be refused, at its line. It is
  no proof. A count says how many hold an array, not who: ``self.a += t`` may have found ``a`` on the class. Nor is all
  counted: since Python 3.14 a local variable lends its array to an instruction, and to the function it calls.
* ``watch`` and ``verify``: did the array die at the very instruction that put our result in its place? Then nobody else
  held it, however this interpreter counts. An array that lives on is an error at the end of the user's function.

The bytecode is that of CPython 3.11 to 3.14. Where another one does not show the operator and its store, or does not
free the array there, the answer is an error, never a guess.
"""

from __future__ import annotations

import dis
import functools
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import numpy as np

from edgewise.errors import line_of

__all__ = ["SYMBOLS", "rebinds", "stored_by", "verify", "watch"]

# The in-place operators, by the ufunc that NumPy makes of them.
SYMBOLS: Final[dict[np.ufunc, str]] = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.matmul: "@",
    np.power: "**",
    np.floor_divide: "//",
    np.remainder: "%",
}
_BETWEEN: Final = ("CACHE", "SWAP", "NOP", "EXTENDED_ARG")  # what may stand between an in-place operator and its store


# -- before: who seems to hold it


def rebinds(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], out: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Whether this call is ``a += t`` on an ordinary array that nobody else seems to hold.

    ``np.add(a, t, out=a)`` is not: it is used through ``a`` afterwards, and not through what we return.
    """
    if (
        method != "__call__"
        or kwargs
        or ufunc not in SYMBOLS
        or type(out[0]) is not np.ndarray
        or out[0] is not inputs[0]
    ):
        return False
    array = out[0]
    count = sys.getrefcount(array)
    return (
        array.base is None
        and array.flags.owndata
        and array.dtype.kind == "f"
        and _fits(array.shape, np.shape(inputs[1]))
        and bool(stored_by(sys._getframe(2))[1])
        and count <= _array_floor()
    )


def _fits(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether ``a += v`` keeps the shape of ``a``: NumPy refuses it otherwise."""
    return other in (shape, ()) or (
        len(other) <= len(shape) and all(n in (1, m) for n, m in zip(other[::-1], shape[::-1], strict=False))
    )


def stored_by(frame: FrameType) -> tuple[int, str]:
    """Where and what instruction stores the result of the in-place operator that a frame is at; else ``(0, "")``."""
    code, at = frame.f_code.co_code, frame.f_lasti
    if at < 0 or (code[at], code[at + 1]) not in _inplace_instructions():
        return 0, ""
    following = ((i, dis.opname[code[i]]) for i in range(at + 2, len(code), 2))
    offset, name = next((i, name) for i, name in following if name not in _BETWEEN)
    return (offset, name) if name.startswith("STORE_") else (0, "")


@functools.cache
def _inplace_instructions() -> frozenset[tuple[int, int]]:
    """Opcode and argument of the in-place operators, read off this interpreter's own compiler."""
    code = compile("; ".join(f"a {op}= b" for op in ("+", "-", "*", "/", "@", "**", "//", "%")), "", "exec").co_code
    binary = dis.opmap["BINARY_OP"]
    return frozenset((code[i], code[i + 1]) for i in range(0, len(code), 2) if code[i] == binary)


class _Holder:
    """Something with an attribute: that is one reference to an array, and the instruction's own is counted too."""

    alone: Any


@functools.cache
def _array_floor() -> int:
    """References to an array in ``rebinds`` when a lone attribute holds it; measured on this interpreter."""

    def rebinds_probe(array_inputs: tuple[Any, ...], out: tuple[Any, ...]) -> int:
        array = out[0]
        return sys.getrefcount(array)

    class Probe:
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> int:
            out = kwargs.pop("out")
            return rebinds_probe(inputs, out)

    holder = _Holder()
    holder.alone = np.zeros(1)
    holder.alone += Probe()
    return int(holder.alone)


# -- after: whether it died when its place was taken


class _Watched(weakref.ref[Any]):
    """An array that ``a += t`` has replaced, until it dies; where that was, in case it does not.

    It keeps the frame: an identity that is kept is not given to another frame.
    """

    __slots__ = ("error", "frame", "instructions", "line", "thread")

    error: Callable[[str], Exception]
    frame: FrameType
    instructions: tuple[int, int]
    line: int
    thread: int


_watched: dict[int, _Watched] = {}  # by id; shared by all threads


def watch(array: Any, frame: FrameType, error: Callable[[str], Exception]) -> None:
    """Have ``verify`` raise unless ``array`` dies in the in-place operator that ``frame`` is at, or in its store.

    Args:
        array: an ordinary array that the result of the operator is about to replace.
        frame: the one whose instruction it is.
        error: what to raise, given ``file:line``.
    """
    watched = _Watched(array, _died)
    watched.frame, watched.instructions, watched.line = frame, (frame.f_lasti, stored_by(frame)[0]), frame.f_lineno
    watched.error, watched.thread = error, threading.get_ident()
    _watched[id(watched)] = watched


def _died(watched: Any) -> None:
    """Python says that an array is gone: forget it if that was in time."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not watched.frame:  # the store may have called a setter
        frame = frame.f_back
    first, last = watched.instructions
    if frame is not None and first <= frame.f_lasti <= last:
        del _watched[id(watched)]


def verify() -> None:
    """Raise the error of an array of this thread that has outlived the statement which replaced it, if there is one."""
    if not _watched:
        return
    thread = threading.get_ident()
    alive = [_watched.pop(key) for key, watched in [*_watched.items()] if watched.thread == thread]
    for watched in alive:
        raise watched.error(line_of(watched.frame, watched.line))
