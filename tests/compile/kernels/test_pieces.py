"""Loops in pieces: the same bits on any number of threads, and the numbers that NumPy has."""

from __future__ import annotations

import gc
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise.compile import pool
from edgewise.compile.executable import build
from edgewise.compile.kernels import bands, pieces
from edgewise.compile.kernels.pieces import cut, opened
from edgewise.modes.staged import Staged

pytestmark = pytest.mark.needs("llvmlite")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Loops are cut that are much shorter than those that are worth it."""
    monkeypatch.setattr(pieces, "WORTH", 1000.0)
    monkeypatch.setattr(pieces, "SHARE", 150.0)
    monkeypatch.setattr(pieces, "GRAIN", 32)
    monkeypatch.setattr(pieces, "LOSS", 3.0)
    monkeypatch.setattr(bands, "NEAR", 8 << 10)  # many blocks of few rows
    with ew.threads():
        yield


def built(f, *args):
    """A function as machine code, whole, and how many regions it has."""
    with np.errstate(all="ignore"), Staged() as mode:
        inputs = [mode.lift(x) for x in args]
        results = f(*inputs)
        outputs = list(results) if isinstance(results, tuple) else [results]
        del inputs, results
        program = mode.finish(outputs)
    executable = build(program)
    return executable, executable.text.count("call i64 @edgewise_run")


def leaves(result):
    return [np.asarray(leaf) for leaf in (result if isinstance(result, tuple | list) else (result,))]


def check(f, *args, rtol=1e-10):
    """Compare a function on several numbers of threads with itself, bit for bit, and with NumPy."""
    executable, found = built(f, *args)
    assert found >= 1
    code, expected = executable.run(args)
    assert code == 0
    for n in (2, 3, 8):
        with ew.threads(n):
            for _ in range(4):
                code, again = executable.run(args)
                assert code == 0
                assert [leaf.tobytes() for leaf in leaves(again)] == [leaf.tobytes() for leaf in leaves(expected)]
    with np.errstate(all="ignore"):
        wanted = leaves(f(*args))
    for one, other in zip(leaves(expected), wanted, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


def normal(*shape, dtype=float):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("n", [4096, 5000, 4999, 4097])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_elementwise(n, dtype):
    x, y = normal(n, dtype=dtype), normal(n, dtype=dtype)[::-1].copy()
    rtol = 1e-6 if dtype == np.float32 else 1e-12
    check(lambda x, y: np.exp(x) * y + np.sin(y), x, y, rtol=rtol)
    check(lambda x, y: (np.hypot(x, y), x > y, np.where(x > 0, x, y)), x, y, rtol=rtol)


@pytest.mark.parametrize("n", [4096, 4999])
@pytest.mark.parametrize(
    "f",
    [
        np.sum,
        lambda x: np.sum(np.exp(x)),
        lambda x: np.prod(1 + x / 1e4),
        lambda x: (np.max(x), np.min(x), np.sum(x * x), np.exp(x)),
        lambda x: (np.any(x > 3), np.all(x > -9), np.count_nonzero(x > 0)),
        lambda x: np.sum(x * (1 + 2j)),
        lambda x: np.sum((x * 100).astype(np.int32)),
        lambda x: (x - x.mean()) / x.std(),
    ],
)
def test_folds(n, f):
    check(f, normal(n))


def test_folds_of_what_is_not_a_number():
    x = normal(5000)
    x[4321] = np.nan
    check(lambda x: (np.max(x), np.min(np.abs(x)), np.sum(x)), x)
    x[4321] = np.inf
    check(lambda x: (np.max(x), np.sum(x), np.sum(x - x)), x)


def test_a_sum_of_negative_zeros_is_one():
    x = np.full(5000, -0.0)
    check(np.sum, x)
    assert np.signbit(built(np.sum, x)[0].run([x])[1][0])


@pytest.mark.parametrize("shape", [(80, 90), (3, 3000), (3000, 3), (97, 101), (5, 7, 211)])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.sum(axis=0),
        lambda x: x.sum(axis=-1),
        lambda x: np.exp(x).max(axis=0),
        lambda x: x.sum(axis=(0, -1)),
        lambda x: np.exp(x.T) + 1,
        lambda x: (x - x.mean(axis=0)) / x.std(axis=0),
        lambda x: np.exp(x - x.max(axis=-1, keepdims=True)).sum(axis=-1),
        ew.grad(lambda x: np.sum(np.log1p(np.exp(-x @ np.linspace(0, 1, x.shape[-1]))))),
    ],
)
def test_axes(shape, f):
    check(f, normal(*shape))


@pytest.mark.parametrize("n", [2000, 2003])
def test_gradients(n):
    x = normal(n)
    check(ew.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2)), x)
    check(ew.value_and_grad(lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)), x)
    check(lambda x: np.concatenate([np.sin(x), np.cos(x)[::-1], x]), x)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 40), min_size=1, max_size=3).filter(lambda s: np.prod(s) > 200),
    axes=st.sets(st.integers(0, 2)),
    transposed=st.booleans(),
    keepdims=st.booleans(),
)
def test_any_shape(shape, axes, transposed, keepdims):
    x = normal(*shape)
    axis = tuple(k for k in axes if k < x.ndim)

    def f(x):
        y = x.T if transposed else x
        centred = y - y.mean(axis=axis, keepdims=True)
        return centred * 2.0, np.sum(np.exp(centred), axis=axis, keepdims=keepdims), np.max(y, axis=axis)

    executable, _ = built(f, x)
    expected = [leaf.tobytes() for leaf in executable.run([x])[1]]
    with ew.threads(3):
        found = executable.run([x])[1]
    assert [leaf.tobytes() for leaf in found] == expected
    for one, other in zip(found, f(x), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_an_index_out_of_range_in_some_piece_is_numpys_error():
    x, places = normal(4000), np.arange(4000)
    f = ew.jit(lambda x, places: np.exp(x[places]))
    with ew.threads(3):
        for _ in range(3):
            np.testing.assert_allclose(f(x, places), np.exp(x))
        places[1234] = 4000
        with pytest.raises(IndexError, match="4000"):
            f(x, places)
        places[1234] = -4000
        assert f(x, places)[1234] == f(x, places)[0]


def test_places_that_only_indices_tell_are_not_cut():
    x, places = normal(3000), np.random.default_rng(0).integers(0, 50, 3000)

    def count(x, places):
        y = np.zeros_like(x, shape=50)
        np.add.at(y, places, x)
        return y

    executable, regions = built(count, x, places)
    with ew.threads(3):
        np.testing.assert_allclose(executable.run([x, places])[1][0], count(x, places))
    assert "scatter" not in executable.calls
    assert regions <= 1


def test_several_threads_of_python_share_one_function():
    x = normal(30_000)
    f = ew.jit(ew.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2)))
    expected = [[leaf.tobytes() for leaf in leaves(f(x * k))] for k in range(4)]
    assert [[leaf.tobytes() for leaf in leaves(f(x * k))] for k in range(4)] == expected
    failed, barrier = [], threading.Barrier(4)

    def work(k):
        barrier.wait()
        found = [[leaf.tobytes() for leaf in leaves(f(x * k))] for _ in range(60)]
        if found != [expected[k]] * 60:
            failed.append(k)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ew.threads(2):
            callers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
            for one in callers:
                one.start()
            for one in callers:
                one.join()
    finally:
        sys.setswitchinterval(before)
    assert failed == []


def test_functions_come_and_go():
    x = normal(4000)
    with ew.threads(2):
        for k in range(20):
            f = ew.jit(lambda x, k=k: np.exp(x) * k + np.sum(x))
            f(x)
            np.testing.assert_allclose(f(x), np.exp(x) * k + np.sum(x))
            del f
        gc.collect()
        assert pool.workers() >= 1


@pytest.mark.parametrize("length", [300, 4096, 1_000_003])
@pytest.mark.parametrize("count", [2, 3, 17, 64])
@pytest.mark.parametrize("inner", [False, True])
def test_the_length_of_a_piece(length, count, inner):
    each = pieces._even(length, count, inner)
    assert 2 <= length // each <= max(count, 2)
    assert length % each < each


def nests(f, *args, monkeypatch):
    """What was asked whether it is cut, and the answers."""
    from edgewise.compile.kernels import assembly

    found = []

    def listening(layout, width):
        found.append((layout, cut(layout, width)))
        return found[-1][1]

    monkeypatch.setattr(assembly, "cut", listening)
    built(f, *args)
    return found


def test_pieces_are_told():
    f = ew.jit(lambda x: np.exp(x) + 1)
    x = normal(4096)
    f(x), f(x)
    ((_, (way,)),) = f.inspect().kinds
    assert [kernel.what.endswith("pieces)") for kernel in way.kernels] == [True]


def test_short_loops_are_whole(monkeypatch):
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        found = nests(np.exp, normal(300), monkeypatch=patch)
        assert [how for _, how in found] == [None]
        found = nests(np.exp, normal(100_000), monkeypatch=patch)
        ((_, how),) = found
        assert how is not None
        assert (how.level, how.length * how.pieces) == (0, 100_000)


def test_blocks_go_through_all_points_once(monkeypatch):
    ((layout, how),) = nests(np.exp, normal(96, 70), monkeypatch=monkeypatch)
    assert how is not None
    inside = opened(layout, how.level, 0, how.pieces, how.length)
    (before,), (after,) = layout.stores, inside.stores

    def places(lengths, at):
        return {at.offset + int(np.dot(point, at.steps)) for point in np.ndindex(*lengths)}

    rest = opened(layout, how.level, how.pieces * how.length, 1, layout.lengths[how.level] - how.pieces * how.length)
    both = places(inside.lengths, after.at) | places(rest.lengths, rest.stores[0].at)
    assert both == places(layout.lengths, before.at)
