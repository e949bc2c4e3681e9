"""What entries of linear algebra ask of their arguments, in NumPy's words, and NumPy's own named results."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core.levels import differentiated, plain
from edgewise.errors import ArgumentError

__all__ = [
    "broadcast_stacks",
    "named",
    "ready",
    "require_square",
    "require_stack",
    "require_supported",
    "require_symmetric",
]


def ready(a: Any) -> Any:
    """The argument as an array."""
    return a if hasattr(a, "__array_function__") else np.asarray(a)


def require_stack(a: Any) -> None:
    """Refuse what has no two axes, as NumPy does."""
    if a.ndim < 2:
        raise np.linalg.LinAlgError(f"{a.ndim}-dimensional array given. Array must be at least two-dimensional")


def require_supported(*dtypes: Any) -> None:
    """Refuse what LAPACK has no routines for, as NumPy does: float16 and longdouble."""
    for dtype in dtypes:
        if dtype.char in "egG":
            raise TypeError(f"array type {dtype.name} is unsupported in linalg")


def require_square(a: Any) -> None:
    """Refuse what is no square matrix nor a stack of them, as NumPy does."""
    require_stack(a)
    if a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")


def require_symmetric(a: Any, name: str, half: str) -> None:
    """Refuse a matrix that is not symmetric where its derivative is taken: NumPy reads one half of it.

    Raises:
        ArgumentError: beyond rounding.
    """
    if not differentiated(a):
        return
    value = plain(a)
    gap = np.abs(value - np.conj(np.swapaxes(value, -1, -2)))
    if np.any(gap > np.sqrt(np.finfo(value.dtype).eps) * np.abs(value).max(initial=0.0)):
        spelled = "np.tril(A) + np.tril(A, -1)" if half == "L" else "np.triu(A) + np.triu(A, 1)"
        spelled += ".conj().T" if value.dtype.kind == "c" else ".T"
        raise ArgumentError(
            f"{name} was given a matrix that is not symmetric",
            f"NumPy reads its {'lower' if half == 'L' else 'upper'} half and takes the other for its mirror image, "
            "and the derivative is that of a function of symmetric matrices",
            f"mirror that half yourself: A = {spelled}",
        )


def broadcast_stacks(a: Any, b: Any) -> tuple[Any, Any]:
    """Two stacks of matrices with the same leading axes."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return tuple(m if m.shape[:-2] == lead else np.broadcast_to(m, lead + m.shape[-2:]) for m in (a, b))  # type: ignore[return-value]  # two, as given


def named(function: Callable[..., Any], parts: Any) -> Any:
    """The parts of a result in the named tuple that NumPy's function returns."""
    return _result_type(function)(*parts)


@functools.cache
def _result_type(function: Callable[..., Any]) -> Any:
    return type(function(np.eye(1)))
