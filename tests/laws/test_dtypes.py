"""Every floating-point dtype works where NumPy's arithmetic does; what holds no numbers is refused by name.

The table: each row of the registry in each dtype has NumPy's value and NumPy's dtype, or is refused where NumPy refuses
it, and its derivative is that in float64, to the digits there are. Then each transformation in each dtype, conversions
from and to it, and the company it keeps. Last, arrays of fields and other things that are no numbers.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, load, spelling
from edgewise.errors import ArgumentError, ConversionError, EdgewiseError, OutputError, StoreError

load()

# per dtype: the tolerance of values, and of derivatives against those in float64
REAL = {"float16": (4e-3, 5e-2), "float32": (1e-5, 1e-3), "longdouble": (1e-15, 1e-6)}
COMPLEX = {"complex64": (1e-5, None), "clongdouble": (1e-15, None)}
DTYPES = [*REAL, *COMPLEX]
ROWS = {spelling(function): row for function, row in DECLARATIONS.items() if spelling(function).startswith("np.")}
X = np.array([0.5, 1.5, -2.0])


def cast(value: Any, dtype: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == float:
        return value.astype(dtype)
    if type(value) in (list, tuple):
        return type(value)(cast(item, dtype) for item in value)
    return np.dtype(dtype).type(value) if isinstance(value, float) else value


def parts(result: Any) -> list[Any]:
    return [p for r in result for p in parts(r)] if isinstance(result, tuple | list) else [result]


# Where NumPy takes what its own later steps cannot mean: a complex sample is compared by its real part, or loses it.
STRICTER = ("np.cov", "np.histogram", "np.interp")
MILDER = ("np.linalg.norm", "np.nan_to_num")  # NumPy cannot cast a complex power, or filling, to a real number
# Which of several nearby quantiles a float16 finds is a matter of rounding; where equal entries go, one of order.
COARSE = {("np.nanquantile", "float16")}
TIED = ("np.partition",)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWS)
def test_registry(name: str, dtype: str) -> None:
    function = ROWS[name].function
    for sample in ROWS[name].samples:
        wrt = [i for i in sample.wrt if isinstance(sample.args[i], float | np.ndarray)]
        wrt = [i for i in wrt if np.asarray(sample.args[i]).dtype == float]
        if not wrt or (name, dtype) in COARSE:
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check(function, sample, wrt, dtype, name)


def check(function: Any, sample: Any, wrt: list[int], dtype: str, row: str) -> None:
    seen: list[Any] = []

    def f(args: list[Any], kwargs: dict[str, Any]) -> Any:
        def called(*point: Any) -> Any:
            given = list(args)
            for i, value in zip(wrt, point, strict=True):
                given[i] = value
            seen[:] = parts(function(*given, **kwargs))
            arrays = [part for part in seen if isinstance(ew.value(part), np.ndarray | np.generic)]
            numbers = [part for part in arrays if part.dtype.kind in "fc"]
            return numbers or point[0]

        return called

    args, kwargs = [cast(a, dtype) for a in sample.args], {k: cast(v, dtype) for k, v in sample.kwargs.items()}
    point = [args[i] for i in wrt]
    try:
        expected = parts(function(*args, **kwargs))
    except TypeError:
        if row not in MILDER:
            with pytest.raises((TypeError, EdgewiseError)):
                ew.vjp(f(args, kwargs), *point)
        return
    if row in STRICTER and dtype in COMPLEX:
        return
    try:
        ew.vjp(f(args, kwargs), *point)
    except TypeError as error:
        pytest.fail(f"{row}: {error}")
    rtol, coarse = (REAL | COMPLEX)[dtype]
    for ours, theirs in zip(map(ew.value, seen), expected, strict=True):
        if not isinstance(theirs, np.ndarray | np.generic):
            assert ours == theirs, row
            continue
        assert ours.dtype == theirs.dtype, row
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol, err_msg=str(row))
    if coarse is None or row in TIED:
        return
    jacobian = ew.jacobian(f(args, kwargs), argnums=tuple(range(len(wrt))))(*point)
    double = ew.jacobian(f(list(sample.args), sample.kwargs), argnums=tuple(range(len(wrt))))(
        *[sample.args[i] for i in wrt]
    )
    for ours, theirs in zip(parts(jacobian), parts(double), strict=True):
        size = max(1.0, float(np.max(np.abs(theirs), initial=0)))
        np.testing.assert_allclose(ours, theirs, rtol=coarse, atol=coarse * size, err_msg=str(row))


# -- transformations


def f(x: Any) -> Any:
    return np.sin(x) * x


def slope(x: Any) -> Any:
    return np.cos(x) * x + np.sin(x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_transformations(dtype: str) -> None:
    x = X.astype(dtype)
    rtol = (REAL | COMPLEX)[dtype][0]
    expected = np.diag(slope(x))

    def same(found: Any, wanted: Any) -> None:
        assert found.dtype == wanted.dtype == np.dtype(dtype)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)

    for jacobian in (ew.jacobian, ew.jacrev, ew.jacfwd):
        same(jacobian(f)(x), expected)
    same(ew.jvp(f, (x,), (x,))[1], slope(x) * x)
    same(ew.vjp(f, x)[1](x)[0], np.conj(slope(x)) * x)
    same(ew.vmap(f)(x), f(x))
    value, J = ew.linearize(f, x)
    same(value, f(x))
    same(J @ x, slope(x) * x)
    same(J.H @ x, np.conj(slope(x)) * x)
    same(J.todense(), expected)
    same(ew.derivative(f)(x), slope(x))
    value, gradient = ew.value_and_grad(lambda x: np.sum(np.abs(x) ** 2))(x)
    assert value.dtype == x.real.dtype
    same(gradient, 2 * x)
    if dtype in REAL:
        same(ew.hessian(lambda x: np.sum(f(x)))(x), np.diag(2 * np.cos(x) - x * np.sin(x)))
        same(ew.grad(lambda x: np.sum(x * f(x)))(x), f(x) + x * slope(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_company_and_conversions(dtype: str) -> None:
    """NumPy's promotion at every operation; a cotangent comes back in the dtype of its value."""
    x, rtol = X.astype(dtype), (REAL | COMPLEX)[dtype][0]
    other = "complex64" if dtype in COMPLEX else "float32"
    seen: list[Any] = []

    def look(value: Any) -> Any:
        seen.append(value.dtype)
        return value

    def gradient(f: Any, x: Any) -> Any:
        found = ew.grad(lambda x: np.sum(np.real(look(f(x)))))(x)
        assert found.dtype == x.dtype
        assert seen.pop() == f(x).dtype
        return found

    np.testing.assert_allclose(gradient(lambda y: y * x, X), np.real(x), rtol=rtol)  # captured
    np.testing.assert_allclose(gradient(lambda y: np.sin(y.astype(dtype)), X), np.cos(X), rtol=2 * rtol, atol=rtol)
    wide = np.result_type(x.dtype, other)
    np.testing.assert_allclose(gradient(lambda y: np.sin(y.astype(wide)), x), np.cos(X), rtol=2 * rtol, atol=rtol)
    np.testing.assert_allclose(gradient(lambda y: np.sum(y, dtype=dtype) * y[0], X), [0.5, 0.5, 0.5], rtol=rtol)
    for number in (2, 2.0, np.float32(2), np.float64(2), np.longdouble(2)):
        np.testing.assert_allclose(gradient(lambda y, n=number: y * n, x), [2, 2, 2], rtol=rtol)
    buffer = ew.grad(lambda y: np.sum(np.abs(np.concatenate([y, np.zeros_like(y), X])) ** 2))(x)
    np.testing.assert_allclose(buffer, 2 * x, rtol=rtol)


