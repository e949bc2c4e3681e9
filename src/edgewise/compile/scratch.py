"""Scratch memory for kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["ALIGNMENT", "scratch"]

ALIGNMENT = 64  # bytes: a cache line, and the widest vector register


def scratch(count: int) -> tuple[np.ndarray[Any, Any], int]:
    """Aligned memory of so many bytes, and its address.

    >>> memory, address = scratch(100)
    >>> memory.nbytes, address % ALIGNMENT
    (100, 0)
    """
    whole = np.empty(count + ALIGNMENT, np.uint8)
    start = whole.__array_interface__["data"][0]
    gap = -start % ALIGNMENT
    return whole[gap : gap + count], start + gap
