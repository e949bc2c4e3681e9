"""Threads = serial: nothing of a transformation is shared between threads, except locks on arrays that are.

Eight threads run nested derivatives while the interpreter switches between them after every few instructions.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.buffers import COMPARE

THREADS = 8
# Large enough to be locked while a derivative needs it, and used by all threads at once.
SHARED = np.linspace(0.5, 1.5, COMPARE // 8 + 64)


def nested(k):
    a = np.array([0.3, 0.7, 1.1]) * (1 + 0.1 * k)

    def f(x):
        return np.sum(np.sin(x) * np.outer(x, x) @ x) + np.max(x) * np.prod(x)

    def inner(x):
        return np.sum(x * ew.grad(lambda y: np.sum(x * y**2 * np.exp(x)))(x))

    return [ew.grad(f)(a), ew.hessian(f)(a), ew.grad(inner)(a), ew.jacfwd(ew.grad(inner))(a)]


def batched(k):
    a = np.linspace(0.1, 0.9, 12).reshape(4, 3) + 0.05 * k

    def f(x):
        return np.sum(np.where(x > 0.5, np.sqrt(x), x**2)) * np.tanh(k * x[0])

    return [ew.vmap(ew.hessian(f))(a), ew.grad(lambda b: np.sum(ew.vmap(f)(b)))(a), ew.vmap(ew.jacrev(np.cumprod))(a)]


def forward(k):
    def slope(x):
        return ew.jvp(lambda y: x * y**3, (x,), (1.0,))[1]

    _, operator = ew.linearize(lambda x: np.sin(k * x) @ x, np.array([1.0, 2.0]))
    return [ew.jvp(slope, (1.0 + k,), (1.0,))[1], operator.todense(), ew.derivative(ew.derivative(np.sin))(0.1 * k)]


def with_a_shared_array(k):
    return [ew.grad(lambda t: np.sum(np.sin(t * SHARED) * SHARED))(0.1 * k)]


TASKS = {task.__name__: task for task in (nested, batched, forward, with_a_shared_array)}


@pytest.fixture
def eager_switching():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(task, rounds):
    """Results of ``task(k)``, computed by all threads at once: they start together."""
    ready = threading.Barrier(THREADS)

    def work(k):
        ready.wait()
        return [task(k) for _ in range(rounds)]

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


@pytest.mark.usefixtures("eager_switching")
@pytest.mark.parametrize("name", TASKS)
def test_threads_equal_serial(name):
    task = TASKS[name]
    expected = [task(k) for k in range(THREADS)]
    for results, right in zip(in_threads(task, rounds=5), expected, strict=True):
        for found in results:
            for a, b in zip(found, right, strict=True):
                np.testing.assert_array_equal(a, b)
    assert SHARED.flags.writeable


@pytest.mark.usefixtures("eager_switching")
def test_different_tasks_at_once_equal_serial():
    tasks = list(TASKS.values())

    def mixed(k):
        return tasks[k % len(tasks)](k)

    for (found, _), right in zip(in_threads(mixed, rounds=2), map(mixed, range(THREADS)), strict=True):
        for a, b in zip(found, right, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_derivative_inside_a_thread_inside_a_derivative():
    """A function may hand part of its work to threads: its traced values go along."""

    def f(x):
        with ThreadPoolExecutor(2) as pool:
            parts = pool.map(lambda i: np.sin(x[i]) * ew.grad(lambda y: y**2 * x[i])(x[i]), range(3))
            return sum(parts)

    x = np.array([0.3, 0.7, 1.1])
    np.testing.assert_allclose(ew.grad(f)(x), 4 * x * np.sin(x) + 2 * x**2 * np.cos(x), rtol=1e-12)
