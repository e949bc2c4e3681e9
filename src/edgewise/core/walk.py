"""Walks over a linear program: forwards with tangents, backwards with cotangents, any number of times.

The program is a list of ``LinearNode``. Both directions exist twice. The plain walk multiplies. The one with aliveness
(``maps.base``) carries a mask beside each value and drops what nothing reaches; it is asked for only where the plain
one met an infinity times zero, or where a derivative of the result will be taken and could meet one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.node import LinearNode, Node
from edgewise.core.shapes import cast, expand, unbroadcast
from edgewise.core.sweep import add_up, repair

__all__ = ["join_alive", "linearize", "pull", "pull_alive", "push", "push_alive"]


def linearize(order: list[Node], replace: dict[int, Any], results: frozenset[int] = frozenset()) -> list[LinearNode]:
    """Evaluate every map once, and empty the recorded nodes: the maps are all that is needed from here on.

    Args:
        order: from ``sweep.ancestors``.
        replace: copies (by id) for arrays that must not be kept.
        results: serials of the outputs, whose tangents outlive a walk.
    """
    program = []
    for node in order:
        program.append(LinearNode(node, tuple(replace.get(id(k), k) for k in node.kept) if replace else node.kept))
        node.kept = node.parents = ()
    read = set(results)
    for linear in reversed(program):
        operands = {edge.serial for edge in linear.edges}
        linear.last = tuple(operands - read)
        read |= operands
    return program


def pull(order: list[LinearNode], cotangents: dict[int, Any]) -> None:
    """Walk backwards. ``cotangents`` maps serials to seeds, and afterwards holds those of the inputs."""
    for node in reversed(order):
        g = cotangents.pop(node.serial, None)
        if g is None:  # an operation on several values pulls nothing back to those that nothing came from
            continue
        parts = node.primitive.family.pull_all(node, g)
        for i, edge in enumerate(node.edges):
            part = edge.map.pull(g) if parts is None else parts[i]
            if part is None:
                continue
            part = repair(part, edge.shape, edge.dtype)
            before = cotangents.get(edge.serial)
            cotangents[edge.serial] = part if before is None else add_up(before, part)


def pull_alive(order: list[LinearNode], cotangents: dict[int, tuple[Any, Any]]) -> None:
    """Walk backwards with aliveness: values are pairs (cotangent, alive)."""
    for node in reversed(order):
        pair = cotangents.pop(node.serial, None)
        if pair is None:
            continue
        parts = node.primitive.family.pull_all_alive(node, *pair)
        for i, edge in enumerate(node.edges):
            pulled = edge.map.pull_alive(*pair) if parts is None else parts[i]
            if pulled is None:
                continue
            g, alive = pulled
            part = repair(g, edge.shape, edge.dtype), _narrow(alive, edge.shape)
            before = cotangents.get(edge.serial)
            cotangents[edge.serial] = part if before is None else join_alive(before, part)


def push(order: list[LinearNode], tangents: dict[int, Any]) -> None:
    """Walk forwards. ``tangents`` maps serials to tangents: of the inputs at first, of the results at the end."""
    for node in order:
        total = node.primitive.family.push_all(node, tangents)
        if total is None:
            for edge in node.edges:
                t = tangents.get(edge.serial)
                if t is not None:
                    part = edge.map.push(t)
                    total = part if total is None else add_up(total, part)
        if total is not None:
            tangents[node.serial] = _widen(total, node)
        for serial in node.last:
            tangents.pop(serial, None)


def push_alive(order: list[LinearNode], tangents: dict[int, tuple[Any, Any]]) -> None:
    """Walk forwards with aliveness: values are pairs (tangent, alive)."""
    for node in order:
        total: tuple[Any, Any] | None = node.primitive.family.push_all_alive(node, tangents)
        for edge in node.edges if total is None else ():
            pair = tangents.get(edge.serial)
            if pair is not None:
                t, alive = edge.map.push_alive(*pair)
                if t is None:  # a part that nothing reaches
                    continue
                part = _widen(t, node), _spread(alive, node.shape)
                total = part if total is None else join_alive(total, part)
        if total is not None:
            tangents[node.serial] = total
        for serial in node.last:
            tangents.pop(serial, None)


def join_alive(a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
    """The sum of two pairs: alive where either is."""
    total = add_up(a[0], b[0])
    if a[1] is None or b[1] is None:
        return total, None
    if type(total) is not tuple:
        return total, a[1] | b[1]
    return total, tuple(  # output by output: one that was not used has neither value nor mask
        q if x is None else p if y is None else None if p is None or q is None else p | q
        for x, y, p, q in zip(a[0], b[0], a[1], b[1], strict=True)
    )


def _widen(t: Any, node: LinearNode) -> Any:
    if type(t) is tuple:
        return t
    if t.shape != node.shape:
        t = expand(t, node.shape)
    return t if t.dtype == node.dtype else cast(t, node.dtype)


def _narrow(alive: Any, shape: tuple[int, ...]) -> Any:
    if alive is None or type(alive) is tuple or alive.shape == shape:
        return alive
    return unbroadcast(alive.astype(float), shape) > 0


def _spread(alive: Any, shape: tuple[int, ...]) -> Any:
    return alive if alive is None or type(alive) is tuple or alive.shape == shape else np.broadcast_to(alive, shape)
