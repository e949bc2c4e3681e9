"""Which arguments are differentiated, and in what structure derivatives come back."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError


class Point(NamedTuple):
    x: float
    y: float


@dataclasses.dataclass(frozen=True)
class Model:
    weights: np.ndarray
    bias: float
    name: str = "model"
    steps: int = 3

    def __post_init__(self):
        if not isinstance(self.name, str):
            raise TypeError("a check that traced values must not meet")


@dataclasses.dataclass(slots=True)
class Inner:
    model: Model
    scale: float


def f(a, b, *, c=2.0):
    return a * a * b + c * b


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 12.0),
        (1, 6.0),
        (-1, 6.0),
        ("a", 12.0),
        ("b", 6.0),
        ("c", 3.0),
        ((0, 1), (12.0, 6.0)),
        (("c", 0), (3.0, 12.0)),
    ],
)
def test_argnums_by_position_and_by_name(argnums, expected):
    assert ew.grad(f, argnums)(2.0, 3.0, c=2.0) == expected


def test_arguments_given_by_keyword():
    assert ew.grad(f)(a=2.0, b=3.0) == 12.0
    assert ew.grad(f, "b")(a=2.0, b=3.0) == 6.0
    assert ew.grad(f, (0, 1))(2.0, b=3.0) == (12.0, 6.0)


@pytest.mark.parametrize("argnums", [2, -3, "z", True, 1.0, (0, "z"), ()])
def test_arguments_that_are_not_there(argnums):
    with pytest.raises((ArgumentError, TypeError)):
        ew.grad(f, argnums)(2.0, 3.0)


def test_containers_keep_their_structure():
    tree = {
        "p": Point(1.0, 2.0),
        "list": [np.array([1.0, 2.0]), (3.0,)],
        "n": 4,
        "none": None,
        "s": "text",
        "flag": True,
    }

    def g(t):
        assert t["n"] == 4
        assert t["none"] is None
        assert t["s"] == "text"
        assert t["flag"] is True
        return t["p"].x * t["p"].y + np.sum(t["list"][0] ** 2) * t["list"][1][0]

    got = ew.grad(g)(tree)
    assert got["p"] == Point(2.0, 1.0)
    np.testing.assert_array_equal(got["list"][0], [6.0, 12.0])
    assert got["list"][1] == (5.0,)
    assert (got["n"], got["none"], got["s"], got["flag"]) == (None, None, None, None)
    hessian = ew.hessian(lambda p: p.x**2 * p.y)(Point(2.0, 3.0))
    assert hessian == Point(Point(6.0, 4.0), Point(4.0, 0.0))


def test_dataclasses_nested_frozen_and_with_slots():
    inner = Inner(Model(np.array([1.0, 2.0]), 0.5), 3.0)

    def g(i):
        assert i.model.name == "model"
        return i.scale * np.sum(i.model.weights) + i.model.bias**2

    got = ew.grad(g)(inner)
    assert isinstance(got, Inner)
    np.testing.assert_array_equal(got.model.weights, [3.0, 3.0])
    assert (got.model.bias, got.scale, got.model.name, got.model.steps) == (1.0, 3.0, None, None)
    value, pull = ew.vjp(g, inner)
    assert (value, pull(1.0)[0].scale) == (9.25, 3.0)
    assert ew.jvp(g, (inner,), (got,))[1] == pytest.approx(3.0 * 3 + 3.0 * 3 + 1.0 * 1 + 3.0 * 3)


def test_numbers_of_every_kind():
    assert ew.grad(lambda x: x**2)(3) == 6.0
    assert isinstance(ew.grad(lambda x: x**2)(3), np.float64)
    assert ew.grad(lambda x: np.sum(x**2))(np.array([1, 2])).dtype == np.float64
    assert ew.grad(lambda x: x**2)(np.float32(3)).dtype == np.float32
    assert ew.grad(lambda x: np.sum(x**2))(np.ones(2, np.float16)).dtype == np.float16
    assert ew.grad(lambda x: np.sum(x**2))(np.ones(2, np.longdouble)).dtype == np.longdouble
    assert ew.grad(lambda x: x**2)(np.array(3.0)) == 6.0
    assert ew.grad(np.sum)(np.zeros((0, 3))).shape == (0, 3)


def test_methods_partials_and_callable_objects():
    class Squares:
        scale = 2.0

        def method(self, x):
            return self.scale * x**2

        def __call__(self, x):
            return x**2

        @staticmethod
        @ew.grad
        def decorated(x):
            return x**3

    squares = Squares()
    assert ew.grad(squares.method)(3.0) == 12.0
    assert ew.grad(squares)(3.0) == 6.0
    assert ew.grad(functools.partial(f, b=3.0))(2.0) == 12.0
    assert squares.decorated(2.0) == 12.0
    assert ew.grad(np.sin)(0.0) == 1.0


def test_names_and_documentation_are_kept():
    def documented(x):
        """What it does."""
        return x

    for transform in (ew.grad, ew.value_and_grad, ew.jacobian, ew.hessian, ew.derivative, ew.vmap):
        wrapped = transform(documented)
        assert (wrapped.__name__, wrapped.__doc__) == ("documented", "What it does.")


def test_something_beside_the_value():
    def g(x):
        return np.sum(x**2), {"twice": 2 * x, "label": "a"}

    x = np.array([1.0, 2.0])
    gradient, aux = ew.grad(g, has_aux=True)(x)
    np.testing.assert_array_equal(gradient, 2 * x)
    np.testing.assert_array_equal(aux["twice"], 2 * x)
    assert type(aux["twice"]) is np.ndarray
    (value, aux), _ = ew.value_and_grad(g, has_aux=True)(x)
    assert (value, aux["label"]) == (5.0, "a")
    assert ew.jvp(g, (x,), (x,), has_aux=True)[:2] == (5.0, 10.0)
    assert ew.vjp(g, x, has_aux=True)[2]["label"] == "a"
    assert ew.linearize(g, x, has_aux=True)[2]["label"] == "a"
    for transform in (ew.jacobian, ew.jacfwd, ew.jacrev):
        rows, aux = transform(g, has_aux=True)(x)
        np.testing.assert_array_equal(rows, 2 * x)
        assert aux["label"] == "a"
    second, aux = ew.hessian(g, has_aux=True)(x)
    np.testing.assert_array_equal(second, 2 * np.eye(2))
    np.testing.assert_array_equal(aux["twice"], 2 * x)
    assert ew.grad(lambda x: ew.grad(g, has_aux=True)(x)[1]["twice"][0])(x)[0] == 2.0


def test_results_belong_to_the_user():
    """No result shares memory with an argument, a weight or another result, and all can be written to."""
    x, seed = np.array([1.0, 2.0]), np.array([1.0, 1.0])
    a, b = ew.grad(lambda a, b: np.sum(a + b), (0, 1))(x, x)
    a += 1
    np.testing.assert_array_equal(b, [1.0, 1.0])
    value, pull = ew.vjp(np.exp, x)
    value *= 0
    np.testing.assert_allclose(pull(seed)[0], np.exp(x))
    (back,) = ew.vjp(lambda x: x, x)[1](seed)
    back += 1
    np.testing.assert_array_equal(seed, [1.0, 1.0])
    y, t = ew.jvp(lambda x: x, (x,), (seed,))
    y += 1
    t += 1
    np.testing.assert_array_equal((x, seed), [[1.0, 2.0], [1.0, 1.0]])
