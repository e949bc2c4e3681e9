"""Fourier transforms beside the matrix of their definition, in both directions and to second order."""

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.pairing import paired
from edgewise.maps import Fourier, RealFourier

RNG = np.random.default_rng(0)
NORMS = {"backward": lambda n: (1.0, 1 / n), "ortho": lambda n: (n**-0.5,) * 2, "forward": lambda n: (1 / n, 1.0)}


def complex_numbers(*shape):
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


def matrix(n, length, inverse, norm):
    """exp(∓2πi jk/n), scaled, of an operand that is cut or padded to n entries."""
    j, k = np.arange(n)[:, None], np.arange(min(n, length))[None, :]
    angles = 2j * np.pi * ((j * k) % n) / n
    out = np.zeros((n, length), complex)
    out[:, : k.size] = np.exp(angles if inverse else -angles)
    return NORMS[norm](n)[inverse] * out


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("length", "n"), [(6, 6), (5, 5), (6, 4), (5, 8), (4, 7), (1, 1), (3, 1)])
@pytest.mark.parametrize("inverse", [False, True])
def test_the_complex_transform_and_its_adjoint(length, n, inverse, norm):
    F, transform = matrix(n, length, inverse, norm), np.fft.ifft if inverse else np.fft.fft
    z, t, g = complex_numbers(length), complex_numbers(length), complex_numbers(n)
    y, pull = ew.vjp(lambda z: transform(z, n, norm=norm), z)
    np.testing.assert_allclose(y, F @ z, atol=1e-13)
    np.testing.assert_allclose(pull(g)[0], F.conj().T @ g, atol=1e-13)
    np.testing.assert_allclose(ew.jvp(lambda z: transform(z, n, norm=norm), (z,), (t,))[1], F @ t, atol=1e-13)
    J = ew.linearize(lambda z: transform(z, n, norm=norm), z)[1]
    assert J.complex_linear
    np.testing.assert_allclose(J.todense(), F, atol=1e-13)
    x = RNG.standard_normal(length)
    np.testing.assert_allclose(
        ew.vjp(lambda x: transform(x, n, norm=norm), x)[1](g)[0], (F.conj().T @ g).real, atol=1e-13
    )


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("length", "n"), [(6, 6), (5, 5), (6, 4), (5, 8), (1, 1)])
def test_the_transform_of_real_numbers_and_its_adjoint(length, n, norm):
    F = matrix(n, length, False, norm)[: n // 2 + 1]
    x, g = RNG.standard_normal(length), complex_numbers(n // 2 + 1)
    y, pull = ew.vjp(lambda x: np.fft.rfft(x, n, norm=norm), x)
    np.testing.assert_allclose(y, F @ x, atol=1e-13)
    np.testing.assert_allclose(pull(g)[0], (F.conj().T @ g).real, atol=1e-13)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("length", "n"), [(4, 6), (4, 7), (4, None), (3, 8), (5, 4), (2, 1)])
def test_the_inverse_of_half_a_spectrum_and_its_adjoint(length, n, norm):
    """The other half are conjugates; the imaginary parts at 0 and n/2 are not read."""
    points = 2 * (length - 1) if n is None else n
    z, g = complex_numbers(length), RNG.standard_normal(points)

    def by_definition(z):
        half = np.zeros(points // 2 + 1, complex)
        half[:length] = z[: half.size]
        half[0] = half[0].real
        if points % 2 == 0:
            half[-1] = half[-1].real
        whole = np.concatenate([half, half[1 : (points + 1) // 2][::-1].conj()])
        return (matrix(points, points, True, norm) @ whole).real

    y, pull = ew.vjp(lambda z: np.fft.irfft(z, n, norm=norm), z)
    np.testing.assert_allclose(y, by_definition(z), atol=1e-13)
    expected = [g @ by_definition(e) + 1j * (g @ by_definition(1j * e)) for e in np.eye(length)]
    np.testing.assert_allclose(pull(g)[0], expected, atol=1e-13)
    assert pull(g)[0][0].imag == 0


def test_a_power_spectrum_to_second_order():
    """Σ w |X|² is xᵀ Q x with Q = Re Fᴴ diag(w) F."""
    for n in (6, 7):
        x, w = RNG.standard_normal(n), RNG.standard_normal(n // 2 + 1)
        F = matrix(n, n, False, "backward")[: n // 2 + 1]
        Q = (F.conj().T @ np.diag(w) @ F).real

        def power(x, w=w):
            return np.sum(w * np.abs(np.fft.rfft(x)) ** 2)

        np.testing.assert_allclose(ew.grad(power)(x), 2 * Q @ x, atol=1e-12)
        np.testing.assert_allclose(ew.hessian(power)(x), 2 * Q, atol=1e-11)


def test_real_in_complex_between_real_out():
    """An autocorrelation by way of its spectrum, beside the sum of its definition."""
    for n in (4, 5):
        x, w = RNG.standard_normal(n), RNG.standard_normal(n)

        def by_spectrum(x, n=n, w=w):
            X = np.fft.rfft(x)
            return w @ np.fft.irfft(X * np.conj(X), n)

        def by_sums(x, n=n, w=w):
            return sum(w[k] * np.sum(x * np.roll(x, -k)) for k in range(n))

        np.testing.assert_allclose(ew.grad(by_spectrum)(x), ew.grad(by_sums)(x), atol=1e-13)
        np.testing.assert_allclose(ew.hessian(by_spectrum)(x), ew.hessian(by_sums)(x), atol=1e-13)
        assert ew.grad(by_spectrum)(x).dtype == np.float64


@pytest.mark.parametrize("name", ["fft2", "ifft2", "fftn", "ifftn", "rfft2", "rfftn", "irfft2", "irfftn"])
@pytest.mark.parametrize(
    "options",
    [{}, {"axes": (2, 0)}, {"s": (3, 5), "axes": (0, 2)}, {"s": (-1, 4), "axes": (1, -1)}, {"axes": (1, 1)},
     {"s": (4, 6), "axes": (0, 0), "norm": "ortho"}, {"s": (1, 3, 4), "axes": (0, 0, 1)}],
)  # fmt: skip
def test_several_axes(name, options):
    transform = getattr(np.fft, name)
    real = name.startswith("r")
    x, t = ((RNG.standard_normal if real else complex_numbers)((2, 3, 4)) if real else complex_numbers(2, 3, 4)
            for _ in range(2))  # fmt: skip
    y, pull = ew.vjp(lambda x: transform(x, **options), x)
    np.testing.assert_array_equal(y, transform(x, **options))
    pushed = ew.jvp(lambda x: transform(x, **options), (x,), (t,))[1]
    np.testing.assert_allclose(pushed, transform(t, **options), atol=1e-13)
    g = RNG.standard_normal(y.shape) if "i" in name and "r" in name else complex_numbers(*y.shape)
    np.testing.assert_allclose(paired(g, pushed), paired(pull(g)[0], t), rtol=1e-11)


def test_lengths_without_axes():
    """NumPy takes the last axes, and warns of what it will no longer do."""
    x = RNG.standard_normal((2, 3, 4))
    with pytest.warns(DeprecationWarning, match="`axes` should not be `None`"):
        expected = np.fft.fftn(x, (2, 3))
    np.testing.assert_array_equal(ew.vjp(lambda x: np.fft.fftn(x, (2, 3)), x)[0], expected)


def test_narrow_numbers_stay_narrow():
    x = np.ones(6, np.float32)
    y, pull = ew.vjp(np.fft.rfft, x)
    assert y.dtype == np.complex64
    assert pull(y)[0].dtype == np.float32
    z = np.ones(4, np.complex64)
    y, pull = ew.vjp(np.fft.irfft, z)
    assert y.dtype == np.float32
    assert pull(y)[0].dtype == np.complex64
    assert ew.jvp(np.fft.fft, (z,), (z,))[1].dtype == np.complex64


def test_batches():
    z = complex_numbers(3, 4, 5)
    np.testing.assert_allclose(ew.vmap(lambda z: np.fft.fft2(z, (4, 6)))(z), np.fft.fft2(z, (4, 6)), atol=1e-13)
    f = ew.grad(lambda x: np.sum(np.abs(np.fft.rfft(x, 6)) ** 3))
    x = RNG.standard_normal((3, 5))
    np.testing.assert_allclose(ew.vmap(f)(x), [f(row) for row in x], rtol=1e-13)


def test_the_frequencies_follow_the_step():
    for frequencies in (np.fft.fftfreq, np.fft.rfftfreq):
        w = RNG.standard_normal(frequencies(5).size)
        found = ew.grad(lambda d, w=w, f=frequencies: w @ f(5, d))(0.5)
        np.testing.assert_allclose(found, -(w @ frequencies(5)) / 0.25, rtol=1e-13)


def test_cut_branches():
    """A length cuts entries off: an infinite slope in front of it is not read."""
    x = np.array([1.0, 4.0, 0.0])
    found = ew.grad(lambda x: np.sum(np.abs(np.fft.fft(np.sqrt(x), 2)) ** 2))(x)
    np.testing.assert_allclose(found, [2.0, 2.0, 0.0], rtol=1e-14)  # n·Σ|√x|²
    half = np.array([1.0, 4.0, 9.0, 0.0])
    found = ew.grad(lambda x: np.fft.irfft(np.sqrt(x), 4)[0])(half)
    np.testing.assert_allclose(found, [1 / 8, 1 / 8, 1 / 24, 0.0], rtol=1e-14)
    assert Fourier(False, 2, -1, "backward", 3).selects
    assert not RealFourier(False, 4, -1, "backward", 3).selects


def test_what_numpy_refuses():
    x, z = np.ones(4), np.ones(4, complex)

    def said(f):
        with pytest.raises((ValueError, TypeError, IndexError)) as caught:
            f()
        return type(caught.value), str(caught.value)

    for call in (
        lambda x: np.fft.fft(x, 0),
        lambda x: np.fft.ifft(x, norm="other"),
        lambda x: np.fft.hfft(x, norm="other"),
        lambda x: np.fft.irfft(x[:1]),
        lambda x: np.fft.fft(x, 4, 1),
        lambda x: np.fft.fftn(x, (2, 3), (0,)),
    ):
        assert said(lambda call=call: ew.vjp(call, x)) == said(lambda call=call: call(x))
    with pytest.raises(TypeError, match="rfft"):
        ew.vjp(np.fft.rfft, z)
