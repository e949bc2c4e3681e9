"""Folds in tiles are what NumPy computes, whatever the tile, and whatever is left over where it divides no axis."""

from __future__ import annotations

import ctypes
import mmap

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from edgewise.compile import executable
from edgewise.compile.engine import load
from edgewise.compile.executable import build
from edgewise.compile.host import host
from edgewise.compile.ir import Module
from edgewise.compile.kernels import entries, loops, tiles, tiling
from edgewise.compile.kernels.arithmetic import REAL
from edgewise.compile.kernels.assembly import Target
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.division import divide
from edgewise.compile.kernels.kinds import kind_for
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.nests import FoldInto, Made, Reach, Read
from edgewise.compile.kernels.order import Layout
from edgewise.compile.kernels.scalars import Scalar
from edgewise.compile.kernels.tiles import write_tiles
from edgewise.modes.staged import Staged

pytestmark = pytest.mark.needs("llvmlite")

RNG = np.random.default_rng(0)
normal = RNG.standard_normal
F8 = kind_for(np.dtype(float))
CALL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


class Chosen:
    """Takes the place of ``tiling``: the tile of some number, not the cheapest; remembers which."""

    def __init__(self, number=None):
        self.number, self.taken = number, []

    def __call__(self, layout: Layout, width: int):
        all_of_them = tiling.tilings(layout, width)
        found = tiling.tiling(layout, width)
        if all_of_them and self.number is not None:
            found = all_of_them[self.number % len(all_of_them)]
        self.taken.append(found)
        return found


@pytest.fixture
def chosen(monkeypatch):
    """What was chosen; products of matrices of all sizes are ours."""
    found = Chosen()
    monkeypatch.setattr(loops, "tiling", found)
    monkeypatch.setattr(entries, "most_products", lambda: 1 << 40)
    return found


def staged(function, *inputs):
    with np.errstate(all="ignore"), Staged() as mode:
        lifted = [mode.lift(x) for x in inputs]
        found = function(*lifted)
        outputs = list(found) if isinstance(found, tuple | list) else [found]
        del found, lifted
        return mode.finish(outputs)


def agree(function, *inputs):
    """Compiled and run by NumPy: equal, but for the rounding of sums."""
    program = staged(function, *inputs)
    expected = program.replay(inputs)
    code, found = build(program).run(inputs)
    assert code == 0
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype.kind == "f":
            scale = max(1.0, np.abs(b).max(initial=0.0))
            assert np.abs(a - b).max(initial=0.0) <= 100 * np.finfo(b.dtype).eps * scale
        else:
            np.testing.assert_array_equal(a, b)


def with_sum(x):
    return [x, np.sum(x, axis=-2)]


def fewer(x):
    return [np.sum(x, axis=-2), np.sum(x, axis=(-3, -2)), np.sum(x, axis=(-2, -1)), np.sum(x, axis=(-3, -2, -1))]


def largest(x):
    return [np.max(x, axis=-2), np.min(x, axis=(-2, -1)), np.max(x, axis=(-3, -2))]


FOLDS = {
    "product": (lambda a, b: np.einsum("...il,...lj->...ij", a, b), "f8 f4"),
    "sum": (lambda a, b: np.sum(a[..., None] * np.exp(-(b[..., None, :, :] ** 2)), axis=-2), "f8 f4"),
    "sums": (lambda a, b: [a @ b, np.sum(a[..., None] + b[..., None, :, :], axis=-2)], "f8 f4 i8 i4"),
    "largest": (lambda a, b: np.max(a[..., None] - b[..., None, :, :], axis=-2), "f8 f4 i8 u1"),
    "smallest": (lambda a, b: np.min(a[..., None] * b[..., None, :, :], axis=-2), "f8 i4"),
    "some": (lambda a, b: np.any(a[..., None] > b[..., None, :, :] + 1, axis=-2), "f8 i8 i1"),
    "stored": (lambda a, b: with_sum(np.exp(a[..., None] * b[..., None, :, :])), "f8 f4"),
    "rows": (lambda a, b: [np.sum(a * a, axis=-1), np.sum(b * 2 - 1, axis=-2)], "f8 f4 i8"),
    "two axes": (lambda a, b: np.sum(a[..., None] * b[..., None, :, :], axis=(-3, -2)), "f8"),
    "more and fewer axes": (lambda a, b: fewer(np.abs(a)[..., None] * np.exp(b[..., None, :, :])), "f8 f4"),
    "largest of more and fewer": (lambda a, b: largest(a[..., None] - b[..., None, :, :]), "f8 i8"),
    "apart": (lambda a, b: np.sum(np.exp(a[..., None]) * b[..., None, :, :], axis=(-3, -1)), "f8 f4"),
}


def laid(x, how):
    """The same numbers in another layout."""
    if how == "Fortran":
        return np.asfortranarray(x)
    if how == "strided":
        wide = np.repeat(x, 2, axis=-1)
        return wide[..., ::2]
    return x


