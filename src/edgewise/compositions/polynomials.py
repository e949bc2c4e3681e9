"""Polynomials by their coefficients, highest power first; where a ``np.poly1d`` is given, one comes back."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import known, settled
from edgewise.core.traced import cast_as
from edgewise.families.samples import case, grid

P, Q, X = grid(4), grid(2, seed=1), grid(2, 3, seed=2)
SQUARE = np.array([[2.0, 0.3, -0.4], [0.1, -1.0, 0.2], [0.5, -0.2, 0.7]])


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


def _as_given(made: Any, *given: Any) -> Any:
    return np.poly1d(made) if any(isinstance(a, np.poly1d) for a in given) else made


@composition(np.polyval, [case(P, X), case(P, 0.7), case(grid(3, 2), 0.7)], "p", "x")
def polyval(p: Any, x: Any) -> Any:
    inner = isinstance(x, np.poly1d)  # a polynomial of a polynomial
    p, x = _array(p), x if inner else _array(x)
    y: Any = 0 if inner else np.zeros_like(x)
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
    first, second = _aligned(a1, a2)
    return _as_given(first + second, a1, a2)


@composition(np.polysub, [case(P, Q), case(Q, P)], "a1", "a2")
def polysub(a1: Any, a2: Any) -> Any:
    first, second = _aligned(a1, a2)
    return _as_given(first - second, a1, a2)


@composition(np.polyder, [case(P), case(P, 2), case(P, 0)], "p")
def polyder(p: Any, m: Any = 1) -> Any:
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    c = _array(p)
    for _ in range(int(m)):
        c = c[:-1] * np.arange(c.shape[0] - 1, 0, -1)
    return _as_given(c, p)


@composition(np.polyint, [case(P), case(P, 2), case(P, 2, np.array([0.5, 1.5]))], "p", "m", "k")
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    m = int(m)
    c = _array(p)
    constants = np.zeros(m, c.dtype) if k is None else np.atleast_1d(_array(k))
    if constants.shape[0] == 1 and m > 1:
        constants = constants * np.ones(m)
    if constants.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        c = np.concatenate([c / np.arange(c.shape[0], 0, -1), constants[i : i + 1]])
    return _as_given(c, p)


@composition(np.poly, [case(P), case(np.array([0.5])), case(SQUARE)], "seq_of_zeros", oracle="difference")
def poly(seq_of_zeros: Any) -> Any:
    """Factor by factor; of a matrix, its characteristic polynomial."""
    zeros = np.atleast_1d(_array(seq_of_zeros))
    real = zeros.dtype.kind != "c"
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1]:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if zeros.dtype == np.float16:  # as NumPy does
        zeros = cast_as(zeros, np.float64)
    a: Any = np.ones(1, zeros.dtype)
    nothing = np.zeros(1, zeros.dtype)
    for zero in zeros:
        a = np.concatenate([a, nothing]) - np.concatenate([nothing, zero * a])
    if zeros.dtype.kind == "c" and (real or (known(zeros) and _in_pairs(settled(zeros)))):
        return np.real(a)  # the members of a batch are of one kind: complex
    return a


def _in_pairs(zeros: Any) -> bool:
    """Whether zeros come with their conjugates, so that the coefficients are real."""
    return bool(np.all(np.sort(zeros) == np.sort(np.conjugate(zeros))))


def _trimmed(a: Any) -> Any:
    """Without leading zeros, but for one."""
    a = np.trim_zeros(np.atleast_1d(_array(a)), "f")
    return a if a.size else np.zeros(1, a.dtype)


@composition(np.polymul, [case(P, Q), case(P, P)], "a1", "a2", ragged=True)
def polymul(a1: Any, a2: Any) -> Any:
    return _as_given(np.convolve(_trimmed(a1), _trimmed(a2)), a1, a2)


EXACT, POWERS = np.array([1.5, -2.25, 0.5, 3.0]), np.array([2.0, -0.5, 4.0])  # single precision divides them exactly


@composition(
    np.polydiv,
    [case(EXACT, POWERS[:2]), case(POWERS[:2], EXACT), case(EXACT, POWERS), case(EXACT, POWERS[:1])],
    "u", "v", ragged=True,
)  # fmt: skip
def polydiv(u: Any, v: Any) -> Any:
    """Long division: each step takes the leading coefficient of what is left."""
    left, divisor = (np.atleast_1d(_array(a)) + 0.0 for a in (u, v))
    if left.ndim > 1 or divisor.ndim > 1:
        raise ValueError("np.polydiv takes the coefficients of one polynomial each")
    dtype = (left[0] + divisor[0]).dtype  # NumPy's error where there is no coefficient
    n = divisor.shape[0] - 1
    steps = left.shape[0] - n
    scale = 1.0 / divisor[0]
    left = cast_as(left, dtype)
    quotient, done = [], []
    for _ in range(steps):
        factor = scale * left[0]
        quotient.append(factor)
        reduced = left[: n + 1] - factor * divisor
        done.append(reduced[:1])
        left = np.concatenate([reduced[1:], left[n + 1 :]])
    remainder = np.concatenate([*done, left])
    small = np.isclose(settled(remainder), 0, rtol=1e-14)[:-1]  # as NumPy drops leading coefficients
    remainder = remainder[int(np.argmin(small)) if not small.all() else small.size :] if small.size else remainder
    found = np.stack(quotient) if quotient else np.zeros(1, dtype)
    return _as_given(found, u, v), _as_given(remainder, u, v)
