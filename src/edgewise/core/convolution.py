"""``convolution``: the product of two sequences in which places add up, along the last axis.

Its transposes are convolutions again, one of them reversed: the adjoint of the full one is the valid one, and the other
way about. So one function differentiates ``np.convolve`` and ``np.correlate``, without the matrix that either is.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from edgewise.core.traced import dispatched

__all__ = ["convolution"]


@dispatched
def convolution(x1: Any, x2: Any, *, mode: Literal["full", "valid"]) -> Any:
    """``np.convolve`` along the last axis; the others are broadcast.

    Args:
        x1: an array of n entries along its last axis.
        x2: an array of m entries along its last axis; where the mode is "valid", m ≤ n.
        mode: "full", y_k = Σ x1_i · x2_(k-i), of n + m - 1 entries; "valid", those n - m + 1 of them where x2 is whole.

    >>> convolution(np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0]), mode="valid")
    array([1., 1.])
    """
    if x1.ndim == x2.ndim == 1:
        return np.convolve(x1, x2, mode)
    lead = np.broadcast_shapes(x1.shape[:-1], x2.shape[:-1])
    n, m = x1.shape[-1], x2.shape[-1]
    y = np.empty((*lead, n + m - 1 if mode == "full" else n - m + 1), np.result_type(x1, x2))
    x1, x2 = np.broadcast_to(x1, (*lead, n)), np.broadcast_to(x2, (*lead, m))
    for index in np.ndindex(lead):
        y[index] = np.convolve(x1[index], x2[index], mode)
    return y
