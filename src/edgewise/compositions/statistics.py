"""Means, variances and other summaries, from sums; rounding to decimals; comparisons of whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import somewhere
from edgewise.core.operators import method
from edgewise.core.pairing import squares
from edgewise.core.refusals import refuse_options
from edgewise.core.shapes import axes_from, keeps, negative_axes
from edgewise.core.traced import cast_as
from edgewise.families.samples import case, grid

X = grid(2, 3, 4)
AXES = [case(X), case(X, axis=1), case(X, axis=(0, -1), keepdims=True)]
MASK = grid(2, 3, 4, seed=3) > -0.5
DECIMALS = np.array([[0.3, -0.7, 1.4], [2.2, -1.2, 0.9]])
MASKED = ("a", "*", "where")  # a mask may differ within a batch

_METHODS: dict[str, Any] = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "any": np.any, "all": np.all,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "clip": np.clip,
}  # fmt: skip
for name, function in _METHODS.items():
    method(name, function)


def _count(a: Any, axis: Any) -> int:
    n = 1
    for i in negative_axes(axis, a.ndim):
        n *= a.shape[i]
    return n


def _per_entry(total: Any, a: Any, axes: tuple[int, ...], where: Any, free: float = 0) -> Any:
    """A sum divided by how many entries it has, less ``free``; the number of entries does not widen float32."""
    if where is True:
        return total / max(_count(a, axes) - free, 0)
    count = np.sum(np.broadcast_to(where, a.shape), axis=axes, keepdims=True)
    return total / cast_as(np.maximum(count - free, 0), total.dtype)


@composition(np.mean, [*AXES, case(X, axis=1, where=MASK)], *MASKED, methods=("mean",))
def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    _refuse_integers("np.mean", dtype)
    axes = negative_axes(axis, a.ndim)
    half = dtype is None and a.dtype == np.float16  # whose sum would not fit
    total = np.sum(a, axis=axes, dtype=np.float32 if half else dtype, keepdims=True, where=where)
    found = _dropped(_per_entry(total, a, axes, where), axes, keepdims)
    return cast_as(found, a.dtype) if half else found


def _refuse_integers(name: str, dtype: Any) -> None:
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        refuse_options(name, {"dtype": dtype})


def _dropped(a: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    return a if keeps(keepdims) or not axes else np.squeeze(a, axes)


def _along(weights: Any, a: Any, axis: Any) -> Any:
    """Weights of the axes given, in the order given, brought to those axes."""
    shape = np.shape(a)
    if np.shape(weights) == shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axes = axes_from(axis, len(shape))
    if np.shape(weights) != tuple(shape[i] for i in axes):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    weights = np.transpose(weights, sorted(range(len(axes)), key=axes.__getitem__))
    return np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(shape)))


@composition(
    np.average,
    [case(X), case(X, axis=1), case(grid(2, 3), axis=1, weights=np.array([0.2, 0.5, 0.4])),
     case(X, (2, 0), np.array([[0.2, 0.5], [0.4, 0.9], [1.1, 0.3], [0.7, 0.6]]), keepdims=True)],
)  # fmt: skip
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    if weights is None:
        scale: Any = float(_count(a, axis))
        result = np.mean(a, axis, keepdims=keepdims)
    else:
        a, weights = (x if hasattr(x, "__array_function__") else np.asarray(x) for x in (a, weights))
        weights = _along(weights, a, axis)
        dtype = np.result_type(a.dtype, weights.dtype, *([np.float64] if a.dtype.kind in "biu" else []))
        weights = weights if weights.dtype == dtype else cast_as(weights, dtype)
        scale = np.sum(np.broadcast_to(weights, np.shape(a)), axis=axis, keepdims=keepdims)
        if somewhere(scale == 0.0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        result = np.sum(a * weights, axis=axis, keepdims=keepdims) / scale
    return (result, np.broadcast_to(scale, np.shape(result))) if returned else result


@composition(
    np.var,
    [*AXES, case(X, axis=1, ddof=1), case(X, axis=1, where=MASK)],
    *MASKED,
    "mean",
    methods=("var",),
    oracle="difference",  # of complex numbers it is the mean of |x|²
)
def var(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    _refuse_integers("np.var", dtype)
    axes = negative_axes(axis, a.ndim)
    own = a.dtype if dtype is None and a.dtype.kind in "fc" else dtype  # not wider, as np.mean of float16 is inside
    centre = np.mean(a, axes, own, keepdims=True, where=where) if mean is None else mean
    total = np.sum(squares(a - centre), axes, dtype, keepdims=True, where=where)
    free = ddof if correction is None else correction
    return _dropped(_per_entry(total, a, axes, where, free), axes, keepdims)


@composition(
    np.std,
    [*AXES, case(X, axis=1, ddof=1)],
    *MASKED,
    "mean",
    methods=("std",),
    oracle="difference",  # as for var
    note="0 where the deviation is 0",
    kink=lambda a, axis, where: np.std(a, axis, where=where) == 0,
)
def std(
    a: Any, axis: Any = None, dtype: Any = None, out: None = None, ddof: float = 0, keepdims: Any = False, *,
    where: Any = True, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    variance = var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction)
    flat = variance == 0
    return np.where(flat, 0, np.sqrt(np.where(flat, 1, variance)))


@composition(np.ptp, [*AXES], "a", oracle="difference")
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: Any = False) -> Any:
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


@composition(np.diff, [case(X), case(X, 2, axis=1), case(grid(4), prepend=0.5)], "a", "*", "prepend", "append")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    (one,) = negative_axes((axis,), a.ndim)
    at = a.ndim + one
    parts = [a]
    for extra, place in ((prepend, 0), (append, len(parts) + 1)):
        if extra is not None:
            edge = (*a.shape[:at], 1, *a.shape[at + 1 :])
            parts.insert(place, extra if np.ndim(extra) else np.broadcast_to(extra, edge))
    if len(parts) > 1:
        a = np.concatenate(parts, one)
    lead = (slice(None),) * at
    differs = np.not_equal if a.dtype == bool else np.subtract
    for _ in range(n):
        a = differs(a[(*lead, slice(1, None))], a[(*lead, slice(None, -1))])
    return a


@composition(np.round, [case(DECIMALS), case(DECIMALS, 1)], "a", methods=("round",), note="0")
def round_(a: Any, decimals: int = 0, out: None = None) -> Any:
    if a.dtype.kind in "iu":
        return a * 1 if decimals >= 0 else a.astype(float).round(decimals).astype(a.dtype)
    scale = 10.0**decimals
    return np.rint(a * scale) / scale if decimals else np.rint(a)


@composition(np.allclose, [case(X, X)], "a", "b")
def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    return bool(np.all(np.isclose(a, b, rtol, atol, equal_nan)))


@composition(np.isclose, [case(X, X)], "a", "b")
def isclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    close = np.where(np.isfinite(a) & np.isfinite(b), np.abs(a - b) <= atol + rtol * np.abs(b), np.equal(a, b))
    return close | (np.isnan(a) & np.isnan(b)) if equal_nan else close


@composition(np.array_equal, [case(X, X)], "a1", "a2")
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    return bool(np.shape(a1) == np.shape(a2) and np.all((a1 == a2) | (np.isnan(a1) & np.isnan(a2) & equal_nan)))
