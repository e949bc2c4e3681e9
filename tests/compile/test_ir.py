"""The writer of LLVM text."""

from __future__ import annotations

import ctypes
from importlib import import_module

import pytest

from edgewise.compile.ir import Block, Module, Type, copysign, fabs, fma, maximum, minimum, select, sqrt, vector


def written(build, lanes=1, *, fused=True):
    """The lines that a function of two values writes."""
    block = Block(Module(fused=fused))
    kind = vector("double", lanes)
    build(block.name("%x", kind), block.name("%y", kind))
    return [line.strip() for line in block.lines]


def computed(build, *numbers, fused=True):
    """What a scalar function of doubles computes."""
    from edgewise.testing.elementary.loops import assembled

    module, kind = Module(fused=fused), vector("double", 1)
    block = Block(module)
    parameters = [f"%p{k}" for k in range(len(numbers))]
    result = build(*(block.name(p, kind) for p in parameters))
    declared = ", ".join(f"double {p}" for p in parameters)
    module.need("f", lambda: f"define double @f({declared}) {{\nentry:\n{block.text()}\n  ret double {result.text}\n}}")
    engine = import_module("llvmlite.binding").create_mcjit_compiler(*assembled(module))
    engine.finalize_object()
    signature = ctypes.CFUNCTYPE(ctypes.c_double, *[ctypes.c_double] * len(numbers))
    return signature(engine.get_function_address("f"))(*numbers)


def test_types_are_one_object_each():
    assert vector("double", 4) is vector("double", 4)
    assert repr(vector("double", 4)) == "<4 x double>"
    assert vector("float", 1).text == "float"
    assert vector("double", 8).of("i1") is vector("i1", 8)
    assert isinstance(vector("i64", 2), Type)


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        (1.5, "0x3FF8000000000000"),
        (-0.0, "0x8000000000000000"),
        (0.1, "0x3FB999999999999A"),
        (float("inf"), "0x7FF0000000000000"),
    ],
)
def test_numbers_are_hexadecimal(number, digits):
    assert vector("double", 1).literal(number) == digits
    assert vector("double", 2).literal(number) == f"splat (double {digits})"


def test_a_float_is_written_as_the_double_of_its_rounded_value():
    assert vector("float", 1).literal(0.1) == "0x3FB99999A0000000"
    assert vector("i64", 4).literal(3) == "splat (i64 3)"


def test_operators_write_one_instruction_each():
    assert written(lambda x, y: (x + y) * 2.0 - 1.0 / x) == [
        "%v1 = fadd double %x, %y",
        "%v2 = fmul double %v1, 0x4000000000000000",
        "%v3 = fdiv double 0x3FF0000000000000, %x",
        "%v4 = fsub double %v2, %v3",
    ]
    assert written(lambda x, y: select(~((x < y) & (x >= 0.0)), x, -y), lanes=2) == [
        "%v1 = fcmp olt <2 x double> %x, %y",
        "%v2 = fcmp oge <2 x double> %x, splat (double 0x0000000000000000)",
        "%v3 = and <2 x i1> %v1, %v2",
        "%v4 = xor <2 x i1> %v3, splat (i1 1)",
        "%v5 = fneg <2 x double> %y",
        "%v6 = select <2 x i1> %v4, <2 x double> %x, <2 x double> %v5",
    ]
    assert written(lambda x, y: (x.bits() >> 52) + 1) == [
        "%v1 = bitcast double %x to i64",
        "%v2 = ashr i64 %v1, 52",
        "%v3 = add i64 %v2, 1",
    ]


def test_no_instruction_is_allowed_to_round_otherwise():
    lines = written(lambda x, y: fma(x, y, sqrt(fabs(x) / y) - maximum(x, minimum(y, 2.0))))
    assert not any(flag in line for line in lines for flag in ("fast", "nnan", "ninf", "nsz", "reassoc", "contract"))


def test_without_fused_multiply_add_two_instructions():
    assert written(lambda x, y: fma(x, y, 1.0), fused=False) == [
        "%v1 = fmul double %x, %y",
        "%v2 = fadd double %v1, 0x3FF0000000000000",
    ]


def test_two_blocks_of_one_function_have_their_own_names():
    module, kind = Module(), vector("double", 1)
    first, second = Block(module, "a"), Block(module, "b")
    x = first.name("%x", kind)
    assert (x + 1.0).text == "%a1"
    assert (second.name("%x", kind) + 1.0).text == "%b1"


@pytest.mark.needs("llvmlite")
@pytest.mark.parametrize(
    ("build", "numbers", "expected"),
    [
        (lambda x: 3.0 - x, (1.0,), 2.0),
        (lambda x: 3.0 + x, (1.0,), 4.0),
        (lambda x: 3.0 * x, (2.0,), 6.0),
        (copysign, (3.0, -0.0), -3.0),
        (lambda x, y: select(x <= y, x, y), (3.0, 3.0), 3.0),
        (lambda x, y: select(x > y, 1.0, 2.0), (3.0, float("nan")), 2.0),
        (lambda x, y: select(x.differs(y), 1.0, 2.0), (3.0, float("nan")), 1.0),
        (lambda x, y: select(x.equals(y) | (x > y), 1.0, 2.0), (0.0, -0.0), 1.0),
        (lambda x: ((x.bits() ^ (1 << 63)) & -1).as_double(), (2.5,), -2.5),
        (lambda x: (-x.bits()).cast("sitofp", "double"), (0.0,), 0.0),
        (lambda x: (-2 + x.cast("fptosi", "i64") * 3 - 1 << 2).cast("sitofp", "double"), (5.0,), 48.0),
        (lambda x: (7 - x.cast("fptosi", "i64")).unsigned_shift(60).cast("sitofp", "double"), (9.0,), 15.0),
        (lambda x: select((x.cast("fptosi", "i64") ^ 3) < 2, x, -x), (2.0,), 2.0),
        (maximum, (2.0, 3.0), 3.0),
        (minimum, (2.0, 3.0), 2.0),
    ],
)
def test_what_is_written_computes(build, numbers, expected):
    got = computed(build, *numbers)
    assert got == expected
    assert str(got) == str(expected)


@pytest.mark.needs("llvmlite")
def test_a_rare_case_is_behind_a_branch():
    def build(x, y):
        (z,) = x.block.rarely(x < 0.0, [x], lambda: [-x * y])
        (z,) = z.block.rarely(z > 100.0, [z], lambda: x.block.rarely(y > 50.0, [y], lambda: [y + 0.5]))
        return z

    assert computed(build, 3.0, 2.0) == 3.0
    assert computed(build, -3.0, 2.0) == 6.0
    assert computed(build, 101.0, 2.0) == 2.0
    assert computed(build, 101.0, 60.0) == 60.5


def test_lanes():
    block = Block(Module())
    x = block.name("%x", vector("double", 4))
    assert repr(x.lane(2)) == "double %v1"
    assert block.lines == ["  %v1 = extractelement <4 x double> %x, i64 2"]
    scalar = block.name("%s", vector("double", 1))
    assert scalar.lane(0) is scalar
