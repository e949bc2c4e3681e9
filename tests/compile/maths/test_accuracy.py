"""Every function is as exact as it says, whatever it is compiled for."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from edgewise.compile.maths import FUNCTIONS
from edgewise.testing.elementary.loops import DTYPES
from edgewise.testing.elementary.oracle import away

pytestmark = pytest.mark.needs("llvmlite", "mpmath")

EVERY = [pytest.param(name, dtype, id=f"{name}-{dtype}") for name in FUNCTIONS for dtype in DTYPES]


@pytest.mark.parametrize(("name", "dtype"), EVERY)
def test_within_its_bound(name, dtype, run, known):
    arguments, values = known(name, dtype)
    got = run(name, dtype, 8, *arguments)
    distances = away(name, dtype, arguments, got, values)
    worst = int(np.argmax(distances))
    assert distances[worst] <= FUNCTIONS[name].ulp[dtype], [float(a[worst]) for a in arguments]
    assert sum(value is not None for value in values) > len(values) / 4


@pytest.mark.parametrize(("name", "dtype"), EVERY)
def test_the_same_bits_for_every_width_called_or_inline_and_level(name, dtype, run, known):
    arguments, _ = known(name, dtype)
    got = run(name, dtype, 8, *arguments)
    for width in (1, 4):
        np.testing.assert_array_equal(run(name, dtype, width, *arguments), got)
    for width in (1, 4, 8):
        np.testing.assert_array_equal(run(name, dtype, width, *arguments, inline=False), got)
    np.testing.assert_array_equal(run(name, dtype, 2, *arguments, level=0), got)


@pytest.mark.parametrize(("name", "dtype"), EVERY)
def test_within_its_bound_without_fused_multiply_add(name, dtype, run, known):
    arguments, values = known(name, dtype)
    few = tuple(a[::4] for a in arguments)
    got = run(name, dtype, 4, *few, fused=False)
    assert away(name, dtype, few, got, values[::4]).max() <= FUNCTIONS[name].ulp[dtype]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_bits_on_a_processor_with_fewer_instructions(name, run, known):
    """AVX2 has no 64-bit shift that keeps the sign, SSE2 neither blends nor multiply-add."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("only this architecture's older processors can be imitated here")
    arguments, _ = known(name, "double")
    for cpu, width, fused in (("x86-64-v3", 4, True), ("x86-64", 2, False)):
        got = run(name, "double", width, *arguments, fused=fused, cpu=cpu)
        np.testing.assert_array_equal(got, run(name, "double", 8, *arguments, fused=fused))
