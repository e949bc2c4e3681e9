"""The map of a convolution where its weights are not finite: what nothing alive reaches is exactly zero."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.maps import Convolve

OTHER = {
    "full": np.array([2.0, np.inf, -1.0]),
    "valid": np.array([2.0, np.inf, -1.0]),
    "second": np.array([2.0, 1.0, np.nan, -1.0, np.inf]),
}
SHAPES = {"full": (4, 6), "valid": (5, 3), "second": (3, 3)}  # of t and of the result


def dense(kind):
    """Entry (k, i) of the matrix by its definition, 0 outside."""
    other, (n, out) = OTHER[kind], SHAPES[kind]
    matrix, inside = np.zeros((out, n)), np.zeros((out, n), bool)
    for k in range(out):
        for i in range(n):
            at = {"full": k - i, "valid": k + 2 - i, "second": k + n - 1 - i}[kind]
            if 0 <= at < len(other):
                matrix[k, i], inside[k, i] = other[at], True
    return matrix, inside


def applied(matrix, inside, t, alive):
    with np.errstate(invalid="ignore"):
        return np.where(inside & alive, matrix * t, 0).sum(axis=1)


@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("seed", range(6))
def test_masked_verbs(kind, seed):
    m = Convolve(OTHER[kind], "valid" if kind == "second" else kind, kind == "second")
    matrix, inside = dense(kind)
    rng = np.random.default_rng(seed)
    for verb, matrix_, inside_ in ((m.push_alive, matrix, inside), (m.pull_alive, matrix.T, inside.T)):
        alive = rng.random(matrix_.shape[1]) < 0.4
        t = np.where(alive, rng.uniform(0.5, 1.5, alive.shape), 0.0)
        with np.errstate(invalid="ignore"):
            made, reached = verb(t, alive)
        np.testing.assert_allclose(made, applied(matrix_, inside_, t, alive))
        np.testing.assert_array_equal(reached, (inside_ & alive).any(axis=1))


def test_a_cut_behind_an_infinite_entry():
    v = np.array([3.0, np.inf])
    x = np.array([1.0, 2.0])
    assert ew.grad(lambda x: np.convolve(x, v)[0])(x).tolist() == [3, 0]
    assert ew.grad(lambda v: np.convolve(x, v)[0])(v).tolist() == [1, 0]
    roots = np.array([0.0, 4.0, 9.0])  # sqrt has an infinite slope at the first, which no live path reads
    assert ew.grad(lambda r: np.convolve(np.sqrt(r)[1:], [1.0, 2.0])[1])(roots).tolist() == [
        0,
        0.5,
        pytest.approx(1 / 6),
    ]


def test_memory_is_that_of_the_operands():
    import tracemalloc

    n, m = 20_000, 2_000
    a, v = np.linspace(0.0, 1.0, n), np.linspace(1.0, 2.0, m)
    tracemalloc.start()
    ew.grad(lambda a, v: np.sum(np.convolve(a, v) ** 2), (0, 1))(a, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 8 * (n + m)  # the matrix would take 2000 · 22 000 · 8 bytes
