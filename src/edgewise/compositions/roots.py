"""Zeros of polynomials, and polynomials fitted to points: linear algebra spoken in coefficients."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import settled, somewhere
from edgewise.errors import UndeterminedError
from edgewise.families.samples import case, grid

X, Y = grid(6, low=-1.0, high=1.0), grid(6, seed=1)
WEIGHTS = grid(6, seed=2, low=0.5, high=1.5)


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(
    np.roots,
    [case(np.array([2.0, -3.0, -5.0, 1.5])), case(np.array([1.0, 0.5, -2.0])), case(np.array([1.0, -0.5]))],
    "p",
    oracle="difference",
    note="undetermined where zeros coincide",
    ragged=True,
)
def roots(p: Any) -> Any:
    """Eigenvalues of the companion matrix. A leading coefficient of 0 is refused, and trailing ones count.

    The latter do, other than in NumPy's own way: they make zeros at 0, which move as the coefficients do.
    """
    p = np.atleast_1d(_array(p))
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    present = np.nonzero(settled(p))[0]
    if not len(present):
        return np.zeros(0)
    if present[0]:
        raise UndeterminedError(
            "np.roots was given coefficients that begin with 0",
            "where a leading 0 moves, another zero comes in from infinity, and the result has another length",
            "leave it out, if it is no variable: np.roots(np.trim_zeros(p, 'f'))",
        )
    p = p if p.dtype.kind in "fc" else p.astype(float)
    n = p.shape[0] - 1
    if not n:
        return np.zeros(0, p.dtype)
    shift = np.eye(n, k=-1, dtype=p.dtype)[1:]
    found = np.linalg.eigvals(np.concatenate([(-p[1:] / p[0])[None], shift]))
    known, left, order = settled(found), list(range(n)), []
    theirs = np.roots(settled(p))  # in NumPy's order, which has those at 0 last
    for zero in theirs:
        order.append(min(left, key=lambda i: abs(known[i] - zero)))
        left.remove(order[-1])
    found = found[order]
    return found if theirs.dtype.kind == "c" else np.real(found)  # real where all are, since NumPy 2.5 not in eigvals


@composition(
    np.polyfit,
    [
        case(X, Y, 2, wrt=(0, 1)), case(X, np.stack([Y, Y[::-1]], 1), 1, wrt=(0, 1)),
        case(X, Y, 2, w=WEIGHTS, wrt=(0, 1)), case(X, Y, 1, full=True, wrt=(0, 1)),
        case(X, Y, 2, cov=True, wrt=(0, 1)), case(X, Y, 1, cov="unscaled", w=WEIGHTS, wrt=(0, 1)),
    ],
    "x", "y", "*", "w",
    oracle="difference",  # weights are multiplied by their conjugates
)  # fmt: skip
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: Any = False, w: Any = None, cov: Any = False) -> Any:
    order = int(deg) + 1
    x, y = (_array(a) + 0.0 for a in (x, y))
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if not x.size:
        raise TypeError("expected non-empty vector for x")
    if y.ndim not in (1, 2):
        raise TypeError("expected 1D or 2D array for y")
    if x.shape[0] != y.shape[0]:
        raise TypeError("expected x and y to have same length")
    rcond = x.shape[0] * np.finfo(x.dtype).eps if rcond is None else rcond
    left, right = np.vander(x, order), y
    if w is not None:
        w = _array(w) + 0.0
        if w.ndim != 1:
            raise TypeError("expected a 1-d array for weights")
        if w.shape[0] != y.shape[0]:
            raise TypeError("expected w and y to have the same length")
        left = left * w[:, None]
        right = right * (w[:, None] if y.ndim == 2 else w)
    scale = np.sqrt(np.sum(left * left, axis=0))
    c, residuals, rank, s = np.linalg.lstsq(left / scale, right, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond
    if somewhere(rank != order):
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    if not cov:
        return c
    gram = (left / scale).T @ (left / scale)
    spread = np.linalg.inv(gram) / np.outer(scale, scale)
    if cov != "unscaled":
        if x.shape[0] <= order:
            raise ValueError("the number of data points must exceed order to scale the covariance matrix")
        variance = residuals / (x.shape[0] - order)
        return c, spread * variance if y.ndim == 1 else spread[..., None] * variance
    return c, spread if y.ndim == 1 else spread[..., None]
