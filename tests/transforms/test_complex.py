"""Complex numbers: gradients, adjoints, operators that are linear over the real or the complex numbers, Wirtinger."""

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.pairing import conj, paired
from edgewise.errors import ArgumentError, NotHolomorphicError, OutputError, StructureError

Z = np.array([1.0 + 2.0j, -0.5 + 0.3j, 0.7 - 1.1j])
W = np.array([0.2 - 0.4j, 1.0j, -0.8])


def both(z):  # holomorphic, of complex-differentiable operations
    return np.exp(z) * np.cumsum(z) / (z[::-1] + 3.0)


def mixed(z):  # neither: linear over the real numbers only
    return np.conj(z) * z[0] + np.abs(z) ** 2 + z.real


def test_the_gradient_points_where_the_function_grows():
    g = ew.grad(lambda z: np.sum(np.abs(z) ** 2))(Z)
    np.testing.assert_allclose(g, 2 * Z, rtol=1e-15)
    x, y = ew.grad(lambda x, y: np.abs(np.sin(x + 1j * y)) ** 2, (0, 1))(0.4, 0.9)
    assert np.isclose(ew.grad(lambda z: np.abs(np.sin(z)) ** 2)(0.4 + 0.9j), x + 1j * y, rtol=1e-14)


def test_through_complex_numbers_and_back():
    def f(x):  # |e^(ix)·x|² = x²
        return np.abs(np.exp(1j * x) * x) ** 2

    np.testing.assert_allclose(ew.grad(f)(1.5), 3.0, rtol=1e-15)
    np.testing.assert_allclose(ew.grad(ew.grad(f))(1.5), 2.0, rtol=1e-14)
    np.testing.assert_allclose(ew.jvp(f, (1.5,), (2.0,))[1], 6.0, rtol=1e-15)
    assert ew.grad(f)(1.5).dtype == np.float64
    single = ew.grad(lambda z: np.sum(np.abs(z)))(Z.astype(np.complex64))
    assert single.dtype == np.complex64


@pytest.mark.parametrize("f", [both, mixed])
def test_push_and_pull_are_adjoint(f):
    rng = np.random.default_rng(0)
    t, g = (rng.standard_normal(3) + 1j * rng.standard_normal(3) for _ in range(2))
    y, pull = ew.vjp(f, Z)
    pushed = ew.jvp(f, (Z,), (t,))[1]
    h = 1e-6
    np.testing.assert_allclose(pushed, (f(Z + h * t) - f(Z - h * t)) / (2 * h), rtol=1e-8)
    np.testing.assert_allclose(paired(g, pushed), paired(pull(g)[0], t), rtol=1e-14)
    J = ew.linearize(f, Z)[1]
    np.testing.assert_allclose(J @ t, pushed, rtol=1e-14)
    np.testing.assert_allclose(J.H @ g, pull(g)[0], rtol=1e-14)
    assert y.dtype == pushed.dtype == np.complex128


def test_an_operator_that_is_linear_over_the_complex_numbers():
    J = ew.linearize(both, Z)[1]
    assert J.complex_linear
    assert J.shape == (3, 3)
    assert J.dtype == np.complex128
    A = J.todense()
    np.testing.assert_allclose(A @ W, J @ W, rtol=1e-13)
    np.testing.assert_allclose(A.conj().T @ W, J.H @ W, rtol=1e-13)
    np.testing.assert_allclose(J.H.todense(), A.conj().T, rtol=1e-15)
    np.testing.assert_allclose(J.rmatmat(np.eye(3)), A.conj().T, rtol=1e-15)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(ew.jacobian(both, mode=mode)(Z), A, rtol=1e-13)
    with pytest.raises(StructureError, match=r"J\.T was asked of a complex operator"):
        _ = J.T


def test_an_operator_that_is_linear_over_the_real_numbers_only():
    J = ew.linearize(mixed, Z)[1]
    assert not J.complex_linear
    assert J.shape == (6, 6)
    assert J.dtype == np.float64
    A = J.todense()
    flat = np.concatenate([W.real, W.imag])
    pushed = J @ W
    np.testing.assert_allclose(A @ flat, np.concatenate([pushed.real, pushed.imag]), rtol=1e-13)
    np.testing.assert_allclose(J.T.todense(), A.T, rtol=1e-15)
    with pytest.raises(StructureError, match="matvec got a vector of dtype complex128"):
        J.matvec(W)


def test_a_complex_result_of_real_numbers_has_a_complex_jacobian():
    x = np.array([0.3, -1.2])
    expected = np.diag(np.exp(1j * x) * (1 + 1j * x))
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(ew.jacobian(lambda x: x * np.exp(1j * x), mode=mode)(x), expected, rtol=1e-14)


