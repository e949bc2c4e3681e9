"""Sections that take turns, block of rows by block of rows: the same numbers, in less memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise.compile import executable
from edgewise.compile.kernels import bands
from edgewise.compile.kernels.bands import banded
from edgewise.compile.kernels.sections import Division

pytest.importorskip("llvmlite", reason="machine code needs llvmlite")


def found(f, *args):
    """The bands of a function's program, and its results compiled and uncompiled."""
    divisions: list[Division] = []

    def listening(division):
        banded(division)
        divisions.append(division)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executable, "banded", listening)
        compiled = ew.jit(f)
        compiled(*args)
        seen = compiled(*args)
    return [band for division in divisions for band in division.bands], seen, f(*args)


def close(a, b, rtol=1e-13):
    for one, other in zip(a if isinstance(a, tuple) else (a,), b if isinstance(b, tuple) else (b,), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=1e-13 * np.max(np.abs(other)))


def logistic(w, x, y):
    z = x @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def softmax(z, labels):
    top = z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z - top).sum(axis=1)) + top[:, 0] - z[np.arange(len(labels)), labels])


@pytest.mark.parametrize("rows", [1000, 997, 1001])
def test_a_matrix_is_read_once(rows):
    random = np.random.default_rng(0)
    args = random.normal(size=30), random.normal(size=(rows, 30)), random.integers(0, 2, rows) * 1.0
    (band,), seen, wanted = found(ew.value_and_grad(logistic), *args)
    close(seen, wanted)
    assert band.stop - band.first == 3
    assert band.length == rows
    assert band.spared >= 8 * rows * 30


@pytest.mark.parametrize("rows", [480, 487])
def test_a_softmax_takes_each_row_once(rows):
    random = np.random.default_rng(1)
    args = random.normal(size=(rows, 50)), random.integers(0, 50, rows)
    (band,), seen, wanted = found(ew.value_and_grad(softmax), *args)
    close(seen, wanted)
    assert band.stop - band.first >= 5
    assert all(var.shape[band.local[var]] == rows for var in band.local)


def test_what_needs_all_rows_waits():
    def f(x):
        centred = x - np.mean(x, axis=0)
        return np.sum(np.exp(centred), axis=1), np.sum(centred * centred, axis=0)

    x = np.random.default_rng(2).normal(size=(300, 40))
    many, seen, wanted = found(f, x)
    close(seen, wanted)
    assert all(band.stop - band.first <= 2 for band in many)


def test_rows_may_be_the_last_axis():
    def f(x):
        top = np.max(x, axis=0)
        e = np.exp(x - top)
        return e / np.sum(e, axis=0)

    x = np.random.default_rng(3).normal(size=(7, 5000))
    (band,), seen, wanted = found(f, x)
    close(seen, wanted)
    assert band.axes[0] == 1
    assert band.block % 8 == 0


def test_another_row_is_another_matter():
    def f(x):
        s = np.cumsum(np.sin(x) * 0 + 1, axis=0)[:, :1]
        e = np.exp(x).sum(axis=1)
        return (e[1:] * e[:-1]).sum() + (np.exp(x) * e[::-1, None]).sum() + s.sum()

    x = np.random.default_rng(4).normal(size=(200, 60))
    many, seen, wanted = found(ew.value_and_grad(f), x)
    close(seen, wanted)
    for band in many:
        assert all(isinstance(axis, int) for axis in band.axes)


def test_a_store_into_rows():
    def f(x, k):
        y = np.exp(x) * x
        y[np.arange(len(k)), k] = 0.0
        y[:, 3] += x[:, 1]
        return np.sum(y * y, axis=1).sum()

    random = np.random.default_rng(5)
    many, seen, wanted = found(ew.value_and_grad(f), random.normal(size=(333, 40)), random.integers(0, 40, 333))
    close(seen, wanted)
    assert many