@given(
    which=st.sampled_from([(name, dtype) for name, (_, dtypes) in FOLDS.items() for dtype in dtypes.split()]),
    lengths=st.tuples(*[st.one_of(st.integers(1, 9), st.integers(10, 70))] * 3),
    batch=st.sampled_from([(), (), (3,)]),
    layouts=st.tuples(*[st.sampled_from(["C", "C", "Fortran", "strided"])] * 2),
    number=st.integers(0, 10_000),
    block=st.sampled_from([1, 4, 256]),
    processor=st.sampled_from([(8, True), (4, True), (2, True), (2, False)]),
)
def test_any_tile(which, lengths, batch, layouts, number, block, processor):
    (name, dtype), (m, k, n) = which, lengths
    rng = np.random.default_rng(number)
    inputs = [rng.standard_normal((*batch, *shape)) * (1 if dtype[0] == "f" else 20) for shape in ((m, k), (k, n))]
    # Captured, an array is read as it lies.
    captured = [laid(x.astype(dtype), how) for x, how in zip(inputs, layouts, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "tiling", Chosen(number))
        patch.setattr(entries, "most_products", lambda: 1 << 40)
        patch.setattr(tiles, "BLOCK", block)
        patch.setattr(executable, "_target", lambda: Target(*processor, host().attributes))
        agree(lambda zero: FOLDS[name][0](*(x + zero for x in captured)), np.zeros((), dtype))


@pytest.mark.parametrize(("m", "k", "n"), [(30, 31, 33), (64, 64, 64), (5, 600, 7), (100, 3, 1), (17, 2000, 16)])
def test_products_are_as_exact_as_a_sum_of_rounded_products(chosen, m, k, n):
    """|error| ≤ (terms added to one number) · ε · Σ|a||b|, here with the fewer that blocks and several sums leave."""
    a, b = normal((m, k)), normal((k, n))
    made = build(staged(lambda a, b: a @ b, a, b))
    _, (found,) = made.run([a, b])
    exact = a.astype(np.longdouble) @ b.astype(np.longdouble)
    bound = (2 * tiling.BLOCK + 8) * 2.0**-53 * (np.abs(a) @ np.abs(b))
    assert made.calls == []
    assert (np.abs(found - exact) <= bound).all()


def test_integers_are_exact(chosen):
    a, b = RNG.integers(-(2**62), 2**62, (40, 50)), RNG.integers(-(2**62), 2**62, (50, 60))
    np.testing.assert_array_equal(build(staged(lambda a, b: a @ b, a, b)).run([a, b])[1][0], a @ b)
    assert chosen.taken[0] is not None


def test_a_lane_that_is_left_out_counts_for_nothing(chosen):
    """Infinity times nothing would be NaN: what a lane is masked for is not read as zero."""
    x = np.full((9, 11), np.inf)
    x[:, 3] = 1.0
    _, (found,) = build(staged(lambda x: np.sum(x * x, axis=1), x)).run([x])
    np.testing.assert_array_equal(found, np.full(9, np.inf))
    assert chosen.taken[0] is not None


def test_nothing_is_read_or_written_beside_an_array():
    """Each operand ends where a page does that nobody may look at; so does the result."""
    page = mmap.PAGESIZE

    def fenced(shape):
        room = mmap.mmap(-1, 16 * page)
        count = int(np.prod(shape)) * 8
        raw = np.frombuffer(room, np.uint8)
        start = raw.ctypes.data
        protect = ctypes.CDLL(None).mprotect
        for edge in (0, 15):
            assert protect(ctypes.c_void_p(start + edge * page), page, 0) == 0
        return raw[15 * page - count : 15 * page].view(np.float64).reshape(shape), raw[page : page + count].view(
            np.float64
        ).reshape(shape)

    for m, k, n in [(5, 7, 9), (3, 70, 8), (13, 5, 33), (2, 9, 3)]:
        a, b = normal((m, k)), normal((k, n))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(entries, "most_products", lambda: 1 << 40)
            made = build(staged(lambda a, b: a @ b, a, b))
        assert made.arena == 0
        for end in (0, 1):
            operands = [fenced(x.shape)[end] for x in (a, b, a @ b)]
            operands[0][...], operands[1][...] = a, b
            table = (ctypes.c_void_p * 4)(*(x.ctypes.data for x in operands))
            assert CALL(made.address)(ctypes.addressof(table)) == 0
            np.testing.assert_allclose(operands[2], a @ b, rtol=1e-12, atol=1e-12)


def test_the_model_prefers_what_is_known_to_be_fast(chosen):
    """Many results in registers for products of matrices; whole rows of a matrix that is read once."""
    width = host().width
    build(staged(lambda a, b: a @ b, normal((240, 240)), normal((240, 240))))
    one = chosen.taken[-1]
    assert np.prod([n for _, n in one.tile]) >= width + 1
    build(staged(lambda a, r: a.T @ r, normal((500, 10 * width)), normal(500)))
    assert dict(chosen.taken[-1].tile)[chosen.taken[-1].lane] == 10
    assert "10·" in chosen.taken[-1].reason
    assert "kept" in chosen.taken[-1].reason


@pytest.mark.parametrize(("cores", "calls"), [(1, []), (2, ["contract"])])
def test_large_products_are_left_to_a_blas_that_has_several_cores(monkeypatch, cores, calls):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(entries.os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    entries.most_products.cache_clear()
    try:
        a = normal((129, 129))
        assert build(staged(lambda a: a @ a, a)).calls == calls
        assert build(staged(lambda a: a @ a, a[:128, :128])).calls == []
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
        entries.most_products.cache_clear()
        assert build(staged(lambda a: a @ a, a)).calls == []
    finally:
        entries.most_products.cache_clear()


def test_a_factor_that_is_needed_often_is_computed_once():
    """Of a 50×50 matrix that is not in memory a product with another would need each entry 50 times."""
    division = divide(staged(lambda a, b: (2 * a - 1) @ b, normal((50, 50)), normal((50, 50))), {}, fused=True)
    assert [section.space for section in division.sections] == [(50, 50), (50, 50, 50)]


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("number", range(0, 60, 7))
def test_an_outer_loop_that_is_open_already(kept, number):
    """In blocks of rows: sums along rows are of the block at hand, sums along columns are added to what is there."""
    blocks, rows, columns = 4, 5, 21
    x, r = normal((blocks * rows, columns)), normal(blocks * rows)
    kind = kind_for(x.dtype)
    width = 8 * columns
    reads = [Read(Reach(0, 0, (rows * width, width, 8)), kind), Read(Reach(1, 0, (rows * 8, 8, 0)), kind)]
    made = Made(Scalar("multiply", (kind, kind), kind, kind, REAL["multiply"]), (0, 1))
    into = Reach(2, 0, (rows * 8, 8, 0) if kept else (0, 0, 8))
    fold = FoldInto(2, "add", frozenset({2} if kept else {0, 1}), into, kind)
    layout = Layout((blocks, rows, columns), [*reads, made], [], [fold], opened=1)
    body = Body(Module(), "kernel")
    loop = Loop(body, 0, blocks, 1, [])
    every = tiling.tilings(layout, host().width)
    write_tiles(body, layout, every[number % len(every)], called=False, counter=loop.counter)
    loop.close([])
    library = load(body.text(host().attributes, internal=False))
    result = np.zeros(blocks * rows if kept else columns)
    table = (ctypes.c_void_p * 3)(x.ctypes.data, r.ctypes.data, result.ctypes.data)
    assert CALL(library.address("kernel"))(ctypes.addressof(table)) == 0
    expected = np.sum(x * r[:, None], axis=1 if kept else 0)
    np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-13)


def test_a_matrix_from_memory_is_read_from_its_beginning_to_its_end():
    """Several rows in turns are foreseen by no processor; of a matrix that is near they cost nothing."""
    for rows, expected in [(1 << 18, 1), (256, 8)]:
        read = Read(Reach(0, 0, (800, 8)), F8)
        fold = FoldInto(0, "add", frozenset({1}), Reach(1, 0, (8, 0)), F8)
        one = tiling.tiling(Layout((rows, 100), [read], [], [fold]), 8)
        assert dict(one.tile) == {0: expected}
    read = Read(Reach(0, 0, (80_000, 8)), F8)
    fold = FoldInto(0, "add", frozenset({0}), Reach(1, 0, (0, 8)), F8)
    assert tiling.tiling(Layout((1 << 10, 10_000), [read], [], [fold]), 8) is None  # rows too long for a tile
    assert tiling.tiling(Layout((1 << 4, 10_000), [read], [], [fold]), 8) is not None


@pytest.mark.parametrize(("blocks", "expected"), [(2000, True), (2, False)])
def test_the_next_rows_are_fetched_while_these_are_used(blocks, expected):
    read = Read(Reach(0, 0, (16 * 800, 800, 8)), F8)
    layout = Layout(
        (blocks, 16, 100), [read], [], [FoldInto(0, "add", frozenset({2}), Reach(1, 0, (128, 8, 0)), F8)], 1
    )
    body = Body(Module(), "kernel")
    loop = Loop(body, 0, blocks, 1, [])
    loops.write_nest(body, layout, host().width, 1, calling=False, counter=loop.counter)
    loop.close([])
    assert ("llvm.prefetch" in body.text("", internal=False)) == expected
    x, result = normal((blocks, 16, 100)), np.zeros((blocks, 16))
    text = body.block.module.text() + "\n" + body.text(host().attributes, internal=False)
    library = load(text)
    table = (ctypes.c_void_p * 2)(x.ctypes.data, result.ctypes.data)
    assert CALL(library.address("kernel"))(ctypes.addressof(table)) == 0
    np.testing.assert_allclose(result, np.sum(x, axis=2), rtol=1e-12, atol=1e-12)
