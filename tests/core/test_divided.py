"""Divided differences against mpmath at 60 digits, at equal, nearly equal and distant points."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from edgewise.core import divided
from edgewise.core.divided import divided_differences

mp = pytest.importorskip("mpmath")

POINTS = [
    [1.0, 1.0, 2.0],
    [1.0, 1.0 + 1e-9, 1.0 + 1e-5],
    [1.0, 1.0 + 1e-15, 1.0 + 1e-14],
    [1e-6, 2e-6, 1.0],
    [1e-3, 1e-3, 1e-3 + 1e-7],
    [0.3, 0.31, 0.5],
    [0.5, 1.0, 30.0],
]


def logarithm(k):
    return np.log if not k else lambda x: (-1) ** (k - 1) * math.factorial(k - 1) * x ** -float(k)


def runge(k):
    def derivative(x):  # of 1/(1 + 25 x²), by its poles
        return np.imag((-1) ** k * math.factorial(k) / (x - 0.2j) ** (k + 1)) / 5

    return derivative


FUNCTIONS = {
    "exp": (lambda k: np.exp, mp.exp, 1e-14),
    "log": (logarithm, mp.log, 2e-11),  # at 1e-6 and 2e-6 digits of the points themselves are lost
    "runge": (runge, lambda x: 1 / (1 + 25 * x * x), 1e-10),
}


def exact(g, points):
    """Newton's recursion at 200 digits, equal points parted by 1e-30."""
    with mp.workdps(200):
        x = [mp.mpf(p) + mp.mpf(10) ** -30 * i for i, p in enumerate(points)]
        table = [g(p) for p in x]
        for k in range(1, len(x)):
            table = [(table[i + 1] - table[i]) / (x[i + k] - x[i]) for i in range(len(table) - 1)]
        return float(table[0])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("points", POINTS, ids=str)
def test_against_mpmath(name, points):
    f, g, rtol = FUNCTIONS[name]
    for order in (0, 1, 2, 3):
        found = divided_differences(f, np.array(points), order)
        assert found.shape == (3,) * (order + 1)
        for index in itertools.combinations_with_replacement(range(3), order + 1):
            expected = exact(g, [points[i] for i in index])
            assert found[index] == pytest.approx(expected, rel=rtol)
            for permuted in itertools.permutations(index):
                assert found[permuted] == found[index]


def test_stacks_and_nothing():
    x = np.array([[0.0, 1.0], [2.0, 2.0]])
    both = divided_differences(lambda k: np.exp, x, 2)
    for one, member in zip(both, x, strict=True):
        np.testing.assert_allclose(one, divided_differences(lambda k: np.exp, member, 2), rtol=1e-15)
    assert divided_differences(lambda k: np.exp, np.zeros((4, 0)), 2).shape == (4, 0, 0, 0)


def test_a_singularity_stays_visible():
    def root(k):
        return np.sqrt if not k else lambda x: 0.5 / np.sqrt(x)

    found = divided_differences(root, np.array([0.0, 0.0, 1.0]), 1)
    assert np.isinf(found[0, 0])
    assert found[0, 2] == 1.0


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_rule_on_the_simplex_is_exact_for_polynomials(order):
    weights, nodes = divided._rule(order, 4)
    np.testing.assert_allclose(nodes.sum(1), 1.0)
    for powers in itertools.product(range(3), repeat=order + 1):
        exact = math.prod(map(math.factorial, powers)) / math.factorial(sum(powers) + order)
        if sum(powers) + order <= 7:  # the degree that four points carry, Duffy's factor included
            np.testing.assert_allclose(np.prod(nodes ** np.array(powers), 1) @ weights, exact, rtol=1e-12)
