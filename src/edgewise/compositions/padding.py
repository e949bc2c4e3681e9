"""``np.pad`` in all its modes: constants, statistics and ramps are joined on; the rest looks entries up by index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.traced import Traced
from edgewise.errors import NotYetError
from edgewise.families.samples import case, grid

X = grid(3, 4)
WIDE = ((2, 1), (3, 9))


@composition(
    np.pad,
    [
        case(X, 2), case(X, WIDE), case(X, (1, 2), "constant", constant_values=((1.5, 2.5), (0.5, -1.0))),
        case(X, ((0, 0), (2, 1)), "edge"), case(X, WIDE, "edge"), case(X, WIDE, "linear_ramp", end_values=(5.0, -4.0)),
        *(case(X, WIDE, m) for m in ("mean", "maximum", "minimum", "median", "wrap", "reflect", "symmetric")),
        case(X, WIDE, "mean", stat_length=2), case(X, WIDE, "maximum", stat_length=((1, 2), (2, 3))),
        case(X, ((1, 2), (2, 3)), "reflect", reflect_type="odd"), case(X, WIDE, "symmetric", reflect_type="odd"),
        case(X, ((1, 2), (9, 9)), "reflect", reflect_type="odd"), case(grid(1, 2), ((2, 1), (1, 2)), "reflect"),
        case(X, ((0, 0), (1, 0)), "wrap"),
    ],
    "array", "*", "constant_values", "end_values",
    oracle="difference",
    note="maximum and minimum: ties split evenly",
)  # fmt: skip
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if isinstance(pad_width, dict):
        pad_width = _each_axis(pad_width, array.ndim)
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu":
        raise TypeError("`pad_width` must be of integral type.")
    if np.any(widths < 0):
        raise ValueError("index can't contain negative values")
    sides = _sides(widths, array.ndim)
    if callable(mode):
        raise NotYetError(
            "np.pad with a function of your own is not differentiated yet",
            "such a function stores into the padded array",
            "pad with zeros, and put what you want there with np.where or np.concatenate",
        )
    if mode not in _MODES:
        raise ValueError(f"mode '{mode}' is not supported")
    options, extend = _MODES[mode]
    unknown = sorted(set(kwargs) - set(options))
    if unknown:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {set(unknown)}")
    chosen = {**options, **kwargs}
    if not array.size and mode not in ("constant", "empty"):
        for n, (before, after) in zip(array.shape, sides, strict=True):
            if not n and (before or after):
                raise ValueError(f"can't extend empty axis using modes other than 'constant' or 'empty' ({mode})")
    each = {k: v if k == "reflect_type" else _sides(v, array.ndim) for k, v in chosen.items()}
    for axis, (before, after) in enumerate(sides):
        if before or after:
            own = {k: v if isinstance(v, str) else v[axis] for k, v in each.items()}
            array = np.moveaxis(extend(np.moveaxis(array, axis, -1), int(before), int(after), **own), -1, axis)
    return array


def _each_axis(widths: dict[int, Any], ndim: int) -> list[tuple[int, int]]:
    """Widths by axis; an axis that is not named is left as it is."""
    every = [(0, 0)] * ndim
    for axis, width in widths.items():
        every[axis] = width if isinstance(width, tuple) else (width, width)
    return every


def _sides(given: Any, ndim: int) -> list[Any]:
    """One pair (before, after) for each axis, as NumPy broadcasts them."""
    if given is None:
        return [(None, None)] * ndim
    if not isinstance(given, Traced):
        given = np.asarray(given)
    pairs = np.broadcast_to(given, (ndim, 2))
    return [(pair[0], pair[1]) for pair in pairs]


def _filled(a: Any, before: int, after: int, constant_values: Any) -> Any:
    first, last = constant_values
    return np.concatenate([_block(a, first, before), a, _block(a, last, after)], -1)


def _block(a: Any, value: Any, count: int) -> Any:
    shape = (*a.shape[:-1], count)
    if isinstance(value, Traced):
        return np.broadcast_to(value, shape)
    return np.full(shape, value).astype(a.dtype)


def _empty(a: Any, before: int, after: int) -> Any:
    return _filled(a, before, after, (0, 0))


def _ramp(a: Any, before: int, after: int, end_values: Any) -> Any:
    first, last = end_values
    rise = (np.arange(before) / max(before, 1)).astype(a.dtype)
    fall = (np.arange(after)[::-1] / max(after, 1)).astype(a.dtype)
    head, tail = a[..., :1], a[..., -1:]
    return np.concatenate([first + (head - first) * rise, a, last + (tail - last) * fall], -1).astype(a.dtype)


def _statistic(of: Callable[..., Any]) -> Callable[..., Any]:
    def extend(a: Any, before: int, after: int, stat_length: Any) -> Any:
        n = a.shape[-1]
        first, last = (n if length is None else min(int(length), n) for length in stat_length)
        if of in (np.max, np.min) and not (first and last):
            raise ValueError("stat_length of 0 yields no value for padding")
        head, tail = of(a[..., :first], axis=-1, keepdims=True), of(a[..., n - last :], axis=-1, keepdims=True)
        return np.concatenate([np.broadcast_to(head, (*a.shape[:-1], before)), a,
                               np.broadcast_to(tail, (*a.shape[:-1], after))], -1)  # fmt: skip

    return extend


def _looked_up(position: Callable[[Any, int], Any]) -> Callable[..., Any]:
    def extend(a: Any, before: int, after: int) -> Any:
        return a[..., position(np.arange(-before, a.shape[-1] + after), a.shape[-1])]

    return extend


def _times(factors: Any, x: Any) -> Any:
    """The product; 0 where a factor is, also of what is not finite: such an entry takes no part there."""
    return np.where(factors == 0, 0, factors * x)


def _mirrored(edge_twice: bool) -> Callable[..., Any]:
    def extend(a: Any, before: int, after: int, reflect_type: str) -> Any:
        n = a.shape[-1]
        period = n if edge_twice else n - 1  # from one end of the array to its mirror image
        if reflect_type not in ("even", "odd"):
            raise ValueError(f"reflect_type {reflect_type!r} is not 'even' or 'odd'")
        if not period:
            return a[..., np.zeros(before + n + after, int)]
        at = np.arange(-before, n + after)
        turns, within = np.floor_divide(at, period), np.mod(at, period)
        back = turns % 2 == 1
        picked = a[..., np.where(back, (n - 1) - within, within)]
        if reflect_type == "even":
            return picked
        # each mirror image is turned upside down about the entry at its edge: the pieces rise by what the array rises
        first, last = a[..., :1], a[..., -1:]
        k = turns.astype(a.dtype)
        at_first, at_last = np.where(back, 1 - k, -k), np.where(back, 1 + k, k)
        beyond = np.where(back, -picked, picked) + _times(at_first, first) + _times(at_last, last)
        return np.where((at >= 0) & (at < n), a[..., np.clip(at, 0, n - 1)], beyond)

    return extend


_MODES: dict[str, tuple[dict[str, Any], Callable[..., Any]]] = {
    "constant": ({"constant_values": 0}, _filled),
    "empty": ({}, _empty),
    "edge": ({}, _looked_up(lambda at, n: np.clip(at, 0, n - 1))),
    "linear_ramp": ({"end_values": 0}, _ramp),
    "maximum": ({"stat_length": None}, _statistic(np.max)),
    "minimum": ({"stat_length": None}, _statistic(np.min)),
    "mean": ({"stat_length": None}, _statistic(np.mean)),
    "median": ({"stat_length": None}, _statistic(np.median)),
    "reflect": ({"reflect_type": "even"}, _mirrored(False)),
    "symmetric": ({"reflect_type": "even"}, _mirrored(True)),
    "wrap": ({}, _looked_up(lambda at, n: at % n)),
}
