"""The machine that runs an expression: a stack, and a flat list of operations, each measured before it is done."""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edgewise.cli.functions import Function, Meter
from edgewise.cli.problem import FAILED, CommandError, said
from edgewise.compositions.bridge import stack
from edgewise.core.traced import Traced

__all__ = ["BINARY", "COMPARE", "UNARY", "Operation", "Program", "call", "gather", "operator_of", "subscript"]

BINARY: dict[type, tuple[str, Callable[..., Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Mod: ("%", operator.mod),
    ast.Pow: ("**", operator.pow),
    ast.MatMult: ("@", operator.matmul),
}
UNARY: dict[type, tuple[str, Callable[..., Any]]] = {ast.USub: ("-", operator.neg), ast.UAdd: ("+", operator.pos)}
COMPARE: dict[type, tuple[str, Callable[..., Any]]] = {
    ast.Lt: ("<", operator.lt),
    ast.LtE: ("<=", operator.le),
    ast.Gt: (">", operator.gt),
    ast.GtE: (">=", operator.ge),
    ast.Eq: ("==", operator.eq),
    ast.NotEq: ("!=", operator.ne),
}
NUMBERS = "fiubc"  # kinds of dtypes


class Operation(NamedTuple):
    """One step of a program: how many values it takes from the stack, what it makes of them, where it was written."""

    arity: int
    apply: Callable[..., Any]
    column: int


class Program:
    """A list of operations, operands first."""

    def __init__(self, operations: list[Operation]) -> None:
        self._operations = operations

    def run(self, names: dict[str, Any], text: str) -> Any:
        """The value of the expression.

        Raises:
            CommandError: an operation failed, and this is where.
        """
        meter = Meter()
        values: list[Any] = []
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for arity, apply, column in self._operations:
                operands = values[len(values) - arity :]
                del values[len(values) - arity :]
                try:
                    values.append(apply(meter, names, *operands))
                except Exception as error:  # of any kind: the user sees one line and the spot
                    raise CommandError(said(error), text, column, FAILED) from error
        (value,) = values
        if not isinstance(value, Traced | np.ndarray | np.generic | float | complex):
            raise CommandError(f"the expression gives {_kind(value)}, and no number", text, 0, FAILED)
        return value


def operator_of(symbol: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The operation of an operator."""

    def apply(meter: Meter, names: dict[str, Any], *operands: Any) -> Any:
        for x in operands:
            if not isinstance(x, Traced | np.ndarray | np.generic | float | int | complex) or isinstance(x, bool):
                raise TypeError(f"{symbol} was given {_kind(x)}, and takes numbers")
        meter.operator(symbol, operands)
        return function(*operands)

    return apply


def call(function: Function, positional: int, words: tuple[str, ...]) -> Callable[..., Any]:
    """The operation of a call."""

    def apply(meter: Meter, names: dict[str, Any], *operands: Any) -> Any:
        meter.call(function, operands)
        result = function.call(*operands[:positional], **dict(zip(words, operands[positional:], strict=True)))
        return _result(function, result)

    return apply


def _result(function: Function, value: Any) -> Any:
    """What a function returned, if it is numbers, or several of such. Integers become floats: none overflows."""
    if isinstance(value, Traced):
        return value
    if isinstance(value, list | tuple) and value:
        parts = [_result(function, part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, float | int | complex | np.ndarray | np.generic):
        kind = np.asarray(value).dtype.kind
        if kind in "iu" and not function.keeps:
            return np.asarray(value, float)[()]
        if kind in NUMBERS:
            return value
    raise TypeError(f"{function.name} gives {_kind(value)} here, and no number")


def gather(meter: Meter, names: dict[str, Any], *parts: Any) -> Any:
    """[a, b]: one array where the parts have one shape, else a list, which concatenate takes."""
    if len({np.shape(x) for x in parts}) != 1 or any(isinstance(x, list | tuple | str) for x in parts):
        return list(parts)
    meter.operator("[]", parts)
    return stack(list(parts))


def subscript(meter: Meter, names: dict[str, Any], value: Any, index: Any) -> Any:
    """Entries of an array, or one of several results."""
    if isinstance(value, list | tuple):
        if not isinstance(index, int) or isinstance(index, bool):
            raise TypeError("one of several results is named by a number: svd(A)[1]")
        return value[index]
    if not isinstance(value, Traced | np.ndarray | np.generic):
        raise TypeError(f"{_kind(value)} has no entries")
    entries: Any = value
    return entries[index]


def _kind(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "several values"
    return "nothing" if value is None else f"a {type(value).__name__}"
