"""What ``np.linalg.lstsq`` and ``np.linalg.qr`` are composed of: one part of their result each, for stacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.traced import dispatched

__all__ = ["least_squares", "thin_qr"]


@dispatched
def least_squares(a: Any, b: Any, *, rcond: float) -> Any:
    """The X of least norm among those that make ‖a X - b‖ smallest.

    Args:
        a: matrices, of shape (..., m, n).
        b: right-hand sides, of shape (..., m, k), with the same leading axes.
        rcond: singular values below this fraction of the largest count as zero.

    >>> least_squares(np.array([[1.0], [1.0]]), np.array([[1.0], [3.0]]), rcond=1e-15)
    array([[2.]])
    """
    if a.ndim == 2:
        return np.linalg.lstsq(a, b, rcond)[0]
    x = np.empty((*a.shape[:-2], a.shape[-1], b.shape[-1]), np.result_type(a, b))
    for index in np.ndindex(a.shape[:-2]):
        x[index] = np.linalg.lstsq(a[index], b[index], rcond)[0]
    return x


@dispatched
def thin_qr(a: Any, *, line: str = "") -> Any:
    """Q and R of matrices with at least as many rows as columns.

    Args:
        a: matrices, of shape (..., m, n), m ≥ n.
        line: the user's, for the error where columns depend on each other.

    >>> thin_qr(np.array([[0.0], [-2.0]]))[1]
    array([[-2.]])
    """
    return tuple(np.linalg.qr(a))
