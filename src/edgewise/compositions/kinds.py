"""Questions about kinds of numbers, whose answers for real numbers are short; and comparisons of whole sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.traced import Traced
from edgewise.families.samples import between, case, grid

X = grid(2, 3)


@composition(np.imag, [case(X)], "val", oracle="difference", note="0")
def imag(val: Any) -> Any:
    return np.zeros_like(val)


@composition(np.conjugate, between(-2.3, 2.4), "x", oracle="difference", methods=("conj", "conjugate"))
def conjugate(x: Any, /) -> Any:
    return +x


@composition(np.angle, [case(X), case(X, True)], "z", oracle="difference", note="0")
def angle(z: Any, deg: bool = False) -> Any:
    return np.arctan2(np.zeros_like(z), z) * (180 / np.pi if deg else 1.0)


@composition(np.real_if_close, [case(X)], "a", oracle="difference")
def real_if_close(a: Any, tol: float = 100) -> Any:
    return a


@composition(np.isreal, [case(X)], "x")
def isreal(x: Any) -> Any:
    return np.ones(np.shape(x), bool)


@composition(np.iscomplex, [case(X)], "x")
def iscomplex(x: Any) -> Any:
    return np.zeros(np.shape(x), bool)


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


@composition(np.isin, [case(X, X[0]), case(X, X[0], invert=True)], "element", "test_elements")
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Any:
    others = np.ravel(test_elements if isinstance(test_elements, Traced) else np.asarray(test_elements))
    element = element if isinstance(element, Traced) else np.asarray(element)
    found = np.any(element[..., None] == others, axis=-1)
    return ~found if invert else found


Traced.imag = property(np.imag)  # type: ignore[attr-defined]  # as Traced.real
