"""Medians and quantiles: sort, then look between two neighbours. Differentiable in the quantile asked for, too."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import somewhere
from edgewise.core.shapes import negative_axes
from edgewise.core.traced import Traced, TracedScalar, cast_as
from edgewise.families.samples import case, grid

X = grid(2, 3, 4)
HOLES = np.where(grid(2, 3, 4, seed=6) > 1.4, np.nan, X)
Q = np.array([[0.1, 0.55], [0.72, 0.45]])
# Before NumPy 2.4 a float64 scalar was a Python number here, which takes the dtype of the array.
WEAK_SCALARS = np.quantile(np.ones(1, np.float32), np.float64(0.5)).dtype == np.float32
NOTE = "ties keep their order; NaN where there is one"

# Where the quantile q of n sorted entries lies, counted from 0: Hyndman & Fan, The American Statistician 50 (1996).
_CONTINUOUS: dict[str, tuple[float, float]] = {
    "interpolated_inverted_cdf": (0, 1),
    "hazen": (0.5, 0.5),
    "weibull": (0, 0),
    "linear": (1, 1),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
_STEPS: dict[str, Callable[[Any, Any], tuple[Any, Any, Any]]] = {
    "lower": lambda n, q: (np.floor((n - 1) * q),) * 2 + (0.0,),
    "higher": lambda n, q: (np.ceil((n - 1) * q),) * 2 + (0.0,),
    "nearest": lambda n, q: (np.rint((n - 1) * q),) * 2 + (0.0,),
    "midpoint": lambda n, q: (np.floor((n - 1) * q), np.ceil((n - 1) * q), 0.5 + 0 * q),
    "inverted_cdf": lambda n, q: (np.ceil(n * q) - 1,) * 2 + (0.0,),
    "averaged_inverted_cdf": lambda n, q: (np.ceil(n * q) - 1, np.floor(n * q), 0.5 + 0 * q),
    "closest_observation": lambda n, q: (_closest(n * q - 1.5),) * 2 + (0.0,),
}


def _closest(at: Any) -> Any:
    """The next position, and of two that are as near the one at an even place, counted from 1."""
    low = np.floor(at)
    return np.where((at == low) & (low % 2 == 1), low, low + 1)


def _last(n: Any) -> Any:
    return max(n - 1, 0) if isinstance(n, int) else np.maximum(n - 1, 0)


def _neighbours(n: Any, q: Any, method: str) -> tuple[Any, Any, Any]:
    """Positions below and above the quantile, and how far it is from the one to the other."""
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        at = n * q + (alpha + q * (1 - alpha - beta)) - 1
        at = np.clip(at, 0, _last(n))
        low = np.floor(at)
        return low, low + 1, at - low
    if method not in _STEPS:
        raise ValueError(f"{method!r} is not a valid method. Use one of: {[*_CONTINUOUS, *_STEPS]}")
    return _STEPS[method](n, q)


def _in_front(a: Any, axis: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """The axes made one, at the end; the others; and the shape that keeps them with length one."""
    axes = negative_axes(axis.tolist() if isinstance(axis, np.ndarray) else axis, a.ndim)
    rest = tuple(i for i in range(-a.ndim, 0) if i not in axes)
    kept = tuple(1 if i in axes else a.shape[i] for i in range(-a.ndim, 0))
    lengths = tuple(a.shape[i] for i in rest)
    entries = 1
    for i in axes:
        entries *= a.shape[i]
    return np.reshape(np.transpose(a, (*rest, *axes)), (*lengths, entries)), lengths, kept


def _operands(a: Any, q: Any, hundred: bool = False) -> tuple[Any, Any]:
    """The entries and the quantiles asked for, in NumPy's dtype; ``hundred``: percentiles are asked for."""
    a = a if isinstance(a, Traced) else np.asarray(a)
    if np.iscomplexobj(a):
        raise TypeError("a must be an array of real numbers")
    floats = a.dtype.kind == "f"
    if hundred:
        narrow = floats and (WEAK_SCALARS or type(q) in (int, float))
        q = np.true_divide(q, a.dtype.type(100) if narrow else 100)
    elif floats and _is_weak(q):
        q = cast_as(q, a.dtype) if isinstance(q, Traced) else a.dtype.type(q)
    q = q if isinstance(q, Traced) else np.asarray(q)
    if somewhere(~((q >= 0) & (q <= 1))):
        raise ValueError(
            f"{'Percentiles' if hundred else 'Quantiles'} must be in the range [0, {100 if hundred else 1}]"
        )
    return a, q


