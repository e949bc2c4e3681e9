"""What a call gate lets through: words for arguments and for results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from edgewise.errors import CompileError

__all__ = ["LETTERS", "Argument", "Array", "Constant", "Result", "Same", "Scalar", "items", "leaves"]

LETTERS = "?bBhHiIlLqQefdFD"  # of dtypes that a kernel can have: no long doubles, which are the processor's own affair


@dataclass(frozen=True, slots=True)
class Array:
    """An array: exactly ``numpy.ndarray`` and no subclass, of this dtype in native byte order, aligned.

    As an argument, strides of axes that hold one entry are not compared, nor those of an array without entries, since
    no address depends on them. As a result, a fresh array of that layout.

    Args:
        dtype: of numbers.
        shape: exact.
        strides: in bytes, exact; None for contiguous in C order.

    >>> Array(np.dtype(float), (2, 3))
    Array(dtype=dtype('float64'), shape=(2, 3), strides=None)
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.dtype.char not in LETTERS or not self.dtype.isnative:
            raise CompileError(
                f"no kernel takes arrays of dtype {self.dtype}", "it works on numbers in native byte order"
            )
        if self.strides is not None and len(self.strides) != len(self.shape):
            raise CompileError(f"{len(self.strides)} strides for {len(self.shape)} axes")

    @property
    def compared(self) -> tuple[int, ...] | None:
        """The strides that are compared; None where being contiguous in C order says it all."""
        return None if 0 in self.shape else self.strides


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number: exactly of this type and no subclass.

    Args:
        type: ``float``, ``complex``, ``int`` (where it fits int64), ``bool``, or one of NumPy's scalar types. As a
            result: one of NumPy's.

    >>> Scalar(np.float64).dtype, Scalar(bool).dtype
    (dtype('float64'), dtype('bool'))
    """

    type: type

    def __post_init__(self) -> None:
        known = self.type in (float, complex, int, bool)
        if not known and not (issubclass(self.type, np.generic) and self.dtype.char in LETTERS):
            raise CompileError(f"no kernel takes numbers of type {self.type.__name__}")

    @property
    def dtype(self) -> np.dtype[Any]:
        """How a kernel reads it, or writes it: ``int`` is int64."""
        return np.dtype(np.int64 if self.type is int else self.type)


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """An argument that is this very object: ``None``, a function, a type. The kernel is not told of it.

    Of an integer, a text or bytes, an equal one of exactly the same type does as well.
    """

    value: Any

    @property
    def by_value(self) -> bool:
        """Whether an equal one does."""
        return type(self.value) in (int, str, bytes)


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A result that is this very object at every call. The kernel is not told of it."""

    value: Any


Argument: TypeAlias = Array | Scalar | Same
Result: TypeAlias = "Array | Scalar | Constant | tuple[Result, ...]"


def leaves(result: Result) -> list[Array | Scalar | Constant]:
    """The results in a nested tuple, left to right; an empty tuple is a constant.

    >>> leaves((Scalar(np.float64), (Constant(None), ())))
    [Scalar(type=<class 'numpy.float64'>), Constant(value=None), Constant(value=())]
    """
    found: list[Array | Scalar | Constant] = []
    waiting: list[Result] = [result]
    while waiting:
        first = waiting.pop()
        if isinstance(first, tuple) and first:
            waiting.extend(reversed(first))
        else:
            found.append(Constant(()) if isinstance(first, tuple) else first)
    return found


def items(result: Result) -> list[int]:
    """How to build a nested tuple with a stack: -1 pushes the next leaf, n > 0 makes a tuple of the last n.

    A tuple of n takes n off and puts one on, so the stack never holds more than leaves that were pushed.

    >>> items(((Scalar(float), ()), Scalar(float)))
    [-1, -1, 2, -1, 2]
    """
    found: list[int] = []
    waiting: list[Result | int] = [result]
    while waiting:
        first = waiting.pop()
        if isinstance(first, tuple) and first:
            waiting.append(len(first))
            waiting.extend(reversed(first))
        else:
            found.append(first if isinstance(first, int) else -1)
    return found
