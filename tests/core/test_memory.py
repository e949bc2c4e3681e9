"""Arrays that share memory: whose stores are seen by whom, across levels and transformations, and what they cost."""

from __future__ import annotations

import copy
import gc
import pickle
import time
import warnings
import weakref

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.memory import Aliased, AliasedScalar, Flat
from edgewise.core.mode import Mode
from edgewise.core.traced import TracedArray
from edgewise.errors import BatchError, EscapedError, NoRuleError, NotYetError, StoreError
from edgewise.modes import Recorded

X = np.array([1.0, 2.0, 3.0, 4.0])


def difference(f, x, h=1e-6):
    """Central differences."""
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))])


def test_parts_of_complex_numbers_may_be_set():
    """As NumPy has it: ``z.imag *= 2`` stores into a view, and then into the attribute."""

    def f(x):
        z = x[:2] + 1j * x[2:]
        other = z[::-1]
        z.real[0] = x[3] ** 2
        z.imag *= 2 * x[:2]
        z.real = z.real * z.imag
        other.imag = x[1]
        y = 1.0 * x
        y.real = x**2
        return np.abs(z[0]) ** 2 + np.abs(other[0]) ** 3 + y @ np.arange(4.0)

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), rtol=1e-6)
    np.testing.assert_allclose(ew.jacfwd(f)(X), ew.grad(f)(X), rtol=1e-12)
    np.testing.assert_allclose(ew.vmap(ew.grad(f))(np.stack([X, 2 * X]))[1], ew.grad(f)(2 * X), rtol=1e-12)
    with pytest.raises(TypeError, match="does not have imaginary part"):
        ew.grad(lambda x: setattr(x, "imag", 1.0))(X)
    for attribute in ("T", "imag"):
        with pytest.raises(NoRuleError, match="of a traced value cannot be set"):
            ew.grad(lambda x, a=attribute: setattr(x[:2][0] if a == "imag" else x[:2], a, 1.0))(X)


# -- whose array it is


def overwrites(x):
    x *= 2.0
    x[0] = 7.0
    x.sort()
    return np.sum(x * x)


def test_the_callers_array_is_his():
    for size in (4, 2000, 200_000):  # copied, copied once, locked
        x = np.linspace(1.0, 2.0, size)
        before = x.copy()
        ew.grad(overwrites)(x)
        ew.jvp(overwrites, (x,), (x,))
        ew.vjp(overwrites, x)
        ew.linearize(overwrites, x)
        ew.vmap(overwrites)(x[None])
        np.testing.assert_array_equal(x, before)
        assert x.flags.writeable
    ew.check_grads(overwrites, X)
    ew.hessian(overwrites)(X)
    np.testing.assert_array_equal(X, [1.0, 2.0, 3.0, 4.0])


def test_an_argument_of_an_inner_transformation_is_copied_too():
    def f(x):
        y = 3.0 * x
        inner = ew.grad(overwrites)(y)
        return np.sum(inner) + np.sum(y)

    np.testing.assert_allclose(ew.grad(f)(X), [3.0, 27.0, 27.0, 27.0])


def test_results_share_nothing():
    def f(x):
        value, gradient = ew.value_and_grad(lambda t: np.sum(t * t))(x)
        y, pull = ew.vjp(np.exp, x)
        y[...] = 0.0  # the pull has kept what it needs
        gradient[0] = 100.0
        (a, b) = ew.grad(lambda s, t: np.sum(s + t), (0, 1))(x, 2 * x)
        a[0] = 5.0
        return np.sum(pull(x)[0]) + np.sum(b) + np.sum(gradient[1:]) + value

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), rtol=1e-8)


def test_an_array_that_an_inner_level_kept_is_overwritten():
    def f(x):
        y = x * 1.0

        def inner(t):
            s = np.sum(y * t * t)
            y[0] = 100.0
            return s

        return np.sum(ew.grad(inner)(x) * X)

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), rtol=1e-7)
    np.testing.assert_allclose(ew.jvp(f, (X,), (X,))[1], difference(f, X) @ X, rtol=1e-7)


