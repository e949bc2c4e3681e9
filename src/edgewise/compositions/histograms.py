"""Histograms and counts: differentiable in the weights, in edges that follow the data, and in a density.

Which bin an entry falls into changes in steps, and has no derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.index import ARRAY, scatter_add
from edgewise.core.levels import settled, somewhere
from edgewise.core.shapes import require_safe
from edgewise.core.traced import cast_as
from edgewise.families.samples import case, grid

A, W = grid(6), grid(6, seed=1, low=0.2)
EDGES = np.array([-1.9, -0.5, 0.4, 1.9])
CELLS = np.array([2, 0, 2, 1, 0, 4])


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


def _as_double(weights: Any) -> Any:
    require_safe(weights.dtype, np.float64)
    return cast_as(weights, np.float64)


@composition(np.bincount, [case(CELLS, W), case(CELLS, W, 7), case(CELLS, W, minlength=7, wrt=(1,))], "x", "weights",
             oracle="difference")  # fmt: skip
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    x = settled(x)
    if weights is None:
        return np.bincount(x, minlength=minlength)
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError("object too deep for desired array" if x.ndim else "object of too small depth")
    if x.size and x.min() < 0:
        raise ValueError("'list' argument must have no negative elements")
    weights = _as_double(_array(weights))
    if weights.shape != x.shape:
        raise ValueError("The weights and list don't have the same length.")
    length = max(int(x.max()) + 1 if x.size else 0, int(minlength))
    return scatter_add(weights, x, template=(ARRAY,), shape=(length,))


@composition(
    np.histogram_bin_edges,
    [case(A, 4), case(A, 4, (-1.0, 1.5), wrt=(0,)), case(A, EDGES, wrt=(0,)), case(A)],
    "a", "bins", "range",
    oracle="difference",
    note="without a range the outer edges are the extremes of the data, and follow them",
)  # fmt: skip
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    a = np.ravel(_array(a))
    if isinstance(bins, str):
        if weights is not None:
            raise TypeError("Automated estimation of the number of bins is not supported for weighted data")
        plain = None if range is None else tuple(settled(v) for v in range)
        bins = np.histogram_bin_edges(settled(a), bins, plain).size - 1
    if np.ndim(bins) == 1:
        edges = _array(bins)
        if np.any(edges[:-1] > edges[1:]):
            raise ValueError("`bins` must increase monotonically, when an array")
        return edges
    if np.ndim(bins):
        raise ValueError("`bins` must be 1d, when an array")
    edges = _even_edges(a, bins, range)
    return cast_as(edges, np.result_type(*(() if range is None else range), a))


def _even_edges(a: Any, count: Any, range: Any) -> Any:
    count = int(count.__index__())
    if count < 1:
        raise ValueError("`bins` must be positive, when an integer")
    if range is not None:
        low, high = range
        if low > high:
            raise ValueError("max must be larger than min in range parameter.")
    elif a.size:
        low, high = np.min(a), np.max(a)
    else:
        low, high = 0.0, 1.0
    if somewhere(~(np.isfinite(low) & np.isfinite(high))):
        raise ValueError(f"{'autodetected' if range is None else 'supplied'} range of [{low}, {high}] is not finite")
    flat = low == high
    return np.linspace(np.where(flat, low - 0.5, low), np.where(flat, high + 0.5, high), count + 1)


def _cells(a: Any, edges: Any) -> Any:
    """The bin of each entry; ``len(edges) - 1`` for those outside."""
    last = edges.shape[0] - 1
    at = np.searchsorted(edges, a, "right") - 1
    return np.where(a == edges[-1], last - 1, np.where((at < 0) | (at >= last), last, at))


def _collected(cells: Any, weights: Any, count: int) -> Any:
    """What falls into each bin."""
    if weights is None:
        weights = np.ones(cells.shape)
    spilled = scatter_add(weights, cells, template=(ARRAY,), shape=(count + 1,))
    return spilled[:count]


@composition(
    np.histogram,
    [
        case(A, 4, (-2.0, 2.0), None, W, wrt=(4,)), case(A, EDGES, None, None, W, wrt=(4,)),
        case(A, EDGES, None, True, W, wrt=(4,)), case(A, 3, density=True), case(A, 3, None, True, W, wrt=(0, 4)),
        case(A, 4, (-2.0, 2.0), wrt=(0,)),
    ],
    "a", "bins", "range", "density", "weights",
    oracle="difference",
    note="by the entries 0, but for edges that follow them",
)  # fmt: skip
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    a = np.ravel(_array(a))
    require_safe(a.dtype, np.longdouble)
    if weights is not None:
        weights = _array(weights)
        if weights.size != a.size:
            raise ValueError("weights should have the same shape as a.")
        weights = np.ravel(weights)
    edges = histogram_bin_edges(a, bins, range, weights)
    found = _collected(_cells(a, edges), weights, edges.shape[0] - 1)
    if density:
        return found / cast_as(np.diff(edges), np.float64) / np.sum(found), edges
    return (cast_as(found, np.int64) if weights is None else found), edges


@composition(
    np.histogramdd,
    [
        case(grid(6, 2), (2, 3), [(-2.0, 2.0), (-2.0, 2.0)], None, W, wrt=(4,)),
        case(grid(6, 2), 2, [(-2.0, 2.0), (-2.0, 2.0)], True, W, wrt=(4,)),
    ],
    "sample", "bins", "range", "density", "weights",
    oracle="difference",
    note="as for np.histogram",
)  # fmt: skip
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, list[Any]]:
    columns = list(sample) if isinstance(sample, list | tuple) else list(np.atleast_2d(_array(sample).T))
    return _cross_tabulated([np.ravel(_array(c)) for c in columns], bins, range, density, weights)


def _cross_tabulated(columns: list[Any], bins: Any, range: Any, density: Any, weights: Any) -> tuple[Any, list[Any]]:
    count = len(columns)
    many = bins if isinstance(bins, Sequence | np.ndarray) else [bins] * count
    if len(many) != count:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    ranges = [None] * count if range is None else list(range)
    if len(ranges) != count:
        raise ValueError("range argument must have one entry per dimension")
    edges = [_array(b) if np.ndim(b) else _even_edges(a, b, r) for a, b, r in zip(columns, many, ranges, strict=True)]
    shape = tuple(e.shape[0] for e in edges)  # one more than bins: the last is for what is outside
    cells: Any = 0
    for a, e, n in zip(columns, edges, shape, strict=True):
        require_safe(a.dtype, np.longdouble)
        cells = cells * n + _cells(a, e)
    size = int(np.prod(shape))
    found = np.reshape(_collected(cells, None if weights is None else _as_double(_array(weights)), size), shape)
    found = found[tuple(slice(-1) for _ in shape)]
    if density:
        total = np.sum(found)
        for i, e in enumerate(edges):
            found = found / np.reshape(np.diff(e), (-1,) + (1,) * (count - i - 1))
        found = found / total
    return found, edges


@composition(
    np.histogram2d,
    [case(A, grid(6, seed=2), 2, [(-2.0, 2.0), (-2.0, 2.0)], None, W, wrt=(5,)),
     case(A, grid(6, seed=2), [EDGES, np.array([-2.0, 0.1, 2.0])], None, True, W, wrt=(5,))],
    "x", "y", "bins", "range", "density", "weights",
    oracle="difference",
    note="as for np.histogram",
)  # fmt: skip
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Any, Any, Any]:
    if np.size(x) != np.size(y):
        raise ValueError("x and y must have the same length.")
    if not isinstance(bins, int | np.integer) and len(bins) not in (1, 2):
        bins = [bins, bins]  # one set of edges for both
    found, edges = _cross_tabulated([_array(x), _array(y)], bins, range, density, weights)
    return found, edges[0], edges[1]
