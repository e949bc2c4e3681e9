"""Loops and branches under ``jit``: the program is that of the steps that were done, and holds while they are."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew

X = np.array([0.4, -0.7, 1.3])


def newton(a):
    return ew.while_loop(lambda x: np.abs(x * x - a) > 1e-9, lambda x: (x + a / x) / 2, a)


def clipped(x):
    return ew.cond(x > 0, np.sqrt, lambda x: 0.0 * x, x)


def chosen(x):
    return ew.switch(np.argmax(np.stack([0.5, x])), [np.sin, np.exp], x)


def power(x):
    return ew.fori_loop(0, 4, lambda i, y: y * x + i, 1.0, checkpoint=2)


def decay(x):
    carry, ys = ew.scan(lambda c, e: (c * x + e, c * e), 0.3, X, checkpoint=True)
    return carry + np.sum(ys)


@pytest.mark.parametrize("function", [newton, clipped, chosen, power, decay], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "way", [lambda f: f, ew.grad, lambda f: ew.grad(ew.grad(f)), lambda f: lambda x: ew.jvp(f, (x,), (x,))[1]]
)
def test_one_member(function, way):
    compiled, plain = ew.jit(way(function)), way(function)
    for x in (2.0, 0.25, 4.0, 2.0):
        np.testing.assert_allclose(compiled(x), plain(x), rtol=1e-12)


@pytest.mark.parametrize("function", [newton, clipped, chosen, power, decay], ids=lambda f: f.__name__)
def test_a_batch(function):
    """Its members may disagree; how many steps the last one takes is what the program holds for."""
    way = ew.vmap(ew.grad(function))
    compiled = ew.jit(way)
    for x in (np.array([2.0, 0.25, 4.0]), np.array([0.3, 9.0, 1e4]), np.array([2.0, 0.25, 4.0])):
        np.testing.assert_allclose(compiled(x), way(x), rtol=1e-12)
