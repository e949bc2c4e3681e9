"""Large ordinary arrays are read-only while a derivative needs them: what a store says, and that all is given back."""

from __future__ import annotations

import ctypes
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.core import buffers
from edgewise.errors import OverwrittenError

HERE = Path(__file__).name
LARGE = buffers.COMPARE // 8 + 1  # entries of float64


def place(mark: str) -> str:
    """``file:line`` of the line of this file that ends in ``# mark``."""
    lines = Path(__file__).read_text().splitlines()
    (number,) = (i for i, line in enumerate(lines, 1) if line.endswith(f"  # {mark}"))
    return f"{Path(__file__).relative_to(Path.cwd())}:{number}"


def test_a_large_work_buffer_reused_in_a_loop_is_refused_at_the_line_that_reuses_it() -> None:
    base, work = np.ones(LARGE), np.empty(LARGE)

    def f(x: Any) -> Any:
        total = 0.0
        for k in (1, 2, 3):
            np.multiply(base, k, out=work)  # REUSED
            total = total + np.sum(x * work)  # USED
        return total

    with pytest.raises(OverwrittenError) as caught:
        ew.grad(f)(np.ones(LARGE))
    assert caught.value.where == place("REUSED")
    assert place("USED") in str(caught.value)

    def as_told(x: Any) -> Any:
        total = 0.0
        for k in (1, 2, 3):
            np.multiply(base, k, out=work)
            total = total + np.sum(x * work.copy())
        return total

    np.testing.assert_array_equal(ew.grad(as_told)(np.ones(LARGE)), np.full(LARGE, 6.0))


STORES: dict[str, Callable[[Any], Any]] = {
    "a[:] = v": lambda a: a.__setitem__(slice(None), 7.0),
    "a[0] = v": lambda a: a.__setitem__(0, 7.0),
    "a += v": lambda a: a.__iadd__(7.0),
    "out=": lambda a: np.add(a, 7.0, out=a),
    "np.copyto": lambda a: np.copyto(a, 7.0),
    "a.fill": lambda a: a.fill(7.0),
    "a.sort": lambda a: a[::-1].sort(),
    "np.put": lambda a: np.put(a, [0], 7.0),
    "np.random": lambda a: np.random.default_rng(0).standard_normal(out=a),
    "a.flat": lambda a: a.flat.__setitem__(0, 7.0),
}


@pytest.mark.parametrize("how", STORES)
def test_every_store_into_a_locked_array_is_an_error_of_ours_at_its_line(how: str) -> None:
    buffer = np.linspace(1, 2, LARGE)

    def f(x: Any) -> Any:
        y = np.sum(x * buffer)  # KEPT
        STORES[how](buffer)
        return y

    with pytest.raises(OverwrittenError) as caught:
        ew.grad(f)(np.ones(LARGE))
    assert re.search(rf"{HERE}:\d+: an array that the derivative still needs was written to", str(caught.value))
    assert place("KEPT") in str(caught.value)
    assert type(caught.value.__cause__) is ValueError
    assert buffer.flags.writeable
    np.testing.assert_array_equal(buffer, np.linspace(1, 2, LARGE))


def test_an_array_that_the_user_made_read_only_keeps_numpys_own_error() -> None:
    locked, mine = np.linspace(1, 2, LARGE), np.zeros(3)
    mine.flags.writeable = False

    def f(x: Any) -> Any:
        y = np.sum(x * locked)
        mine[0] = 1.0
        return y

    with pytest.raises(ValueError, match=r"^assignment destination is read-only$"):
        ew.grad(f)(np.ones(LARGE))
    assert not mine.flags.writeable


def test_a_user_may_catch_the_refusal_and_go_on() -> None:
    buffer = np.ones(LARGE)

    def f(x: Any) -> Any:
        mine = buffer
        y = np.sum(x * mine)
        try:
            mine *= 2.0
        except ValueError:
            mine = mine * 2.0
        return y + np.sum(x * mine)

    np.testing.assert_array_equal(ew.grad(f)(np.ones(LARGE)), np.full(LARGE, 3.0))


def test_read_only_arrays_stay_read_only() -> None:
    for n in (3, LARGE):
        c = np.ones(n)
        c.flags.writeable = False
        np.testing.assert_array_equal(ew.grad(lambda x, c=c: np.sum(x * c))(np.ones(n)), c)
        assert not c.flags.writeable


def test_what_is_written_past_the_lock_is_seen_by_its_fingerprint() -> None:
    """By its address. Before NumPy 2.5 ``np.add.at`` does not look at the flag either."""
    buffer = np.linspace(1, 2, LARGE)

    def f(x: Any) -> Any:
        y = np.sum(x * buffer)  # SAMPLED
        ctypes.c_double.from_address(buffer.ctypes.data + 5 * buffer.itemsize).value += 1.0
        return y

    with pytest.raises(OverwrittenError, match=r"was overwritten after it was used here") as caught:
        ew.grad(f)(np.ones(LARGE))
    assert caught.value.where == place("SAMPLED")
    assert_free(buffer)


def test_locks_are_released_after_success() -> None:
    buffer = np.ones(LARGE)
    ew.grad(lambda x: np.sum(x * buffer))(np.ones(LARGE))
    assert_free(buffer)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit])
