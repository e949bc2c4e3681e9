"""Operations as the body of loops.

That is a space of axes, what is read at each point of it, what is computed there, and along which axes the results are
folded. Elementwise operations, reductions and contractions are all of this one form. ``entry(op)`` makes it, or says
that there is none.
"""

from __future__ import annotations

import functools
import math
import os
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.kernels.arithmetic import REAL
from edgewise.compile.kernels.kinds import Kind, kind_for, kind_of
from edgewise.compile.kernels.names import structural_name
from edgewise.compile.kernels.scalars import Scalar, scalar
from edgewise.compile.kernels.views import Axis, Known, Pick, View, picked, whole
from edgewise.core.contract import parse
from edgewise.core.program import Op, Var

__all__ = ["Entry", "Fold", "copy_of", "entry", "most_products", "tiled"]

# Products of numbers in a product of matrices that is not left to BLAS, where that has one core, and where it has more
# and shares the work among them. Measured with benchmarks/products.py.
MOST_ALONE = 1 << 27
MOST_SHARED = 1 << 21
WRITTEN = 128  # products of numbers that are rather written out than done in vectors, by loops and through memory
REUSED = 8  # points that share an entry of an operand from which on that is made before, not again at each of them

_FOLDS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}


class Fold(NamedTuple):
    """How values become one along axes.

    Attributes:
        name: of the operation that makes one of two.
        axes: of the space.
        kept: the axes of the space that the result has, in the result's order.
    """

    name: str
    axes: frozenset[int]
    kept: tuple[int, ...]


class Entry(NamedTuple):
    """One operation on every point of a space.

    Attributes:
        var: the result.
        space: lengths of the axes.
        reads: each operand, a variable or a number, and which of its entries belongs to a point.
        how: what is computed of them; None where they are taken as they are.
        kind: of what is computed, before folding.
        fold: None for a result that has the space as its shape.
        picks: index arrays, which say where in the one operand to look; in ``reads`` they follow it.
    """

    var: Var
    space: tuple[int, ...]
    reads: tuple[tuple[Any, View], ...]
    how: Scalar | None
    kind: Kind
    fold: Fold | None = None
    picks: tuple[Pick, ...] = ()

    @property
    def cost(self) -> int:
        """Instructions at a point, roughly."""
        return (self.how.cost if self.how else 0) + (self.fold is not None) + 8 * len(self.picks)

    @property
    def shared(self) -> list[Var]:
        """The factors of a contraction each entry of which is needed at many points, so that they are made before."""
        if self.fold is None or self.how is None:
            return []
        points = math.prod(self.space)
        return [x for x, _ in self.reads if type(x) is Var and points >= REUSED * math.prod(x.shape)]


def entry(op: Op, fused: bool, known: Known) -> Entry | None:
    """An operation as the body of loops; None where it has no such form."""
    if len(op.results) != 1:
        return None
    result = op.results[0]
    if structural_name(op.primitive) == "broadcast_to" and type(op.operands[0]) is not Var:
        return _filled(op)
    kinds = [kind_of(x.dtype) for x in (*(o for o in op.operands if type(o) is Var), result)]
    sizes = [math.prod(o.shape) for o in op.operands if type(o) is Var]
    if any(k is None for k in kinds) or not all(sizes) or not math.prod(result.shape) or not sizes:
        return None
    name = structural_name(op.primitive)
    if name in _FOLDS:
        return _reduction(op, _FOLDS[name])
    if name == "contract":
        return _contraction(op)
    if name == "gather":
        return _gathered(op, known)
    how = scalar(op, fused)
    if how is None:
        return None
    reads = tuple(
        (o, whole(o.shape if type(o) is Var else (), result.shape))
        for i, o in enumerate(op.operands)
        if i not in how.fixed
    )
    kept = tuple(k for i, k in enumerate(how.kinds) if i not in how.fixed)
    return Entry(result, result.shape, reads, how._replace(kinds=kept), how.result)


