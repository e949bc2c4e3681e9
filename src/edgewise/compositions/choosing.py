"""Choosing between arrays, pieces of functions, and partial orders."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.compositions.indexing import tied
from edgewise.core.levels import known, settled, somewhere
from edgewise.core.order import partition_order
from edgewise.core.refusals import index_refused
from edgewise.core.shapes import negative_axes
from edgewise.core.traced import Traced, cast_as
from edgewise.families.samples import case, grid

X, Y, CUBE = grid(2, 3), grid(2, 3, seed=1), grid(2, 3, 4)
WHICH = np.array([[0, 1, 1], [1, 0, 0]])


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(
    np.choose,
    [case(WHICH, [X, Y]), case(1, [X, Y]), case(np.array([1, 0, 1]), [X, Y]),
     case(WHICH * 3 - 1, [X, Y], mode="wrap"), case(WHICH * 3 - 1, [X, Y], mode="clip")],
    "a", "choices",
    methods=("choose",),
)  # fmt: skip
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    a, parts = _array(a), [_array(c) for c in choices]
    if a.dtype.kind not in "biu":
        raise index_refused("np.choose", batched=False)
    count = len(parts)
    if mode == "wrap":
        a = a % count
    elif mode == "clip":
        a = np.clip(a, 0, count - 1)
    elif mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got '{mode}')")
    elif somewhere((a < 0) | (a >= count)):
        raise ValueError("invalid entry in choice array")
    a, *parts = np.broadcast_arrays(a, *parts)
    return np.take_along_axis(np.stack(parts), a[None], 0)[0]


@composition(
    np.piecewise,
    [
        case(X, [X < 0, X >= 0], [lambda x: x**2, np.sin]),
        case(X, [X < 0], [np.exp, lambda x: 3 * x]),
        case(X, [X < -1, X > 1], [-1.0, lambda x: np.log(x + 4)]),
        case(X, [X > 0.5], [lambda x, k, s: k * x + s, 0.25], 2.0, s=1.0, wrt=(0,)),
        case(0.7, [False, True], [1.0, lambda x: x**3]),
    ],
)  # fmt: skip
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    x = _array(x)
    single = np.ndim(condlist) == 0 or (x.ndim and not isinstance(condlist[0], list | np.ndarray | Traced))
    conditions = [_array(c) for c in ([condlist] if single else condlist)]
    for c in conditions:
        if c.shape != x.shape:
            raise IndexError(f"a condition of shape {c.shape} does not fit an array of shape {x.shape}")
    if len(funclist) == len(conditions) + 1:
        covered = conditions[0]
        for c in conditions[1:]:
            covered = covered | c
        conditions.append(~covered)
    elif len(funclist) != len(conditions):
        n = len(conditions)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")

    def piece(f: Any, v: Any) -> Any:
        return f(v, *args, **kw) if callable(f) else f

    pieces = [functools.partial(piece, f) for f in funclist]
    if not all(known(c) for c in conditions):
        result: Any = np.zeros_like(x)
        with np.errstate(all="ignore"):  # every function sees all entries, and most of what it makes is not used
            for c, made in zip(conditions, pieces, strict=True):
                result = np.where(c, made(x), result)
        return cast_as(result, x.dtype)
    return _put_together(x, [np.asarray(settled(c), bool) for c in conditions], pieces)


def _put_together(x: Any, conditions: list[Any], pieces: list[Any]) -> Any:
    """Each function sees only its own entries; then all results are gathered into their places."""
    flat = np.reshape(x, (-1,))
    source = np.zeros(flat.shape[0], int)  # entry 0 of what is joined is the zero of places that no condition covers
    parts: list[Any] = [np.zeros(1, x.dtype)]
    length = 1
    for condition, piece in zip(conditions, pieces, strict=True):
        where = np.flatnonzero(np.broadcast_to(condition, x.shape))
        if not where.size:
            continue
        made = _array(piece(flat[where]))
        parts.append(np.broadcast_to(made, where.shape))
        source[where] = length + np.arange(where.size)
        length += where.size
    joined = np.concatenate([p if p.dtype == x.dtype else cast_as(p, x.dtype) for p in parts])
    return np.reshape(joined[source], x.shape)


@composition(
    np.partition,
    [case(CUBE, 2), case(CUBE, (0, 1), axis=1), case(CUBE, 7, axis=None)],
    "a",
    oracle="difference",
    note="as np.sort: ties keep some order",
    kink=tied,
)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Any:
    if axis is None:
        a, axis = np.ravel(a), -1
    (one,) = negative_axes(axis, a.ndim)
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
    return np.take_along_axis(a, partition_order(a, kth, one, kind), one)


@composition(np.argwhere, [case(np.array([[0.0, 1.0], [2.0, 0.0]]))], "a")
def argwhere(a: Any) -> Any:
    return np.argwhere(settled(a))
