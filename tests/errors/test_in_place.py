"""``a += t`` with an ordinary array ``a``: rebound where nobody else can see ``a``, refused wherever somebody might."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ConversionError, NotYetError, StoreError

X = np.array([1.0, 2.0, 3.0])
ONES = np.ones(3)
KEPT = np.zeros(3)  # a module's array


class Model:
    """Something with an attribute."""

    def __init__(self) -> None:
        self.a = np.zeros(3)

    def add(self, t: Any) -> None:
        self.a += t

    @property
    def seen(self) -> Any:
        return self.a


class Slotted:
    __slots__ = ("a",)


class Guarded:
    """A property with a setter in Python."""

    def __init__(self) -> None:
        self._a = np.zeros(3)

    @property
    def a(self) -> Any:
        return self._a

    @a.setter
    def a(self, value: Any) -> None:
        self._a = value


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: Any


class Delegating:
    """Reads the attributes of another object, and stores its own."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Elsewhere:
    """Reads one array, and stores into another place."""

    def __getitem__(self, index: Any) -> Any:
        return KEPT

    def __setitem__(self, index: Any, value: Any) -> None:
        self.value = value


# -- nobody else holds it: the derivative, in brackets, follows


def local_variable(x: Any) -> Any:
    """[1, 1, 1]."""
    a = np.zeros(3)
    a += x
    return np.sum(a)


def every_operator(x: Any) -> Any:
    """[0, 3, 15]: of ((1 - x) x / 2)**2."""
    a = np.ones(3)
    a -= x
    a *= x
    a /= 2.0
    a **= 2
    return np.sum(a)


def in_a_loop(x: Any) -> Any:
    """[6, 6, 6]."""
    total = np.zeros(3)
    for i in range(4):
        total += i * x
    return np.sum(total)


def attribute(x: Any) -> Any:
    """[1, 1, 1]."""
    model = Model()
    model.a += x
    return np.sum(model.a)


def attribute_by_a_method(x: Any) -> Any:
    """[2, 2, 2]."""
    model = Model()
    model.add(x)
    model.add(x)
    return np.sum(model.seen)


def slot(x: Any) -> Any:
    """[1, 1, 1]."""
    model = Slotted()
    model.a = np.zeros(3)
    model.a += x
    return np.sum(model.a)


def item_of_a_dict(x: Any) -> Any:
    """[2, 2, 2]."""
    totals = {"a": np.zeros(3)}
    for _ in range(2):
        totals["a"] += x
    return np.sum(totals["a"])


def item_of_a_list(x: Any) -> Any:
    """[1, 1, 1]."""
    totals = [np.zeros(3), np.zeros(3)]
    totals[1] += x
    return np.sum(totals[1])


def global_variable(x: Any) -> Any:
    """[1, 1, 1]."""
    global GLOBAL  # noqa: PLW0603  that is the test
    GLOBAL = np.zeros(3)
    GLOBAL += x
    return np.sum(GLOBAL)


def nonlocal_variable(x: Any) -> Any:
    """[1, 1, 1]."""
    total = np.zeros(3)

    def inner() -> None:
        nonlocal total
        total += x

    inner()
    return np.sum(total)


def inside_a_nested_function(x: Any) -> Any:
    """[3, 3, 3]."""

    def scaled(t: Any) -> Any:
        a = np.ones(3)
        a *= t
        return np.sum(a)

    return scaled(x) + scaled(2 * x)


def temporary_given_to_a_function(x: Any) -> Any:
    """[1, 1, 1]."""

    def add(a: Any) -> Any:
        a += x
        return a

    return np.sum(add(np.zeros(3)))


def in_a_generator(x: Any) -> Any:
    """[3, 3, 3]."""

    def partial_sums() -> Iterator[Any]:
        total = np.zeros(3)
        for _ in range(2):
            total += x
            yield np.sum(total)

    return sum(partial_sums())


def two_at_once(x: Any) -> Any:
    """[2, 2, 2]."""
    a, b = np.zeros(3), np.ones(3)
    a += x
    b *= x
    return np.sum(a) + np.sum(b)


def number(x: Any) -> Any:
    """[1, 1, 0]."""
    total = 0.0
    total += x[0]
    scalar = np.float64(0.0)
    scalar += x[1]
    return total + scalar


def scalar_array(x: Any) -> Any:
    """[1, 0, 0]."""
    total = np.array(0.0)
    total += x[0]
    return total


