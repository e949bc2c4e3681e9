"""``check_grads`` at complex points and of complex results."""

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, CheckError

Z = np.array([1.0 + 2.0j, 0.5j, -0.3 + 0.1j])


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (lambda z: np.abs(np.exp(z)) ** 2, (Z,)),
        (lambda z: (np.conj(z) * z[0], np.angle(z)), (Z,)),
        (lambda z: z**3, (1.0 + 2.0j,)),
        (lambda x: x * np.exp(1j * x), (0.4,)),
        (lambda x: np.fft.rfft(x) ** 2, (np.array([0.3, 1.2, -0.7]),)),
        (lambda z, p: {"a": p["x"] * np.sum(z) ** 2}, (Z, {"x": 2.0})),
    ],
)
def test_right_derivatives_pass(f, point):
    ew.check_grads(f, *point, order=3)


@pytest.mark.parametrize("factor", [1j, -1.0, np.conj])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_wrong_ones_do_not(factor, mode):
    """Off by a phase, by a sign, or conjugated: real directions alone would not see all of it."""
    wrong = factor if callable(factor) else lambda w: factor * w

    @ew.primitive(push=lambda t, z: wrong(2 * z) * t)
    def squared(z):
        return z * z

    with pytest.raises(CheckError, match=rf"the {mode} derivative of order 1"):
        ew.check_grads(squared, Z, modes=mode)


def test_numbers_must_be_wide():
    with pytest.raises(ArgumentError, match=r"(?s)complex64.*astype\(complex\)"):
        ew.check_grads(np.sin, Z.astype(np.complex64))
