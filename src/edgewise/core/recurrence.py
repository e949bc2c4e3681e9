"""``recurrence``: y_i = a_i · y_(i-1) + b_i along an axis, with y_(-1) = 0.

It is the transpose that cumulative products lack a NumPy name for, and its own: the adjoint of a recurrence is the
recurrence run backwards. No division, hence right at zeros.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.traced import dispatched

__all__ = ["delayed", "recurrence", "reversed_along"]


@dispatched
def recurrence(a: Any, b: Any, *, axis: int) -> Any:
    """Solve y_i = a_i · y_(i-1) + b_i along ``axis`` (counted from the end).

    Args:
        a: multipliers; the first is not used.
        b: addends, of the shape of ``a``.
        axis: along which it runs, counted from the end.

    >>> recurrence(np.array([9.0, 2.0, 2.0]), np.array([1.0, 0.0, 1.0]), axis=-1)
    array([1., 2., 5.])
    """
    a, b = np.broadcast_arrays(a, b)
    dtype = np.result_type(a, b)
    if b.ndim == 1 and dtype == np.float64:  # Python floats: 10 times faster than array scalars
        state = 0.0
        out: list[float] = []
        for multiplier, addend in zip(a.tolist(), b.tolist(), strict=True):
            state = (multiplier * state if out else 0.0) + addend
            out.append(state)
        return np.array(out)
    y = np.empty(b.shape, dtype)
    a, b, steps = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0), np.moveaxis(y, axis, 0)
    for i in range(len(steps)):
        steps[i] = a[i] * steps[i - 1] + b[i] if i else b[i]
    return y


def delayed(x: Any, axis: int, first: float = 0.0) -> Any:
    """``x`` one step later along ``axis``: x_(i-1), beginning with ``first``."""
    head = _slice(x, axis, slice(0, 1))
    return np.concatenate([np.full_like(head, first), _slice(x, axis, slice(0, -1))], axis=axis)


def reversed_along(x: Any, axis: int) -> Any:
    """``x`` read backwards along ``axis``."""
    return _slice(x, axis, slice(None, None, -1))


def _slice(x: Any, axis: int, part: slice) -> Any:
    return x[(..., part) + (slice(None),) * (-axis - 1)]
