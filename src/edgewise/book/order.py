"""Where things stand: positions in a sorted order, counts and bins. None of them has a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.order import partition_order
from edgewise.core.primitive import Primitive
from edgewise.core.shapes import negative_axes
from edgewise.families.samples import case, grid
from edgewise.families.structure import MEMBERS, REDUCTION, declare

X = grid(3, 4, 5)
SORTED = np.array([0.0, 1.0, 2.0])


def _along(a: Any, axis: Any, order: None) -> tuple[Any, int]:
    """The array to put in order and the axis, counted from the end; flattened where no axis is given."""
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
    if axis is None or not a.ndim:
        a, axis = np.ravel(a), -1 if axis is None else axis
    (one,) = negative_axes(axis, a.ndim)
    return a, one


def _argsort(
    primitive: Primitive, a: Any, axis: Any = -1, kind: Any = None, order: None = None, *, stable: Any = None
) -> Any:
    a, one = _along(a, axis, order)
    return primitive(a, axis=one, kind="stable" if stable else kind)


def _argpartition(
    primitive: Primitive, a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: None = None
) -> Any:
    a, one = _along(a, axis, order)
    return primitive(a, kth=kth, axis=one, kind=kind)


argsort = declare(np.argsort, REDUCTION, [case(X), case(X, axis=0), case(X, axis=None)], _argsort, zero=True)
argpartition = declare(
    np.argpartition, REDUCTION, [case(X, 2), case(X, (0, 1), axis=1), case(X, 7, axis=None)], _argpartition, zero=True
)


declare(
    partition_order,
    REDUCTION,
    [case(X, 2, -1, "introselect"), case(X, (0, 1), -2, "introselect")],
    lambda primitive, a, kth, axis, kind: primitive(a, kth=kth, axis=axis, kind=kind),
    zero=True,
)


def _searchsorted(primitive: Primitive, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    return primitive(a, v, side=side, sorter=sorter)


searchsorted = declare(
    np.searchsorted,
    MEMBERS,
    [
        case(SORTED, 1.5),
        case(SORTED, grid(2, 3), "right"),
        case(np.array([1.0, 2.0, 0.0]), 0.5, sorter=np.array([2, 0, 1])),
    ],
    _searchsorted,
    operands=("a", "v"),
    zero=True,
)


def _digitize(primitive: Primitive, x: Any, bins: Any, right: bool = False) -> Any:
    return primitive(x, bins, right=right)


digitize = declare(
    np.digitize,
    MEMBERS,
    [case(grid(2, 3), SORTED, wrt=(0,)), case(grid(4), SORTED[::-1], True, wrt=(0,))],
    _digitize,
    operands=("x", "bins"),
    zero=True,
)


def _lexsort(primitive: Primitive, keys: Any, axis: int = -1) -> Any:
    return primitive(*keys, axis=axis)


lexsort = declare(
    np.lexsort,
    MEMBERS,
    [case(np.rint(grid(2, 5))), case(grid(2, 2, 3), axis=0)],
    _lexsort,
    operands=("keys",),
    compute=lambda *keys, axis: np.lexsort(keys, axis),
    zero=True,
)
