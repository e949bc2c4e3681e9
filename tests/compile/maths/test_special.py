"""Zeros with their signs, infinities, NaN, subnormal and huge numbers: what NumPy and SciPy give."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from edgewise.compile.maths import FUNCTIONS
from edgewise.testing.elementary.loops import DTYPES
from edgewise.testing.elementary.oracle import away, exact
from edgewise.testing.elementary.points import SPECIAL

pytestmark = pytest.mark.needs("llvmlite", "mpmath", "scipy")

# SciPy is not exact there: log Γ overflows only at 2.56e305, and is 744 at 5e-324.
BETTER = {"gammaln": lambda x: (np.abs(x) < 2.3e-308) & (x != 0)}


def reference(name):
    import scipy.special

    return getattr(np, name, None) or getattr(scipy.special, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name, dtype, run):
    with np.errstate(all="ignore"):
        special = np.unique(np.array(SPECIAL).astype(DTYPES[dtype]).view(f"u{DTYPES[dtype].itemsize}"))
        special = special.view(DTYPES[dtype])
        pairs = itertools.product(special, repeat=FUNCTIONS[name].arity)
        arguments = tuple(np.array(column, DTYPES[dtype]) for column in zip(*pairs, strict=True))
        expected = reference(name)(*arguments)
    for width in (1, 8):
        got = run(name, dtype, width, *arguments)
        better = BETTER[name](arguments[0]) if name in BETTER else np.zeros(got.size, bool)
        exactly = (~np.isfinite(expected) | (expected == 0)) & ~better
        np.testing.assert_array_equal(got[exactly], expected[exactly])
        number = exactly & ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(expected[number]))
        simple = np.all([np.isfinite(a) & (a != 0) for a in arguments], axis=0)
        limits = ~exactly & ~simple  # fractions of π: mpmath's zeros have no sign
        np.testing.assert_allclose(got[limits], expected[limits], rtol=np.finfo(got.dtype).eps, atol=0)
        rest = tuple(a[~exactly & simple] for a in arguments)
        distances = away(name, dtype, rest, got[~exactly & simple], exact(name, *rest))
        assert distances.max(initial=0) <= FUNCTIONS[name].ulp[dtype], [a[distances.argmax()] for a in rest]


def test_angles_closest_to_multiples_of_a_quarter_turn(run):
    """Where the reduced angle is smallest: the worst cases of double and float (Muller et al., Handbook, 11.3)."""
    worst = np.array(
        [6381956970095103.0 * 2.0**797, 5319372648326541.0 * 2.0**0, 16367173.0 * 2.0**72, 1e22, 2.0**1023]
    )
    worst = np.concatenate([worst, -worst])
    for name in ("sin", "cos", "tan"):
        got = run(name, "double", 8, worst)
        assert away(name, "double", (worst,), got, exact(name, worst)).max() <= FUNCTIONS[name].ulp["double"]


def test_far_and_near_lanes_side_by_side(run):
    """One far lane sends all of them through the branch; the others keep their results, bit for bit."""
    near = np.linspace(-3, 3, 8)
    rare = {"sin": 1e300, "cos": -1e22, "tan": np.inf, "gammaln": -2.5, "digamma": -1e10}
    rare |= {"exp": -708.9, "exp2": np.nan, "log": 5e-324, "log2": 0.0, "log1p": -1.0, "cbrt": 1e-310}
    for name, far in rare.items():
        argument = np.abs(near) + 0.1
        alone = run(name, "double", 8, argument)
        for lane in range(8):
            mixed = argument.copy()
            mixed[lane] = far
            got = run(name, "double", 8, mixed)
            assert np.array_equal(np.delete(got, lane), np.delete(alone, lane))
            np.testing.assert_array_equal(got[lane], run(name, "double", 1, mixed)[lane])


def test_ordinary_powers_beside_others(run):
    base, exponent = np.linspace(0.1, 4, 8), np.linspace(-9, 9, 8)
    alone = run("power", "double", 8, base, exponent)
    for lane, (x, y) in enumerate(
        ((0, 2), (-2, 3), (np.nan, 1), (1e-310, 0.5), (9, 400), (9, np.inf), (2, -1050), (0, -1))
    ):
        mixed = base.copy(), exponent.copy()
        mixed[0][lane], mixed[1][lane] = x, y
        got = run("power", "double", 8, *mixed)
        assert np.array_equal(np.delete(got, lane), np.delete(alone, lane))
        np.testing.assert_array_equal(got[lane], run("power", "double", 1, *mixed)[lane])


def test_powers_that_are_exact(run):
    base, exponent = (a.ravel() for a in np.meshgrid(np.arange(-9.0, 10), np.arange(0.0, 16)))
    assert np.array_equal(run("power", "double", 8, base, exponent), base**exponent)


def test_logarithms_that_are_exact(run):
    twos = np.ldexp(1.0, np.arange(-1074, 1024))
    assert np.array_equal(run("log2", "double", 8, twos), np.arange(-1074.0, 1024))
    tens = np.array([float(10**k) for k in range(23)])
    assert np.array_equal(run("log10", "double", 8, tens), np.arange(23.0))
    whole = np.arange(-1080.0, 1024)
    assert np.array_equal(run("exp2", "double", 8, whole), np.exp2(whole))
