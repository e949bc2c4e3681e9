"""Where a value or a derivative stops being finite: the line, the operation, the operands, and a rewrite that works."""

from __future__ import annotations

import math

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import NonFiniteError
from edgewise.modes import Recorded


def line_of(f, offset):
    return f"{f.__code__.co_firstlineno + offset}"


def logs(x):
    y = np.where(x > 0, np.log(x), 0.0)  # the NaN made here is dropped
    return np.sum(np.log(y))


def length(x):
    r = np.sqrt(np.sum(x**2))
    return r * 2


def rough(x):
    return np.sum(np.abs(x) ** 1.5)


def ratio(x, y):
    d = y - y
    return x / d


def huge(x):
    y = x * 1e200
    return y * 3


def given_nan(x):
    return np.sum(x * np.array([1.0, np.nan]))


def exponential(x):
    return np.exp(x)


def masked(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


def cut_before(x):
    return np.sum(np.sqrt(np.where(x > 0, x, 0.0)))


FOUND = [
    (logs, (np.array([-1.0, 2.0, 0.5]),), "value", "log", 2),
    (length, (np.zeros(3),), "gradient", "sqrt", 1),
    (rough, (np.array([0.0, 1.0]),), "second derivative", "power", 1),
    (ratio, (1.0, 2.0), "value", "divide", 2),
    (huge, (1e200,), "value", "multiply", 1),
    (given_nan, (np.ones(2),), "value", "multiply", 1),
    (exponential, (1000.0,), "value", "exp", 1),
]


@pytest.mark.parametrize(("f", "args", "kind", "op", "offset"), FOUND, ids=[row[0].__name__ for row in FOUND])
def test_what_is_found(f, args, kind, op, offset):
    report = ew.explain_nan(f, *args)
    assert report
    assert (report.kind, report.op) == (kind, op)
    assert report.where.endswith(f"test_nan.py:{line_of(f, offset)}")
    assert report.cause
    assert report.instead
    told = str(report)
    assert told.startswith(report.where)
    assert "why: " in told
    assert "instead: " in told
    assert kind in repr(report)


def test_operands_are_named_and_shown():
    report = ew.explain_nan(ratio, 1.0, 2.0)
    assert report.operands == (("x", 1.0), ("d", 0.0))
    assert report.text == "x / d"
    length_report = ew.explain_nan(length, np.zeros(3))
    assert length_report.operands == (("np.sum(x**2)", 0.0),)
    assert (length_report.partial, length_report.flowing) == ("inf", "2")


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (masked, (np.array([-1.0, 0.0, 4.0]),)),
        (cut_before, (np.array([-1.0, 0.0, 4.0]),)),
        (lambda x: x**2, (0.0,)),
        (np.linalg.norm, (np.zeros(2),)),
        (lambda x: np.max(np.sqrt(x)), (np.array([0.0, 4.0]),)),
    ],
)
def test_what_reaches_no_result_is_no_finding(f, args):
    report = ew.explain_nan(f, *args)
    assert not report
    assert str(report).startswith("everything is finite")
    assert repr(report) == "<nothing not finite>"


def test_an_argument_that_is_not_finite():
    report = ew.explain_nan(lambda x: 2 * x, np.array([1.0, np.nan]))
    assert report.op == "input"
    assert str(report).startswith("an argument is not finite\n  x = [1, nan]")


def test_a_result_that_is_not_finite_and_does_not_depend_on_the_arguments():
    report = ew.explain_nan(lambda x: math.inf, 1.0)
    assert report.kind == "value"
    assert "does not come from the arguments" in report.cause


def test_the_way_back_goes_through_the_entries_that_matter():
    def f(x):
        bad = np.log(x - 5)  # -inf at x = 5, and NaN below; dropped where x < 5
        good = np.where(x < 5, 1.0, bad)
        return np.sum(good)

    report = ew.explain_nan(f, np.array([1.0, 5.0]))
    assert report.op == "log"
    finite = ew.explain_nan(f, np.array([1.0, 6.0]))
    assert not finite


