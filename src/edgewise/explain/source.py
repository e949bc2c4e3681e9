"""The source text behind a trace: read once, and trusted only where it compiles to the very code that ran.

A file may have been edited since it was imported, and ``exec`` may be given any file name. So the text is compiled
again, and the function looked for in it; where it is not found, there is no text.
"""

from __future__ import annotations

import ast
import linecache
import warnings
from collections.abc import Iterator
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple

from edgewise.errors import instruction

__all__ = ["Sources", "Span", "span"]


class Span(NamedTuple):
    """Where an instruction stands: lines from 1, columns from 0 in bytes of UTF-8, None where they are not known."""

    line: int
    last: int
    column: int | None
    end: int | None


def span(code: CodeType, at: int, line: int) -> Span:
    """The span of an instruction; of its line alone where the code has no columns."""
    found = next(islice(code.co_positions(), instruction(code, at) // 2, None), (None,) * 4)
    first, last, column, end = found
    if first is None or last is None or column is None or end is None:
        return Span(line, line, None, None)
    return Span(first, last, column, end)


class Sources:
    """The files of one trace."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def lines(self, code: CodeType, module: dict[str, Any]) -> list[str] | None:
        """The lines of the file that a function comes from, or None where they are not for certain its source."""
        name = code.co_filename
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = _File(linecache.getlines(name, module))
        return file.lines if file.has(code) else None

    def text(self, code: CodeType, at: int, line: int, module: dict[str, Any]) -> tuple[str, int | None, int | None]:
        """The expression an instruction belongs to on one line, and its first and last column in characters.

        The text is "" where the source is not known, and where the expression goes over several lines.
        """
        where, lines = span(code, at, line), self.lines(code, module)
        if lines is None or where.column is None or where.line > len(lines):
            return "", None, None
        raw = lines[where.line - 1].encode()
        first = len(raw[: where.column].decode(errors="replace"))
        if where.last != where.line:
            return "", first, None
        text = raw[where.column : where.end].decode(errors="replace")
        return text, first, first + len(text)

    def loop(self, code: CodeType, line: int | None, module: dict[str, Any]) -> str:
        """The header of the innermost loop around a line, such as ``for i in range(n):``; "" where it is not known."""
        lines = self.lines(code, module)
        if lines is None or line is None:
            return ""
        return self._files[code.co_filename].header(line)


class _File:
    """One file: its lines, and the functions that its text compiles to."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = [line.rstrip("\n") for line in lines]
        self._tree: ast.Module | None = None
        self._codes: dict[tuple[str, int], list[CodeType]] = {}
        self._verdicts: dict[CodeType, bool] = {}
        text = "".join(lines)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the file gave its warnings when it was imported
                self._tree = ast.parse(text)
                whole = compile(text, "", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        for code in _inside(whole):
            self._codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)

    def has(self, code: CodeType) -> bool:
        """Whether a function is compiled from this text."""
        known = self._verdicts.get(code)
        if known is None:
            alike = self._codes.get((code.co_name, code.co_firstlineno), ())
            known = self._verdicts[code] = any(_same(code, other) for other in alike)
        return known

    def header(self, line: int) -> str:
        """The first line of the innermost loop around a line; of a comprehension, the line itself."""
        found = None
        for node in ast.walk(self._tree) if self._tree is not None else ():
            if isinstance(node, ast.For | ast.While) and node.lineno <= line <= (node.end_lineno or node.lineno):
                found = node if found is None or node.lineno > found.lineno else found
        return self.lines[(line if found is None else found.lineno) - 1].strip()


def _inside(code: CodeType) -> Iterator[CodeType]:
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack += [c for c in code.co_consts if isinstance(c, CodeType)]


def _same(a: CodeType, b: CodeType) -> bool:
    return (
        a.co_code == b.co_code
        and a.co_names == b.co_names
        and a.co_varnames == b.co_varnames
        and list(a.co_positions()) == list(b.co_positions())
        and list(map(_known, a.co_consts)) == list(map(_known, b.co_consts))
    )


def _known(constant: Any) -> Any:
    """A constant, such that 1 and 1.0 differ, and NaN does not; functions are compared by themselves."""
    return "" if isinstance(constant, CodeType) else constant if isinstance(constant, frozenset) else repr(constant)
