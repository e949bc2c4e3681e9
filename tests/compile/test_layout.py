"""Where structs are not as expected, Python checks the arguments."""

from __future__ import annotations

import ctypes
import sys
import sysconfig
import types

import numpy as np
import pytest

from edgewise.compile import layout, native
from edgewise.compile.gate import Constant, make_gate

pytestmark = pytest.mark.needs("llvmlite")


@pytest.fixture(autouse=True)
def anew():
    yield
    layout.known.cache_clear()
    layout.functions.cache_clear()


def known_anew():
    layout.known.cache_clear()
    layout.functions.cache_clear()
    return layout.known()


def test_here_they_are_as_expected():
    ordinary = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
    assert known_anew() == (ordinary and sys.maxsize == 2**63 - 1 and sys.byteorder == "little")


def swapped(structure, one, other):
    """The structure with two fields in each other's place."""
    names = {one: other, other: one}
    fields = dict(structure._fields_)
    order = [names.get(name, name) for name, _ in structure._fields_]
    return type(structure.__name__, (ctypes.Structure,), {"_fields_": [(name, fields[name]) for name in order]})


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("_Array", "data", "base"),
        ("_Array", "axes", "flags"),
        ("_Array", "shape", "strides"),
        ("_Array", "base", "descr"),
        ("_Descr", "kind", "letter"),
        ("_Descr", "byteorder", "unused"),
        ("_Descr", "number", "type"),
    ],
)
def test_fields_in_other_places_are_noticed(monkeypatch, name, one, other):
    assert known_anew()
    monkeypatch.setattr(layout, name, swapped(getattr(layout, name), one, other))
    assert not known_anew()


def test_a_larger_header_is_noticed(monkeypatch):
    monkeypatch.setattr(layout, "VALUE", 24)
    assert not known_anew()


@pytest.mark.parametrize("change", ["pypy", "free-threaded", "32 bits", "big-endian"])
def test_other_pythons(monkeypatch, change):
    if change == "pypy":
        monkeypatch.setattr(sys, "implementation", types.SimpleNamespace(name="pypy"))
    elif change == "free-threaded":
        monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 1)
    elif change == "32 bits":
        monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    else:
        monkeypatch.setattr(sys, "byteorder", "big")
    assert not known_anew()


@pytest.mark.parametrize("places", [{"PyArray_Type": 3}, {"PyArray_Type": 10}])
def test_another_table_of_numpy_is_noticed(monkeypatch, places):
    monkeypatch.setattr(layout, "NUMPY", layout.NUMPY | places)
    assert not known_anew()


def test_a_function_that_is_missing_is_noticed(monkeypatch):
    monkeypatch.setattr(layout, "PYTHON", (*layout.PYTHON, "Py_NoSuchFunction"))
    assert not known_anew()
    assert layout.functions() is None


def test_no_table_of_numpy(monkeypatch):
    monkeypatch.setattr(layout, "import_module", lambda name: types.SimpleNamespace())
    assert not known_anew()


def test_the_gate_follows(monkeypatch, kernels):
    def fallback(code, args):
        return args

    assert type(make_gate([], Constant(1), kernels["nothing"], fallback)) is types.BuiltinFunctionType
    monkeypatch.setattr(native, "known", lambda: False)
    gate = make_gate([], Constant(1), kernels["nothing"], fallback)
    assert type(gate) is types.FunctionType
    assert (gate(), gate(2)) == (1, (2,))


def test_without_llvmlite_the_gate_is_bound(monkeypatch, kernels):
    from edgewise.errors import MissingExtraError

    def missing():
        raise MissingExtraError("llvmlite is not installed")

    monkeypatch.setattr(native, "_entry", missing)
    gate = make_gate([], Constant(np.pi), kernels["nothing"], print)
    assert type(gate) is types.FunctionType
    assert gate() == np.pi


def test_a_gate_of_very_many_arguments_is_bound(kernels):
    from edgewise.compile.gate import Same

    gate = make_gate([Same(None)] * 5000, Constant(1), kernels["nothing"], print)
    assert type(gate) is types.FunctionType
    assert gate(*[None] * 5000) == 1
