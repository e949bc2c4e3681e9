"""Sine and cosine together are each alone."""

from __future__ import annotations

import ctypes
from importlib import import_module

import numpy as np
import pytest

from edgewise.compile.ir import Block, Module, vector
from edgewise.compile.maths import define, sincos
from edgewise.testing.elementary.loops import DTYPES, assembled

WRITE = """define void @both(ptr %in, ptr %out) {{
entry:
  %x = load {t}, ptr %in
{text}
  store {t} {s}, ptr %out
  %at = getelementptr {t}, ptr %out, i64 1
  store {t} {z}, ptr %at
  %s = call {t} @{sin}({t} %x)
  %at2 = getelementptr {t}, ptr %out, i64 2
  store {t} %s, ptr %at2
  %z = call {t} @{cos}({t} %x)
  %at3 = getelementptr {t}, ptr %out, i64 3
  store {t} %z, ptr %at3
  ret void
}}"""


@pytest.mark.needs("llvmlite")
@pytest.mark.parametrize("width", [1, 8])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_of_sin_and_cos(dtype, width):
    module, kind = Module(), vector(dtype, width)
    block = Block(module)
    s, z = sincos(block.name("%x", kind))
    names = {"sin": define(module, "sin", dtype, width), "cos": define(module, "cos", dtype, width)}
    module.need("both", lambda: WRITE.format(t=kind.text, text=block.text(), s=s.text, z=z.text, **names))
    engine = import_module("llvmlite.binding").create_mcjit_compiler(*assembled(module))
    engine.finalize_object()
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(engine.get_function_address("both"))
    numbers = np.concatenate([np.linspace(-9, 9, 33), [0.0, -0.0, np.inf, np.nan, 1e22, -3e38, 1e-30]])
    size = 64 * width  # vectors are loaded and stored where they are aligned
    memory = np.empty(6 * size, DTYPES[dtype])
    start = -memory.ctypes.data % 64 // memory.itemsize
    source, out = memory[start : start + width], memory[start + size : start + size + 4 * width]
    for number in numbers:
        source[:] = number
        call(source.ctypes.data, out.ctypes.data)
        np.testing.assert_array_equal(out[: 2 * width], out[2 * width :])
        assert np.array_equal(np.signbit(out[:width]), np.signbit(out[2 * width : 3 * width]))
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(out[:width], np.sin(source.astype(float)), rtol=1e-6)
