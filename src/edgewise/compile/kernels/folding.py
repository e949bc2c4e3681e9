"""Sums, products, extremes and contractions of few numbers, folded in the order that NumPy has.

NumPy adds entries that lie one after the other in eight partial sums, so that rounding errors do not pile up, and rows
in turn (Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 4.2). Here it is the same.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.compile.ir import Value, select
from edgewise.compile.kernels.arithmetic import COMPLEX, REAL, compare
from edgewise.compile.kernels.body import Body, Cell
from edgewise.compile.kernels.kinds import Held, Kind, convert, kind_of
from edgewise.core.contract import parse
from edgewise.core.program import Op, Var

__all__ = ["FOLDS", "combining", "contracted", "folded", "neutral"]

Combine = Callable[[Any, Any], Any]
Cells = list[Cell]

FOLDS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "logical_or",
    "all": "logical_and",
    "argmax": "ogt",
    "argmin": "olt",
}


def folded(op: Op) -> Callable[[Op, Body, Sequence[Cells]], Cells] | None:
    """A function that folds the entries along the axes of a reduction; None for dtypes that NumPy treats specially."""
    x, name = op.operands[0], op.primitive.name
    if type(x) is not Var:
        return None
    given, wanted = kind_of(x.dtype), kind_of(op.results[0].dtype)
    if given is None or wanted is None:
        return None
    axes = op.params["axis"]
    axes = axes if isinstance(axes, tuple) else (axes,)
    rows, last = _rows(x.shape, axes)
    if name in ("argmax", "argmin"):
        if given.complex or given.boolean:
            return None
        return lambda op, body, cells: [_position(body, cells[0], row, given, wanted, name) for row in rows]
    within = given if name in ("max", "min") else wanted
    if within.complex and name not in ("sum", "prod"):
        return None
    combine = combining(FOLDS[name], within)
    pairwise = name == "sum" and last and not within.integer

    def write(op: Op, body: Body, cells: Sequence[Cells]) -> Cells:
        entries = [convert(body.held(c), given, within) for c in cells[0]]
        if pairwise:
            return [_pairwise([entries[i] for i in row], combine) for row in rows]
        return [functools.reduce(combine, [entries[i] for i in row]) for row in rows]

    return write


def combining(name: str, kind: Kind) -> Combine:
    """How two numbers become one, by the name of a primitive."""
    if name in ("logical_or", "logical_and"):
        return (lambda a, b: a | b) if name == "logical_or" else (lambda a, b: a & b)
    return functools.partial((COMPLEX if kind.complex else REAL)[name], kind)


def _rows(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[list[list[int]], bool]:
    """Per entry of the result the entries it is made of, and whether they lie one after the other."""
    places = [a % len(shape) for a in axes] if shape else []
    rest = [i for i in range(len(shape)) if i not in places]
    length = math.prod(shape[i] for i in places)
    entries = np.arange(math.prod(shape)).reshape(shape).transpose(rest + places).reshape(-1, length)
    return entries.tolist(), places == list(range(len(rest), len(shape)))


def _pairwise(entries: list[Held], combine: Combine) -> Held:
    if len(entries) < 8:
        return functools.reduce(combine, entries)
    whole = len(entries) - len(entries) % 8
    sums = entries[:8]
    for start in range(8, whole, 8):
        sums = [combine(s, x) for s, x in zip(sums, entries[start : start + 8], strict=True)]
    while len(sums) > 1:
        sums = [combine(sums[i], sums[i + 1]) for i in range(0, len(sums), 2)]
    return functools.reduce(combine, entries[whole:], sums[0])


def _position(body: Body, cells: Cells, row: list[int], kind: Kind, wanted: Kind, name: str) -> Value:
    """The first of the extreme entries; the first NaN if there is one."""
    floats, integers = (FOLDS[name], FOLDS[name][1:])
    best = body.held(cells[row[0]])
    assert isinstance(best, Value)
    at = body.block.constant(0, wanted.type())
    for i, entry in enumerate(row[1:], 1):
        x = body.held(cells[entry])
        assert isinstance(x, Value)
        better = compare(kind, floats, integers, x, best)
        if kind.floating:
            better = (better | x.differs(x)) & best.equals(best)
        best, at = select(better, x, best), select(better, i, at)
    return at


def contracted(op: Op) -> tuple[int, Callable[[Op, Body, Sequence[Cells]], Cells]] | None:
    """The instructions of a contraction, and a function that writes it as products and sums."""
    a, b = op.operands
    wanted = kind_of(op.results[0].dtype)
    if type(a) is not Var or type(b) is not Var or wanted is None:
        return None
    first, second = kind_of(a.dtype), kind_of(b.dtype)
    if first is None or second is None:
        return None
    left, right, out = parse(op.params["spec"])
    lengths = dict(zip(left + right, a.shape + b.shape, strict=True))
    summed = [c for c in left if c not in out]
    letters = [*out, *summed]
    shape = tuple(lengths[c] for c in letters)
    if not math.prod(shape):
        return None
    grid = np.indices(shape).reshape(len(shape), math.prod(shape))
    length = math.prod(lengths[c] for c in summed)

    def entries(own: str, its: tuple[int, ...]) -> list[list[int]]:
        if not own:
            return [[0] * length] * (math.prod(shape) // length)
        flat = np.ravel_multi_index([grid[letters.index(c)] for c in own], its)
        found: list[list[int]] = flat.reshape(-1, length).tolist()
        return found

    rows = list(zip(entries(left, a.shape), entries(right, b.shape), strict=True))
    add, multiply = combining("add", wanted), combining("multiply", wanted)

    def write(op: Op, body: Body, cells: Sequence[Cells]) -> Cells:
        x = [convert(body.held(c), first, wanted) for c in cells[0]]
        y = [convert(body.held(c), second, wanted) for c in cells[1]]
        return [functools.reduce(add, [multiply(x[i], y[j]) for i, j in zip(*row, strict=True)]) for row in rows]

    return 2 * math.prod(shape), write


def neutral(name: str, kind: Kind) -> Any:
    """What changes nothing when it is combined with a number."""
    if name in ("logical_or", "logical_and"):
        return name == "logical_and"
    if name == "multiply":
        return 1
    if name == "add":
        return -0.0 if kind.floating else 0  # -0.0 + x is x, also where x is -0.0
    highest = name == "minimum"
    if kind.floating:
        return math.inf if highest else -math.inf
    if kind.boolean:
        return highest
    bits = 8 * kind.size - kind.signed
    return (1 << bits) - 1 if highest else -(1 << bits) if kind.signed else 0
