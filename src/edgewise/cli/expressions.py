"""Expressions: text in, a function of NumPy values out, and nothing else can happen.

``parse`` refuses what cannot belong to an expression before Python's parser sees it, has it parsed by ``ast``, and
turns the tree into a flat program of the few operations listed here. ``Expression`` runs that program on values, traced
ones included. Nothing is compiled or evaluated by Python, no attribute is read, and only functions of the registry can
be called, by name (``functions``).

Why a list of what is allowed: evaluators that emptied the builtins and listed what is forbidden were broken, each.
"""

from __future__ import annotations

import ast
import cmath
import inspect
import keyword
import math
import re
import unicodedata
import warnings
from collections.abc import Container, Sequence
from typing import Any

from edgewise.cli.functions import CONSTANTS, Function, functions, similar
from edgewise.cli.machine import BINARY, COMPARE, UNARY, Operation, Program, call, gather, operator_of, subscript
from edgewise.cli.problem import CommandError

__all__ = ["DEPTH", "EXPONENT", "LENGTH", "NODES", "WHOLE", "Expression", "normal", "parse"]

LENGTH = 4096  # characters
NAME = 64  # characters of a name
NODES = 2000  # of the tree
DEPTH = 100  # of the tree; a chain like a + b + c counts once
NESTING = 50  # of brackets
EXPONENT = 1024  # of a power, where it is written as a number
WHOLE = 1_000_000  # integers that say how many, which axis, which entry

_OUTSIDE = re.compile(r"[{};\\$?#`&|~^]|:=")
_WORD = re.compile(r"[^\W\d]\w*")
_SAID = {
    "^": "use ** for powers (^ is bitwise exclusive or in Python)",
    "&": "use where(a > 0, b, 0) for choices; & is no part of an expression",
    ":=": "an expression binds no names; give values after it: a=3",
}
_PAIRWISE = {"max": "maximum", "min": "minimum"}
_LITERALS = frozenset(("None", "True", "False"))


class Expression:
    """A function of NumPy values, made from text.

    Attributes:
        text: as it was typed.
        names: its variables, in the order of their first use.
        at: per variable, where that is.

    >>> f = parse("(a*b + c)**2")
    >>> f.names, f(3.0, 2.0, 1.0)
    (('a', 'b', 'c'), 49.0)
    """

    def __init__(self, text: str, program: Program, names: dict[str, int]) -> None:
        self.text = text
        self.names = tuple(names)
        self.at = names
        self._program = program
        self.__name__ = self.__qualname__ = text
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])

    def __call__(self, *values: Any) -> Any:
        """The value at a point: one value per name."""
        return self._program.run(dict(zip(self.names, values, strict=True)), self.text)


def parse(text: str, given: Container[str] = ()) -> Expression:
    """An expression.

    Args:
        text: the expression.
        given: names that have a value. They are variables even where mathematics or NumPy knows the name: e, sin.

    Raises:
        CommandError: it is none, or holds something that is not allowed; the error knows where.
    """
    _screen(text)
    reader = _Reader(text, given)
    return Expression(text, *reader.read(_tree(text)))


def _screen(text: str) -> None:
    """Refuse what no expression holds, so that Python's parser never meets it."""
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


_INSTEAD = {
    "if": "; use where(condition, a, b)",
    "and": "; use logical_and(a, b)",
    "or": "; use logical_or(a, b)",
    "not": "; use logical_not(a)",
    "lambda": "; give values for its variables instead: a=3",
}


def _tree(text: str) -> ast.expr:
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


