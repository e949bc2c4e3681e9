"""Every way to misuse a transformation that has been thought of: functions, argnums, arguments, results."""

from __future__ import annotations

import collections
import functools
import pickle
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import (
    ArgumentError,
    ConversionError,
    EdgewiseError,
    EscapedError,
    NotElementwiseError,
    OutputError,
    StructureError,
)

X = np.array([1.0, 2.0])
CURRIED = [ew.grad, ew.value_and_grad, ew.jacobian, ew.jacfwd, ew.jacrev, ew.hessian, ew.derivative]
SCALAR = [ew.grad, ew.value_and_grad, ew.hessian]  # what need one number
NAMES = {t: t.__name__ for t in CURRIED}


def total(x: Any) -> Any:
    return np.sum(x**2)


def product(a: Any, b: Any) -> Any:
    return a * b


# name -> a call that takes the function and the point
AT = {
    **{t.__name__: (lambda f, x, t=t: t(f)(x)) for t in CURRIED},
    "jvp": lambda f, x: ew.jvp(f, (x,), (np.ones_like(x),)),
    "vjp": ew.vjp,
    "linearize": ew.linearize,
    "hvp": lambda f, x: ew.hvp(f, x, np.ones_like(x)),
    "check_grads": ew.check_grads,
}


# -- the function


@pytest.mark.parametrize("not_a_function", [3, None, "f", X, np.float64(2.0)])
@pytest.mark.parametrize("name", AT)
def test_something_that_is_no_function(name: str, not_a_function: Any) -> None:
    said = name.replace("jacfwd", "jacobian").replace("jacrev", "jacobian")
    with pytest.raises(ArgumentError, match=rf"^.*test_transformations.py:\d+: ew.{said} was given .* for a function"):
        AT[name](not_a_function, X)


def test_what_the_error_for_no_function_offers_is_how_it_is_called(refused: Any) -> None:
    def offered(call: Any) -> str:
        return refused(call, ArgumentError, "was given an int for a function").instead

    assert offered(lambda: ew.grad(3)) == "write ew.grad(f)(x), not ew.grad(f(x))"
    assert offered(lambda: ew.wirtinger(3)) == "write ew.wirtinger(f)(x), not ew.wirtinger(f(x))"
    assert offered(lambda: ew.vjp(3, X)) == "write ew.vjp(f, x)"
    assert offered(lambda: ew.jvp(3, (X,), (X,))) == "write ew.jvp(f, (x,), (t,))"
    assert offered(lambda: ew.hvp(3, X, X)) == "write ew.hvp(f, x, v)"
    assert offered(lambda: ew.report(3, X)) == "write ew.report(f, x)"
    assert offered(lambda: ew.primitive(d=np.cos)(3)) == "write @ew.primitive(...) above the definition of the function"


async def coroutine(x: Any) -> Any:
    return np.sum(x)


def generator(x: Any) -> Any:
    yield np.sum(x)


async def async_generator(x: Any) -> Any:
    yield np.sum(x)


@pytest.mark.parametrize("f", [coroutine, generator, async_generator])
@pytest.mark.parametrize("name", AT)
def test_a_function_that_only_starts_something(name: str, f: Any) -> None:
    with pytest.raises(ArgumentError, match=r"was given (a generator|an async) function"):
        AT[name](f, X)


def test_a_coroutine_that_an_ordinary_function_returns_is_closed(refused: Any) -> None:
    refused(
        lambda: ew.grad(lambda x: (coroutine(x),)[0])(X), OutputError, "returned a coroutine"
    )  # a warning would fail us


def test_functions_of_every_kind_work() -> None:
    class Model:
        def __call__(self, x: Any) -> Any:
            return np.sum(x**2)

        def method(self, x: Any) -> Any:
            return np.sum(x**2)

        @staticmethod
        def static(x: Any) -> Any:
            return np.sum(x**2)

    made: list[Callable[..., Any]] = [
        Model(),
        Model().method,
        Model.static,
        functools.partial(lambda n, x: np.sum(x**n), 2),
        lambda *args: np.sum(args[0] ** 2),
        lambda x, **options: np.sum(x**2),
    ]
    for f in made:
        np.testing.assert_array_equal(ew.grad(f)(X), 2 * X)
    np.testing.assert_array_equal(ew.grad(np.sum)(X), [1.0, 1.0])
    np.testing.assert_array_equal(ew.grad(X.dot)(X), X)
    assert ew.grad(np.sin)(0.0) == 1.0


