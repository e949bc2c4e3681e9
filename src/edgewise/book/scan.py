"""Running along an axis: cumulative sums and products, recurrences."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core import stores
from edgewise.core.primitive import Primitive
from edgewise.core.recurrence import delayed, recurrence
from edgewise.core.shapes import negative_axes
from edgewise.families.samples import case, grid
from edgewise.families.structure import SCAN, declare
from edgewise.maps import CumulativeSum, Diagonal, Recurrence


def _cumulative(primitive: Primitive, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    if out is not None:
        raise stores.refused("out=")
    if dtype is not None:
        a = a.astype(dtype)
    if axis is None or not a.ndim:
        a, axis = np.ravel(a), axis or 0
    (one,) = negative_axes(axis, a.ndim)
    return primitive(a, axis=one)


CASES = [case(grid(4)), case(grid(2, 3), axis=0), case(grid(2, 3), axis=-1), case(grid(2, 3))]

cumsum = declare(np.cumsum, SCAN, CASES, _cumulative, lambda axis: CumulativeSum(axis))
cumprod = declare(
    np.cumprod,
    SCAN,
    [*CASES, case(np.array([2.0, 0.0, -1.5, 0.0, 3.0]))],
    _cumulative,
    lambda x, y, axis: Recurrence(x, axis) @ Diagonal(delayed(y, axis, 1.0)),
    note="exact at zeros",
)
recurrence_of = declare(
    recurrence,
    SCAN,
    [case(grid(4), grid(4, seed=1), axis=-1), case(grid(2, 3), grid(2, 3, seed=1), axis=-2)],
    None,
    lambda x1, y, axis: Recurrence(x1, axis) @ Diagonal(delayed(y, axis)),
    lambda x1, axis: Recurrence(x1, axis),
    operands=("a", "b"),
)
