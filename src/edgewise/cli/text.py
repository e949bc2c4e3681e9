"""The text of an expression: what is refused before Python's parser sees it, and what the parser then says.

Start with ``look_over``. Python's parser is careful, but it knows far more than expressions, and some of what it knows
is slow on hostile text.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings

from edgewise.cli.problem import CommandError

__all__ = ["LENGTH", "NESTING", "look_over", "tree"]

LENGTH = 4096  # characters
NESTING = 50  # of brackets

_OUTSIDE = re.compile(r"[{};\\$?#`&|~^]|:=")
_WORD = re.compile(r"[^\W\d]\w*")
_SAID = {
    "^": "use ** for powers (^ is bitwise exclusive or in Python)",
    "&": "use where(a > 0, b, 0) for choices; & is no part of an expression",
    ":=": "an expression binds no names; give values after it: a=3",
}
_LITERALS = frozenset(("None", "True", "False"))
_INSTEAD = {
    "if": "; use where(condition, a, b)",
    "and": "; use logical_and(a, b)",
    "or": "; use logical_or(a, b)",
    "not": "; use logical_not(a)",
    "lambda": "; give values for its variables instead: a=3",
}


def look_over(text: str) -> None:
    """Refuse what no expression holds, so that Python's parser never meets it.

    Raises:
        CommandError: there is such a thing, and this is where.
    """
    if not text.strip():
        raise CommandError('there is no expression; write one like "(a*b + c)**2"')
    if len(text) > LENGTH:
        raise CommandError(f"the expression has {len(text)} characters, and may have {LENGTH}")
    nested = 0
    for i, character in enumerate(text):
        if not character.isprintable():
            raise CommandError("a character that does not belong into an expression", text, i)
        nested += (character in "([") - (character in ")]")
        if nested > NESTING:
            raise CommandError(f"brackets are nested more than {NESTING} deep", text, i)
    found = _OUTSIDE.search(text)
    if found:
        sign = found[0]
        raise CommandError(_SAID.get(sign, f"{sign} is no part of an expression"), text, found.start())
    for word in _WORD.finditer(text):
        if keyword.iskeyword(word[0]) and word[0] not in _LITERALS:
            raise CommandError(
                f"'{word[0]}' is no part of an expression{_INSTEAD.get(word[0], '')}", text, word.start()
            )


def tree(text: str) -> ast.expr:
    """What Python's parser makes of a text that was looked over.

    Raises:
        CommandError: it is no expression.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on style: 1(2), "x" is 3
            return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        indent = len(text) - len(text.lstrip())
        offset = error.offset - 1 + indent if error.offset and error.lineno == 1 else len(text.rstrip())
        message = (error.msg or "invalid syntax").partition(". Maybe you meant")[0]
        if message == "invalid syntax":
            message = "the expression ends too early" if offset >= len(text.rstrip()) else "this is no expression"
        raise CommandError(message, text, min(offset, len(text))) from None
    except (RecursionError, MemoryError):
        raise CommandError("the expression is nested too deeply") from None
    except (ValueError, OverflowError) as error:
        raise CommandError(f"this is no expression: {error}") from None
