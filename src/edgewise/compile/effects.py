"""What a run of a function does to the things around it that hold state, and that no comparison of names would show.

A compiled program would not do it again: neither draw other random numbers, nor take the next item of an iterator, nor
add to an array that the function found around itself. So a function that does is left to Python.
"""

from __future__ import annotations

import pickle
import sys
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

__all__ = ["Effects"]


class Effects:
    """The state of arrays, of generators of random numbers and of iterators, as it was before a run.

    Args:
        found: names and values around the function.
    """

    __slots__ = ("_before", "_iterator")

    def __init__(self, found: Iterable[tuple[str, Any]]) -> None:
        self._iterator = ""
        self._before: list[tuple[str, Callable[[Any], Any], Any, Any]] = []
        numpy_random, python_random = sys.modules.get("numpy.random"), sys.modules.get("random")
        for name, value in (
            *found,
            ("the state of np.random", getattr(getattr(numpy_random, "get_state", None), "__self__", None)),
            ("the state of random", getattr(getattr(python_random, "random", None), "__self__", None)),
        ):
            read = _reader(value)
            if read is not None:
                self._before.append((name, read, value, read(value)))
            elif not self._iterator and hasattr(type(value), "__next__"):
                self._iterator = name

    def changed(self) -> str:
        """The name of something that is no longer as it was, or of an iterator, which may not be; else ``""``."""
        return next((name for name, read, value, was in self._before if read(value) != was), self._iterator)


def _reader(value: Any) -> Callable[[Any], Any] | None:
    """How the state of a value is read; None where it has none that is known."""
    if isinstance(value, np.ndarray):
        return None if value.dtype.hasobject else _checksum
    if hasattr(value, "bit_generator"):
        return _of_generator
    if hasattr(value, "get_state"):
        return _of_random_state
    return _of_python if hasattr(value, "getstate") and hasattr(value, "gauss") else None


def _checksum(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _of_generator(value: Any) -> bytes:
    return pickle.dumps(value.bit_generator.state)


def _of_random_state(value: Any) -> bytes:
    return pickle.dumps(value.get_state(legacy=False))


def _of_python(value: Any) -> bytes:
    return pickle.dumps(value.getstate())
