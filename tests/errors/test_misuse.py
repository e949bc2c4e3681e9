"""Odd things that people do with a transformation, and what comes of each: the right derivative, or one clear error."""

from __future__ import annotations

import collections
import contextlib
import copy
import functools
import io
import json
import math
import numbers
import operator
import random
import statistics
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import (
    ArgumentError,
    ConversionError,
    EdgewiseError,
    EscapedError,
    NotYetError,
    OutputError,
    StaticRoleError,
    StructureError,
)

X = np.array([1.0, 2.0, 3.0])
RNG = np.random.default_rng(0)

# -- what is refused: the function, the class, its words, and what it offers

REFUSED: dict[str, tuple[Any, type[EdgewiseError], str, str]] = {
    "called like a function": (lambda x: x(2.0), ArgumentError, "was called like a function", "with *"),
    "its class called": (lambda x: type(x)(2.0), ArgumentError, "the class of a traced value was called", "ew.stack"),
    "an unknown attribute": (lambda x: x.foo, EdgewiseError, "has no attribute foo", "ew.value"),
    "an attribute set": (lambda x: setattr(x, "foo", 1), EdgewiseError, "no attribute foo", "ew.value"),
    "a shape set": (
        lambda x: setattr(x, "shape", (3, 1)),
        EdgewiseError,
        "shape of a traced value cannot be set",
        "np.reshape",
    ),
    "a slice by a number": (lambda x: x[x[0] :], StaticRoleError, "integer is needed", "int("),
    "resized in place": (lambda x: x.resize(2), NotYetError, "a.resize(...)", "np.resize"),
    "a key": (lambda x: {x[0]: 1}, ConversionError, "key of a dictionary", "float(ew.value(t))"),
    "a set": (set, ConversionError, "element of a set", "float(ew.value(t))"),
    "a counter": (lambda x: collections.Counter(x)["a"], ConversionError, "element of a set", "float(ew.value(t))"),
    "a cache": (functools.lru_cache(lambda x: x[0]), ConversionError, "key of a dictionary", "float(ew.value(t))"),
    "JSON": (lambda x: json.dumps({"a": x[0]}), ConversionError, "JSON", "ew.value(t)"),
    "bytes": (bytes, StaticRoleError, "integer is needed", "ew.value(t)"),
    "a memoryview": (lambda x: memoryview(x)[0], ConversionError, "bytes-like", "ew.value(t)"),
    "fsum": (lambda x: 1.0 * math.fsum(x), ConversionError, "math.fsum()", "np.sum"),
    "stdev": (statistics.stdev, ConversionError, "can't convert", "np.std(x, ddof=1)"),
    "np.nditer": (lambda x: sum(np.nditer(x)), ConversionError, "np.nditer was given traced", "np.ndenumerate(x)"),
    "fmean": (lambda x: 1.0 * statistics.fmean(x), ConversionError, "statistics.fmean()", "np.mean"),
    "dist": (lambda x: math.dist(x, X), ConversionError, "math.dist()", "NumPy"),
    "a random draw": (lambda x: np.random.normal(x[0]), ConversionError, "np.random.normal()", "shift and scale"),  # noqa: NPY002  as users write it
    "a draw": (lambda x: RNG.normal(x[0], 1.0), ConversionError, "RNG.normal()", "rng.standard_normal"),
    "a draw of many": (lambda x: RNG.uniform(x)[0], ConversionError, "RNG.uniform()", "rng.standard_normal"),
    "a percent format": (lambda x: operator.mod("%.3f", x[0]), ConversionError, "operator.mod()", "ew.value(t)"),
    "saved": (lambda x: np.save(io.BytesIO(), x), EdgewiseError, "np.save", "np.save(ew.value(t))"),
    "text": (lambda x: x.astype(str), ConversionError, "converted to the dtype <U", "ew.value(t).astype"),
    "text read again": (lambda x: float(x.astype("U8")[0]), ConversionError, "the dtype <U8", "ew.value(t)"),
    "a time": (lambda x: x.astype("m8[s]").astype(float)[0], ConversionError, "timedelta64[s]", "ew.value(t)"),
    "a record": (lambda x: x.astype([("a", float)])["a"][0], ConversionError, "[('a', '<f8')]", "ew.value(t)"),
    "an operator with text": (lambda x: x + "a", ArgumentError, "and 'str'", "float(text)"),
    "an operator with None": (lambda x: x * None, ArgumentError, "unsupported operand", "None stands where"),
    "an order with text": (lambda x: x[0] < "a", ArgumentError, "'<' not supported", "float(text)"),
    "a matrix product with a number": (
        lambda x: x @ 2.0,
        ArgumentError,
        "unsupported operand type(s) for @",
        "asarray",
    ),
    "an ellipsis returned": (lambda x: ..., OutputError, "returned an ellipsis", "return the value"),
    "NotImplemented returned": (lambda x: NotImplemented, OutputError, "returned a NotImplemented", "return the value"),
    "an exception returned": (lambda x: ValueError("x"), OutputError, "returned a ValueError", "return the value"),
    "a class returned": (lambda x: float, OutputError, "returned a type", "return the value"),
    "values of a dict returned": (lambda x: {"a": x[0]}.values(), OutputError, "returned a dict_values", "has_aux"),
    "a map returned": (lambda x: map(abs, x), OutputError, "returned a map", "return the value"),
    "a range returned": (lambda x: range(3), OutputError, "returned a range", "return the value"),
    "an operator returned": (lambda x: np.add, OutputError, "returned an ufunc", "return the value"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    f, kind, what, instead = REFUSED[name]
    with pytest.raises(kind) as caught:
        ew.grad(f)(X)
    error = caught.value
    assert what in error.what
    assert instead in error.instead
    assert error.why
    assert not any(word in str(error) for word in ("Traced", "_hash_", "<locals>", "payload"))
    assert error.where  # the user's line; that of the call where a library called what he gave


# -- what works

VALUE = np.float64(0.0)


class Kept:
    """Something with state."""

    def __call__(self, x: Any) -> Any:
        return np.sum(x**2)

    def method(self, x: Any) -> Any:
        self.kept = x[0]
        return np.sum(x**2)

    @staticmethod
    def static(x: Any) -> Any:
        return np.sum(x**2)

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return np.sum(x**2)


def swallows(x: Any) -> Any:
    with contextlib.suppress(TypeError):
        float(x[0])
    return np.sum(x**2)


def recursive(x: Any, depth: int = 200) -> Any:
    return np.sum(x**2) if depth == 0 else recursive(x, depth - 1) * 1.0


def with_side_effects(x: Any, log: list[Any] = []) -> Any:  # noqa: B006  the mistake that is tested
    log.append(ew.value(x))
    return np.sum(x**2)


def of_objects(x: Any) -> Any:
    return np.sum(x.astype(object) ** 2)


RIGHT: dict[str, Any] = {
    "a callable object": Kept(),
    "a bound method": Kept().method,
    "a static method": Kept.static,
    "a class method": Kept.of_class,
    "a partial": functools.partial(lambda k, x: k * np.sum(x**2), 1.0),
    "a partial by name": functools.partial(lambda x, k: k * np.sum(x**2), k=1.0),
    "without source": eval("lambda x: (x**2).sum()"),
    "an error swallowed": swallows,
    "recursion": recursive,
    "side effects": with_side_effects,
    "Python's sum": lambda x: sum(v * v for v in x),
    "Python's prod": lambda x: sum(math.prod([v, v]) for v in x),
    "a copy": lambda x: np.sum(copy.deepcopy(x) * copy.copy(x)),
    "sorted": lambda x: sum(v**2 for v in sorted(x, reverse=True)),
    "reversed": lambda x: sum(v**2 for v in reversed(x)),
    "unpacked": lambda x: np.sum(np.square([*x])),
    "a choice by chance": lambda x: sum(v**2 for v in random.sample(list(x), 3)),
    "a permutation": lambda x: np.sum(RNG.permutation(x) ** 2),
    "an object array": of_objects,
    "an object array and back": lambda x: np.sum(np.astype(x, object) ** 2),
    "a sum of objects": lambda x: np.sum(x * x, dtype=object),
    "a product of objects": lambda x: np.multiply(x, x, dtype=object).sum(),
    "joined as objects": lambda x: np.sum(np.concatenate([x, x], dtype=object) ** 2) / 2,
    "steps of objects": lambda x: np.cumsum(x * x, dtype=object)[-1],
    "a scalar as an object": lambda x: sum(v.astype(object) ** 2 for v in x),
    "row by row": lambda x: np.r_[x, x] @ np.r_[x, x] / 2,
    "a format": lambda x: np.sum(x**2) if f"{x[0]:.3f} {x}" else VALUE,
    "an assertion": lambda x: np.testing.assert_array_equal(x, X) or np.sum(x**2),
    "a window": lambda x: np.sum(np.lib.stride_tricks.sliding_window_view(x, 1) ** 2),
    "a polynomial": lambda x: np.polynomial.polynomial.polyval(1.0, x * x),
    "a polynomial object": lambda x: np.polynomial.Polynomial(x * x)(1.0),
    "asked whether it is a number": lambda x: sum(v * v if np.isscalar(v) else v for v in x) / (not np.isscalar(x)),
    "asked of the library": lambda x: sum(v * v if isinstance(v, numbers.Number) else v for v in x),
    "memory asked about": lambda x: np.sum(x * x) if not np.shares_memory(x, X) else VALUE,
    "the same memory": lambda x: np.sum(x * x) if np.may_share_memory(x, x) else VALUE,
}


@pytest.mark.parametrize("name", RIGHT)
def test_right(name: str) -> None:
    if name == "an object array and back" and not hasattr(np, "astype"):
        pytest.skip("since NumPy 2.1")
    f = RIGHT[name]
    np.testing.assert_allclose(ew.grad(f)(X), 2 * X)
    np.testing.assert_allclose(ew.jacobian(f, mode="forward")(X), 2 * X)
    np.testing.assert_allclose(ew.jvp(ew.grad(f), (X,), (X,))[1], 2 * X)


# -- containers

SELF: list[Any] = [1.0]
SELF.append(SELF)
OWN: dict[str, Any] = {"a": 1.0}
OWN["b"] = OWN


def in_itself(x: Any) -> Any:
    made = [x[0]]
    made.append(made)
    return made


def test_containers_that_contain_themselves(refused: Any) -> None:
    words = "it contains itself"
    refused(lambda: ew.grad(lambda x: x[0])(SELF), ArgumentError, words)
    refused(lambda: ew.jvp(lambda x: x["a"], (OWN,), (OWN,)), ArgumentError, words)
    with pytest.raises(ArgumentError, match=words):
        ew.jacobian(in_itself)(X)
    with pytest.raises(ArgumentError, match=words):
        ew.grad(lambda x: (x[0], in_itself(x)), has_aux=True)(X)


def test_what_a_function_does_to_its_containers_is_its_own_business() -> None:
    def f(items: list[Any], named: dict[str, Any]) -> Any:
        items.append(3.0)
        named["a"] = named["a"] * items[0]
        return named.pop("a")

    items, named = [2.0], {"a": 5.0}
    assert ew.grad(f, (0, 1))(items, named) == ([5.0], {"a": 2.0})
    assert (items, named) == ([2.0], {"a": 5.0})


def test_containers_of_the_standard_library() -> None:
    assert ew.grad(lambda q: q[0] * q[1])(collections.deque([2.0, 3.0])) == collections.deque([3.0, 2.0])
    assert ew.grad(lambda d: d["a"] ** 2)(collections.OrderedDict(a=3.0)) == {"a": 6.0}
    made = ew.grad(lambda d: d["a"] ** 2)(collections.defaultdict(float, a=3.0))
    assert (made, made.default_factory) == ({"a": 6.0}, float)


def test_tangents_of_other_kinds(refused: Any) -> None:
    refused(lambda: ew.jvp(np.sin, (2.0,), (1j,)), StructureError, "is complex")
    refused(lambda: ew.jvp(np.sin, (2.0,), ("a",)), StructureError, "is a str")
    for tangent in (1, True, np.float32(1), [1.0][0]):
        assert ew.jvp(lambda x: 3 * x, (2.0,), (tangent,)) == (6.0, 3.0)
    for tangent in (np.array([1, 0, 0]), [1.0, 0.0, 0.0], np.array([1, 0, 0], np.float16)):
        assert ew.jvp(lambda x: 3 * x, (X,), (tangent,))[1].tolist() == [3, 0, 0]


# -- errors that are not ours, and what they leave behind


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError, RecursionError, StopIteration])
def test_an_exception_leaves_nothing_behind(kind: type[BaseException]) -> None:
    large = np.ones(200_000)

    def f(x: Any) -> Any:
        _ = np.sum(large * x[0])
        assert not large.flags.writeable  # the product keeps it until the sweep
        raise kind("stop")

    with pytest.raises(kind, match="stop"):
        ew.grad(f)(X)
    assert large.flags.writeable
    assert ew.grad(lambda x: np.sum(x**2))(X).tolist() == [2, 4, 6]


