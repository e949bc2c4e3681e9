"""``cofactors``: the matrix of cofactors, which is the derivative of the determinant, and all its derivatives.

det A · A⁻ᵀ is the same matrix where A is regular, and 0 · ∞ where it is not. Here nothing is divided. With the singular
value decomposition A = U S Vᴴ,

    det(A + T) = det(U) det(Vᴴ) · det(S + M),    M = Uᴴ T V,

and the derivatives of det at a diagonal matrix are sums over minors: the p-th, along M₁, ..., Mₚ, is

    Σ over distinct i₁..iₚ of (product of all s but those) · Σ over permutations σ of sign(σ) · Π Mₖ[iₖ, i_σ(k)].

It is multilinear and symmetric in its directions. ``cofactors(A, T₁, ..., Tₚ)`` is this form of order p + 1 with its
last direction left open; its derivative, in A or in a T, is the same function again. So the determinant has exact
derivatives of every order at every matrix, of whatever rank.

Stewart, On the adjugate matrix, Linear Algebra and its Applications 283 (1998), shows that products of singular values
give it accurately; so does det A · A⁻ᵀ from one LU factorisation, also near singular matrices, as long as no pivot is
zero. The latter is ten times faster, and is used where the condition number is moderate.
"""

from __future__ import annotations

import functools
import itertools
import string
from typing import Any

import numpy as np

from edgewise.core.pairing import conj
from edgewise.core.traced import dispatched

__all__ = ["cofactors"]

MODERATE = 1e8  # condition numbers (in the 1-norm) up to which det A · A⁻ᵀ is taken


@dispatched
def cofactors(x: Any, *directions: Any) -> Any:
    """The cofactor matrices of square matrices, or their derivative along directions.

    Args:
        x: matrices, of shape (..., n, n).
        directions: T₁, ..., Tₚ of the same shape; the derivative of order p is multilinear in them.

    >>> cofactors(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    >>> cofactors(np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[ 4., -3.],
           [-2.,  1.]])

    Costs: O(n³) for p < 2, O(nᵖ⁺¹) from there on.
    """
    n = x.shape[-1]
    if not n or len(directions) >= n:
        return np.zeros(np.broadcast_shapes(x.shape, *(t.shape for t in directions)), np.result_type(x, *directions))
    if not directions and (regular := _by_inverse(x)) is not None:
        return regular
    U, s, Vh = np.linalg.svd(x)
    sign = np.linalg.det(U) * np.linalg.det(Vh)
    V, Uh = conj(np.swapaxes(Vh, -1, -2)), conj(np.swapaxes(U, -1, -2))
    form = _form(_others(s, len(directions) + 1), [Uh @ t @ V for t in directions], n)
    return sign[..., None, None] * (conj(U) @ form @ conj(Vh))


def _by_inverse(x: Any) -> Any:
    """Det A · A⁻ᵀ, or None where some matrix is too near a singular one."""
    try:
        inverse = np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return None
    size = np.abs(x).sum(-2).max(-1) * np.abs(inverse).sum(-2).max(-1)
    if not np.all(size < (MODERATE if x.dtype.itemsize // (1 + (x.dtype.kind == "c")) > 4 else 1e3)):
        return None
    return np.linalg.det(x)[..., None, None] * np.swapaxes(inverse, -1, -2)


def _others(s: Any, count: int) -> Any:
    """For distinct i₁..i_count, the product of all s but those; 0 where two indices coincide. No division."""
    n = s.shape[-1]
    between = np.ones((*s.shape[:-1], n + 2, n + 2), s.dtype)  # [a, b]: the product of s strictly between a and b
    between[..., 1 : n + 1] = np.where(np.arange(1, n + 1) > np.arange(n + 2)[:, None], s[..., None, :], 1)
    between = np.cumprod(between, -1)
    between = np.concatenate([between[..., :1], between[..., :-1]], -1) * np.triu(np.ones((n + 2, n + 2), s.dtype), 1)
    letters = string.ascii_letters[: count + 2]
    inner = between[..., 1:-1, 1:-1]
    steps = [between[..., 0, 1:-1], *[inner] * (count - 1), between[..., 1:-1, -1]]
    spec = [letters[1], *(letters[k] + letters[k + 1] for k in range(1, count)), letters[count]]
    indices = letters[1 : count + 1]
    rising = np.einsum(",".join(f"...{p}" for p in spec) + f"->...{indices}", *steps)
    return functools.reduce(
        np.add, (np.einsum(f"...{indices}->...{''.join(p)}", rising) for p in itertools.permutations(indices))
    )


def _form(others: Any, directions: list[Any], n: int) -> Any:
    """The sum over indices and permutations, its first direction left open: entry (i₀, i_σ(0))."""
    count = len(directions) + 1
    letters = string.ascii_letters[:count]
    total: Any = 0.0
    for order in itertools.permutations(range(count)):
        spec = [letters, *(letters[k] + letters[order[k]] for k in range(1, count))]
        entry = letters[0] if order[0] == 0 else letters[0] + letters[order[0]]
        term = np.einsum(",".join(f"...{p}" for p in spec) + f"->...{entry}", others, *directions, optimize=count > 2)
        total = total + _sign(order) * (term[..., None] * np.eye(n, dtype=term.dtype) if order[0] == 0 else term)
    return total


def _sign(order: tuple[int, ...]) -> int:
    swaps = sum(a > b for a, b in itertools.combinations(order, 2))
    return -1 if swaps % 2 else 1
