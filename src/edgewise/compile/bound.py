"""The gate that works everywhere: arguments are checked in Python, and ctypes makes the call.

What ``native`` does in C is written here for reading, line by line the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgewise.compile.plan import Plan
from edgewise.compile.scratch import scratch
from edgewise.compile.signature import Argument, Array, Constant, Same, Scalar, items

__all__ = ["bound_gate"]

LEAST, MOST = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)


def bound_gate(plan: Plan) -> Callable[..., Any]:
    """A gate that reads no struct of CPython or NumPy; see ``make_gate``."""
    prototype = (ctypes.CFUNCTYPE if plan.release else ctypes.PYFUNCTYPE)(ctypes.c_int64, ctypes.c_void_p)
    kernel = prototype(plan.address)
    captured = [value for value, _ in plan.captured]
    wanted = [*plan.arguments, *(argument for _, argument in plan.captured)]
    count, fallback, leaves, build = len(plan.arguments), plan.fallback, plan.leaves, items(plan.result)
    arena = _Arena(plan.arena)

    def gate(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            return plan.keywords(*args, **kwargs)
        if len(args) != count or not all(map(admits, wanted, (*args, *captured))):
            return fallback(0, args)
        made = [_fresh(leaf) for leaf in leaves]
        held = [_data(w, value) for w, value in zip(wanted, (*args, *captured), strict=True)]
        data = [array for array in (*held, *made) if isinstance(array, np.ndarray)]
        looking = [weakref.ref(array) for array in data] if plan.release else []  # none is resized meanwhile
        with arena.taken() as scratch:
            addresses = [*(array.ctypes.data for array in data), *scratch]
            code = kernel((ctypes.c_void_p * len(addresses))(*addresses))
        looking.clear()
        if code:
            return fallback(code, args)
        return _built(build, [_returned(leaf, array) for leaf, array in zip(leaves, made, strict=True)])

    gate.__name__ = gate.__qualname__ = plan.name
    gate.__dict__["keep"] = plan.keep
    return gate


def admits(wanted: Argument, value: Any) -> bool:
    """Whether a value is what a kernel was made for.

    >>> admits(Array(np.dtype(float), (2,)), np.ones(2)), admits(Array(np.dtype(float), (2,)), np.ones(4)[::2])
    (True, False)
    """
    if isinstance(wanted, Same):
        return value is wanted.value or (
            wanted.by_value and type(value) is type(wanted.value) and bool(value == wanted.value)
        )
    if isinstance(wanted, Scalar):
        return type(value) is wanted.type and (type(value) is not int or LEAST <= value <= MOST)
    if type(value) is not np.ndarray or value.shape != wanted.shape or not value.flags.aligned:
        return False
    if value.dtype.num != wanted.dtype.num or not value.dtype.isnative:
        return False
    if wanted.compared is None:
        return value.flags.c_contiguous
    axes = zip(value.shape, value.strides, wanted.compared, strict=True)
    return all(length == 1 or stride == expected for length, stride, expected in axes)


def _data(wanted: Argument, value: Any) -> np.ndarray[Any, Any] | None:
    """The memory a kernel reads; None where it reads nothing."""
    if isinstance(wanted, Same):
        return None
    return value if isinstance(wanted, Array) else np.array(value, wanted.dtype)


def _fresh(leaf: Array | Scalar | Constant) -> np.ndarray[Any, Any] | None:
    """The memory a kernel writes."""
    if isinstance(leaf, Constant):
        return None
    return (
        np.ndarray(leaf.shape, leaf.dtype, strides=leaf.strides)
        if isinstance(leaf, Array)
        else np.empty((), leaf.dtype)
    )


def _returned(leaf: Array | Scalar | Constant, array: Any) -> Any:
    if isinstance(leaf, Constant):
        return leaf.value
    return array if isinstance(leaf, Array) else array[()]


def _built(build: list[int], made: list[Any]) -> Any:
    stack: list[Any] = []
    rest = iter(made)
    for n in build:
        stack[len(stack) - max(n, 0) :] = [next(rest) if n < 0 else tuple(stack[-n:])]
    return stack[0]


class _Arena:
    """Scratch memory for one call at a time; calls that overlap get their own."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._busy = threading.Lock()
        self._memory, self._address = scratch(size)

    @contextlib.contextmanager
    def taken(self) -> Iterator[list[int]]:
        """The address of memory that nobody else has meanwhile; none of an arena without bytes."""
        if not self._size:
            yield []
        elif self._busy.acquire(blocking=False):
            try:
                yield [self._address]
            finally:
                self._busy.release()
        else:
            memory, address = scratch(self._size)
            yield [address]
            del memory  # not before the call is over
