"""The one room of shape and dtype repair.

NumPy broadcasts and promotes silently; a sweep undoes both once, on every edge, so that no rule ever has to. A
cotangent is brought to the shape and dtype of the operand it belongs to, a tangent to those of the result.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

__all__ = [
    "FLOAT64",
    "axes_from",
    "cast",
    "expand",
    "keeps",
    "negative_axes",
    "repeated",
    "require_safe",
    "unbroadcast",
]

FLOAT64 = np.dtype(np.float64)  # NumPy makes one object of it: hot paths compare by identity


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` over the axes along which an operand of ``shape`` was broadcast: the adjoint of broadcasting.

    >>> unbroadcast(np.ones((2, 3)), (1, 3))
    array([[2., 2., 2.]])
    """
    extra = g.ndim - len(shape)
    if extra:
        g = np.sum(g, axis=tuple(range(extra)))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return np.sum(g, axis=axes, keepdims=True) if axes else g


def repeated(t: Any, shape: tuple[int, ...]) -> Any:
    """A number as an array of one shape, without copies: ``np.broadcast_to`` in a fifth of its time where it can be.

    >>> repeated(np.float64(2.0), (2, 2))
    array([[2., 2.],
           [2., 2.]])
    """
    if type(t) is np.float64:
        return np.ndarray(shape, FLOAT64, t, 0, (0,) * len(shape))  # of an immutable buffer, so it is read-only
    return np.broadcast_to(t, shape)


def expand(t: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast a tangent to the shape of its result, where only constants had that shape."""
    return np.broadcast_to(t, shape)


def cast(t: Any, dtype: np.dtype[Any]) -> Any:
    """Bring a tangent or cotangent to the dtype of its value; to a real one by its real part (``core.pairing``).

    >>> cast(np.array([1 + 2j]), np.dtype(float))
    array([1.])
    """
    if t.dtype.kind == "c" and np.dtype(dtype).kind == "f":
        t = np.real(t)
        return t if t.dtype == dtype else t.astype(dtype)
    return t.astype(dtype)


def keeps(keepdims: Any) -> bool:
    """``keepdims=`` of a reduction, which is a bool or an integer.

    Raises:
        TypeError: it is something else, which NumPy does not take for true or false.
    """
    return keepdims if keepdims.__class__ is bool else bool(operator.index(keepdims))


def require_safe(given: Any, wanted: Any) -> None:
    """Refuse a dtype that would lose something on the way to another: the imaginary part, above all.

    Raises:
        TypeError: in NumPy's words.
    """
    given, wanted = np.dtype(given), np.dtype(wanted)
    if not np.can_cast(given, wanted, "safe"):
        raise TypeError(f"Cannot cast array data from {given!r} to {wanted!r} according to the rule 'safe'")


def negative_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the end, sorted, so that a leading batch axis does not move them.

    Raises:
        numpy.exceptions.AxisError: an axis out of bounds, as NumPy says it.

    >>> negative_axes(None, 3), negative_axes((0, -1), 3)
    ((-3, -2, -1), (-3, -1))
    """
    return tuple(range(-ndim, 0)) if axis is None else tuple(sorted(a - ndim for a in axes_from(axis, ndim)))


def axes_from(axis: Any, ndim: int, *, repeated: bool = False) -> tuple[int, ...]:
    """Axes counted from 0, in the order given.

    Raises:
        numpy.exceptions.AxisError: an axis out of bounds, as NumPy says it.
        ValueError: an axis given twice.

    >>> axes_from((-1, 0), 3)
    (2, 0)
    """
    axes = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    found = []
    for one in map(operator.index, axes):
        if not -ndim <= one < ndim:
            raise np.exceptions.AxisError(one, ndim)
        found.append(one % ndim)
    if not repeated and len(set(found)) != len(found):
        raise ValueError("repeated axis")
    return tuple(found)
