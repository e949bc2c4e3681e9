"""Which operands meet a traced value, and in what form: where sequences, object arrays and strangers are sorted."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core import refusals
from edgewise.core.foreign import refuse_foreign, refuse_wrapped, with_dtype
from edgewise.core.registry import ENTRIES
from edgewise.core.traced import TRACED, Traced, TracedArray, TracedScalar, gathered
from edgewise.core.undetermined import Undetermined

__all__ = ["PLAIN", "admit", "knows"]

PLAIN = frozenset({bool, int, float, np.float64, np.ndarray})  # what most operators meet: taken as they are

_SIMPLE = frozenset(
    {bool, int, float, complex, np.ndarray, TracedScalar, TracedArray}
    | {np.dtype(code).type for code in "?bBhHiIlLqQefdgFDG"}
)

_PLAIN_SCALARS = frozenset({np.float64, np.longdouble, np.int64, np.bool_})
_COMPLEX = frozenset({complex} | {np.dtype(code).type for code in "FDG"})


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
        traced = any(isinstance(item, Traced | list | tuple) for item in operand)
        parts = [admit(item) for item in operand] if traced else operand
        return np.stack(parts) if any(isinstance(part, Traced) for part in parts) else admit(np.array(operand))
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
            if any(isinstance(e, complex | np.complexfloating) or _is_complex(e) for e in elements):
                raise refusals.complex_entry()
            narrow = next((e for e in elements if isinstance(e, np.generic) and type(e) not in _PLAIN_SCALARS), None)
            if narrow is not None:
                raise refusals.narrow_entry(narrow.dtype)
            return np.reshape(np.stack(elements), array.shape)
        if not array.flags.writeable and all(type(e) is int and not e for e in elements):
            raise refusals.complex_entry()  # .imag, before NumPy 2.5, whatever the entries are
        if not any(e is None or isinstance(e, str | bytes) for e in elements):  # NumPy would make NaN of None
            try:
                return array.astype(float)
            except (TypeError, ValueError):
                pass
    raise refusals.no_number(array)


def _whole(args: Any, kwargs: Any) -> Any:
    """``core.traced.gathered``: what a function calls its arguments, with object arrays in sequences as well."""
    if not any(map(_has_objects, (*args, *kwargs.values()))):
        return None
    return tuple(map(_one, args)), {name: _one(value) for name, value in kwargs.items()}


def _has_objects(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_objects, value))
    return type(value) is np.ndarray and value.dtype == object and any(isinstance(e, Traced) for e in value.flat)


def _one(value: Any) -> Any:
    if not _has_objects(value):
        return value
    return list(map(_one, value)) if isinstance(value, list | tuple) else _admit_odd(value)


ENTRIES[gathered] = _whole


def _is_complex(e: Any) -> bool:
    return isinstance(e, Traced) and e.dtype.kind == "c"


def knows(other: Any, beside: Traced) -> bool:
    """Whether an operator takes this operand, or leaves it to the operand's own reflected operator.

    Raises:
        ConversionError: it would make a real number complex that may be an entry of an object array. NumPy applies
            Python's operators to those, and nobody is asked when it then reads ``.imag``.
    """
    kind = type(other)
    if kind in _COMPLEX and beside.mode.bridged and type(beside) is TracedScalar and beside.dtype.kind != "c":
        raise refusals.no_complex_entry()
    return (
        kind in _SIMPLE
        or isinstance(other, list | tuple | np.ndarray)
        or getattr(other, "__array_ufunc__", None) is not None
    )
