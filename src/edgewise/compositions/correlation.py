"""Covariances and correlation coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.pairing import conj
from edgewise.core.shapes import require_safe
from edgewise.core.traced import cast_as
from edgewise.families.elementwise import declare_elementwise
from edgewise.families.samples import case, grid

X, Y, COUNTS, WEIGHTS = grid(2, 5), grid(5, seed=1), np.array([1, 2, 1, 3, 1]), np.array([0.2, 0.5, 0.4, 0.3, 0.9])


def _rows(m: Any, rowvar: Any) -> Any:
    m = m if hasattr(m, "__array_function__") else np.asarray(m)
    if m.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    m = np.atleast_2d(m)
    return m if rowvar or m.shape[0] == 1 else m.T


@composition(
    np.cov,
    [case(X), case(X, Y), case(X.T, rowvar=False), case(Y), case(X, bias=True), case(X, ddof=0),
     case(X, fweights=COUNTS, aweights=WEIGHTS), case(X, None, True, True, None, COUNTS, WEIGHTS, wrt=(0, 6))],
    "m", "y", "rowvar", "bias", "ddof", "fweights", "aweights",
    oracle="difference",  # it conjugates
)  # fmt: skip
def cov(
    m: Any, y: Any = None, rowvar: Any = True, bias: Any = False, ddof: Any = None, fweights: Any = None,
    aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    a = _rows(m, rowvar)
    if y is not None:
        if np.ndim(y) > 2:
            raise ValueError("y has more than 2 dimensions")
        a = np.concatenate([a, _rows(y, rowvar)], 0)
    wide = np.result_type(a.dtype, np.float64) if dtype is None else np.dtype(dtype)
    if wide.kind not in "fc":  # NumPy takes the mean off in place, and cannot cast that back
        raise TypeError(f"Cannot cast ufunc 'subtract' output from dtype('float64') to {wide!r}")
    a = cast_as(a, wide) if a.dtype != wide else a
    free = (0 if bias else 1) if ddof is None else int(ddof)
    weights = _weights(fweights, aweights, a.shape[1])
    if weights is None:
        scale: Any = max(a.shape[1] - free, 0)
        centred = a - np.mean(a, axis=1, keepdims=True)
        product = centred @ conj(centred.T)
    else:
        total = np.sum(weights)
        centred = a - (a @ weights / total)[:, None]
        if free == 0:
            scale = total
        elif aweights is None:
            scale = total - free
        else:
            scale = total - free * np.sum(weights * aweights) / total
        product = (centred * weights) @ conj(centred.T)
    return np.squeeze(product / scale)


def _weights(fweights: Any, aweights: Any, count: int) -> Any:
    given = []
    for weights, name in ((fweights, "fweights"), (aweights, "aweights")):
        if weights is None:
            continue
        weights = weights if hasattr(weights, "__array_function__") else np.asarray(weights)  # noqa: PLW2901  an array
        require_safe(weights.dtype, np.longdouble)
        if weights.ndim > 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if weights.shape[0] != count:
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        given.append(weights if weights.dtype == np.float64 else cast_as(weights, np.float64))
    return given[0] * given[1] if len(given) == 2 else given[0] if given else None


_bounded = declare_elementwise("clip", lambda x: np.clip(x, -1, 1), 1, 1)  # against rounding: it is never beyond


@composition(
    np.corrcoef,
    [case(X), case(X, Y), case(grid(5, 3), rowvar=False), case(grid(3, 4))],
    "x", "y",
    oracle="difference",  # as for cov
)  # fmt: skip
def corrcoef(x: Any, y: Any = None, rowvar: Any = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = np.sqrt(np.real(np.diagonal(c)))
    r = c / deviation[:, None] / deviation[None, :]
    return _bounded(np.real(r)) + 1j * _bounded(np.imag(r)) if r.dtype.kind == "c" else _bounded(r)
