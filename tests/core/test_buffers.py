"""Ordinary arrays that a derivative needs, and that their owner overwrites before it has been taken.

The rule: the right derivative, or an ``OverwrittenError`` that names the user's line (``test_locks.py``). Never another
number. And every array is as writeable afterwards as it was before.
"""

from __future__ import annotations

import concurrent.futures
import mmap
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import edgewise as ew
from edgewise.core import buffers
from edgewise.errors import OverwrittenError

# Bytes: below and above each bound of the policy.
SIZES = {
    "small": 240,
    "at the first bound": buffers.COPY,
    "middle": buffers.COPY + 8,
    "at the second bound": buffers.COMPARE,
    "large": buffers.COMPARE + 8,
}
LARGE = buffers.COMPARE // 8 + 1  # entries of float64
HERE = Path(__file__).name


class Buffer(NamedTuple):
    """An array as the user holds it, and another hold on the same memory, made beforehand."""

    array: Any
    alias: Any
    base: Any


def contiguous(n: int) -> Buffer:
    a = np.linspace(1, 2, n)
    return Buffer(a, a[:], a)


def view_of_larger(n: int) -> Buffer:
    base = np.linspace(1, 2, n + 7)
    return Buffer(base[3 : n + 3], base[3 : n + 3], base)


def strided(n: int) -> Buffer:
    base = np.linspace(1, 2, 2 * n)
    return Buffer(base[::2], base[::2], base)


def backwards(n: int) -> Buffer:
    base = np.linspace(1, 2, n)
    return Buffer(base[::-1], base[::-1], base)


def transposed(n: int) -> Buffer:
    base = np.linspace(1, 2, n).reshape(n, 1)
    return Buffer(base.T[0], base[:, 0], base)


def read_only_view(n: int) -> Buffer:
    base = np.linspace(1, 2, n)
    view = base[:]
    view.flags.writeable = False
    return Buffer(view, base[:], base)


def single_precision(n: int) -> Buffer:
    a = np.linspace(1, 2, 2 * n, dtype=np.float32)
    return Buffer(a, a[:], a)


def integers(n: int) -> Buffer:
    a = np.arange(1, n + 1)
    return Buffer(a, a[:], a)


