"""How an array lies in memory is seen by ``ravel("K")``, ``reshape(order="A")`` and the like: as NumPy sees it."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew

X = np.arange(6.0).reshape(2, 3) / 7 + 0.1
LAYOUTS = {
    "np.copy, F": lambda x: np.copy(x, order="F"),
    "np.copy, K": lambda x: np.copy(x.T),
    "np.copy, A": lambda x: np.copy(x.T, order="A"),
    "np.copy, C": lambda x: np.copy(x.T, order="C"),
    "the method": lambda x: x.T.copy(),
    "the method, F": lambda x: x.copy("F"),
    "the method, K": lambda x: x.T.copy("K"),
    "of a part": lambda x: np.copy(x[:, ::2], order="F"),
    "three axes": lambda x: np.copy(np.stack([x, 2 * x]), order="F"),
    "an operation on it": lambda x: np.sin(np.copy(x, order="F")) * 2,
    "zeros_like": lambda x: np.zeros_like(x.T) + x.T,
    "ones_like, F": lambda x: np.ones_like(x, order="F") * np.copy(x, order="F"),
    "full_like": lambda x: np.full_like(x.T, x[0, 1]) * x.T,
}


def stored(x):
    """What is stored into an array like another lies as that one does."""
    made = np.zeros_like(x.T)
    made[0] = x[:, 0]
    made[1, 1] = x[0, 2]
    return made


def filled(x):
    made = np.full_like(x.T, x[0, 1])
    made[0, 0] = x[1, 2] ** 2
    return made


LAYOUTS |= {"stored": stored, "filled": filled}
LOOKS = {
    "ravel, K": lambda a: a.ravel("K"),
    "ravel, A": lambda a: np.ravel(a, "A"),
    "flatten, A": lambda a: a.flatten("A"),
    "reshape, A": lambda a: a.reshape(-1, 2, order="A"),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", LAYOUTS)
def test_as_numpy_sees_it(name, look):
    def f(x):
        return LOOKS[look](LAYOUTS[name](x))

    expected = f(X)
    compiled = ew.jit(f)
    compiled(X)
    for found in (
        ew.jvp(f, (X,), (X,))[0],
        ew.vjp(f, X)[0],
        ew.vmap(f)(np.stack([X, X + 1]))[0],
        compiled(X),
    ):
        np.testing.assert_array_equal(found, expected)
    steps = [(f(X + e) - f(X - e)) / 2e-6 for e in 1e-6 * np.eye(6).reshape(6, 2, 3)]
    slopes = np.stack(steps, -1).reshape(*expected.shape, 2, 3)
    for jacobian in (ew.jacfwd, ew.jacrev):
        np.testing.assert_allclose(jacobian(f)(X), slopes, atol=1e-8)
