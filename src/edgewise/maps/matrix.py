"""The words of linear algebra: maps of matrices, which lie in the last two axes of an array.

Products from either side are contractions with all leading axes shared, so that adjoints, aliveness and batches are
those of ``Contract``. A word whose entries all mix (``Solve``, ``Form``) is dense: each matrix is alive or dead as a
whole, and what is dead is exactly zero.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core.matrices import dagger
from edgewise.core.pairing import conj
from edgewise.maps.base import Compose, Map, as_mask
from edgewise.maps.contraction import Contract

__all__ = [
    "Averaged",
    "ConjugateTranspose",
    "Dense",
    "DiagonalPart",
    "Form",
    "RealPart",
    "Solve",
    "Symmetrise",
    "congruence",
    "left",
    "on_vectors",
    "right",
]


_LEADING = "".join(c for c in string.ascii_letters if c not in "ijk")


def _letters(ndim: int, core: str) -> str:
    """Names of the leading axes of an array of ``ndim`` axes, and ``core`` for the last ones."""
    return _LEADING[: ndim - len(core)] + core


def left(A: Any) -> Contract:
    """T -> A T."""
    return Contract(A, _letters(A.ndim, "jk"), _letters(A.ndim, "ij"), _letters(A.ndim, "ik"))


def right(A: Any) -> Contract:
    """T -> T A."""
    return Contract(A, _letters(A.ndim, "ij"), _letters(A.ndim, "jk"), _letters(A.ndim, "ik"))


def congruence(A: Any) -> Compose:
    """T -> A T Aᴴ."""
    return Compose((left(A), right(dagger(A))))


def on_vectors(A: Any) -> Contract:
    """T -> A t for the vectors t in the last axis."""
    return Contract(A, _letters(A.ndim - 1, "j"), _letters(A.ndim, "ij"), _letters(A.ndim - 1, "i"))


class Averaged(Map):
    """t -> t, with entries of the last axis whose values in ``of`` are equal replaced by their mean."""

    __slots__ = ("mean", "tied")
    complex_linear = True

    def __init__(self, of: Any) -> None:
        same = of[..., :, None] == of[..., None, :]
        count = np.sum(same, axis=-1)
        self.mean = same / count[..., None]
        self.tied = count > 1

    def push(self, t: Any) -> Any:
        return np.where(self.tied, on_vectors(self.mean).push(t), t)

    def pull(self, g: Any) -> Any:
        return self.push(g)

    def pattern(self) -> Map:
        return on_vectors((self.mean > 0).astype(float))


class ConjugateTranspose(Map):
    """T -> Tᴴ."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return dagger(t)

    def pull(self, g: Any) -> Any:
        return dagger(g)


class Symmetrise(Map):
    """T -> (T + Tᴴ)/2, its own adjoint: the derivative of whatever takes the Hermitian part of its argument."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return 0.5 * (t + dagger(t))

    def pull(self, g: Any) -> Any:
        return self.push(g)


class DiagonalPart(Map):
    """T -> the diagonal of T, of square matrices of order ``n``."""

    __slots__ = ("n",)
    complex_linear = True

    def __init__(self, n: int) -> None:
        self.n = n

    def push(self, t: Any) -> Any:
        return np.diagonal(t, axis1=-2, axis2=-1)

    def pull(self, g: Any) -> Any:
        return np.expand_dims(g, -1) * np.eye(self.n)


class RealPart(Map):
    """t -> Re t, its own adjoint under Re⟨g, t⟩; the identity on real numbers."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return np.real(t) if t.dtype.kind == "c" else t

    def pull(self, g: Any) -> Any:
        return self.push(g)


class _Mixing(Map):
    """Base of the words whose every output entry depends on every input entry of the same matrix."""

    __slots__ = ()

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return _whole(self.push(t), alive)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return _whole(self.pull(g), alive)


def _whole(out: Any, alive: Any) -> tuple[Any, Any]:
    if alive is None:
        return out, None
    reached = as_mask(np.sum(alive.astype(float), axis=(-2, -1), keepdims=True))
    return np.where(reached, out, 0), np.broadcast_to(reached, out.shape)


class Dense(_Mixing):
    """The pattern of such a word: matrices of ``shape`` become matrices of ``target``, all entries the sum of all."""

    __slots__ = ("shape", "target")
    complex_linear = True

    def __init__(self, shape: tuple[int, int], target: tuple[int, int]) -> None:
        self.shape = shape
        self.target = target

    def push(self, t: Any) -> Any:
        return np.sum(t, axis=(-2, -1), keepdims=True) * np.ones(self.target)

    def pull(self, g: Any) -> Any:
        return np.sum(g, axis=(-2, -1), keepdims=True) * np.ones(self.shape)


class Solve(Map):
    """T -> A⁻¹ T, by a factorisation of A and never by its inverse."""

    __slots__ = ("A",)
    complex_linear = True

    def __init__(self, A: Any) -> None:
        self.A = A

    def push(self, t: Any) -> Any:
        return np.linalg.solve(self.A, t)

    def pull(self, g: Any) -> Any:
        return np.linalg.solve(dagger(self.A), g)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self.push(t), self._carry(self.pattern().push, t, alive)

    def pattern(self) -> Map:
        return left(np.ones(self.A.shape))


class Form(_Mixing):
    """T -> form(A, ..., T): all but the last argument of a symmetric multilinear form.

    Such forms are the derivatives of one function of A: those of the determinant, those of the trace of a matrix
    function. Being symmetric, the map is its own adjoint up to conjugation, and the derivative of the map is the form
    with one argument more.

    Args:
        form: ``form(A, *arguments, **params)``, of the shape of A.
        operands: A and the arguments before the last.
        params: the form's static parameters.
        holomorphic: whether it is complex linear (the adjoint conjugates), and not a form on Hermitian matrices.
    """

    __slots__ = ("form", "holomorphic", "operands", "params")

    def __init__(
        self, form: Callable[..., Any], operands: tuple[Any, ...], params: dict[str, Any], holomorphic: bool
    ) -> None:
        self.form = form
        self.operands = operands
        self.params = params
        self.holomorphic = holomorphic

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the form
        return self.holomorphic

    def push(self, t: Any) -> Any:
        return self.form(*self.operands, t, **self.params)

    def pull(self, g: Any) -> Any:
        return conj(self.push(conj(g))) if self.holomorphic else self.push(g)

    def pattern(self) -> Map:
        n = self.operands[0].shape[-1]
        return Dense((n, n), (n, n))
