"""Sequences and grids spanned by numbers: differentiable in their ends."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import known, settled
from edgewise.core.traced import Traced, cast_as
from edgewise.families.samples import case, grid

A, B = np.array([0.5, 2.0]), np.array([3.1, -1.2])


def _count(num: Any, endpoint: Any) -> tuple[int, int]:
    num = int(num.__index__())
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    return num, (num - 1 if endpoint else num)


@composition(
    np.linspace,
    [case(0.5, 3.1), case(0.5, 3.1, 7, False), case(A, B, 4, axis=-1), case(A, 3.1, 5), case(0.5, 3.1, 5, retstep=True),
     case(0.5, 3.1, 1)],
    "start", "stop",
)  # fmt: skip
def linspace(
    start: Any, stop: Any, num: Any = 50, endpoint: Any = True, retstep: Any = False, dtype: Any = None, axis: int = 0,
    *, device: Any = None,
) -> Any:  # fmt: skip
    num, steps = _count(num, endpoint)
    start, stop = (np.positive(v if isinstance(v, Traced) else np.asanyarray(v) * 1.0) for v in (start, stop))
    step = (stop - start) / steps if steps > 0 else (stop - start) * np.nan
    at = np.reshape(np.arange(num), (-1,) + (1,) * np.ndim(stop - start)).astype((stop - start).dtype)
    y = start + at * step if steps > 0 else start + at * (stop - start)
    if endpoint and num > 1:
        end = np.where(np.isnan(start), start, stop)  # as NumPy, which multiplies all of it by the sign of the start
        y = np.concatenate([y[:-1], np.broadcast_to(end, y[-1:].shape)])
    if dtype is not None:
        kind = np.dtype(dtype).kind
        y = cast_as(np.floor(y) if kind in "iu" else y, dtype)
    y = np.moveaxis(y, 0, axis) if axis != 0 else y
    return (y, step) if retstep else y


@composition(
    np.logspace,
    [case(0.5, 2.1, 5), case(0.5, 2.1, 5, False, 2.0), case(A, B, 4, True, np.array([2.0, 3.0]), axis=-1)],
    "start", "stop", "num", "endpoint", "base",
)  # fmt: skip
def logspace(
    start: Any, stop: Any, num: Any = 50, endpoint: Any = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    if np.ndim(base):
        start, stop = (v + 0 * base for v in (start, stop))
    y = np.power(base, np.linspace(start, stop, num, endpoint))
    y = np.moveaxis(y, 0, axis) if axis != 0 else y
    return y if dtype is None else cast_as(y, dtype)


@composition(
    np.geomspace,
    [case(0.5, 3.1, 5), case(-0.5, -3.1, 5, False), case(A, np.array([3.1, 1.2]), 4, axis=-1), case(0.5, 3.1, 1)],
    "start", "stop",
)  # fmt: skip
def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, dtype: Any = None, axis: int = 0) -> Any:
    num, _ = _count(num, endpoint)
    start, stop = (v if isinstance(v, Traced) else np.asanyarray(v) for v in (start, stop))
    start, stop = (cast_as(v, np.result_type(v.dtype, np.float64)) for v in (start, stop))
    if any(known(v) and np.any(settled(v) == 0) for v in (start, stop)):
        raise ValueError("Geometric sequence cannot include zero")
    exponent = np.linspace(0.0, np.log(stop / start), num, endpoint)
    y = start * np.exp(exponent)
    if num:  # the ends are exact, also where what is between them is not finite
        shape = (1, *y.shape[1:])
        ends = [np.broadcast_to(start, shape), y[1:]]
        if endpoint and num > 1:
            end = np.where(np.isnan(start), start, stop)  # NumPy multiplies all of it by the sign of the start
            ends = [ends[0], y[1:-1], np.broadcast_to(end, shape)]
        y = np.concatenate(ends)
    y = np.moveaxis(y, 0, axis) if axis != 0 else y
    return y if dtype is None else cast_as(y, dtype)


@composition(
    np.meshgrid,
    [case(grid(2), grid(3, seed=1)), case(grid(2), grid(3, seed=1), grid(2, seed=2), indexing="ij"),
     case(grid(2), 1.5, sparse=True)],
)  # fmt: skip
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[:2] = [1, 0]
    spread = [
        np.reshape(x if isinstance(x, Traced) else np.asanyarray(x), (1,) * place + (-1,) + (1,) * (n - place - 1))
        for x, place in zip(xi, places, strict=True)
    ]
    made = spread if sparse else np.broadcast_arrays(*spread)
    return tuple(np.copy(a) for a in made) if copy else tuple(made)


@composition(np.vander, [case(grid(3)), case(grid(3), 4), case(np.array([0.0, 0.5]), 3, increasing=True)], "x")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = x if isinstance(x, Traced) else np.asarray(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    count = x.shape[0] if N is None else operator.index(N)
    if count < 0:
        raise ValueError("negative dimensions are not allowed")
    powers = np.arange(count)
    return x[:, None] ** (powers if increasing else powers[::-1])