def test_the_cauchy_riemann_equations_are_verified():
    np.testing.assert_allclose(ew.derivative(np.sin)(Z), np.cos(Z), rtol=1e-15)
    again = ew.derivative(lambda z: (z.real + 1j * z.imag) ** 2)(Z)  # holomorphic, of parts that are not
    np.testing.assert_allclose(again, 2 * Z, rtol=1e-14)
    np.testing.assert_allclose(ew.jacobian(lambda z: (z.real + 1j * z.imag) ** 2)(Z), np.diag(2 * Z), rtol=1e-14)
    for transformation in (ew.derivative, ew.jacobian):
        for f in (np.conj, np.abs, np.sign, lambda z: z * np.conj(z)):
            with pytest.raises(NotHolomorphicError, match="not complex-differentiable here"):
                transformation(f)(Z)


def test_wirtinger():
    dz, dconj = ew.wirtinger(lambda z: z**2 * np.conj(z))(Z)
    np.testing.assert_allclose(dz, np.diag(2 * np.abs(Z) ** 2), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(dconj, np.diag(Z**2), rtol=1e-14, atol=1e-15)
    dz, dconj = ew.wirtinger(both)(Z)
    assert not np.any(dconj)
    np.testing.assert_allclose(dz, ew.jacobian(both)(Z), rtol=1e-15)
    dz, dconj = ew.wirtinger(lambda z: np.sum(np.abs(z) ** 2))(Z)
    np.testing.assert_allclose(dz, np.conj(Z), rtol=1e-15)
    np.testing.assert_allclose(dconj, np.conj(dz), rtol=1e-15)
    with pytest.raises(ArgumentError, match="in a real number"):
        ew.wirtinger(np.sin)(1.0)


def test_signs_and_angles():
    h = 1e-6
    t = 0.6 - 0.8j
    for f in (np.sign, np.angle, np.abs, np.real, np.imag, np.conj):
        pushed = ew.jvp(f, (Z[0],), (t,))[1]
        np.testing.assert_allclose(pushed, (f(Z[0] + h * t) - f(Z[0] - h * t)) / (2 * h), rtol=1e-9, err_msg=f.__name__)
    assert ew.grad(np.abs)(0j) == 0
    assert ew.derivative(np.sign)(2.0) == 0
    assert ew.grad(lambda x: np.angle(x) + np.imag(x))(-2.0) == 0


def test_arccosh_is_right_on_both_sides_of_the_imaginary_axis():
    for z in (0.3 + 2j, -0.3 + 2j, -2 + 0.1j, -2 - 0.1j):
        h = 1e-6
        np.testing.assert_allclose(
            ew.derivative(np.arccosh)(z), (np.arccosh(z + h) - np.arccosh(z - h)) / (2 * h), rtol=1e-8
        )


def test_products_with_the_hessian():
    v = W
    found = ew.hvp(lambda z: np.sum(np.abs(z) ** 4), Z, v)
    h = 1e-6

    def g(z):
        return 4 * np.abs(z) ** 2 * z

    np.testing.assert_allclose(found, (g(Z + h * v) - g(Z - h * v)) / (2 * h), rtol=1e-8)


def test_batches_of_complex_numbers():
    found = ew.vmap(ew.grad(lambda z: np.abs(np.exp(z)) ** 2))(Z)
    np.testing.assert_allclose(found, [ew.grad(lambda z: np.abs(np.exp(z)) ** 2)(z) for z in Z], rtol=1e-14)


def test_dead_entries_under_infinite_weights():
    found = ew.grad(lambda z: np.sum(np.abs(np.where(z == 0, 0, np.sqrt(z))) ** 2))(np.array([0j, 1 + 1j]))
    assert found[0] == 0
    np.testing.assert_allclose(found[1], (1 + 1j) / np.sqrt(2), rtol=1e-14)  # |√z|² = |z|


def test_a_rule_of_ones_own():
    @ew.primitive(pull=lambda g, z: g * np.conj(2 * z))
    def squared(z):
        return z * z

    np.testing.assert_allclose(ew.vjp(squared, Z)[1](W)[0], W * np.conj(2 * Z), rtol=1e-15)
    np.testing.assert_allclose(ew.jvp(squared, (Z,), (W,))[1], W * 2 * Z, rtol=1e-14)


def test_rules_that_are_transposed():
    @ew.primitive(push=lambda t, z: 2 * z * t)
    def squared(z):
        return z * z

    @ew.primitive(push=lambda t, z: np.real(2 * np.conj(z) * t))
    def energy(z):
        return np.abs(z) ** 2

    np.testing.assert_allclose(ew.vjp(squared, Z)[1](W)[0], W * np.conj(2 * Z), rtol=1e-14)
    np.testing.assert_allclose(ew.grad(lambda z: np.sum(energy(z)))(Z), 2 * Z, rtol=1e-14)


def test_an_ordinary_complex_result():
    assert ew.jvp(lambda x: 2j, (1.0,), (1.0,)) == (2j, 0j)
    assert ew.jacobian(lambda x: 2j)(1.0) == 0


def test_what_needs_a_real_number():
    with pytest.raises(OutputError, match="grad needs a real output, and <lambda> returned a complex number"):
        ew.grad(lambda z: z)(1j)
    with pytest.raises(StructureError, match="is complex, and its value is real"):
        ew.jvp(np.sin, (1.0,), (1j,))
    assert conj(2.0) == 2.0
    assert conj(1j) == -1j
