"""Values of other libraries, and of the user's own classes, meeting a traced value: right, or refused by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, ConversionError, EdgewiseError, ForeignArrayError, NoRuleError

X = np.array([1.0, 2.0, 3.0])
RECORDS = np.zeros(3, [("a", float)])
DATES = np.array(["2020-01-01"] * 3, "M8[D]")
MASKED = np.ma.array(X, mask=[False, True, False])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    MATRIX = np.matrix(np.eye(3))


class Money:
    """A class that knows how to be multiplied."""

    def __init__(self, amount: Any) -> None:
        self.amount = amount

    def __mul__(self, other: Any) -> Any:
        return Money(self.amount * other)

    def __rmul__(self, other: Any) -> Any:
        return Money(other * self.amount)

    def __radd__(self, other: Any) -> Any:
        return other + self.amount


class Aloof:
    """A class that will not be mixed with arrays."""

    __array_ufunc__ = None

    def __rmul__(self, other: Any) -> Any:
        return other[0] * 10.0


class Convertible:
    """A class that can become an array."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array([1.0, 2.0, 3.0], dtype)


# -- refused

REFUSED: dict[str, tuple[Callable[[Any], Any], type[EdgewiseError], str]] = {
    "matrix @ x": (lambda x: MATRIX @ x, ForeignArrayError, "np.matrix met a traced value"),
    "x * matrix": (lambda x: x * MATRIX, ForeignArrayError, "np.matrix met a traced value"),
    "np.dot(matrix, x)": (lambda x: np.dot(MATRIX, x), ForeignArrayError, "np.matrix met a traced value"),
    "np.stack([matrix])": (lambda x: np.stack([MATRIX[0], x[None]]), ForeignArrayError, "np.matrix met a traced value"),
    "x * masked": (lambda x: x * MASKED, ForeignArrayError, "a masked array met a traced value"),
    "np.multiply(masked, x)": (lambda x: np.multiply(MASKED, x), ForeignArrayError, "a masked array met a traced"),
    "np.where(masked)": (lambda x: np.where(MASKED > 1, x, 0), ForeignArrayError, "a masked array met a traced value"),
    "x * records": (lambda x: x * RECORDS, ArgumentError, "a structured array met a traced value"),
    "dates + x": (lambda x: DATES + x, ArgumentError, "an array of dtype datetime64[D] met a traced value"),
    "times * x": (lambda x: (DATES - DATES) * x, ArgumentError, "an array of dtype timedelta64[D] met a traced value"),
    "strings": (lambda x: x * np.array(["a", "b", "c"]), ArgumentError, "an array of dtype <U1 met a traced value"),
    "an array of None": (lambda x: x * np.array([None] * 3), ArgumentError, "an array of dtype object met a traced"),
    "None": (lambda x: x + None, ArgumentError, "unsupported operand type(s) for +: a traced value and 'NoneType'"),
    "None, first": (lambda x: None + x, ArgumentError, "unsupported operand type(s) for +: 'NoneType' and a traced"),
    "a string": (lambda x: x[0] + "a", ArgumentError, "unsupported operand type(s) for +: a traced value and 'str'"),
    "a string, compared": (lambda x: x[0] < "a", ArgumentError, "'<' not supported between instances of a traced"),
    "an object": (lambda x: x + object(), ArgumentError, "for +: a traced value and 'object'"),
    "a dict": (lambda x: x + {}, ArgumentError, "for +: a traced value and 'dict'"),
    "a decimal": (lambda x: x[0] * Decimal(2), ArgumentError, "a traced value and 'decimal.Decimal'"),
    "a fraction": (lambda x: x[0] * Fraction(1, 2), ArgumentError, "a traced value and 'Fraction'"),
    "np.add of None": (lambda x: np.add(x, None), ArgumentError, "None met a traced value"),
    "np.where of a dict": (lambda x: np.where(x > 1, x, {}), ArgumentError, "a dict met a traced value"),
    "memoryview": (lambda x: memoryview(2 * x), ConversionError, "a bytes-like object is required, not a traced value"),
    "math on an array": (lambda x: float(2 * x), ConversionError, "float() of a traced value"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what: str) -> None:
    f, kind, words = REFUSED[what]
    with pytest.raises(kind) as caught:
        ew.grad(lambda x: np.sum(f(x)))(X)
    error = caught.value
    assert type(error) is kind
    assert words in error.what
    assert error.where.endswith(f"test_foreign.py:{f.__code__.co_firstlineno}")
    assert error.why
    assert error.instead
    assert "Traced" not in str(error)


# -- right

RIGHT: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "a field of records": (lambda x: np.sum((RECORDS["a"] + 2) * x), [2, 2, 2]),
    "masked * x": (lambda x: np.sum(MASKED * x), [1, 0, 3]),
    "a list": (lambda x: np.sum(x * [1, 2, 3]), [1, 2, 3]),
    "a list, first": (lambda x: np.sum([1, 2, 3] * x), [1, 2, 3]),
    "a tuple": (lambda x: np.sum(x - (1, 2, 3)), [1, 1, 1]),
    "a NumPy scalar": (lambda x: np.sum(np.float64(2) * x), [2, 2, 2]),
    "an int8": (lambda x: np.sum(np.int8(2) * x), [2, 2, 2]),
    "a bool": (lambda x: np.sum(x * True), [1, 1, 1]),
    "a mask": (lambda x: np.sum(x * (X > 1)), [0, 1, 1]),
    "an object array of fractions": (lambda x: np.sum(x * np.array([Fraction(1, 2)] * 3)), [0.5, 0.5, 0.5]),
    "a class that multiplies": (lambda x: (Money(3.0) * x[1]).amount, [0, 3, 0]),
    "a class that is multiplied": (lambda x: (x[1] * Money(3.0)).amount, [0, 3, 0]),
    "a class that adds": (lambda x: x[0] + Money(x[2]), [1, 0, 1]),
    "a class that holds": (lambda x: np.sum(Money(x).amount * x), [2, 4, 6]),
    "a class that will not be mixed": (lambda x: x * Aloof(), [10, 0, 0]),
    "a class that becomes an array": (lambda x: np.sum(np.multiply(x, Convertible())), [1, 2, 3]),
    "an index of a list": (lambda x: [10.0, 20.0][int(np.floor(x[0]))] * x[0], [20, 0, 0]),
    "equal to None": (lambda x: 0.0 if x[0] == None else x[0], [1, 0, 0]),  # noqa: E711  as some write it
    "equal to a string": (lambda x: 0.0 if x[0] == "a" else x[0], [1, 0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("what", RIGHT)
def test_right(what: str) -> None:
    f, expected = RIGHT[what]
    np.testing.assert_array_equal(ew.grad(f)(X), expected)


# -- libraries


@pytest.mark.needs("pandas")
def test_pandas(refused: Any) -> None:
    import pandas as pd

    s, table = pd.Series(X), pd.DataFrame(np.diag(X))
    at = ew.grad
    refused(lambda: at(lambda x: np.sum(x * s))(X), ForeignArrayError, "a pandas Series met a traced value")
    refused(lambda: at(lambda x: np.sum(x * table))(X), ForeignArrayError, "a pandas DataFrame met a traced value")
    refused(lambda: at(lambda x: np.sum(np.where(s > 1, x, 0)))(X), ForeignArrayError, "a pandas Series met a traced")
    refused(lambda: at(lambda x: np.sum(x))(s), ForeignArrayError, "argument 0 of <lambda> is a pandas Series")  # noqa: PLW0108
    error = refused(lambda: at(lambda x: np.sum(s * x))(X), NoRuleError, "cannot work with a traced value")
    assert "s.to_numpy()" in error.instead
    np.testing.assert_array_equal(at(lambda x: np.sum(s.to_numpy() * x))(X), X)
    np.testing.assert_array_equal(at(lambda x: np.sum(table @ x))(X), X)
    np.testing.assert_array_equal(at(lambda x: np.sum(np.exp(pd.Series(x))))(X), np.exp(X))


def product_with(S: Any) -> Any:
    return ew.primitive(push=lambda t: S @ t, pull=lambda g: S.T @ g)(lambda x: S @ x)


@pytest.mark.needs("scipy")
def test_sparse_matrices(refused: Any) -> None:
    import scipy.sparse

    for S in (scipy.sparse.csr_matrix(np.diag(X)), scipy.sparse.csr_array(np.diag(X))):
        for f in (lambda x, S=S: S @ x, lambda x, S=S: x @ S, lambda x, S=S: S.dot(x), lambda x, S=S: S + x):
            with pytest.raises((NoRuleError, ForeignArrayError, ArgumentError)) as caught:
                ew.grad(lambda x, f=f: np.sum(f(x)))(X)
            assert caught.value.where.endswith(f"test_foreign.py:{f.__code__.co_firstlineno}")
        refused(lambda: ew.grad(np.sum)(S), ForeignArrayError, "argument 0 of sum is a sparse matrix")  # noqa: B023
        np.testing.assert_array_equal(ew.grad(lambda x, S=S: np.sum(S.toarray() @ x))(X), X)
        product = product_with(S)
        np.testing.assert_array_equal(ew.grad(lambda x, f=product: np.sum(f(x)))(X), X)
        try:
            found = ew.grad(lambda x, S=S: np.sum(S.multiply(x)))(X)
        except (NoRuleError, TypeError):
            pass  # older releases of SciPy ask more of x
        else:
            np.testing.assert_array_equal(found, X)


@pytest.mark.needs("scipy")
def test_scipys_functions(refused: Any) -> None:
    import scipy.integrate
    import scipy.interpolate
    import scipy.linalg
    import scipy.optimize
    import scipy.special
    import scipy.stats

    at = ew.grad
    refused(lambda: at(lambda x: np.sum(scipy.linalg.inv(np.diag(x))))(X), NoRuleError, "scipy.linalg.inv cannot work")
    refused(lambda: at(lambda x: scipy.stats.norm.logpdf(x)[0])(X), NoRuleError, "scipy.stats.norm.logpdf cannot work")
    refused(lambda: at(lambda x: scipy.special.zeta(x)[0])(X), NoRuleError, "scipy.special.zeta has no derivative rule")
    refused(
        lambda: at(lambda x: scipy.integrate.quad(np.sin, 0, x[0])[0])(X), ConversionError, "scipy.integrate.quad()"
    )
    refused(lambda: at(lambda x: scipy.interpolate.interp1d(x, x)(x)[0])(X), NoRuleError, "scipy.interpolate.interp1d")
    refused(lambda: at(lambda x: scipy.optimize.brentq(np.sin, -x[0], 1.0))(X), NoRuleError, "scipy.optimize.brentq")


def test_the_standard_library(refused: Any) -> None:
    import json
    import statistics

    at = ew.grad
    refused(lambda: at(lambda x: statistics.fmean(x))(X), ConversionError, "statistics.fmean()")  # noqa: PLW0108
    refused(lambda: at(lambda x: json.dumps(x))(X), ConversionError, "a traced value is not JSON serializable")  # noqa: PLW0108
    refused(lambda: at(lambda x: Decimal(x[0]))(X), ConversionError, "conversion from a traced value to Decimal")
    refused(lambda: at(lambda x: statistics.mean(x))(X), ConversionError, "can't convert type a traced value")  # noqa: PLW0108
