"""Where a command writes: tables for people at a terminal, tab-separated lines for programs."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from edgewise.explain.digest import Digest, brief, pad, spell_number, width

__all__ = ["Screen", "exact", "is_terminal", "short"]

WHOLE = 64  # entries of an array that a terminal is shown


def is_terminal() -> bool:
    """Whether people read the standard output."""
    return sys.stdout.isatty()


class Screen:
    """The standard output, in one of two ways.

    Args:
        plain: whether to write for programs even at a terminal.
        digits: significant digits; None for as many as tell floats apart, or six at a terminal.

    Attributes:
        plain: whether programs read it: it is no terminal, or that was asked for.
    """

    def __init__(self, plain: bool = False, digits: int | None = None) -> None:
        self.plain = plain or not is_terminal()
        self.digits = digits
        self._console: Any = None
        self._spaced = False  # whether the line above is empty
        if not self.plain and os.environ.get("TERM") != "dumb" and importlib.util.find_spec("rich") is not None:
            from rich.console import Console  # noqa: PLC0415  an extra, and slower to import than all of ours

            self._console = Console(highlight=False, soft_wrap=True, force_terminal=True)

    def number(self, value: Any) -> str:
        """A value, in as many digits as were asked for."""
        return exact(value, self.digits) if self.plain else short(value, self.digits or 6)

    def row(self, *cells: Any) -> None:
        """A line for programs: cells, parted by tabs. Numbers are written in full."""
        told = (c if isinstance(c, str) else self.number(c) for c in cells)
        sys.stdout.write("\t".join(_cell(c) for c in told) + "\n")

    def text(self, text: str = "", style: str = "") -> None:
        """A line for people."""
        self._spaced = not text
        if self._console is None:
            sys.stdout.write(text + "\n")
        else:
            from rich.text import Text  # noqa: PLC0415  an extra

            self._console.print(Text(text, style=style))  # never markup: what the user typed is text

    def table(
        self, heads: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str] = (), right: Sequence[int] = ()
    ) -> None:
        """A table for people, with an empty line before and after it.

        Args:
            heads: of the columns.
            rows: the cells.
            styles: of the columns, in rich's words; "" for none.
            right: columns that are flush right.
        """
        told = [list(map(_cell, row)) for row in rows]
        sys.stdout.write("" if self._spaced else "\n")
        if self._console is None:
            self._drawn(heads, told, right)
        else:
            from rich.box import SIMPLE_HEAD  # noqa: PLC0415  an extra
            from rich.table import Table  # noqa: PLC0415  an extra
            from rich.text import Text  # noqa: PLC0415  an extra

            table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
            for i, head in enumerate(heads):
                justify: Any = "right" if i in right else "left"
                table.add_column(Text(head), justify=justify, no_wrap=True, overflow="ellipsis")
            for row in told:
                table.add_row(*(Text(c, style=s) for c, s in zip(row, (*styles, *[""] * len(row)), strict=False)))
            self._console.print(table, soft_wrap=False)
        sys.stdout.write("\n")
        self._spaced = True

    def _drawn(self, heads: Sequence[str], rows: list[list[str]], right: Sequence[int]) -> None:
        widths = [max(map(width, column)) for column in zip(heads, *rows, strict=True)]
        rule = ["─" * w for w in widths]
        for row in (heads, rule, *rows):
            cells = [
                " " * (w - width(c)) + c if i in right else pad(c, w)
                for i, (c, w) in enumerate(zip(row, widths, strict=True))
            ]
            sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _cell(text: str) -> str:
    """A text that cannot break out of its cell, nor move the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)


def exact(value: Any, digits: int | None = None) -> str:
    """A value for programs: shortest digits that read back as the same float, or as many as were asked for.

    >>> exact(np.float64(49)), exact(0.1), exact(np.array([1.0, 0.5])), exact(1 / 3, 4)
    ('49', '0.1', '[1,0.5]', '0.3333')
    """
    if value is None:
        return ""
    if isinstance(value, Digest):
        return brief(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(exact(v, digits) for v in value)}]"
    array = np.asarray(value)
    if array.shape:
        return exact(array.tolist(), digits)
    number = array.item()
    if isinstance(number, bool | str):
        return str(number)
    if digits is not None:
        return spell_number(number, digits)
    return repr(number).removesuffix(".0")


def short(value: Any, digits: int = 6) -> str:
    """A value for people: small arrays entry by entry, large ones by their shape and range.

    >>> short(1 / 3), short(np.array([1.0, 0.25]))
    ('0.333333', '[1, 0.25]')
    """
    if value is None or isinstance(value, Digest) or np.shape(value) == ():
        return "" if value is None else brief(value, digits)
    array = np.asarray(value)
    if array.size > WHOLE:
        return brief(array)
    return _spelled(array.tolist(), digits)


def _spelled(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_spelled(v, digits) for v in value)}]"
    return str(value) if isinstance(value, bool) else spell_number(value, digits)
