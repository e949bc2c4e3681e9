"""Long straight programs: single instructions by pattern, functions by address, long stretches in a hurry."""

from __future__ import annotations

import re

import numpy as np
import pytest

from edgewise.compile.executable import build
from edgewise.compile.leaves import arguments
from edgewise.compile.passes import simplified
from edgewise.compile.recording import record


def made(f, *args):
    recording = record(f, arguments(args, {}, frozenset(), frozenset()))
    return build(simplified(recording.program)), recording.values


def ran(executable, *args):
    code, found = executable.run([np.asarray(x)[()] for x in args])
    assert code == 0
    return found


def test_single_instructions_stand_in_their_order():
    executable, expected = made(lambda x, y: (x + y) * 2.0 - np.sqrt(x) / abs(-y), 1.7, -0.3)
    assert ran(executable, 1.7, -0.3) == expected
    numbers = re.findall(r"^  %(\d+) = ", executable.text, re.MULTILINE)
    assert numbers == [str(i) for i in range(len(numbers))]
    assert re.search(r"fmul double %\d+, 0x4000000000000000$", executable.text, re.MULTILINE), executable.text


def test_numbers_are_written_to_the_last_bit():
    for number in (0.1, -0.0, 5e-324, np.float64(1) / 3, 3, np.inf):
        executable, expected = made(lambda x, number=number: x * number + 0.5, 1.7)
        assert ran(executable, 1.7) == expected


def test_functions_are_called_at_an_address():
    executable, expected = made(lambda x: np.tanh(x) + np.arctan2(x, 2.0) + np.exp(x), 0.4)
    np.testing.assert_allclose(ran(executable, 0.4), expected, rtol=4e-16)
    assert "declare double @ew_tanh_f64(double)" in executable.text
    assert "declare double @ew_arctan2_f64(double, double)" in executable.text
    assert "define internal double @ew" not in executable.text


@pytest.mark.parametrize("first", [np.sin, np.cos])
def test_a_sine_and_a_cosine_of_one_number_are_one_call(first):
    second = np.cos if first is np.sin else np.sin
    executable, expected = made(lambda x: first(x) * x + second(x), 0.8)
    np.testing.assert_allclose(ran(executable, 0.8), expected, rtol=4e-16)
    assert executable.text.count("call { double, double } @ew_sincos_f64") == 1
    assert "ew_sin_f64" not in executable.text
    assert "ew_cos_f64" not in executable.text


def test_a_sine_of_one_number_and_a_cosine_of_another_are_two_calls():
    executable, expected = made(lambda x, y: np.sin(x) * np.cos(y) + np.sin(1.0 + y), 0.8, 0.3)
    np.testing.assert_allclose(ran(executable, 0.8, 0.3), expected, rtol=4e-16)
    assert "sincos" not in executable.text


def test_a_long_stretch_is_cut_and_what_later_parts_need_is_stored():
    rng = np.random.default_rng(3)
    which, back = rng.integers(0, 4, 6000), rng.integers(1, 400, 6000)

    def f(x, v):
        values = [x, v[0], v[1] * 1.0]
        for k in range(len(which)):
            a, b = values[-1], values[-min(back[k], len(values))]
            values.append((a + b, a * 0.25 - b, np.sin(a), a / (1.5 + b * b))[which[k]])
        return values[-1] + v * values[3000]

    args = 0.3, np.array([0.5, -0.2])
    executable, expected = made(f, *args)
    for found, right in zip(ran(executable, *args), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-10)
    assert executable.text.count("define internal i64 @section") > 3


def test_beside_loops_a_long_stretch_is_compiled_apart():
    def f(x, v):
        for k in range(1500):
            x = x * (0.5 + k % 7) / (1.0 + k) + np.cos(x) if k % 5 else x - 0.1 * x * x
        return np.sum(np.exp(v * x)), x

    args = 0.3, np.linspace(0, 1, 1000)
    executable, expected = made(f, *args)
    for found, right in zip(ran(executable, *args), expected, strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12)
    assert re.search(r"^declare i64 @section\d+\(ptr\)", executable.text, re.MULTILINE)
    assert re.search(r"^define i64 @section\d+\(ptr", executable.text, re.MULTILINE)
    assert executable.assembly.count("section") > 2


def test_guards_stand_between_operations():
    def f(x):
        y = np.sin(x) * 2.0
        if y > 1.0:
            y = y - 1.0
        return y * x if x * y < 3.0 else y

    executable, expected = made(f, 1.2)
    assert ran(executable, 1.2) == pytest.approx(expected, rel=1e-15)
    assert executable.run([np.float64(0.1)])[0] == 1
