"""Values as they are typed: 3, -1e-3, 1+2j, [1, 2, 3], [[1, 2], [3, 4]], @file.npy."""

from __future__ import annotations

import cmath
import re
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.cli.expressions import normal
from edgewise.cli.problem import CommandError, said

__all__ = ["Given", "assignment", "value_of"]

DEEPEST = 16  # brackets
LARGEST = 2**28  # bytes of a file that is read

_ASSIGNMENT = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)(.*)", re.DOTALL)
_TOKEN = re.compile(r"\s*([\[\],]|[^\s\[\],]+)")
_WORDS = {"True": True, "False": False, "None": None}


class Given:
    """A value from the command line.

    Attributes:
        name: its variable, "" where it was given by its place alone.
        value: the number or array. What is typed without a point stays an integer.
        text: as it was typed.
    """

    __slots__ = ("name", "text", "value")

    def __init__(self, name: str, value: Any, text: str) -> None:
        self.name = name
        self.value = value
        self.text = text

    @property
    def real(self) -> Any:
        """The value with integers as floats."""
        if isinstance(self.value, bool) or self.value is None or isinstance(self.value, str):
            raise CommandError(
                f"{self.name} is {self.value!r}, and a variable of an expression is a number", self.text, 0
            )
        if isinstance(self.value, int):
            return float(self.value)
        if isinstance(self.value, np.ndarray) and self.value.dtype.kind in "iub":
            return self.value.astype(float)
        return self.value


def assignment(text: str) -> Given:
    """A value as it is typed: name=value, or a value alone.

    >>> a = assignment("x=[1, 2.5]")
    >>> a.name, a.value
    ('x', array([1. , 2.5]))
    """
    found = _ASSIGNMENT.fullmatch(text)
    if found is None:
        return Given("", value_of(text, text, 0), text)
    return Given(normal(found[1]), value_of(found[2], text, found.start(2)), text)


def value_of(value: str, text: str, at: int) -> Any:
    """A value.

    Args:
        value: as it was typed.
        text: what was typed, of which it is a part, and
        at: where in that it begins.

    Raises:
        CommandError: it is none.

    >>> value_of("[[1, 2], [3, 4]]", "", 0).shape, value_of("3", "", 0), value_of("1e-3", "", 0)
    ((2, 2), 3, 0.001)
    """
    stripped = value.strip()
    if not stripped:
        raise CommandError("a value is missing; write name=value, as in a=3", text, at)
    if stripped.startswith("@"):
        return _file(stripped[1:], text, at)
    if stripped in _WORDS:
        return _WORDS[stripped]
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "'\"":
        return stripped[1:-1]
    return _array(value, text, at) if stripped.startswith("[") else _number(stripped, text, at)


def _number(word: str, text: str, at: int) -> Any:
    for kind in (int, float, complex):
        try:
            number = kind(word)
        except ValueError:
            continue
        if isinstance(number, int):
            return _whole(number, text, at)
        if cmath.isinf(number) and "inf" not in word.lower():
            raise CommandError("this number is larger than any float", text, at)
        return number
    raise CommandError(f"{word} is no number; values are like 3, 1e-3, [1,2,3] or @file.npy", text, at)


def _whole(number: int, text: str, at: int) -> int:
    try:
        float(number)
    except OverflowError:
        raise CommandError("this number is larger than any float", text, at) from None
    return number


def _array(value: str, text: str, at: int) -> Any:
    """An array from nested brackets."""
    open_lists: list[list[Any]] = [[]]
    after = False  # whether a value has just ended, so that a comma or a bracket must follow
    place = 0
    for token in _TOKEN.finditer(value):
        sign, place = token[1], at + token.start(1)
        if after != (sign in ",]") and not (sign == "]" and not open_lists[-1]):
            raise CommandError("a list is written like [1,2,3]", text, place)
        if len(open_lists) == 1 and open_lists[0]:
            raise CommandError("the list has ended before this", text, place)
        after = sign != ","
        if sign == "[":
            after = False
            if len(open_lists) > DEEPEST:
                raise CommandError(f"brackets are nested more than {DEEPEST} deep", text, place)
            open_lists.append([])
        elif sign == "]":
            done = open_lists.pop()
            open_lists[-1].append(done)
        elif sign != ",":
            number = _number(sign, text, place)
            open_lists[-1].append(number if isinstance(number, complex) else float(number))
    if len(open_lists) > 1:
        raise CommandError("the list is not closed", text, at + len(value.rstrip()))
    try:
        array = np.array(open_lists[0][0])
    except ValueError:
        raise CommandError("the rows of this array differ in length", text, at) from None
    if not array.size:
        raise CommandError("the list is empty", text, at)
    return array


def _file(name: str, text: str, at: int) -> Any:
    """An array from a file of NumPy's. Pickles, which could run code, are refused."""
    try:
        if Path(name).stat().st_size > LARGEST:
            raise CommandError(f"{name} is larger than {LARGEST >> 20} MB", text, at)
        with open(name, "rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except OSError as error:
        raise CommandError(f"{name} could not be read: {error.strerror or error}", text, at) from None
    except (ValueError, EOFError, MemoryError, TypeError, SyntaxError, RecursionError) as error:
        raise CommandError(f"{name} is no array of numbers in NumPy's format (.npy): {said(error)}", text, at) from None
    if array.dtype.kind not in "fiubc":
        raise CommandError(f"{name} holds {array.dtype}, and no numbers", text, at)
    return array[()]
