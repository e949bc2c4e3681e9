"""Traced values as duck arrays: what they tell about themselves, and which strangers they meet."""

from __future__ import annotations

import decimal
import math

import numpy as np
import pytest
import scipy.sparse

import edgewise as ew
from edgewise.core.buffers import Keeper
from edgewise.core.foreign import hint, refuse_foreign
from edgewise.core.mode import Mode
from edgewise.core.primitive import Family, Primitive, Rule
from edgewise.core.registry import DECLARATIONS, register
from edgewise.errors import (
    ArgumentError,
    BatchError,
    ConversionError,
    DeclarationError,
    EscapedError,
    ForeignArrayError,
    NotYetError,
    OutputError,
    StoreError,
    StructureError,
)
from edgewise.families.structure import REDUCTION
from edgewise.maps import Identity
from edgewise.modes import Dual, Recorded
from edgewise.modes.recorded import refuse_dtype

X = np.array([[1.5, 2.5, 3.5], [4.5, 5.5, 6.5]])


def inside(look, x=X):
    """What ``look`` sees of a traced value."""
    seen = []

    def f(t):
        seen.append(look(t))
        return np.sum(t)

    ew.grad(f)(x)
    return seen[0]


def test_attributes_and_printing():
    assert inside(lambda t: (t.shape, t.ndim, t.size, t.dtype, t.itemsize, t.nbytes, len(t))) == (
        (2, 3), 2, 6, np.float64, 8, 48, 2,
    )  # fmt: skip
    assert inside(lambda t: f"{t[0, 0]:.2f} {t[0, 0]} {t[0, 0]!r}") == "1.50 1.5 traced(np.float64(1.5))"
    assert inside(lambda t: 2.5 in t)
    assert inside(lambda t: 9.0 in t) is False
    assert inside(lambda t: [type(v).__name__ for v in t.tolist()[0]]) == ["TracedScalar"] * 3
    assert inside(lambda t: t[0, 0].tolist() is t[0, 0] or t[0, 0].tolist().shape == ())
    assert inside(lambda t: [row.shape for row in t]) == [(3,), (3,)]


def test_rounding_says_that_no_derivative_is_meant():
    assert inside(lambda t: (math.floor(t[0, 0]), math.ceil(t[0, 0]), math.trunc(t[0, 0]), round(t[0, 0]))) == (
        1,
        2,
        1,
        2,
    )
    assert inside(lambda t: list(range(int(np.floor(t[0, 0]))))) == [0]
    assert ew.vmap(lambda v: v[np.argmax(v)])(X).tolist() == [3.5, 6.5]


def test_conversions_that_would_lose_the_derivative():
    for convert in (float, int, complex, lambda t: t.item()):
        with pytest.raises(ConversionError):
            ew.grad(lambda x, convert=convert: convert(x))(1.5)


def test_numbers_are_rebound_in_place():
    def f(x):
        y = x
        y += 1.0
        y -= x * x
        y *= 3.0
        y /= 2.0
        return y

    assert ew.grad(f)(2.0) == 1.5 * (1 - 4.0)


def test_divmod_both_ways():
    assert ew.grad(lambda x: divmod(x, 2.0)[1])(5.5) == 1.0
    assert ew.grad(lambda x: divmod(5.5, x)[1])(2.0) == -2.0


def test_three_operands_at_once():
    c = np.array([[True, False, True]])
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(np.where(c, x, x * x)))(X)[0], [1.0, 5.0, 1.0])
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(np.clip(x, 2.0, 6.0)))(X), [[0, 1, 1], [1, 1, 0]])


class Convertible:
    """Something that NumPy can make an array of."""

    def __array__(self, dtype=None, copy=None):
        return np.array([1.0, 2.0, 3.0])


def test_strangers():
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(np.multiply(x, Convertible())))(X)[0], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(x * [1.0, 2.0, 3.0]))(X)[1], [1.0, 2.0, 3.0])
    ones = np.array([decimal.Decimal(1)] * 3, dtype=object)
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(x * ones))(X), np.ones((2, 3)))
    with pytest.raises(ArgumentError):
        ew.grad(lambda x: np.sum(x * np.array([object()] * 3)))(X)
    with pytest.raises(ArgumentError):
        ew.grad(lambda x: np.multiply(x, object()))(1.0)
    with pytest.raises(ForeignArrayError, match="sparse"):
        ew.grad(lambda x: np.multiply(scipy.sparse.eye(3), x))(1.0)
    with pytest.raises(ForeignArrayError, match="sparse"):
        ew.grad(np.sum)(scipy.sparse.eye(3).tocsr())