def copy_of_what_others_hold(x: Any) -> Any:
    """[1, 1, 1]."""
    a = KEPT.copy()
    a += x
    return np.sum(a)


def number_added_to_an_array(x: Any) -> Any:
    """[3, 0, 0]."""
    a = np.zeros(3)
    a += x[0]
    return np.sum(a)


def traced_array_nobody_else_holds(x: Any) -> Any:
    """[4, 4, 4]."""
    y = 2 * x
    y += x
    y += x
    return np.sum(y)


def right_side_with_a_branch(x: Any) -> Any:
    """[2, 2, 2]."""
    a = np.zeros(3)
    a += x if len(x) else 0.0
    a += np.sum(np.stack([x * i for i in (0, 1)]), axis=0)
    return np.sum(a)


def by_a_setter(x: Any) -> Any:
    """[1, 1, 1]."""
    model = Guarded()
    model.a += x
    return np.sum(model.a)


RIGHT = [
    right_side_with_a_branch, by_a_setter,
    local_variable, every_operator, in_a_loop, attribute, attribute_by_a_method, slot, item_of_a_dict, item_of_a_list,
    global_variable, nonlocal_variable, inside_a_nested_function, temporary_given_to_a_function, in_a_generator,
    two_at_once, number, scalar_array, copy_of_what_others_hold, number_added_to_an_array,
    traced_array_nobody_else_holds,
]  # fmt: skip


@pytest.mark.parametrize("f", RIGHT)
def test_rebinds(f: Callable[[Any], Any]) -> None:
    expected = np.array(f.__doc__.partition("]")[0].strip("[").split(","), float)
    np.testing.assert_array_equal(ew.grad(f)(X), expected)
    np.testing.assert_allclose(ew.jvp(f, (X,), (ONES,))[1], expected.sum())
    np.testing.assert_array_equal(ew.vmap(ew.grad(f))(np.stack([X, X]))[1], expected)
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(ew.grad(f)(x) * ONES) + f(x))(X), hessian_row(f) + expected)


def hessian_row(f: Callable[[Any], Any]) -> Any:
    return ew.hessian(f)(X) @ ONES


def test_an_array_that_outlived_its_replacement_does_not_trouble_the_next_call() -> None:
    for _ in range(2):
        with pytest.raises(StoreError):
            ew.grad(the_classs)(X)
        np.testing.assert_array_equal(ew.grad(local_variable)(X), ONES)


def test_what_is_watched_belongs_to_its_thread() -> None:
    entered, left = threading.Event(), threading.Event()

    def waits(x: Any) -> Any:
        Shared = type("Shared", (), {"a": np.zeros(3)})
        one = Shared()
        one.a += x
        entered.set()
        assert left.wait(60)
        return np.sum(Shared.a)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        other = pool.submit(ew.grad(waits), X)
        assert entered.wait(60)
        np.testing.assert_array_equal(ew.grad(local_variable)(X), ONES)
        left.set()
        with pytest.raises(StoreError):
            other.result()


def test_a_traced_attribute_found_on_the_class() -> None:
    def f(x: Any) -> Any:
        class Shared:
            a = 2 * x

        one, other = Shared(), Shared()
        one.a += x
        return np.sum(other.a)

    np.testing.assert_array_equal(ew.grad(f)(X), 3.0)  # the array on the class has changed, as NumPy's would


def test_in_place_keeps_the_dtype_of_the_array() -> None:
    def f(x: Any) -> Any:
        a = np.zeros(3, np.float32)
        a += x
        assert a.dtype == np.float32
        return np.sum(a)

    np.testing.assert_array_equal(ew.grad(f)(X), ONES)


# -- somebody else may see it


def another_name(x: Any) -> Any:
    a = np.zeros(3)
    b = a
    a += x  # here
    return np.sum(b)


def chained_assignment(x: Any) -> Any:
    a = b = np.zeros(3)
    a += x  # here
    return np.sum(b)


def a_view_exists(x: Any) -> Any:
    a = np.zeros(3)
    b = a[:2]
    a += x  # here
    return np.sum(b)


def is_a_view(x: Any) -> Any:
    base = np.zeros(4)
    a = base[:3]
    a += x  # here
    return np.sum(base)


def is_a_row(x: Any) -> Any:
    table = np.zeros((2, 3))
    for row in table:
        row += x  # noqa: PLW2901  # here
    return np.sum(table)


def in_a_list_too(x: Any) -> Any:
    a = np.zeros(3)
    history = [a]
    a += x  # here
    return np.sum(history[0])


