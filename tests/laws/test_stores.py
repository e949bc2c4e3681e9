"""Stores and views, against NumPy: random programs of both, run on ordinary arrays and on traced ones.

A program is a list of numbers, each four of them an instruction on a pool of arrays: make a view, make a copy, store.
What it returns is the whole pool, so that every alias is looked at. Values must be NumPy's own, bit for bit, and an
instruction that NumPy refuses must be refused in the same words. Derivatives are held against the complex step, which
is the same program on an ordinary complex array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import edgewise as ew

# -- instructions: (pool, a, b, c) -> the new arrays, or None


def _shapes(size: int) -> list[tuple[int, ...]]:
    return [(size,), (1, size), *((n, size // n) for n in (2, 3, 4) if size % n == 0)]


def _span(n: int, b: int, c: int) -> slice:
    """Some slice of an axis of length n."""
    return [
        slice(None), slice(1, None), slice(None, -1), slice(None, None, -1), slice(None, None, 2), slice(1, -1),
        slice(c % (n + 1), None), slice(b % (n + 1)),
    ][(b + 3 * c) % 8]  # fmt: skip


def _index(a: Any, b: int, c: int) -> Any:
    """Some index of any kind."""
    if not a.ndim:
        return [(), ...][b % 2]
    n = a.shape[0]
    kinds = [_span(n, c, b), ..., (..., _span(a.shape[-1], c, b)), (_span(n, c, b), None), (None, ...)]
    if n:
        kinds += [
            b % n, -1, [c % n, b % n, c % n], np.arange(n) % (2 + c % 2) == 0, (b % n, ...),
            np.array([[b % n], [c % n]]),
        ]  # fmt: skip
        if a.ndim > 1 and a.shape[1]:
            m = a.shape[1]
            kinds += [
                (b % n, c % m), (slice(None), c % m), (_span(n, b, c), _span(m, c, b)), ([b % n, c % n], slice(None)),
                ([b % n, c % n, b % n], [c % m, b % m, c % m]), (c % n, _span(m, b, c)), (b % n, c % m, ...),
                (np.arange(a.size).reshape(a.shape) % 3 == 1) if a.ndim == 2 else 0, (slice(None), [c % m, b % m]),
            ]  # fmt: skip
    return kinds[(b + 5 * c) % len(kinds)]


def _value(p: list[Any], shape: tuple[int, ...], b: int, c: int) -> Any:
    """Something to store: a number, a traced number, an array that fits, or one that may not."""
    other = p[b % len(p)]
    fitting = [q for q in p if np.shape(q) == shape] or [other]
    total = np.sum(other)
    return [
        0.5 * c, total * 0.1, fitting[c % len(fitting)], fitting[c % len(fitting)] * 0.5, other,
        np.linspace(0.5, 1.5, shape[-1]) if shape else 2.0, np.full(shape, 0.1 * c) * total,
    ][(b + c) % 7]  # fmt: skip


def _views(p: list[Any], a: Any, b: int, c: int) -> Any:
    makers: list[Callable[[], Any]] = [
        lambda: a[_index(a, b, c)],
        lambda: a.T,
        lambda: np.reshape(a, _shapes(a.size)[c % len(_shapes(a.size))]),
        a.ravel,
        lambda: np.swapaxes(a, 0, -1),
        lambda: np.squeeze(a),
        lambda: a[...],
        lambda: np.expand_dims(a, c % (a.ndim + 1)),
        lambda: np.diagonal(a),
        lambda: np.broadcast_to(a, (2, *a.shape)),
        lambda: np.flip(a, c % a.ndim),
        lambda: np.split(a, [1])[c % 2],
        lambda: np.atleast_2d(a),
        lambda: np.moveaxis(a, 0, -1),
        lambda: np.rot90(a, c),
        lambda: a.reshape(-1, order="F"),
    ]
    return makers[b % len(makers)]()


def _copies(p: list[Any], a: Any, b: int, c: int) -> Any:
    makers: list[Callable[[], Any]] = [
        a.copy,
        lambda: +a,
        lambda: np.sin(a),
        lambda: a * 0.5,
        a.flatten,
        lambda: np.zeros_like(a),
        lambda: a.flat[_span(a.size, b, c)],
        lambda: np.roll(a, 1),
        lambda: a.astype(a.dtype),
        lambda: np.tile(a, 1),
        lambda: np.where(np.real(a.sum()) > -1e9, a, 0.0),
        lambda: np.concatenate([a, a]) if a.size < 12 else np.copy(a),
    ]
    return makers[b % len(makers)]()


def _store(p: list[Any], a: Any, b: int, c: int) -> None:
    index = _index(a, b, c)
    shape = np.empty(a.shape, bool)[index].shape
    a[index] = _value(p, shape, c, b)


def _update(p: list[Any], a: Any, b: int, c: int) -> None:
    index = _index(a, b, c)
    shape = np.empty(a.shape, bool)[index].shape
    if b % 3 == 0:
        a[index] += _value(p, shape, c, b)
    elif b % 3 == 1:
        a[index] *= 0.5
    else:
        a[index] -= a[index] * 0.25


def _whole(p: list[Any], a: Any, b: int, c: int) -> None:
    if not a.ndim:  # an ordinary number there
        return
    v = _value(p, a.shape, b, c)
    if c % 3 == 0:
        a += v
    elif c % 3 == 1:
        a *= np.sum(p[b % len(p)]) * 0.1
    else:
        a[...] = v


def _functions(p: list[Any], a: Any, b: int, c: int) -> None:
    n = max(a.size, 1)
    some = np.array([b % n, c % n, b % n])
    mask = np.arange(a.size).reshape(a.shape) % 2 == b % 2
    v = np.ravel(p[c % len(p)]) * 1.0  # a copy: np.place reads what it has just written
    along = np.zeros((1,) * a.ndim, int) if a.ndim else 0
    if not a.ndim:
        return
    rows = np.array([b % max(a.shape[0], 1), c % max(a.shape[0], 1), b % max(a.shape[0], 1)])
    a[:0] = 0.0  # or ufunc.at would write to what is read-only: numpy.diagonal(a) of NumPy 2.4
    doers: list[Callable[[], Any]] = [
        lambda: np.put(a, some, v),
        lambda: np.place(a, mask, v),
        lambda: np.putmask(a, mask, v),
        lambda: np.copyto(a, np.sum(v)),
        lambda: np.copyto(a, a * 0.5, where=mask),
        lambda: np.fill_diagonal(a, v[0]),
        lambda: np.put_along_axis(a, along, v[0], 0),
        lambda: np.add.at(a, rows, v[0]),
        lambda: np.multiply.at(a, rows, 0.5 * v[0]),
        lambda: np.subtract.at(a, (rows, ...), a[0] * 0.5),
        lambda: np.negative.at(a, rows),
        lambda: np.multiply(a, 0.5, out=a),
        lambda: np.add(a, np.sum(v), out=a, where=mask),
        lambda: np.cumsum(a, axis=0, out=a),
        lambda: np.sin(a, out=a),
        lambda: a.fill(v[0]),
        lambda: a.put(some, v),
        lambda: a.flat.__setitem__(_span(a.size, b, c), v),
        lambda: setattr(a, "flat", v),
        lambda: a.__setitem__(0, a[-1]),
        lambda: a.__setitem__(slice(1, None), a[:-1]),
    ]
    doers[(b + 7 * c) % len(doers)]()


def _swap(p: list[Any], a: Any, b: int, c: int) -> None:
    n = a.shape[0] if a.ndim else 0
    if n:
        i, j = b % n, c % n
        a[i], a[j] = a[j], a[i]


INSTRUCTIONS = (_views, _copies, _store, _update, _whole, _functions, _swap, _views, _store)


def run(program: list[tuple[int, int, int, int]], x: Any, refused: list[int]) -> tuple[Any, ...]:
    """The pool after a program; what was refused is noted."""
    pool = [x, np.zeros_like(x)]
    for at_instruction, (kind, at, b, c) in enumerate(program):
        a = pool[at % len(pool)]
        try:
            made = INSTRUCTIONS[kind % len(INSTRUCTIONS)](pool, a, b, c)
        except (ValueError, IndexError, TypeError):
            refused.append(at_instruction)
            continue
        if made is not None and np.ndim(made) and np.size(made) < 40:
            pool.append(made)
            del pool[6:]
    return tuple(q * 1.0 if isinstance(q, np.ndarray) else q for q in pool)


PROGRAMS = st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=12)
STARTS = st.sampled_from([(6,), (2, 3), (3, 2, 2), (4, 4)])


def start(shape: tuple[int, ...]) -> Any:
    n = int(np.prod(shape))
    return (1.0 + np.sin(1.0 + np.arange(n))).reshape(shape)


def joined(parts: Any) -> Any:
    return np.concatenate([np.ravel(q) for q in parts])


@given(PROGRAMS, STARTS)
def test_values_and_first_derivatives(program, shape):
    x, refused = start(shape), []
    t = np.cos(np.arange(x.size)).reshape(shape)
    expected = run(program, x.copy(), refused)
    stepped = [np.imag(q) / 1e-30 for q in run(program, x + 1e-30j * t, [])]
    scale = 1 + max(np.abs(s).max(initial=0.0) for s in stepped)

    def f(x):
        said = []
        made = run(program, x, said)
        assert said == refused
        return made

    before = x.copy()
    values, tangents = ew.jvp(f, (x,), (t,))
    recorded, pull = ew.vjp(f, x)
    for found in (values, recorded):
        for own, right in zip(found, expected, strict=True):
            np.testing.assert_allclose(own, right, rtol=1e-13, atol=1e-13)
    for own, right in zip(tangents, stepped, strict=True):
        np.testing.assert_allclose(own, right, rtol=0, atol=1e-12 * scale)
    weights = tuple(np.sin(2.0 + np.arange(q.size)).reshape(q.shape) for q in expected)
    (pulled,) = pull(weights)
    along = sum(np.sum(w * s) for w, s in zip(weights, stepped, strict=True))
    np.testing.assert_allclose(np.sum(pulled * t), along, rtol=0, atol=1e-11 * scale * x.size)
    swept = ew.grad(lambda x: sum(np.sum(w * q) for w, q in zip(weights, f(x), strict=True)))(x)
    np.testing.assert_allclose(swept, pulled, rtol=0, atol=1e-11 * scale)
    np.testing.assert_array_equal(x, before)  # the caller's array is his


@given(PROGRAMS, STARTS)
def test_batches(program, shape):
    stack = np.stack([start(shape), np.cos(start(shape)), start(shape)[::-1]])

    def total(x):
        return sum((i + 1.0) * np.sum(q * q) for i, q in enumerate(run(program, x, [])))

    values = ew.vmap(lambda x: run(program, x, []))(stack)
    gradients = ew.vmap(ew.grad(total))(stack)
    along = ew.jvp(ew.vmap(total, in_axes=-1), (np.moveaxis(stack, 0, -1),), (np.moveaxis(stack, 0, -1),))[1]
    backwards = ew.grad(lambda stack: np.sum(ew.vmap(total)(stack)))(stack)
    for i, x in enumerate(stack):
        for found, right in zip(values, run(program, x.copy(), []), strict=True):
            np.testing.assert_allclose(found[i], right, rtol=1e-13, atol=1e-13)
        right = ew.grad(total)(x)
        scale = 1e-12 * (1 + np.abs(right).max(initial=0.0))
        np.testing.assert_allclose(gradients[i], right, rtol=0, atol=scale)
        np.testing.assert_allclose(backwards[i], right, rtol=0, atol=scale)
        np.testing.assert_allclose(along[i], np.sum(right * x), rtol=0, atol=scale * x.size)


@given(PROGRAMS, STARTS)
def test_second_derivatives(program, shape):
    x = start(shape)
    t = np.cos(np.arange(x.size)).reshape(shape)
    h = 1e-5

    def total(x):
        return sum((i + 1.0) * np.sum(np.sin(q)) for i, q in enumerate(run(program, x, [])))

    def slope(x):
        return np.imag(total(x + 1e-30j * t)) / 1e-30

    expected = (slope(x + h * t) - slope(x - h * t)) / (2 * h)
    scale = max(1.0, abs(expected))
    found = {
        "forward over forward": ew.jvp(lambda x: ew.jvp(total, (x,), (t,))[1], (x,), (t,))[1],
        "forward over reverse": np.sum(ew.jvp(ew.grad(total), (x,), (t,))[1] * t),
        "reverse over forward": np.sum(ew.grad(lambda x: ew.jvp(total, (x,), (t,))[1])(x) * t),
        "reverse over reverse": np.sum(ew.grad(lambda x: np.sum(ew.grad(total)(x) * t))(x) * t),
        "hvp": np.sum(ew.hvp(total, x, t) * t),
    }
    first = found["forward over forward"]
    np.testing.assert_allclose(first, expected, rtol=0, atol=2e-4 * scale)
    for name, value in found.items():
        np.testing.assert_allclose(value, first, rtol=0, atol=1e-9 * scale, err_msg=name)
