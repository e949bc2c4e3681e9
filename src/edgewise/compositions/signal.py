"""Convolution and correlation in one dimension, as a product with a Toeplitz matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.traced import Traced
from edgewise.families.samples import case, grid

A, V, W = grid(5), grid(3, seed=1), grid(4, seed=2)
MODES = ("full", "same", "valid")


def _full(a: Any, v: Any) -> Any:
    """Row j of the matrix is ``a`` moved j places to the right: rows of length n + m, read with one entry less."""
    n, m = a.shape[0], v.shape[0]
    padded = np.concatenate([a, np.zeros(m, a.dtype)])
    shifted = np.reshape(np.reshape(np.broadcast_to(padded, (m, n + m)), (-1,))[: m * (n + m - 1)], (m, n + m - 1))
    return v @ shifted


def _cut(full: Any, n: int, m: int, mode: Any, from_end: bool) -> Any:
    if isinstance(mode, int):
        mode = {0: "valid", 1: "same", 2: "full"}.get(mode, mode)
    short, long = min(n, m), max(n, m)
    if mode == "full":
        return full
    if mode == "same":
        start = (short - 1) // 2
        start = short - 1 - start if from_end else start
        return full[start : start + long]
    if mode == "valid":
        return full[short - 1 : long]
    raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")


def _vectors(a: Any, v: Any) -> tuple[Any, Any]:
    a, v = (np.atleast_1d(x if isinstance(x, Traced) else np.asarray(x)) for x in (a, v))
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError("object too deep for desired array")
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
    a, v = _vectors(a, v)
    if v.size > a.size:
        a, v = v, a
    return _cut(_full(a, v), a.size, v.size, mode, False)


@composition(
    np.correlate,
    [*(case(A, V, m) for m in MODES), *(case(V, A, m) for m in MODES), *(case(A, W, m) for m in MODES),
     case(W, A, "same"), case(A, V)],
    "a", "v",
    oracle="difference",  # it conjugates
)  # fmt: skip
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = _vectors(a, v)
    return _cut(_full(a, v[::-1]), a.size, v.size, mode, v.size > a.size)
