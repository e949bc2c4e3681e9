"""Cut branches: an element that no live path reads contributes exactly nothing, however singular it is.

Each line of ``CUTS`` puts a singular operation behind a selection, and beside it the same function written so that the
singular element is never computed. Every derivative of the first has to be that of the second, and exactly 0 at the
dead elements: forward, reverse, Jacobians, all four second orders, and under ``vmap``. Where the element is read, its
infinite or undefined derivative is to be loud.
"""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the user's own pass divides by zero, and is told so

AT_FOUR = np.array([0.0, 4.0])
LINE = np.array([0.0, 1.5, 4.0, 2.5])
SQUARE = np.array([[0.0, 2.0, 3.0], [1.5, 0.0, 4.0], [2.5, 0.5, 0.0]])
ROWS = np.array([[0.0, 0.0, 0.0], [1.5, 0.5, 4.0]])
WEIGHTS = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6], [0.2, 0.9, 1.3]])


def inverse(x):
    return 1 / x


def length(x):
    return np.sqrt(np.sum(x * x, 1, keepdims=True))


def live(function, x):
    """``function`` of the entries of ``x`` that are not 0, and 0 of the others: without ever computing them."""
    return np.where(x != 0, function(np.where(x != 0, x, 1.0)), 0.0)


CUTS = {
    "where": (lambda x: np.where(x > 0, np.sqrt(x), 0), lambda x: live(np.sqrt, x), LINE),
    "where, the other way": (lambda x: np.where(x <= 0, 0, np.log(x)), lambda x: live(np.log, x), LINE),
    "where, of two roots": (
        lambda x: np.where(x > 0, np.sqrt(np.sqrt(x)), x),
        lambda x: live(lambda v: np.sqrt(np.sqrt(v)), x) + np.where(x > 0, 0, x),
        LINE,
    ),
    "where, undefined": (
        lambda x: np.where(x > 0, np.arctan2(x, x * x), 0), lambda x: live(lambda v: np.arctan2(v, v * v), x), LINE,
    ),
    # finite at first order, infinite at second: the first derivative has to be taken so that a second one can be
    "where, a second time": (lambda x: np.where(x > 0, x**1.5, 0), lambda x: live(lambda v: v**1.5, x), LINE),
    "slice, a second time": (lambda x: (x * np.sqrt(x))[1:], lambda x: x[1:] * np.sqrt(x[1:]), LINE),
    "max, a second time": (lambda x: np.max(x**1.5), lambda x: x[1] ** 1.5, AT_FOUR),
    "slice": (lambda x: np.sqrt(x)[1:], lambda x: np.sqrt(x[1:]), AT_FOUR),
    "integer": (lambda x: np.log(x)[2], lambda x: np.log(x[2]), LINE),
    "index array": (lambda x: np.sqrt(x)[[1, 3, 3]], lambda x: np.sqrt(x[[1, 3, 3]]), LINE),
    "index arrays": (lambda x: inverse(x)[[0, 1], [2, 0]], lambda x: inverse(x[[0, 1], [2, 0]]), SQUARE),
    "mask": (lambda x: np.sqrt(x)[ew.value(x) > 0], lambda x: np.sqrt(x[1:]), LINE),
    "take": (lambda x: np.take(np.sqrt(x), [3, 1]), lambda x: np.sqrt(np.take(x, [3, 1])), LINE),
    "take_along_axis": (
        lambda x: np.take_along_axis(np.sqrt(x), np.array([[1], [0], [1]]), 1),
        lambda x: np.sqrt(np.take_along_axis(x, np.array([[1], [0], [1]]), 1)),
        SQUARE,
    ),
    "compress": (
        lambda x: np.compress([False, True, True, False], np.sqrt(x)), lambda x: np.sqrt(x[1:3]), LINE,
    ),
    "split": (lambda x: np.split(inverse(x), 2)[1], lambda x: inverse(np.split(x, 2)[1]), LINE),
    "select": (
        lambda x: np.select([x > 3, x > 0], [np.sqrt(x), np.log(x)], 0.0),
        lambda x: np.where(x > 3, live(np.sqrt, x), live(np.log, x)),
        LINE,
    ),
    "max": (lambda x: np.max(np.sqrt(x)), lambda x: np.sqrt(x[1]), AT_FOUR),
    "max along an axis": (lambda x: np.max(np.sqrt(x), axis=0), lambda x: np.sqrt(np.max(x, axis=0)), SQUARE),
    "min": (lambda x: np.min(inverse(x)), lambda x: inverse(np.max(x)), LINE),
    "maximum": (lambda x: np.maximum(np.sqrt(x), 0.5), lambda x: np.where(x > 0.25, live(np.sqrt, x), 0.5), LINE),
    "minimum": (lambda x: np.minimum(inverse(x), 9.0), lambda x: np.where(x > 0, live(inverse, x), 9.0), LINE),
    "fmax": (lambda x: np.fmax(np.log(x), -3.0), lambda x: np.where(x > 0, live(np.log, x), -3.0), LINE),
    "fmin": (lambda x: np.fmin(inverse(x), 9.0), lambda x: np.where(x > 0, live(inverse, x), 9.0), LINE),
    "clip": (lambda x: np.clip(np.log(x), -3.0, 2.0), lambda x: np.where(x > 0, live(np.log, x), -3.0), LINE),
    "sort": (lambda x: np.sort(np.sqrt(x))[1:], lambda x: np.sqrt(np.sort(x)[1:]), LINE),
    "sort along an axis": (
        lambda x: np.sort(np.sqrt(x), axis=0)[1:], lambda x: np.sqrt(np.sort(x, axis=0)[1:]), SQUARE,
    ),
    "diagonal": (lambda x: np.diagonal(inverse(x), 1), lambda x: inverse(np.diagonal(x, 1)), SQUARE),
    "triangle": (lambda x: np.tril(np.sqrt(x), -1), lambda x: live(np.sqrt, np.tril(x, -1)), SQUARE),
    "normalise": (
        lambda x: np.where(length(x) > 0, x / length(x), 0),
        lambda x: np.stack([0 * x[0], x[1] / np.sqrt(np.sum(x[1] ** 2))]),
        ROWS,
    ),
    "constants joined before": (
        lambda x: np.sqrt(np.concatenate([x[1:], np.zeros(2)])),
        lambda x: np.concatenate([np.sqrt(x[1:]), np.zeros(2)]),
        LINE,
    ),
    "constants stacked before": (
        lambda x: np.sqrt(np.stack([x[1:], np.zeros(3)])), lambda x: np.stack([np.sqrt(x[1:]), np.zeros(3)]), LINE,
    ),
    "zeros chosen before": (
        lambda x: np.sqrt(np.where(np.arange(4) > 1, x, 0)), lambda x: live(np.sqrt, x * (np.arange(4) > 1)), LINE,
    ),
    # carried between the singular operation and the cut
    "through a sum": (lambda x: np.sum(np.sqrt(x), axis=1)[1:], lambda x: np.sum(np.sqrt(x[1:]), axis=1), ROWS),
    "through a mean": (lambda x: np.mean(np.log(x), axis=1)[1], lambda x: np.mean(np.log(x[1])), ROWS),
    "through a product": (
        lambda x: np.prod(np.sqrt(x), axis=1)[1:], lambda x: np.prod(np.sqrt(x[1:]), axis=1), ROWS,
    ),
    "through movement": (
        lambda x: np.reshape(np.transpose(np.sqrt(x)), (2, 3))[:, ::-1][[0, 1, 1], [1, 0, 2]],
        lambda x: np.sqrt(x[1, [0, 2, 1]]),
        ROWS,
    ),
    "through broadcasting": (
        lambda x: (np.sqrt(x)[:, None] * np.array([1.0, 2.0]))[1:],
        lambda x: np.sqrt(x[1:])[:, None] * np.array([1.0, 2.0]),
        LINE,
    ),
    "through repair": (
        lambda x: (np.sqrt(x) * np.ones((3, 4)))[1:, 1:], lambda x: np.sqrt(x[1:]) * np.ones((2, 3)), LINE,
    ),
    "through a cumulative sum": (
        lambda x: np.cumsum(np.sqrt(x)[::-1])[:3], lambda x: np.cumsum(np.sqrt(x[:0:-1])), LINE,
    ),
    "through a cumulative product": (
        lambda x: np.cumprod(np.sqrt(x)[::-1])[:3], lambda x: np.cumprod(np.sqrt(x[:0:-1])), LINE,
    ),
    "through a matrix product": (lambda x: (np.sqrt(x) @ WEIGHTS)[1:], lambda x: np.sqrt(x[1:]) @ WEIGHTS, ROWS),
    "through an outer product": (
        lambda x: np.outer(np.sqrt(x), x)[1:, 1:], lambda x: np.outer(np.sqrt(x[1:]), x[1:]), LINE,
    ),
    "through a product of two": (lambda x: (np.sqrt(x) * x[::-1])[1:], lambda x: np.sqrt(x[1:]) * x[::-1][1:], LINE),
    "through a quotient": (lambda x: (np.sin(x) / x)[1:], lambda x: np.sin(x[1:]) / x[1:], LINE),
    "through a join": (
        lambda x: np.concatenate([np.sqrt(x), x])[1:], lambda x: np.concatenate([np.sqrt(x[1:]), x]), LINE,
    ),
    "read twice, dead both times": (
        lambda x: np.sqrt(x)[1:] + np.sqrt(x)[[2, 3, 1]], lambda x: np.sqrt(x[1:]) + np.sqrt(x[[2, 3, 1]]), LINE,
    ),
    "cut twice": (lambda x: np.where(x > 1, np.sqrt(x), 0)[1:], lambda x: live(np.sqrt, x * (x > 1))[1:], LINE),
    "the cut's own result goes on": (
        lambda x: np.exp(-np.where(x > 0, np.log(x), 0) ** 2), lambda x: np.exp(-live(np.log, x) ** 2), LINE,
    ),
}  # fmt: skip