def element_of_a_list(x: Any) -> Any:
    arrays = [np.zeros(3), np.zeros(3)]
    for a in arrays:
        a += x  # noqa: PLW2901  # here
    return np.sum(arrays[0])


def the_callers(x: Any) -> Any:
    def add(a: Any) -> Any:
        a += x  # here
        return a

    a = np.zeros(3)
    return np.sum(add(a)) + np.sum(a)


def a_default(x: Any, a: Any = KEPT) -> Any:
    a += x  # here
    return np.sum(a)


def a_modules(x: Any) -> Any:
    a = KEPT
    a += x  # here
    return np.sum(a)


def a_setdefault(x: Any) -> Any:
    cache: dict[str, Any] = {}
    a = cache.setdefault("a", np.zeros(3))
    a += x  # here
    return np.sum(cache["a"])


def closed_over(x: Any) -> Any:
    a = np.zeros(3)

    def seen() -> Any:
        return other

    other = a
    a += x  # here
    return np.sum(seen())


def the_callers_twice(x: Any) -> Any:
    def add(a: Any, b: Any) -> Any:
        a += x  # here
        return b

    a = np.zeros(3)
    return np.sum(add(a, a))


def the_callers_one_call_further(x: Any) -> Any:
    def add(a: Any) -> Any:
        a += x  # here

    def forward(a: Any) -> None:
        add(a)

    a = np.zeros(3)
    forward(a)
    return np.sum(a)


def the_classs(x: Any) -> Any:
    class Shared:
        a = np.zeros(3)

    one, other = Shared(), Shared()
    one.a += x  # here
    return np.sum(other.a)


def of_what_it_delegates_to(x: Any) -> Any:
    model = Model()
    outer = Delegating(model)
    outer.a += x  # here
    return np.sum(model.a)


def read_here_and_stored_there(x: Any) -> Any:
    other = Elsewhere()
    other[0] += x  # here
    return np.sum(KEPT)


def of_the_enclosing_namespace(x: Any) -> Any:
    spaces = collections.ChainMap({}, {"a": np.zeros(3)})
    spaces["a"] += x  # here
    return np.sum(spaces.parents["a"])


def a_store_that_fails(x: Any) -> Any:
    frozen = Frozen(np.zeros(3))
    with contextlib.suppress(dataclasses.FrozenInstanceError):
        frozen.a += x  # here
    return np.sum(frozen.a)


def in_a_recursion(x: Any) -> Any:
    def total(depth: int, a: Any) -> Any:
        mine = np.zeros(3) if depth else a
        if depth:
            total(depth - 1, mine)
        mine += x  # here
        return mine

    return np.sum(total(1, None))


def a_row_by_index(x: Any) -> Any:
    table = np.zeros((2, 3))
    table[0] += x  # here
    return np.sum(table)


def an_array_of_integers(x: Any) -> Any:
    a = np.zeros(3, int)
    a += x  # here
    return np.sum(a)


def a_smaller_array(x: Any) -> Any:
    a = np.zeros(3)
    a += np.outer(x, x)  # here
    return np.sum(a)


def by_a_function(x: Any) -> Any:
    a = np.zeros(3)
    np.add(a, x, out=a)  # here
    return np.sum(a)


def by_a_method(x: Any) -> Any:
    a = np.zeros(3)
    a.__iadd__(x)  # here
    return np.sum(a)


def matrix_product(x: Any) -> Any:
    a = np.eye(3)
    a @= np.outer(x, x)  # here
    return np.sum(a)


REFUSED = [
    another_name, chained_assignment, a_view_exists, is_a_view, is_a_row, in_a_list_too, element_of_a_list, the_callers,
    a_default, a_modules, a_setdefault, closed_over, the_callers_twice, the_callers_one_call_further, the_classs,
    of_what_it_delegates_to, read_here_and_stored_there, of_the_enclosing_namespace, a_store_that_fails,
    in_a_recursion, a_row_by_index, an_array_of_integers, a_smaller_array,
    by_a_function, by_a_method, matrix_product,
]  # fmt: skip


def line_of(f: Callable[..., Any]) -> int:
    """The number of the line of ``f`` that ends in ``# here``."""
    import inspect

    lines, first = inspect.getsourcelines(f)
    (at,) = (i for i, line in enumerate(lines, first) if line.endswith("# here\n"))
    return at


