"""Compositions of complex numbers beyond what the law asks: refusals, dtypes, infinities, and numbers without axes."""

import numpy as np
import pytest

import edgewise as ew
from edgewise.modes import Recorded

Z = np.array([1.0 + 2.0j, -0.5 + 0.3j, 0.7 - 1.1j, 2.0 + 0.1j])


def traced(f, *args):
    """The value of ``f`` where its arguments are traced."""
    with Recorded() as mode:
        return mode.lower(f(*(mode.lift(a) for a in args)))


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.quantile(z, 0.5),
        lambda z: np.percentile(z, 50.0),
        lambda z: np.nanquantile(z, 0.5),
        lambda z: np.nanpercentile(z, 50.0),
        lambda z: np.quantile(z, 0.5, method="inverted_cdf", weights=np.ones(4)),
        lambda z: np.bincount(np.array([0, 1, 1, 2]), z),
        lambda z: np.interp(z, np.arange(3.0), np.arange(3.0)),
        lambda z: np.interp(np.ones(4), z, np.arange(4.0)),
        lambda z: np.histogramdd(np.ones((4, 2)), 2, weights=z),
        np.unwrap,
    ],
)
def test_what_numpy_refuses_of_complex_numbers(f):
    with pytest.raises(TypeError) as theirs:
        f(Z)
    with pytest.raises(TypeError) as ours:
        traced(f, Z)
    assert str(ours.value).partition("array data")[0] == str(theirs.value).partition("array data")[0]


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.cov(np.ones((2, 4)), aweights=z),
        lambda z: np.histogram(z, 3, (0.0, 1.0)),
    ],
)
def test_no_imaginary_part_is_dropped(f):
    """NumPy warns and drops it, or refuses."""
    with pytest.raises((TypeError, np.exceptions.ComplexWarning)):
        f(Z)
    with pytest.raises(TypeError, match="Cannot cast"):
        traced(f, Z)
    with pytest.raises(TypeError, match="Cannot cast"):
        traced(lambda z: np.interp(np.real(z), np.arange(3.0), np.arange(3.0), left=z[0]), Z)


def test_medians_are_sorted_by_real_parts_first():
    for f in (np.median, np.nanmedian):
        for z in (Z, Z[:3], np.array([1 + 2j, 1 + 1j, 3, 2 - 5j])):
            np.testing.assert_allclose(traced(f, z), f(z), rtol=1e-15)
    assert np.isnan(traced(np.median, np.array([1j, np.nan, 2.0])))
    assert traced(np.nanmedian, np.array([1j, np.nan, 2.0])) == 1 + 0.5j
    assert traced(np.median, np.array([np.inf, np.inf])) == np.inf
    found = ew.grad(lambda z: np.imag(np.median(z)))(Z)
    np.testing.assert_array_equal(found, [0.5j, 0, 0.5j, 0])
    for f in (np.median, np.nanmedian):
        np.testing.assert_array_equal(ew.grad(f)(np.array([1.0, 1.0, 0.0, 2.0])), [0.5, 0.5, 0.0, 0.0])


def test_what_is_not_finite_is_replaced_part_by_part():
    z = np.array([complex(np.inf, 1), complex(1, -np.inf), complex(np.nan, 2), 3 + 4j])
    for options in ({}, {"nan": 7.0}, {"posinf": np.inf, "neginf": -np.inf}, {"neginf": -2.0}):
        np.testing.assert_array_equal(
            traced(lambda z, o=options: np.nan_to_num(z, **o), z), np.nan_to_num(z, **options)
        )
    assert traced(np.nan_to_num, z.astype(np.complex64)).dtype == np.complex64
    pull = ew.vjp(np.nan_to_num, z)[1]
    np.testing.assert_array_equal(pull(np.full(4, 1 + 2j))[0], [2j, 1, 2j, 1 + 2j])


def test_real_if_close():
    near = Z.real + 1e-15j
    assert traced(np.real_if_close, near).dtype == np.float64
    assert traced(np.real_if_close, Z).dtype == np.complex128
    assert traced(lambda z: np.real_if_close(z, 1e-20), near).dtype == np.complex128
    np.testing.assert_array_equal(ew.grad(lambda z: np.sum(np.real_if_close(z)))(near), np.ones(4))


def test_comparisons_angles_and_order():
    np.testing.assert_array_equal(traced(lambda z: np.isclose(z, Z + 1e-9), Z), np.isclose(Z, Z + 1e-9))
    np.testing.assert_array_equal(traced(lambda z: np.isclose(z, Z + 1j), Z), np.isclose(Z, Z + 1j))
    np.testing.assert_array_equal(traced(np.sort_complex, Z), np.sort_complex(Z))
    np.testing.assert_allclose(traced(lambda z: np.angle(z, deg=True), Z), np.angle(Z, deg=True), rtol=1e-15)
    phase = np.linspace(0.0, 9.0, 6)
    found = ew.grad(lambda p: np.unwrap(np.angle(np.exp(1j * p)))[-1])(phase)
    np.testing.assert_allclose(found, [0, 0, 0, 0, 0, 1], atol=1e-15)


@pytest.mark.parametrize("f", [np.var, np.std, np.linalg.norm, np.mean, np.abs, np.sum, np.cumprod, np.median, np.ptp])
def test_single_precision_and_no_axes(f):
    z = Z.astype(np.complex64)
    assert traced(f, z).dtype == f(z).dtype
    np.testing.assert_allclose(traced(f, Z[0]), f(Z[0]), rtol=1e-15)
    g = ew.grad(lambda z: np.sum(np.abs(f(z))))(z)
    assert g.dtype == np.complex64


def test_a_correlation_of_one():
    """Rounding must not decide whether it has its second derivative: r = 1 is a maximum."""
    x = np.array([0.3, -1.2, 2.0, 0.7])
    t = np.array([1.0, 0.5, -0.4, 0.2])

    def r(s):
        return np.corrcoef(x + s * t, 2 * x)[0, 1]

    def exact(s):  # the cosine between centred vectors
        a, b = x + s * t, x
        a, b = a - np.mean(a), b - np.mean(b)
        return np.sum(a * b) / np.sqrt(np.sum(a * a) * np.sum(b * b))

    np.testing.assert_allclose(ew.grad(ew.grad(r))(0.0), ew.grad(ew.grad(exact))(0.0), rtol=1e-12)