def first_derivatives(f, x):
    """Every way to a first derivative, by name."""
    y = np.asarray(f(x))
    g, t = np.cos(1.0 + np.arange(y.size)).reshape(y.shape)[()], np.cos(2.0 + np.arange(x.size)).reshape(x.shape)
    _, operator = ew.linearize(f, x)
    return {
        "jacobian, forward": ew.jacfwd(f)(x),
        "jacobian, reverse": ew.jacrev(f)(x),
        "grad": ew.grad(lambda x: np.sum(g * f(x)))(x),
        "vjp": ew.vjp(f, x)[1](g)[0],
        "jvp": ew.jvp(f, (x,), (t,))[1],
        "jvp where only what lives moves": ew.jvp(f, (x,), (np.where(x != 0, t, 0.0),))[1],
        "J @ t": operator @ t,
        "J.H @ g": operator.H @ g,
        "J.todense()": operator.todense(),
    }


def second_derivatives(f, x):
    """The four nestings, of a smooth scalar of the result."""

    def h(x):
        y = f(x)
        return np.sum(np.sin(y) * np.cos(1.0 + np.arange(y.size)).reshape(y.shape))

    t = np.cos(2.0 + np.arange(x.size)).reshape(x.shape)
    basis = np.eye(x.size).reshape(-1, *x.shape)

    def slope(x):
        return ew.jvp(h, (x,), (t,))[1]

    return {
        "forward over reverse": ew.hessian(h)(x),
        "reverse over reverse, by rows": ew.jacrev(ew.grad(h))(x),
        "forward over reverse, one direction": ew.hvp(h, x, t),
        "reverse over forward": ew.grad(slope)(x),
        "reverse over reverse": ew.grad(lambda x: np.sum(ew.grad(h)(x) * t))(x),
        "forward over forward": np.array([ew.jvp(slope, (x,), (e,))[1] for e in basis]),
        "forward over forward, batched": ew.jacfwd(ew.jacfwd(h))(x),
        "reverse over forward, batched": ew.jacrev(ew.jacfwd(h))(x),
    }


