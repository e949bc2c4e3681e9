"""A compiled function inside of a transformation is the function: its values, derivatives, effects and errors."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import BatchError, CompileWarning

X = np.array([0.4, -0.7, 1.3])
W = np.arange(9.0).reshape(3, 3) / 5
ROWS = np.stack([X, X * 0.9, X * 1.1])


def layers(x):
    y = x
    for _ in range(3):
        y = np.tanh(W @ y) + x
    return y * y


def branching(x):
    if x[0] > 0.5:
        return x**3
    while np.sum(x * x) > 1:
        x = x * 0.7
    return np.sin(x) if max(x) < 0.9 else x[::-1] * x


def cut(x):
    return np.where(x > 0, np.sqrt(np.where(x > 0, x, 1)), 0.0) + np.sqrt(np.abs(x))[1:][np.array([0, 1, 0])]


def masked(x):
    return np.sqrt(np.maximum(x, 0))[x > 0] * np.sum(x)


def several(x):
    return {"a": x * 2, "b": (np.argmax(x), x[0], "text", 2.0), "c": np.sort(x)}


def of_several(f):
    def g(x):
        found = f(x)
        return found["a"] * found["b"][1] + found["c"] * found["b"][3] + found["b"][0] * x

    return g


def inner(x):
    return ew.grad(lambda y: np.sum(np.sin(y) * x * y))(x * 2)


def looped(x):
    return ew.scan(lambda c, e: (np.sin(c) * e + x, c[0]), x, np.arange(6.0))[0]


def complex_inside(x):
    z = np.exp(1j * x) * (2 + x)
    return np.real(z * z) + np.abs(z)


def constant(x):
    return x * 0 + np.arange(3.0)


def total(f):
    return lambda x: np.sum(np.cos(1.0 + np.arange(np.size(f(x)))) * np.sin(f(x)))


WAYS = {
    "gradient": lambda f: ew.grad(total(f))(X),
    "jvp": lambda f: ew.jvp(f, (X,), (X * 2,)),
    "vjp": lambda f: ew.vjp(f, X)[1](np.ones(np.shape(f(X)))),
    "operator": lambda f: ew.linearize(f, X)[1].todense(),
    "Jacobians": lambda f: (ew.jacfwd(f)(X), ew.jacrev(f)(X)),
    "Hessian": lambda f: ew.hessian(total(f))(X),
    "reverse over reverse": lambda f: ew.grad(lambda x: np.sum(ew.grad(total(f))(x) * x))(X),
    "third": lambda f: ew.jvp(lambda x: ew.hvp(total(f), x, X), (X,), (X,)),
    "batch": lambda f: ew.vmap(f)(ROWS),
    "batch of Hessians": lambda f: ew.vmap(ew.hessian(total(f)))(ROWS),
    "gradient of a batch": lambda f: ew.grad(lambda r: np.sum(ew.vmap(f)(r) ** 2))(ROWS),
    "recomputed": lambda f: ew.grad(total(ew.checkpoint(f)))(X),
    "compiled": lambda f: ew.jit(ew.hessian(total(f)))(X),
}
FUNCTIONS = {
    "layers": layers, "branching": branching, "cut": cut, "masked": masked, "inner": inner, "looped": looped,
    "complex": complex_inside, "constant": constant,
}  # fmt: skip


def leaves(result):
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


def same(found, expected):
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_way_to_differentiate(name, way):
    f = FUNCTIONS[name]
    made = ew.jit(f)
    try:
        expected = WAYS[way](f)
    except BatchError:
        with pytest.raises(BatchError):
            WAYS[way](made)
        return
    for _ in range(3):
        same(WAYS[way](made), expected)


@pytest.mark.parametrize("way", WAYS)
def test_containers(way):
    made = ew.jit(several)
    for _ in range(2):
        same(WAYS[way](of_several(made)), WAYS[way](of_several(several)))


def test_parts_are_compiled(monkeypatch):
    """The function itself is not run again, nor is its program done step by step."""
    made = ew.jit(layers)
    slope = ew.hessian(total(made))
    expected = slope(X)
    slope(X)
    monkeypatch.setattr("edgewise.core.outline.Outline.replay", None)
    same(slope(X), expected)


def test_what_it_reads_is_kept_for_the_sweep():
    table = W.copy()
    made = ew.jit(lambda x: np.tanh(table @ x))
    for _ in range(3):
        table[:] = W
        _, pull = ew.vjp(made, X)
        with contextlib.suppress(ValueError):  # locked until the sweep
            table[:] = 0.0
        same(pull(X)[0], ew.vjp(lambda x: np.tanh(W @ x), X)[1](X)[0])
        same(ew.grad(lambda x: np.sum(made(x)))(X), ew.grad(lambda x: np.sum(np.tanh(table @ x)))(X))


def test_a_captured_value_of_a_transformation():
    def f(make):
        return ew.grad(lambda w: np.sum(ew.grad(lambda x: np.sum(make(lambda y: w * y**3)(x)))(X) * w))(2.0)

    same(f(ew.jit), f(lambda g: g))


def test_effects_are_those_of_one_run():
    seen, rng = [], np.random.default_rng(0)

    def f(x):
        seen.append(1)
        return np.sum(x * rng.normal(size=3))

    made = ew.jit(f)
    with pytest.warns(CompileWarning, match="it changes"):
        first = ew.grad(made)(X)
    again = [ew.grad(made)(X) for _ in range(2)]
    rng = np.random.default_rng(0)
    assert len(seen) == 3
    same((first, *again), tuple(rng.normal(size=3) for _ in range(3)))


def test_stores_into_an_argument():
    def f(x):
        x[0] = x[1] * 2
        return np.sum(x * x)

    same(ew.grad(ew.jit(f))(X.copy()), ew.grad(f)(X.copy()))


def test_errors_are_the_functions_own():
    made = ew.jit(lambda a: np.linalg.eigh(a)[1])
    with pytest.raises(ew.errors.UndeterminedError):
        ew.grad(lambda a: np.sum(made(a) * W))(np.eye(3))

    def negative(x):
        if x[0] < 1:
            raise ValueError("too small")
        return np.sum(x)

    with pytest.raises(ValueError, match="too small"):
        ew.grad(ew.jit(negative))(X)
    with pytest.raises(BatchError):
        ew.vmap(ew.jit(branching))(ROWS)


def test_static_and_named_arguments():
    made = ew.jit(lambda x, n, *, scale: np.sum(x**n) * scale, static_argnums=1)
    for n in (2, 3, 2):
        found = ew.grad(made, argnums=(0, "scale"))(X, n, scale=2.0)
        same(found, (2 * n * X ** (n - 1), np.sum(X**n)))
    static = ew.jit(lambda x, w: np.sum(x * w), static_argnums=1)
    assert ew.grad(lambda w: static(X, w))(2.0) == pytest.approx(np.sum(X))


def test_an_empty_batch_and_integers():
    assert ew.vmap(ew.jit(lambda x: x * 2))(np.zeros((0, 3))).shape == (0, 3)
    made = ew.jit(lambda x, i: x[i] * x)
    same(ew.jacrev(lambda x: made(x, np.array([0, 0, 2])))(X), ew.jacrev(lambda x: x[np.array([0, 0, 2])] * x)(X))


def test_what_looks_at_operations_sees_them():
    assert "tanh" in str(ew.explain(lambda x: np.sum(ew.jit(np.tanh)(x)), X))


def test_threads():
    made, failed = ew.jit(layers), []
    expected = ew.hessian(total(layers))(X)

    def work():
        try:
            for _ in range(5):
                same(ew.hessian(total(made))(X), expected)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
