"""Operations that do nothing: one rule a primitive, which returns the operand that is the result, or None.

A rule may look at operands, parameters and the result's shape and dtype. It must hold for every value, NaN, infinities
and signed zeros included: ``x + 0`` is no rule, for -0.0 + 0 is 0.0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgewise.core.program import Op, Var

__all__ = ["OF_VARIABLES", "RULES", "unchanged"]


def unchanged(op: Op, operands: tuple[Any, ...]) -> Any:
    """The operand that the result of an operation is, or None."""
    rule = RULES.get(op.primitive.name)
    found = None if rule is None else rule(operands, op.params)
    if type(found) is not Var:
        return None
    (result,) = op.results
    return found if found.shape == result.shape and found.dtype == result.dtype else None


def _is(operand: Any, number: int) -> bool:
    return type(operand) is not Var and getattr(operand, "ndim", 0) == 0 and bool(operand == number)


def _times(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    a, b = operands
    return a if _is(b, 1) else b if _is(a, 1) else None


def _over(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return operands[0] if _is(operands[1], 1) else None


def _minus(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return operands[0] if _is(operands[1], 0) else None  # x - 0 is x, of -0.0 too; x - -0.0 is not


def _same(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return operands[0]  # where shape and dtype are


def _in_order(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return operands[0] if tuple(params["axes"]) == tuple(range(len(params["axes"]))) else None


def _everything(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    whole = all(part == slice(None) or part is Ellipsis for part in params["template"] if type(part) is not tuple)
    return operands[0] if len(operands) == 1 and whole else None


def _alone(operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    return operands[0] if len(operands) == 1 else None


RULES: dict[str, Callable[[tuple[Any, ...], dict[str, Any]], Any]] = {
    "multiply": _times,
    "divide": _over,
    "subtract": _minus,
    "positive": _same,
    "reshape": _same,
    "broadcast_to": _same,
    "astype": _same,
    "cast_as": _same,
    "transpose": _in_order,
    "gather": _everything,
    "concatenate": _alone,
}

OF_VARIABLES = frozenset({"positive"})  # rules that want neither a number among the operands nor a parameter
