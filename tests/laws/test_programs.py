"""Reverse = forward on random programs, and dead entries stay dead in them.

A program is a list of steps; each takes results of earlier ones, broadcasts them where it must, and keeps numbers tame.
Forward and reverse walk the same graph by different rules in opposite directions, so what they disagree on is wrong.
"""

from __future__ import annotations

import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import edgewise as ew

UNARY = {
    "sin": np.sin,
    "tanh": np.tanh,
    "bell": lambda x: np.exp(-x * x),
    "root": lambda x: np.sqrt(1 + x * x),
    "power": lambda x: (1 + x * x) ** 0.7,
    "abs": np.abs,
    "cut": lambda x: np.where(x > 0.1, x, -0.3 * x),
    "clip": lambda x: np.clip(x, -0.8, 0.9),
    "sum": np.sum,
    "rows": lambda x: np.sum(x, axis=0, keepdims=True) if x.ndim else x,
    "mean": lambda x: np.mean(x, axis=-1) if x.ndim and x.shape[-1] else x,
    "var": lambda x: np.var(x, axis=-1) if x.ndim and x.shape[-1] else x,
    "prod": lambda x: np.prod(np.tanh(x), axis=-1) if x.ndim else x,
    "max": lambda x: np.max(x, axis=0) if x.ndim and x.shape[0] else x,
    "min": lambda x: np.min(x, axis=-1, keepdims=True) if x.ndim and x.shape[-1] else x,
    "sort": lambda x: np.sort(x, axis=-1) if x.ndim else x,
    "cumsum": lambda x: np.cumsum(x, axis=0) if x.ndim else x,
    "cumprod": lambda x: np.cumprod(np.tanh(x), axis=-1) if x.ndim else x,
    "flat": np.ravel,
    "turn": np.transpose,
    "back": lambda x: x[::-1] if x.ndim else x[None],
    "odd": lambda x: x[..., 1::2] if x.ndim else x,
    "pick": lambda x: x[np.array([0, -1, 0])] if x.ndim and x.shape[0] else x,
    "diff": lambda x: np.diff(x) if x.ndim else x,
    "gram": lambda x: x @ np.swapaxes(x, -1, -2) / (1 + x.size) if x.ndim > 1 else x,
    "repeat": lambda x: np.repeat(x, 2, axis=-1)[..., : x.shape[-1] + 1] if x.ndim else x,
    "tril": lambda x: np.tril(x) if x.ndim > 1 else x,
    "widen": lambda x: np.broadcast_to(x, (2, *x.shape)) if x.ndim < 2 else x,
    "roll": lambda x: np.roll(x, 1),
}
BINARY = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * np.tanh(y),
    "divide": lambda x, y: x / (1 + y * y),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "choose": lambda x, y: np.where(x > y, x, y * y),
    "angle": lambda x, y: np.arctan2(x, 1 + y * y),
    "logaddexp": np.logaddexp,
    "hypot": lambda x, y: np.hypot(x, 1 + y),
}
STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(UNARY) + sorted(BINARY)), st.integers(0, 9), st.integers(0, 9)),
    min_size=1,
    max_size=8,
)
SHAPES = st.lists(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3), min_size=1, max_size=3)


def together(x, y):
    """Two results in one operation: broadcast if they fit, through a sum if not."""
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return x, np.sum(y)
    return x, y


def run(steps, inputs):
    made = list(inputs)
    for name, i, j in steps:
        x, y = made[-1 - i % len(made)], made[-1 - j % len(made)]
        made.append(UNARY[name](x) if name in UNARY else BINARY[name](*together(x, y)))
    return made[len(inputs) :]


def program(steps):
    """A vector of all that was computed: nothing is unused."""
    return lambda *inputs: np.concatenate([np.ravel(y) for y in run(steps, inputs)])


def point(shapes, seed):
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1.5, 1.5, s)[()] for s in shapes]


