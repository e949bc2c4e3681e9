"""The public face of a trace: its values and its edges, named and placed."""

from __future__ import annotations

import dis
import re
from collections import Counter
from inspect import CO_COROUTINE, CO_GENERATOR
from itertools import pairwise
from types import CodeType
from typing import Any

import numpy as np

from edgewise import maps
from edgewise.errors import shorten
from edgewise.explain.digest import brief, hold
from edgewise.explain.graph import Graph, Link
from edgewise.explain.recording import Step
from edgewise.explain.source import Sources, span
from edgewise.explain.words import constant, expression, flow, subscripted

__all__ = ["Edge", "Value", "values_of"]

_ENTRYWISE = (maps.Identity, maps.Diagonal, maps.Mask)
_INDEXED = re.compile(r"\w[\w.]*(\[[^\[\]]*\])+")  # w[0], p["w"][i]


class Value:
    """One value of the run.

    Attributes:
        index: its place in the order of computation; inputs come first.
        name: the user's variable, with a subscript where it was assigned again (x, x₂); else v1, v2, and so on.
        named: whether the name is the user's.
        op: the name of the operation, "input" for an input.
        label: the operation in terms of the names of its operands.
        text: the expression as the source spells it, "" where it is not known for certain.
        value: the number; a copy of the array, or its summary where it is large.
        adjoint: the derivative of the output with respect to it, None where the output does not depend on it.
        tangent: in forward mode, its derivative along the seed; None where it does not depend on what is seeded.
        dead: whether the output does not depend on it.
        where: ``file:line``, "" for an input.
        operands: the edges from its operands; those that are constant have none.
        uses: the edges to the values computed from it.
    """

    __slots__ = (
        "adjoint",
        "dead",
        "index",
        "label",
        "name",
        "named",
        "op",
        "operands",
        "span",
        "step",
        "tangent",
        "text",
        "uses",
        "value",
        "where",
    )

    def __init__(self, step: Step, name: str, named: bool) -> None:
        self.step = step
        self.index = step.index
        self.op = step.op
        self.name = name
        self.named = named
        self.label = name
        self.text = ""
        self.value = step.value
        self.adjoint: Any = None
        self.tangent: Any = None
        self.dead = False
        self.where = ""
        self.span: tuple[str, int, int | None, int | None] | None = None  # file, line, columns
        self.operands: list[Edge] = []
        self.uses: list[Edge] = []

    def __repr__(self) -> str:
        told = f"{self.name} = {brief(self.value)}" if self.op == "input" else ""
        told = told or f"{self.name} = {self.label} = {brief(self.value)}"
        if self.adjoint is not None:
            told += f", adjoint {brief(self.adjoint)}"
        return f"<{told}>"


class Edge:
    """An edge: the operand ``source`` went into the operation that gave ``target``.

    Attributes:
        index: its place among all edges.
        source, target: the values it joins.
        operand: which operand it is, from 0.
        partial: the derivative of the target with respect to the source, where that is a number, or one number for
            each entry; else None.
        expression: what flows along it, in terms of ḡ, the adjoint of the target (or ṫ, the tangent of the source).
        contribution: what flowed: its part of the adjoint of the source (in forward mode, of the tangent of the
            target); None where nothing did.
        map: the linear map itself, with ``push`` and ``pull``.
    """

    __slots__ = ("contribution", "expression", "index", "link", "map", "operand", "partial", "source", "target")

    def __init__(self, link: Link, source: Value, target: Value, forward: bool) -> None:
        self.link = link
        self.index = link.index
        self.operand = link.operand
        self.source = source
        self.target = target
        self.map = link.map
        self.partial = partial_of(link, forward)
        self.expression = flow(link.map, forward)
        shape = link.source.node.shape
        if not forward and isinstance(link.map, _ENTRYWISE) and shape != link.target.node.shape:
            self.expression = f"sum({self.expression} to {shape})"  # the operand was broadcast
        self.contribution: Any = None

    def __repr__(self) -> str:
        partial = self.expression if self.partial is None else brief(self.partial)
        return f"<∂{self.target.name}/∂{self.source.name} = {partial}>"


def partial_of(link: Link, forward: bool) -> Any:
    """The partial on an edge: a number between numbers, weights of an operation that acts entry by entry, else None."""
    source, target = link.source.node, link.target.node
    real = source.dtype.kind == target.dtype.kind == "f"
    if real and source.shape == () and target.shape == ():
        one = source.dtype.type(1), None
        return hold((Graph.push if forward else Graph.pull)(link, one)[0])
    if isinstance(link.map, maps.Identity):
        return hold(np.float64(1))
    if isinstance(link.map, maps.Diagonal) and link.map.anti is None:
        return hold(link.map.weight)
    if isinstance(link.map, maps.Mask):
        return hold(np.asarray(link.map.chosen, dtype=float))
    return None


def values_of(
    graph: Graph, f: Any, inputs: list[str], returned: Step | None, sources: Sources, forward: bool
) -> list[Value]:
    """The values of a graph, named, placed and joined by edges.

    Args:
        graph: the graph.
        f: the function.
        inputs: names of the inputs, in order.
        returned: what the function returned, where that is one of the values and not a container.
        sources: the files.
        forward: whether edges are spelled for tangents.
    """
    for step, name in zip(graph.steps, inputs, strict=False):
        step.name = name
    if returned is not None and returned.name is None:
        returned.name = returned_name(f)
    taken = {step.name for step in graph.steps}
    seen: Counter[str] = Counter()
    values: list[Value] = []
    number = 0
    for step in graph.steps:
        if step.name is not None:
            seen[step.name] += 1
            values.append(Value(step, subscripted(step.name, seen[step.name]), named=True))
            continue
        number += 1
        while f"v{number}" in taken:
            number += 1
        values.append(Value(step, f"v{number}", named=False))
    for value in values:
        _place(value, sources)
        names = [values[o.index].name if isinstance(o, Step) else constant(o) for o in value.step.operands]
        if value.op != "input":
            value.label = expression(value.op, names, value.step.params)
            if value.op == "gather" and _INDEXED.fullmatch(value.text):
                value.label = value.text
    for link in graph.links:
        edge = Edge(link, values[link.source.index], values[link.target.index], forward)
        edge.source.uses.append(edge)
        edge.target.operands.append(edge)
    return values


def _place(value: Value, sources: Sources) -> None:
    place = value.step.place
    if place is None:
        return
    text, first, last = sources.text(place.code, place.at, place.line, place.module)
    value.text = text
    line = span(place.code, place.at, place.line).line
    value.where = f"{shorten(place.code.co_filename)}:{line}"
    value.span = place.code.co_filename, line, first, last


def returned_name(f: Any) -> str | None:
    """The variable that a function returns, where every return statement of it is ``return y`` with the same y."""
    code = getattr(f, "__code__", None)
    if not isinstance(code, CodeType) or code.co_flags & (CO_GENERATOR | CO_COROUTINE):
        return None
    found = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "NOP")]
    names = {
        before.argval if before.opname.startswith("LOAD_FAST") and isinstance(before.argval, str) else None
        for before, after in pairwise(found)
        if after.opname == "RETURN_VALUE"
    } | {None for i in found if i.opname == "RETURN_CONST"}
    return names.pop() if len(names) == 1 else None