def test_sections_of_neighbouring_rows():
    def rosenbrock(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x = np.random.default_rng(6).normal(size=20_011)
    (band,), seen, wanted = found(ew.value_and_grad(rosenbrock), x)
    close(seen, wanted, rtol=1e-12)
    assert band.cuts == (0, 1, 20_010, 20_011)
    assert band.stop - band.first == 3


def test_rows_side_by_side():
    def f(points, means, mixed):
        away = points[:, None, :] - means
        turned = np.einsum("kij,nkj->nki", mixed, away)
        return np.sum(np.exp(-np.sum(turned**2, axis=2)), axis=1).sum()

    random = np.random.default_rng(7)
    args = random.normal(size=(333, 3)), random.normal(size=(7, 3)), random.normal(size=(7, 3, 3)) * 0.3
    many, seen, wanted = found(ew.grad(f, argnums=(0, 1, 2)), *args)
    close(seen, wanted, rtol=1e-12)
    assert max(band.length for band in many) == 333


def test_small_arrays_are_left_alone():
    x, w = np.ones((20, 3)), np.ones(3)
    many, _, _ = found(ew.value_and_grad(logistic), w, x, np.ones(20))
    assert many == []


@pytest.mark.parametrize(
    ("length", "row"), [(10, 8), (1000, 8), (1_000_003, 72), (64, 1 << 12), (64, 1 << 20), (997, 1000), (16, 2000)]
)
def test_blocks_cover_the_rows(length, row):
    block = bands._block(length, row)
    assert block >= 1
    assert block < 8 or block % 8 == 0
    assert block * row <= bands.FAR or block == 1


def stored(x):
    y = x * 1.0
    y[1:-1] = x[2:] - 2 * x[1:-1] + x[:-2]
    y[:, 0] *= 2.0
    return y


PIECES = {
    "shifted": lambda x, w, v: np.concatenate([x[1:], x[:1] * 0.5]),
    "difference": lambda x, w, v: np.diff(x, axis=0, append=0.0),
    "stored": lambda x, w, v: stored(x),
    "picked": lambda x, w, v: x[:, np.array([1, 0, 3, 2, 5, 4])] * v[:, None],
    "squares": lambda x, w, v: np.einsum("ni,nj->nij", x, x).sum(axis=2),
    "small": lambda x, w, v: np.einsum("ij,nj->ni", np.outer(w, w), x) * 0.1,
    "exp": lambda x, w, v: np.exp(-x * x),
    "rows": lambda x, w, v: x - x.sum(axis=1, keepdims=True) * 0.1,
    "product": lambda x, w, v: x * (x @ w)[:, None],
    "columns": lambda x, w, v: x - x.mean(axis=0),
    "outer": lambda x, w, v: x + np.sin(v)[:, None] * w,
    "top": lambda x, w, v: x - x.max(axis=1, keepdims=True),
    "turned": lambda x, w, v: x + x[::-1] * 0.5,
    "gram": lambda x, w, v: x @ (x.T @ x) * 0.01,
    "folded": lambda x, w, v: np.concatenate([x[:, 1:], x[:, :1]], axis=1) * np.tanh(v)[:, None],
    "flat": lambda x, w, v: np.sin(x.reshape(len(v), 2, -1)).sum(axis=1).repeat(2, axis=1),
}


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=5),
    rows=st.sampled_from([16, 23, 40]),
    seed=st.integers(0, 9),
    derived=st.booleans(),
)
def test_any_pieces_in_turn(names, rows, seed, derived):
    random = np.random.default_rng(seed)
    args = random.normal(size=(rows, 6)), random.normal(size=6), random.normal(size=rows)

    def f(x, w, v):
        for name in names:
            x = PIECES[name](x, w, v)
        return np.sum(x * x) if derived else x

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "WORTH", 0)
        patch.setattr(bands, "NEAR", 1000)
        patch.setattr(bands, "FEW", 8)
        _, seen, wanted = found(ew.grad(f, argnums=(0, 1, 2)) if derived else f, *args)
    close(seen, wanted, rtol=1e-10)
