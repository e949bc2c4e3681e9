"""The table of the textbooks: every value in order of computation, and beside it how its derivative comes about.

Left, read down: the forward primal trace. Right, read up: the reverse adjoint trace, where the adjoint of a value is
the sum, over the values computed from it, of their adjoint times the partial on the edge; in forward mode, read down,
the forward tangent trace. Layout after Baydin et al., Automatic differentiation in machine learning: a survey, JMLR 18
(2018), tables 2 and 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.explain.digest import brief, is_array, pad, width
from edgewise.explain.trace import Edge, Value
from edgewise.explain.words import barred, dotted

if TYPE_CHECKING:
    from edgewise.explain.explanation import Explanation

__all__ = ["ROWS", "cells", "table"]

ROWS = 60  # values shown; more are elided in the middle
NAME, LABEL, NUMBER, FORMULA = 16, 28, 30, 44  # widest columns


def table(e: Explanation) -> str:
    """The trace as text, in two columns."""
    forward = e.mode == "forward"
    shown = e.values if len(e.values) <= ROWS else [*e.values[: ROWS // 2], *e.values[-ROWS // 2 :]]
    rows = [cells(v, forward) for v in shown]
    columns = [
        min(max(map(width, column)), most) for column, most in zip(zip(*rows, strict=True), _WIDEST, strict=True)
    ]
    sides = [[_side(row[:3], columns[:3]) for row in rows], [_side(row[3:], columns[3:]) for row in rows]]
    heads = "forward primal trace ↓", "forward tangent trace ↓" if forward else "reverse adjoint trace ↑"
    left, right = (max(map(width, (head, *side))) for head, side in zip(heads, sides, strict=True))
    lines = [f"{pad(a, left)} │ {b}".rstrip() for a, b in zip(*sides, strict=True)]
    if len(shown) < len(e.values):
        lines.insert(ROWS // 2, pad(f"… {len(e.values) - len(shown)} more …", left) + " │")
    head = [f"{pad(heads[0], left)} │ {heads[1]}", f"{'─' * left}─┼─{'─' * right}"]
    return "\n".join((e.title, "", *head, *lines, "", str(e.counts), *([e.note] if e.note else [])))


_WIDEST = (NAME, LABEL, NUMBER, NAME, FORMULA, NUMBER)


def cells(v: Value, forward: bool) -> tuple[str, ...]:
    """The row of a value: its name, operation and value, and those of its adjoint or tangent."""
    return *_primal(v), *(_tangent(v) if forward else _adjoint(v))


def _side(cells: tuple[str, ...], columns: list[int]) -> str:
    name, formula, value = (pad(cell, w) for cell, w in zip(cells, columns, strict=True))
    return f"{name} {'=' if formula.strip() else ' '} {formula} = {value}"


def _primal(v: Value) -> tuple[str, str, str]:
    return v.name, "" if v.op == "input" else v.label, brief(v.value, mean=False)


def _adjoint(v: Value) -> tuple[str, str, str]:
    if v.adjoint is None:
        return barred(v.name), "", "0 (no effect)"
    terms = [_term(edge, barred(edge.target.name), "ḡ") for edge in v.uses if edge.contribution is not None]
    return barred(v.name), _sum(terms), brief(v.adjoint, mean=False)


def _tangent(v: Value) -> tuple[str, str, str]:
    if v.tangent is None:
        return dotted(v.name), "", "0"
    terms = [_term(edge, dotted(edge.source.name), "ṫ") for edge in v.operands if edge.contribution is not None]
    return dotted(v.name), _sum(terms), brief(v.tangent, mean=False)


def _term(edge: Edge, flowing: str, sign: str) -> str:
    partial: Any = edge.partial
    if partial is None or np.iscomplexobj(partial) or is_array(partial) or edge.expression.startswith("sum("):
        return edge.expression.replace(sign, flowing)
    number = brief(partial, 4)
    return f"{flowing}·{f'({number})' if number.startswith('-') else number}"


def _sum(terms: list[str]) -> str:
    return " + ".join(terms)
