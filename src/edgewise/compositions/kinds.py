"""Questions about kinds of numbers, whose answers for real numbers are short; and comparisons of whole sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.traced import Traced, cast_as
from edgewise.families.samples import case, grid

X, Y = grid(2, 3), grid(2, 3, seed=1)


@composition(np.real_if_close, [case(X)], "a", oracle="difference")
def real_if_close(a: Any, tol: float = 100) -> Any:
    if a.dtype.kind != "c":
        return a
    small = np.finfo(a.dtype).eps * tol if tol > 1 else tol
    return np.real(a) if np.all(np.abs(np.imag(a)) < small) else a


@composition(np.isreal, [case(X)], "x")
def isreal(x: Any) -> Any:
    return np.imag(x) == 0


@composition(np.iscomplex, [case(X)], "x")
def iscomplex(x: Any) -> Any:
    return np.imag(x) != 0


@composition(np.common_type, [case(X), case(X, np.ones(2, np.float32))])
def common_type(*arrays: Any) -> Any:
    return np.common_type(*(np.empty(0, a.dtype) for a in arrays))


@composition(np.array_equiv, [case(X, X), case(X, X[0])], "a1", "a2")
def array_equiv(a1: Any, a2: Any) -> bool:
    try:
        np.broadcast_shapes(np.shape(a1), np.shape(a2))
    except ValueError:
        return False
    return bool(np.all(a1 == a2))


@composition(np.shares_memory, [case(X, Y)], "a", "b")
def shares_memory(a: Any, b: Any, /, max_work: int = -1) -> bool:
    return a is b  # a traced value is nobody's view: none can be changed through another


@composition(np.may_share_memory, [case(X, Y)], "a", "b")
def may_share_memory(a: Any, b: Any, /, max_work: int = 0) -> bool:
    return a is b


@composition(np.isin, [case(X, X[0]), case(X, X[0], invert=True)], "element", "test_elements")
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Any:
    others = np.ravel(test_elements if isinstance(test_elements, Traced) else np.asarray(test_elements))
    element = element if isinstance(element, Traced) else np.asarray(element)
    found = np.any(element[..., None] == others, axis=-1)
    return ~found if invert else found


if hasattr(np, "in1d"):  # until NumPy 2.4, deprecated

    @composition(np.in1d, [case(X, X[0]), case(X, X[0], invert=True)], "ar1", "ar2")  # noqa: NPY201  see above
    def in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None) -> Any:
        return np.ravel(isin(ar1, ar2, invert=invert))


@composition(np.sort_complex, [case(grid(5)), case(X)], "a", oracle="difference")
def sort_complex(a: Any) -> Any:
    ordered = np.sort(a)
    if ordered.dtype.kind == "c":
        return ordered
    return cast_as(ordered, np.clongdouble if ordered.dtype.char == "g" else np.complex128)
