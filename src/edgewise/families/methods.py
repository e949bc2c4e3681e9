"""The methods of a ufunc of two operands, ``reduce``, ``accumulate``, ``reduceat`` and ``outer``: compositions.

They follow from the declaration of the ufunc alone. Where NumPy has a function of the same meaning (``np.add.reduce``
is ``np.sum``) that is called; otherwise the ufunc is applied step by step along the axis, one node a step. (That is the
definition. ``np.power.reduce`` and ``np.arctan2.reduce`` of NumPy 2.4 break it along a contiguous axis, on processors
with AVX-512: they leave entries out, where ``accumulate`` does not.)
``out=`` never gets here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.registry import Declaration, find, register
from edgewise.core.shapes import axes_from, keeps
from edgewise.core.traced import Traced
from edgewise.families.samples import Case, case

__all__ = ["declare_methods"]

_ABSENT: Any = object()

# What the methods are called in NumPy. The functions of maxima and of truth values have no dtype=.
_REDUCE: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_ACCUMULATE: dict[np.ufunc, Callable[..., Any]] = {np.add: np.cumsum, np.multiply: np.cumprod}


def declare_methods(ufunc: np.ufunc, samples: Sequence[Case], oracle: str, note: str, zero: bool) -> None:
    """Declare the methods of ``ufunc``: all of them if its results are operands again, else ``outer`` alone.

    Args:
        ufunc: a ufunc of two operands and one result.
        samples: of the ufunc; the first has arrays of shape (2, 3), and one in the domain of either operand first.
        oracle: of the ufunc.
        note: of the ufunc.
        zero: it has no derivative.
    """
    x, y = samples[0].args
    if np.shape(x) != (2, 3) or np.shape(y) != (2, 3):  # bits, which no float has
        return
    row = functools.partial(_declare, ufunc, "difference" if zero or oracle == "mpmath" else oracle, note)
    row("outer", _outer, [case(x[0], y, wrt=(0, 1))], None)
    if _truth(ufunc) and ufunc.identity is None:  # a comparison
        return
    steps = np.concatenate([x, 0.9 * x[:1, ::-1]])
    row("reduce", _reduce, [case(steps), case(steps[None], -2, keepdims=True)], ("array", "*", "where"))
    row("accumulate", _accumulate, [case(steps), case(steps.T.copy(), axis=-1)][: 1 if zero else 2], ("array",))
    row("reduceat", _reduceat, [case(steps, [0, 2, 1], wrt=(0,))], ("array",))


def _truth(ufunc: np.ufunc) -> bool:
    return "dd->?" in ufunc.types


def _declare(
    ufunc: np.ufunc, oracle: str, note: str, name: str, body: Any, samples: Sequence[Case], operands: Any
) -> None:
    declaration = Declaration(getattr(ufunc, name), "composition", samples, None, oracle, note)
    register(declaration, functools.partial(body, ufunc), operands)


def _outer(ufunc: np.ufunc, A: Any, B: Any, /, **kwargs: Any) -> Any:
    first, second = (x if isinstance(x, Traced) else np.asanyarray(x) for x in (A, B))
    return find(ufunc)(np.reshape(first, first.shape + (1,) * second.ndim), second, **kwargs)


def _ready(ufunc: np.ufunc, array: Any, dtype: Any) -> Any:
    array = array if isinstance(array, Traced) else np.asanyarray(array)
    if dtype is not None:
        ufunc.accumulate(np.ones(1, array.dtype), dtype=dtype)  # NumPy's own verdict on the dtype
    if _truth(ufunc):
        return array != 0
    return array if dtype is None else array.astype(dtype)


def _reduce(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = _ABSENT,
    where: Any = True,
) -> Any:
    array = _ready(ufunc, array, dtype)
    given = {} if initial is _ABSENT else {"initial": initial}
    named = _REDUCE.get(ufunc)
    if named is not None:
        return named(array, axis, keepdims=keepdims, where=where, **given)
    masked = where is not True
    # NumPy's own verdict on the axes, and on whether there is something to begin with
    one = (1,) * array.ndim
    ufunc.reduce(np.ones(one, array.dtype), axis=axis, **({"where": np.ones(one, bool)} if masked else {}), **given)
    if not array.ndim:
        return array if initial is _ABSENT else ufunc(initial, array)
    axes = tuple(range(array.ndim)) if axis is None else axes_from(axis, array.ndim)
    rest = tuple(i for i in range(array.ndim) if i not in axes)
    lengths = tuple(array.shape[i] for i in rest)
    steps = _steps_first(array, axes, rest, lengths)
    masks = _steps_first(np.broadcast_to(where, array.shape), axes, rest, lengths) if masked else None
    if not steps.shape[0]:
        return ufunc.reduce(np.ones(array.shape, array.dtype), axis=axis, keepdims=keepdims, **given)
    result: Any = (ufunc.identity if masked else None) if initial is _ABSENT else initial
    for i in range(steps.shape[0]):
        step = steps[i] if result is None else ufunc(result, steps[i])
        result = step if masks is None else np.where(masks[i], step, result)
    return np.expand_dims(result, axes) if keeps(keepdims) else result


def _steps_first(a: Any, axes: tuple[int, ...], rest: tuple[int, ...], lengths: tuple[int, ...]) -> Any:
    return np.reshape(np.transpose(a, (*axes, *rest)), (-1, *lengths)) if 0 not in lengths else a


def _accumulate(ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    array = _ready(ufunc, array, dtype)
    if not array.ndim:
        raise TypeError("cannot accumulate on a scalar")
    named = _ACCUMULATE.get(ufunc)
    if named is not None:
        return named(array, axis)
    (one,) = axes_from(axis, array.ndim)
    steps = np.moveaxis(array, one, 0)
    if not steps.shape[0]:
        return array
    made = [steps[0]]
    for i in range(1, steps.shape[0]):
        made.append(ufunc(made[-1], steps[i]))
    return np.stack(made, one)


def _reduceat(
    ufunc: np.ufunc, array: Any, at: Any, axis: Any = 0, dtype: Any = None, out: Any = None, indices: Any = None
) -> Any:
    """``indices``: NumPy gives them by position, and where the user named them by name as well."""
    array = _ready(ufunc, array, dtype)
    (one,) = axes_from(axis, array.ndim)
    steps = np.moveaxis(array, one, 0)
    n = steps.shape[0]
    starts = [int(i) for i in np.asarray(at)]
    if not starts:
        return np.moveaxis(steps[:0], 0, one)
    for at in starts:
        if not 0 <= at < n:
            raise IndexError(f"index {at} out-of-bounds in {ufunc.__name__}.reduceat [0, {n})")
    ends = [*starts[1:], n]
    made = [
        _reduce(ufunc, steps[start:end]) if start < end else steps[start]
        for start, end in zip(starts, ends, strict=True)
    ]
    return np.stack(made, one)