def test_pandas_is_refused_by_name():
    series = type("Series", (), {"__module__": "pandas.core.series", "to_numpy": lambda self: X})()
    with pytest.raises(ForeignArrayError, match="a pandas Series"):
        refuse_foreign(series, "", "met a traced value")
    assert hint("numpy") == ""


def test_batches_meet_object_arrays():
    def f(t):
        return np.array([t[0], 2 * t[1]]) * t[:2]

    np.testing.assert_array_equal(ew.vmap(f)(X), X[:, :2] ** 2 * [1.0, 2.0])


def test_masks_of_the_wrong_shape():
    with pytest.raises(IndexError, match="did not match"):
        ew.grad(lambda x: np.sum(x[np.ones((2, 2), bool)]))(X)


def test_an_array_of_longdoubles_is_kept_as_a_copy():
    keeper, big = Keeper(), np.ones(100_000, np.longdouble)
    kept = keeper.hold(big)
    assert kept is not big
    assert keeper.hold(big) is not kept
    assert big.flags.writeable
    small = np.ones(3000, np.longdouble)
    assert keeper.hold(small) is not keeper.hold(small)


def test_what_must_be_written_by_every_mode_and_family():
    with pytest.raises(NotImplementedError):
        Mode().interpret(None, (), {})
    with pytest.raises(NotImplementedError):
        Family().batch(None, [], [], 0, {})


def test_a_row_is_declared_once_and_has_samples():
    row = DECLARATIONS[np.sin]
    with pytest.raises(DeclarationError, match="declared twice"):
        register(row, None)
    with pytest.raises(DeclarationError, match="without samples"):
        register(row._replace(function=lambda x: x, samples=[]), None)


def test_the_function_may_return_its_argument():
    assert ew.grad(lambda x: x)(3.0) == 1.0
    assert ew.grad(lambda x, y: x, (0, 1))(3.0, 4.0) == (1.0, 0.0)


def test_a_truth_value_has_no_gradient():
    with pytest.raises(OutputError, match="returned a bool"):
        ew.grad(lambda x: x > 0)(1.0)


def test_tangents_of_what_is_not_differentiated():
    point = {"x": 2.0, "n": 3, "s": "a"}
    f = lambda p: p["x"] ** p["n"]  # noqa: E731  one expression, used three times
    assert ew.jvp(f, (point,), ({"x": 1.0, "n": None, "s": None},))[1] == 12.0
    assert ew.jvp(f, (point,), ({"x": 1.0, "n": 3, "s": "a"},))[1] == 12.0
    with pytest.raises(StructureError, match="which is not differentiated"):
        ew.jvp(f, (point,), ({"x": 1.0, "n": 1, "s": None},))


def test_keywords_that_would_change_a_result():
    with pytest.raises(NotYetError, match="axes="):
        ew.grad(lambda x: np.sum(np.matmul(x, X.T, axes=[(0, 1), (0, 1), (0, 1)])))(X)
    with pytest.raises(TypeError, match="unexpected keyword"):
        ew.grad(lambda x: np.sum(np.matmul(x, X.T, foo=1)))(X)


def test_batches_of_nothing():
    @ew.primitive(pull=lambda g: g)
    def f(x):
        return x

    with pytest.raises(BatchError, match="without members"):
        ew.vmap(f)(np.zeros((0, 2)))


def test_rules_that_need_ordinary_arrays():
    """A batch of seeds is handed to such a rule one by one."""

    @ew.primitive(pull=lambda g: np.array([math.fsum(g)] * 2), push=lambda t: np.array([float(t[0]), float(t[1])]))
    def f(x):
        return np.asarray(x) * 1.0

    np.testing.assert_array_equal(ew.jacrev(f)(np.ones(2)), np.ones((2, 2)))
    np.testing.assert_array_equal(ew.jacfwd(f)(np.ones(2)), np.eye(2))


def test_several_outputs_without_a_push_rule():
    @ew.primitive(outputs=2, pull=lambda g, x: (0.0 if g[0] is None else g[0]) + x * 0)
    def f(x):
        return x, x

    assert ew.grad(lambda x: f(x)[0])(2.0) == 1.0
    with pytest.raises(DeclarationError, match="no push rule"):
        ew.jvp(f, (2.0,), (1.0,))


