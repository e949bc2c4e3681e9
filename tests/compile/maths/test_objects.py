"""The code needs nothing from outside: no C library, on no target."""

from __future__ import annotations

import struct

import pytest

from edgewise.compile.ir import Module
from edgewise.compile.maths import FUNCTIONS, define
from edgewise.testing.elementary.loops import DTYPES, assembled, loop

TARGETS = [
    pytest.param("x86_64-unknown-linux-gnu", "x86-64", False, id="x86-64"),
    pytest.param("x86_64-unknown-linux-gnu", "x86-64-v3", True, id="x86-64-v3"),
    pytest.param("x86_64-unknown-linux-gnu", "x86-64-v4", True, id="x86-64-v4"),
    pytest.param("aarch64-unknown-linux-gnu", "generic", True, id="aarch64"),
]


def undefined(code):
    """The names that a 64-bit little-endian ELF object leaves to the linker (System V ABI, chapter 4)."""
    (sections,) = struct.unpack_from("<Q", code, 0x28)
    size, count = struct.unpack_from("<HH", code, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", code, sections + size * k) for k in range(count)]
    found = []
    for header in headers:
        if header[1] == 2:  # a symbol table; its strings are in the section it links to
            strings = headers[header[6]][4]
            for at in range(header[4] + 24, header[4] + header[5], 24):
                name, _, _, section = struct.unpack_from("<IBBH", code, at)
                if section == 0:
                    begin = strings + name
                    found.append(code[begin : code.index(b"\0", begin)].decode())
    return [name for name in found if name != "_GLOBAL_OFFSET_TABLE_"]  # which the linker itself makes


@pytest.mark.needs("llvmlite")
@pytest.mark.parametrize(("triple", "cpu", "fused"), TARGETS)
def test_no_symbol_is_left_undefined(triple, cpu, fused):
    module = Module(fused=fused)
    for name in FUNCTIONS:
        for dtype, width in zip(DTYPES, (4, 8), strict=True):
            loop(module, name, dtype, width)
            loop(module, name, dtype, 1, inline=False)
    parsed, machine = assembled(module, triple, cpu)
    assert undefined(machine.emit_object(parsed)) == []


@pytest.mark.needs("llvmlite")
def test_a_symbol_left_undefined_is_seen():
    module = Module()
    module.need("f", lambda: "define double @f(double %x) {\n  %y = call double @cbrt(double %x)\n  ret double %y\n}")
    module.need("cbrt", lambda: "declare double @cbrt(double)")
    parsed, machine = assembled(module, "x86_64-unknown-linux-gnu", "x86-64")
    assert undefined(machine.emit_object(parsed)) == ["cbrt"]


def test_a_definition_is_written_once():
    module = Module()
    assert define(module, "sin", "double", 4) == define(module, "sin", "double", 4) == "ew_sin_v4f64"
    define(module, "cos", "double", 4)
    assert module.text().count("define internal") == 3  # sin, cos, and the reduction of far angles that both call
    assert list(module.definitions)[-1] == "ew_cos_v4f64"


def test_without_fused_multiply_add_there_is_none():
    for fused in (True, False):
        module = Module(fused=fused)
        for name in FUNCTIONS:
            define(module, name, "double", 1)
        assert ("@llvm.fma" in module.text()) is fused
