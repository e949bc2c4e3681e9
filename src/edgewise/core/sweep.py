"""The sweep: cotangents once through a recorded graph, backwards.

It goes by serial number, so it needs neither recursion nor a queue, and touches only what the result depends on. Each
edge is repaired once, to the shape and dtype of the value at its far end. Elementwise operations multiply by their
weights without building maps: this loop, with ``Recorded.unary`` and ``binary``, is what a gradient costs.
"""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np

from edgewise.core.mode import standing
from edgewise.core.node import Node
from edgewise.core.shapes import FLOAT64, cast, unbroadcast

__all__ = ["add_up", "ancestors", "has_cuts", "repair", "sweep"]

_by_serial = operator.attrgetter("serial")


def ancestors(roots: list[Node]) -> list[Node]:
    """All operations the roots depend on, themselves included, in order of computation; inputs are left out."""
    found = {n for n in roots if n.primitive is not None}
    stack = list(found)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in found and parent.primitive is not None:
                found.add(parent)
                stack.append(parent)
    return sorted(found, key=_by_serial)


def has_cuts(order: list[Any]) -> bool:
    """Whether some operation drops entries."""
    return any(node.primitive.selects for node in order)


def sweep(order: list[Node], seed: Any, *, consume: bool) -> None:
    """Pull ``seed``, the cotangent of the last node, back to the inputs, whose ``cotangent`` holds the result.

    Args:
        order: from ``ancestors`` of one node.
        seed: of the last node's shape and dtype.
        consume: free each node once it is passed.
    """
    with standing(sys._getframe()):
        _sweep(order, seed, consume)


def _sweep(order: list[Node], seed: Any, consume: bool) -> None:
    order[-1].cotangent = seed
    owned: set[int] = set()  # nodes whose cotangent is an array that nobody else holds: it may be written to
    for at in range(len(order) - 1, -1, -1):
        node = order[at]
        g = node.cotangent
        node.cotangent = None
        if consume:
            order.pop()
        if g is None:  # a region pulls nothing back to an operand that none of the outputs in use depends on
            continue
        primitive = node.primitive
        kept = node.kept
        weights = primitive.weights
        if weights is not None and (node.dtype is FLOAT64 or node.dtype.kind == "f"):  # complex: by their maps
            for weight, parent in zip(weights, node.parents, strict=True):
                if parent is None:
                    continue
                kind = weight.__class__
                if kind is tuple:
                    d, slot = weight
                    part = g * (kept[slot] if d is None else d(kept[slot]))
                elif kind is int:
                    part = g if weight == 1 else -g if weight == -1 else g * weight
                else:
                    part = g * weight(kept)
                if part.shape != parent.shape or part.dtype is not parent.dtype:
                    part = repair(part, parent.shape, parent.dtype)
                before = parent.cotangent
                if before is None:
                    parent.cotangent = part
                elif part.__class__ is before.__class__ is np.ndarray and kind is not int:  # nobody else has a product
                    part += before
                    parent.cotangent = part
                else:
                    parent.cotangent = before + part
        elif primitive.family.accumulate is not None:
            primitive.family.accumulate(node, g, owned)
        else:
            edge, params = primitive.family.edge, node.params
            for i, parent in enumerate(node.parents):
                if parent is not None:
                    part = repair(edge(primitive, i, kept, params, parent.shape).pull(g), parent.shape, parent.dtype)
                    before = parent.cotangent
                    parent.cotangent = part if before is None else add_up(before, part)
        if consume:
            node.kept = node.parents = ()


def repair(t: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Bring a cotangent to the shape and dtype of its value."""
    if type(t) is tuple:
        return t
    if t.shape != shape:
        t = unbroadcast(t, shape)
    return t if t.dtype == dtype else cast(t, dtype)


def add_up(a: Any, b: Any) -> Any:
    """A + b; for the outputs of one operation taken together, output by output, None standing for nothing."""
    if type(a) is tuple:
        return tuple(y if x is None else x if y is None else x + y for x, y in zip(a, b, strict=True))
    return a + b