def test_a_value_of_a_higher_level_ends_with_it():
    def f(x, back):
        y = x * 1.0

        def inner(t):
            y[0] = t
            return np.sum(y * y) * t

        g = ew.grad(inner)(x[1])
        return g + back * y[0] if back else g

    np.testing.assert_allclose(ew.grad(f)(X, False), [0.0, 16.0, 6.0, 8.0])
    with pytest.raises(EscapedError):
        ew.grad(f)(X, True)


def test_a_number_is_no_array():
    with pytest.raises(TypeError, match=r"'numpy\.float64' object does not support item assignment"):
        ew.grad(lambda x: x[0].__setitem__((), 1.0))(X)


def test_copies_are_copies():
    def f(x):
        copies = [copy.copy(x), copy.deepcopy(x), np.copy(x), x.copy(), x.astype(float), +x, np.array(x), x.flatten()]
        x[...] = 0.0
        return sum(np.sum(c) for c in copies)

    np.testing.assert_array_equal(ew.grad(f)(X), 8.0)
    assert f(X.copy()) == 80.0


# -- classes


def test_an_array_changes_class_when_it_is_stored_into():
    def f(x):
        y = 2.0 * x
        view, other = y[1:], 2.0 * x
        assert type(y) is type(view) is type(other) is TracedArray
        view[0] = 5.0
        assert type(y) is type(view) is Aliased
        assert type(other) is TracedArray
        assert type(y[2:]) is Aliased
        assert type(y[0, ...]) is AliasedScalar
        assert type(y.flat) is Flat
        assert y.flat.base is y
        assert isinstance(y, ew.core.traced.Traced)
        assert (y.shape, y.dtype, y.ndim, y.size, view.shape, len(view)) == ((4,), np.dtype(float), 1, 4, (3,), 3)
        assert "traced(array([2., 5." in repr(y)
        with pytest.raises(EscapedError):
            pickle.dumps(y)
        return np.sum(y)

    np.testing.assert_array_equal(ew.grad(f)(X), [2.0, 0.0, 2.0, 2.0])


def test_a_view_without_axes():
    def f(x):
        y = x * x
        corner, last = y[0, ...], np.squeeze(y[3:])
        corner[...] = 3.0 * x[1]
        y[3] = corner * 2.0
        return last + np.sum(y) + y.flat[0]

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), atol=1e-8)


def test_dead_views_are_forgotten():
    def f(x):
        for _ in range(1000):
            assert x[1:].shape == (3,)
        assert len(x.alias.views) < 50
        view = weakref.ref(x[1:])
        gc.collect()
        assert view() is None
        return np.sum(x)

    ew.grad(f)(X)


# -- what NumPy refuses, and what we do


