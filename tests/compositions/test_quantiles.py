"""Quantiles whose place is traced, and in NumPy's dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew

FUNCTIONS = {np.quantile: 1, np.nanquantile: 1, np.percentile: 100, np.nanpercentile: 100}
EACH = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)


@EACH
@pytest.mark.parametrize(
    "a", [[0, 1, 2, 3, 4], np.arange(5), np.arange(5.0), np.arange(5, dtype=np.float32)], ids=lambda a: str(type(a))
)
def test_the_quantile_between_two_entries_of_any_kind_moves(function, a):
    """Entry k lies at q = k/4."""
    whole = FUNCTIONS[function]
    value, slope = ew.value_and_grad(lambda q: function(a, q))(np.float64(0.3 * whole))
    assert value == pytest.approx(1.2, rel=1e-6)
    assert slope == pytest.approx(4 / whole, rel=1e-6)


@EACH
@pytest.mark.parametrize("q", [0.5, 1, np.float64(0.5), np.float32(0.5), np.array([0.5]), [0.5, 0.25]], ids=repr)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_is_numpys(function, q, dtype):
    x = np.array([1.0, 4.0, 2.5], dtype)
    expected = function(x, q)
    found = [*ew.jvp(lambda x: function(x, q), (x,), (x,))]  # it is homogeneous: value and tangent are equal
    if isinstance(q, np.floating):
        found.append(ew.jvp(lambda q: function(x, q), (q,), (q,))[0])
    rounding = max(np.finfo(narrow).eps for narrow in (expected.dtype, getattr(q, "dtype", np.float64)))
    for value in found:
        np.testing.assert_allclose(value, expected, rtol=4 * rounding, strict=True)


@EACH
@pytest.mark.parametrize("q", [-0.1, 1.5, np.nan])
def test_a_place_outside_is_refused_in_numpys_words(function, q):
    x, q = np.arange(5.0), np.float64(q * FUNCTIONS[function])
    with pytest.raises(ValueError, match="must be in the range") as refusal:
        function(x, q)
    for f, at in ((lambda q: function(x, q), q), (lambda x: function(x, q), x)):
        with pytest.raises(ValueError, match="must be in the range") as found:
            ew.grad(f)(at)
        assert str(found.value) == str(refusal.value)
    with pytest.raises(ValueError, match="must be in the range"):
        ew.vmap(lambda q: function(x, q))(np.array([0.5, q]))
