"""Arrays made after the pattern of a traced one, and questions about types. Nothing here depends on the values.

What is made can be stored into: it is traced, and constant until then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import constant_like, settled
from edgewise.core.memory import contiguous
from edgewise.core.traced import Traced
from edgewise.families.samples import case, grid

X = grid(2, 3)


def _like(a: Any, dtype: Any, shape: Any, order: str) -> tuple[Any, Any, Any]:
    """Shape, dtype and order of an array like another."""
    if order in ("A", "K"):
        order = "F" if shape is None and contiguous(a, "F") and not contiguous(a) else "C"
    return (a.shape if shape is None else shape), (a.dtype if dtype is None else dtype), order


@composition(np.zeros_like, [case(X), case(X, shape=(2,))], "a")
def zeros_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return constant_like(a, np.zeros(*_like(a, dtype, shape, order)))


@composition(np.ones_like, [case(X), case(X, shape=(2,))], "a")
def ones_like(
    a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return constant_like(a, np.ones(*_like(a, dtype, shape, order)))


@composition(np.empty_like, [case(X, shape=(0,))], "prototype")
def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    return constant_like(prototype, np.zeros(*_like(prototype, dtype, shape, order)))


@composition(np.full_like, [case(X, 1.5), case(X, 1.5, shape=(4,))], "a", "fill_value")
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    target, kind, layout = _like(a, dtype, shape, order)
    if isinstance(fill_value, Traced):
        made: Any = np.broadcast_to(fill_value.astype(kind), target)  # type: ignore[attr-defined]  # installed by the book
        made = np.copy(made, order=layout)
        return made if isinstance(made, Traced) else constant_like(a, made)
    return constant_like(a, np.full(target, fill_value, kind, layout))


@composition(np.nonzero, [case(np.array([0.0, 1.0, 2.0]))], "a", methods=("nonzero",))
def nonzero(a: Any) -> Any:
    return np.nonzero(settled(a))


@composition(np.flatnonzero, [case(np.array([0.0, 1.0, 2.0]))], "a")
def flatnonzero(a: Any) -> Any:
    return np.flatnonzero(settled(a))


@composition(np.result_type, [case(X, np.float32)])
def result_type(*arrays_and_dtypes: Any) -> Any:
    return np.result_type(*(a.dtype if isinstance(a, Traced) else a for a in arrays_and_dtypes))


@composition(np.iscomplexobj, [case(X)], "x")
def iscomplexobj(x: Any) -> bool:
    return bool(x.dtype.kind == "c")


@composition(np.isrealobj, [case(X)], "x")
def isrealobj(x: Any) -> bool:
    return bool(x.dtype.kind != "c")
