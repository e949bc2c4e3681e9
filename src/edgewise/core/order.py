"""The order in which ``np.partition`` leaves the entries, as indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.traced import dispatched

__all__ = ["partition_order"]


@dispatched
def partition_order(a: Any, kth: Any, axis: int, kind: Any) -> Any:
    """Which entry ``np.partition`` puts where; ``np.argpartition`` may arrange those on either side otherwise.

    >>> partition_order(np.array([3.0, 1.0, 2.0]), 0, -1, "introselect")[0]
    np.int64(1)
    """
    order = np.empty(a.shape, np.intp)
    arranged = np.argsort(np.partition(a, kth, axis, kind), axis, "stable")
    np.put_along_axis(order, arranged, np.argsort(a, axis, "stable"), axis)
    return order