@given(STEPS, SHAPES, st.integers(0, 99))
def test_forward_and_reverse_agree(steps, shapes, seed):
    f, x = program(steps), point(shapes, seed)
    y = f(*x)
    assume(0 < y.size < 200)
    t, g = point(shapes, seed + 1), np.random.default_rng(seed + 2).uniform(-1, 1, y.size)
    every = tuple(range(len(x)))
    value, pushed = ew.jvp(f, x, t)
    np.testing.assert_allclose(value, y, rtol=1e-13, atol=1e-13)

    def scalar(*x):
        return np.sum(g * f(*x))

    backwards = ew.grad(scalar, every)(*x)
    along = sum(np.sum(a * b) for a, b in zip(backwards, t, strict=True))
    scale = 1e-11 * (1 + np.abs(pushed).sum())
    assert abs(along - g @ pushed) <= scale
    forward, reverse = ew.jacfwd(f, every)(*x), ew.jacrev(f, every)(*x)
    for a, b, c in zip(forward, reverse, backwards, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(np.tensordot(g, a, 1), c, rtol=1e-10, atol=scale)


@given(STEPS, SHAPES, st.integers(0, 99), st.data())
def test_forward_and_reverse_agree_in_mixed_precision(steps, shapes, seed, data):
    """Every value has NumPy's dtype, every derivative that of its value; the two directions differ by rounding."""
    dtypes = data.draw(st.lists(st.sampled_from([np.float32, np.float64]), min_size=len(shapes), max_size=len(shapes)))
    x, t = ([v.astype(d) for v, d in zip(point(shapes, s), dtypes, strict=True)] for s in (seed, seed + 1))

    def f(*x):
        return tuple(run(steps, x))

    y = f(*x)
    values, pushed = ew.jvp(f, x, t)
    for a, v, p in zip(y, values, pushed, strict=True):
        assert np.shape(v) == np.shape(p) == np.shape(a)
        assert v.dtype == p.dtype == a.dtype
    g = tuple(np.cos(1.0 + np.arange(a.size)).reshape(a.shape).astype(a.dtype) for a in y)
    pulled = ew.vjp(f, *x)[1](g)
    for v, p in zip(x, pulled, strict=True):
        assert np.shape(p) == v.shape
        assert p.dtype == v.dtype
    forward = sum(np.sum(np.float64(a) * b) for a, b in zip(pushed, g, strict=True))
    reverse = sum(np.sum(np.float64(a) * b) for a, b in zip(pulled, t, strict=True))
    scale = sum(np.abs(a).sum() for a in pushed) + sum(np.abs(a).sum() for a in pulled)
    assert abs(forward - reverse) <= 1e-4 * (1 + scale)


@given(STEPS, SHAPES, st.integers(0, 99))
def test_second_derivatives_agree(steps, shapes, seed):
    f, x = program(steps), point(shapes, seed)
    y = f(*x)
    assume(0 < y.size < 60)
    t, g = point(shapes, seed + 1), np.random.default_rng(seed + 2).uniform(-1, 1, y.size)
    every = tuple(range(len(x)))

    def h(*x):
        return np.sum(g * f(*x))

    def slope(*x):
        return ew.jvp(h, x, t)[1]

    def along(*x):
        return sum(np.sum(a * b) for a, b in zip(ew.grad(h, every)(*x), t, strict=True))

    over_reverse = ew.jvp(ew.grad(h, every), x, t)[1]
    over_forward = ew.grad(slope, every)(*x)
    twice = ew.grad(along, every)(*x)
    scale = 1e-9 * (1 + sum(np.abs(a).sum() for a in over_reverse))
    for a, b, c in zip(over_reverse, over_forward, twice, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=scale)
        np.testing.assert_allclose(a, c, rtol=1e-9, atol=scale)
    straight = ew.jvp(slope, x, t)[1]
    assert abs(straight - sum(np.sum(a * b) for a, b in zip(over_reverse, t, strict=True))) <= scale


@given(STEPS, SHAPES, st.integers(0, 99), st.data())
def test_a_batch_is_its_members(steps, shapes, seed, data):
    f, x = program(steps), point(shapes, seed)
    y = f(*x)
    assume(0 < y.size < 200)
    batched = data.draw(st.lists(st.booleans(), min_size=len(x), max_size=len(x)).filter(any))
    members = [
        [
            v + 0.1 * k * np.cos(1 + np.arange(v.size)).reshape(v.shape) if b else v
            for v, b in zip(x, batched, strict=True)
        ]
        for k in range(3)
    ]
    axes = tuple(0 if b else None for b in batched)
    stacks = [np.stack(vs) if b else vs[0] for vs, b in zip(zip(*members, strict=True), batched, strict=True)]
    found = ew.vmap(f, axes)(*stacks)
    np.testing.assert_allclose(found, np.stack([f(*m) for m in members]), rtol=1e-12, atol=1e-12)
    every = tuple(range(len(x)))

    def scalar(*x):
        return np.sum(np.sin(f(*x)))

    gradients = ew.vmap(ew.grad(scalar, every), axes)(*stacks)
    looped = [ew.grad(scalar, every)(*m) for m in members]
    for i, a in enumerate(gradients):
        np.testing.assert_allclose(a, np.stack([g[i] for g in looped]), rtol=1e-10, atol=1e-10)


SINGULAR = {
    "sqrt": np.sqrt,
    "log": np.log,
    "1/x": lambda x: 1 / x,
    "x**0.3": lambda x: x**0.3,
    "x**1.5": lambda x: x**1.5,
}
CARRIERS = [
    "sin",
    "sum",
    "rows",
    "flat",
    "turn",
    "back",
    "odd",
    "pick",
    "diff",
    "cumsum",
    "repeat",
    "widen",
    "roll",
    "tril",
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the user's own pass divides by zero
@given(
    st.sampled_from(sorted(SINGULAR)),
    st.lists(st.sampled_from(CARRIERS), max_size=5),
    hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3),
    st.sampled_from(["where", "mask", "index", "maximum"]),
    st.data(),
)
def test_a_singular_entry_behind_a_cut(singular, carriers, shape, selection, data):
    """The results that a singular entry touches are found by sending NaN along; the others are selected."""
    dead = data.draw(hnp.arrays(bool, shape))
    x = np.where(dead, 0.0, 0.5 + np.arange(math.prod(shape)).reshape(shape) / 7)

    def carried(y):
        for name in carriers:
            y = UNARY[name](y)
        return y

    clean = ~np.isnan(carried(np.where(dead, np.nan, 1.0)))
    assume(np.any(clean))

    def select(y):
        if selection == "where" or not clean.ndim:
            return np.where(clean, y, 0.0)
        if selection == "maximum":  # the clean entries are lifted above a bound that all others stay below
            return np.maximum(np.where(clean, y, -np.inf), -1e9)
        return y[clean] if selection == "mask" else y[np.nonzero(clean)]

    def f(x):
        return select(carried(SINGULAR[singular](x)))

    def safe(x):
        return select(carried(SINGULAR[singular](np.where(dead, 1.0, x))))

    def h(f):
        return lambda x: np.sum(np.sin(f(x)))

    t = np.cos(1.0 + np.arange(x.size)).reshape(shape)
    for transformation in (
        lambda f: ew.grad(h(f))(x),
        lambda f: ew.jvp(f, (x,), (t,))[1],
        lambda f: ew.jacfwd(f)(x),
        lambda f: ew.jacrev(f)(x),
        lambda f: ew.hessian(h(f))(x),
        lambda f: ew.jacrev(ew.grad(h(f)))(x),
        lambda f: ew.jacfwd(ew.jacfwd(h(f)))(x),
        lambda f: ew.grad(lambda x: ew.jvp(h(f), (x,), (t,))[1])(x),
    ):
        found, expected = transformation(f), transformation(safe)
        assert np.all(found[expected == 0] == 0)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
