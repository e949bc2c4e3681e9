"""``ew.linalg``: functions of symmetric matrices, right at every matrix, also where eigenvalues coincide.

``matrix_function(A, f)`` is V f(w) Vᵀ with A = V w Vᵀ. Written with ``np.linalg.eigh`` it has no derivative through V
where eigenvalues coincide; as one function of A it has, by divided differences of f (``core.spectral``), to every
order. ``expm``, ``logm`` and ``sqrtm`` are such functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core.spectral import spectral
from edgewise.errors import ArgumentError
from edgewise.families.matrices import ready, require_square, require_symmetric
from edgewise.transforms.elementwise import derivative

__all__ = ["expm", "logm", "matrix_function", "sqrtm"]


def matrix_function(A: Any, f: Callable[[Any], Any], df: Callable[[Any], Any] | None = None) -> Any:
    """``f(A)`` of symmetric matrices: f applied to the eigenvalues.

    Args:
        A: real symmetric (or complex Hermitian) matrices, of shape (..., n, n); tangents are symmetrised.
        f: a real function in plain NumPy, elementwise on arrays and smooth at the eigenvalues.
        df: its derivative, where that is known better than ``ew.derivative(f)`` would find it. Higher derivatives are
            found by differentiating it.

    Returns:
        Matrices of the shape of A. Derivatives of every order are right at every A. The divided differences in them
        are taken by quotients or by integrals of the derivative of f, whichever errs less: the first is right to about
        ε|f|/r, with r some tenths of the distance over which f is analytic, or the gap of the eigenvalues if larger.

    Raises:
        ArgumentError: A is traced and not symmetric, or f is no function.
        numpy.linalg.LinAlgError: A is not square.

    >>> matrix_function(np.diag([1.0, 1.0, 4.0]), np.sqrt)
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 2.]])

    Daleckii & Krein, AMS Translations 47 (1965); Higham, Functions of Matrices (2008), chapter 3.
    """
    for name, given in (("f", f), ("df", df)):
        if not callable(given) and (name == "f" or given is not None):
            raise ArgumentError(
                f"matrix_function was given {name}={given!r}",
                "it is applied to the eigenvalues, so it must be a function",
                "write ew.linalg.matrix_function(A, np.exp)",
            )
    return _spectral(A, _Derivatives(f, df), "ew.linalg.matrix_function")


def expm(A: Any) -> Any:
    """The exponential of symmetric matrices.

    Args:
        A: as in ``matrix_function``.

    >>> expm(np.zeros((2, 2)))
    array([[1., 0.],
           [0., 1.]])
    """
    return _spectral(A, _exponential, "ew.linalg.expm")


def logm(A: Any) -> Any:
    """The logarithm of symmetric positive definite matrices; NaN where an eigenvalue is negative.

    Args:
        A: as in ``matrix_function``.

    >>> logm(np.eye(2))
    array([[0., 0.],
           [0., 0.]])
    """
    return _spectral(A, _logarithm, "ew.linalg.logm")


def sqrtm(A: Any) -> Any:
    """The square root of symmetric positive semidefinite matrices, whose derivative is infinite at singular ones.

    Args:
        A: as in ``matrix_function``.

    >>> sqrtm(np.diag([4.0, 9.0]))
    array([[2., 0.],
           [0., 3.]])
    """
    return _spectral(A, _square_root, "ew.linalg.sqrtm")


def _spectral(A: Any, f: Callable[[int], Callable[[Any], Any]], name: str) -> Any:
    A = ready(A)
    require_square(A)
    require_symmetric(A, name, "L")
    return spectral(A if A.dtype.kind in "fc" else A.astype(float), f=f)


class _Derivatives:
    """f and its derivatives by order."""

    def __init__(self, f: Callable[[Any], Any], df: Callable[[Any], Any] | None) -> None:
        self._known = [f] if df is None else [f, df]

    def __call__(self, order: int) -> Callable[[Any], Any]:
        while len(self._known) <= order:
            self._known.append(derivative(self._known[-1]))
        return self._known[order]


def _exponential(order: int) -> Callable[[Any], Any]:
    return np.exp


def _logarithm(order: int) -> Callable[[Any], Any]:
    if not order:
        return np.log
    factor = (-1) ** (order - 1) * math.factorial(order - 1)
    return lambda x: factor * x ** -float(order)


def _square_root(order: int) -> Callable[[Any], Any]:
    factor = math.prod(0.5 - k for k in range(order))
    return lambda x: np.sqrt(x) if not order else factor * x ** (0.5 - order)
