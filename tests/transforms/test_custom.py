"""Users' own primitives: every mode, missing directions, several outputs, and what goes wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, DeclarationError

A = np.array([[2.0, 1.0], [0.5, 3.0]])
B = np.array([1.0, 2.0])


@ew.primitive(d=lambda x, y: y * np.cos(x))
def expsin(x):
    return np.vectorize(lambda v: math.exp(math.sin(v)))(x)


def expsin_in_numpy(x):
    return np.exp(np.sin(x))


@ew.primitive(
    push=(lambda t, A, y: -foreign_solve(A, t @ y), lambda t, A: foreign_solve(A, t)),
    pull=(lambda g, A, y: -np.outer(foreign_solve(A.T, g), y), lambda g, A: foreign_solve(A.T, g)),
)
def foreign_solve(A, b):
    """A solver that edgewise cannot see into; its rules call itself, so every order follows."""
    return np.linalg.solve(np.array(A, dtype=float), np.array(b, dtype=float))


def test_an_elementwise_rule_in_every_mode_and_order():
    x = np.array([0.3, -1.2, 2.0])
    for transform in (
        lambda f: ew.grad(lambda v: np.sum(f(v)))(x),
        lambda f: ew.jvp(f, (x,), (x,))[1],
        lambda f: ew.jacobian(f)(x),
        lambda f: ew.hessian(lambda v: np.sum(f(v) * v))(x),
        lambda f: ew.vmap(ew.grad(f))(x),
        lambda f: ew.vmap(ew.grad(ew.grad(ew.grad(f))))(x),
        lambda f: ew.linearize(f, x)[1].todense(),
        lambda f: ew.derivative(f)(x),
    ):
        np.testing.assert_allclose(transform(expsin), transform(expsin_in_numpy), rtol=1e-12)
    assert expsin(0.0) == 1.0


def test_a_rule_for_each_operand_in_every_mode_and_order():
    def f(A, b):
        return np.sum(foreign_solve(A, b) ** 2)

    x = np.linalg.solve(A, B)
    back = np.linalg.solve(A.T, 2 * x)
    gA, gb = ew.grad(f, (0, 1))(A, B)
    np.testing.assert_allclose(gb, back)
    np.testing.assert_allclose(gA, -np.outer(back, x))
    ew.check_grads(f, A, B, order=3)
    inverse = np.linalg.inv(A)
    np.testing.assert_allclose(ew.jacfwd(foreign_solve, 1)(A, B), inverse)
    np.testing.assert_allclose(ew.jacrev(foreign_solve, 1)(A, B), inverse)
    np.testing.assert_allclose(ew.vmap(foreign_solve, (None, 0))(A, np.eye(2)).T, inverse)
    np.testing.assert_allclose(ew.hessian(f, 1)(A, B), 2 * inverse.T @ inverse)


def test_a_missing_direction_is_the_transpose_of_the_other():
    M = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    @ew.primitive(push=lambda t, x: M @ (t * x))
    def only_push(x):
        return M @ (np.asarray(x) ** 2) / 2

    @ew.primitive(pull=lambda g, x: (g @ M) * x)
    def only_pull(x):
        return M @ (np.asarray(x) ** 2) / 2

    for f in (only_push, only_pull):
        for jacobian in (ew.jacfwd, ew.jacrev):
            np.testing.assert_allclose(jacobian(f)(B), M * B)
        np.testing.assert_allclose(ew.hessian(lambda x, f=f: np.sum(f(x)))(B), np.diag(M.sum(0)))
        np.testing.assert_allclose(ew.jvp(f, (B,), (B,))[1], M @ B**2)


def test_a_rule_that_cannot_be_transposed_says_so():
    @ew.primitive(push=lambda t, x: np.linalg.svd(t)[1])
    def f(x):
        return x

    with pytest.raises(DeclarationError, match="has no pull rule, and its push rule could not be transposed"):
        ew.grad(lambda x: np.sum(f(x)))(A)


@ew.primitive(
    outputs=2,
    push=lambda t, x, y1, y2: (t * y2, -t * y1),
    pull=lambda g, y1, y2: (0.0 * y1 if g[0] is None else g[0] * y2) - (0.0 * y1 if g[1] is None else g[1] * y1),
)
def sincos(x):
    return np.sin(x), np.cos(x)


def test_several_outputs_share_one_rule():
    x = np.array([0.3, 1.1])
    for f in (sincos, lambda v: (np.sin(v), np.cos(v))):
        np.testing.assert_allclose(ew.grad(lambda v, f=f: np.sum(f(v)[0] * f(v)[1]))(x), np.cos(2 * x))
        np.testing.assert_allclose(ew.grad(lambda v, f=f: np.sum(f(v)[0]))(x), np.cos(x))
        s, c = ew.jvp(f, (x,), (np.ones(2),))[1]
        np.testing.assert_allclose((s, c), (np.cos(x), -np.sin(x)))
        rows = ew.jacobian(f)(x)
        np.testing.assert_allclose(rows[1], np.diag(-np.sin(x)))
        np.testing.assert_allclose(ew.vmap(lambda v, f=f: f(v)[1])(x), np.cos(x))
    np.testing.assert_allclose(ew.hessian(lambda v: np.sum(sincos(v)[1]))(x), np.diag(-np.cos(x)))


def test_integer_outputs_and_static_parameters():
    @ew.primitive(d=lambda x, power: power * x ** (power - 1))
    def raised(x, *, power):
        return np.asarray(x) ** power

    assert ew.grad(lambda x: raised(x, power=3))(2.0) == 12.0
    with pytest.raises(ArgumentError, match="keyword-only parameters of a primitive are static"):
        ew.grad(lambda x: raised(2.0, power=x))(2.0)


@pytest.mark.parametrize(
    ("options", "function", "message"),
    [
        ({}, lambda x: x, "needs d=, or push= and/or pull="),
        ({"d": lambda x: x, "pull": lambda g: g}, lambda x: x, "needs d=, or push= and/or pull="),
        ({"d": lambda x1, x2: x2}, lambda x: x, "there are 1 operands"),
        ({"d": lambda x: x}, lambda a, b: a * b, "has 2 operands, and d= gives 1 rules"),
        ({"d": lambda z: z}, lambda x: x, "its rule asks for z"),
        ({"d": (lambda y: y, None)}, lambda x, y: x * y, "y in its rule is ambiguous"),
        ({"d": np.cos}, lambda x: x, "is not a Python function"),
        ({"d": lambda x: x}, lambda *xs: xs[0], r"takes \*args"),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(options, function, message):
    with pytest.raises(DeclarationError, match=message):
        ew.primitive(**options)(function)


def test_defaults_of_a_rule_stay_as_they_are():
    @ew.primitive(d=lambda x, k=2.0: k * x)
    def f(x):
        return x**2

    assert ew.grad(f)(3.0) == 6.0


def test_wrong_results_are_refused():
    @ew.primitive(d=lambda x: x)
    def text(x):
        return "three"

    @ew.primitive(pull=lambda g: g[:1])
    def short(x):
        return x

    @ew.primitive(pull=lambda g: g, outputs=2)
    def one(x):
        return x

    with pytest.raises(DeclarationError, match="returned a str"):
        ew.grad(text)(1.0)
    with pytest.raises(DeclarationError, match=r"returned shape \(1,\) for an operand of shape \(2,\)"):
        ew.grad(lambda x: np.sum(short(x)))(B)
    with pytest.raises(DeclarationError, match="declared with 2 outputs"):
        ew.grad(lambda x: one(x)[0])(1.0)