# -- argnums


@pytest.mark.parametrize("transformation", CURRIED)
@pytest.mark.parametrize(
    ("argnums", "words"),
    [
        (5, "called without the argument that argnums=5 names"),
        (-3, "called without the argument that argnums=-3 names"),
        ("c", "called without the argument that argnums='c' names"),
        (True, "argnums is True"),
        (1.0, "argnums is 1.0"),
        (None, "argnums is None"),
        ((), "argnums is ()"),
        ((0, True), "argnums is (0, True)"),
        ((0, None), "argnums is (0, None)"),
        ((0, 0), "argnums=(0, 0) names an argument twice"),
        ((0, -2), "argnums=(0, -2) names an argument twice"),
        ((1, "b"), "argnums=(1, 'b') names an argument twice"),
    ],
)
def test_argnums(transformation: Any, argnums: Any, words: str, refused: Any) -> None:
    refused(lambda: transformation(product, argnums)(2.0, 3.0), ArgumentError, words)


@pytest.mark.parametrize("argnums", [0, -2, "a", np.int64(0)])
def test_argnums_of_every_kind_work(argnums: Any) -> None:
    assert ew.grad(product, argnums)(2.0, 3.0) == 3.0


@pytest.mark.parametrize("argnums", [(0, 1), [0, "b"], ("a", -1), np.array([0, 1])])
def test_several_argnums(argnums: Any) -> None:
    assert ew.grad(product, argnums)(2.0, 3.0) == (3.0, 2.0)
    assert ew.grad(product, argnums)(2.0, b=3.0) == (3.0, 2.0) if -1 not in list(argnums) else True


def test_keyword_arguments() -> None:
    assert ew.grad(product)(a=2.0, b=3.0) == 3.0
    assert ew.grad(product, "b")(2.0, b=3.0) == 2.0
    assert ew.grad(product, 1)(2.0, b=3.0) == 2.0


# -- the call


@pytest.mark.parametrize("transformation", CURRIED)
def test_a_call_that_does_not_fit_the_function(transformation: Any, refused: Any) -> None:
    refused(lambda: transformation(total)(*()), ArgumentError, "total was called without the argument that argnums=0")
    refused(lambda: transformation(product)(1.0), ArgumentError, "product could not be called: product() missing 1")
    refused(lambda: transformation(total)(X, 1.0), ArgumentError, "total could not be called: total() takes 1")
    refused(lambda: transformation(total)(X, n=1), ArgumentError, "got an unexpected keyword argument 'n'")
    refused(lambda: transformation(product)(1.0, a=2.0), ArgumentError, "got multiple values for argument 'a'")


def test_calls_by_keyword(refused: Any) -> None:
    refused(lambda: ew.grad(product, 2)(1.0, b=2.0), ArgumentError, "called without the argument that argnums=2 names")
    error = refused(lambda: ew.grad(product, "c")(1.0, b=2.0), ArgumentError, "argnums='c'")
    assert error.why == "the call has 1 positional argument and b="
    refused(lambda: ew.grad(max, 5)(1.0), ArgumentError, "max was called without the argument")  # no signature


def test_an_escaped_value_is_no_point_and_no_seed(refused: Any) -> None:
    kept: list[Any] = []
    ew.grad(lambda x: (kept.append(x), total(x))[1])(X)
    refused(lambda: ew.grad(total)(kept[0]), EscapedError, "argument 0 of total is a traced value whose transformation")
    refused(
        lambda: ew.jvp(total, (X,), (kept[0],)), EscapedError, "the tangent of argument 0 of total is a traced value"
    )
    refused(lambda: ew.vjp(np.sin, X)[1](kept[0]), EscapedError, "the cotangent is a traced value whose transformation")
    for f in (lambda x: kept[0], lambda x: {"a": x, "b": kept[0]}):
        refused(lambda: ew.jacobian(f)(X), EscapedError, "<lambda> returned a traced value whose transformation")  # noqa: B023