def test_a_product_too_large_in_the_sweep():
    report = ew.explain_nan(lambda x: np.sum(1e200 * (x * 1e200)), np.array([0.0]))
    assert (report.kind, report.op) == ("gradient", "multiply")
    assert (report.partial, report.flowing) == ("[1e+200]", "[1e+200]")


def test_a_tangent_alone():
    def f(x):
        return 1e-200 * (1e200 * (1e200 * x))  # pulled back from the left, the product stays small

    report = ew.explain_nan(f, 0.0)
    assert (report.kind, report.op) == ("tangent", "multiply")
    assert (report.partial, report.flowing) == ("1e+200", "1e+200")


def test_large_arrays_and_empty_ones():
    x = np.linspace(0.0, 1.0, 5000)
    report = ew.explain_nan(lambda x: np.sum(np.log(x)), x)
    assert report.cause == "log of 0 is minus infinity"
    assert "float64(5000,)" in str(report)
    assert ew.explain_nan(lambda x: np.sum(1 / (x + 1e-200)), x).cause.startswith("a division by a number so small")
    assert not ew.explain_nan(lambda x: np.sum(np.log(x)), np.zeros(0))


# -- the rewrites work


def repaired(instead, **names):
    """The rewrite that a message proposes, as a function of its first name."""
    expression = instead.split(": ", 1)[-1]
    first, *rest = names
    code = f"lambda {first}: {expression}"
    return eval(code, {"np": np, **{n: names[n] for n in rest}}), names[first]


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: 1 * np.log(x), 0.0),
        (lambda x: 1 * np.log(x), -1.0),
        (lambda x: 1 * np.log2(x), 0.0),
        (lambda x: 1 * np.log10(x), -2.0),
        (lambda x: 1 * np.log1p(x), -1.0),
        (lambda x: 1 * np.sqrt(x), 0.0),
        (lambda x: 1 * np.sqrt(x), -1.0),
        (lambda x: 1 * np.cbrt(x), 0.0),
        (lambda x: 1 * np.arcsin(x), 1.0),
        (lambda x: 1 * np.arccos(x), -1.0),
        (lambda x: 1 * np.arcsin(x), 2.0),
        (lambda x: 1 * np.arctanh(x), 1.0),
        (lambda x: 1 * np.arccosh(x), 1.0),
        (lambda x: 1 * np.reciprocal(x), 0.0),
        (lambda x: 1 / x, 0.0),
        (lambda x: x**-1, 0.0),
        (lambda x: x**0.5, 0.0),
        (lambda x: x**0.5, -1.0),
        (lambda x: np.arctan2(x, 0.0 * x), 0.0),
        (lambda x: 1 * np.exp(x), 1000.0),
        (lambda x: np.fmod(x, 0.0 * x), 1.0),
    ],
)
def test_each_rewrite_is_finite_with_its_derivatives(f, at):
    report = ew.explain_nan(f, at)
    assert report, "this is finite"
    if "np." not in report.instead:
        pytest.fail(report.instead)
    g, x = repaired(
        report.instead.replace(", np.logaddexp(0, x) for log(1 + exp(x)), or take off the largest entry first", ""),
        x=at,
    )
    with np.errstate(all="ignore"):
        assert math.isfinite(g(np.float64(x)))
    assert not ew.explain_nan(g, x)


# -- the context


def gradient_of(f, args):
    return lambda: ew.grad(f, argnums=tuple(range(len(args))))(*args)


@pytest.mark.parametrize(("f", "args", "kind", "op", "offset"), FOUND, ids=[row[0].__name__ for row in FOUND])
def test_the_context_raises_at_the_spot(f, args, kind, op, offset):
    offset = 1 if f is logs else offset  # here the NaN that is dropped raises too
    runs = [gradient_of(f, args)]
    if kind == "second derivative":
        with ew.explain_nan():
            runs[0]()  # the first derivative is finite
        x = args[0]
        runs = [
            lambda: ew.hvp(f, x, np.ones_like(x)),
            lambda: ew.hessian(f)(x),
            lambda: ew.grad(lambda x: np.sum(ew.grad(f)(x)))(x),
        ]
    for run in runs:
        with pytest.raises(NonFiniteError, match=op) as caught, ew.explain_nan():
            run()
        assert caught.value.where.endswith(f"test_nan.py:{line_of(f, offset)}")
        assert caught.value.instead
        with np.errstate(all="ignore"):
            run()  # outside the context nothing is looked at


