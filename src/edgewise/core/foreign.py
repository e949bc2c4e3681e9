"""Other duck arrays: Dask, Pint, CuPy and whatever else speaks NumPy's protocols can be the value of a Traced.

Traced is always outermost. Most duck arrays yield to an unknown one by themselves; Pint wraps it instead, unless it is
told not to. Nothing here imports any of them.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Collection
from typing import Any

import numpy as np

from edgewise.errors import ForeignArrayError

__all__ = ["hint", "refuse_foreign", "refuse_wrapped", "tell_pint", "with_dtype"]


def tell_pint(types: Collection[type]) -> None:
    """Enter our types among those Pint yields to, if Pint is there (``pint.compat.upcast_type_map`` is made for it)."""
    compat = sys.modules.get("pint.compat")
    if compat is not None:
        for cls in types:
            compat.upcast_type_map[f"{cls.__module__}.{cls.__qualname__}"] = cls


def refuse_foreign(value: Any, label: str, what: str) -> None:
    """Raise on an array type whose arithmetic is not NumPy's, so that a derivative would be wrong.

    Args:
        value: anything.
        label: what messages call it; "" for its type.
        what: what happened, such as "met a traced value"; "" for "is a ...".

    Raises:
        ForeignArrayError: ``np.matrix``, masked arrays, SciPy's sparse matrices, pandas objects.
    """
    kind = instead = ""
    if isinstance(value, np.matrix):
        kind, instead = "np.matrix", "convert it first: np.asarray(m)"
    elif isinstance(value, np.ma.MaskedArray):
        kind, instead = "a masked array", "fill it first: m.filled(value)"
    elif type(value) is not np.ndarray:
        module = type(value).__module__
        if module.startswith("scipy.sparse") and hasattr(value, "toarray"):
            kind, instead = "a sparse matrix", hint(module)
        elif module.startswith("pandas") and hasattr(value, "to_numpy"):
            kind, instead = f"a pandas {type(value).__name__}", hint(module)
    if kind:
        raise ForeignArrayError(
            f"{label} is {kind}" if label else f"{kind} {what}",
            "its arithmetic is not that of NumPy arrays, so a derivative would be wrong",
            instead,
        )


def hint(module: str) -> str:
    """What to write in place of another library's arrays; "" where nothing is known about it."""
    if module.startswith("scipy.sparse"):
        return (
            "make the array dense, S.toarray() @ t, or the product a primitive: "
            "@ew.primitive(push=lambda t: S @ t, pull=lambda g: S.T @ g)"
        )
    return "convert to NumPy first: s.to_numpy()" if module.startswith("pandas") else ""


def with_dtype(value: Any) -> Any:
    """A quantity as a value to keep: of a NumPy scalar, which has a dtype, or of an array that nobody else has."""
    magnitude = getattr(value, "magnitude", None)
    if isinstance(magnitude, float | int):
        return value * np.float64(1)
    return copy.copy(value) if isinstance(magnitude, np.ndarray) else value


def refuse_wrapped(value: Any, types: Collection[type]) -> None:
    """Raise if another duck array has been wrapped around a traced value.

    Raises:
        ForeignArrayError: it has; its derivative would be lost.
    """
    if type(getattr(value, "magnitude", None)) in types:
        raise ForeignArrayError(
            f"a {type(value).__name__} was wrapped around a traced value",
            "a traced value has to be outermost, or operations on the wrapper would pass it by",
            "multiply by a quantity instead of a unit, t * (1.0 * unit), and import pint before differentiating",
        )