def compare(found, expected):
    for way, right in expected.items():
        assert np.array_equal(np.shape(found[way]), np.shape(right)), way
        assert np.all(np.isfinite(right)), f"{way}: the function meant as a reference is singular itself"
        assert np.all(np.asarray(found[way])[np.asarray(right) == 0] == 0), f"{way} is not exactly 0: {found[way]}"
        np.testing.assert_allclose(found[way], right, rtol=1e-12, atol=1e-14, err_msg=way)


@pytest.mark.parametrize("cut", CUTS)
def test_first_derivatives_behind_a_cut(cut):
    f, safe, x = CUTS[cut]
    np.testing.assert_allclose(f(x), safe(x), rtol=1e-14)
    compare(first_derivatives(f, x), first_derivatives(safe, x))


@pytest.mark.parametrize("cut", CUTS)
def test_second_derivatives_behind_a_cut(cut):
    f, safe, x = CUTS[cut]
    compare(second_derivatives(f, x), second_derivatives(safe, x))


@pytest.mark.parametrize("cut", [name for name in CUTS if name != "mask"])  # a mask of its own per member: refused
def test_derivatives_behind_a_cut_in_a_batch(cut):
    f, safe, x = CUTS[cut]
    batch = np.stack([x, 1.1 * x])

    def members(function):
        return np.stack([function(x), function(1.1 * x)])

    def h(f):
        return lambda x: np.sum(np.sin(f(x)))

    t = np.cos(2.0 + np.arange(x.size)).reshape(x.shape)
    compare(
        {
            "vmap(grad)": ew.vmap(ew.grad(h(f)))(batch),
            "vmap(jvp)": ew.vmap(lambda x: ew.jvp(f, (x,), (t,))[1])(batch),
            "vmap(jacfwd)": ew.vmap(ew.jacfwd(f))(batch),
            "vmap(jacrev)": ew.vmap(ew.jacrev(f))(batch),
            "vmap(hessian)": ew.vmap(ew.hessian(h(f)))(batch),
            "grad of vmap": ew.grad(lambda b: np.sum(ew.vmap(h(f))(b)))(batch),
        },
        {
            "vmap(grad)": members(ew.grad(h(safe))),
            "vmap(jvp)": members(lambda x: ew.jvp(safe, (x,), (t,))[1]),
            "vmap(jacfwd)": members(ew.jacfwd(safe)),
            "vmap(jacrev)": members(ew.jacrev(safe)),
            "vmap(hessian)": members(ew.hessian(h(safe))),
            "grad of vmap": members(ew.grad(h(safe))),
        },
    )


