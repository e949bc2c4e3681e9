"""Differences, slopes and integrals of sampled functions, and phases made continuous."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.shapes import axes_from, negative_axes
from edgewise.core.traced import cast_as
from edgewise.families.samples import case, grid

X = grid(3, 4)
ROWS, COLUMNS = np.array([0.0, 0.7, 1.1]), np.array([0.0, 0.5, 1.3, 1.8])


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(
    np.gradient,
    [
        case(X), case(X, 0.5), case(X, 0.5, axis=1), case(X, 0.5, COLUMNS), case(X, COLUMNS, axis=-1, edge_order=2),
        case(X, 0.5, axis=0, edge_order=2), case(grid(5)), case(X, axis=(1, 0)),
    ],
)  # fmt: skip
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = _array(f)
    axes = tuple(range(f.ndim)) if axis is None else axes_from(axis, f.ndim)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    if f.dtype.kind not in "fc":
        f = cast_as(f, float)
    made = [_slope(f, one, step, edge_order) for one, step in zip(axes, _spacings(f, axes, varargs), strict=True)]
    return made[0] if len(made) == 1 else tuple(made)


def _spacings(f: Any, axes: tuple[int, ...], given: tuple[Any, ...]) -> list[Any]:
    """Per axis a number, or the distances between neighbours."""
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return [given[0]] * len(axes)
    if len(given) != len(axes):
        raise TypeError("invalid number of arguments")
    steps: list[Any] = []
    for one, places in zip(axes, given, strict=True):
        if np.ndim(places) == 0:
            steps.append(places)
            continue
        if np.ndim(places) != 1:
            raise ValueError("distances must be either scalars or 1d")
        if np.shape(places)[0] != f.shape[one]:
            raise ValueError("when 1d, distances must match the length of the corresponding dimension")
        steps.append(np.diff(_array(places)))
    return steps


def _slope(f: Any, axis: int, step: Any, edge_order: int) -> Any:
    if f.shape[axis] < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )
    f = np.moveaxis(f, axis, -1)
    even = np.ndim(step) == 0
    if even:
        middle = (f[..., 2:] - f[..., :-2]) / (2.0 * step)
        first, last = step, step
    else:
        h, k = step[:-1], step[1:]
        middle = -k / (h * (h + k)) * f[..., :-2] + (k - h) / (h * k) * f[..., 1:-1] + h / (k * (h + k)) * f[..., 2:]
        first, last = step[0], step[-1]
    if edge_order == 1:
        head, tail = (f[..., 1:2] - f[..., :1]) / first, (f[..., -1:] - f[..., -2:-1]) / last
    else:
        head = _one_sided(f[..., :1], f[..., 1:2], f[..., 2:3], first, step if even else step[1])
        tail = -_one_sided(f[..., -1:], f[..., -2:-1], f[..., -3:-2], last, step if even else step[-2])
    return cast_as(np.moveaxis(np.concatenate([head, middle, tail], -1), -1, axis), f.dtype)


def _one_sided(f0: Any, f1: Any, f2: Any, h: Any, k: Any) -> Any:
    """The slope at f0 of the parabola through three points, at distances h and k from one another."""
    return -(2.0 * h + k) / (h * (h + k)) * f0 + (h + k) / (h * k) * f1 - h / (k * (h + k)) * f2


@composition(
    np.trapezoid,
    [case(X), case(X, dx=0.5, axis=0), case(X, COLUMNS), case(X, ROWS, axis=0), case(X, np.cumsum(X**2, 1))],
    "y", "x", "dx",
)  # fmt: skip
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = _array(y)
    (one,) = negative_axes((axis,), y.ndim)
    if x is None:
        width: Any = dx
    else:
        x = _array(x)
        width = np.reshape(np.diff(x), (-1,) + (1,) * (-one - 1)) if x.ndim == 1 else np.diff(x, axis=axis)
    lead = (slice(None),) * (y.ndim + one)
    return np.sum(width * (y[(*lead, slice(1, None))] + y[(*lead, slice(None, -1))]) / 2.0, axis=axis)


@composition(np.ediff1d, [case(X), case(X, 0.5), case(X, np.array([0.5, 1.5]), np.array([-2.0]))],
             "ary", "to_end", "to_begin")  # fmt: skip
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = np.ravel(_array(ary))
    parts = [flat[1:] - flat[:-1]]
    for end, at in ((to_begin, 0), (to_end, 2)):
        if end is not None:
            end = _array(end)  # noqa: PLW2901  the same, as an array
            if not np.can_cast(end.dtype, flat.dtype, "same_kind"):
                raise TypeError("dtype of `to_begin` and `to_end` must fit `ary` under the `same_kind` rule")
            parts.insert(at, cast_as(np.ravel(end), flat.dtype))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


@composition(
    np.unwrap,
    [case(4 * X), case(4 * X, axis=0), case(4 * X, 4.0, wrt=(0,)), case(4 * X, period=3.0)],
    "p",
    oracle="difference",
    note="1, also where it jumps",
)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    steps = np.diff(p, axis=axis)
    half = period / 2
    discont = half if discont is None else discont
    within = np.mod(steps + half, period) - half
    within = np.where((within == -half) & (steps > 0), half, within)
    correction = np.where(np.abs(steps) < discont, 0, within - steps)
    lead = (slice(None),) * (axis % p.ndim)
    start = p[(*lead, slice(None, 1))]
    return np.concatenate([start, p[(*lead, slice(1, None))] + np.cumsum(correction, axis=axis)], axis)