REFUSED = {
    "a shape": lambda x: x.__setitem__(slice(0, 2), np.ones(3)),
    "a shape behind an array": lambda x: x.__setitem__([0, 1], np.ones(3)),
    "out of bounds": lambda x: x.__setitem__(7, 1.0),
    "out of bounds in an array": lambda x: x.__setitem__([0, 9], 1.0),
    "too many indices": lambda x: x.__setitem__((0, 0), 1.0),
    "a larger result": lambda x: x.__iadd__(np.ones((2, 4))),
    "a complex number added": lambda x: x.__iadd__(1j),
    "a complex number stored": lambda x: x.__setitem__(0, 1j),
    "a smaller out": lambda x: np.add(x, 1, out=x[:2]),
    "copyto, a shape": lambda x: np.copyto(x, np.ones(3)),
    "copyto, a dtype": lambda x: np.copyto(x, 1j * X),
    "put": lambda x: np.put(x, [9], 1.0),
    "place": lambda x: np.place(x, [True, False], 1.0),
    "place, nothing": lambda x: np.place(x, X > 2, []),
    "putmask": lambda x: np.putmask(x, [True, False], 1.0),
    "fill": lambda x: x.fill(np.ones(4)),
    "fill_diagonal": lambda x: np.fill_diagonal(x, 1.0),
    "fill_diagonal, unequal": lambda x: np.fill_diagonal(np.reshape(x, (1, 2, 2)), 1.0),
    "sort": lambda x: x.sort(axis=2),
    "a broadcast": lambda x: np.broadcast_to(x, (2, 4)).__setitem__(0, 1.0),
    "a broadcast, whole": lambda x: np.broadcast_to(x, (2, 4)).__setitem__(..., 1.0),
    "a diagonal": lambda x: np.diagonal(np.reshape(x, (2, 2))).__setitem__(0, 1.0),
    "deleting": lambda x: x.__delitem__(0),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_numpy_refuses_is_refused_in_its_words(what):
    store = REFUSED[what]
    with pytest.raises((ValueError, IndexError, TypeError)) as plain:
        store(X.copy())
    for transformed in (ew.grad, ew.jacfwd):
        with pytest.raises(type(plain.value) if what != "a complex number added" else TypeError) as traced:
            transformed(lambda x: (store(x), np.sum(x))[1])(X)
        assert str(plain.value)[:40] in str(traced.value)


def test_the_shape_of_an_out_of_a_reduction():
    for out in (lambda x: x[:3], lambda x: np.reshape(x, (1, 4))):
        with pytest.raises(ValueError, match=r"broadcast|output parameter"):
            ew.grad(lambda x, out=out: np.sum(np.outer(x, x), 0, out=out(x)))(X)
    with pytest.raises(StoreError):
        ew.grad(lambda x: np.divmod(x, 2.0, out=(x, X.copy())))(X)


def test_out_of_functions():
    def f(x):
        y, whole = np.zeros_like(x), np.zeros_like(x)
        assert np.cumsum(x, out=y) is y
        y += np.add.accumulate(x, out=whole)
        assert np.add(x, 1.0, whole) is whole
        np.multiply(y, 2.0, out=y, where=X > 1.5)
        fraction, parts = np.modf(x * 1.5, out=(np.zeros_like(x), None))
        return np.sum(y * whole) + np.sum(fraction * X) + 0 * np.sum(parts)

    x = X + 0.1
    np.testing.assert_allclose(ew.grad(f)(x), difference(f, x), rtol=1e-7)


def test_real_and_imaginary_parts_are_views():
    def f(x):
        z = x.astype(complex) * (1 + 2j)
        re, im = z.real, np.imag(z)[1:]
        re[0] = x[1] * 3
        z[2] = 1j * x[0]
        im += re[1:]
        z.imag[...] = z.imag * 2
        assert re.dtype == float
        return np.sum(re * re * X) + np.sum(im**2)

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), atol=1e-6)
    np.testing.assert_allclose(ew.vmap(ew.grad(f))(X[None])[0], difference(f, X), atol=1e-6)


def test_a_store_of_complex_numbers_into_real_ones_warns_as_numpy_does():
    def f(x):
        x[1:] = x[1:] * (1 + 2j)
        return np.sum(x)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.testing.assert_array_equal(ew.grad(f)(X), 1.0)
    assert any(issubclass(w.category, np.exceptions.ComplexWarning) for w in caught)


def test_what_asarray_made_does_not_go_stale():
    def stored_into_the_array(x):
        y = 2 * x
        b = np.asarray(y)
        y[0] = 5.0
        return np.sum(b)

    def again(x):
        y = 2 * x
        y[0] = 1.0
        b = np.asarray(y)
        y[0] = 5.0
        return np.sum(b)

    def through_a_view(x):
        y = 2 * x
        b = np.asarray(y[1:])
        y += 1.0
        return np.sum(b)

    for f in (stored_into_the_array, again, through_a_view):
        with pytest.raises(StoreError, match=r"np\.asarray"):
            ew.grad(f)(X)

    def stored_into_the_object_array(x):
        np.asarray(x)[0] = 5.0
        return np.sum(x)

    with pytest.raises(ValueError, match="read-only"):
        ew.grad(stored_into_the_object_array)(X)

    def no_longer_in_use(x):
        total = np.sum(np.asarray(x))
        x[0] = 5.0
        return total + np.sum(x)

    gc.collect()
    np.testing.assert_array_equal(ew.grad(no_longer_in_use)(X), [1.0, 2.0, 2.0, 2.0])


