"""The coverage table: nothing of NumPy's is forgotten, nothing is in it twice, and what it says is so."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS
from edgewise.core.traced import Traced
from edgewise.errors import EdgewiseError
from edgewise.testing.coverage import MODES, STATUSES, counts, coverage, markdown, names
from edgewise.testing.reasons import METHOD_REASONS, REASONS, THROUGH

ROWS = {row.name: row for row in coverage()}
X = np.array([1.3, 0.4, 2.1])
MATRIX = np.array([[0.3, -1.2, 2.0], [1.5, 0.4, -0.7]])


def declared(function):
    return DECLARATIONS.get(function) if getattr(function, "__hash__", None) else None


def test_every_public_function_of_numpy_has_a_row_or_a_reason():
    """Of ``numpy.linalg`` and ``numpy.fft`` too, as their rows enter the book; what waits for them is named here."""
    assert not {name for name, row in ROWS.items() if row.status == "not yet"}


def test_no_function_has_both_a_row_and_a_reason():
    spelled = {n: function for _, name, function, aliases in names() for n in (name, *aliases)}
    rows = {n for n, function in spelled.items() if declared(function)}
    assert rows & (set(REASONS) | set(THROUGH)) == set()
    assert set(REASONS) & set(THROUGH) == set()


def test_reasons_are_about_functions_of_numpy():
    """Other versions may lack a few: those are named here."""
    gone = {"np.row_stack", "np.trapz", "np.linalg.test", "np.fft.test"}
    spelled = {n for _, name, _, aliases in names() for n in (name, *aliases)}
    assert (set(REASONS) | set(THROUGH)) - spelled <= gone


def test_every_declaration_of_numpys_is_in_the_table():
    shown = {id(function) for _, _, function, _ in names()}
    rest = [f for f in DECLARATIONS if id(f) not in shown and not isinstance(getattr(f, "__self__", None), np.ufunc)]
    assert {f for f in rest if f.__module__.startswith("numpy")} == {np.lib.stride_tricks.sliding_window_view}


def test_all_modes_know_the_same_functions():
    found = counts()
    assert found["forward"] == found["reverse"] == found["second order"] == found["differentiated"]
    unbatched = {name for name, row in ROWS.items() if row.status == "differentiated" and "batched" not in row.modes}
    ragged = {name for _, name, function, _ in names() if getattr(declared(function), "ragged", False)}
    assert unbatched == ragged | {"np.poly1d"}
    assert all("no batch" in ROWS[name].note for name in unbatched)
    assert found["differentiated"] > 330
    assert sum(found[status] for status in STATUSES) == len(ROWS)
    assert counts([]) == dict.fromkeys((*STATUSES, *MODES), 0)


def test_the_table_prints():
    lines = markdown(coverage()).splitlines()
    assert len(lines) == len(ROWS) + 2
    assert all(line.count(" | ") == 4 for line in lines)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # np.row_stack and np.trapz, in some versions
@pytest.mark.parametrize("name", [n for n in THROUGH if hasattr(np, n[3:])])
def test_what_numpy_never_hands_to_us_is_right(name):
    f, h = THROUGH[name], 1e-6
    slopes = [(np.asarray(f(X + h * e), float) - np.asarray(f(X - h * e), float)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(ew.jacobian(f)(X), np.stack(slopes, -1), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(ew.jvp(f, (X,), (np.eye(3)[0],))[1], slopes[0], rtol=1e-7, atol=1e-8)


ATTRIBUTES = [n for n in dir(np.ndarray) if not n.startswith("_")]


def same(found, expected):
    """The value below one level of tracing, against NumPy's."""
    if isinstance(expected, tuple | list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return np.array_equal(np.asarray(ew.value(found)), np.asarray(expected))


@pytest.mark.parametrize("name", [n for n in ATTRIBUTES if n not in METHOD_REASONS])
def test_methods_of_arrays_give_what_numpy_gives(name):
    from edgewise.testing.reasons import METHOD_CALLS

    x = np.arange(4.0) if name == "searchsorted" else MATRIX[:, [0, 1, 2, 0]].repeat([1, 2], 0)

    def run(a):
        found = getattr(a, name)
        return found(*METHOD_CALLS.get(name, ())) if callable(found) else found

    def traced(a):
        assert isinstance(a, Traced)
        assert same(run(a), np.array(run(x)) if name == "flat" else run(x))
        return np.sum(a)

    ew.grad(traced)(x)


STORES = {"fill", "partition", "put", "sort"}


@pytest.mark.parametrize("name", [n for n in ATTRIBUTES if n in METHOD_REASONS and n not in STORES])
def test_methods_that_have_no_derivative_say_so(name):
    def f(a):
        found = getattr(a, name)
        return found([MATRIX] * 3 if name == "choose" else 0) if callable(found) else found

    with pytest.raises(EdgewiseError) as caught:
        ew.grad(f)(MATRIX)
    assert "Traced" not in str(caught.value)
    assert "test_coverage.py" in str(caught.value)


def test_flat_is_the_entries_in_a_row():
    weights = np.arange(1.0, 7.0)

    def f(a):
        return sum(w * v**2 for w, v in zip(weights, a.flat, strict=True)) + a.flat[4] * a.flat[0]

    expected = 2 * weights.reshape(2, 3) * MATRIX
    expected[1, 1] += MATRIX[0, 0]
    expected[0, 0] += MATRIX[1, 1]
    np.testing.assert_allclose(ew.grad(f)(MATRIX), expected, rtol=1e-15)


def test_storing_into_flat():
    def f(a):
        a.flat[1:3] = a[0, 0] ** 2
        a.flat[4] += 1.0
        return np.sum(a)

    expected = np.ones_like(MATRIX)
    expected.flat[1:3] = 0.0
    expected[0, 0] += 4 * MATRIX[0, 0]
    np.testing.assert_allclose(ew.grad(f)(MATRIX), expected)
    spread = ew.grad(lambda a: (setattr(a, "flat", a[0, 0]), np.sum(a))[1])(MATRIX)
    np.testing.assert_array_equal(spread.ravel(), [6, 0, 0, 0, 0, 0])


def test_the_namespace_of_traced_values_is_numpy():
    def f(a):
        xp = a.__array_namespace__()
        return xp.sum(xp.exp(a))

    np.testing.assert_allclose(ew.grad(f)(MATRIX), np.exp(MATRIX))
