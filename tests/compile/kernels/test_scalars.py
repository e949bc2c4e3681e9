"""Operations number by number are NumPy's: arithmetic bit for bit, functions to few ulp."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.kernels import division
from edgewise.modes.staged import Staged

pytestmark = pytest.mark.needs("llvmlite")

TINY, HUGE = 5e-324, 1.7e308
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3.7,
    -7.3,
    1e-3,
    1e16,
    -1e16,
    2.0**52 + 0.5,
    2.0**31,
    -(2.0**31),
]
EDGES = [np.inf, -np.inf, np.nan, TINY, -TINY, HUGE, -HUGE, 1e300, 1e-300, 2.0**53, 2.0**63, 2.0**64, -(2.0**63)]
WHOLE = [0, 1, -1, 2, -2, 3, 5, -7, 63, 64, 100, -100, 127, -128]

ONE = [
    "negative",
    "positive",
    "square",
    "absolute",
    "sign",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "isfinite",
    "isinf",
    "isnan",
]
ONE += ["logical_not", "conjugate"]
FLOATS = ["sqrt", "reciprocal", "fabs", "signbit", "deg2rad", "rad2deg"]
TWO = ["add", "subtract", "multiply", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "maximum"]
TWO += [
    "minimum",
    "fmax",
    "fmin",
    "logical_and",
    "logical_or",
    "logical_xor",
    "divide",
    "floor_divide",
    "remainder",
    "fmod",
]
FLOATS_TWO = ["copysign", "heaviside"]
BITS = ["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"]
FREE_ZEROS = {"maximum", "minimum", "fmax", "fmin"}  # of 0.0 and -0.0 NumPy itself gives one or the other


def pairs(values, dtype):
    with np.errstate(all="ignore"):
        numbers = np.array(values).astype(dtype)
    a, b = np.meshgrid(numbers, numbers)
    return a.ravel(), b.ravel()


def compiled(function, *inputs):
    with np.errstate(all="ignore"):
        with Staged() as mode:
            lifted = [mode.lift(x) for x in inputs]
            outputs = list(function(*lifted))
            del lifted
            program = mode.finish(outputs)
        made = build(program)
        return made, made.run(inputs)[1], program.replay(inputs)


def identical(found, expected, names):
    for name, a, b in zip(names, found, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape), name
        wrong = ~((a == b) | ((a != a) & (b != b)))
        assert not wrong.any(), (name, np.flatnonzero(wrong)[:5], a[wrong][:5], b[wrong][:5])
        if a.dtype.kind == "f" and name not in FREE_ZEROS:
            real = ~np.isnan(a)
            np.testing.assert_array_equal(np.signbit(a[real]), np.signbit(b[real]), name)


@pytest.mark.parametrize("limit", [0, 1 << 20], ids=["loops", "written out"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "i1", "u1", "u4", "u8", "?"])
def test_bit_for_bit(dtype, limit, monkeypatch):
    monkeypatch.setattr(division, "LIMIT", limit)
    if limit:
        monkeypatch.setattr("edgewise.compile.kernels.unrolled.LIMIT", limit)
        monkeypatch.setattr("edgewise.compile.kernels.unrolled.MOST", limit)
    kind = np.dtype(dtype).kind
    names_one = [*ONE, *(FLOATS if kind == "f" else ["invert"])]
    names_two = [*TWO, *(FLOATS_TWO if kind == "f" else BITS)]
    if kind == "b":
        names_one = [n for n in names_one if n in ("isfinite", "isinf", "isnan", "logical_not", "invert", "absolute")]
        names_two = [n for n in names_two if n in ("add", "multiply", "equal", "maximum", "logical_xor", "bitwise_and")]
    if np.dtype(dtype).itemsize == 1:  # NumPy rounds these as float16, which no processor computes with
        names_one = [n for n in names_one if n != "rint"]
    if np.floor(np.ones(1, dtype)).dtype != np.dtype(dtype):  # NumPy 2.0 makes floats of integers
        names_one = [n for n in names_one if n not in ("floor", "ceil", "trunc")]
    a, b = pairs(SPECIAL + EDGES if kind == "f" else WHOLE, dtype)
    if limit:
        keep = np.random.default_rng(0).permutation(a.size)[:64]
        a, b = a[keep], b[keep]

    def every(x, y):
        found = [getattr(np, name)(x) for name in names_one] + [getattr(np, name)(x, y) for name in names_two]
        return [*found, np.where(x > y, x, y), np.clip(x, y, x)]

    made, found, expected = compiled(every, a, b)
    assert made.address, made.calls
    identical(found, expected, [*names_one, *names_two, "where", "maximum"])


@pytest.mark.parametrize("given", ["f8", "f4", "i8", "i4", "i1", "u1", "u4", "u8", "?"])
def test_casts(given):
    a, _ = pairs(SPECIAL + EDGES if np.dtype(given).kind == "f" else WHOLE, given)
    wanted = ["f8", "f4", "i8", "i4", "i1", "u1", "u4", "u8", "?", "c16"]
    if np.dtype(given).kind == "f":  # beyond the range C says nothing, and NumPy's vectors differ from its scalars
        a = a[np.abs(a) < 100]
        a = np.abs(a)
    made, found, expected = compiled(lambda x: [x.astype(w) for w in wanted if w != given], a)
    assert made.address
    identical(found, expected, wanted[: len(found)])


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, -1])
def test_small_powers(dtype, n):
    if dtype == "i8" and n < 0:
        return
    a, _ = pairs(SPECIAL if dtype != "i8" else WHOLE, dtype)
    made, found, expected = compiled(lambda x: [x**n, np.power(x, n)], a)
    assert made.address
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        if dtype == "i8":
            np.testing.assert_array_equal(x, y)
        else:
            np.testing.assert_allclose(x, y, rtol=2 * np.finfo(dtype).eps)


WEAK = [2, 0.5, True, np.float32(0.5), np.int8(3)]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i1", "?"])
@pytest.mark.parametrize(
    "op", [operator.add, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.lt]
)
def test_numbers_beside_arrays_promote_as_numpy_does(dtype, op):
    a = np.array([0, 1, 1, 0, 1]).astype(dtype)

    def every(x):
        return [op(x, n) for n in WEAK] + [op(n, x) for n in WEAK]

    _, found, expected = compiled(every, a)
    identical(found, expected, ["?"] * len(found))


FUNCTIONS = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan"]
FUNCTIONS += ["sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "cbrt"]


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_functions_to_few_ulp(dtype):
    a = np.concatenate([np.linspace(-4, 4, 301), [0.0, -0.0, np.inf, -np.inf, np.nan, 700.0]]).astype(dtype)
    b = a[::-1].copy()

    def every(x, y):
        pair = [np.arctan2(x, y), np.hypot(x, y), np.power(x, y), np.logaddexp(x, y), np.logaddexp2(x, y)]
        return [getattr(np, name)(x) for name in FUNCTIONS] + pair

    made, found, expected = compiled(every, a, b)
    assert made.address
    for name, x, y in zip(
        [*FUNCTIONS, "arctan2", "hypot", "power", "logaddexp", "logaddexp2"], found, expected, strict=True
    ):
        finite = np.isfinite(y)
        np.testing.assert_array_equal(np.isfinite(x), finite, name)
        np.testing.assert_array_equal(x[~finite], y[~finite], name)
        bound = 4 * np.spacing(np.abs(y[finite])) + (1e-16 if dtype == "f8" else 1e-7) * ("logadd" in name)
        assert np.all(np.abs(x[finite] - y[finite]) <= bound), name


def test_complex_numbers():
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal(70) + 1j * rng.standard_normal(70) for _ in range(2))

    def every(x, y):
        found = [x + y, x - y, x * y, x / y, -x, np.conj(x), x == y, x != y, np.square(x), np.abs(x), np.angle(x)]
        return [*found, np.real(x) * 2, np.imag(x) + 1, np.where(np.real(x) > 0, x, y), x * 2.0, x + np.real(y)]

    made, found, expected = compiled(every, a, b)
    assert made.address
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=1e-15, atol=1e-15)


def test_a_users_function_of_a_known_name_is_not_taken_for_numpys():
    @ew.primitive(d=lambda x: 2.0)
    def exp(x):
        return 2.0 * np.asarray(x)

    _, found, _ = compiled(lambda x: [exp(x)], np.arange(3.0))
    np.testing.assert_array_equal(found[0], [0.0, 2.0, 4.0])


def test_whole_numbers_divided_by_zero_do_not_end_the_process():
    low = np.iinfo(np.int64).min
    a, b = np.array([1, low, low, 0, -5] * 14), np.array([0, -1, 0, 0, 0] * 14)
    _, found, expected = compiled(lambda x, y: [x // y, x % y, np.fmod(x, y)], a, b)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_remainders_are_exact_for_any_quotient(dtype):
    rng = np.random.default_rng(2)
    top = 300 if dtype == "f8" else 37
    a = (rng.standard_normal(2000) * 10.0 ** rng.integers(-top, top, 2000)).astype(dtype)
    b = (rng.standard_normal(2000) * 10.0 ** rng.integers(-top, top, 2000)).astype(dtype)
    _, found, expected = compiled(lambda x, y: [np.fmod(x, y), np.remainder(x, y)], a, b)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)
