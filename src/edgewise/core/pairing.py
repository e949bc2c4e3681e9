"""The pairing of cotangents with tangents, ⟨g, t⟩ = Re Σ conj(g)·t: under it every map has its adjoint.

For real numbers it is the dot product. For complex ones it makes the gradient of a real-valued function the direction
of steepest ascent, ∂f/∂x + i ∂f/∂y, and the adjoint of a multiplication by w the multiplication by conj(w). The adjoint
of the embedding of the real numbers into the complex ones is the real part: ``shapes.cast`` takes it, on every edge
between the two (``docs/decisions/0001-complex-convention.md``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["conj", "paired", "squares"]


def conj(x: Any) -> Any:
    """The complex conjugate; a real value as it is, without a copy or a node.

    >>> conj(1 + 2j), conj(3.0)
    ((1-2j), 3.0)
    """
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        return x.conjugate() if isinstance(x, complex) else x
    return np.conjugate(x) if dtype.kind == "c" else x


def squares(x: Any) -> Any:
    """|x|², entry by entry.

    >>> squares(np.array([3.0, -1.0])), squares(np.array([3 + 4j]))
    (array([9., 1.]), array([25.]))
    """
    return np.real(x) ** 2 + np.imag(x) ** 2 if x.dtype.kind == "c" else x * x


def paired(g: Any, t: Any) -> Any:
    """⟨g, t⟩ of two values of one shape.

    >>> paired(np.array([1j, 2.0]), np.array([3j, 1.0]))
    np.float64(5.0)
    """
    return np.real(np.sum(conj(g) * t))