def test_several_outputs_behind_a_cut():
    @ew.primitive(
        outputs=2,
        push=lambda t, x: (2 * t, 3 * t),
        pull=lambda g, x: x * 0 + (0 if g[0] is None else 2 * g[0]) + (0 if g[1] is None else 3 * g[1]),
    )
    def f(x):
        return 2 * x, 3 * x

    def g(x):
        a, b = f(np.sqrt(x)[1:])
        return np.sum(a + b) + np.max(b)

    x = np.array([0.0, 1.0, 4.0])
    np.testing.assert_allclose(ew.grad(g)(x), [0.0, 2.5, 1.25 + 0.75])
    np.testing.assert_allclose(ew.hessian(g)(x)[0], 0.0)
    np.testing.assert_allclose(ew.jacfwd(g)(x), ew.jacrev(g)(x))
    two = lambda a, b: f(a + b)[0] * b  # noqa: E731  both operands of the sum are seeded
    assert ew.jvp(two, (1.0, 2.0), (1.0, 1.0))[1] == 4.0 * 2 + 6.0


def test_several_outputs_of_two_operands():
    @ew.primitive(
        outputs=2, push=(lambda t, b: (t * b, t), lambda t, a: (t * a, t)), pull=(lambda g, b: None, lambda g: None)
    )
    def f(a, b):
        return a * b, a + b

    assert ew.jvp(f, (2.0, 3.0), (1.0, 1.0))[1] == (5.0, 2.0)
    assert ew.jacfwd(lambda a: f(a, a)[0])(3.0) == 6.0


def test_stores_by_other_names():
    z = np.zeros(2)
    for store in (
        lambda t: np.multiply.at(z, 0, t),
        lambda t: np.put(z, [0], t),
        lambda t: np.copyto(z, t),
        lambda t: z.put([0], t),
        lambda t: z.fill(2.0 * t),
    ):
        with pytest.raises(StoreError):
            ew.grad(store)(1.0)
    np.testing.assert_array_equal(z, 0.0)


def test_an_array_that_a_node_keeps_is_not_written_to():
    def f(x):
        y = np.exp(x * np.ones(2))  # its derivative is its value
        y += 1.0
        y[0] = 0.0
        y[0] = np.sum(y)
        return np.sum(y)

    for derivative in (ew.grad(f), ew.grad(ew.grad(f))):
        np.testing.assert_allclose(derivative(1.0), 2 * np.exp(1.0), rtol=1e-15)


def test_arguments_by_name():
    with pytest.raises(ArgumentError, match="0 positional arguments and a="):
        ew.grad(lambda a: a, "z")(a=1.0)
    with pytest.raises(ArgumentError, match="names"):
        ew.grad(max, "key")(1.0, 2.0)


def test_object_arrays_inside_containers():
    def outer(t):
        return ew.grad(lambda d: np.sum(d["a"] ** 3))({"a": np.array([t, 1.0])})["a"][0]

    assert ew.grad(outer)(2.0) == 12.0


def test_operands_without_a_rule_and_lists():
    @ew.primitive(pull=(lambda g, b: g * b, None))
    def f(a, b):
        return np.asarray(a) * np.asarray(b)

    np.testing.assert_array_equal(ew.grad(lambda a: np.sum(f(a, [1.0, 2.0])))(np.ones(2)), [1.0, 2.0])
    assert repr(f.primitive) == "<primitive f>"


def test_seeds_that_have_escaped():
    kept = []
    ew.grad(lambda x: kept.append(x) or x)(1.0)
    _, J = ew.linearize(np.sin, 0.5)
    with pytest.raises(EscapedError, match="has ended"):
        J @ kept[0]
    assert str(kept[0]) == "1.0"


def test_results_of_other_kinds():
    with pytest.raises(NotYetError, match="timedelta64"):
        refuse_dtype(np.dtype("timedelta64[s]"))
    whole = Primitive("whole", np.int64, REDUCTION, (Rule(lambda shape: Identity(), 1, 0, "whole"),))
    for mode in (Recorded(), Dual()):
        with mode, pytest.raises(NotYetError, match="int64"):
            whole(mode.lift(np.float64(2.5), *([np.float64(1.0)] if isinstance(mode, Dual) else [])))


def test_an_operation_of_one_operand_that_has_no_edge():
    @ew.primitive(pull=(None,))
    def length(x):
        return np.sum(np.ones_like(x))

    assert ew.grad(lambda x: np.sum(x) * length(x))(np.ones(2)).tolist() == [2, 2]


def test_one_value_returned_twice_behind_a_singular_operation():
    def f(x):
        y = np.sqrt(x)[1:]
        return y, y

    _, pull = ew.vjp(f, np.array([0.0, 4.0]))
    np.testing.assert_array_equal(pull((np.array([1.0]), np.array([0.0])))[0], [0.0, 0.25])


def test_an_error_of_a_function_that_was_handed_on_is_left_alone():
    def refuse(row):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        ew.grad(lambda x: np.sum(np.apply_along_axis(refuse, 0, x)))(np.ones((2, 2)))
