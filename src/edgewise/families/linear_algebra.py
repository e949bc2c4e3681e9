"""Families of linear algebra. Matrices lie in the last two axes, so that a batch is one more leading axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.core.primitive import Family, Primitive
from edgewise.families.structure import Unmoved
from edgewise.maps import Form, Map

__all__ = ["FACTORISATION", "FORM", "HERMITIAN_FORM", "SYSTEM"]


class System(Unmoved):
    """``solve``: where every member of a batch has the same matrix, they are columns of one right-hand side."""

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        A, b = values
        if batched[0] or b.ndim != A.ndim + 1:
            return super().batch(primitive, values, batched, size, params)
        columns = np.moveaxis(b, 0, -1)
        x = primitive(A, np.reshape(columns, (*columns.shape[:-2], columns.shape[-2] * size)), **params)
        return np.moveaxis(np.reshape(x, columns.shape), -1, 0)


class MultilinearForm(Family):
    """A function of matrices and its derivatives along directions: the operands are (A, T₁, ..., Tₚ) (``maps.Form``).

    By a direction the derivative is the form with another one in its place; by A, with one direction more.
    """

    name = "multilinear form"

    def __init__(self, holomorphic: bool) -> None:
        self.holomorphic = holomorphic

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset(i for i in range(arity) if i != edge or not edge)

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        others = tuple(k for i, k in enumerate(kept[:-1]) if i != edge or not edge)
        return Form(primitive, others, params, self.holomorphic)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        members = [v if b else np.broadcast_to(v, (size, *v.shape)) for v, b in zip(values, batched, strict=True)]
        return primitive(*members, **params)


FACTORISATION, SYSTEM = Unmoved("linear algebra"), System("linear algebra")
FORM, HERMITIAN_FORM = MultilinearForm(holomorphic=True), MultilinearForm(holomorphic=False)
