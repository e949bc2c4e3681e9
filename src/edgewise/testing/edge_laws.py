"""The laws of edges: every map that a call puts on an edge of the graph, as a dense matrix beside its claims.

Matrices are real: a complex end counts twice, as real and imaginary parts. Patterns and aliveness are about entries.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core import walk
from edgewise.core.node import Edge, LinearNode
from edgewise.core.registry import Declaration
from edgewise.core.shapes import expand, unbroadcast
from edgewise.core.sweep import ancestors
from edgewise.core.traced import Traced
from edgewise.families.samples import Case
from edgewise.modes import Recorded
from edgewise.testing.compare import ROUNDING, close, fail, same_result
from edgewise.testing.subject import Subject, flat, matrix_of, output_leaves, unflat

__all__ = ["edges"]


def edges(declaration: Declaration, case: Case) -> None:
    """Every map that the sample puts on an edge: adjoint, algebra, pattern ⊇ truth, aliveness."""
    subject = Subject(declaration, case)
    with Recorded() as mode, np.errstate(all="ignore"):
        made = output_leaves(subject.call(*[mode.lift(v) for v in subject.leaves]))
        roots = [y.payload for y in made if isinstance(y, Traced)]
        for node in walk.linearize(ancestors(roots), {}):
            for edge in node.edges:
                if _is_array(node) and _is_array(edge):
                    _edge(subject, node, edge)


def _is_array(end: LinearNode | Edge) -> bool:
    """Not the tuple of an operation's outputs, out of which parts are cut."""
    return type(end.dtype) is not tuple


def _edge(subject: Subject, node: LinearNode, edge: Edge) -> None:
    m = edge.map
    what = f"the edge {m!r} of {node.primitive.name}"

    def pushed(through: Any) -> Any:
        return matrix_of(lambda ts: [_at(node, expand(through.push(ts[0]), node.shape))], [_blank(edge)])

    def pulled(through: Any) -> Any:
        return matrix_of(lambda gs: [_at(edge, unbroadcast(through.pull(gs[0]), edge.shape))], [_blank(node)])

    dense, back = pushed(m), pulled(m)
    scale = np.abs(dense).max(initial=1.0)
    close(subject, f"{what}: pull is the transpose of push", back, dense.T, ROUNDING, scale)
    flipped = matrix_of(lambda gs: [_at(edge, unbroadcast(m.H.push(gs[0]), edge.shape))], [_blank(node)])
    same_result(subject, f"{what}: .H pushes what it pulls", flipped, back, 0.0)
    same_result(subject, f"{what}: .H.H is itself", pushed(m.H.H), dense, 0.0)

    p = m.pattern()
    pattern = matrix_of(lambda ts: [expand(p.push(ts[0]), node.shape)], [np.zeros(edge.shape)[()]])
    pattern_back = matrix_of(lambda gs: [unbroadcast(p.pull(gs[0]), edge.shape)], [np.zeros(node.shape)[()]])
    if np.any(_touched(dense, pattern.shape) & ~(pattern > 0)):
        fail(subject, f"{what}: its pattern leaves out an entry that is not zero", "it must be nonzero there")
    if np.any(pattern < 0):
        fail(subject, f"{what}: its pattern has negative entries", "they could cancel where aliveness is counted")
    same_result(subject, f"{what}: the pattern's pull", pattern_back, pattern.T, ROUNDING)

    close(subject, f"{what}: A + A", pushed(m + m), 2 * dense, ROUNDING, scale)
    close(subject, f"{what}: (A + A).H", pulled(m + m), 2 * dense.T, ROUNDING, scale)
    forth, back_again = m.push(_blank(edge)), m.pull(_blank(node))
    if forth.shape == node.shape and back_again.shape == edge.shape:
        if forth.dtype.kind == node.dtype.kind:  # elsewhere the sweep takes the real part in between
            gram = matrix_of(lambda ts: [_at(edge, (m.H @ m).push(ts[0]))], [_blank(edge)])
            close(subject, f"{what}: A.H @ A", gram, dense.T @ dense, ROUNDING, scale * scale * len(dense))
        if back_again.dtype.kind == edge.dtype.kind:
            outer = matrix_of(lambda gs: [_at(node, (m @ m.H).H.push(gs[0]))], [_blank(node)])
            close(subject, f"{what}: (A @ A.H).H", outer, dense @ dense.T, ROUNDING, scale * scale * len(dense.T))
    _aliveness(subject, what, node, edge, dense, pattern)


def _blank(end: LinearNode | Edge) -> Any:
    return np.zeros(end.shape, complex if end.dtype.kind == "c" else float)[()]


def _at(end: LinearNode | Edge, value: Any) -> Any:
    """What arrives at an end of the edge, as the sweep brings it there: real, or complex."""
    return np.real(value) if end.dtype.kind != "c" else value + 0j


def _touched(matrix: Any, shape: tuple[int, int]) -> Any:
    """Which entries depend on which, of the matrix of their real and imaginary parts."""
    rows, columns = (max(n // max(m, 1), 1) for n, m in zip(matrix.shape, shape, strict=True))
    return np.any(np.reshape(matrix, (rows, shape[0], columns, shape[1])) != 0, axis=(0, 2))


def _aliveness(subject: Subject, what: str, node: LinearNode, edge: Edge, dense: Any, pattern: Any) -> None:
    """With some entries dead (and zero), the masked verbs give the plain result, and call alive what is reached."""
    rng = np.random.default_rng(7)
    begin: LinearNode | Edge
    end: LinearNode | Edge
    for begin, matrix, reach, verb, end, repair in (
        (edge, dense, pattern, edge.map.push_alive, node, expand),
        (node, dense.T, pattern.T, edge.map.pull_alive, edge, unbroadcast),
    ):
        alive = rng.random(begin.shape) < 0.6
        seed = np.where(alive, rng.uniform(0.5, 1.5, begin.shape), _blank(begin))[()]
        scale = np.abs(matrix).max(initial=1.0) * max(np.size(seed), 1)
        for mask in (np.asarray(alive), None):
            given = seed if mask is not None else (rng.uniform(0.5, 1.5, begin.shape) + _blank(begin))[()]
            made, reached = verb(given, mask)
            expected = unflat(matrix @ flat([given]), [_blank(end)])[0]
            close(subject, f"{what}: masked", _at(end, repair(made, end.shape)), expected, ROUNDING, scale)
            live = np.ones(end.shape, bool) if reached is None else repair(reached.astype(float), end.shape) > 0
            counted = np.ravel(np.ones(begin.shape) if mask is None else mask.astype(float))
            touched = np.reshape(reach @ counted, end.shape) > 0
            if np.any(touched & ~live):
                fail(subject, f"{what}: calls an entry dead that an alive one reaches", "its derivative would be lost")
            if np.any(live & ~touched) and (mask is not None or edge.map.selects):
                fail(subject, f"{what}: calls an entry alive that nothing alive reaches", "it could become NaN")
