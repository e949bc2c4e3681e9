"""Misuse of ``stack``, ``stop_gradient``, ``value`` and ``check_grads``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, CheckError, OutputError, StaticRoleError

X = np.array([1.0, 2.0])


def test_stack(refused: Any) -> None:
    refused(lambda: ew.stack([]), ArgumentError, "ew.stack was given nothing to stack")
    refused(lambda: ew.stack(1.0), ArgumentError, "ew.stack was given a float")
    refused(lambda: ew.stack([X, X[:1]]), ArgumentError, "ew.stack was given values of the shapes (1,), (2,)")
    refused(lambda: ew.stack([[1.0, 2.0], [3.0]]), ArgumentError, "ew.stack was given values of the shapes (1,), (2,)")
    refused(lambda: ew.stack(["a", 1.0]), ArgumentError, "ew.stack was given a str")
    refused(lambda: ew.stack([None, 1.0]), ArgumentError, "ew.stack was given None")
    refused(lambda: ew.stack({"a": 1.0}), ArgumentError, "ew.stack was given a str")
    inside = ew.grad
    refused(lambda: inside(lambda x: np.sum(ew.stack([x, x[:1]])))(X), ArgumentError, "of the shapes (1,), (2,)")
    refused(lambda: inside(lambda x: np.sum(ew.stack([x[0], None])))(X), ArgumentError, "ew.stack was given None")
    refused(lambda: inside(lambda x: np.sum(ew.stack([x[0], "a"])))(X), ArgumentError, "ew.stack was given a str")
    refused(lambda: inside(lambda x: np.sum(ew.stack([x, x], axis=x[0])))(X), StaticRoleError, "a traced value as")
    with pytest.raises(np.exceptions.AxisError):
        ew.stack([X, X], axis=5)


def test_stack_of_every_kind_of_sequence() -> None:
    for made in (
        lambda x: ew.stack([x[0], 1.0]),
        lambda x: ew.stack((x[0], 1)),
        lambda x: ew.stack(v for v in (x[0], 1.0)),
        lambda x: ew.stack(np.array([x[0], 1.0])),
        lambda x: ew.stack([np.array(x[0]), np.float32(1.0)]),
        lambda x: ew.stack([[x[0], 1.0]], axis=1)[:, 0],
    ):
        np.testing.assert_array_equal(ew.jacobian(made)(X), [[1.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(ew.stack([X, 2 * X], axis=1), [[1.0, 2.0], [2.0, 4.0]])


def test_stop_gradient_leaves_what_is_not_traced_alone() -> None:
    thing = object()
    assert ew.stop_gradient(thing) is thing
    assert ew.stop_gradient({"a": [1, "b", None]}) == {"a": [1, "b", None]}
    np.testing.assert_array_equal(ew.stop_gradient(X), X)


def test_value_of_containers_and_of_nested_values() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(ew.value({"x": x, "n": 3, "none": None}))
        return np.sum(x**2)

    ew.hessian(f)(X)
    assert type(seen[0]["x"]) is np.ndarray
    np.testing.assert_array_equal(seen[0]["x"], X)
    assert (seen[0]["n"], seen[0]["none"]) == (3, None)
    assert ew.value(X) is X


def test_a_value_cannot_be_written_to() -> None:
    def f(x: Any) -> Any:
        ew.value(x)[0] = 7.0
        return np.sum(x**2)

    with pytest.raises(ValueError, match="read-only"):
        ew.grad(f)(X)


def test_check_grads(refused: Any) -> None:
    check = ew.check_grads
    refused(lambda: check(np.sin, 1.0, modes=("fwd",)), ArgumentError, "modes=('fwd',)")
    refused(lambda: check(np.sin, 1.0, modes=()), ArgumentError, "modes=()")
    refused(lambda: check(np.sin, 1.0, order=0), ArgumentError, "order=0")
    refused(lambda: check(np.sin, 1.0, order=1.5), ArgumentError, "order=1.5")
    refused(lambda: check(np.sin, 1.0, order="2"), ArgumentError, "order='2'")
    refused(lambda: check(np.sin, 1.0, directions=0), ArgumentError, "directions=0")
    refused(lambda: check(np.sin, np.float32(1.0)), ArgumentError, "dtype float32")
    refused(lambda: check(np.sin, "a"), ArgumentError, "argument 0 of sin is a str")
    refused(lambda: check(lambda x: "a", 1.0), OutputError, "<lambda> returned a str")
    refused(lambda: check(lambda x: None, 1.0), OutputError, "<lambda> returned None")


def test_check_grads_finds_what_is_wrong() -> None:
    @ew.primitive(d=lambda x: 2 * np.cos(x))
    def wrong(x: Any) -> Any:
        return np.sin(x)

    for modes in ("forward", "reverse", ("forward",), ["reverse"], ("forward", "reverse")):
        with pytest.raises(CheckError, match="derivative of order 1 of wrong is"):
            ew.check_grads(wrong, 0.3, modes=modes)
        ew.check_grads(np.sin, 0.3, modes=modes)
    for f in (lambda x: np.where(x > 0, x, np.nan * x), np.log):
        with np.errstate(invalid="ignore"), pytest.raises(CheckError, match="is not finite near this point"):
            ew.check_grads(f, -1.0)
