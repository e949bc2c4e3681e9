"""Misuse of ``ew.primitive``: declarations, rules, calls; and rules that would be wrong without a word."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, BatchError, DeclarationError, EscapedError

X = np.array([1.0, 2.0, 3.0])
P = ew.primitive


def square(x: Any) -> Any:
    return x**2


def test_declarations(refused: Any) -> None:
    refused(lambda: P(square), DeclarationError, "ew.primitive needs d=, or push= and/or pull=")
    refused(lambda: P(), DeclarationError, "ew.primitive needs d=, or push= and/or pull=")  # noqa: PLW0108
    refused(lambda: P(square, d=lambda x: 2 * x), DeclarationError, "ew.primitive was given square beside its rules")
    refused(lambda: P(d=np.cos, pull=np.cos), DeclarationError, "ew.primitive needs d=, or push= and/or pull=")
    refused(lambda: P(d=lambda x: x, outputs=2), DeclarationError, "outputs=2 beside d=")
    refused(lambda: P(pull=lambda g: g, outputs="two"), DeclarationError, "outputs='two'")
    refused(lambda: P(d=lambda x: x)(3), ArgumentError, "ew.primitive was given an int for a function")
    for rules, function, words in (
        ({"d": 3}, square, "is not a Python function"),
        ({"d": lambda q: q}, square, "asks for q"),
        ({"d": lambda x3: x3}, square, "asks for x3"),
        ({"d": (None, None)}, square, "has 1 operands, and d= gives 2 rules"),
        ({"d": lambda x: x}, lambda *a: a[0], "takes *args or **kwargs"),
        ({"pull": lambda: 1.0}, square, "the pull rule of square takes no arguments"),
        ({"push": lambda: 1.0}, square, "the push rule of square takes no arguments"),
    ):
        with pytest.raises(DeclarationError) as caught:
            P(**rules)(function)
        assert words in caught.value.what


def test_calls(refused: Any) -> None:
    scaled = P(d=lambda x, n: n * x)(lambda x, *, n: n * x**2 / 2)
    twice = P(pull=lambda g: 2 * g)(lambda x: 2 * x)
    at = ew.grad
    refused(lambda: at(lambda x: scaled(x))(1.0), ArgumentError, "argument: 'n'")  # noqa: PLW0108
    refused(lambda: at(lambda x: scaled(x, n=1, m=2))(1.0), ArgumentError, "got an unexpected keyword argument 'm'")
    refused(lambda: at(lambda x: scaled(x, x))(1.0), ArgumentError, "too many positional arguments")
    refused(lambda: at(lambda x: scaled(1.0, n=x))(1.0), ArgumentError, "was given a traced value as n=")
    refused(lambda: at(lambda x: scaled(x, n=[x]))(1.0), ArgumentError, "was given a traced value as n=")
    refused(lambda: at(lambda x: scaled(x, n={"a": x}))(1.0), ArgumentError, "was given a traced value as n=")
    refused(
        lambda: at(lambda x: twice([x, x])[0])(1.0), ArgumentError, "was given a list with traced values in it as x"
    )
    refused(lambda: at(lambda x: twice({"a": x}))(1.0), ArgumentError, "was given a dict with traced values in it as x")
    np.testing.assert_array_equal(at(lambda x: np.sum(twice(np.array([x[0], 1.0]))))(X), [2.0, 0.0, 0.0])


VALUES = {
    "None": (lambda x: None, None, "returned None"),
    "a string": (lambda x: "a", None, "returned a str"),
    "a pair": (lambda x: (x, x), None, "was declared with one output, and returned 2 of them"),
    "one of two": (lambda x: x, 2, "was declared with 2 outputs, and returned"),
    "three of two": (lambda x: (x, x, x), 2, "was declared with 2 outputs, and returned 3 of them"),
}


@pytest.mark.parametrize("what", VALUES)
def test_values(what: str) -> None:
    function, outputs, words = VALUES[what]
    with pytest.raises(DeclarationError) as caught:
        P(pull=lambda g: g, outputs=outputs)(function)(1.0)
    assert words in caught.value.what


RULES = {
    "pull of another shape": ({"pull": lambda g: np.ones(2)}, "returned shape (2,) for an operand of shape (3,)"),
    "pull of a number": ({"pull": lambda g: 1.0}, "returned shape () for an operand of shape (3,)"),
    "pull of None": ({"pull": lambda g: None}, "returned None for an operand of shape (3,)"),
    "pull of a string": ({"pull": lambda g: "a"}, "for an operand of shape (3,)"),
    "push of another shape": ({"push": lambda t: np.ones(2)}, "its push rule could not be transposed"),
    "push that squares": ({"push": lambda t: t**2}, "the push rule of square is not linear"),
    "push that adds": ({"push": lambda t: t + 1}, "the push rule of square is not linear"),
    "push that multiplies": ({"push": lambda t: np.prod(t) * t}, "the push rule of square is not linear"),
    "push that leaves": ({"push": lambda t: np.array([float(v) for v in t])}, "could not be transposed"),
    "d of another shape": ({"d": lambda x: np.ones(2)}, "is an array of dtype float64 and shape (2,)"),
    "d of more axes": ({"d": lambda x: np.ones((2, 3))}, "is an array of dtype float64 and shape (2, 3)"),
    "d of None": ({"d": lambda x: None}, "the derivative of square is None"),
    "d of a string": ({"d": lambda x: "a"}, "the derivative of square is a str"),
}


@pytest.mark.parametrize("what", RULES)
def test_rules(what: str) -> None:
    rules, words = RULES[what]
    f = P(**rules)(square)
    with pytest.raises(DeclarationError) as caught:
        ew.grad(lambda x: np.sum(f(x)))(X)
    assert words in caught.value.what
    assert caught.value.instead


FORWARD = {
    "push of another shape": ({"push": lambda t: np.ones(2)}, "returned shape (2,) for an output of shape (3,)"),
    "push of a number": ({"push": lambda t: 1.0}, "returned shape () for an output of shape (3,)"),
    "push of None": ({"push": lambda t: None}, "returned None for an output of shape (3,)"),
    "pull that squares": ({"pull": lambda g: g**2}, "the pull rule of square is not linear"),
    "pull that adds": ({"pull": lambda g: g - 1}, "the pull rule of square is not linear"),
    "d of another shape": ({"d": lambda x: np.ones(2)}, "shape (2,)"),
}


@pytest.mark.parametrize("what", FORWARD)
def test_rules_forward(what: str) -> None:
    rules, words = FORWARD[what]
    with pytest.raises(DeclarationError) as caught:
        ew.jvp(P(**rules)(square), (X,), (X,))
    assert words in caught.value.what


def test_d_of_what_is_not_elementwise() -> None:
    norm = P(d=lambda x: 2 * x)(lambda x: np.sum(x**2))
    for transformation in (ew.grad(norm), lambda x: ew.jvp(norm, (x,), (x,))):
        with pytest.raises(DeclarationError, match="its result has shape \\(\\): d= is for elementwise functions"):
            transformation(X)


def test_linear_rules_are_transposed() -> None:
    mixed = P(push=lambda t: np.cumsum(t)[::-1])(lambda x: np.cumsum(x)[::-1])
    np.testing.assert_array_equal(ew.jacrev(mixed)(X), [[1, 1, 1], [1, 1, 0], [1, 0, 0]])
    back = P(pull=lambda g: np.cumsum(g))(lambda x: np.cumsum(x[::-1])[::-1])  # noqa: PLW0108  rules have parameters
    np.testing.assert_array_equal(ew.jacfwd(back)(X), [[1, 1, 1], [0, 1, 1], [0, 0, 1]])
    both = P(push=lambda t: (t, 2 * t), outputs=2)(lambda x: (x, 2 * x))
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(both(x)[1]))(X), [2.0, 2.0, 2.0])


def test_a_captured_traced_value_has_no_rule() -> None:
    def f(x: Any) -> Any:
        return P(d=lambda v: 2 * v)(lambda v: v**2 * x)(x)

    with pytest.raises(ArgumentError, match="used a traced value that is not among its arguments"):
        ew.grad(f)(3.0)
    with pytest.raises(ArgumentError, match="used a traced value that is not among its arguments"):
        ew.jvp(f, (3.0,), (1.0,))


def test_a_rule_may_not_capture_a_traced_value_either() -> None:
    def f(x: Any) -> Any:
        return P(d=lambda v: 2 * v * x)(lambda v: v**2)(x)

    with pytest.raises(EscapedError, match="a rule of a primitive used a traced value that is not among the arguments"):
        ew.grad(f)(3.0)


def test_a_value_of_an_outer_transformation_may_be_captured_by_function_and_rule() -> None:
    def f(a: Any) -> Any:
        return ew.grad(P(d=lambda x: 2 * a * x)(lambda x: a * x**2))(3.0)

    assert f(2.0) == 12.0
    assert ew.grad(f)(2.0) == 6.0


def test_a_function_of_one_number_runs_member_by_member_under_vmap() -> None:
    sine = P(d=lambda x: np.cos(x))(lambda x: math.sin(x))  # noqa: PLW0108  rules have parameters
    np.testing.assert_allclose(ew.vmap(sine)(X), np.sin(X))
    np.testing.assert_allclose(ew.vmap(ew.grad(sine))(X), np.cos(X))


def test_operands_that_are_no_arrays_and_rules_that_are_absent() -> None:
    power = P(pull=(lambda g, n, x: g * n * x ** (n - 1), None))(lambda x, n: x**n)
    assert ew.grad(power)(3.0, 2) == 6.0
    assert ew.grad(power, 1)(3.0, 2) == 0.0
    assert P(d=lambda x: 1.0)(lambda x: len(x))([1.0, 2.0]) == 2.0  # noqa: PLW0108  rules have parameters


def test_an_empty_batch(refused: Any) -> None:
    twice = P(pull=lambda g: 2 * g)(lambda x: 2 * x)
    refused(lambda: ew.vmap(twice)(np.zeros(0)), BatchError, "<lambda> met a batch without members")


def test_reused_buffers_are_safe() -> None:
    out, table = np.zeros(3), np.ones(3)

    @P(pull=lambda g: 2 * g)
    def twice(x: Any) -> Any:
        return np.multiply(x, 2, out=out)

    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(twice(x) * twice(2 * x)))(X), 16 * X)

    @P(pull=lambda g, k: g * k)
    def scaled(x: Any, *, k: Any) -> Any:
        return x * k

    def f(x: Any) -> Any:
        result = np.sum(scaled(x, k=table))
        table[:] = 5.0
        return result

    np.testing.assert_array_equal(ew.grad(f)(X), [1.0, 1.0, 1.0])
