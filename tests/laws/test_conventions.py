"""What a derivative means at a kink or an edge: each line of docs/conventions.md, forward and in reverse.

``KINKS`` has cases for lines about functions of one array; ``line`` marks the tests of all others. A line of the page
without a test is a failure, and so is a test without a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise import errors

PAGE = (Path(__file__).parents[2] / "docs" / "conventions.md").read_text(encoding="utf-8")
AT_ZERO = np.array([0.0, 0.0])
TIES = np.array([2.0, 1.0, 2.0])

KINKS = {
    "`abs` at 0, `np.sign`": {
        "abs": (np.abs, np.array([-1.0, 0.0, 2.0]), [-1.0, 0.0, 1.0]),
        "fabs": (np.fabs, np.array([0.0, -3.0]), [0.0, -1.0]),
        "sign": (np.sign, np.array([-1.0, 0.0, 2.0]), [0.0, 0.0, 0.0]),
    },
    "ties in `max`, `min`, `maximum`, `minimum`": {
        "maximum": (lambda x: np.maximum(x, 2.0), np.array([1.0, 2.0, 3.0]), [0.0, 0.5, 1.0]),
        "minimum": (lambda x: np.minimum(x, 2.0), np.array([1.0, 2.0, 3.0]), [1.0, 0.5, 0.0]),
        "max": (np.max, TIES, [0.5, 0.0, 0.5]),
        "min": (np.min, -TIES, [0.5, 0.0, 0.5]),
    },
    "ties in `sort`, `median`, `quantile`": {
        "sort": (lambda x: np.sort(x) @ np.array([1.0, 2.0, 3.0]), np.array([5.0, 4.0, 5.0]), [2.0, 1.0, 3.0]),
        "median": (np.median, np.array([1.0, 1.0, 2.0]), [0.0, 1.0, 0.0]),
        "quantile": (lambda x: np.quantile(x, 0.25), np.array([1.0, 1.0, 2.0]), [0.5, 0.5, 0.0]),
    },
    "`clip` at the bound": {
        "clip": (lambda x: np.clip(x, 1.0, 2.0), np.array([0.5, 1.0, 1.5, 2.0, 2.5]), [0.0, 1.0, 1.0, 1.0, 0.0]),
    },
    "norm, `std` at 0": {
        "norm": (np.linalg.norm, AT_ZERO, [0.0, 0.0]),
        "std": (np.std, np.array([3.0, 3.0]), [0.0, 0.0]),
    },
    "`prod`, `sinc`, `x**n` at 0": {
        "prod with a zero": (np.prod, np.array([2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]),
        "prod with two zeros": (np.prod, np.array([0.0, 0.0, 3.0]), [0.0, 0.0, 0.0]),
        "sinc": (np.sinc, AT_ZERO, [0.0, 0.0]),
        "x**2": (lambda x: x**2, AT_ZERO, [0.0, 0.0]),
        "x**1": (lambda x: x**1, AT_ZERO, [1.0, 1.0]),
        "x**0": (lambda x: x**0, AT_ZERO, [0.0, 0.0]),
        "x**[2.0, 1.0]": (lambda x: x ** np.array([2.0, 1.0]), AT_ZERO, [0.0, 1.0]),
    },
    "`sqrt` at 0": {
        "sqrt": (np.sqrt, np.array([0.0, 4.0]), [np.inf, 0.25]),
    },
    "a branch that is cut off": {
        "where": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), np.array([0.0, 4.0]), [0.0, 0.25]),
        "a slice": (lambda x: np.sqrt(x)[1:], np.array([0.0, 4.0]), [0.0, 0.25]),
        "max": (lambda x: np.max(np.sqrt(x)), np.array([0.0, 4.0]), [0.0, 0.25]),
    },
    "a singularity that is not cut off": {
        "sqrt(x)**2": (lambda x: np.sqrt(x) ** 2, np.array([0.0, 4.0]), [np.nan, 1.0]),
    },
    "`round`, `floor`, `sign`, `argmax`, comparisons": {
        "rounding": (lambda x: x + np.floor(x) + np.rint(x) + np.sign(x), np.array([0.5, 1.0]), [1.0, 1.0]),
        "round": (lambda x: x + np.round(x, 1), np.array([0.25, 1.0]), [1.0, 1.0]),
        "argmax": (lambda x: x * np.argmax(x), np.array([1.0, 3.0]), [1.0, 1.0]),
        "comparisons": (lambda x: x * (x > 2.0), np.array([1.0, 3.0]), [0.0, 1.0]),
    },
    "an unused input": {
        "an entry": (lambda x: x[0] * 2, np.array([1.0, 5.0]), [2.0, 0.0]),
    },
}

LINES: dict[str, list[str]] = {point: list(cases) for point, cases in KINKS.items()}


def line(point: str) -> Callable[[Any], Any]:
    """Mark a test as that of a line of the page."""

    def mark(test: Any) -> Any:
        LINES.setdefault(point, []).append(test.__name__)
        return test

    return mark


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [pytest.param(*case, id=f"{point}: {name}") for point, cases in KINKS.items() for name, case in cases.items()],
)
def test_kink(f, x, expected):
    np.testing.assert_array_equal(ew.grad(lambda v: np.sum(f(v)))(x), expected)
    np.testing.assert_array_equal(ew.jacfwd(lambda v: np.sum(f(v)))(x), expected)
    forward = [ew.jvp(lambda v: np.sum(f(v)), (x,), (e,))[1] for e in np.eye(len(x))]
    np.testing.assert_array_equal(forward, expected)


@line("`prod`, `sinc`, `x**n` at 0")
def test_second_derivatives_at_zero():
    for n, expected in ((0, 0.0), (1, 0.0), (2, 2.0), (3, 0.0)):
        assert ew.grad(ew.grad(lambda x, n=n: x**n))(0.0) == expected
    np.testing.assert_allclose(ew.hessian(np.prod)(np.array([2.0, 0.0, 3.0])), [[0, 3, 0], [3, 0, 2], [0, 2, 0]])
    np.testing.assert_allclose(ew.grad(ew.grad(np.sinc))(0.0), -(np.pi**2) / 3)


@line("integers")
def test_integers():
    assert ew.grad(lambda x: x**2)(3) == 6.0
    assert ew.grad(lambda x: np.sum(x**2))(np.array([1, 2])).dtype == np.float64
    seen = []

    def f(p):
        seen.append({k: v for k, v in p.items() if k != "x"})
        return p["x"] * p["n"]

    untouched = {"n": 3, "flag": True, "none": None, "name": "f"}
    assert ew.grad(f)({"x": 2.0, **untouched}) == {"x": 3.0, **dict.fromkeys(untouched)}
    assert seen == [untouched]


@line("dtype")
def test_numbers_keep_their_width():
    x, t = np.ones(3, np.float32), np.ones(3, np.float32)

    def f(x):
        return np.sum(np.sin(x) * 0.1)

    assert ew.grad(f)(x).dtype == np.float32
    assert ew.jvp(f, (x,), (t,))[1].dtype == np.float32
    assert ew.jvp(lambda x: f(x) * np.float64(2), (x,), (t,))[1].dtype == np.float64
    assert (
        ew.grad(lambda x: f(x * np.ones(3)))(x).dtype == np.float32
    )  # the argument's, after a sum in double precision


@line("float16, longdouble")
def test_narrow_and_wide_floats():  # all of them: test_dtypes.py
    half, wide = np.full(1000, 100, np.float16), np.longdouble("0.3")
    assert ew.value_and_grad(np.mean)(half)[0] == 100
    with pytest.raises(TypeError, match="float16 is unsupported in linalg"):
        ew.grad(np.linalg.det)(np.eye(2, dtype=np.float16))
    assert ew.grad(np.sin)(wide) == np.cos(wide)
    assert abs(ew.grad(np.exp2)(wide) / (np.log(np.longdouble(2)) * np.exp2(wide)) - 1) < 1e-16


@line("structured and record arrays")
def test_fields():
    r = np.array([(1.0, 2), (3.0, 4)], [("a", float), ("n", int)])
    found = ew.grad(lambda r: np.sum(r["a"] ** 2 * r["n"]))({name: r[name] for name in r.dtype.names})
    np.testing.assert_array_equal(found["a"], [4.0, 24.0])
    assert ew.grad(lambda given: given["x"] * given["r"]["a"][1])({"x": 1.0, "r": r}) == {"x": 3.0, "r": None}
    with pytest.raises(errors.ArgumentError, match="a structured array"):
        ew.grad(lambda r: np.sum(r["a"]))(r)
    with pytest.raises(errors.ArgumentError, match="a structured array met a traced value"):
        ew.grad(lambda x: x * r)(1.0)


@line("an unused input")
def test_an_unused_argument(recwarn):
    def f(x, y):
        return x**2

    by_reverse = ew.grad(f, argnums=(0, 1))(3.0, np.ones(2))
    by_forward = ew.jacfwd(f, argnums=(0, 1))(3.0, np.ones(2))
    for first, second in (by_reverse, by_forward):
        assert first == 6.0
        np.testing.assert_array_equal(second, [0.0, 0.0])
    assert not recwarn.list


@line("a tangent that is exactly zero")
def test_a_zero_tangent_under_an_infinite_slope():
    x, t = np.array([0.0, 4.0]), np.array([0.0, 1.0])
    np.testing.assert_array_equal(ew.jvp(np.sqrt, (x,), (t,))[1], [0.0, 0.25])
    np.testing.assert_array_equal(ew.linearize(np.sqrt, x)[1] @ t, [0.0, 0.25])


@line("`np.array([traced, …])`")
def test_arrays_of_traced_values():
    def f(x):
        return np.sum(np.array([x[0] ** 2, 3.0, x[1]]) * np.array([1.0, 2.0, 5.0]))

    np.testing.assert_array_equal(ew.grad(f)(np.array([2.0, 1.0])), [4.0, 5.0])
    np.testing.assert_array_equal(ew.jacfwd(f)(np.array([2.0, 1.0])), [4.0, 5.0])


@line("stores `a[i] = v`, `a += v` into traced arrays")
def test_stores_into_traced_arrays():
    def f(x):
        row = x[:1]
        x[1] = 5.0 * x[0]
        row += x[1]
        return np.sum(x**2)

    x = np.ones(2)
    for derivative in (ew.grad, ew.jacfwd):  # of (6 x0)² + (5 x0)²
        np.testing.assert_array_equal(derivative(f)(x), [122.0, 0.0])
    np.testing.assert_array_equal(x, 1.0)


@line("`np.zeros_like(t)` and its like")
def test_arrays_like_traced_ones():
    def f(x):
        a = np.zeros_like(x, shape=3)
        a[1:] = x
        return np.sum(a**2)

    np.testing.assert_array_equal(ew.grad(f)(np.array([1.0, 2.0])), [2.0, 4.0])


@line("`ew.stop_gradient(a)` of an array")
def test_a_stopped_gradient():
    x = np.ones(2)
    ew.stop_gradient(x)[0] = 5.0
    np.testing.assert_array_equal(x, 1.0)


@line("`a += t` with an ordinary array `a`")
def test_adding_to_an_array_that_nobody_else_holds():
    def alone(x):
        a = np.ones(2)
        a += x
        return np.sum(a**2)

    def shared(x):
        a = np.ones(2)
        row = a[:1]
        a += x
        return np.sum(a**2) + row[0]

    np.testing.assert_array_equal(ew.grad(alone)(np.array([0.0, 1.0])), [2.0, 4.0])
    np.testing.assert_array_equal(ew.jacfwd(alone)(np.array([0.0, 1.0])), [2.0, 4.0])
    with pytest.raises(errors.StoreError):
        ew.grad(shared)(np.ones(2))


@line("`eigh`, `svd` with equal values")
def test_equal_eigenvalues_and_singular_values():
    for derivative in (ew.grad, ew.jacfwd):
        for values in (lambda A: np.linalg.eigh(A)[0], lambda A: np.linalg.svd(A)[1]):
            np.testing.assert_allclose(derivative(lambda A, values=values: values(A)[0])(np.eye(2)), np.eye(2) / 2)
        for vectors in (lambda A: np.linalg.eigh(A)[1], lambda A: np.linalg.svd(A)[0]):
            with pytest.raises(errors.UndeterminedError):
                derivative(lambda A, vectors=vectors: vectors(A)[0, 0])(np.eye(2))


@line("functions of a symmetric matrix")
def test_a_function_of_a_matrix_with_equal_eigenvalues():
    W = np.array([[1.0, 2.0], [4.0, 3.0]])

    def f(A):
        return np.sum(W * ew.linalg.matrix_function(A, np.exp))

    for derivative in (ew.grad, ew.jacfwd):  # at the identity it is e times the symmetric part of W
        np.testing.assert_allclose(derivative(f)(np.eye(2)), np.e * (W + W.T) / 2)


@line("phases of complex `eigh`, `svd`")
def test_phases_of_vectors():
    t, h = np.array([[0.3, 1.0 + 0.5j], [1.0 - 0.5j, -0.2]]), 1e-6
    hermitian, diagonal = np.array([[1.0, 0.5 + 1j], [0.5 - 1j, 3.0]]), np.diag([3.0, 1.0]) + 0j
    for vectors in (lambda A: np.linalg.eigh(A)[1], lambda A: np.linalg.svd(A)[0]):
        pushed = ew.jvp(vectors, (hermitian,), (t,))[1]
        np.testing.assert_allclose(
            pushed, (vectors(hermitian + h * t) - vectors(hermitian - h * t)) / (2 * h), atol=1e-9
        )
        np.testing.assert_allclose(ew.jvp(lambda A, vectors=vectors: np.abs(vectors(A)) ** 2, (diagonal,), (t,))[1], 0)
        with pytest.raises(errors.UndeterminedError, match="phases"):
            ew.grad(lambda A, vectors=vectors: np.real(np.sum(np.sqrt(1j) * vectors(A))))(diagonal)


@line("`det` at singular matrices")
def test_determinants_of_singular_matrices():
    A = np.array([[1.0, 2.0], [2.0, 4.0]])
    for derivative in (ew.grad, ew.jacfwd):
        np.testing.assert_allclose(derivative(np.linalg.det)(A), [[4.0, -2.0], [-2.0, 1.0]])
        assert np.isinf(derivative(lambda A: np.linalg.slogdet(A)[1])(0 * A)).all()
    second = np.zeros((2, 2, 2, 2))
    second[0, 0, 1, 1] = second[1, 1, 0, 0] = 1
    second[0, 1, 1, 0] = second[1, 0, 0, 1] = -1
    for point in (A, 0 * A):
        np.testing.assert_allclose(ew.hessian(np.linalg.det)(point), second, atol=1e-15)


@line("symmetric matrices, in `cholesky` and `eigh`")
def test_gradients_by_symmetric_matrices():
    A = np.array([[2.0, 1.0], [1.0, 2.0]])
    by_cholesky = np.array([[0.125, -0.25], [-0.25, 0.5]]) / np.sqrt(1.5)  # of √(a22 - a12²/a11)
    for derivative in (ew.grad, ew.jacfwd):
        np.testing.assert_allclose(derivative(lambda A: np.linalg.cholesky(A)[1, 1])(A), by_cholesky)
        np.testing.assert_allclose(derivative(lambda A: np.linalg.eigh(A)[0][0])(A), [[0.5, -0.5], [-0.5, 0.5]])
        for f in (np.linalg.cholesky, np.linalg.eigvalsh):
            with pytest.raises(errors.ArgumentError, match="not symmetric"):
                derivative(lambda A, f=f: np.sum(f(A)))(np.array([[2.0, 1.0], [0.0, 2.0]]))


@line("complex numbers")
def test_complex_numbers():
    def f(z):
        return np.abs(z - 2.0) ** 2

    z = 1.0 + 2.0j
    assert ew.grad(f)(z) == 2 * (z - 2.0)
    assert ew.jvp(f, (z,), (1j,))[1] == np.real(np.conj(2 * (z - 2.0)) * 1j)
    assert f(z - 0.1 * ew.grad(f)(z)) < f(z)
    assert ew.vjp(np.exp, z)[1](1j)[0] == 1j * np.conj(np.exp(z))


# -- what is decided, and not written


def rows(part: str) -> list[list[str]]:
    """The cells of the page's tables below a heading, without titles."""
    text = re.search(rf"^## {part}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    return [
        [cell.strip() for cell in found.split("|")]
        for found in re.findall(r"^\| (?!point )(.*) \|$", text, re.MULTILINE)
    ]


def test_each_line_of_the_page_has_a_test_and_each_test_a_line():
    held = [cells[0] for part in ("Kinks and ties", "Arguments and results", "Matrices") for cells in rows(part)]
    assert sorted(held) == sorted(LINES)
