"""What the modes and the border ask of a value: what lies below its levels, and whether one of them differentiates.

Not for rules: a rule that asked would branch on a value, and be silently wrong under nesting or ``vmap``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgewise.core.traced import Traced, wrap
from edgewise.errors import BatchError

__all__ = [
    "beneath",
    "beside",
    "constant",
    "constant_like",
    "differentiated",
    "everywhere",
    "finite",
    "keeping",
    "known",
    "modes_of",
    "plain",
    "settled",
    "shown",
    "somewhere",
]


def modes_of(value: Any) -> Iterator[Any]:
    """The modes around an ordinary value, the highest first."""
    while isinstance(value, Traced):
        yield value.mode
        value = value.value


def plain(value: Any) -> Any:
    """The ordinary value below all modes; a program being recorded then holds for this very value."""
    while isinstance(value, Traced):
        if value.mode.stages:
            value.mode.left(value, "value")
        value = value.value
    return value


def shown(value: Any) -> Any:
    """What decisions are made on: the ordinary value, or what stands for it in a program being recorded.

    A question about the latter whose answer is one truth value, ``bool(np.all(...))``, becomes part of the program.
    """
    while isinstance(value, Traced) and not value.mode.stages:
        value = value.value
    return value


def beneath(value: Any) -> Any:
    """The ordinary value below all modes, to ask how it lies in memory. Never to look at its entries: see ``plain``."""
    while isinstance(value, Traced):
        value = value.value
    return value


def constant(value: Any) -> Any:
    """The same value without derivatives; a batch remains one."""
    if not isinstance(value, Traced):
        return value
    inner = constant(value.value)
    return inner if value.mode.differentiates else wrap(inner, value.mode, value.payload)


def finite(value: Any) -> bool:
    """Whether every entry is finite, seen through all levels."""
    return bool(np.all(np.isfinite(shown(value))))


def somewhere(condition: Any) -> bool:
    """Whether a condition holds anywhere, in whichever member of a batch: for errors, which end them all."""
    return bool(np.any(shown(condition)))


def everywhere(condition: Any) -> bool:
    """Whether a condition holds for every entry, of every member of a batch."""
    return bool(np.all(shown(condition)))


def beside(value: Any, t: Any) -> Any:
    """An operand as a program that is being recorded below ``t`` knows it; itself, where none is.

    What is kept of an operation for its derivative is kept in this form: or the program would find the derivative
    computed from an ordinary array, as it was at that moment.
    """
    while isinstance(t, Traced):
        if t.mode.stages:
            return t.mode.captured(t, value)
        t = t.value
    return value


def settled(value: Any) -> Any:
    """The ordinary value below all modes, where it is one and the same for everybody.

    Raises:
        BatchError: under ``vmap``, where it differs from member to member.
    """
    if not known(value):
        raise BatchError(
            "one ordinary value was asked for, and a batch has many",
            "under vmap the function runs once for the whole batch, and every member must go the same way",
            "choose between values with np.where(condition, a, b), or return the batch and look at it outside",
        )
    below = value
    while isinstance(below, Traced):
        below.mode.left(below, "value")
        below = below.value
    return below


def known(value: Any) -> bool:
    """Whether ``settled`` has an answer: the value does not differ within a batch."""
    return not any(mode.lead for mode in modes_of(value))


def constant_like(t: Any, array: Any) -> Any:
    """An array without derivative that what ``t`` is made of can be stored into, in the highest mode that admits it.

    Only floating-point numbers have derivatives; a batch can be of anything.
    """
    while isinstance(t, Traced):
        if array.dtype.kind in "fc" or t.mode.lead:
            return t.mode.constant(array if array.ndim else array[()])
        t = t.value
    return array


def keeping(value: Any) -> bool:
    """Whether some mode around ``value`` keeps what is computed with it."""
    return any(mode.keeps for mode in modes_of(value))


def differentiated(value: Any) -> bool:
    """Whether some mode around ``value`` carries a derivative."""
    return any(mode.differentiates for mode in modes_of(value))
