"""Movements, indexing and joining of few numbers: no instruction, only which number is which.

NumPy does the moving itself, on the numbers of the entries in place of the entries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.compile.kernels.body import Body, Cell, Fixed
from edgewise.compile.kernels.folding import combining
from edgewise.compile.kernels.kinds import Kind, convert, kind_of
from edgewise.core.index import fill
from edgewise.core.program import Op, Var

__all__ = ["WIRED", "Empty", "wired"]

# By name: where index arrays begin among the operands; a large number where there are none.
WIRED = {
    "reshape": 9,
    "transpose": 9,
    "broadcast_to": 9,
    "gather": 1,
    "scatter_add": 1,
    "put": 2,
    "concatenate": 1 << 30,
    "stack": 1 << 30,
}

Cells = list[Cell]


class Empty(Fixed):
    """A zero where nothing was scattered: what it is added to stays as it is, as where arrays are put together."""


def wired(op: Op, known: dict[Var, Any]) -> Callable[[Op, Body, Sequence[Cells]], Cells] | None:
    """A function that rearranges cells; None where an index is not known or a dtype is not.

    Args:
        op: one of ``WIRED``.
        known: arrays that never change, by variable.
    """
    result = op.results[0]
    wanted = kind_of(result.dtype)
    values, index = _split(op, known)
    if wanted is None or index is None:
        return None
    kinds = [kind_of(x.dtype if type(x) is Var else np.asarray(x).dtype) for x in values]
    if any(k is None or (k.complex and not wanted.complex) for k in kinds):
        return None
    if op.primitive.name == "scatter_add":
        whole = np.arange(math.prod(op.params["shape"])).reshape(op.params["shape"])
        targets = whole[fill(op.params["template"], index)]
        g = _numbered(values)[0]
        pairs = list(zip(targets.ravel().tolist(), np.broadcast_to(g, targets.shape).ravel().tolist(), strict=True))
        return lambda op, body, cells: _added(body, _flat(body, op, values, cells, wanted), pairs, whole.size, wanted)
    moved = op.primitive.compute((*_numbered(values), *index), op.params)
    order = np.asarray(moved).ravel().tolist()

    def rearrange(op: Op, body: Body, cells: Sequence[Cells]) -> Cells:
        flat = _flat(body, op, values, cells, wanted)
        return [flat[i] for i in order]

    return rearrange


def _split(op: Op, known: dict[Var, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """The operands that hold values, and the index arrays; None for these if one is not known."""
    first = WIRED[op.primitive.name]
    values, index = op.operands[:first], op.operands[first:]
    arrays = tuple(known.get(x) if type(x) is Var else np.asarray(x) for x in index)
    return values, None if any(a is None for a in arrays) else arrays


def _numbered(values: Sequence[Any]) -> list[Any]:
    """Arrays of the operands' shapes whose entries are numbered through."""
    found, start = [], 0
    for value in values:
        shape = value.shape if type(value) is Var else np.shape(value)
        size = math.prod(shape)
        found.append(np.arange(start, start + size).reshape(shape))
        start += size
    return found


def _flat(body: Body, op: Op, values: Sequence[Any], cells: Sequence[Cells], wanted: Kind) -> Cells:
    """All cells of all operands, in the kind of the result."""
    flat: Cells = []
    for value, own in zip(values, cells, strict=False):
        if type(value) is not Var:
            flat += [Fixed(x, wanted) for x in np.asarray(value).astype(wanted.dtype).ravel().tolist()]
        elif value.dtype == wanted.dtype:
            flat += own
        else:
            given = kind_of(value.dtype)
            assert given is not None
            flat += [convert(body.held(c), given, wanted) for c in own]
    return flat


def _added(body: Body, flat: Cells, pairs: list[tuple[int, int]], size: int, kind: Kind) -> Cells:
    zero = Empty(kind.dtype.type(0).item(), kind)
    result: Cells = [zero] * size
    add = combining("add", kind)
    for target, source in pairs:
        before = result[target]
        result[target] = flat[source] if before is zero else add(body.held(before), body.held(flat[source]))
    return result
