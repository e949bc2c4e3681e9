"""Misuse of ``vmap``: axes, lengths, decisions that one member would make otherwise than another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import (
    ArgumentError,
    BatchError,
    ConversionError,
    EdgewiseError,
    ForeignArrayError,
    NoRuleError,
    OutputError,
    StaticRoleError,
    StructureError,
)

X = np.array([1.0, 2.0, 3.0])
TABLE = np.arange(6.0).reshape(3, 2)


def test_axes(refused: Any) -> None:
    v = ew.vmap
    refused(lambda: v(np.sin, in_axes="a")(X), ArgumentError, "in_axes of argument 0 is 'a'")
    refused(lambda: v(np.sin, in_axes=1.0)(X), ArgumentError, "in_axes of argument 0 is 1.0")
    refused(lambda: v(np.sin, in_axes=True)(TABLE), ArgumentError, "in_axes of argument 0 is True")
    refused(lambda: v(np.sin, in_axes=2)(TABLE), ArgumentError, "has shape (3, 2), without an axis 2 to batch over")
    refused(lambda: v(np.sin, in_axes=(0, 0))(X), ArgumentError, "in_axes has 2 entries, and sin was called with 1")
    refused(lambda: v(np.sin, in_axes=None)(X), ArgumentError, "ew.vmap has nothing to batch over")
    refused(lambda: v(np.sin)(*()), ArgumentError, "ew.vmap has nothing to batch over")
    refused(lambda: v(np.sin)(1.0), ArgumentError, "argument 0 of sin has shape (), without an axis 0")
    refused(lambda: v(lambda p: p["a"], in_axes=({"b": 0},))({"a": X}), StructureError, "in_axes of argument 0 has the")
    refused(lambda: v(lambda p: p["a"], in_axes=({"a": "0"},))({"a": X}), ArgumentError, "in_axes of argument 0 is '0'")
    refused(lambda: v(np.sin, out_axes="a")(X), ArgumentError, "out_axes is 'a'")
    refused(lambda: v(np.sin, out_axes=None)(X), ArgumentError, "out_axes is None")
    refused(lambda: v(np.sin, out_axes=5)(X), ArgumentError, "out_axes is 5, and a result of sin has 1 axes")
    refused(lambda: v(lambda x: (x, x), out_axes=(0,))(X), StructureError, "out_axes has the structure (*,)")
    np.testing.assert_array_equal(v(np.sum, in_axes=-1)(TABLE), TABLE.sum(0))
    np.testing.assert_array_equal(v(np.sum, in_axes=np.int64(1))(TABLE), TABLE.sum(0))


def test_lengths(refused: Any) -> None:
    refused(lambda: ew.vmap(np.add)(X, np.ones(4)), StructureError, "argument 0 has 3, argument 1 has 4")
    refused(lambda: ew.vmap(lambda a, b: a * b)(X, b=np.ones(4)), StructureError, "argument 0 has 3, b= has 4")
    refused(lambda: ew.vmap(lambda a, b: a * b)(X, b=2.0), ArgumentError, "b= of <lambda> has shape ()")
    assert ew.vmap(np.sin)(np.zeros(0)).shape == (0,)


def test_arguments(refused: Any) -> None:
    refused(lambda: ew.vmap(np.sin)(np.array(["a"])), ArgumentError, "argument 0 of sin is an array of dtype <U1")
    refused(lambda: ew.vmap(np.sin)(np.ma.array(X)), ForeignArrayError, "argument 0 of sin is a masked array")
    refused(lambda: ew.vmap(lambda a, b: a)(X), ArgumentError, "<lambda> could not be called")
    refused(lambda: ew.vmap(3), ArgumentError, "ew.vmap was given an int for a function")


DECISIONS: dict[str, Callable[[Any], Any]] = {
    "if": lambda x: x if x > 0 else -x,
    "and": lambda x: x and 1.0,
    "not": lambda x: not x,
    "max": lambda x: max(x, 2.0),
    "while": lambda x: [0 for _ in iter(lambda: bool(x < 3), False)],
    "any": lambda x: any(x[None] > 0),
    "in": lambda x: 2.0 in x[None],
    "sorted": lambda x: sorted([x, 2 * x]),
    "grad of if": ew.grad(lambda x: x if x > 0 else -x),
}


@pytest.mark.parametrize("what", DECISIONS)
def test_decisions(what: str) -> None:
    with pytest.raises(BatchError, match="the truth value of a batch is not one answer") as caught:
        ew.vmap(DECISIONS[what])(X)
    assert "np.where(condition, a, b)" in caught.value.instead
    np.testing.assert_array_equal(ew.vmap(lambda x: np.where(x > 0, x, -x))(-X), X)


def test_a_decision_inside_a_gradient_of_a_batch() -> None:
    with pytest.raises(BatchError):
        ew.grad(lambda z: np.sum(ew.vmap(lambda x: x if x > 0 else -x)(z)))(X)


def test_numbers_and_lengths_that_differ_within_the_batch(refused: Any) -> None:
    v = ew.vmap
    refused(lambda: v(lambda x: float(x))(X), BatchError, "float() asks for one ordinary number")  # noqa: PLW0108
    refused(lambda: v(lambda x: int(np.floor(x)))(X), BatchError, "int() asks for one ordinary number")
    refused(lambda: v(lambda x: np.asarray(x, float))(X), BatchError, "np.asarray() asks for an ordinary float64 array")
    refused(lambda: v(lambda x: x[x > 1])(TABLE), BatchError, "a boolean mask that differs within a batch")
    refused(lambda: v(lambda x: np.nonzero(x)[0])(TABLE), BatchError, "one ordinary value was asked for")
    refused(lambda: v(lambda x: x[: np.argmax(x)])(TABLE), BatchError, "was given a batch where one integer is needed")
    refused(lambda: v(lambda x: np.zeros(np.argmax(x)))(TABLE), BatchError, "np.zeros was given a batch")
    refused(lambda: v(lambda x: list(range(np.argmax(x))))(TABLE), BatchError, "range was given a batch")
    refused(lambda: v(lambda x: [1.0, 2.0][np.argmax(x)])(TABLE), BatchError, "was given a batch")
    refused(lambda: v(ew.value)(X), BatchError, "one ordinary value was asked for, and a batch has many")
    refused(lambda: v(lambda x: x[x])(TABLE), StaticRoleError, "a traced real number was used as an index")
    refused(
        lambda: v(lambda x: np.exp(np.array([x, 1.0])))(X), ConversionError, "np.exp was applied to an object array"
    )
    refused(lambda: v(np.array2string)(TABLE), NoRuleError, "np.array2string has no derivative rule")


def test_what_the_errors_offer_works() -> None:
    values = np.array([10.0, 20.0])

    def chosen(x: Any) -> Any:
        i = np.argmax(x)
        return np.sum(np.where(np.arange(len(values)) == i, values, 0))

    np.testing.assert_array_equal(ew.vmap(chosen)(TABLE), [20.0, 20.0, 20.0])
    np.testing.assert_array_equal(ew.vmap(lambda x: np.sum(np.where(x > 1, x, 0)))(TABLE), [0.0, 5.0, 9.0])
    np.testing.assert_array_equal(ew.vmap(lambda x: np.sum(np.array([x, 1.0])))(X), X + 1)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "returned None"),
        ("a", "returned a str"),
        (object(), "returned an object"),
        ({1.0}, "returned a set"),
        ([None], "returned None"),
        (np.array([None]), "returned an array of dtype object"),
    ],
)
def test_results(result: Any, words: str) -> None:
    with pytest.raises(OutputError) as caught:
        ew.vmap(lambda x: result)(X)
    assert words in caught.value.what


def test_results_that_are_no_derivatives_are_fine() -> None:
    np.testing.assert_array_equal(ew.vmap(lambda x: x > 1)(X), X > 1)
    np.testing.assert_array_equal(ew.vmap(lambda x: True)(X), [True, True, True])
    np.testing.assert_array_equal(ew.vmap(np.sin)(X * 1j), np.sin(X * 1j))
    np.testing.assert_array_equal(ew.vmap(lambda x: x * 2)(np.arange(3)), [0, 2, 4])


def test_a_batch_that_escaped(refused: Any) -> None:
    kept: list[Any] = []
    ew.vmap(lambda x: (kept.append(x), x)[1])(X)
    with pytest.raises(EdgewiseError, match="a traced value is used after its transformation ended"):
        kept[0] + 1.0
    with pytest.raises(EdgewiseError, match="transformation has ended"):
        ew.vmap(lambda x: kept[0])(X)
