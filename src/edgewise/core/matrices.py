"""Matrices in the last two axes: the conjugate transpose, and the few constants that rules about matrices share."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.pairing import conj

__all__ = ["dagger", "lower_half", "upper_half"]


def dagger(x: Any) -> Any:
    """The conjugate transpose of matrices: for real ones a view.

    >>> dagger(np.array([[1.0, 2j]]))
    array([[1.-0.j],
           [0.-2.j]])
    """
    return conj(np.swapaxes(x, -1, -2))


def lower_half(n: int) -> Any:
    """Ones below the diagonal and one half on it: a Hermitian matrix is this half of it plus its conjugate transpose.

    >>> lower_half(2)
    array([[0.5, 0. ],
           [1. , 0.5]])
    """
    return np.tri(n) - 0.5 * np.eye(n)


def upper_half(n: int) -> Any:
    """Ones above the diagonal and one half on it."""
    return lower_half(n).T