def tiled(op: Op, fused: bool, known: Known) -> bool:
    """Whether an operation on few numbers is better done by loops: a product of matrices that fills vectors."""
    if structural_name(op.primitive) != "contract":
        return False
    one = entry(op, fused, known)
    return one is not None and math.prod(one.space) > WRITTEN and op.results[0].shape[-1:] == (8,)


def copy_of(source: Var, result: Var) -> Entry:
    """The entries of one variable as another, which has memory of its own."""
    kind = kind_for(source.dtype)
    return Entry(result, source.shape, ((source, whole(source.shape, source.shape)),), None, kind)


def _filled(op: Op) -> Entry | None:
    """One number everywhere."""
    result, (number,) = op.results[0], op.operands
    kind = kind_of(result.dtype)
    if kind is None or np.ndim(number) or 0 in result.shape:
        return None
    return Entry(result, result.shape, ((number, View(())),), None, kind)


def _reduction(op: Op, name: str) -> Entry | None:
    x, result = op.operands[0], op.results[0]
    given, wanted = kind_of(x.dtype), kind_of(result.dtype)
    assert given is not None
    assert wanted is not None
    within = given if name in ("maximum", "minimum") else wanted
    if within.complex and name not in ("add", "multiply"):
        return None
    axes = op.params["axis"]
    axes = axes if isinstance(axes, tuple) else (axes,)
    along = frozenset(a % len(x.shape) for a in axes) if x.shape else frozenset()
    kept = tuple(k for k in range(len(x.shape)) if k not in along)
    fold = Fold(name, along, kept) if along else None
    return Entry(result, x.shape, ((x, whole(x.shape, x.shape)),), None, within, fold)


def _gathered(op: Op, known: Known) -> Entry | None:
    """Entries that index arrays name."""
    x, *arrays = op.operands
    kind = kind_of(op.results[0].dtype)
    if type(x) is not Var or kind is None or not arrays:
        return None
    view, picks, shape = picked(op.params["template"], tuple(arrays), x.shape, known)
    reads = ((x, view), *((pick.array, pick.view) for pick in picks))
    return Entry(op.results[0], shape, reads, None, kind, None, picks)


@functools.cache
def most_products() -> int:
    """How many products of numbers a product of matrices may have that is not left to BLAS."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    told = [int(value) for name in names if (value := os.environ.get(name, "")).isdecimal()]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return MOST_ALONE if min([*told, cores]) == 1 else MOST_SHARED


def _contraction(op: Op) -> Entry | None:
    """Products of matrices with vectors, and of matrices that are not too large; others are left to BLAS."""
    a, b = op.operands
    kind = kind_for(op.results[0].dtype)
    if type(a) is not Var or type(b) is not Var or a.dtype != kind.dtype or b.dtype != kind.dtype or kind.complex:
        return None
    left, right, out = parse(op.params["spec"])
    lengths = dict(zip(left + right, a.shape + b.shape, strict=True))
    letters = "".join(dict.fromkeys(left + right))
    summed = "".join(c for c in letters if c not in out)
    covering = [own for own in (left, right) if len(own) == len(letters)]
    if summed and covering:  # as the larger operand lies, so that what makes it can be in the same loops
        letters = covering[0]
    elif summed and math.prod(lengths.values()) > most_products():
        return None
    else:
        letters = out + summed
    space = tuple(lengths[c] for c in letters)
    reads = tuple((x, View(tuple(Axis(0, 1, letters.index(c)) for c in own))) for x, own in ((a, left), (b, right)))
    how = Scalar("multiply", (kind, kind), kind, kind, REAL["multiply"])
    along = frozenset(k for k, c in enumerate(letters) if c not in out)
    fold = Fold("add", along, tuple(letters.index(c) for c in out)) if along else None
    return Entry(op.results[0], space, reads, how, kind, fold)