def test_endless_recursion_is_pythons_error() -> None:
    def endless(x: Any) -> Any:
        return endless(x)

    with pytest.raises(RecursionError):
        ew.grad(endless)(X)
    assert ew.grad(lambda x: np.sum(x**2))(X).tolist() == [2, 4, 6]


@pytest.mark.parametrize(
    ("f", "kind", "words"),
    [
        (lambda x: operator.delitem(x, 0), ValueError, "cannot delete array elements"),
        (lambda x: x["a"], IndexError, "integer"),
        (lambda x: x[0.0], IndexError, "integer"),
        (lambda x: x[5], IndexError, "out of bounds"),
        (lambda x: x @ np.ones(4), ValueError, "lengths 3 and 4"),
        (lambda x: x & 1, TypeError, "bitwise_and"),
        (lambda x: np.reshape(x, (2, 2)), ValueError, "cannot reshape array of size 3"),
        (lambda x: x + np.ones(2), ValueError, "broadcast"),
    ],
)
def test_numpys_own_errors_for_numpys_own_misuse(f: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind):
        f(X.copy())
    with pytest.raises(kind, match=words) as caught:
        ew.grad(f)(X)
    assert not isinstance(caught.value, EdgewiseError)


def test_a_method_that_keeps_its_argument(refused: Any) -> None:
    thing = Kept()
    ew.grad(thing.method)(X)
    refused(lambda: thing.kept + 1, EscapedError, "after its transformation ended")
    refused(lambda: ew.grad(lambda x: x[0] * thing.kept)(X), EscapedError, "after its transformation ended")


def test_a_method_without_its_object(refused: Any) -> None:
    refused(lambda: ew.grad(Kept.method)(X), ArgumentError, "missing 1 required positional argument: 'x'")
    refused(lambda: ew.grad(Kept)(X), ArgumentError, "Kept() takes no arguments")


def test_a_transformation_inside_itself() -> None:
    def f(x: Any, depth: int = 3) -> Any:
        return x**2 if depth == 0 else ew.grad(lambda z: f(z, depth - 1) * z)(x)

    # x² → (x³)' = 3x² → (3x³)' = 9x² → (9x³)' = 27x², whose derivative is 54x
    assert ew.grad(f)(1.5) == pytest.approx(81.0)


def test_an_error_in_the_forward_pass_keeps_the_users_settings() -> None:
    with np.errstate(all="raise"):
        with pytest.raises(FloatingPointError):
            ew.grad(lambda x: np.sum(x / 0.0))(X)
        assert ew.grad(np.sqrt)(0.0) == np.inf  # the sweep has its own