class _Reader:
    """From a tree to a program, node by node, without recursion."""

    def __init__(self, text: str, given: Container[str]) -> None:
        self.text = text
        self.given = given
        self.indent = len(text) - len(text.lstrip())
        self.line = text.strip().encode("utf-8", "replace")
        self.program: list[Operation] = []
        self.names: dict[str, int] = {}
        self.work: list[Any] = []  # nodes to read, and operations to append once their operands are read

    def read(self, tree: ast.expr) -> tuple[Program, dict[str, int]]:
        """The program and its variables."""
        self.work = [(tree, 1, False)]
        seen = 0
        while self.work:
            task = self.work.pop()
            if isinstance(task, Operation):
                self.program.append(task)
                continue
            node, depth, fixed = task
            seen += 1
            if depth > DEPTH:
                raise self.error(f"the expression is nested more than {DEPTH} deep", node)
            if seen > NODES:
                raise self.error(f"the expression has more than {NODES} parts", node)
            reader = _READERS.get(type(node))
            if reader is None:
                raise self.error(_refusal(node), node)
            reader(self, node, depth, fixed)
        return Program(self.program), self.names

    def error(self, message: str, node: Any) -> CommandError:
        """A refusal of a node, at its place."""
        return CommandError(message, self.text, self.column(node.col_offset))

    def column(self, offset: int) -> int:
        """A character of the text; Python counts bytes."""
        return self.indent + len(self.line[:offset].decode("utf-8", "replace"))

    def then(self, operation: Operation, operands: Sequence[tuple[Any, int, bool]]) -> None:
        """Read the operands, and do the operation after them."""
        self.work.append(operation)
        self.work += reversed(operands)

    # -- leaves

    def constant(self, node: ast.Constant, depth: int, fixed: bool) -> None:
        """A number; in the place of a fixed parameter also a truth value, None, or a word like 'same'."""
        value = node.value
        if isinstance(value, bool) or value is None or value is Ellipsis:
            self.leaf(value, node, fixed)
        elif isinstance(value, str):
            if len(value) > 64 or not value.isascii():
                raise self.error("a text in an expression is a short option, like mode='same'", node)
            self.leaf(value, node, fixed)
        elif isinstance(value, int) and fixed:
            if value > WHOLE:
                raise self.error(f"this number says how many or which one, and may be at most {WHOLE}", node)
            self.leaf(value, node, True)
        elif isinstance(value, int | float | complex):
            try:
                number = value if isinstance(value, complex) else float(value)
            except OverflowError:
                number = math.inf
            if not cmath.isfinite(number):
                raise self.error("this number is larger than any float", node)
            self.leaf(number, node, True)
        else:
            raise self.error(_refusal(node), node)

    def leaf(self, value: Any, node: ast.expr, allowed: bool) -> None:
        """Append a constant."""
        if not allowed:
            raise self.error(f"{value!r} is no number", node)
        self.program.append(Operation(0, lambda meter, names: value, self.column(node.col_offset)))

    def name(self, node: ast.Name, depth: int, fixed: bool) -> None:
        """A variable, whose value is known when the program runs; or a constant of mathematics."""
        name, column = node.id, self.column(node.col_offset)
        if name.startswith("_") or len(name) > NAME:
            raise self.error(f"a name begins with a letter and has at most {NAME} characters", node)
        if name not in self.given and name in CONSTANTS:
            self.leaf(CONSTANTS[name], node, True)
            return
        if name not in self.given and name in functions():
            raise self.error(f"{name} is a function, and is called: {name}(x)", node)
        self.names.setdefault(name, column)
        self.program.append(Operation(0, lambda meter, names: names[name], column))

    # -- operators

    def binary(self, node: ast.BinOp, depth: int, fixed: bool) -> None:
        """An operator with two operands. To its left a chain goes on, which is no deeper for being longer."""
        found = BINARY.get(type(node.op))
        if found is None:
            raise self.error("this operator is no part of an expression", node)
        symbol, function = found
        column = self.text.find(symbol, self.column(node.left.end_col_offset or 0))
        if symbol == "**":
            self.exponent(node.right)
        left = depth if isinstance(node.left, ast.BinOp) else depth + 1
        self.then(
            Operation(2, operator_of(symbol, function), column),
            [(node.left, left, False), (node.right, depth + 1, False)],
        )

    def exponent(self, node: ast.expr) -> None:
        """Refuse a power that is written as a large number."""
        inner = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(inner, ast.Constant) and isinstance(inner.value, int | float) and inner.value > EXPONENT:
            raise self.error(f"an exponent may be at most {EXPONENT}", node)

    def unary(self, node: ast.UnaryOp, depth: int, fixed: bool) -> None:
        """A sign."""
        found = UNARY.get(type(node.op))
        if found is None:
            raise self.error("this operator is no part of an expression", node)
        self.then(
            Operation(1, operator_of(*found), self.column(node.col_offset)),
            [(node.operand, depth + 1, fixed and isinstance(node.operand, ast.Constant))],
        )

    def compare(self, node: ast.Compare, depth: int, fixed: bool) -> None:
        """One comparison, for where(a > 0, ...)."""
        found = COMPARE.get(type(node.ops[0]))
        if found is None or len(node.ops) > 1:
            raise self.error("compare two values at a time, by < <= > >= == or !=", node)
        column = self.text.find(found[0], self.column(node.left.end_col_offset or 0))
        self.then(
            Operation(2, operator_of(*found), column),
            [(node.left, depth + 1, False), (node.comparators[0], depth + 1, False)],
        )

    # -- brackets

    def call(self, node: ast.Call, depth: int, fixed: bool) -> None:
        """A call of a listed function."""
        function = self.function(node.func)
        if (
            function.name in _PAIRWISE
            and len(node.args) > 1
            and not isinstance(node.args[1], ast.Constant | ast.UnaryOp)
        ):
            raise self.error(
                f"{function.name} looks at one array; of two values use {_PAIRWISE[function.name]}(a, b)", node
            )
        operands: list[tuple[Any, int, bool]] = []
        for i, argument in enumerate(node.args):
            if isinstance(argument, ast.Starred):
                raise self.error("arguments are written one by one", argument)
            operands.append((argument, depth + 1, self.is_fixed(function, i, argument)))
        given = []
        for word in node.keywords:
            if word.arg is None or word.arg in ("out", "dtype", "like") or word.arg.startswith("_"):
                raise self.error(f"{function.name} takes no {word.arg or '**'} in an expression", word.value)
            if word.arg in given:
                raise self.error(f"{word.arg}= is given twice", word.value)
            given.append(word.arg)
            operands.append((word.value, depth + 1, self.is_fixed(function, word.arg, word.value)))
        column = self.column(node.col_offset)
        self.then(Operation(len(operands), call(function, len(node.args), tuple(given)), column), operands)

    @staticmethod
    def is_fixed(function: Function, place: int | str, node: ast.expr) -> bool:
        """Whether integers stay integers: those of fixed parameters, and single ones of what is not entrywise."""
        if function.entrywise:
            return isinstance(place, str)
        return function.fixed(place) or not isinstance(node, ast.List | ast.Tuple)

    def function(self, node: ast.expr) -> Function:
        """The function that is called."""
        if isinstance(node, ast.Attribute):
            raise self.error("functions are named without their module: sin(x), norm(x)", node)
        if not isinstance(node, ast.Name):
            raise self.error("only a function can be called, by its name; a product is written with *", node)
        found = functions().get(node.id)
        if found is None and node.id in self.given:
            raise self.error(f"{node.id} is a number and cannot be called; a product is written with *", node)
        if found is None:
            raise self.error(f"there is no function {node.id}{similar(node.id, list(functions()))}", node)
        return found

    def sequence(self, node: ast.List | ast.Tuple, depth: int, fixed: bool) -> None:
        """[a, b] is a vector of them; (0, 1) stays what it is."""
        make = _tuple if isinstance(node, ast.Tuple) else _list if fixed else gather
        self.then(
            Operation(len(node.elts), make, self.column(node.col_offset)),
            [(element, depth + 1, fixed) for element in node.elts],
        )

    def subscript(self, node: ast.Subscript, depth: int, fixed: bool) -> None:
        """Entries of a vector: x[0], x[1:], x[:, None]."""
        column = self.column(node.value.end_col_offset or 0)
        self.then(Operation(2, subscript, column), [(node.value, depth + 1, False), (node.slice, depth + 1, True)])

    def slice(self, node: ast.Slice, depth: int, fixed: bool) -> None:
        """The part of a subscript around a colon."""
        parts = [part or ast.Constant(None, col_offset=node.col_offset) for part in (node.lower, node.upper, node.step)]
        operation = Operation(3, lambda meter, names, *ends: slice(*ends), self.column(node.col_offset))
        self.then(operation, [(part, depth + 1, True) for part in parts])


def _tuple(meter: Any, names: Any, *parts: Any) -> tuple[Any, ...]:
    return parts


def _list(meter: Any, names: Any, *parts: Any) -> list[Any]:
    return list(parts)


_READERS: dict[type, Any] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.BinOp: _Reader.binary,
    ast.UnaryOp: _Reader.unary,
    ast.Compare: _Reader.compare,
    ast.Call: _Reader.call,
    ast.List: _Reader.sequence,
    ast.Tuple: _Reader.sequence,
    ast.Subscript: _Reader.subscript,
    ast.Slice: _Reader.slice,
}


def _refusal(node: Any) -> str:
    if isinstance(node, ast.Attribute):
        return "attributes are not read in expressions; functions are named without their module: sin(x)"
    if isinstance(node, ast.Starred):
        return "arguments are written one by one"
    return "this is no part of an expression"


def normal(name: str) -> str:
    """A name as Python knows it: letters that look alike in formulas are one."""
    return unicodedata.normalize("NFKC", name)
