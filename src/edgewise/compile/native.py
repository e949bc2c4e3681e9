"""The gate in C: what ``entry.ll`` reads is written here, and its one function is made into Python functions.

All gates share that function. What tells them apart is a table, which the structures below describe: they are the twins
of ``%Gate``, ``%Wanted`` and ``%Result`` there.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from enum import IntEnum
from importlib.resources import files
from typing import Any

import numpy as np

from edgewise.compile.engine import Library, load_for_good
from edgewise.compile.layout import functions, known
from edgewise.compile.plan import Plan
from edgewise.compile.scratch import scratch
from edgewise.compile.signature import Argument, Array, Constant, Same, Scalar, items
from edgewise.errors import MissingExtraError

__all__ = ["native_gate", "natively"]

METH_FASTCALL, METH_KEYWORDS = 0x80, 0x2
C_CONTIGUOUS, ALIGNED = 0x1, 0x100  # NumPy's flags
MOST = 512  # arguments, captured objects and results of a gate: they take 48 bytes of stack each


class Kind(IntEnum):
    """How a value is checked, and where its data is."""

    ARRAY, NUMBER, INTEGER, TRUTH, SAME, EQUAL = range(6)


class Returned(IntEnum):
    """How a result is made."""

    ARRAY, SCALAR, CONSTANT = range(3)


class _Wanted(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int64),
        ("type", ctypes.c_void_p),
        ("place", ctypes.c_int64),
        ("descr", ctypes.c_void_p),
        ("number", ctypes.c_int32),
        ("flags", ctypes.c_int32),
        ("axes", ctypes.c_int64),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
    )


class _Result(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int64),
        ("value", ctypes.c_void_p),
        ("place", ctypes.c_int64),
        ("axes", ctypes.c_int64),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
    )


class _Gate(ctypes.Structure):
    _fields_ = (
        ("arguments", ctypes.c_int64),
        ("captured", ctypes.c_int64),
        ("wanted", ctypes.c_void_p),
        ("results", ctypes.c_int64),
        ("result", ctypes.c_void_p),
        ("steps", ctypes.c_int64),
        ("build", ctypes.c_void_p),
        ("places", ctypes.c_int64),
        ("kernel", ctypes.c_void_p),
        ("release", ctypes.c_int64),
        ("bytes", ctypes.c_int64),
        ("arena", ctypes.c_void_p),
        ("taken", ctypes.c_int64),
    )


class _Method(ctypes.Structure):  # CPython's PyMethodDef
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def natively(plan: Plan) -> bool:
    """Whether this gate can be had here, for this plan."""
    if len(plan.arguments) + len(plan.captured) + len(plan.leaves) > MOST or not known():
        return False
    try:
        _entry()
    except MissingExtraError:  # the kernel came from elsewhere
        return False
    return True


def native_gate(plan: Plan) -> Callable[..., Any]:
    """A gate that is a C function; see ``make_gate``."""
    table = _Table(plan)
    doc = f"{plan.name}(*args, **kwargs)\n--\n\nMachine code, behind a check of its arguments."
    method = _Method(plan.name.encode(), _entry().address("gate"), METH_FASTCALL | METH_KEYWORDS, doc.encode())
    captured = tuple(value for value, _ in plan.captured)
    # The function reads the first four; the others need only live as long as it does.
    own = (table.holder, plan.fallback, captured, plan.keywords, plan, table, method, _entry())
    make = ctypes.pythonapi.PyCFunction_NewEx
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    made: Callable[..., Any] = prototype(ctypes.cast(make, ctypes.c_void_p).value or 0)(
        ctypes.addressof(method), own, None
    )
    return made


@functools.cache
def _entry() -> Library:
    """The one function of all gates."""
    text = files("edgewise.compile").joinpath("entry.ll").read_text("utf-8")
    return load_for_good(text, level=2, imports=functions() or {})


class _Table:
    """The memory that ``entry.ll`` reads, and what it points to.

    Attributes:
        holder: an array over that memory: the function finds it there.
    """

    def __init__(self, plan: Plan) -> None:
        self._kept: list[Any] = []
        self._places = 0
        wanted = [*plan.arguments, *(argument for _, argument in plan.captured)]
        leaves = plan.leaves
        admitted = (_Wanted * len(wanted))(*map(self._wanted, wanted))
        returned = (_Result * len(leaves))(*map(self._result, leaves))
        steps = items(plan.result)
        memory, address = scratch(plan.arena)
        gate = _Gate(
            arguments=len(plan.arguments),
            captured=len(plan.captured),
            wanted=self._at(admitted),
            results=len(leaves),
            result=self._at(returned),
            steps=len(steps),
            build=self._numbers(steps),
            places=self._places + bool(plan.arena),
            kernel=plan.address,
            release=plan.release,
            bytes=plan.arena,
            arena=address,
        )
        self._kept.append(memory)
        self.holder = np.frombuffer(memoryview(gate), np.uint8)
        self.holder.flags.writeable = False  # by Python, which finds it as __self__ of the function

    def _wanted(self, argument: Argument) -> _Wanted:
        if isinstance(argument, Same):
            return _Wanted(kind=Kind.EQUAL if argument.by_value else Kind.SAME, type=id(argument.value))
        if isinstance(argument, Scalar):
            kind = {int: Kind.INTEGER, bool: Kind.TRUTH}.get(argument.type, Kind.NUMBER)
            return _Wanted(kind=kind, type=id(argument.type), place=self._place())
        strides = argument.compared
        return _Wanted(
            kind=Kind.ARRAY,
            type=id(np.ndarray),
            place=self._place(),
            descr=id(argument.dtype),
            number=argument.dtype.num,
            flags=ALIGNED | (C_CONTIGUOUS if strides is None else 0),
            axes=len(argument.shape),
            shape=self._numbers(argument.shape),
            strides=None if strides is None else self._numbers(strides),
        )

    def _result(self, leaf: Array | Scalar | Constant) -> _Result:
        if isinstance(leaf, Constant):
            return _Result(kind=Returned.CONSTANT, value=id(leaf.value))
        dtype = np.dtype(leaf.dtype)
        self._kept.append(dtype)
        if isinstance(leaf, Scalar):
            return _Result(kind=Returned.SCALAR, value=id(dtype), place=self._place())
        return _Result(
            kind=Returned.ARRAY,
            value=id(dtype),
            place=self._place(),
            axes=len(leaf.shape),
            shape=self._numbers(leaf.shape),
            strides=None if leaf.strides is None else self._numbers(leaf.strides),
        )

    def _place(self) -> int:
        self._places += 1
        return self._places - 1

    def _numbers(self, numbers: Any) -> int:
        return self._at((ctypes.c_int64 * len(numbers))(*numbers))

    def _at(self, memory: Any) -> int:
        self._kept.append(memory)
        return ctypes.addressof(memory)