def test_points_and_directions(refused: Any) -> None:
    refused(lambda: ew.jvp(total, (), ()), ArgumentError, "ew.jvp was called without a point")
    refused(lambda: ew.vjp(total), ArgumentError, "ew.vjp was called without a point")
    refused(lambda: ew.linearize(total), ArgumentError, "ew.linearize was called without a point")
    refused(lambda: ew.check_grads(total), ArgumentError, "check_grads was called without a point")
    refused(lambda: ew.jvp(total, X, (X,)), ArgumentError, "primals of ew.jvp is an array of dtype float64")
    refused(lambda: ew.jvp(total, (X,), 1.0), ArgumentError, "tangents of ew.jvp is a float")
    refused(lambda: ew.jvp(total, (X,), ()), StructureError, "ew.jvp got 1 primals and 0 tangents")
    refused(lambda: ew.vjp(product, 1.0), ArgumentError, "product could not be called")


def test_options(refused: Any) -> None:
    refused(lambda: ew.jacobian(total, mode="back"), ArgumentError, "mode='back' is not known")
    refused(lambda: ew.jacobian(total, mode=None), ArgumentError, "mode=None is not known")
    with pytest.raises(TypeError, match="positional argument"):
        ew.grad(total, 0, True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'argnum'"):
        ew.grad(total, argnum=0)


# -- the argument


class Thing:
    """Something a user made up."""


POINTS: dict[str, tuple[Any, str]] = {
    "a string": ("a", "is a str, which has no derivative"),
    "bytes": (b"a", "is a bytes, which has no derivative"),
    "a bool": (True, "is a bool, which has no derivative"),
    "None": (None, "is None, which has no derivative"),
    "an object": (object(), "is an object, which has no derivative"),
    "a thing": (Thing(), "is a Thing, which has no derivative"),
    "a range": (range(3), "is a range, which has no derivative"),
    "a set": ({1.0}, "is a set, which has no derivative"),
    "a fraction": (Fraction(1, 2), "is a Fraction, which has no derivative"),
    "a decimal": (Decimal("0.5"), "is a Decimal, which has no derivative"),
    "booleans": (X > 1, "is an array of dtype bool, which has no derivative"),
    "strings": (np.array(["a"]), "is an array of dtype <U1, which has no derivative"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), "is an array of dtype datetime64[D], which has no derivative"),
    "times": (np.array([1], "m8[s]"), "is an array of dtype timedelta64[s], which has no derivative"),
    "records": (np.zeros(2, [("a", float)]), "is a structured array, which has no derivative"),
    "an array of None": (np.array([None, 1.0]), "is an array of dtype object, which has no derivative"),
    "an empty list": ([], "has nothing to differentiate"),
    "integers in a list": ([1, 2], "has nothing to differentiate"),
    "strings in a dict": ({"a": "b"}, "has nothing to differentiate"),
}


@pytest.mark.parametrize("name", ["grad", "jacobian", "hessian", "derivative", "vjp", "linearize"])
@pytest.mark.parametrize("point", POINTS)
def test_points_that_have_no_derivative(name: str, point: str) -> None:
    value, words = POINTS[point]
    with pytest.raises(ArgumentError) as caught:
        AT[name](total, value)
    assert words in caught.value.what
    assert caught.value.instead


GOOD_POINTS = {
    "a float": (3.0, 6.0, np.float64),
    "an int": (3, 6.0, np.float64),
    "a NumPy int": (np.int8(3), 6.0, np.float64),
    "integers": (np.array([1, 2]), [2.0, 4.0], np.float64),
    "single precision": (X.astype("f4"), [2.0, 4.0], np.float32),
    "half precision": (X.astype("f2"), [2.0, 4.0], np.float16),
    "long double": (X.astype("g"), [2.0, 4.0], np.longdouble),
    "big-endian": (X.astype(">f8"), [2.0, 4.0], np.dtype(">f8")),
    "a scalar array": (np.array(3.0), 6.0, np.float64),
    "no entries": (np.zeros((0, 2)), np.zeros((0, 2)), np.float64),
    "an object array of numbers": (np.array([1.0, 2], object), [2.0, 4.0], np.float64),
    "a read-only array": (np.broadcast_to(2.0, (2,)), [4.0, 4.0], np.float64),
    "NaN": (np.array([np.nan, 1.0]), [np.nan, 2.0], np.float64),
    "infinity": (np.array([np.inf, 1.0]), [np.inf, 2.0], np.float64),
}


