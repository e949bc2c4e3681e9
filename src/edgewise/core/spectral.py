"""``spectral``: a function of Hermitian matrices, f(A) = V f(w) Vᴴ, and all its derivatives.

They exist wherever f is smooth, also where eigenvalues coincide and eigenvectors have no derivative. Daleckii and
Krein: along T, with M = Vᴴ T V,

    Df(A)[T] = V (f[wᵢ, wⱼ] Mᵢⱼ) Vᴴ,

and of order p, with divided differences of order p (``core.divided``) and a sum over the permutations σ of T₁, ..., Tₚ,

    Dᵖf(A)[T₁, ..., Tₚ] = V (Σ f[wᵢ₀, ..., wᵢₚ] M_σ₁[i₀, i₁] ··· M_σₚ[iₚ₋₁, iₚ]) Vᴴ.

With a further direction traced against it, this is a symmetric form: a derivative of trace F(A), where F' = f. So
``spectral(A, T₁, ..., Tₚ)`` is its own family: the derivative in A or in a T is the same function again, and no
derivative of an eigenvector is ever taken.

Daleckii & Krein, Integration and differentiation of functions of Hermitian operators, AMS Translations 47 (1965);
Higham, Functions of Matrices (2008), chapter 3.
"""

from __future__ import annotations

import itertools
import string
from typing import Any

import numpy as np

from edgewise.core.divided import Derivatives, divided_differences
from edgewise.core.matrices import dagger
from edgewise.core.traced import dispatched

__all__ = ["spectral"]


@dispatched
def spectral(x: Any, *directions: Any, f: Derivatives) -> Any:
    """F(A) of the Hermitian parts of matrices, or its derivative along directions.

    Args:
        x: matrices, of shape (..., n, n).
        directions: T₁, ..., Tₚ of the same shape, of which the Hermitian parts count.
        f: ``f(k)`` is the k-th derivative of the function, elementwise on arrays.

    >>> spectral(np.diag([0.0, 0.0]), np.array([[0.0, 1.0], [1.0, 0.0]]), f=lambda k: np.exp)
    array([[0., 1.],
           [1., 0.]])

    Costs: an eigendecomposition and O(n³) for p < 2, O(nᵖ⁺¹) from there on.
    """
    w, V = np.linalg.eigh((x + dagger(x)) / 2)
    order = len(directions)
    weights = divided_differences(f, w, order)
    if not order:
        return (V * weights[..., None, :]) @ dagger(V)
    frames = [dagger(V) @ ((t + dagger(t)) / 2) @ V for t in directions]
    letters = string.ascii_letters[: order + 1]
    pairs = [letters[k : k + 2] for k in range(order)]
    spec = ",".join(f"...{p}" for p in (letters, *pairs)) + f"->...{letters[0]}{letters[-1]}"
    total: Any = 0.0
    for chosen in itertools.permutations(frames):
        total = total + np.einsum(spec, weights, *chosen, optimize=order > 1)
    return V @ total @ dagger(V)