def test_shuffles():
    def f(x, make):
        y = make(x)
        np.random.default_rng(0).shuffle(y)
        return np.sum(y * np.arange(y.size).reshape(y.shape))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about what is no sequence of its own
        np.testing.assert_allclose(ew.grad(f)(X, np.exp), difference(lambda x: f(x, np.exp), X), rtol=1e-6)
        with pytest.raises(NotYetError, match="shuffle was given a traced array of several axes"):
            ew.grad(f)(X, lambda x: np.outer(x, x))


def test_leading_axes_of_length_one_are_dropped():
    def f(x):
        y = np.zeros_like(x)
        y[1:] = (x * x)[None, None, :3]
        y[:1] += np.reshape(x[:1], (1,))
        return np.sum(y * X)

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), rtol=1e-8)


def test_entries_named_once_and_never():
    def f(x):
        np.multiply.at(x, [2, 0], x[:2])
        np.add.at(x, [], 5.0)
        np.sqrt.at(x, slice(1, 3))
        return np.sum(x * X)

    np.testing.assert_allclose(ew.grad(f)(X), difference(lambda x: f(x.copy()), X), rtol=1e-7)


def test_rows_of_diagonals_and_windows():
    def f(x):
        y = np.outer(x, x)
        diagonal, windows = np.diagonal(y), np.lib.stride_tricks.sliding_window_view(y[0], 2)
        copied, seen = diagonal.ravel(), diagonal.reshape(2, 2)
        spread = np.ravel(windows)
        y[...] = 1.0
        y[0, 0] = x[3]
        again = np.ravel(windows)
        y[0, 1] = 7.0
        return np.sum(copied) + 2 * np.sum(seen) + 3 * np.sum(spread) + 5 * np.sum(windows) + 11 * np.sum(again)

    np.testing.assert_allclose(ew.grad(f)(X), difference(f, X), rtol=1e-7)


def test_a_mode_that_says_nothing_about_stores():
    class Plain(Recorded):
        put = Mode.put

    with Plain() as mode:
        y = mode.lift(X) * 1.0
        before = y * 1.0
        y[1] = 5.0 * y[0]
        np.testing.assert_array_equal(mode.lower(y), [1.0, 5.0, 3.0, 4.0])
        np.testing.assert_array_equal(mode.lower(before), X)
    with pytest.raises(NotImplementedError):
        Mode().constant(X)


@pytest.mark.needs("pint")
def test_quantities():
    import pint

    metre = pint.UnitRegistry().metre

    def f(x):
        y = x * 2.0
        row = y[1:]
        y[1] = 3.0 * y[0]
        row[1] = 5.0 * metre
        return np.sum(y)

    gradient = ew.grad(f)(X * metre)
    np.testing.assert_array_equal(getattr(gradient, "magnitude", gradient), [8.0, 0.0, 0.0, 2.0])


# -- batches


def test_an_index_for_each_member():
    def f(x, i):
        y = x * 1.0
        y[i] = x[: i.size] * 7
        np.add.at(y, i, x[: i.size])
        np.subtract.at(y[1:], i % 3, 2.0)
        y.real[i] = y[i] + 1.0
        return np.sum(y * y * X)

    places = np.array([[1, 1, 2], [0, 3, 0]])
    found = ew.vmap(ew.grad(f))(np.stack([X, X]), places)
    for i, row in enumerate(places):
        np.testing.assert_allclose(found[i], ew.grad(f)(X, row))
        np.testing.assert_allclose(found[i], difference(lambda x, row=row: f(x, row), X), rtol=1e-6)

    def parts(x, i):
        z = x * (1 + 1j)
        z.imag[i] = x[: i.size]
        z[1:].real[i % 3] = x[: i.size] ** 2
        return np.sum(np.abs(z) ** 2 * X)

    found = ew.vmap(ew.grad(parts))(np.stack([X, X]), places)
    for i, row in enumerate(places):
        np.testing.assert_allclose(found[i], difference(lambda x, row=row: parts(x, row), X), rtol=1e-6)


