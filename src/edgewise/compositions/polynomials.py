"""Polynomials by their coefficients, highest power first."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.errors import NoRuleError
from edgewise.families.samples import case, grid

P, Q, X = grid(4), grid(2, seed=1), grid(2, 3, seed=2)


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


@composition(np.polyval, [case(P, X), case(P, 0.7), case(grid(3, 2), 0.7)], "p", "x")
def polyval(p: Any, x: Any) -> Any:
    p, x = _array(p), _array(x)
    y: Any = np.zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y


def _aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    a1, a2 = np.atleast_1d(_array(a1)), np.atleast_1d(_array(a2))
    n = max(a1.shape[0], a2.shape[0])
    return tuple(  # type: ignore[return-value]  # two, as given
        a if a.shape[0] == n else np.concatenate([np.zeros(n - a.shape[0], a.dtype), a]) for a in (a1, a2)
    )


@composition(np.polyadd, [case(P, Q), case(Q, P), case(P, P)], "a1", "a2")
def polyadd(a1: Any, a2: Any) -> Any:
    a1, a2 = _aligned(a1, a2)
    return a1 + a2


@composition(np.polysub, [case(P, Q), case(Q, P)], "a1", "a2")
def polysub(a1: Any, a2: Any) -> Any:
    a1, a2 = _aligned(a1, a2)
    return a1 - a2


@composition(np.polyder, [case(P), case(P, 2), case(P, 0)], "p")
def polyder(p: Any, m: Any = 1) -> Any:
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = _array(p)
    for _ in range(int(m)):
        n = p.shape[0] - 1
        p = p[:-1] * np.arange(n, 0, -1)
    return p


@composition(np.polyint, [case(P), case(P, 2), case(P, 2, np.array([0.5, 1.5]))], "p", "m", "k")
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    m = int(m)
    p = _array(p)
    constants = np.zeros(m, p.dtype) if k is None else np.atleast_1d(_array(k))
    if constants.shape[0] == 1 and m > 1:
        constants = constants * np.ones(m)
    if constants.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        n = p.shape[0]
        p = np.concatenate([p / np.arange(n, 0, -1), constants[i : i + 1]])
    return p


@composition(np.poly, [case(P), case(np.array([0.5]))], "seq_of_zeros")
def poly(seq_of_zeros: Any) -> Any:
    zeros = np.atleast_1d(_array(seq_of_zeros))
    if zeros.ndim != 1:
        raise NoRuleError(
            "np.poly of a matrix has no derivative rule",
            "it needs eigenvalues, which are not differentiated yet",
            "give the zeros themselves",
        )
    a: Any = np.ones(1, zeros.dtype)
    nothing = np.zeros(1, zeros.dtype)
    for zero in zeros:
        a = np.concatenate([a, nothing]) - zero * np.concatenate([nothing, a])
    return a


def _trimmed(a: Any) -> Any:
    """Without leading zeros, but for one."""
    a = np.trim_zeros(np.atleast_1d(_array(a)), "f")
    return a if a.size else np.zeros(1, a.dtype)


@composition(np.polymul, [case(P, Q), case(P, P)], "a1", "a2", ragged=True)
def polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_trimmed(a1), _trimmed(a2))