def long_double(n: int) -> Buffer:
    a = np.linspace(1, 2, n // 2, dtype=np.longdouble)
    return Buffer(a, a[:], a)


def overlapping(n: int) -> Buffer:
    """Windows that share entries."""
    base = np.linspace(1, 2, n // 2 + 1)
    return Buffer(np.lib.stride_tricks.sliding_window_view(base, 2), base[:], base)


def repeated(n: int) -> Buffer:
    """One row of two, seen again and again."""
    base = np.linspace(1, 2, 2)
    return Buffer(np.broadcast_to(base, (n // 2, 2)), base[:], base)


def over_bytes(n: int) -> Buffer:
    """Memory that no NumPy array owns."""
    a = np.frombuffer(bytearray(8 * n))
    a[:] = np.linspace(1, 2, n)
    return Buffer(a, a[:], a)


def over_a_map(n: int) -> Buffer:
    a = np.frombuffer(mmap.mmap(-1, 8 * n))
    a[:] = np.linspace(1, 2, n)
    return Buffer(a, a[:], a)


LAYOUTS = (
    contiguous, view_of_larger, strided, backwards, transposed, read_only_view, single_precision, integers, long_double,
    overlapping, repeated, over_bytes, over_a_map,
)  # fmt: skip


def directly(b: Buffer) -> None:
    (b.array if b.array.flags.writeable else b.base)[...] = 7


def through_the_base(b: Buffer) -> None:
    b.base[...] = 7


def through_an_alias(b: Buffer) -> None:
    b.alias[...] = 7


def one_entry_through_an_alias(b: Buffer) -> None:
    b.alias[b.alias.size // 2] += 1


def sign_through_an_alias(b: Buffer) -> None:
    np.negative(b.alias, out=b.alias)


WAYS = (directly, through_the_base, through_an_alias, one_entry_through_an_alias, sign_through_an_alias)


def by_grad(f: Callable[..., Any], x: Any) -> Any:
    return ew.grad(f)(x)


def by_jvp(f: Callable[..., Any], x: Any) -> Any:
    _, tangent = ew.jvp(f, (x,), (np.ones_like(x),))
    return tangent * np.ones_like(x) / x.size  # of a sum, the mean of the gradient


def by_vjp(f: Callable[..., Any], x: Any) -> Any:
    return ew.vjp(f, x)[1](1.0)[0]


def by_linearize(f: Callable[..., Any], x: Any) -> Any:
    return ew.linearize(f, x)[1].H @ 1.0


def by_jacobian(f: Callable[..., Any], x: Any) -> Any:
    return ew.jacobian(f)(x)


def by_nested_grad(f: Callable[..., Any], x: Any) -> Any:
    """The derivative of the gradient in a direction, of t * f."""
    return ew.grad(lambda t: np.sum(ew.grad(lambda y: t * f(y))(x) * 1.0))(2.0) * np.ones_like(x) / x.size


def by_vmap(f: Callable[..., Any], x: Any) -> Any:
    return ew.vmap(ew.grad(f))(np.stack([x, x]))[1]


TRANSFORMATIONS = (by_grad, by_jvp, by_vjp, by_linearize, by_jacobian, by_nested_grad, by_vmap)
OF_A_SUM = (by_jvp, by_nested_grad)


def right_or_refused(derivative: Callable[[], Any], expected: Any, *, may_refuse: bool) -> None:
    """The right derivative, or the error that names a line of this file: never another number."""
    try:
        found, refusal = derivative(), None
    except OverwrittenError as error:
        refusal = error
    if refusal is None:
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    else:
        assert may_refuse
        assert re.fullmatch(rf".*{HERE}:\d+", refusal.where)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_a_captured_buffer(transformation: Any, layout: Any, way: Any, size: str) -> None:
    b = layout(SIZES[size] // 8)
    writeable = [a.flags.writeable for a in b]
    before = b.array.copy()
    x = np.ones(before.shape, before.dtype if before.dtype.kind == "f" else float)

    def f(y: Any) -> Any:
        result = np.sum(y * b.array)
        way(b)
        return result

    expected = np.full(x.shape, before.mean()) if transformation in OF_A_SUM else before
    right_or_refused(lambda: transformation(f, x), expected, may_refuse=SIZES[size] > buffers.COMPARE)
    assert [a.flags.writeable for a in b] == writeable
    assert not buffers._held


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_the_argument_itself(transformation: Any, layout: Any, way: Any, size: str) -> None:
    """The derivative is taken at the point that was given, whatever becomes of the array it was given in."""
    b = layout(SIZES[size] // 8)
    writeable = [a.flags.writeable for a in b]
    before = b.array.copy()

    def f(y: Any) -> Any:
        way(b)
        result = np.sum(y**2)
        way(b)
        return result

    expected = np.full(before.shape, 2 * before.mean()) if transformation in OF_A_SUM else 2 * before
    right_or_refused(lambda: transformation(f, b.array), expected, may_refuse=SIZES[size] > buffers.COMPARE)
    assert [a.flags.writeable for a in b] == writeable
    assert not buffers._held


@pytest.mark.parametrize("n", [3, LARGE])
def test_the_batch_itself(n: int) -> None:
    table = np.linspace(1, 2, 2 * n).reshape(2, n)
    before = table.copy()

    def f(row: Any) -> Any:
        result = np.sum(row**2)
        table[...] = 7.0
        return result

    np.testing.assert_array_equal(ew.vmap(ew.grad(f))(table), 2 * before)


@pytest.mark.parametrize("n", [3, buffers.COPY // 8 + 1])
def test_a_work_buffer_reused_in_a_loop(n: int) -> None:
    """Everyday NumPy. Differentiating with the last contents would give 9 where 6 is right."""
    base, work = np.ones(n), np.empty(n)

    def f(x: Any) -> Any:
        total = 0.0
        for k in (1, 2, 3):
            np.multiply(base, k, out=work)
            total = total + np.sum(x * work)
        return total

    np.testing.assert_array_equal(ew.grad(f)(np.ones(n)), np.full(n, 6.0))


def stored(x: Any, k: Any) -> Any:
    y = x * 1.0
    y[k] = x[k] ** 2
    return y


def replaced(x: Any, k: Any) -> Any:
    y = x * 1.0
    y[:] = k
    y[0] = x[0]
    return y


KEPT_BY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[int], Any]]] = {
    "an index": (lambda x, k: np.sum(x[k] ** 2), np.arange),
    "a mask": (lambda x, k: np.sum(x[k] ** 2), lambda n: np.arange(n) % 2 == 0),
    "the condition of where": (lambda x, k: np.sum(np.where(k, x, 0) ** 2), lambda n: np.arange(n) % 2 == 0),
    "the mask of a sum": (lambda x, k: np.sum(x**2, where=k), lambda n: np.arange(n) % 2 == 0),
    "a bound of clip": (lambda x, k: np.sum(np.clip(x, 0.5, k)), lambda n: np.linspace(0, 2, n)),
    "an exponent": (lambda x, k: np.sum(x**k), lambda n: np.linspace(1, 2, n)),
    "a divisor": (lambda x, k: np.sum(x / k), lambda n: np.linspace(1, 2, n)),
    "a matrix": (lambda x, k: np.sum((k.reshape(2, -1) @ x[: k.size // 2]) ** 2), lambda n: np.linspace(1, 2, n)),
    "a list of arrays": (lambda x, k: np.sum(np.maximum(x, [k, k])), lambda n: np.linspace(0.5, 1.5, n)),
    "an index of a store": (lambda x, k: np.sum(stored(x, k) ** 2), np.arange),
    "the mask of a store": (lambda x, k: np.sum(stored(x, k) ** 2), lambda n: np.arange(n) % 2 == 0),
    "what is stored": (lambda x, k: np.sum(replaced(x, k) * x), lambda n: np.linspace(1, 2, n)),
    "an index of take": (lambda x, k: np.sum(np.take(x, k) ** 2), np.arange),
}


@pytest.mark.parametrize("n", [30, buffers.COPY // 8 + 2, 8 * LARGE])
@pytest.mark.parametrize("what", KEPT_BY)
def test_whatever_an_operation_keeps(what: str, n: int) -> None:
    f, make = KEPT_BY[what]
    kept = make(n if n < LARGE or make(1).itemsize == 1 else LARGE + 1)
    x = np.linspace(1, 2, kept.size)
    expected = ew.grad(lambda y: f(y, kept.copy()))(x)

    def overwrites(y: Any) -> Any:
        result = f(y, kept)
        kept[...] = kept[::-1].copy()
        return result

    right_or_refused(lambda: ew.grad(overwrites)(x), expected, may_refuse=kept.nbytes > buffers.COMPARE)
    assert kept.flags.writeable


@pytest.mark.parametrize("n", [3, LARGE])
def test_an_operator_outlives_the_arrays_it_was_made_of(n: int) -> None:
    c, x = np.linspace(1, 2, n), np.linspace(2, 3, n)
    _, J, aux = ew.linearize(lambda y: (np.sum(y**2 * c), np.exp(y)), x, has_aux=True)
    expected = 2 * x * c
    c[:] = 0.0
    x[:] = 0.0
    aux[:] = 0.0
    np.testing.assert_array_equal(J.H @ 1.0, expected)


@pytest.mark.parametrize("n", [3, LARGE])
def test_results_are_the_users_own(n: int) -> None:
    x = np.linspace(1, 2, n)
    value, J, aux = ew.linearize(lambda y: (np.exp(y), y), x, has_aux=True)
    (_, kept), _ = ew.value_and_grad(lambda y: (np.sum(y), y), has_aux=True)(x)
    value[:] = aux[:] = kept[:] = 0.0
    np.testing.assert_allclose(J @ np.ones(n), np.exp(np.linspace(1, 2, n)))
    np.testing.assert_array_equal(x, np.linspace(1, 2, n))


@pytest.mark.parametrize("n", [3, buffers.COPY // 8 + 1, LARGE])
@pytest.mark.parametrize("look", [lambda a: a, lambda a: a[::-1], lambda a: a[None].T[:, 0]])
def test_overwritten_inside_a_nested_transformation(n: int, look: Callable[[Any], Any]) -> None:
    work, x = np.linspace(1, 2, n), np.linspace(2, 3, n)
    seen, before = look(work), look(work).copy()

    def overwriting(x: Any) -> Any:
        def inner(t: Any) -> Any:
            s = np.sum(t * t * x * seen)
            work[...] = 5.0
            return s

        slope = ew.grad(inner)(x)
        work[...] = 7.0
        return np.sum(slope)

    for transformed in (ew.grad, lambda f: lambda x: ew.vjp(f, x)[1](1.0)[0]):
        work[...] = np.linspace(1, 2, n)
        right_or_refused(lambda t=transformed: t(overwriting)(x), 4 * x * before, may_refuse=n == LARGE)
        assert work.flags.writeable
    assert not buffers._held


@pytest.mark.parametrize("n", [3, buffers.COPY // 8 + 1, LARGE])
def test_overwritten_by_another_thread(n: int) -> None:
    work, x = np.linspace(1, 2, n), np.ones(n)
    before = work.copy()

    def overwritten(x: Any) -> Any:
        result = np.sum(x * work[::-1])
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pool.submit(work.fill, 9.0).exception()  # of a locked array: refused there, in the thread that stores
        return result

    right_or_refused(lambda: ew.grad(overwritten)(x), before[::-1], may_refuse=n == LARGE)
    assert work.flags.writeable
    assert not buffers._held


@pytest.mark.parametrize("n", [3, buffers.COPY // 8 + 1])
def test_threads_that_share_a_buffer(n: int) -> None:
    """Each differentiates with what it had put there, one after the other."""
    work, turn = np.empty(n), threading.Lock()

    def f(x: Any, k: float) -> Any:
        with turn:
            work[...] = k
            return np.sum(x * work)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = [*pool.map(lambda k: ew.grad(f)(np.ones(n), k), np.arange(40.0))]
    for k, g in enumerate(found):
        np.testing.assert_array_equal(g, float(k))


# -- other holders of memory


def test_a_memory_map(tmp_path: Path) -> None:
    for n in (3, LARGE):
        a = np.memmap(tmp_path / f"{n}", "f8", "w+", shape=(n,))
        a[:] = 1.0

        def f(x: Any, a: Any = a) -> Any:
            y = np.sum(x**2 * a)
            a[:] = 9.0
            return y

        np.testing.assert_array_equal(ew.grad(f)(np.ones(n)), np.full(n, 2.0))
        a[:] = 1.0

        def g(x: Any, a: Any = a) -> Any:
            y = np.sum(x**2)
            a[:] = 9.0
            return y

        np.testing.assert_array_equal(ew.grad(g)(a), np.full(n, 2.0))


@pytest.mark.needs("pint")
def test_the_array_inside_a_quantity() -> None:
    import pint

    buffer = np.array([1.0, 2.0])
    quantity = pint.UnitRegistry().Quantity(buffer, "m")

    def f(x: Any) -> Any:
        y = np.sum(x**2 * quantity)
        buffer[:] = 9.0
        return y

    np.testing.assert_array_equal(ew.vjp(f, np.ones(2))[1](1.0)[0].magnitude, [2.0, 4.0])