@pytest.mark.parametrize("f", REFUSED)
def test_refuses(f: Callable[[Any], Any]) -> None:
    for transformation in (ew.grad(f), lambda x: ew.jvp(f, (x,), (x,)), lambda x: ew.vmap(f)(x[None])):
        with pytest.raises(StoreError) as caught:
            transformation(X)
        assert caught.value.where.endswith(f"test_in_place.py:{line_of(f)}")
    np.testing.assert_array_equal(KEPT, 0.0)


def test_an_alias_of_a_traced_array_is_followed() -> None:
    def f(x: Any) -> Any:
        y = 2 * x
        z = y
        y += x
        return np.sum(z)

    np.testing.assert_array_equal(ew.grad(f)(X), 3.0)


def test_a_traced_argument_is_the_callers_too() -> None:
    def f(x: Any) -> Any:
        def add(y: Any) -> Any:
            y += 1.0
            return y

        return np.sum(add(x) * x)

    np.testing.assert_array_equal(ew.grad(f)(X), 2 * (X + 1))


def test_a_debugger_that_looks_at_locals_makes_it_careful_not_wrong() -> None:
    def look(frame: Any, event: str, argument: Any) -> Any:
        frame.f_locals  # noqa: B018  looking makes references
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        found = ew.grad(in_a_loop)(X)
    except StoreError:
        found = np.full(3, 6.0)
    finally:
        sys.settrace(before)
    np.testing.assert_array_equal(found, np.full(3, 6.0))


# -- stores by functions

Z = np.zeros(3)
STORES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a.put": (lambda x: Z.put([0], x[0]), "a traced value was stored with Z.put() into an ordinary array"),
    "a.fill": (lambda x: Z.fill(x[0]), "a traced value was stored with Z.fill() into an ordinary array"),
    "np.put": (lambda x: np.put(Z, [0], x[0]), "a traced value was stored with np.put into an ordinary array"),
    "np.place": (lambda x: np.place(Z, Z == 0, x), "a traced value was stored with np.place into an ordinary array"),
    "np.putmask": (lambda x: np.putmask(Z, Z == 0, x), "a traced value was stored with np.putmask into"),
    "np.fill_diagonal": (lambda x: np.fill_diagonal(np.eye(3), x[0]), "stored with np.fill_diagonal() into"),
    "np.put_along_axis": (
        lambda x: np.put_along_axis(Z, np.array([0]), x[:1], 0),
        "stored with np.put_along_axis into",
    ),
    "np.copyto": (lambda x: np.copyto(Z, x), "a traced value was stored with np.copyto into an ordinary array"),
    "np.subtract.at": (lambda x: np.subtract.at(Z, [0], x[0]), "a traced value was stored with np.subtract.at into"),
    "operator.iadd": (lambda x: operator.iadd(Z, x), "a traced value was stored with out= into an ordinary array"),
    "a.flat": (lambda x: setattr(Z, "flat", x), "asks for an ordinary float64 array"),
}


@pytest.mark.parametrize("how", STORES)
def test_stores_by_functions(how: str) -> None:
    f, words = STORES[how]
    with pytest.raises((StoreError, ConversionError)) as caught:
        ew.grad(lambda x: (f(x), np.sum(x))[1])(X)
    assert words in caught.value.what
    assert caught.value.where.endswith(f"test_in_place.py:{f.__code__.co_firstlineno}")
    np.testing.assert_array_equal(Z, 0.0)


@pytest.mark.parametrize("store", [lambda x: x.resize(2), lambda x: x.setflags(write=False), lambda x: x.byteswap()])
def test_what_changes_the_memory_itself_is_refused(store: Callable[[Any], Any]) -> None:
    with pytest.raises(NotYetError, match="of a traced array is not supported"):
        ew.grad(lambda x: (store(x), np.sum(x))[1])(X)


def test_a_view_sees_what_its_array_became() -> None:
    def f(x: Any) -> Any:
        y = 2 * x
        z = y[:2]
        y += x
        return np.sum(z)

    np.testing.assert_array_equal(ew.grad(f)(X), [3.0, 3.0, 0.0])
    np.testing.assert_array_equal(ew.hessian(f)(X), 0.0)


def test_a_stopped_gradient_is_a_copy() -> None:
    def f(x: Any) -> Any:
        y = 2 * x
        z = ew.stop_gradient(y)
        y += x
        return np.sum(y * z)

    assert f(X) == 6 * np.sum(X * X)
    np.testing.assert_array_equal(ew.grad(f)(X), 6 * X)
    np.testing.assert_array_equal(ew.vmap(ew.grad(f))(X[None])[0], 6 * X)
