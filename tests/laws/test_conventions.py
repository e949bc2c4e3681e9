"""What a derivative means at a kink or an edge: each convention of the design, in forward and in reverse."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew

AT_ZERO = np.array([0.0, 0.0])
TIES = np.array([2.0, 1.0, 2.0])

CONVENTIONS = {
    "abs'(0) = 0": (np.abs, np.array([-1.0, 0.0, 2.0]), [-1.0, 0.0, 1.0]),
    "fabs'(0) = 0": (np.fabs, np.array([0.0, -3.0]), [0.0, -1.0]),
    "ties of maximum": (lambda x: np.maximum(x, 2.0), np.array([1.0, 2.0, 3.0]), [0.0, 0.5, 1.0]),
    "ties of minimum": (lambda x: np.minimum(x, 2.0), np.array([1.0, 2.0, 3.0]), [1.0, 0.5, 0.0]),
    "ties of max": (np.max, TIES, [0.5, 0.0, 0.5]),
    "ties of min": (np.min, -TIES, [0.5, 0.0, 0.5]),
    "clip at its bounds": (
        lambda x: np.clip(x, 1.0, 2.0),
        np.array([0.5, 1.0, 1.5, 2.0, 2.5]),
        [0.0, 1.0, 1.0, 1.0, 0.0],
    ),
    "norm at 0": (np.linalg.norm, AT_ZERO, [0.0, 0.0]),
    "std at 0": (np.std, np.array([3.0, 3.0]), [0.0, 0.0]),
    "prod with a zero": (np.prod, np.array([2.0, 0.0, 3.0]), [0.0, 6.0, 0.0]),
    "prod with two zeros": (np.prod, np.array([0.0, 0.0, 3.0]), [0.0, 0.0, 0.0]),
    "sinc at 0": (np.sinc, AT_ZERO, [0.0, 0.0]),
    "x**2 at 0": (lambda x: x**2, AT_ZERO, [0.0, 0.0]),
    "x**1 at 0": (lambda x: x**1, AT_ZERO, [1.0, 1.0]),
    "x**0 at 0": (lambda x: x**0, AT_ZERO, [0.0, 0.0]),
    "x**2.0 at 0": (lambda x: x ** np.array([2.0, 1.0]), AT_ZERO, [0.0, 1.0]),
    "sqrt at 0": (np.sqrt, np.array([0.0, 4.0]), [np.inf, 0.25]),
    "where cuts": (lambda x: np.where(x > 0, np.sqrt(x), 0.0), np.array([0.0, 4.0]), [0.0, 0.25]),
    "rounding": (lambda x: x + np.floor(x) + np.rint(x) + np.sign(x), np.array([0.5, 1.0]), [1.0, 1.0]),
    "an unused entry": (lambda x: x[0] * 2, np.array([1.0, 5.0]), [2.0, 0.0]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention(name):
    f, x, expected = CONVENTIONS[name]
    np.testing.assert_array_equal(ew.grad(lambda v: np.sum(f(v)))(x), expected)
    np.testing.assert_array_equal(ew.jacfwd(lambda v: np.sum(f(v)))(x), expected)
    forward = [ew.jvp(lambda v: np.sum(f(v)), (x,), (e,))[1] for e in np.eye(len(x))]
    np.testing.assert_array_equal(forward, expected)


def test_second_derivatives_at_zero():
    for n, expected in ((0, 0.0), (1, 0.0), (2, 2.0), (3, 0.0)):
        assert ew.grad(ew.grad(lambda x, n=n: x**n))(0.0) == expected
    np.testing.assert_allclose(ew.hessian(np.prod)(np.array([2.0, 0.0, 3.0])), [[0, 3, 0], [3, 0, 2], [0, 2, 0]])
    np.testing.assert_allclose(ew.grad(ew.grad(np.sinc))(0.0), -(np.pi**2) / 3)


def test_numbers_keep_their_width():
    assert ew.grad(lambda x: np.sum(np.sin(x) * 0.1))(np.ones(3, np.float32)).dtype == np.float32
    assert ew.grad(lambda x: x**2)(3) == 6.0
    assert ew.grad(lambda p: p["x"] * p["n"])({"x": 2.0, "n": 3}) == {"x": 3.0, "n": None}