def _is_weak(q: Any) -> bool:
    """Whether a quantile takes the dtype of the entries."""
    if isinstance(q, TracedScalar):
        return WEAK_SCALARS and q.dtype == np.float64
    return type(q) in (int, float) or (WEAK_SCALARS and isinstance(q, float))


def _quantile(a: Any, q: Any, axis: Any, method: str, keepdims: Any, skip_nan: bool) -> Any:
    flat, lengths, kept = _in_front(a, axis)
    ordered = np.sort(flat, axis=-1)
    n = flat.shape[-1]
    if not n:
        if not skip_nan:
            raise IndexError("index -1 is out of bounds for axis 0 with size 0")
        return _of_nothing(a, np.shape(q) + (kept if keepdims else lengths))
    points = np.reshape(q, (-1,))
    count = cast_as(np.sum(~np.isnan(flat), axis=-1, keepdims=True), points.dtype) if skip_nan else n
    low, high, share = _neighbours(count, points, method)
    below, above = (_pick(ordered, np.clip(at, 0, _last(count)), lengths) for at in (low, high))
    step = above - below  # from the nearer neighbour, as NumPy does: infinite ones count
    result = np.where(share < 0.5, below + step * share, above - step * (1 - share))
    if skip_nan:
        result = np.where(share == 0, below, result)
    else:
        last = ordered[..., -1:]
        result = np.where(np.isnan(last), last, np.where(share == 0, below, result))
    result = np.moveaxis(result, -1, 0)
    return np.reshape(result, np.shape(q) + (kept if keepdims else lengths))


def _of_nothing(a: Any, shape: tuple[int, ...]) -> Any:
    """NaN, and NumPy's warning."""
    warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=4)
    return np.full_like(a, np.nan, shape=shape)


def _median(a: Any, axis: Any, keepdims: Any, skip_nan: bool) -> Any:
    """The mean of the two entries in the middle; complex numbers are sorted by real, then by imaginary part."""
    flat, lengths, kept = _in_front(a, axis)
    shape = kept if keepdims else lengths
    n = flat.shape[-1]
    if not n:
        return _of_nothing(a, shape)
    ordered = np.sort(flat, axis=-1)
    count = np.sum(~np.isnan(flat), axis=-1, keepdims=True) if skip_nan else np.full((1,), n)
    low, high = (count - 1) // 2, count // 2
    below, above = (_pick(ordered, np.clip(at, 0, n - 1), lengths) for at in (low, high))
    middle = np.where(low == high, below, (below + above) / 2)
    if not skip_nan:
        last = ordered[..., -1:]
        middle = np.where(np.isnan(last), last, middle)
    return np.reshape(middle, shape)


def _tied(a: Any, found: Any, axis: Any) -> Any:
    """Which quantiles are equal to several entries."""
    axes = negative_axes(axis, a.ndim)
    return np.sum(a == np.expand_dims(found, axes), axis=axes) > 1


def _pick(ordered: Any, at: Any, lengths: tuple[int, ...]) -> Any:
    at = cast_as(at, int)
    return np.take_along_axis(ordered, np.broadcast_to(at, (*lengths, at.shape[-1])), -1)


@composition(
    np.quantile,
    [
        case(X, 0.37, wrt=(0,)), case(X, 0.37, axis=1), case(X, 0.07 + Q, axis=(0, -1), keepdims=True, wrt=(0,)),
        case(X, 0.37, axis=-1, wrt=(0,)), case(X, np.array([0.0, 0.5, 1.0]), axis=0, wrt=(0,)),
        *(case(X, Q, axis=1, method=m) for m in (*_CONTINUOUS, *_STEPS)),
    ],
    "a", "q",
    oracle="difference",
    note=NOTE,
    kink=lambda a, q, axis, method, weights: _tied(a, np.quantile(a, q, axis, method=method, weights=weights), axis),
)  # fmt: skip
def quantile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None, interpolation: Any = None,  # method's name until NumPy 2.4
) -> Any:  # fmt: skip
    return _found(*_operands(a, q), axis, interpolation or method, keepdims, weights)