@pytest.mark.parametrize("point", GOOD_POINTS)
def test_points_that_have_one(point: str) -> None:
    value, expected, dtype = GOOD_POINTS[point]
    found = ew.grad(total)(value)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == dtype
    assert type(found) is (np.ndarray if np.ndim(expected) else np.float64)
    assert type(found) is not np.ndarray or found.flags.writeable


def test_subclasses_of_arrays_are_arrays() -> None:
    class Mine(np.ndarray):
        pass

    found = ew.grad(total)(X.view(Mine))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, 2 * X)


def test_containers_of_every_kind() -> None:
    Point = collections.namedtuple("Point", "x y")
    f = lambda p: p[0] * p[1]  # noqa: E731  one line each
    assert ew.grad(f)([2.0, 3.0]) == [3.0, 2.0]
    assert ew.grad(f)((2.0, 3.0)) == (3.0, 2.0)
    assert ew.grad(f)(Point(2.0, 3.0)) == Point(3.0, 2.0)
    assert ew.grad(f)(collections.deque([2.0, 3.0])) == collections.deque([3.0, 2.0])
    assert ew.grad(f)(collections.OrderedDict({0: 2.0, 1: 3.0})) == {0: 3.0, 1: 2.0}
    assert ew.grad(f)(collections.defaultdict(float, {0: 2.0, 1: 3.0})) == {0: 3.0, 1: 2.0}
    assert ew.grad(lambda p: p["a"] * p["n"])({"a": 2.0, "n": 3, "s": "text", "none": None}) == {
        "a": 3.0, "n": None, "s": None, "none": None,
    }  # fmt: skip


# -- the result

RESULTS: dict[str, tuple[Callable[[Any], Any], type[EdgewiseError], str]] = {
    "None": (lambda x: None, OutputError, "returned None: is a return statement missing?"),
    "a string": (lambda x: "a", OutputError, "returned a str"),
    "a bool": (lambda x: True, OutputError, "returned a bool"),
    "a comparison": (lambda x: x[0] > 0, OutputError, "returned a bool"),
    "an object": (lambda x: Thing(), OutputError, "returned a Thing"),
    "a set": (lambda x: {1.0}, OutputError, "returned a set"),
    "a function": (lambda x: total, OutputError, "returned a function"),
    "a generator": (lambda x: (v for v in x), OutputError, "returned a generator"),
    "a fraction": (lambda x: Fraction(1, 2), OutputError, "returned a Fraction"),
    "a date": (lambda x: np.datetime64("2020-01-01"), OutputError, "returned a datetime64"),
    "strings": (lambda x: np.array(["a"]), OutputError, "returned an array of dtype <U1"),
    "objects": (lambda x: np.array([None, 1.0]), OutputError, "returned an array of dtype object"),
}


@pytest.mark.parametrize("name", [n for n in AT if n != "check_grads"])
@pytest.mark.parametrize("result", RESULTS)
def test_results_that_have_no_derivative(name: str, result: str) -> None:
    f, kind, words = RESULTS[result]
    with pytest.raises(kind) as caught:
        AT[name](f, X)
    assert type(caught.value) is kind
    assert words in caught.value.what


@pytest.mark.parametrize("transformation", SCALAR)
@pytest.mark.parametrize(
    "f", [lambda x: x, lambda x: [x[0]], lambda x: {"a": x[0]}, lambda x: (x[0], 1.0), lambda x: []]
)
def test_what_needs_one_number(transformation: Any, f: Any) -> None:
    with pytest.raises(OutputError, match="grad needs a scalar output, and <lambda> returned a"):
        transformation(f)(X)


