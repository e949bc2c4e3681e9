"""The value of a traced array can be any duck array.

Dask (a cluster's arrays) and Pint (units) are tried here, CuPy where there is a GPU. Both operand orders are tried: a
duck array on the left is asked first by Python, and has to yield.
"""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ForeignArrayError

X = np.linspace(0.1, 1.0, 8)
W = np.linspace(1.0, 2.0, 8)

PROGRAMS = {
    "traced on the left": lambda x, w: np.sum(np.sin(x) * w),
    "traced on the right": lambda x, w: np.sum(w * np.sin(x) + w),
    "mean, max, slices": lambda x, w: np.mean(x**2) + np.max(x * w) + x[2] * np.sum(x[1:3]),
    "where": lambda x, w: np.sum(np.where(x > 0.5, x**2, w * x)),
    "logaddexp": lambda x, w: np.sum(np.logaddexp(0.0, w * x)),
    "dot": lambda x, w: (w @ x) * (x @ w),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_dask_values_and_constants(name):
    import dask.array as da

    f = PROGRAMS[name]
    expected = ew.grad(f)(X, W)
    x, w = da.from_array(X, chunks=4), da.from_array(W, chunks=4)
    lazy = ew.grad(f)(x, w)
    assert isinstance(lazy, da.Array)
    np.testing.assert_allclose(lazy.compute(), expected, rtol=1e-14)
    np.testing.assert_allclose(np.asarray(ew.grad(f)(X, w)), expected, rtol=1e-14)
    np.testing.assert_allclose(np.asarray(ew.grad(f, 1)(x, W)), ew.grad(f, 1)(X, W), rtol=1e-14)


def test_dask_second_order_and_forward():
    import dask.array as da

    x, w = da.from_array(X, chunks=4), da.from_array(W, chunks=4)
    product = ew.hvp(lambda v: np.sum(v**3 * w), x, w)
    np.testing.assert_allclose(product.compute(), 6 * X * W * W, rtol=1e-14)
    value, tangent = ew.jvp(lambda v: np.sin(v) * w, (x,), (w,))
    np.testing.assert_allclose(value.compute(), np.sin(X) * W)
    np.testing.assert_allclose(tangent.compute(), np.cos(X) * W * W)


@pytest.fixture
def units():
    import pint

    return pint.UnitRegistry()


def test_gradients_have_units(units):
    speed, mass = 2.0 * units.m / units.s, 3.0 * units.kg
    value, momentum = ew.value_and_grad(lambda v: 0.5 * mass * v**2)(speed)
    assert value == 6.0 * units.joule
    assert momentum == 6.0 * units.kg * units.m / units.s
    assert ew.grad(ew.grad(lambda v: 0.5 * mass * v**2))(speed) == mass
    assert ew.jvp(lambda v: mass * v**2, (speed,), (1.0 * units.m / units.s,))[1] == 12.0 * units.joule


@pytest.mark.parametrize("f", [lambda v, q: np.sum(v * q), lambda v, q: np.sum(q * v)], ids=["v * q", "q * v"])
def test_a_quantity_yields_from_both_sides(units, f):
    q = np.array([1.0, 2.0, 3.0]) * units.m
    gradient = ew.grad(f)(np.ones(3), q)
    assert gradient.units == units.m
    np.testing.assert_array_equal(gradient.magnitude, [1.0, 2.0, 3.0])


def test_units_that_do_not_fit_are_pints_own_error(units):
    import pint

    with pytest.raises(pint.DimensionalityError):
        ew.grad(lambda t: t + 1 * units.m)(1.0 * units.s)


def test_units_multiply_traced_values(units):
    assert ew.grad(lambda t: (t * units.m) / units.m)(1.5) == 1.0
    assert ew.grad(lambda t: units.m * t)(1.5) == 1.0 * units.m
    assert ew.grad(lambda t: t * (units.m * t))(1.5) == 3.0 * units.m


def test_a_quantity_around_a_traced_value_is_refused(units, monkeypatch):
    """Pint wraps whatever it was not told of, as where it is first imported inside the differentiated function."""
    import pint.compat

    for name in [name for name in pint.compat.upcast_type_map if name.startswith("edgewise")]:
        monkeypatch.delitem(pint.compat.upcast_type_map, name)
    monkeypatch.setattr("edgewise.transforms.border.tell_pint", lambda types: None)
    with pytest.raises(ForeignArrayError, match="wrapped around a traced value"):
        ew.grad(lambda t: units.Quantity(t, "m"))(1.0)
    with pytest.raises(ForeignArrayError, match="wrapped around a traced value"):
        ew.grad(lambda t: np.multiply(t, units.Quantity(t, "m")))(1.0)


@pytest.mark.needs("cupy")
def test_cupy_values():
    import cupy

    for f in PROGRAMS.values():
        gradient = ew.grad(f)(cupy.asarray(X), cupy.asarray(W))
        assert isinstance(gradient, cupy.ndarray)
        np.testing.assert_allclose(cupy.asnumpy(gradient), ew.grad(f)(X, W), rtol=1e-12)
