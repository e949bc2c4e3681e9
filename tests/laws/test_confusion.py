"""No perturbation confusion: derivatives inside derivatives, three and four deep, in every order of operators.

Each transformation has to tell its own perturbation from those around it, though all of them run through the same
numbers. The classic: d/dx (x · d/dy (x·y)) is 2x, and x + ... wherever a tangent of x is taken for one of y.

Siskind & Pearlmutter, Perturbation confusion and referential transparency (2005); Manzyuk et al., Perturbation
confusion in forward automatic differentiation of higher-order functions, J. Functional Programming 29 (2019).
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import edgewise as ew


def by_batch(operator):
    """The same derivative, taken in a batch whose members differ: the first one is wanted."""
    return lambda f: lambda x: ew.vmap(operator(f))(ew.stack([x, 2.0 * x]))[0]


# Every way to f′ of a function of one number: a function again.
D = {
    "grad": ew.grad,
    "value_and_grad": lambda f: lambda x: ew.value_and_grad(f)(x)[1],
    "jvp": lambda f: lambda x: ew.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: ew.vjp(f, x)[1](1.0)[0],
    "jacfwd": ew.jacfwd,
    "jacrev": ew.jacrev,
    "derivative": ew.derivative,
    "linearize": lambda f: lambda x: ew.linearize(f, x)[1] @ 1.0,
    "vmap(grad)": by_batch(ew.grad),
    "vmap(jvp)": by_batch(lambda f: lambda x: ew.jvp(f, (x,), (1.0,))[1]),
}
PAIRS = list(itertools.product(D, D))
SOME = ["grad", "jvp", "jacrev", "linearize", "vmap(grad)", "vmap(jvp)"]


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_the_classic(outer, inner):
    """d/dx (x · d/dy (x·y)) = 2x; d/dx (x · d/dy (x + y)) = 1."""
    assert D[outer](lambda x: x * D[inner](lambda y: x * y)(3.0))(5.0) == 10.0
    assert D[outer](lambda x: x * D[inner](lambda y: x + y)(x))(5.0) == 1.0


@pytest.mark.parametrize(("outer", "middle"), PAIRS)
def test_three_deep_with_values_of_all_levels(outer, middle):
    """X · d/dy [y²·x · d/dz [z³·y·x] at z = y] at y = x is 15·x⁷."""
    for inner in D.values():

        def f(x, inner=inner):
            def g(y):
                return y**2 * x * inner(lambda z: z**3 * y * x)(y)

            return x * D[middle](g)(x)

        np.testing.assert_allclose(D[outer](f)(1.1), 105 * 1.1**6, rtol=1e-12)


@pytest.mark.parametrize("order", list(itertools.product(SOME, repeat=2)), ids="-".join)
def test_four_deep(order):
    """A function of four numbers, differentiated once by each: x²y³z⁴w⁵ gives 2·3·4·5 x y²z³w⁴ at one point."""
    first, second = order
    for third, fourth in itertools.product(SOME, repeat=2):

        def f(x, third=third, fourth=fourth):
            def along_y(y):
                def along_z(z):
                    return D[fourth](lambda w: x**2 * y**3 * z**4 * w**5)(1.3)

                return D[third](along_z)(1.2)

            return D[second](along_y)(1.1)

        expected = 120 * 0.9 * 1.1**2 * 1.2**3 * 1.3**4
        np.testing.assert_allclose(D[first](f)(0.9), expected, rtol=1e-12)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_one_value_at_two_levels(outer, inner):
    """The argument of the outer derivative is also the point of the inner one, and its constant."""
    found = D[outer](lambda x: D[inner](lambda y: np.sin(x * y) + x)(x))(0.7)
    x = 0.7
    np.testing.assert_allclose(found, np.cos(x * x) - 2 * x * x * np.sin(x * x), rtol=1e-12)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_a_derivative_returned_as_a_function(outer, inner):
    """The operator of the higher-order counterexample: s(u)(f)(x) = f(x + u), differentiated in u, twice."""

    def shifted(u):
        return lambda f: lambda x: f(x + u)

    def hat(f):
        return lambda x: D[outer](lambda u: shifted(u)(f)(x))(0.0)

    def twice(f):
        return lambda x: D[inner](lambda u: shifted(u)(hat(f))(x))(0.0)

    np.testing.assert_allclose(twice(np.exp)(0.3), np.exp(0.3), rtol=1e-12)


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_what_is_given_up_stays_given_up(outer, inner):
    """A value taken out of one level, or of all, is a constant for the derivatives it was taken out of."""
    assert D[outer](lambda x: x * ew.stop_gradient(D[inner](lambda y: x * y * y)(2.0)))(3.0) == 12.0
    assert D[outer](lambda x: D[inner](lambda y: ew.stop_gradient(x) * y * y)(x))(3.0) == 6.0


@pytest.mark.parametrize("outer", D)
def test_seeds_of_an_outer_level(outer):
    """Tangents and cotangents may themselves be differentiated: J·t is linear in t."""
    x = np.array([0.5, 1.5])
    _, operator = ew.linearize(lambda x: x[0] * np.exp(x), x)
    _, pull = ew.vjp(lambda x: x[0] * np.exp(x), x)
    dense, t = operator.todense(), np.array([2.0, -1.0])

    def along(s):
        return np.sum(operator @ (s * t))

    def back(s):
        return np.sum(pull(s * t)[0])

    np.testing.assert_allclose(D[outer](along)(0.3), np.sum(dense @ t), rtol=1e-12)
    np.testing.assert_allclose(D[outer](back)(0.3), np.sum(dense.T @ t), rtol=1e-12)

    def moving(s):
        return np.sum(ew.jvp(lambda x: np.sin(s * x), (x,), (s * t,))[1])

    expected = np.sum(2 * 0.3 * t * np.cos(0.3 * x) - 0.3**2 * t * x * np.sin(0.3 * x))
    np.testing.assert_allclose(D[outer](moving)(0.3), expected, rtol=1e-12)


@pytest.mark.parametrize("outer", D)
def test_an_operator_linearized_inside(outer):
    """What linearize returns inside a derivative still depends on the outer argument."""

    def f(x):
        _, operator = ew.linearize(lambda y: x * y**3, x)
        _, pull = ew.vjp(lambda y: y**2 * x, 2.0)
        return (operator @ 1.0) * pull(x)[0]

    np.testing.assert_allclose(D[outer](f)(1.1), 60 * 1.1**4, rtol=1e-12)  # (3x³)(4x²) = 12x⁵


def test_arrays_three_deep():
    """∇ₓ of a scalar that holds a Jacobian in y, that holds a Hessian in z."""
    a = np.array([0.3, -0.7])

    def inner(x, y):
        return ew.hessian(lambda z: np.sum(x * z**3) + np.sum(y * z) ** 2)(y)

    def middle(x):
        return np.sum(ew.jacobian(lambda y: inner(x, y) @ y)(x))

    # inner is diag(6xz) + 2yyᵀ at z = y, so inner @ y = 6xy² + 2y|y|²; here is the sum of its Jacobian at y = x
    # Σ2|x|²δ + 4(Σx)²
    def closed(x):
        return np.sum(12 * x * x) + 2 * len(x) * np.sum(x * x) + 4 * np.sum(x) ** 2

    np.testing.assert_allclose(middle(a), closed(a), rtol=1e-12)
    np.testing.assert_allclose(ew.grad(middle)(a), ew.grad(closed)(a), rtol=1e-12)
    np.testing.assert_allclose(ew.hessian(middle)(a), ew.hessian(closed)(a), rtol=1e-12)


@given(st.lists(st.sampled_from(sorted(D)), min_size=1, max_size=6))
def test_any_order_of_operators(names):
    """The n-th derivative of exp(2x), by any sequence of operators."""
    f = lambda x: np.exp(2.0 * x)  # noqa: E731  it is rebound
    for name in names:
        f = D[name](f)
    np.testing.assert_allclose(f(0.3), 2.0 ** len(names) * np.exp(0.6), rtol=1e-11)


@given(st.lists(st.sampled_from(sorted(D)), min_size=2, max_size=4), st.data())
def test_any_order_with_a_capture_at_every_level(names, data):
    """∂ⁿ of x₁·x₂·…·xₙ·exp(Σx), each variable bound by a derivative of its own, is Π(1 + xᵢ)·exp(Σx)."""
    points = data.draw(st.lists(st.floats(-1, 1), min_size=len(names), max_size=len(names)))

    def descend(bound):
        if len(bound) == len(names):
            return np.exp(sum(bound)) * np.prod(np.stack(bound)) if len(bound) > 1 else bound[0] * np.exp(bound[0])
        return D[names[len(bound)]](lambda x: descend([*bound, x]))(points[len(bound)])

    expected = np.prod(1 + np.array(points)) * np.exp(sum(points))
    np.testing.assert_allclose(descend([]), expected, rtol=1e-10, atol=1e-12)
