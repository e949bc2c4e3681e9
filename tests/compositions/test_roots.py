"""Zeros of polynomials beyond the samples of their rows."""

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import UndeterminedError


def test_coefficients_that_are_zero_at_the_ends():
    p = np.array([1.0, 0.5, 0.0])  # (x + 1/2)x: zeros move by -t(r)/p'(r)
    np.testing.assert_allclose(ew.jacobian(np.roots)(p), [[0.5, -1, 2], [0, 0, -2]], atol=1e-15)
    assert ew.linearize(np.roots, np.zeros(3))[0].shape == (0,)
    with pytest.raises(UndeterminedError, match="coefficients that begin with 0"):
        ew.jacobian(np.roots)(np.array([0.0, 1.0, 0.5]))
    trimmed = ew.jacobian(lambda p: np.roots(np.trim_zeros(p, "f")))(np.array([0.0, 1.0, 0.5]))
    np.testing.assert_allclose(trimmed, [[0, 0.5, -1]])


def test_zeros_that_are_complex():
    p = np.array([1.0, 2.0, 5.0])  # -1 ± 2i
    moved = ew.jvp(np.roots, (p,), (np.array([0.0, 0.0, 1.0]),))[1]
    np.testing.assert_allclose(moved, -1 / (2 * np.roots(p) + 2), rtol=1e-13)
    energy = ew.grad(lambda p: np.sum(np.abs(np.roots(p)) ** 2))(p)  # 2c/a
    np.testing.assert_allclose(energy, [-10.0, 0.0, 2.0], atol=1e-13)


def test_zeros_that_coincide_are_undetermined():
    with pytest.raises(UndeterminedError):
        ew.jacobian(np.roots)(np.array([1.0, -2.0, 1.0]))


def test_coefficients_of_zeros_in_pairs_are_real():
    z = np.array([1 + 2j, 1 - 2j])
    value, J = ew.linearize(np.poly, z)
    assert value.dtype == np.float64
    np.testing.assert_allclose(J @ np.array([1.0, 1.0]), [0.0, -2.0, 2.0], atol=1e-15)
