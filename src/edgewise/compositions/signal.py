"""Convolution and correlation in one dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.convolution import convolution
from edgewise.core.pairing import conj
from edgewise.core.traced import Traced
from edgewise.families.samples import case, grid

A, V, W = grid(5), grid(3, seed=1), grid(4, seed=2)
MODES = ("full", "same", "valid")


def _convolved(a: Any, v: Any, mode: Any, from_end: bool) -> Any:
    if isinstance(mode, bool) or not isinstance(mode, str | int | np.integer):
        raise TypeError("convolve/correlate mode not understood")
    if isinstance(mode, int | np.integer):
        mode = {0: "valid", 1: "same", 2: "full"}.get(int(mode), mode)
    if mode not in MODES:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    long, short = (v, a) if v.size > a.size else (a, v)
    if mode == "valid":
        return convolution(long, short, mode="valid")
    full = convolution(long, short, mode="full")
    if mode == "full":
        return full
    start = (short.size - 1) // 2
    start = short.size - 1 - start if from_end else start
    return full[start : start + long.size]


def _vectors(a: Any, v: Any) -> tuple[Any, Any]:
    a, v = (x if isinstance(x, Traced) else np.asarray(x) for x in (a, v))
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError("np.convolve and np.correlate take arrays of one dimension")
    for x, name in ((a, "a"), (v, "v")):
        if not x.size:
            raise ValueError(f"{name} cannot be empty")
    return a, v


@composition(
    np.convolve,
    [*(case(A, V, m) for m in MODES), *(case(V, A, m) for m in MODES), *(case(A, W, m) for m in MODES),
     case(W, A, "same"), case(A, V)],
    "a", "v",
)  # fmt: skip
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    return _convolved(*_vectors(np.atleast_1d(a), np.atleast_1d(v)), mode, False)


@composition(
    np.correlate,
    [*(case(A, V, m) for m in MODES), *(case(V, A, m) for m in MODES), *(case(A, W, m) for m in MODES),
     case(W, A, "same"), case(A, V)],
    "a", "v",
    oracle="difference",  # it conjugates
)  # fmt: skip
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = _vectors(a, v)
    return _convolved(a, conj(v[::-1]), mode, v.size > a.size)