def test_the_context_knows_every_transformation():
    x = np.zeros(3)
    for run in (
        lambda: ew.value_and_grad(length)(x),
        lambda: ew.vjp(length, x)[1](1.0),
        lambda: ew.jacobian(length)(x),
        lambda: ew.linearize(length, x)[1].H @ 1.0,
        lambda: ew.jvp(np.sqrt, (0.0,), (1.0,)),
        lambda: ew.linearize(np.sqrt, 0.0)[1] @ 1.0,
    ):
        with pytest.raises(NonFiniteError, match="sqrt"), ew.explain_nan():
            run()


def test_the_context_lets_cut_branches_pass():
    x = np.array([0.0, 4.0])
    with ew.explain_nan():
        np.testing.assert_array_equal(ew.grad(masked)(x), [0, 0.25])
        np.testing.assert_array_equal(ew.grad(lambda x: np.sum(np.sqrt(x)[1:]))(x), [0, 0.25])
        assert ew.grad(lambda x: np.sum(np.concatenate([x, x]) ** 2))(x).shape == (2,)
    with pytest.raises(NonFiniteError, match="sqrt"), ew.explain_nan():
        ew.grad(lambda x: np.sqrt(x) ** 2 + np.sum(np.stack([x, x])[:1]))(0.0)


def test_the_context_changes_no_number():
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(4, 4)), rng.normal(size=4)

    def f(x):
        return np.sum(np.tanh(A @ x) * np.where(x > 0, x, 2 * x)) + np.max(x) * np.prod(x)

    plain = ew.value_and_grad(f)(x), ew.hessian(f)(x), ew.jvp(f, (x,), (x,)), ew.linearize(f, x)[1].todense()
    with ew.explain_nan() as guard:
        inside = ew.value_and_grad(f)(x), ew.hessian(f)(x), ew.jvp(f, (x,), (x,)), ew.linearize(f, x)[1].todense()
        with guard:
            ew.grad(f)(x)
    for a, b in zip(plain, inside, strict=True):
        for left, right in zip(a, b, strict=True):
            np.testing.assert_allclose(left, right, rtol=1e-13)


def test_the_context_ends_with_an_error():
    with pytest.raises(ValueError, match="mine"), ew.explain_nan():
        raise ValueError("mine")
    assert np.isinf(ew.grad(np.sqrt)(0.0))


def test_the_context_with_batches_and_several_outputs():
    @ew.primitive(
        push=lambda t, x: (t * 0.5 / np.sqrt(x), 2 * x * t),
        pull=lambda g, x: (0 if g[0] is None else g[0] * 0.5 / np.sqrt(x)) + (0 if g[1] is None else 2 * x * g[1]),
        outputs=2,
    )
    def both(x):
        return np.sqrt(x), x**2

    def f(x):
        root, square = both(x)
        return root * square

    with ew.explain_nan(), np.errstate(all="ignore"):
        assert ew.grad(f)(4.0) == 2.5 * 4**1.5
        np.testing.assert_allclose(ew.vmap(ew.grad(f))(np.array([1.0, 4.0])), [2.5, 20])
        with pytest.raises(NonFiniteError, match="both"):
            ew.grad(f)(0.0)
        with pytest.raises(NonFiniteError, match="both"):
            ew.jvp(f, (0.0,), (1.0,))
        with pytest.raises(NonFiniteError, match="log"):
            ew.vmap(ew.grad(lambda x: np.log(x)))(np.array([1.0, 0.0]))  # noqa: PLW0108  a ufunc has no line


def test_a_recording_that_outlives_the_context():
    with ew.explain_nan():
        mode = Recorded().__enter__()
    with mode, np.errstate(all="ignore"):
        assert np.isinf(mode.lift(np.float64(0.0)).__rtruediv__(1.0).value)
