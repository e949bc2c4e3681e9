"""Building one array out of traced values and numbers, without the detour through Python objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.core.traced import Traced, call

__all__ = ["stack"]


def stack(items: Sequence[Any], axis: int = 0) -> Any:
    """An array of traced values and ordinary numbers, nested lists included: ``np.array([...])`` as one traced array.

    Args:
        items: numbers and arrays of one shape, traced or not, or lists of them.
        axis: where the new axis goes.

    >>> import edgewise as ew
    >>> ew.grad(lambda x: np.sum(np.exp(ew.stack([x, 1.0]))))(0.0)
    np.float64(1.0)
    """
    parts = [stack(item) if isinstance(item, list | tuple) else item for item in items]
    if any(isinstance(p, Traced) for p in parts):
        return call(np.stack, (parts, axis), {})
    return np.stack(parts, axis)
