"""Whether the structs of CPython and NumPy lie in memory as ``entry.ll`` reads them, and where their functions are.

The layout of an array is not promised by NumPy, nor that of a float by CPython, though both have stood for decades. So
nothing is taken for granted: ``known`` compares what it finds in memory with what Python says of the same objects.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from edgewise.compile.signature import LETTERS

__all__ = ["functions", "known"]

PYTHON = (
    "PyErr_NoMemory",
    "PyEval_RestoreThread",
    "PyEval_SaveThread",
    "PyLong_AsLongLongAndOverflow",
    "PyLong_FromLongLong",
    "PyMem_RawFree",
    "PyMem_RawMalloc",
    "PyObject_RichCompareBool",
    "PyObject_Vectorcall",
    "PyTuple_GetItem",
    "PyTuple_New",
    "PyTuple_SetItem",
    "PyWeakref_NewRef",
    "Py_DecRef",
    "Py_IncRef",
)
# Places in NumPy's table of functions (numpy/__multiarray_api.h); they are part of its binary interface.
NUMPY = {"PyArray_Type": 2, "PyArray_Scalar": 60, "PyArray_NewFromDescr": 94}
VERSION = 0  # the place of a function that tells the version of that interface


class _Object(ctypes.Structure):
    _fields_ = (("references", ctypes.c_int64), ("type", ctypes.c_void_p))


class _Array(ctypes.Structure):
    _fields_ = (
        ("object", _Object),
        ("data", ctypes.c_void_p),
        ("axes", ctypes.c_int),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("base", ctypes.c_void_p),
        ("descr", ctypes.c_void_p),
        ("flags", ctypes.c_int),
    )


class _Descr(ctypes.Structure):
    _fields_ = (
        ("object", _Object),
        ("type", ctypes.c_void_p),
        ("kind", ctypes.c_char),
        ("letter", ctypes.c_char),
        ("byteorder", ctypes.c_char),
        ("unused", ctypes.c_char),
        ("number", ctypes.c_int),
    )


VALUE = ctypes.sizeof(_Object)  # where the value of a scalar begins


@functools.cache
def known() -> bool:
    """Whether a gate in C may read the structs of this Python and this NumPy.

    It may not in a build without a global interpreter lock, in a debugging build that links all objects, in other
    implementations of Python, and where pointers have 32 bits.
    """
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    if sys.maxsize != 2**63 - 1 or sys.byteorder != "little" or object.__basicsize__ != VALUE:
        return False
    if np.ndarray.__basicsize__ < ctypes.sizeof(_Array):
        return False
    if not all(map(_array_as_known, _arrays())) or not all(map(_scalar_as_known, _scalars())):
        return False
    return functions() is not None and _numpy_as_known()


@functools.cache
def functions() -> Mapping[str, int] | None:
    """Addresses of what ``entry.ll`` declares, by name; None where one is missing."""
    try:
        found = {name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value for name in PYTHON}
    except AttributeError:
        return None
    # NumPy's own header looks for its table here, under a private name: import_array() of numpy/__multiarray_api.h.
    capsule = getattr(import_module("numpy._core._multiarray_umath"), "_ARRAY_API", None)
    if capsule is None:
        return None
    prototype = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
    inside = prototype(("PyCapsule_GetPointer", ctypes.pythonapi))(capsule, None)
    table = ctypes.cast(inside, ctypes.POINTER(ctypes.c_void_p))
    version = ctypes.PYFUNCTYPE(ctypes.c_uint)(table[VERSION])()
    if version >> 24 != 2:
        return None
    found |= {name: table[place] for name, place in NUMPY.items()} | {"true": id(True)}
    return {name: address for name, address in found.items() if address} if all(found.values()) else None


def _arrays() -> Iterator[np.ndarray[Any, Any]]:
    """Arrays of all ranks, orders and origins that matter."""
    cube = np.arange(24.0).reshape(2, 3, 4)
    yield from (cube, cube.T, cube[:, ::-2, 1:3], cube[0, 0, 0:0], np.array(1.5), np.ones((1,) * 20, np.int8))
    yield from (np.ones(3, ">f8"), np.frombuffer(b"\0" * 9, np.uint8)[1:].view(np.float64), np.zeros(2, np.complex64))
    yield from (np.asfortranarray(cube), np.empty((0, 3), np.float32), cube[1])


def _array_as_known(array: np.ndarray[Any, Any]) -> bool:
    found, rank, dtype = _Array.from_address(id(array)), array.ndim, array.dtype
    descr = _Descr.from_address(id(dtype))
    return (
        found.object.type == id(type(array))
        and found.data == array.__array_interface__["data"][0]
        and found.axes == rank
        and (not rank or tuple(found.shape[:rank]) == array.shape)
        and (not rank or tuple(found.strides[:rank]) == array.strides)
        and found.base == (None if array.base is None else id(array.base))
        and found.descr == id(dtype)
        and found.flags == array.flags.num
        and descr.type == id(dtype.type)
        and (descr.kind + descr.letter + descr.byteorder).decode() == dtype.kind + dtype.char + dtype.byteorder
        and descr.number == dtype.num
    )


def _scalars() -> Iterator[Any]:
    yield from (1.5, -2.5 + 3.5j)
    yield from (kind(1) for kind in (np.dtype(letter).type for letter in LETTERS))


def _scalar_as_known(scalar: Any) -> bool:
    data = np.asarray(scalar).tobytes()
    found = _Object.from_address(id(scalar))
    return found.type == id(type(scalar)) and ctypes.string_at(id(scalar) + VALUE, len(data)) == data


def _numpy_as_known() -> bool:
    """Whether NumPy's two functions do what they are called for."""
    at = functions()
    if at is None or at["PyArray_Type"] != id(np.ndarray):
        return False
    address, number = ctypes.c_void_p, ctypes.c_int
    new = ctypes.PYFUNCTYPE(ctypes.py_object, address, address, number, address, address, address, number, address)
    scalar = ctypes.PYFUNCTYPE(ctypes.py_object, address, address, address)
    dtype, shape, strides = np.dtype(float), (ctypes.c_int64 * 2)(2, 3), (ctypes.c_int64 * 2)(8, 16)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))  # a reference that PyArray_NewFromDescr takes
    array = new(at["PyArray_NewFromDescr"])(id(np.ndarray), id(dtype), 2, shape, strides, None, 0, None)
    value = scalar(at["PyArray_Scalar"])(ctypes.create_string_buffer(struct.pack("d", 2.5)), id(dtype), None)
    return (array.dtype, array.shape, array.strides, array.base) == (dtype, (2, 3), (8, 16), None) and (
        type(value) is np.float64 and value == 2.5
    )