def test_a_mean_of_float16_is_taken_in_float32() -> None:
    """As NumPy does, or the sum would overflow."""
    x = np.full(3000, 100, np.float16)
    value, gradient = ew.value_and_grad(np.mean)(x)
    assert value == np.mean(x) == 100
    assert value.dtype == gradient.dtype == np.float16
    np.testing.assert_allclose(gradient, np.full(3000, 1 / 3000), rtol=1e-3)
    with np.errstate(over="ignore"):
        assert ew.value_and_grad(np.nanmean)(x)[0] == np.nanmean(x) == np.inf
        assert ew.value_and_grad(lambda x: np.mean(x, dtype=np.float16))(x)[0] == np.inf


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_a_partition_is_in_numpys_order(dtype: str) -> None:
    """Beyond the entries that it puts in place, too: which are where, depends on dtype and processor."""
    x = np.random.default_rng(0).standard_normal((3, 500)).astype(dtype)
    weights = np.arange(500.0).astype(dtype)
    for kth in (3, 250, (10, 400)):
        value, gradient = ew.value_and_grad(lambda x, k=kth: np.sum(np.partition(x, k) * weights, dtype=float))(x)
        assert value == np.sum(np.partition(x, kth) * weights, dtype=float)
        np.testing.assert_array_equal(np.sum(gradient, dtype=float), 3 * np.sum(weights, dtype=float))
        np.testing.assert_array_equal(np.take_along_axis(x, np.argsort(gradient), -1), np.partition(x, kth))


# -- arrays of fields

FIELDS = np.array([(1.0, 2, 3.0), (2.0, 3, 4.0)], [("a", "f8"), ("n", "i4"), ("b", "f4")])
RECORDS = FIELDS.view(np.recarray)
T = np.array([0.5, 1.5])


