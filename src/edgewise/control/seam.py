"""The seam between control flow and a mode that wants to take it whole.

In every mode that there is, a loop is a loop of Python's: its steps are interpreted one by one. A mode that records a
program to run it again may rather have the loop as one operation that holds programs for its parts. So each function of
this package asks, before it does anything: ``offer`` finds the highest mode among the operands, and that mode may take
the whole (``Mode.control``) or leave it, which is the default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgewise.containers import flatten
from edgewise.core.traced import Traced

__all__ = ["offer"]


def offer(form: str, functions: tuple[Callable[..., Any], ...], operands: tuple[Any, ...], **options: Any) -> Any:
    """The result, if the highest mode among the operands takes the whole; otherwise ``NotImplemented``.

    Args:
        form: "cond", "switch", "while_loop", "fori_loop" or "scan".
        functions: the user's, in the order in which the form takes them.
        operands: likewise, as containers of numbers and arrays.
        options: static ones.
    """
    top = None
    for leaf in flatten(operands)[0]:
        if isinstance(leaf, Traced) and (top is None or leaf.mode.level > top.level):
            top = leaf.mode
    return NotImplemented if top is None else top.control(form, functions, operands, options)
