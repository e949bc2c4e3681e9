"""``np.interp``: differentiable in the place asked for, in the knots and in the values there."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.index import ARRAY, gather
from edgewise.core.shapes import require_safe
from edgewise.core.traced import Traced, cast_as
from edgewise.families.samples import case

KNOTS, VALUES = np.array([-1.5, -0.4, 0.3, 1.2, 2.0]), np.array([0.3, -1.1, 0.8, 1.9, -0.6])
AT = np.array([[0.1, -0.9, 1.7], [0.6, -0.2, 1.0]])


@composition(
    np.interp,
    [
        case(AT, KNOTS, VALUES, wrt=(0, 2)),
        case(0.1, KNOTS, VALUES, wrt=(0, 2)),
        case(AT, KNOTS, VALUES, wrt=(2,)),
        case(np.array([-2.0, 0.1, 2.5]), KNOTS, VALUES, wrt=(0, 2)),
        case(np.array([-2.0, 0.1, 2.5]), KNOTS, VALUES, 7.0, -3.0, wrt=(0, 2)),
        case(np.array([-7.0, 0.1, 11.5]), KNOTS, VALUES, None, None, 4.0, wrt=(0, 1, 2)),
        case(np.array([0.5, 1.5]), np.array([1.0]), np.array([2.0])),
    ],
    "x", "xp", "fp", "left", "right", "period",
    oracle="difference",
    note="at a knot the slope to its right, at the last one to its left; outside 0 by x",
)  # fmt: skip
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    x, xp = (_wide(v, np.float64) for v in (x, xp))
    fp = _wide(fp, np.complex128 if np.iscomplexobj(fp) else np.float64)
    left, right = (None if v is None else _wide(v, fp.dtype) for v in (left, right))
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape != fp.shape:
        raise ValueError("fp and xp are not of the same length")
    if not xp.size:
        raise ValueError("array of sample points is empty")
    if period is not None:
        period, left, right = np.abs(period), None, None
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = (gather(v, order, template=(ARRAY,)) for v in (xp, fp))
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    left, right = fp[0] if left is None else left, fp[-1] if right is None else right
    if xp.size == 1:
        return np.where(x < xp[0], left, np.where(x > xp[0], right, fp[0] + 0 * x))
    j = np.clip(np.searchsorted(xp, x, "right") - 1, 0, xp.size - 2)
    x0, f0, x1, f1 = (gather(v, at, template=(ARRAY,)) for at in (j, j + 1) for v in (xp, fp))
    inside = f0 + (f1 - f0) / (x1 - x0) * (x - x0)
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, inside))


def _wide(v: Any, dtype: Any) -> Any:
    v = v if isinstance(v, Traced) else np.asarray(v)
    require_safe(v.dtype, dtype)
    return cast_as(v, dtype)