def test_results_that_are_constant_have_exact_zeros_of_floats() -> None:
    for constant in (3, 3.0, np.int64(3), np.float32(3), np.array(3)):
        found = ew.grad(lambda x, c=constant: c)(X)
        np.testing.assert_array_equal(found, [0.0, 0.0])
        assert found.dtype == float
        assert ew.jacobian(lambda x, c=constant: c)(X).dtype.kind == "f"
        assert ew.jacfwd(lambda x, c=constant: [c, c])(X)[1].dtype.kind == "f"
        assert ew.jvp(lambda x, c=constant: c, (X,), (X,))[1].dtype.kind == "f"
    assert ew.jacobian(lambda x: np.arange(3))(X).dtype == float
    assert ew.derivative(lambda x: np.arange(2))(X).dtype == float


def test_no_results_and_no_entries() -> None:
    assert ew.jacobian(lambda x: [])(X) == []
    assert ew.jacobian(lambda x: x**2)(np.zeros(0)).shape == (0, 0)
    assert ew.jacobian(np.sum)(np.zeros(0)).shape == (0,)
    assert ew.jacobian(lambda x: x[:0])(X).shape == (0, 2)
    assert ew.hessian(total)(np.zeros(0)).shape == (0, 0)


def test_aux(refused: Any) -> None:
    refused(lambda: ew.grad(total, has_aux=True)(X), OutputError, "total did not return a pair")
    refused(lambda: ew.grad(lambda x: (1.0, 2, 3), has_aux=True)(X), OutputError, "<lambda> did not return a pair")
    refused(lambda: ew.grad(lambda x: [1.0, 2], has_aux=True)(X), OutputError, "<lambda> did not return a pair")
    refused(lambda: ew.grad(lambda x: ("log", total(x)), has_aux=True)(X), OutputError, "<lambda> returned a str")
    refused(lambda: ew.jvp(total, (X,), (X,), has_aux=True), OutputError, "total did not return a pair")
    gradient, aux = ew.grad(lambda x: (total(x), {"x": x, "text": "a", "thing": [None]}), has_aux=True)(X)
    np.testing.assert_array_equal(aux["x"], X)
    assert (aux["text"], aux["thing"]) == ("a", [None])
    np.testing.assert_array_equal(gradient, 2 * X)


def test_derivative_of_what_is_not_elementwise(refused: Any) -> None:
    refused(lambda: ew.derivative(total)(X), NotElementwiseError, "its result has another shape than its argument")
    refused(lambda: ew.derivative(np.cumsum)(X), NotElementwiseError, "depends on other entries")
    refused(lambda: ew.derivative(product, (0, 1))(1.0, 2.0), ArgumentError, "to differentiate product in 2 values")
    refused(lambda: ew.derivative(lambda p: p["a"])({"a": 1.0, "b": 2.0}), ArgumentError, "in 2 values")


# -- errors of the user's own


def test_the_users_own_errors_pass_through() -> None:
    class MyError(TypeError):
        pass

    def raises(x: Any) -> Any:
        raise MyError("mine: '<' not supported between instances of 'TracedArray' and 'str'")

    def reraises(x: Any) -> Any:
        try:
            float(x[0])
        except TypeError as error:
            raise ValueError("setting an array element with a sequence.") from error

    for f, kind in ((raises, MyError), (reraises, ValueError), (lambda x: 1 / 0, ZeroDivisionError)):
        for transform in (ew.grad(f), ew.jacobian(f), lambda x, f=f: ew.vmap(f)(x[None]), lambda x, f=f: ew.vjp(f, x)):
            with pytest.raises(kind) as caught:
                transform(X)
            assert not isinstance(caught.value, EdgewiseError)


def test_what_numpy_refuses_is_refused_in_its_own_words() -> None:
    for f, kind, words in (
        (lambda x: x + np.ones(3), ValueError, "operands could not be broadcast together"),
        (lambda x: x[2], IndexError, "index 2 is out of bounds"),
        (lambda x: np.sum(x, axis=1), np.exceptions.AxisError, "axis 1 is out of bounds"),
        (lambda x: np.reshape(x, (3,)), ValueError, "cannot reshape array of size 2 into shape"),
        (lambda x: 1.0 if x else 0.0, ValueError, "truth value of an array"),
    ):
        with pytest.raises(kind, match=words) as caught:
            ew.grad(f)(X)
        assert not isinstance(caught.value, EdgewiseError)


