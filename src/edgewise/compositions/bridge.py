"""Building one array out of traced values and numbers, without the detour through Python objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from edgewise.core.admission import admit
from edgewise.core.traced import Traced, call
from edgewise.errors import ArgumentError, a_kind

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
    if not isinstance(items, Iterable):
        raise ArgumentError(
            f"ew.stack was given {a_kind(items)}", "it stacks several values", "put them in a list: ew.stack([a, b])"
        )
    parts = [stack(item) if isinstance(item, list | tuple) else _number(item) for item in items]
    shapes = {tuple(np.shape(part)) for part in parts}
    if len(shapes) != 1:
        raise ArgumentError(
            f"ew.stack was given values of the shapes {', '.join(map(str, sorted(shapes)))}"
            if parts
            else "ew.stack was given nothing to stack",
            "the result has one shape, in which every value has its place",
            "bring them to one shape first, or join them along an axis with np.concatenate",
        )
    if any(isinstance(p, Traced) for p in parts):
        return call(np.stack, (parts, axis), {})
    return np.stack(parts, axis)


def _number(item: Any) -> Any:
    if isinstance(item, Traced) or getattr(getattr(item, "dtype", None), "kind", "") == "O":
        return admit(item)
    if np.asarray(item).dtype.kind not in "fiubc":
        raise ArgumentError(
            f"ew.stack was given {a_kind(item)}",
            "it stacks numbers and arrays of numbers",
            "convert it first: float(v)",
        )
    return item
