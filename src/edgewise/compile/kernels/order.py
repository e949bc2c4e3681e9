"""The order of the loops of a nest: which axis is taken in lanes, and which become one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from edgewise.compile.kernels.nests import Changed, Fetched, FoldInto, Graph, Made, Node, Reach, Read, Store

__all__ = ["Layout", "arranged", "operands", "reaches"]


class Layout(NamedTuple):
    """A graph whose axes are in the order of the loops.

    Attributes:
        lengths: of the axes, outermost first.
        nodes, stores, folds: as in a ``Graph``.
        opened: how many of the outermost loops are open already: 1 in a band, else 0.
    """

    lengths: tuple[int, ...]
    nodes: list[Node]
    stores: list[Store]
    folds: list[FoldInto]
    opened: int = 0


def arranged(graph: Graph) -> Layout:
    """The order of the loops: axes of one entry are left out, the best one is innermost, and some become one."""
    space, opened = graph.space, int(graph.rows is not None)
    found = reaches(graph.nodes, graph.stores, graph.folds)
    axes = [k for k, n in enumerate(space) if n > 1 and k >= opened]
    if opened and not axes:
        axes = [len(space) - 1]
    if axes:
        if graph.rows is not None and graph.rows.lanes and graph.rows.axis + 1 in axes:
            best = graph.rows.axis + 1
        else:
            best = max(axes, key=lambda k: (sum(_fitness(at, size, k) for at, size in found), k))
        axes = [k for k in axes if k != best] + [best]
    groups: list[list[int]] = [[0]] * opened
    for axis in axes:
        if len(groups) > opened and _joined(groups[-1][-1], axis, space, found, graph.folds):
            groups[-1].append(axis)
        else:
            groups.append([axis])

    def moved(at: Reach) -> Reach:
        return at._replace(steps=tuple(at.steps[group[-1]] for group in groups))

    stores = [one._replace(at=moved(one.at)) for one in graph.stores]
    folds: list[FoldInto] = []
    for fold in graph.folds:
        along = frozenset(i for i, group in enumerate(groups) if group[0] in fold.axes)
        if along:
            folds.append(fold._replace(at=moved(fold.at), axes=along))
        else:  # of one entry
            stores.append(Store(fold.node, moved(fold.at), fold.kind))
    nodes = [node._replace(at=moved(node.at)) if isinstance(node, Read | Fetched) else node for node in graph.nodes]
    return Layout(tuple(math.prod(space[k] for k in group) for group in groups), nodes, stores, folds, opened)


def reaches(nodes: Sequence[Node], stores: Sequence[Store], folds: Sequence[FoldInto]) -> list[tuple[Reach, int]]:
    """Everywhere that memory is looked at, and the size of what is there."""
    found = [(n.at, n.kind.size) for n in nodes if isinstance(n, Read | Fetched)]
    found += [(s.at, s.kind.size) for s in stores]
    return found + [(f.at, f.kind.size) for f in folds]


def _fitness(at: Reach, size: int, axis: int) -> int:
    """How well memory is read along an axis: in one piece, always at one place, or in strides."""
    step = at.steps[axis]
    return 2 if step == size else 0 if not step else -3


def _joined(
    outer: int, inner: int, space: tuple[int, ...], everywhere: list[tuple[Reach, int]], folds: list[FoldInto]
) -> bool:
    return all(at.steps[outer] == at.steps[inner] * space[inner] for at, _ in everywhere) and all(
        (outer in fold.axes) == (inner in fold.axes) for fold in folds
    )


def operands(node: Node) -> tuple[int, ...]:
    """The nodes that a node is made of."""
    if isinstance(node, Fetched):
        return tuple(term.node for term in node.terms)
    return node.arguments if isinstance(node, Made) else (node.node,) if isinstance(node, Changed) else ()
