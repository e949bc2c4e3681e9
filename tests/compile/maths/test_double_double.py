"""Pairs of doubles against fractions: exactness where it is promised, the stated error elsewhere."""

from __future__ import annotations

import ctypes
from fractions import Fraction
from importlib import import_module

import numpy as np
import pytest

from edgewise.compile.ir import Block, Module, vector
from edgewise.compile.maths import double_double as dd

pytestmark = pytest.mark.needs("llvmlite")

BITS = 2.0**-99


def computed(build, *numbers, fused=True):
    """Both parts of a pair, computed of scalars."""
    from edgewise.testing.elementary.loops import assembled

    module, kind, count = Module(fused=fused), vector("double", 1), len(numbers)
    block = Block(module)
    high, low = build(*(block.name(f"%p{k}", kind) for k in range(count)))
    parameters = ", ".join(f"double %p{k}" for k in range(count))
    module.need(
        "f",
        lambda: (
            f"define void @f({parameters}, ptr %out) {{\nentry:\n{block.text()}\n  store double {high.text}, ptr %out\n"
            f"  %at = getelementptr double, ptr %out, i64 1\n  store double {low.text}, ptr %at\n  ret void\n}}"
        ),
    )
    engine = import_module("llvmlite.binding").create_mcjit_compiler(*assembled(module))
    engine.finalize_object()
    out = (ctypes.c_double * 2)()
    ctypes.CFUNCTYPE(None, *[ctypes.c_double] * count, ctypes.c_void_p)(engine.get_function_address("f"))(*numbers, out)
    return out[0], out[1]


def numbers(count, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=count) * np.ldexp(1.0, rng.integers(-40, 40, count))).tolist()


def value(pair):
    return Fraction(pair[0]) + Fraction(pair[1])


def pair(high, seed):
    """A pair with this first part."""
    return high, high * 2.0**-54 * np.random.default_rng(seed).uniform(-1, 1)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("fused", [True, False])
def test_exact(seed, fused):
    a, b = numbers(2, seed)
    assert value(computed(dd.two_sum, a, b, fused=fused)) == Fraction(a) + Fraction(b)
    assert value(computed(dd.two_product, a, b, fused=fused)) == Fraction(a) * Fraction(b)
    a, b = sorted((a, b), key=abs, reverse=True)
    assert value(computed(dd.fast_two_sum, a, b, fused=fused)) == Fraction(a) + Fraction(b)
    assert value(computed(lambda x: dd.two_product(x, 0.1), a, fused=fused)) == Fraction(a) * Fraction(0.1)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("fused", [True, False])
def test_to_about_a_hundred_bits(seed, fused):
    first, second = (abs(n) for n in numbers(2, seed))
    a, b = pair(first, seed), pair(second, seed + 1)
    for function, exact in (
        (dd.add, value(a) + value(b)),
        (dd.multiply, value(a) * value(b)),
        (dd.divide, value(a) / value(b)),
    ):
        got = computed(lambda w, x, y, z, f=function: f((w, x), (y, z)), *a, *b, fused=fused)
        assert abs(value(got) / exact - 1) < BITS
        assert abs(got[1]) <= abs(got[0]) * 2.0**-53
    got = computed(lambda x, y, z: dd.multiply_double((x, y), z), *a, second, fused=fused)
    assert abs(value(got) / (value(a) * Fraction(second)) - 1) < BITS
    got = computed(lambda x, y: dd.square_root((x, y)), *a, fused=fused)
    assert abs(value(got) ** 2 / value(a) - 1) < 2 * BITS
