"""What can go wrong, as a tree; every error says where, what, why and what works instead.

    EdgewiseError
    ├── ArgumentError          a transformation was given something it cannot differentiate   (TypeError)
    │   └── ForeignArrayError  an array type that is refused by name: matrix, masked array    (TypeError)
    ├── OutputError            the user's function returned something unusable                (TypeError)
    │   ├── NotElementwiseError  ``derivative`` of a function that mixes elements             (ValueError)
    │   └── NotHolomorphicError  a complex derivative that does not exist                     (ValueError)
    ├── StructureError         a tangent or cotangent of the wrong shape or structure         (ValueError)
    │   └── CarryError         a loop's carry, or a branch's result, of another shape or dtype (ValueError)
    ├── ConversionError        a traced value asked to become an ordinary number or array     (TypeError)
    ├── StoreError             a traced value stored into an ordinary array                   (TypeError)
    ├── OverwrittenError       an ordinary array changed before its derivative was taken      (RuntimeError)
    ├── StaticRoleError        a traced value where NumPy needs a fixed number                (TypeError)
    ├── BatchError             Python control flow or indexing on a batch of values           (TypeError)
    ├── UndeterminedError      a derivative that does not exist: vectors of equal eigenvalues  (ArithmeticError)
    ├── EscapedError           a traced value used after its transformation ended             (RuntimeError)
    ├── NoRuleError            an operation whose derivative is not declared                  (NotImplementedError)
    │   └── NotYetError        planned, not written yet                                       (NotImplementedError)
    ├── DeclarationError       a primitive declared wrongly                                   (ValueError)
    ├── FileError              a file that exists already, or cannot be written               (OSError)
    ├── MissingExtraError      a package that an extra of edgewise brings is not installed    (ImportError)
    ├── CompileError           a program that cannot be made into machine code                (RuntimeError)
    ├── NonFiniteError         inside ``explain_nan``: something stopped being finite         (FloatingPointError)
    └── CheckError             ``check_grads`` found a derivative that disagrees              (AssertionError)

``CompileWarning`` (a UserWarning) stands beside it: nothing went wrong, but a function is not compiled.

Each class also derives from the built-in exception named on its line, so ``except TypeError`` keeps working.
A message has up to four parts: the user's file and line, what happened, why, and one replacement that works.
"""

from __future__ import annotations

import dis
import itertools
import linecache
import os
import re
import sys
from types import CodeType, FrameType

__all__ = [
    "ArgumentError",
    "BatchError",
    "CarryError",
    "CheckError",
    "CompileError",
    "CompileWarning",
    "ConversionError",
    "DeclarationError",
    "EdgewiseError",
    "EscapedError",
    "FileError",
    "ForeignArrayError",
    "MissingExtraError",
    "NoRuleError",
    "NonFiniteError",
    "NotElementwiseError",
    "NotHolomorphicError",
    "NotYetError",
    "OutputError",
    "OverwrittenError",
    "StaticRoleError",
    "StoreError",
    "StructureError",
    "UndeterminedError",
    "a_kind",
    "fields_of",
    "instruction",
    "is_library",
    "is_own",
    "line_of",
    "shorten",
    "spelled_call",
    "user_frame",
    "user_line",
]

# Frames of these packages lie between the user's line and ours; they are never the line to mend.
_BENEATH = ("numpy", "scipy", "optree", "dask", "pandas", "pint", "sklearn")
_INTERNAL = tuple(f"{os.sep}{name}{os.sep}" for name in _BENEATH)
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PYTHON = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_CALL = re.compile(r"([A-Za-z_][A-Za-z_0-9.]*)\(")


def user_line() -> str:
    """``file:line`` of the innermost frame that belongs to the user, or ``""`` where there is none.

    Paths below the working directory are given relative to it, as the user would type them.
    """
    frame = user_frame()
    return "" if frame is None else line_of(frame)


def user_frame() -> FrameType | None:
    """The innermost frame that belongs to the user: not to edgewise, NumPy, a library beneath us, or Python itself."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def line_of(frame: FrameType, number: int | None = None) -> str:
    """``file:line`` of a frame, at its current line or another."""
    return f"{shorten(frame.f_code.co_filename)}:{frame.f_lineno if number is None else number}"


def is_own(name: str) -> bool:
    """Whether a file is edgewise's own."""
    return name.startswith(_HERE)


def is_library(name: str) -> bool:
    """Whether a file is edgewise's own, Python's own, or that of a library that lies beneath the user's code."""
    if name.startswith((_HERE, "<frozen", "<__array_function__")) or name.endswith(".pyx"):
        return True
    if "site-packages" in name:
        return any(part in name for part in _INTERNAL)
    return name.startswith(_PYTHON)


def instruction(code: CodeType, at: int) -> int:
    """Where an instruction begins: ``f_lasti`` may point at the cache entries that follow it."""
    while at > 0 and dis.opname[code.co_code[at]] == "CACHE":
        at -= 2
    return at