# -- what a value and an operator are not


def test_pickle_copy_and_hash(refused: Any) -> None:
    import copy

    assert ew.grad(lambda x: np.sum(copy.deepcopy([x])[0] * copy.copy(x)))(X).tolist() == [2.0, 4.0]
    refused(lambda: ew.grad(pickle.dumps)(X), EscapedError, "a traced value cannot be pickled")
    refused(lambda: pickle.dumps(ew.linearize(total, X)[1]), EscapedError, "a linear operator cannot be pickled")


def test_operators_and_what_does_not_fit_them(refused: Any) -> None:
    J = ew.linearize(lambda x: x**2, X)[1]
    refused(lambda: J @ "a", StructureError, "the tangent of argument 0 of <lambda> is a str")
    refused(lambda: J @ (X * 1j), StructureError, "the tangent of argument 0 of <lambda> is complex, and its value is")
    refused(
        lambda: J.H @ {"a": X}, StructureError, "the cotangent has the structure {'a': *}, and its value is one array"
    )
    refused(lambda: J.matvec(np.ones(3)), StructureError, "matvec got a vector of 3 entries, and the operator has 2")
    refused(lambda: J.matvec(X * 1j), StructureError, "matvec got a vector of dtype complex128")
    refused(lambda: J.matvec("a"), StructureError, "matvec got a vector of dtype <U1")
    refused(lambda: J.rmatmat(np.ones((3, 3))), StructureError, "rmatvec got a vector of 3 entries")
    refused(lambda: X @ J, StructureError, "an array stands to the left of a linear operator")
    assert J.matmat(np.zeros((2, 0))).shape == (2, 0)
    refused(lambda: J.H @ [[1.0], [2.0, 3.0]], StructureError, "the cotangent is a list of parts that differ in shape")
    refused(lambda: J.pull(X, X), StructureError, "the pullback was given 2 cotangents")
    refused(lambda: J.pull(), StructureError, "the pullback was given 0 cotangents")  # noqa: PLW0108  its line counts


@pytest.mark.parametrize("of", ["operator", "adjoint"])
def test_an_operator_is_no_array_and_no_function(of: str, refused: Any) -> None:
    J: Any = ew.linearize(lambda x: x**2, X)[1]
    J = J if of == "operator" else J.H
    refused(lambda: np.asarray(J), ConversionError, "a linear operator was to become an array")
    refused(lambda: np.linalg.inv(J), ConversionError, "a linear operator was to become an array")
    refused(lambda: J(X), ArgumentError, "a linear operator was called like a function")
    refused(lambda: ew.grad(J)(X), ArgumentError, "a linear operator was called like a function")
    refused(lambda: J[0], ArgumentError, "a linear operator was asked for an entry")
    refused(lambda: list(J), ArgumentError, "a linear operator was asked for an entry")
    refused(lambda: X @ J, StructureError, "an array stands to the left of a linear operator")
    for used in (lambda: J + J, lambda: 2.0 * J, lambda: X * J, lambda: J / 2, lambda: J - 1, lambda: -J, lambda: J**2):
        refused(used, ArgumentError, "a linear operator was added or scaled")


def test_a_point_given_to_the_transformation_itself(refused: Any) -> None:
    """It would return a function, and the user would take it for a derivative."""
    for of in (ew.grad, ew.value_and_grad, ew.jacobian, ew.jacfwd, ew.jacrev, ew.hessian, ew.derivative, ew.wirtinger):
        refused(lambda of=of: of(total, X), ArgumentError, "argnums is an array of dtype float64")
        refused(lambda of=of: of(total, 1.0), ArgumentError, "argnums is 1.0")
        refused(lambda of=of: of(total, [1.0, 2.0]), ArgumentError, "argnums is [1.0, 2.0]")
    refused(lambda: ew.vmap(total, X), ArgumentError, "in_axes is an array of dtype float64")