def test_a_seed_that_is_zero_takes_no_part():
    """Columns and rows of a Jacobian do not mix: an infinite entry leaves the others alone."""
    x, infinite = np.array([0.0, 4.0]), np.array([[np.inf, 0.0], [0.0, 0.25]])
    _, operator = ew.linearize(np.sqrt, x)
    found = {
        "forward": ew.jacfwd(np.sqrt)(x),
        "reverse": ew.jacrev(np.sqrt)(x),
        "jvp": np.stack([ew.jvp(np.sqrt, (x,), (e,))[1] for e in np.eye(2)], 1),
        "vjp": np.stack([ew.vjp(np.sqrt, x)[1](e)[0] for e in np.eye(2)]),
        "operator": operator.todense(),
        "adjoint": operator.H.todense().T,
        "vmap(jvp)": ew.vmap(lambda e: ew.jvp(np.sqrt, (x,), (e,))[1])(np.eye(2)).T,
        "vmap(vjp)": ew.vmap(lambda e: ew.vjp(np.sqrt, x)[1](e)[0])(np.eye(2)),
    }
    for way, value in found.items():
        assert np.array_equal(value, infinite), f"{way}: {value}"


LOUD = {
    "a square of a root": lambda x: np.sqrt(x) ** 2,
    "a root times zero": lambda x: np.sqrt(x) * 0.0,
    "a logarithm times its argument": lambda x: x * np.log(x),
    "a mask is a factor, not a cut": lambda x: np.sqrt(x * (x > 1)),
    "an angle without a direction": lambda x: np.arctan2(x, x),
    "read, and cut as well": lambda x: np.stack([np.sqrt(x) ** 2, np.where(x > 0, np.sqrt(x), 0)]),
}


@pytest.mark.parametrize("name", LOUD)
def test_what_is_read_stays_loud(name):
    def f(x):
        return np.sum(LOUD[name](x))

    found = {
        "grad": ew.grad(f)(0.0),
        "jvp": ew.jvp(f, (0.0,), (1.0,))[1],
        "forward": ew.jacfwd(f)(0.0),
        "reverse": ew.jacrev(f)(0.0),
        "vmap(grad)": ew.vmap(ew.grad(f))(np.zeros(2)),
        "vmap(jvp)": ew.vmap(lambda x: ew.jvp(f, (x,), (1.0,))[1])(np.zeros(2)),
        "hessian": ew.hessian(f)(0.0),
        "forward over forward": ew.jacfwd(ew.jacfwd(f))(0.0),
    }
    for way, value in found.items():
        assert not np.any(np.isfinite(value)), f"{way} is {value}, as if the derivative existed"
    assert ew.grad(np.sqrt)(0.0) == np.inf