def spelled_call(frame: FrameType | None, at: int | None = None) -> str:
    """What a frame is calling just now, as its source spells it (``math.sin``), or ``""`` where that cannot be told.

    Args:
        frame: a frame.
        at: the instruction, where it is not the current one (``tb_lasti`` of a traceback).
    """
    if frame is None:
        return ""
    at = instruction(frame.f_code, frame.f_lasti if at is None else at)
    line, last, column, end = next(itertools.islice(frame.f_code.co_positions(), at // 2, None), (None,) * 4)
    if line is None or column is None or "CALL" not in dis.opname[frame.f_code.co_code[at]]:
        return ""
    source = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).encode()
    text = source[column : end if last == line else None].decode(errors="replace")
    found = _CALL.match(text)
    return found[1] if found and not _goes_on(text[found.end() :]) else ""


def _goes_on(text: str) -> bool:
    """Whether something follows the parenthesis that is open at the start: ``np.zeros(2).fill(t)``."""
    depth = 1
    for i, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if not depth:
            return bool(text[i + 1 :].strip())
    return False


def a_kind(value: object) -> str:
    """What a value is, in words: ``None``, ``an int``, ``an array of dtype bool``.

    >>> a_kind(None), a_kind("x"), a_kind(3), a_kind([])
    ('None', 'a str', 'an int', 'a list')
    """
    if value is None:
        return "None"
    name, dtype = type(value).__name__, getattr(value, "dtype", None)
    if fields_of(value):
        return "a structured array" if getattr(value, "ndim", 0) else "a record"
    if name in ("ndarray", "TracedArray", "TracedScalar"):
        return f"an array of dtype {dtype}" if getattr(value, "ndim", 0) else f"a number of dtype {dtype}"
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def fields_of(value: object) -> tuple[str, ...]:
    """The names of the fields of a structured array, a record array or one of their records; () for anything else.

    >>> import numpy as np
    >>> fields_of([]), fields_of(np.zeros(2, [("x", float), ("n", int)]))
    ((), ('x', 'n'))
    """
    return getattr(getattr(value, "dtype", None), "names", None) or ()


def shorten(name: str) -> str:
    """A path as the user would type it: relative where it is below the working directory."""
    here = os.getcwd() + os.sep
    return name.removeprefix(here)


class EdgewiseError(Exception):
    """The root of every error edgewise raises on purpose.

    Args:
        what: what happened, in one sentence without a full stop.
        why: the reason, one sentence; may be empty.
        instead: one replacement that works; may be empty.
        where: ``file:line``; by default the user's line that is being executed.
    """

    def __init__(self, what: str, why: str = "", instead: str = "", where: str | None = None) -> None:
        self.what, self.why, self.instead = what, why, instead
        self.where = user_line() if where is None else where
        super().__init__(what, why, instead, self.where)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.why:
            lines.append(f"  why: {self.why}")
        if self.instead:
            lines.append(f"  instead: {self.instead}")
        return "\n".join(lines)


class ArgumentError(EdgewiseError, TypeError):
    """A transformation was given an argument it cannot differentiate, or an option it does not know."""


class ForeignArrayError(ArgumentError):
    """An array type refused by name, because its arithmetic is not NumPy's (``np.matrix``, ``np.ma``)."""


class OutputError(EdgewiseError, TypeError):
    """The user's function returned something the transformation cannot use."""


class NotElementwiseError(OutputError, ValueError):
    """``derivative`` was asked of a function in which one element depends on another."""


class NotHolomorphicError(OutputError, ValueError):
    """A complex derivative was asked for where the Cauchy–Riemann equations do not hold."""


class StructureError(EdgewiseError, ValueError):
    """A tangent or cotangent does not match the value it belongs to; the path in the pytree is named."""


class CarryError(StructureError):
    """What a step of a loop hands to the next changed in structure, shape or dtype, or two branches disagree in it."""


class ConversionError(EdgewiseError, TypeError):
    """A traced value was asked to become an ordinary number or array, which would lose its derivative."""


class StoreError(EdgewiseError, TypeError):
    """A traced value was stored into an ordinary array, which cannot carry a derivative."""


class OverwrittenError(EdgewiseError, RuntimeError):
    """An ordinary array that a derivative still needed was changed before the derivative was taken."""


class StaticRoleError(EdgewiseError, TypeError):
    """A traced value was given where NumPy needs a fixed number (an axis, a shape, an option)."""


class BatchError(EdgewiseError, TypeError):
    """A batch of values met something that needs one plain value: ``if``, ``int()``, a boolean index."""


class UndeterminedError(EdgewiseError, ArithmeticError):
    """What a result depends on is no differentiable function of the input there: vectors of equal eigenvalues."""


class EscapedError(EdgewiseError, RuntimeError):
    """A traced value was used after the transformation that made it had ended."""


class NoRuleError(EdgewiseError, NotImplementedError):
    """The derivative of an operation is not declared."""


class NotYetError(NoRuleError):
    """Planned and not written yet. Raised rather than returning a wrong number."""


class DeclarationError(EdgewiseError, ValueError):
    """A primitive was declared wrongly: a missing rule, an unknown parameter name, a rule that is not linear."""


class NonFiniteError(EdgewiseError, FloatingPointError):
    """A value or a derivative stopped being finite inside ``with ew.explain_nan()``."""


class FileError(EdgewiseError, OSError):
    """A file exists already and was not to be replaced, or it cannot be written."""


class MissingExtraError(EdgewiseError, ImportError):
    """A package that one of edgewise's extras brings is not installed."""


class CompileError(EdgewiseError, RuntimeError):
    """A program cannot be made into machine code."""


class CompileWarning(UserWarning):
    """A function is run by Python although ``jit`` was asked for; the message names the line and the reason."""


class CheckError(EdgewiseError, AssertionError):
    """``check_grads`` found a derivative that disagrees with an independent one."""