def test_locks_are_released_after_an_error_in_the_users_function(error: type[BaseException]) -> None:
    buffer, x = np.ones(LARGE), np.ones(LARGE)

    def f(y: Any) -> Any:
        np.sum(y * buffer)
        raise error

    for transformation in (ew.grad(f), ew.jacobian(f), lambda x: ew.vjp(f, x)):
        with pytest.raises(error):
            transformation(x)
        assert_free(buffer, x)


def test_locks_are_released_after_an_error_in_the_sweep() -> None:
    buffer = np.ones(LARGE)

    @ew.primitive(pull=lambda g: 1 / 0)
    def total(x: Any) -> Any:
        return np.sum(x)

    with pytest.raises(ZeroDivisionError):
        ew.grad(lambda x: total(x * buffer))(np.ones(LARGE))
    assert_free(buffer)


def test_locks_are_released_after_a_refusal() -> None:
    buffer = np.ones(LARGE)
    alias = buffer[:]

    def f(x: Any) -> Any:
        y = np.sum(x * buffer)
        alias[:] = 2.0
        return y

    with pytest.raises(OverwrittenError, match=r"was overwritten after it was used here"):
        ew.grad(f)(np.ones(LARGE))
    assert_free(buffer, alias)


@pytest.mark.parametrize("outer_holds_the_base", [True, False])
def test_locks_are_released_after_nested_use_of_an_array_and_a_view_of_it(outer_holds_the_base: bool) -> None:
    base = np.ones(LARGE + 1)
    view = base[1:]
    outer, inner = (base[:-1], view) if outer_holds_the_base else (view, base[:-1])
    x = np.ones(LARGE)
    found = ew.grad(lambda y: np.sum(y * outer) + np.sum(ew.grad(lambda z: np.sum(z**2 * inner))(y)))(x)
    np.testing.assert_array_equal(found, outer + 2 * inner)
    assert_free(base, view, outer, inner)


def test_an_inner_transformation_leaves_what_the_outer_one_holds_locked() -> None:
    base = np.ones(LARGE + 1)
    view = base[1:]
    seen = []

    def f(y: Any) -> Any:
        first = np.sum(y * base[1:])
        seen.append((base.flags.writeable, view.flags.writeable))
        ew.grad(lambda z: np.sum(z * view))(np.ones(LARGE))
        seen.append((base.flags.writeable, view.flags.writeable))
        return first

    ew.grad(f)(np.ones(LARGE))
    assert seen == [(False, True), (False, False)]  # NumPy lets a view be writeable only after its base
    assert_free(base, view)


def test_locks_are_shared_by_threads() -> None:
    base = np.ones(LARGE + 1)
    view = base[1:]
    meet = threading.Barrier(2, timeout=60)
    found: dict[str, Any] = {}

    def work(name: str, array: Any) -> None:
        def f(x: Any) -> Any:
            y = np.sum(x * array)
            meet.wait()  # both hold it now
            return y

        found[name] = ew.grad(f)(np.ones(LARGE))
        meet.wait()

    threads = [threading.Thread(target=work, args=args) for args in (("view", view), ("base", base[:-1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(found["view"], np.ones(LARGE))
    np.testing.assert_array_equal(found["base"], np.ones(LARGE))
    assert_free(base, view)


def test_threads_that_come_and_go() -> None:
    buffer = np.ones(LARGE)
    wrong = []

    def work() -> None:
        for _ in range(10):
            found = ew.grad(lambda x: np.sum(x * buffer))(np.ones(LARGE))
            wrong.extend(np.flatnonzero(found != 1))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not wrong
    assert_free(buffer)


def assert_free(*arrays: Any) -> None:
    assert not buffers._held
    for array in arrays:
        assert array.flags.writeable
        array[0] = 3.0


class Holder:
    """Something with a buffer."""

    def __init__(self) -> None:
        self.buffer = np.ones(LARGE)


MODULE = np.ones(LARGE)


def in_a_list(held: Any, x: Any) -> Any:
    arrays = [held.buffer]
    y = np.sum(x * arrays[0])
    arrays[0][:] = 2.0  # STORED in_a_list
    return y


def in_a_dict(held: Any, x: Any) -> Any:
    arrays = {"a": held.buffer}
    y = np.sum(x * arrays["a"])
    arrays["a"][:] = 2.0  # STORED in_a_dict
    return y


def in_an_attribute(held: Any, x: Any) -> Any:
    y = np.sum(x * held.buffer)
    held.buffer[:] = 2.0  # STORED in_an_attribute
    return y


def in_a_module(held: Any, x: Any) -> Any:
    y = np.sum(x * MODULE)
    MODULE[:] = 2.0  # STORED in_a_module
    return y


def through_a_view(held: Any, x: Any) -> Any:
    y = np.sum(x * held.buffer)
    half = held.buffer[1:]
    half[:] = 2.0  # STORED through_a_view
    return y


@pytest.mark.parametrize("f", [in_a_list, in_a_dict, in_an_attribute, in_a_module, through_a_view])
def test_wherever_the_array_is_held(f: Callable[[Any, Any], Any]) -> None:
    held = Holder()
    with pytest.raises(OverwrittenError, match=r"an array that the derivative still needs was written to") as caught:
        ew.grad(f, 1)(held, np.ones(LARGE))
    assert caught.value.where == place(f"STORED {f.__name__}")
    assert_free(held.buffer, MODULE)
    MODULE[0] = 1.0