def test_a_mask_for_each_member():
    def f(x):
        y = np.outer(x, X)
        y[x > 2] = x[0]
        y[(y > 5,)] = 1.0
        return np.sum(y * y)

    stack = np.stack([X, X[::-1]]) + 0.1
    found = ew.vmap(ew.grad(f))(stack)
    for own, x in zip(found, stack, strict=True):
        np.testing.assert_allclose(own, difference(f, x), atol=1e-6)
    with pytest.raises(BatchError):
        ew.vmap(lambda x: x.__setitem__(x > 2, x))(stack)
    with pytest.raises(BatchError):
        ew.vmap(lambda x: np.place(x, x > 2, [1.0]))(stack)


def test_batches_of_integers_can_be_stored():
    def f(x):
        places = np.zeros_like(x, dtype=int)
        places[0] = np.argmax(x)
        return x[places[0]] ** 2

    np.testing.assert_array_equal(ew.vmap(ew.grad(f))(np.stack([X, X[::-1]])), [[0, 0, 0, 8], [8, 0, 0, 0]])


# -- what it costs


def loop(x):
    a = np.zeros_like(x)
    view = a[1:]
    a[0] = x[0]
    for i in range(len(x) - 1):
        view[i] = 0.5 * a[i] + x[i]
    return np.sum(a)


def rows(x):
    a = np.zeros_like(x, shape=(len(x), 2))
    for i in range(1, len(x)):
        a[i] += 0.5 * a[i - 1] + x[i]
    return np.sum(a)


def readings(x):
    total = 0.0
    for i in range(len(x)):
        total = total + x[i] * x[i]
    return total


@pytest.mark.parametrize("f", [loop, rows, readings])
@pytest.mark.parametrize(
    "transformed", [ew.grad, lambda f: lambda x: ew.jvp(f, (x,), (x,))], ids=["reverse", "forward"]
)
def test_a_loop_costs_what_it_stores(f, transformed):
    """Ten times as many entries cost ten times as much; copies of the whole would make it a hundred."""

    def seconds(n):
        x, best = np.linspace(1.0, 2.0, n), np.inf
        for _ in range(2):
            begin = time.perf_counter()
            transformed(f)(x)
            best = min(best, time.perf_counter() - begin)
        return best

    assert seconds(10_000) < 40 * seconds(1_000)


def test_an_imaginary_part_is_dropped_with_numpys_warning():
    def f(x):
        y = x * 1.0
        with pytest.warns(np.exceptions.ComplexWarning):
            y[:2] = (1 + 2j) * x[1:]
        return np.sum(y * np.array([1.0, 10.0, 100.0]))

    assert ew.grad(f)(np.array([1.0, 2.0, 3.0])).tolist() == [0.0, 1.0, 110.0]


def test_entries_of_a_part_are_picked():
    def f(z):
        w = z * 1.0
        w[0] = 3.0
        return np.sum(w.real[[1, 2, 1]]) + np.sum(w.imag[[2, 0]])

    np.testing.assert_array_equal(ew.grad(f)(np.array([1j, 2.0, 3 + 1j])), [0, 2, 1 + 1j])


def test_a_store_of_another_width_is_converted():
    def f(x):
        y = x * 1.0
        y[:2] = x[1:].astype(np.float32)
        y[2] += np.array([3, 4])[1]
        return np.sum(y**2)

    np.testing.assert_allclose(ew.grad(f)(np.array([1.0, 2.0, 3.0])), [0, 4, 20])
