"""Reductions that leave NaN out: put what changes nothing in its place, and count what remains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import somewhere
from edgewise.core.registry import ENTRIES
from edgewise.families.samples import case, grid

X = np.where(grid(2, 3, 4, seed=6) > 1.4, np.nan, grid(2, 3, 4))
AXES = [case(X), case(X, axis=1), case(X, axis=(0, -1), keepdims=True)]
MASK = grid(2, 3, 4, seed=3) > -1.9


def _given(**options: Any) -> dict[str, Any]:
    """Options that differ from NumPy's "no value"."""
    return {k: v for k, v in options.items() if v is not None}


@composition(np.nansum, [*AXES, case(X, axis=0, where=MASK, initial=2.0)], "a")
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, initial: Any = None,
           where: Any = True) -> Any:  # fmt: skip
    return np.sum(np.where(np.isnan(a), 0, a), axis, dtype, keepdims=keepdims, where=where, **_given(initial=initial))


@composition(np.nanprod, [*AXES, case(X, axis=0, where=MASK, initial=2.0)], "a")
def nanprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, initial: Any = None,
            where: Any = True) -> Any:  # fmt: skip
    return np.prod(np.where(np.isnan(a), 1, a), axis, dtype, keepdims=keepdims, where=where, **_given(initial=initial))


def _extreme(reduce: Callable[..., Any], worst: float) -> Callable[..., Any]:
    def body(a: Any, axis: Any = None, out: None = None, keepdims: Any = False, initial: Any = None,
             where: Any = True) -> Any:  # fmt: skip
        missing = np.isnan(a)
        if initial is None:
            missing = missing & ~np.all(missing, axis, keepdims=True)  # where there is nothing else, NaN it is
        return reduce(np.where(missing, worst, a), axis, keepdims=keepdims, where=where, **_given(initial=initial))

    return body


nanmax = composition(
    np.nanmax, [*AXES, case(X, axis=0, where=MASK, initial=-2.5)], "a", oracle="difference", note="ties: split evenly"
)(_extreme(np.max, -np.inf))
nanmin = composition(
    np.nanmin, [*AXES, case(X, axis=0, where=MASK, initial=2.5)], "a", oracle="difference", note="ties: split evenly"
)(_extreme(np.min, np.inf))


@composition(np.nanmean, [*AXES, case(X, axis=-1, where=MASK)], "a")
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    axis, dtype = _axis(a, axis), a.dtype if dtype is None and a.dtype.kind in "fc" else dtype
    return np.mean(np.where(np.isnan(a), 0, a), axis, dtype, keepdims=keepdims, where=_present(a, where))


def _axis(a: Any, axis: Any) -> Any:
    """NumPy has a number averaged along an axis 0 that it has not."""
    return None if not a.ndim and axis in (0, -1) else axis


def _present(a: Any, where: Any) -> Any:
    return np.broadcast_to(~np.isnan(a) & where, a.shape)


@composition(np.nanvar, [*AXES, case(X, axis=-1, ddof=1), case(X, axis=(0, -1), where=MASK)],
             "a", "*", "mean", oracle="difference")  # fmt: skip
def nanvar(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    return _spread(np.var, a, axis, dtype, ddof, keepdims, where, mean, correction)


@composition(np.nanstd, [*AXES, case(X, axis=1, ddof=0.5)],
             "a", "*", "mean", oracle="difference", note="0 where the deviation is 0",
             kink=lambda a, axis, where: np.nanstd(a, axis, where=where) == 0)  # fmt: skip
def nanstd(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = None, correction: Any = None,
) -> Any:  # fmt: skip
    return _spread(np.std, a, axis, dtype, ddof, keepdims, where, mean, correction)


def _spread(
    of: Any, a: Any, axis: Any, dtype: Any, ddof: float, keepdims: Any, where: Any, mean: Any, correction: Any
) -> Any:
    free, axis = ddof if correction is None else correction, _axis(a, axis)
    present = _present(a, where)
    filled = np.where(np.isnan(a), 0, a)
    found = ENTRIES[of](filled, axis, dtype, None, free, keepdims, where=present, mean=mean)
    count = np.sum(present, axis, keepdims=keepdims)
    return np.where(count > free, found, np.nan)


@composition(np.nancumsum, [case(X), case(X, axis=0), case(X, axis=-1)], "a")
def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Any:
    return np.cumsum(np.where(np.isnan(a), 0, a), axis, dtype)


@composition(np.nancumprod, [case(X), case(X, axis=0), case(X, axis=-1)], "a")
def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: None = None) -> Any:
    return np.cumprod(np.where(np.isnan(a), 1, a), axis, dtype)


def _position(of: Callable[..., Any], worst: float) -> Callable[..., Any]:
    def body(a: Any, axis: Any = None, out: None = None, *, keepdims: Any = False) -> Any:
        missing = np.isnan(a)
        if somewhere(np.all(missing, axis)):
            raise ValueError("All-NaN slice encountered")
        return of(np.where(missing, worst, a), axis, keepdims=keepdims)

    return body


nanargmax = composition(np.nanargmax, [case(X), case(X, axis=1)], "a")(_position(np.argmax, -np.inf))
nanargmin = composition(np.nanargmin, [case(X), case(X, axis=1, keepdims=True)], "a")(_position(np.argmin, np.inf))
