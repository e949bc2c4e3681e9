"""Walks over the edges of a recorded graph: backwards with cotangents, forwards with tangents.

A walk goes by serial number, so it needs neither recursion nor a queue, and touches only what the result depends on.
Each edge is repaired once, to the shape and dtype of the value at its far end.

Both directions exist twice. The plain walk multiplies. The one with aliveness (``maps.base``) carries a mask beside
each value and drops what nothing reaches; it is asked for only where the plain one met an infinity times zero, or
where a derivative of the result will be taken and could meet one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.node import Node
from edgewise.core.shapes import cast, expand, unbroadcast

__all__ = ["ancestors", "has_cuts", "linearize_node", "pull", "pull_alive", "push", "push_alive"]


def ancestors(roots: list[Node]) -> list[Node]:
    """All operations the roots depend on, themselves included, in order of computation; inputs are left out."""
    seen: dict[int, Node] = {}
    stack = [n for n in roots if n.primitive is not None]
    for node in stack:
        seen[node.serial] = node
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent.serial not in seen and parent.primitive is not None:
                seen[parent.serial] = parent
                stack.append(parent)
    return [seen[serial] for serial in sorted(seen)]


def has_cuts(order: list[Node]) -> bool:
    """Whether some operation drops entries."""
    return any(node.primitive.selects for node in order)


def maps_of(node: Node) -> tuple[Any, ...]:
    """The map on each edge, None where the operand is constant."""
    if node.maps is not None:
        return node.maps
    primitive, kept, params = node.primitive, node.kept, node.params
    return tuple(
        None if parent is None else primitive.family.edge(primitive, i, kept, params, parent.shape)
        for i, parent in enumerate(node.parents)
    )


def linearize_node(node: Node, replace: dict[int, Any]) -> None:
    """Evaluate the maps once and drop the operands; ``replace`` gives copies for arrays that must not be kept."""
    if replace:
        node.kept = tuple(replace.get(id(k), k) for k in node.kept)
    node.maps = maps_of(node)
    node.kept = ()


def pull(order: list[Node], cotangents: dict[int, Any], *, consume: bool = False) -> None:
    """Walk backwards. ``cotangents`` maps serials to seeds, and afterwards holds those of the inputs.

    Args:
        order: from ``ancestors``.
        cotangents: seeds at the outputs, each of its node's shape and dtype.
        consume: free each node once it is passed.
    """
    take = cotangents.pop
    for i in range(len(order) - 1, -1, -1):
        node = order[i]
        g = take(node.serial, None)
        if g is None:
            continue
        primitive = node.primitive
        weights = None if node.maps is not None or primitive.selects else primitive.weights
        if weights is not None:
            kept = node.kept
            for weight, parent in zip(weights, node.parents, strict=False):
                if parent is None:
                    continue
                if weight.__class__ is int:
                    part = g if weight == 1 else -g if weight == -1 else g * weight
                else:
                    part = g * weight(kept)
                if part.shape != parent.shape:
                    part = unbroadcast(part, parent.shape)
                if part.dtype is not parent.dtype and part.dtype != parent.dtype:
                    part = cast(part, parent.dtype)
                serial = parent.serial
                before = cotangents.get(serial)
                cotangents[serial] = part if before is None else before + part
        else:
            for parent, m in zip(node.parents, maps_of(node), strict=True):
                if parent is not None and m is not None:
                    _add(cotangents, parent, _repair(m.pull(g), parent))
        if consume:
            order.pop()
            node.kept = node.parents = ()


def pull_alive(order: list[Node], cotangents: dict[int, tuple[Any, Any]]) -> None:
    """Walk backwards with aliveness: values are pairs (cotangent, alive)."""
    for node in reversed(order):
        pair = cotangents.pop(node.serial, None)
        if pair is None:
            continue
        for parent, m in zip(node.parents, maps_of(node), strict=True):
            if parent is None or m is None:
                continue
            g, alive = m.pull_alive(*pair)
            before = cotangents.get(parent.serial)
            pair_here = (_repair(g, parent), _repair_mask(alive, parent.shape))
            cotangents[parent.serial] = pair_here if before is None else _join(before, pair_here)


def push(order: list[Node], tangents: dict[int, Any]) -> None:
    """Walk forwards. ``tangents`` maps serials to tangents: of the inputs at first, of every node at the end."""
    for node in order:
        total = node.primitive.family.push_all(node, [_of(tangents, p) for p in node.parents])
        if total is None:
            for parent, m in zip(node.parents, maps_of(node), strict=True):
                t = _of(tangents, parent)
                if t is not None and m is not None:
                    part = m.push(t)
                    total = part if total is None else _sum(total, part)
        if total is not None:
            tangents[node.serial] = _widen(total, node)


def push_alive(order: list[Node], tangents: dict[int, tuple[Any, Any]]) -> None:
    """Walk forwards with aliveness: values are pairs (tangent, alive)."""
    for node in order:
        total: tuple[Any, Any] | None = None
        for parent, m in zip(node.parents, maps_of(node), strict=True):
            pair = _of(tangents, parent)
            if pair is None or m is None:
                continue
            part, alive = m.push_alive(*pair)
            here = (_widen(part, node), _widen_mask(alive, node.shape))
            total = here if total is None else _join(total, here)
        if total is not None:
            tangents[node.serial] = total


def _of(table: dict[int, Any], node: Node | None) -> Any:
    return None if node is None else table.get(node.serial)


def _add(table: dict[int, Any], node: Node, value: Any) -> None:
    before = table.get(node.serial)
    table[node.serial] = value if before is None else _sum(before, value)


def _sum(a: Any, b: Any) -> Any:
    """A + b; for the outputs of one operation taken together, output by output, None standing for nothing."""
    if type(a) is tuple:
        return tuple(y if x is None else x if y is None else x + y for x, y in zip(a, b, strict=True))
    return a + b


def _join(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    alive = None if a[1] is None or b[1] is None else a[1] | b[1]
    return _sum(a[0], b[0]), alive


def _repair(g: Any, node: Node) -> Any:
    if type(g) is tuple:
        return g
    if g.shape != node.shape:
        g = unbroadcast(g, node.shape)
    return g if g.dtype == node.dtype else cast(g, node.dtype)


def _widen(t: Any, node: Node) -> Any:
    if type(t) is tuple:
        return t
    if t.shape != node.shape:
        t = expand(t, node.shape)
    return t if t.dtype == node.dtype else cast(t, node.dtype)


def _repair_mask(alive: Any, shape: tuple[int, ...]) -> Any:
    if alive is None or type(alive) is tuple:
        return alive
    if alive.shape != shape:
        alive = unbroadcast(alive.astype(float), shape) > 0
    return alive


def _widen_mask(alive: Any, shape: tuple[int, ...]) -> Any:
    if alive is None or type(alive) is tuple or alive.shape == shape:
        return alive
    return np.broadcast_to(alive, shape)
