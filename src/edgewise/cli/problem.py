"""What ends a command: one line of text, the spot it is about, and an exit code."""

from __future__ import annotations

from edgewise.errors import EdgewiseError
from edgewise.explain.digest import pad, width

__all__ = ["FAILED", "OK", "USAGE", "CommandError", "one_line", "said"]

OK, FAILED, USAGE = 0, 1, 2  # done; a check failed or a number went wrong; the command or the expression is not one
LONGEST = 300  # characters of a message
AROUND = 72  # columns of an expression that are shown


class CommandError(Exception):
    """A command cannot go on.

    Attributes:
        message: what is wrong, and what works instead.
        text: what was typed, where the message is about a spot in it.
        column: the spot, a character of ``text``.
        code: the exit code.

    >>> print(CommandError("use ** for powers", "a^2", 1))
    error: use ** for powers
      a^2
       ^
    """

    def __init__(self, message: str, text: str = "", column: int | None = None, code: int = USAGE) -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.text = text
        self.column = column
        self.code = code

    def __str__(self) -> str:
        lines = [f"error: {self.message}"]
        if self.column is not None:
            shown = _shown(self.text)
            at = min(max(self.column, 0), len(shown))
            first = max(0, at - AROUND // 2)
            last = first + AROUND
            cut = ("…" if first else "") + shown[first:last] + ("…" if last < len(shown) else "")
            before = ("…" if first else "") + shown[first:at]
            lines += [f"  {cut}", f"  {pad('', width(before))}^"]
        return "\n".join(lines)


def _shown(text: str) -> str:
    """A text a terminal can be given: one character stands for each that would move the cursor or cannot be encoded."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: str) -> str:
    """A message of anyone's on one line, without control characters, cut where it is long.

    >>> one_line("shapes  do" + chr(10) + "not match")
    'shapes do not match'
    """
    text = _shown(" ".join(str(text).split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def said(error: BaseException) -> str:
    """An exception of anyone's as one line.

    >>> said(ZeroDivisionError("division by zero")), said(MemoryError())
    ('division by zero', 'there is not enough memory')
    """
    if isinstance(error, EdgewiseError):
        return one_line("; ".join(part for part in (error.what, error.why) if part))
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, RecursionError):
        return "this is nested too deeply"
    if isinstance(error, OverflowError):
        return "a number became larger than any float"
    return one_line(str(error)) or type(error).__name__
