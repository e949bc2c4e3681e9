"""Operators are the functions they stand for: with numbers, arrays, lists and traced values, either way round.

Operators take a shorter way to the interpretation than NumPy's functions do, so each is compared with its function.
"""

from __future__ import annotations

import operator

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling

SMOOTH = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.divide,
    operator.pow: np.power,
}
STEPS = {operator.floordiv: np.floor_divide, operator.mod: np.remainder}
COMPARISONS = {
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
}
ALONE = {operator.neg: np.negative, operator.pos: np.positive, operator.abs: np.absolute}
BINARY = SMOOTH | STEPS | COMPARISONS
X = np.array([0.7, 1.3, 2.9])
OLDER = np.lib.NumpyVersion(np.__version__) < "2.3.0"
OTHERS = {
    "a float": 1.7,
    "an integer": 2,
    "another integer": 3,
    "zero": 0,
    "a NumPy float": np.float64(1.7),
    "a NumPy float32": np.float32(1.5),
    "a NumPy integer": np.int64(2),
    "a bool": True,
    "an array": np.array([1.7, 0.4, 2.2]),
    "a float32 array": np.array([1.5, 0.5, 2.25], np.float32),
    "an integer array": np.array([2, 1, 3]),
    "a column": np.array([[1.7], [0.4]]),
    "an array without axes": np.array(1.7),
    "a list": [1.7, 0.4, 2.2],
}


def same(found, expected):
    assert found.dtype == expected.dtype
    single = expected.dtype == np.float32  # NumPy's scalars and arrays may differ in the last place
    np.testing.assert_allclose(found, expected, rtol=3e-7 if single else 1e-15)


@pytest.mark.parametrize(
    "x", [X, X.astype(np.float32), np.float64(1.3), np.float32(1.5)], ids=lambda x: f"{x.dtype}{x.shape}"
)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # by zero, which NumPy tells and allows
def test_values_and_derivatives(op, other, x):
    function, c = BINARY[op], OTHERS[other]
    if op is operator.pow and type(c) is np.int64 and x.dtype == np.float32 and OLDER:
        pytest.skip("before NumPy 2.3 the operator keeps float32, unlike np.power")
    for by_operator, by_function in (
        (lambda t: op(t, c), lambda t: function(t, c)),
        (lambda t: op(c, t), lambda t: function(c, t)),
    ):
        expected = by_function(x)
        if expected.dtype.kind == "f":
            value, tangent = ew.jvp(by_operator, (x,), (np.ones_like(x),))
            same(value, expected)
            same(tangent, ew.jvp(by_function, (x,), (np.ones_like(x),))[1])
            gradient = ew.grad(lambda t, f=by_operator: np.sum(f(t)))(x)
            same(gradient, ew.grad(lambda t, f=by_function: np.sum(f(t)))(x))
            assert gradient.dtype == x.dtype
        same(ew.vmap(by_operator)(np.stack([x, 2 * x])), np.stack([expected, by_function(2 * x)]))


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
def test_between_levels(op):
    """A traced value of an inner derivative meets one of an outer one, on either side."""
    function = BINARY[op]
    for left in (True, False):

        def inner(x, y, f, left=left):
            return np.sum(f(x, y) if left else f(y, x)) + np.sum(x * y)

        def nested(f, inner=inner):
            return ew.grad(lambda x: np.sum(ew.grad(lambda y: inner(x, y, f))(X[::-1]) * x))(X)

        same(nested(op), nested(function))


@pytest.mark.parametrize("op", ALONE, ids=lambda op: op.__name__)
def test_alone(op):
    x = np.array([-0.7, 1.3])
    for transformation in (
        lambda f: ew.jvp(f, (x,), (np.ones(2),))[1],
        lambda f: ew.grad(lambda x: np.sum(f(x) ** 2))(x),
        lambda f: ew.vmap(f)(x),
        lambda f: ew.hessian(lambda x: np.sum(f(x) ** 3))(x),
    ):
        same(transformation(op), transformation(ALONE[op]))


@pytest.mark.parametrize(
    ("a", "b"), [(X, X), (np.outer(X, X), X), (X, np.outer(X, X)), (np.ones((2, 3)), np.ones((3, 2)))], ids=str
)
def test_matmul(a, b):
    for transformation in (ew.jacfwd, ew.jacrev):
        for position in (0, 1):
            found = transformation(operator.matmul, position)(a, b)
            np.testing.assert_allclose(found, transformation(np.matmul, position)(a, b), rtol=1e-14)
    np.testing.assert_allclose(
        ew.jacfwd(lambda t: t @ b.tolist())(a), ew.jacfwd(np.matmul)(a, b), rtol=1e-14, err_msg="with a list"
    )


IN_PLACE = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ipow: operator.pow,
}


@pytest.mark.parametrize("op", IN_PLACE, ids=lambda op: op.__name__)
def test_in_place_on_numbers(op):
    """Numbers are immutable: what was bound before keeps its value."""

    def f(x):
        before = x
        x = op(x, 1.7)
        return x * before

    assert ew.grad(f)(1.3) == ew.grad(lambda x: IN_PLACE[op](x, 1.7) * x)(1.3)


TWO_OPERANDS = [
    function
    for function, declaration in DECLARATIONS.items()
    if isinstance(function, np.ufunc) and function.nin == 2 and declaration.kind == "elementwise"
]


@pytest.mark.parametrize("function", TWO_OPERANDS, ids=spelling)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # as above
def test_constants_of_every_kind(function):
    """A rule gets constants as they were given, Python's zero among them."""
    for constant in OTHERS.values():
        for f in (lambda t, c=constant: function(t, c), lambda t, c=constant: function(c, t)):
            try:
                expected = f(X)
            except TypeError:  # NumPy does not take it there either
                continue
            same(ew.jvp(f, (X,), (np.ones(3),))[0], expected)
            assert ew.grad(lambda t, f=f: np.sum(f(t)))(X).dtype == X.dtype
            assert ew.hessian(lambda t, f=f: np.sum(f(t)))(X).shape == (3, 3)
            same(ew.vmap(f)(np.stack([X, X])), np.stack([expected, expected]))