@pytest.mark.parametrize("r", [FIELDS, RECORDS], ids=["structured", "records"])
def test_fields_are_ordinary_arrays(r: Any) -> None:
    gradient = ew.grad(lambda x: np.sum(x * r["a"] + np.where(r["n"] > 2, x**2, 0) * r["b"]))(T)
    np.testing.assert_allclose(gradient, [1.0, 2.0 + 2 * 1.5 * 4])
    np.testing.assert_allclose(ew.grad(lambda a: np.sum(a**2))(r["a"]), [2.0, 4.0])
    assert ew.grad(lambda b: np.sum(b**2))(r["b"]).dtype == np.float32
    np.testing.assert_allclose(ew.grad(lambda x, r: np.sum(x * r["a"]))(T, r), [1.0, 2.0])
    np.testing.assert_allclose(ew.jacobian(lambda x: x * r["a"])(T), np.diag([1.0, 2.0]))
    np.testing.assert_allclose(ew.vmap(lambda x, a: x * a)(T, r["a"]), T * r["a"])
    found = ew.grad(lambda fields: np.sum(fields["a"] * fields["b"]))({name: r[name] for name in r.dtype.names})
    np.testing.assert_allclose(found["a"], r["b"])
    assert found["n"] is None
    mixed = ew.grad(lambda given: np.sum(given["x"] * given["r"]["a"]))({"x": T, "r": r})
    np.testing.assert_allclose(mixed["x"], r["a"])
    assert mixed["r"] is None  # as integers and strings have


def test_attributes_of_records() -> None:
    np.testing.assert_allclose(ew.grad(lambda x: np.sum(x * RECORDS.a * RECORDS[1].b))(T), [4.0, 8.0])
    np.testing.assert_allclose(ew.grad(lambda a: np.sum(a**2))(RECORDS.a), [2.0, 4.0])


def stored_field(x: Any, r: Any) -> Any:
    r["a"] = x
    return np.sum(r["a"])


def stored_attribute(x: Any, r: Any) -> Any:
    r.a = x
    return np.sum(r.a)


def stored_record(x: Any, r: Any) -> Any:
    r[0] = (x[0], 1, 2.0)
    return r["a"][0]


@pytest.mark.parametrize("store", [stored_field, stored_attribute, stored_record])
def test_a_store_into_a_field_is_refused(store: Any) -> None:
    with pytest.raises(StoreError):
        ew.grad(lambda x: store(x, RECORDS.copy()))(T)


WORDS = np.array(["one", "two"])
NO_NUMBERS = {
    "structured": (FIELDS, r"a structured array", "r['a']"),
    "records": (RECORDS, r"a structured array", "r['a']"),
    "dates": (np.zeros(2, "M8[s]"), r"datetime64\[s\]", "dtype=float"),
    "durations": (np.zeros(2, "m8[s]"), r"timedelta64\[s\]", "dtype=float"),
    "text": (WORDS, "<U3", "dtype=float"),
    "bytes": (np.zeros(2, "S3"), "S3", "dtype=float"),
    "raw memory": (np.zeros(2, "V4"), "V4", "dtype=float"),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_holds_no_numbers_is_refused_by_name(name: str) -> None:
    value, kind, instead = NO_NUMBERS[name]

    def total(x: Any) -> Any:
        return 0.0 * x[0]

    for transformation in (ew.grad, ew.jacobian, ew.hessian, ew.jacfwd, ew.derivative, ew.vmap):
        with pytest.raises(ArgumentError, match=f"argument 0 of total is .*{kind}"):
            transformation(total)(value)
    for transform in (ew.linearize, ew.vjp, lambda f, r: ew.jvp(f, (r,), (r,))):
        with pytest.raises(ArgumentError, match=f"argument 0 of total is .*{kind}"):
            transform(total, value)
    for meeting in (lambda x: x * value, lambda x: value + x, lambda x: np.concatenate([x, value])):
        with pytest.raises(ArgumentError, match=f"{kind} met a traced value") as caught:
            ew.jacobian(meeting)(T)
        assert instead in caught.value.instead
    with pytest.raises(ConversionError, match="converted to the dtype"):
        ew.jacobian(lambda x: x.astype(value.dtype))(T)
    for transformation in (ew.jacobian, ew.jacfwd):
        with pytest.raises(OutputError, match=kind):
            transformation(lambda x: value)(T)


def test_where_the_fields_go() -> None:
    """The error for a structured argument says what works instead."""
    for transformation in (ew.grad, ew.vmap):
        with pytest.raises(ArgumentError, match=r"\{name: r\[name\] for name in r\.dtype\.names\}"):
            transformation(lambda r: r["a"])(FIELDS)
