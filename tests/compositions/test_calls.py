"""Calls in many variants, held against NumPy's value and against differences; and NumPy's refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import BatchError, NoRuleError, NotYetError, StoreError

X = np.array([[0.3, -1.2, 2.0, 0.9], [1.5, 0.4, -0.7, -0.2], [-0.9, 0.8, 1.1, -1.6]])
V = X[0]
OLDER = np.lib.NumpyVersion(np.__version__) < "2.3.0"  # lets pass, or warns of, what a newer one refuses


def same(f, x=X):
    expected = f(x)
    value, _ = ew.linearize(f, x)
    for got, right in zip(*[v if isinstance(v, tuple | list) else [v] for v in (value, expected)], strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-14)
        assert np.shape(got) == np.shape(right)
    ew.check_grads(f, x, order=1)


CALLS = {
    **{
        f"convolve {n} {m} {mode}": (lambda x, n=n, m=m, mode=mode: np.convolve(x[0, :n], x[1, :m], mode))
        for n in (1, 2, 3, 4)
        for m in (1, 2, 3, 4)
        for mode in ("full", "same", "valid")
    },
    **{
        f"correlate {n} {m} {mode}": (lambda x, n=n, m=m, mode=mode: np.correlate(x[0, :n], x[1, :m], mode))
        for n in (1, 2, 3, 4)
        for m in (1, 2, 3, 4)
        for mode in ("full", "same", "valid")
    },
    **{
        f"pad {mode} {width}": (lambda x, mode=mode, width=width: np.pad(x, ((0, 1), width), mode))
        for mode in ("edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp", "median", "maximum")
        for width in ((0, 0), (1, 0), (0, 3), (4, 4), (11, 7))
    },
    **{
        f"pad odd {mode} {width}": (lambda x, m=mode, w=width: np.pad(x, ((0, 2), w), m, reflect_type="odd"))
        for mode in ("reflect", "symmetric")
        for width in ((1, 0), (3, 3), (2, 5))
    },
    "pad one entry": lambda x: np.pad(x[0, :1], 3, "reflect") + np.pad(x[0, :1], 3, "symmetric", reflect_type="odd"),
    "pad traced": lambda x: np.pad(x, 1, constant_values=x[0, 0]),
    "quantile traced": lambda x: np.quantile(x, 0.3 + 0.01 * x[0, 0], axis=1),
    "quantile weights": lambda x: np.quantile(x, 0.37, axis=1, weights=np.ones(4), method="inverted_cdf"),
    "quantile weights whole": lambda x: np.quantile(x, [0.37, 0.9], weights=X**2, method="inverted_cdf", keepdims=True),
    "nanquantile weights": lambda x: np.nanquantile(x, 0.37, axis=0, weights=X**2, method="inverted_cdf"),
    "gradient places": lambda x: np.gradient(x, np.cumsum(x[0] ** 2), axis=1),
    "trapezoid of plain": lambda x: np.trapezoid(X, x=np.cumsum(x**2, axis=1)),
    "interp left": lambda x: np.interp([-9.0, 0.3, 9.0], [-1.0, 0.5, 2.0], x[0, :3], left=x[0, 3]),
    "cross": lambda x: np.cross(x[:, :3], x[::-1, 1:], axisc=0),
    "kron": lambda x: np.kron(x, [[1.0, x[0, 0]]]),
    "block": lambda x: np.block([[x, x[:, :1]], [x[:1] ** 2, 3.0]]),
    "insert": lambda x: np.insert(x, [1, 3], x[:, :2], axis=1),
    "insert mask": lambda x: np.insert(V, np.array([True, False, True, False]), x[0, :2]),
    "average axes": lambda x: np.average(x, axis=(1, 0), weights=X.T**2),
    "average traced": lambda x: np.average(X, axis=1, weights=x[0] ** 2),
    "diff traced": lambda x: np.diff(x, 2, prepend=x[:, :1] ** 2, append=x[:, 1:2]),
    "nan_to_num traced": lambda x: np.nan_to_num(np.where(X > 1, np.nan, x), nan=x[0, 0]),
    "nanmean of a number": lambda x: np.nanmean(x[0, 0], axis=0) + np.nanvar(x[0, 1], axis=-1),
    "nanvar mean": lambda x: np.nanvar(x, axis=1, mean=np.mean(x, axis=1, keepdims=True), keepdims=True),
    "nanargmax": lambda x: x[0, np.nanargmax(np.where(X > 1.9, np.nan, x)[0])],
    "polydiv": lambda x: np.polydiv(x[0], x[1, :2]),
    "polydiv by longer": lambda x: np.polydiv(x[0, :2], x[1]),
    "polydiv exact": lambda x: np.polydiv(np.polymul(x[0, :2], x[1, :2]), x[0, :2])[0],
    "intersect1d": lambda x: np.intersect1d(np.round(X) + 0 * x, [2.0, -1.0, 7.0]),
    "delete": lambda x: np.delete(x, np.s_[::2], axis=1),
    "delete flat": lambda x: np.delete(x, [0, 5, -1]),
    "choose": lambda x: np.choose([0, 1, 1, 0], [x[0], x[1]]),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x > 1], [lambda v: v**2, 3.0, lambda v, k=2: k * v]),
    "vectorize": np.vectorize(lambda a: a**2 if a > 0 else 3 * a),
    "apply_along_axis": lambda x: np.apply_along_axis(lambda row, k: k * np.cumsum(row), 1, x, 2.0),
    "apply_over_axes": lambda x: np.apply_over_axes(np.sum, x, [0, -1]),
    "histogram": lambda x: np.histogram(V, [-2.0, 0.0, 1.0, 2.0], weights=x[1])[0],
    "histogram edges": lambda x: np.histogram(x[0], 3, density=True),
    "histogramdd": lambda x: np.histogramdd(X[:, :2], [2, 3], weights=x[:, 0])[0],
    "histogram2d": lambda x: np.histogram2d(X[0], X[1], [[-2.0, 0.0, 2.0]] * 2, weights=x[2])[0],
    "bincount": lambda x: np.bincount([0, 2, 2, 1], x[0], minlength=5),
    "matrix_power": lambda x: np.linalg.matrix_power(x[:, :3], 5),
    "multi_dot": lambda x: np.linalg.multi_dot([x, x.T, x, x[0]]),
    "logspace": lambda x: np.logspace(x[0, 0], x[0, 3], 5, base=2 + x[0, 0]),
    "geomspace": lambda x: np.geomspace(x[0, 0], x[0, 2], 4),
    "linspace of integers": lambda x: np.linspace(x[0, 0], 3, 4) + np.linspace(1, 2, 4, dtype=int),
    "cov": lambda x: np.cov(x, x[0] ** 2, aweights=x[2] ** 2, ddof=0),
    "corrcoef": lambda x: np.corrcoef(x)[0, 1],
    "nan_to_num": lambda x: np.nan_to_num(np.where(X > 1, np.nan, x), nan=0.5),
    "frexp": lambda x: np.frexp(x + 0.05)[0],
    "modf": lambda x: np.modf(x + 0.05)[0],
    "divmod": lambda x: np.divmod(x, 0.72)[1] + divmod(7.1, x)[1],
    "operator %": lambda x: x % 0.72 + 7.1 % x,
    "norm": lambda x: np.linalg.norm(x, axis=1) + np.linalg.norm(x, 3, axis=1),
    "kaiser": lambda x: np.kaiser(5, x[0, 2]),
    "poly": lambda x: np.poly(x[0]),
    "polymul": lambda x: np.polymul(np.array([0.0, 1.0]) * x[0, :2], x[1]),
    "polyint": lambda x: np.polyint(x[0], 2, [x[0, 0], 1.0]) + np.polyint(x[0], 2, 3.0),
    "unique": lambda x: np.unique(np.round(x, 0) + 0 * x),
    "trim_zeros": lambda x: np.trim_zeros(np.where(X > 0, x, 0)[1]),
    "resize": lambda x: np.resize(x, (2, 9)),
    "unwrap": lambda x: np.unwrap(4 * x, axis=0),
    "sinc": np.sinc,
    "i0": lambda x: np.i0(3 * x),
}


@pytest.mark.parametrize("name", CALLS)
def test_values_are_numpys_and_derivatives_those_of_differences(name):
    if name == "insert mask" and OLDER:
        pytest.skip("an older NumPy takes the mask for positions")
    same(CALLS[name])


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
def test_odd_padding_of_what_is_not_finite_stays_where_it_belongs(mode):
    rng = np.random.default_rng(3)
    for _ in range(20):
        x = rng.normal(size=(3, 4))
        x[rng.random(x.shape) < 0.2] = rng.choice([np.inf, -np.inf, np.nan])
        width = tuple(tuple(rng.integers(0, n, 2)) for n in x.shape)
        with np.errstate(invalid="ignore"):
            expected = np.pad(x, width, mode, reflect_type="odd")
            found, _ = ew.jvp(lambda x, w=width: np.pad(x, w, mode, reflect_type="odd"), (x,), (x,))
        np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_geometric_sequence_of_what_is_not_finite(count, endpoint):
    ends = [1.0, -2.0, np.inf, np.nan]
    with np.errstate(all="ignore"):
        for start, stop in itertools.product(ends, ends):
            expected = np.geomspace(start, stop, count, endpoint)
            found, _ = ew.jvp(lambda a, b: np.geomspace(a, b, count, endpoint), (start, stop), (1.0, 1.0))
            np.testing.assert_allclose(found, expected, rtol=1e-13)


REFUSED = [
    lambda x: np.pad(x, 1, "nothing"),
    lambda x: np.pad(x, -1),
    lambda x: np.pad(x, 1.5),
    lambda x: np.pad(x, 1, "edge", constant_values=3),
    lambda x: np.pad(x[:0], 1, "edge"),
    lambda x: np.pad(x, 1, "maximum", stat_length=0),
    lambda x: np.quantile(x, 1.5),
    lambda x: np.quantile(x, 0.5, method="strange"),
    lambda x: np.quantile(x, 0.5, axis=1, weights=np.ones(4)),
    lambda x: np.gradient(x, edge_order=3),
    lambda x: np.gradient(x[:1], axis=0),
    lambda x: np.gradient(x, 1.0, 2.0, 3.0),
    lambda x: np.gradient(x, np.ones(7), axis=0),
    lambda x: np.gradient(x, np.ones((2, 2)), axis=0),
    lambda x: np.interp(1.0, x, x),
    lambda x: np.interp(1.0, x[0], x[0, :2]),
    lambda x: np.interp(1.0, x[0, :0], x[0, :0]),
    lambda x: np.convolve(x, x),
    lambda x: np.convolve(x[0], x[0, :0]),
    lambda x: np.convolve(x[0], x[0], "strange"),
    lambda x: np.linspace(x[0, 0], 1.0, -1),
    lambda x: np.geomspace(0.0 * x[0, 0], 1.0, 3),
    lambda x: np.meshgrid(x[0], x[1], indexing="strange")[0],
    np.vander,
    lambda x: np.polyder(x[0], -1),
    lambda x: np.polyint(x[0], -1),
    lambda x: np.polyint(x[0], 2, [1.0, 2.0, 3.0][:0]),
    lambda x: np.cov(x[None]),
    lambda x: np.cov(x, ddof=0.5),
    lambda x: np.cov(x, fweights=np.ones((2, 2), int)),
    lambda x: np.cov(x, aweights=np.ones(7)),
    lambda x: np.bincount(np.array([0, -1]), x[0, :2]),
    lambda x: np.bincount(np.array([0, 1]), x[0]),
    lambda x: np.bincount(np.array([[0, 1]]), x[0]),
    lambda x: np.histogram(x, [1.0, 0.0])[1],
    lambda x: np.histogram(x, 0)[1],
    lambda x: np.histogram(x, 3, (2.0, 1.0))[1],
    lambda x: np.histogram(x[0], 3, weights=x[0, :2])[0],
    lambda x: np.histogram(x[0], "auto", weights=x[0])[0],
    lambda x: np.histogram(x[0], [[1.0, 2.0]])[0],
    lambda x: np.histogramdd(x, [2, 3], weights=x[:, 0])[0],
    lambda x: np.histogramdd(x[:, :2], 2, [(0.0, 1.0)], weights=x[:, 0])[0],
    lambda x: np.histogram2d(x[0], x[1, :2])[0],
    lambda x: np.linalg.norm(x, "strange"),
    lambda x: np.linalg.norm(x, 3),
    lambda x: np.linalg.norm(x[0], "fro"),
    lambda x: np.linalg.norm(x[None], 1),
    lambda x: np.linalg.norm(x, axis=(0, 0)),
    lambda x: np.linalg.matrix_power(x, 2),
    lambda x: np.linalg.multi_dot([x]),
    lambda x: np.linalg.multi_dot([x, x[None]]),
    lambda x: np.linalg.outer(x, x),
    lambda x: np.linalg.cross(x, x),
    lambda x: np.cross(x, x),
    lambda x: np.vecdot(x, x[0, :2]),
    lambda x: np.insert(x, 9, 1.0, axis=0),
    lambda x: np.insert(x[0], np.ones((2, 2), bool), 1.0),
    lambda x: np.delete(x, 99),
    lambda x: np.resize(x, (-1, 2)),
    lambda x: np.block([[x], x]),
    lambda x: np.block([x, []]),
    lambda x: np.block([x, (x,)]),
    lambda x: np.choose([0, 5], [x[0, :2], x[1, :2]]),
    lambda x: np.choose([0, 1], [x[0, :2], x[1, :2]], mode="strange"),
    lambda x: np.piecewise(x, [x < 0], [1.0, 2.0, 3.0]),
    lambda x: np.piecewise(x, [x[0] < 0], [1.0]),
    lambda x: np.apply_along_axis(np.sum, 5, x),
    lambda x: np.apply_along_axis(np.sum, 0, x[:, :0]),
    lambda x: np.apply_over_axes(lambda a, i: a[0, 0], x, [0]),
    lambda x: np.nanargmax(np.nan * x),
    lambda x: np.trim_zeros(x[0], "strange"),
    lambda x: np.cumulative_sum(x) if hasattr(np, "cumulative_sum") else np.cumsum(x, 7),
    lambda x: np.partition(x, 9),
    lambda x: np.average(x, weights=x[0]),
    lambda x: np.average(x, axis=1, weights=x[:, 0]),
    lambda x: np.average(x, axis=0, weights=np.zeros(3) * x[0, 0]),
    lambda x: np.quantile(x[:0], 0.5),
    lambda x: np.diff(x, axis=None),
    lambda x: np.trapezoid(x, axis=None),
    lambda x: np.histogram(np.nan * x, 3)[1],
    lambda x: np.histogram(x, 3, (np.nan, 1.0))[1],
    lambda x: np.polydiv(x, x[0, :2]),
    lambda x: np.polydiv(x[0, :0], x[0]),
    lambda x: np.nanargmin(np.where(X > -1, np.nan, x), axis=1),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", REFUSED, ids=range(len(REFUSED)))
def test_what_numpy_refuses_is_refused_alike(f):
    try:
        f(X)
    except (ValueError, TypeError, IndexError, RuntimeError, ZeroDivisionError, np.linalg.LinAlgError) as refusal:
        with pytest.raises(type(refusal)):
            ew.linearize(f, X)
    except (DeprecationWarning, FutureWarning):
        assert OLDER
    else:
        assert OLDER


def test_what_is_missing_says_so():
    for f, error in [
        (lambda x: np.linalg.qr(x, "economic"), NoRuleError),
        (lambda x: np.pad(x, 1, lambda *args: None), NotYetError),
        (lambda x: np.mean(x, out=np.zeros(())), StoreError),
        (lambda x: np.median(x, None, np.zeros(())), StoreError),
        (ew.vmap(np.unique), BatchError),
    ]:
        with pytest.raises(error):
            ew.linearize(f, X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.pad(x, {-1: (2, 1)}, "edge"),  # since NumPy 2.2
        lambda x: np.trim_zeros(np.where(X > 1.2, x, 0), "b"),
        lambda x: np.trim_zeros(np.where(X > 1.2, x, 0), "f", axis=1),
        lambda x: np.trim_zeros(0 * x[0], "f"),
    ],
)
def test_what_older_versions_of_numpy_do_not_know(f):
    try:
        f(X)
    except (TypeError, ValueError):
        return
    same(f)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_medians_of_nothing_and_of_infinities():
    def f(x):
        made = [np.median(x[:0], axis=0), np.nanmedian(x[:, :0], keepdims=True), np.nanquantile(x[:0], [0.2, 0.3])]
        infinite = np.where(X > 1.4, -np.inf, x)
        return [*made, *(np.nanquantile(infinite, q, axis=1) for q in (0.1, 0.3, 0.5))]

    for got, right in zip(ew.linearize(f, X)[0], f(X), strict=True):
        np.testing.assert_array_equal(got, right)


def test_a_batch_is_refused_what_a_member_is_refused():
    rows = np.array([[1.0, 2.0], [np.nan, np.nan]])
    with pytest.raises(ValueError, match="All-NaN slice"):
        ew.vmap(np.nanargmax)(rows)
    assert ew.vmap(np.nanargmax)(rows[:1]).tolist() == [1]
    with pytest.raises(ValueError, match="invalid entry in choice array"):
        ew.vmap(lambda i: np.choose(i, [1.0, 2.0]))(np.array([0, 2]))
    with pytest.raises(ZeroDivisionError, match="sum to zero"):
        ew.vmap(lambda w: np.average([1.0, 2.0], weights=w))(np.array([[1.0, 1.0], [0.0, 0.0]]))


def test_an_intersection_follows_the_first_argument():
    a, b = np.array([3.0, 1.0, 2.0, 1.0]), np.array([1.0, 3.0, 9.0])

    def f(a, b):
        common, at, other = np.intersect1d(a, b, return_indices=True)
        assert (at.tolist(), other.tolist()) == ([1, 0], [0, 1])
        return np.sum(common * np.array([10.0, 20.0]))

    by_a, by_b = ew.grad(f, (0, 1))(a, b)
    assert (by_a.tolist(), by_b.tolist()) == ([20, 10, 0, 0], [0, 0, 0])
    assert ew.jvp(np.intersect1d, (a, b), (np.arange(4.0), np.ones(3)))[1].tolist() == [1, 0]


def test_a_root_at_zero_moves():
    p = np.array([1.0, -3.0, 2.0, 0.0])  # (x - 2)(x - 1)x, whose roots move by -t(r)/p'(r)
    value, tangent = ew.jvp(np.roots, (p,), (np.ones(4),))
    np.testing.assert_allclose(value, [2, 1, 0], atol=1e-15)
    np.testing.assert_allclose(tangent, [-15 / 2, 4, -1 / 2], rtol=1e-13)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
@pytest.mark.parametrize("n", [2, 4])
def test_complex_convolutions(function, mode, n):
    rng = np.random.default_rng(0)
    a, v = (rng.standard_normal(k) + 1j * rng.standard_normal(k) for k in (3, n))

    def f(a, v):
        return np.sum(np.abs(function(a, v, mode)) ** 2)

    value, (by_a, by_v) = ew.value_and_grad(f, (0, 1))(a, v)
    assert value == pytest.approx(f(a, v), rel=1e-13)
    for at, got in ((0, by_a), (1, by_v)):
        for i in range(len(got)):

            def slope(step, at=at, i=i):
                moved = [a.copy(), v.copy()], [a.copy(), v.copy()]
                moved[0][at][i] += step
                moved[1][at][i] -= step
                return (f(*moved[0]) - f(*moved[1])) / (2 * abs(step))

            np.testing.assert_allclose(got[i], slope(1e-3) + 1j * slope(1e-3j), rtol=1e-4, atol=1e-4)


def test_what_is_given_as_a_polynomial_comes_back_as_one():
    p = np.poly1d([2.0, 1.0])

    def f(x):
        made = [np.polyadd(p, x), np.polysub(x, p), np.polymul(p, x), *np.polydiv(x, p)]
        made += [np.poly1d(x) * p, np.poly1d(x).deriv(), np.poly1d(x).integ(), np.poly1d(x)(p)]
        assert all(isinstance(m, np.poly1d) for m in made)
        return np.concatenate([m.coeffs for m in made])

    same(f, np.array([1.5, -2.0, 0.25]))


def test_conventions_at_kinks():
    assert ew.grad(np.linalg.norm)(np.zeros(3)).tolist() == [0, 0, 0]
    assert ew.grad(lambda x: np.linalg.norm(x, 3))(np.zeros(3)).tolist() == [0, 0, 0]
    assert ew.grad(ew.grad(np.sinc))(0.0) == pytest.approx(-(np.pi**2) / 3, rel=1e-14)
    assert ew.grad(ew.grad(ew.grad(ew.grad(np.sinc))))(0.0) == pytest.approx(np.pi**4 / 5, rel=1e-14)
    assert ew.grad(ew.grad(np.i0))(0.0) == pytest.approx(0.5, rel=1e-14)
    assert ew.grad(lambda a: np.remainder(6.0, a))(2.0) == -3
    assert ew.grad(lambda a: np.fmod(-7.0, a))(2.0) == 3
    assert ew.grad(lambda h: np.heaviside(0.0, h))(0.5) == 1
    assert ew.grad(lambda x: np.heaviside(x, 0.5))(0.0) == 0
    assert ew.grad(np.copysign, (0, 1))(-2.0, -0.0) == (1, 0)
    assert ew.grad(np.median)(np.array([1.0, np.nan])).tolist() == [0, 1]
    assert ew.grad(lambda x: np.sum(np.unique(x)))(np.array([2.0, 2.0, 1.0])).tolist() == [1, 0, 1]
