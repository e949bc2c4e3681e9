"""Loops over arrays of all shapes and layouts compute what NumPy computes, in as few passes as possible."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import edgewise as ew
from edgewise.compile.executable import build
from edgewise.compile.kernels import division
from edgewise.compile.kernels.division import divide
from edgewise.modes.staged import Staged

pytestmark = pytest.mark.needs("llvmlite")

RNG = np.random.default_rng(0)
normal = RNG.standard_normal


def staged(function, *inputs):
    with np.errstate(all="ignore"), Staged() as mode:
        lifted = [mode.lift(x) for x in inputs]
        found = function(*lifted)
        outputs = list(found) if isinstance(found, tuple | list) else [found]
        del found, lifted
        return mode.finish(outputs)


def agree(function, *inputs):
    """Compiled and run by NumPy, the results are the same but for rounding in another order. Returns what was made."""
    program = staged(function, *inputs)
    with np.errstate(all="ignore"):
        expected = program.replay(inputs)
    made = build(program)
    code, found = made.run(inputs)
    assert code == 0
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        if a.dtype.kind in "fc":
            finite = np.isfinite(b)
            np.testing.assert_array_equal(a[~finite], b[~finite])
            scale = np.abs(b[finite]).max(initial=1.0)
            assert np.abs(a[finite] - b[finite]).max(initial=0.0) <= 2e3 * np.finfo(b.dtype).eps * scale
        else:
            np.testing.assert_array_equal(a, b)
    return made


@pytest.mark.parametrize("n", [65, 66, 67, 72, 79, 100, 1001, 40003])
def test_any_length(n):
    x = normal(n)
    assert agree(lambda x: [np.exp(x) * x + 1.0, np.sum(x * x), np.max(x), np.min(x * 2), np.any(x > 3)], x).address
    assert agree(lambda x: [np.prod(1 + x / 1e4), np.all(x > -9), np.sum(x > 0), np.count_nonzero(x < 0)], x).address
    assert agree(ew.grad(lambda x: np.sum(np.exp(x) * x)), x).address


SHAPES = [(5, 20), (100, 3), (30, 7, 5), (70, 1), (1, 70), (2, 1, 3, 1, 12)]
BODIES = {
    "rows": lambda x: np.sum(x, axis=-1),
    "columns": lambda x: np.sum(x, axis=0),
    "all but the last": lambda x: np.sum(x, axis=tuple(range(x.ndim - 1))),
    "outer and inner": lambda x: np.max(x, axis=(0, -1)),
    "everything": lambda x: np.sum(np.exp(x)),
    "transposed": lambda x: np.transpose(x) * 2 + 1,
    "sum of the transposed": lambda x: np.sum(np.transpose(x) * 2 + 1, axis=0),
    "softmax": lambda x: np.exp(x - np.max(x, axis=-1, keepdims=True)) / np.sum(np.exp(x), axis=-1, keepdims=True),
    "slices": lambda x: [x[::-1] + 1, x[..., ::2] * x[..., : (x.shape[-1] + 1) // 2], x[-1:] * 3],
    "broadcast": lambda x: x * x[0] + x[..., -1:],
    "gradient": ew.grad(lambda x: np.sum(np.sum(x * x[0] + x[..., -1:], axis=-1) ** 2)),
    "flat": lambda x: [np.reshape(x * 2, -1) + 1, np.reshape(x.T, -1) + 1, np.reshape(x[::-1], -1) * 2],
    "joined": lambda x: [np.concatenate([x, x * 2], axis=0), np.stack([x, np.exp(x)], axis=-1)],
    "chosen": lambda x: [np.where(x > 0, x, 0.0), (x > 0) & (x < 1), np.sum(x > 0, axis=0)],
    "stored": ew.grad(lambda x: np.sum(x[..., 1:] ** 2) + np.sum(x[0] * 3)),
    "an input": lambda x: [x, x * 2, x, x.T],
    "nothing": lambda x: [x[:0] * 2, np.sum(x[:0], axis=0), np.sum(x[:0])],
    "a constant": lambda x: [np.zeros(x.shape) + 0 * x, ew.grad(np.sum)(x)],
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_shape(shape, body):
    agree(BODIES[body], normal(shape))


@pytest.mark.parametrize("dtype", ["f4", "i8", "i4", "i1", "u1", "c16", "c8", "?"])
@pytest.mark.parametrize("shape", [(5, 20), (100, 3)], ids=str)
def test_any_dtype(shape, dtype):
    x = (normal(shape) * 40).astype(dtype)
    if x.dtype.kind == "c":
        x += (1j * normal(shape)).astype(dtype)
    assert agree(lambda x: [x + x, x * x, np.sum(x, axis=0), np.sum(x, axis=-1), np.sum(x), x.T + x.T], x).address
    assert agree(lambda x: [x != 0, np.prod(x, axis=0), x[::2, ::-1] + x[::2]], x).address


@pytest.mark.parametrize(
    "x",
    [np.asfortranarray(normal((50, 40))), normal((100, 80))[::-2, ::2], np.broadcast_to(normal(40), (30, 40))],
    ids=["Fortran", "strided", "broadcast"],
)
def test_any_layout(x):
    assert agree(lambda x: [x * 2 + np.sum(x, axis=0), np.exp(x)], x).address
    captured = x
    assert agree(lambda y: y * captured, normal(x.shape)).address


def test_unaligned_and_read_only_and_overlapping_inputs():
    raw = np.zeros(8 * 100 + 1, np.uint8)
    unaligned = raw[1:].view(np.float64)
    unaligned[...] = normal(100)
    fixed = normal(100)
    fixed.flags.writeable = False
    whole = normal(150)
    agree(lambda a, b, c, d: a * b + c - d, unaligned, fixed, whole[:100], whole[50:])


ROWS, COLUMNS = RNG.integers(-40, 40, (3, 7)), RNG.integers(-30, 30, 7)
INDICES = {
    "rows": lambda x: x[ROWS[0]],
    "columns": lambda x: x[:, COLUMNS],
    "both": lambda x: x[ROWS, COLUMNS],
    "beside a slice": lambda x: x[ROWS[0], ::-2],
    "of three axes": lambda x: np.stack([x, 2 * x], axis=1)[ROWS, :, COLUMNS],
    "new axis": lambda x: x[None, ROWS[1], 3],
    "of something computed": lambda x: np.exp(x)[ROWS] * 2,
    "of a view": lambda x: np.transpose(x)[COLUMNS, 1:],
    "a mask": lambda x: x[np.arange(40) % 3 == 0],
    "computed": lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
}


@pytest.mark.parametrize("index", INDICES)
def test_index_arrays(index):
    x = normal((40, 30))
    assert set(agree(INDICES[index], x).calls) <= {"argsort"}
    assert set(agree(ew.grad(lambda x: np.sum(INDICES[index](x) ** 2)), x).calls) <= {"argsort"}


def test_an_index_out_of_range_is_numpys_error():
    made = build(staged(lambda x, i: x[i], normal(100), np.arange(90)))
    assert made.address
    with pytest.raises(IndexError, match="index 100 is out of bounds"):
        made.run([normal(100), np.arange(90) + 11])
    code, (found,) = made.run([np.arange(100.0), np.arange(90) - 100])
    assert (code, found[0]) == (0, 0.0)


def test_products_of_matrices():
    X, w, B = normal((200, 30)), normal(30), normal((30, 9))
    assert agree(lambda X, w: [X @ w, np.sum(X @ w), np.exp(X @ w)], X, w).address
    assert agree(lambda X, w: w @ X, X, normal(200)).address
    assert agree(lambda a, b: [np.outer(a, b), np.sum(a) * b], normal(100), normal(50)).address
    assert agree(lambda a, b: a @ b, normal(1000), normal(1000)).address
    assert agree(lambda X, B: X[:20] @ B, X, B).address
    assert agree(lambda X: X.T @ X, X).address


def test_what_shares_a_space_shares_its_loops():
    def loss(w, X, y):
        return np.sum(np.logaddexp(0.0, -y * (X @ w)))

    X, y, w = normal((300, 70)), np.sign(normal(300)), normal(70)
    program = staged(ew.value_and_grad(loss), w, X, y)
    nests = divide(program, {}, fused=True).sections
    assert [n.space for n in nests] == [(300, 70), (300,), (300, 70)]
    assert agree(ew.value_and_grad(loss), w, X, y).address


def test_sums_are_as_exact_as_numpys():
    x = RNG.uniform(0.0, 1.0, 1_000_000).astype(np.float32)
    exact = np.sum(x.astype(np.float64))
    _, (found,) = build(staged(np.sum, x)).run([x])
    assert abs(found - exact) <= 2e-7 * exact


def test_guards_stop_at_the_first_that_fails():
    def f(x):
        if np.sum(x) > 0:
            x = x * 2
        return np.exp(x) if x[0] < 5 else x

    x = np.full(100, 0.5)
    made = build(staged(f, x))
    assert made.address
    assert made.run([x])[0] == 0
    assert made.run([-x])[0] == 1
    assert made.run([x * 10])[0] == 2


def test_captured_arrays_are_read_when_it_runs():
    captured = np.ones((3, 50))
    made = build(staged(lambda x: x * captured, normal((3, 50))))
    captured[1] = 2.0
    np.testing.assert_array_equal(made.run([np.ones((3, 50))])[1][0], captured)
    captured.resize((50, 3), refcheck=False)  # to set the shape is deprecated since NumPy 2.5
    with pytest.raises(ValueError, match="broadcast"):
        made.run([np.ones((3, 50))])


def test_scratch_memory_is_shared_by_values_that_do_not_live_together():
    def f(x):
        for _ in range(20):
            x = np.sort(x * 2.0)[::-1]
        return x

    x = normal(1000)
    assert agree(f, x).arena <= 3 * 8064


def test_a_store_into_an_array_that_nobody_needs_copies_nothing():
    def f(x, v):
        x = np.sort(x)  # memory that is not the caller's
        for i in range(10):
            x[3 * i : 3 * i + 2] = v[i]
        before = x[:5] * 2
        x[40:] = x[:-40]
        return np.cumsum(x), before

    made = agree(f, normal(100), normal(10))
    assert made.text.count("store <8 x double>") < 60


def test_cotangents_of_parts_are_added_where_they_belong():
    def f(x):
        total = np.sum(x[1:] * x[:-1]) + x[3] * x[-2]
        for i in range(4):
            total = total + np.sum(x[ROWS[0] + i] * x[i]) ** 2
        return total

    x = normal(100)
    made = agree(ew.grad(f), x)
    assert made.address
    assert agree(ew.grad(lambda x: f(x) + f(np.exp(x[::-1]))), x).address
    assert agree(ew.hessian(f), x[:60]).run([x[:60]])[0] == 0
    shape = (12, 11)
    assert agree(
        ew.grad(lambda x: np.sum(x[1:] * x[:-1]) + np.sum(x[:, 2:] ** 3) + np.sum(x[4])), normal(shape)
    ).address


@pytest.mark.parametrize("f", [
    lambda x: x[np.argsort(x)] * np.take(x, [2, 2, 0]) + x[np.array([0, 0, 1])],
    lambda x: x[np.argsort(x)] ** 2 * x[np.argsort(-x)],
    lambda x: np.exp(x[np.argsort(x)]) * x[::-1],
])  # fmt: skip
def test_cotangents_of_entries_of_a_short_array(f):
    """The sum of a few numbers is done one by one, but not while one of them is still to be scattered."""
    agree(ew.grad(lambda x: np.sum(np.sin(f(x)) * x)), normal(3))


def test_an_array_stored_into_itself_is_read_before():
    def f(x):
        y = x * 2.0
        y[1:] = y[:-1] + y[1:]
        z = np.exp(y)
        y[5:50] = z[5:50] * y[:45]
        return y, z

    agree(f, normal(100))


UNARY = [np.exp, np.tanh, np.negative, np.square, lambda x: x[::-1], np.transpose, lambda x: x[..., 1:]]
UNARY += [lambda x: np.sum(x, axis=0), lambda x: np.max(x, axis=-1, keepdims=True), lambda x: np.reshape(x, -1)]
UNARY += [
    lambda x: np.cumsum(x, axis=-1),
    lambda x: np.concatenate([x, x]),
    lambda x: x[:1],
    lambda x: np.expand_dims(x, 0),
]
BINARY = [np.add, np.subtract, np.multiply, np.maximum, lambda a, b: np.where(a > b, a, b), np.arctan2]


@st.composite
def programs(draw):
    """A function of arrays, as a list of operations on what came before."""
    return draw(
        st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12)
    )


@given(
    recipe=programs(),
    shape=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    dtype=st.sampled_from(["f8", "f4"]),
    seed=st.integers(0, 99),
    derive=st.booleans(),
    few=st.sampled_from([0, 64]),
)
def test_random_programs(recipe, shape, dtype, seed, derive, few):
    rng = np.random.default_rng(seed)
    inputs = [rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape[-1:]).astype(dtype)]

    def every(*values):
        values = list(values)
        for which, first, second in recipe:
            a, b = values[first % len(values)], values[second % len(values)]
            if which % 2:
                found = UNARY[which % len(UNARY)](a)
            elif _compatible(np.shape(a), np.shape(b)):
                found = BINARY[which % len(BINARY)](a, b)
            else:
                continue
            if np.ndim(found) and 0 < np.size(found) < 2000 and np.ndim(found) < 5:
                values.append(found)
        return [v * 1 for v in values[2:]]

    def total(*values):
        return sum(np.sum(np.tanh(v)) for v in every(*values)) + 0.0 * np.sum(values[0])

    with np.errstate(all="ignore"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(division, "LIMIT", few)
        agree(ew.grad(total, (0, 1)) if derive else every, *inputs)


def test_many_numbers_are_added_to_one_place():
    """All lanes of a register meet where an index array is the same everywhere."""
    x, y = np.arange(240.0).reshape(20, 3, 4), np.arange(300.0).reshape(100, 3)

    def resized(s):
        return np.sum(x * np.resize(s[0], (20, 3, 4)))

    def some_rows(s):
        return np.sum(y * s[np.zeros((100, 1), int) + 1, np.array([0, 2, 0])])

    agree(ew.grad(resized), np.ones(3))
    agree(ew.grad(some_rows), np.ones((4, 3)))


def test_one_number_seen_as_many():
    def f(x):
        many = np.broadcast_to(np.sin(x[0]) * x[1], (200,))
        return np.exp(many[2:3]) * x + np.sum(many)

    agree(f, np.array([0.5, 2.0]))
    agree(ew.jacobian(f), np.array([0.5, 2.0]))


def _compatible(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return False
    return True
