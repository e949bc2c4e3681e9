"""Why an operation is not finite, or has no finite derivative, at some operands, and what to write there.

``np.where(ok, f(x), other)`` is a rewrite that works for every case: a branch not taken contributes exactly nothing to
any derivative (``docs/decisions/0008-aliveness.md``). Where mathematics has something better, that is said.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.explain.digest import Digest, is_finite

__all__ = ["Advice", "advise"]


class Advice(NamedTuple):
    """A cause and a rewrite."""

    cause: str
    instead: str


def advise(op: str, operands: Sequence[Any], names: Sequence[str], derivative: bool) -> Advice:
    """The likely cause and a rewrite.

    Args:
        op: the name of the operation.
        operands: their values, as held.
        names: what to call them.
        derivative: whether the value is finite, and its derivative is not.

    >>> advise("log", [np.float64(0.0)], ["x"], derivative=False).instead
    'choose another value there: np.where(x > 0, np.log(x), 0.0)'
    """
    if not all(map(is_finite, operands)):
        return Advice(
            "an operand is not finite itself, and no operation that was followed made it so",
            "look at where it comes from: np.isfinite(a).all()",
        )
    for row in _ROWS.get(op, ()):
        if row.derivative in (None, derivative) and row.applies(*map(_ends, operands)):
            return Advice(row.cause, row.instead.format(*names, **dict(zip("ab", map(_atom, names), strict=False))))
    if derivative:
        call = f"{op}({', '.join(names)})"
        return Advice(
            f"{op} has no finite derivative at these operands, or the product with the adjoint is too large",
            f"choose another value there: np.where(ok, {call}, 0.0), with ok false at this point",
        )
    return Advice(
        f"the result of {op} is larger than the largest floating-point number, or undefined",
        "scale the operands down, or work with their logarithms",
    )


def _atom(name: str) -> str:
    """An operand as it stands beside an operator."""
    try:
        node = ast.parse(name, mode="eval").body
    except SyntaxError:  # array(3,), or a name with a subscript
        return name
    return name if isinstance(node, ast.Name | ast.Constant | ast.Call | ast.Attribute | ast.Subscript) else f"({name})"


class Ends(NamedTuple):
    """The smallest and the largest entry, and the smallest distance from 0; of no entries NaN."""

    low: float
    high: float
    least: float


def _ends(value: Any) -> Ends:
    if isinstance(value, Digest):
        stats = value.json["stats"]
        low, high = (np.nan if stats[k] is None else float(stats[k]) for k in ("min", "max"))
        return Ends(low, high, 0.0 if low <= 0 <= high else min(abs(low), abs(high)))
    numbers = np.asarray(np.abs(value) if np.iscomplexobj(value) else value, dtype=float).ravel()
    if not numbers.size:
        return Ends(np.nan, np.nan, np.nan)
    return Ends(float(numbers.min()), float(numbers.max()), float(np.abs(numbers).min()))


class _Row(NamedTuple):
    """A cause: whether it is one of the derivative alone (None: of both), when it applies, and the words."""

    derivative: bool | None
    applies: Callable[..., bool]
    cause: str
    instead: str


def _choose(condition: str, call: str) -> str:
    return f"choose another value there: np.where({condition}, {call}, 0.0)"


def _positive(name: str) -> tuple[_Row, ...]:
    return (
        _Row(None, lambda x: x.low < 0, f"{name} of a negative number", _choose("{0} > 0", f"np.{name}({{0}})")),
        _Row(None, lambda x: x.low == 0, f"{name} of 0 is minus infinity", _choose("{0} > 0", f"np.{name}({{0}})")),
    )


def _interval(name: str) -> tuple[_Row, ...]:
    inside = f"stay inside the interval: np.{name}(np.clip({{0}}, -1 + 1e-12, 1 - 1e-12))"
    return (
        _Row(False, lambda x: x.low < -1 or x.high > 1, f"{name} of a number outside [-1, 1]", inside),
        _Row(None, lambda x: x.low <= -1 or x.high >= 1, f"{name} is infinitely steep at -1 and 1", inside),
    )


def _slope(name: str, call: str) -> tuple[_Row, ...]:
    return (
        _Row(False, lambda x: x.low < 0 and name == "sqrt", f"{name} of a negative number", _choose("{0} > 0", call)),
        _Row(None, lambda x: x.least < 1e-150, f"{name} is infinitely steep at 0", _choose("{0} > 0", call)),
    )


def _remainder(name: str) -> tuple[_Row, ...]:
    call = f"np.{name}({{0}}, {{1}})"
    return (_Row(None, lambda x1, x2: x2.least == 0, "the remainder of a division by 0", _choose("{1} != 0", call)),)


def _overflow(name: str) -> tuple[_Row, ...]:
    return (
        _Row(
            None,
            lambda x: x.high > 300 or x.low < -300,
            f"{name} of a large number is larger than the largest floating-point number",
            "stay with logarithms, np.logaddexp(0, {0}) for log(1 + exp({0})), or take off the largest entry first: "
            f"np.{name}({{0}} - np.max({{0}}))",
        ),
    )


_QUOTIENT = (
    _Row(
        None,
        lambda x1, x2: x2.least == 0,
        "a division by 0",
        "choose another value there: np.where({1} != 0, {a} / {b}, 0.0)",
    ),
    _Row(
        None,
        lambda x1, x2: x2.least < 1e-150,
        "a division by a number so small that the result, or its derivative, is too large",
        "choose another value there: np.where(np.abs({1}) > 1e-100, {a} / {b}, 0.0)",
    ),
)
_POWER = (
    _Row(
        None,
        lambda x1, x2: x1.low < 0 and not float(x2.low).is_integer(),
        "a negative number to a power that is no integer",
        _choose("{0} > 0", "{a} ** {b}"),
    ),
    _Row(
        None,
        lambda x1, x2: x1.least == 0,
        "a power of 0 whose value or slope is infinite",
        _choose("{0} != 0", "{a} ** {b}"),
    ),
    _Row(
        None,
        lambda x1, x2: max(abs(x1.high), abs(x1.low)) > 1,
        "a power larger than the largest floating-point number",
        "scale the base down, or take the logarithm: {b} * np.log({0})",
    ),
)
_RECIPROCAL = (_Row(None, lambda x: x.least < 1e-150, "a division by 0", _choose("{0} != 0", "1 / {a}")),)
_ANGLE = (
    _Row(
        None,
        lambda x1, x2: x1.least == 0 and x2.least == 0,
        "the angle of the vector (0, 0) is not defined, and its derivative is 0/0",
        "choose another value there: np.where({a}**2 + {b}**2 > 0, np.arctan2({0}, {1}), 0.0)",
    ),
)

_ROWS: dict[str, tuple[_Row, ...]] = {
    **{name: _positive(name) for name in ("log", "log2", "log10")},
    "log1p": (
        _Row(None, lambda x: x.low <= -1, "log1p of a number not above -1", _choose("{0} > -1", "np.log1p({0})")),
    ),
    "sqrt": _slope("sqrt", "np.sqrt({0})"),
    "cbrt": (
        _Row(None, lambda x: x.least < 1e-150, "cbrt is infinitely steep at 0", _choose("{0} != 0", "np.cbrt({0})")),
    ),
    **{name: _interval(name) for name in ("arcsin", "arccos", "arctanh")},
    "arccosh": (
        _Row(
            None,
            lambda x: x.low <= 1,
            "arccosh is not defined below 1, and infinitely steep at 1",
            _choose("{0} > 1", "np.arccosh({0})"),
        ),
    ),
    **{name: _overflow(name) for name in ("exp", "exp2", "expm1", "sinh", "cosh")},
    "divide": _QUOTIENT,
    **{name: _remainder(name) for name in ("remainder", "fmod")},
    "reciprocal": _RECIPROCAL,
    "power": _POWER,
    "float_power": _POWER,
    "arctan2": _ANGLE,
}