def _found(a: Any, q: Any, axis: Any, method: str, keepdims: Any, weights: Any) -> Any:
    if weights is not None:
        return _weighted(a, q, axis, method, keepdims, weights)
    return _quantile(a, q, axis, method, keepdims, False)


def _weighted(a: Any, q: Any, axis: Any, method: str, keepdims: Any, weights: Any) -> Any:
    """The first entry whose share of the weight reaches q: it depends on the weights in steps only."""
    if method != "inverted_cdf":
        raise ValueError("Only method 'inverted_cdf' supports weights.")
    if np.shape(weights) != np.shape(a):
        (one,) = negative_axes(axis, np.ndim(a))
        weights = np.broadcast_to(np.reshape(weights, (-1,) + (1,) * (-one - 1)), np.shape(a))
    flat, lengths, kept = _in_front(a, axis)
    heavy, _, _ = _in_front(weights, axis)
    order = np.argsort(flat, axis=-1, kind="stable")
    ordered, total = np.take_along_axis(flat, order, -1), np.cumsum(np.take_along_axis(heavy, order, -1), axis=-1)
    share = total / total[..., -1:]
    points = np.reshape(q, (-1,))
    at = np.sum(share[..., None, :] < points[:, None], axis=-1)
    result = _pick(ordered, np.clip(at, 0, flat.shape[-1] - 1), lengths)
    last = ordered[..., -1:]
    result = np.moveaxis(np.where(np.isnan(last), last, result), -1, 0)
    return np.reshape(result, np.shape(q) + (kept if keepdims else lengths))


@composition(np.percentile, [case(X, 37.0, axis=1), case(X, 100 * Q, axis=0, keepdims=True)], "a", "q",
             oracle="difference", note=NOTE,
             kink=lambda a, q, axis: _tied(a, np.percentile(a, q, axis), axis))  # fmt: skip
def percentile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None, interpolation: Any = None,
) -> Any:  # fmt: skip
    return _found(*_operands(a, q, hundred=True), axis, interpolation or method, keepdims, weights)


@composition(
    np.median,
    [case(X), case(X, axis=1), case(X, axis=(0, -1), keepdims=True), case(grid(5))],
    "a", oracle="difference", note=NOTE, kink=lambda a, axis: _tied(a, np.median(a, axis), axis),
)  # fmt: skip
def median(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return _median(a, axis, keepdims, False)


@composition(np.nanquantile, [case(HOLES, 0.37, wrt=(0,)), case(HOLES, Q, axis=1, wrt=(0,)),
              case(HOLES, 0.47, axis=(0, 1), keepdims=True)],
             "a", "q", oracle="difference", note="ties keep their order",
             kink=lambda a, q, axis: _tied(a, np.nanquantile(a, q, axis), axis))  # fmt: skip
def nanquantile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None, interpolation: Any = None,
) -> Any:  # fmt: skip
    return _found_among_nan(*_operands(a, q), axis, interpolation or method, keepdims, weights)


def _found_among_nan(a: Any, q: Any, axis: Any, method: str, keepdims: Any, weights: Any) -> Any:
    if weights is not None:
        missing = np.isnan(a)
        return _weighted(np.where(missing, np.inf, a), q, axis, method, keepdims, np.where(missing, 0, weights))
    return _quantile(a, q, axis, method, keepdims, True)


@composition(np.nanpercentile, [case(HOLES, 37.0, wrt=(0,)), case(HOLES, 100 * Q, axis=1, wrt=(0,))], "a", "q",
             oracle="difference", note="ties keep their order",
             kink=lambda a, q, axis: _tied(a, np.nanpercentile(a, q, axis), axis))  # fmt: skip
def nanpercentile(
    a: Any, q: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, method: str = "linear",
    keepdims: Any = False, *, weights: Any = None, interpolation: Any = None,
) -> Any:  # fmt: skip
    return _found_among_nan(*_operands(a, q, hundred=True), axis, interpolation or method, keepdims, weights)


@composition(np.nanmedian, [case(HOLES), case(HOLES, axis=1), case(HOLES, axis=0, keepdims=True)], "a",
             oracle="difference", note="ties keep their order",
             kink=lambda a, axis: _tied(a, np.nanmedian(a, axis), axis))  # fmt: skip
def nanmedian(a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return _median(a, axis, keepdims, True)
