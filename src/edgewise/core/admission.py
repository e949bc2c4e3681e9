"""Which operands meet a traced value, and in what form: where sequences, object arrays and strangers are sorted."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core import refusals
from edgewise.core.foreign import refuse_foreign, refuse_wrapped, with_dtype
from edgewise.core.traced import TRACED, Traced, TracedArray, TracedScalar
from edgewise.core.undetermined import Undetermined

__all__ = ["admit", "knows"]

_SIMPLE = frozenset(
    {bool, int, float, complex, np.ndarray, TracedScalar, TracedArray}
    | {np.dtype(code).type for code in "?bBhHiIlLqQefdgFDG"}
)


def admit(operand: Any, beside: tuple[Any, ...] = ()) -> Any:
    """Bring an operand into a form modes can handle: object arrays become one traced value, sequences arrays.

    Args:
        operand: the operand.
        beside: all operands, from which a Python complex number takes its precision, as in NumPy.

    Raises:
        ForeignArrayError: ``np.matrix`` and masked arrays, whose arithmetic is not NumPy's.
        ArgumentError: something that is no number or array.
    """
    if type(operand) in _SIMPLE:
        if type(operand) is complex:
            # the product of a Python complex with np.float64 is another one, without a dtype
            return np.result_type(*(x.dtype for x in beside if hasattr(x, "dtype")), operand).type(operand)
        if type(operand) is np.ndarray and operand.dtype.kind not in "fiubc":
            return _admit_odd(operand)
        return operand
    if isinstance(operand, list | tuple):
        return admit(np.array(operand))
    if isinstance(operand, Undetermined):
        operand.refuse()
    refuse_foreign(operand, "", "met a traced value")
    if isinstance(operand, np.ndarray):
        return admit(np.asarray(operand))
    if getattr(operand, "__array_ufunc__", None) is not None:
        refuse_wrapped(operand, TRACED)
        return with_dtype(operand)
    if hasattr(operand, "__array__"):
        return admit(np.asarray(operand))
    raise refusals.no_number(operand)


def _admit_odd(array: Any) -> Any:
    if array.dtype == object:
        elements = list(array.ravel())
        if any(isinstance(e, Traced) for e in elements):
            return np.reshape(np.stack(elements), array.shape)
        if not any(e is None or isinstance(e, str | bytes) for e in elements):  # NumPy would make NaN of None
            try:
                return array.astype(float)
            except (TypeError, ValueError):
                pass
    raise refusals.no_number(array)


def knows(other: Any) -> bool:
    """Whether an operator takes this operand, or leaves it to the operand's own reflected operator."""
    return (
        type(other) in _SIMPLE
        or isinstance(other, list | tuple | np.ndarray)
        or getattr(other, "__array_ufunc__", None) is not None
    )
