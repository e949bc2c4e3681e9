"""What NumPy refuses is refused, and in NumPy's own words where nothing about it has to do with derivatives."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.errors import EdgewiseError

FUNCTIONS = [f for f in DECLARATIONS if spelling(f).startswith("np.")]


def has_axis(function: Any) -> bool:
    """Whether the first sample may be given an axis."""
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False
    sample = DECLARATIONS[function].samples[0]
    point = [sample.args[i] for i in sample.wrt]
    return "axis" in parameters[len(sample.args) :] and bool(point) and all(isinstance(p, np.ndarray) for p in point)


@pytest.mark.parametrize("axis", [99, -99, "a"])
@pytest.mark.parametrize("function", [f for f in FUNCTIONS if has_axis(f)], ids=spelling)
def test_an_axis_that_is_not_there(function: Any, axis: Any) -> None:
    if spelling(function) == "np.trim_zeros" and np.lib.NumpyVersion(np.__version__) < "2.4.0":
        pytest.skip("before NumPy 2.4 it takes any axis")
    sample = DECLARATIONS[function].samples[0]
    keywords = {**sample.kwargs, "axis": axis}

    def f(*point: Any) -> Any:
        arguments = list(sample.args)
        for i, value in zip(sample.wrt, point, strict=True):
            arguments[i] = value
        return function(*arguments, **keywords)

    point = [sample.args[i] for i in sample.wrt]
    theirs = refusal(lambda: f(*point))
    ours = refusal(lambda: ew.vjp(f, *point))
    assert isinstance(ours, type(theirs) | EdgewiseError)


def refusal(call: Callable[[], Any]) -> Exception:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((TypeError, ValueError, IndexError, NotImplementedError)) as caught:
            call()
    return caught.value


A, B, V = np.ones((2, 3)), np.ones((4, 5)), np.ones(7)
MISFITS: dict[str, Callable[[Any], Any]] = {
    "x + v": lambda x: x + V,
    "v - x": lambda x: V - x,
    "x @ x": lambda x: x @ x,
    "b @ x": lambda x: B @ x,
    "np.dot": lambda x: np.dot(x, V),
    "np.inner": lambda x: np.inner(x, V),
    "np.tensordot": lambda x: np.tensordot(x, B, 1),
    "np.einsum": lambda x: np.einsum("ij,jk", x, B),
    "np.einsum of other axes": lambda x: np.einsum("i", x),
    "np.where": lambda x: np.where(x > 0, x, V),
    "np.clip": lambda x: np.clip(x, V, 1.0),
    "np.reshape": lambda x: np.reshape(x, (4, 2)),
    "np.broadcast_to": lambda x: np.broadcast_to(x, (3, 2)),
    "np.transpose": lambda x: np.transpose(x, (0,)),
    "np.swapaxes": lambda x: np.swapaxes(x, 0, 2),
    "np.moveaxis": lambda x: np.moveaxis(x, 0, 2),
    "np.squeeze": lambda x: np.squeeze(x, 0),
    "np.concatenate": lambda x: np.concatenate([x, V]),
    "np.stack": lambda x: np.stack([x, x[0]]),
    "np.split": lambda x: np.split(x, 2, axis=1),
    "np.dsplit": lambda x: np.dsplit(x, 1),
    "np.take": lambda x: np.take(x, [6]),
    "np.matmul of a number": lambda x: np.matmul(x, 2.0),
    "np.linalg.matrix_transpose": lambda x: np.linalg.matrix_transpose(x[0]),
    "x[5]": lambda x: x[5],
    "x[0, 0, 0]": lambda x: x[0, 0, 0],
    "x[..., ...]": lambda x: x[..., ...],
    "x['a']": lambda x: x["a"],
    "x[1.0]": lambda x: x[1.0],
    "x[object]": lambda x: x[object()],
    "x[mask of another length]": lambda x: x[[True, False, True]],
    "x[[0, 1], [0, 1, 2]]": lambda x: x[[0, 1], [0, 1, 2]],
    "a length that is none": lambda x: np.linspace(x[0, 0], 2.0, "many"),
    "reduceat of a number": lambda x: np.hypot.reduceat(x[0, 0], [0]),
    "reduceat at a number": lambda x: np.hypot.reduceat(x, 1),
    "a dtype without a loop": lambda x: np.divide.accumulate(x, dtype=np.int64),
    "an order that is none": lambda x: np.linalg.norm(x, ord=[], axis=0),
    "an axis that is a number": lambda x: np.linalg.norm(x, 3.5, 2.0),
    "an object array beside": lambda x: np.linspace(x[0, 0], np.array([x[0, 0], x[0, 1]]), "many"),
    "one operand of two, none": lambda x: np.linalg.solve(x @ x.T, None),
    "if x": lambda x: 1.0 if x else 0.0,
    "~x": lambda x: ~x,
    "x << 1": lambda x: x << 1,
    "len(x[0, 0])": lambda x: len(x[0, 0]),
}


@pytest.mark.parametrize("what", MISFITS)
def test_what_does_not_fit(what: str) -> None:
    f = MISFITS[what]
    theirs = refusal(lambda: f(A))
    for transformation in (
        lambda: ew.vjp(f, A),
        lambda: ew.jvp(f, (A,), (A,)),
        lambda: ew.vmap(f)(A[None]),
        lambda: ew.jacobian(ew.jacobian(f))(A),
    ):
        assert isinstance(refusal(transformation), type(theirs) | EdgewiseError)


def test_an_error_of_ones_own_function_is_left_alone():
    """NumPy is not asked again where it would call the user's function again."""
    calls = []

    def own(row):
        calls.append(1)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        ew.grad(lambda x: np.sum(np.apply_along_axis(own, 0, x)))(A)
    assert len(calls) == 1


def test_a_batch_of_nothing_is_refused_alike():
    with pytest.raises(TypeError, match="interpreted as an integer"):
        ew.vmap(lambda x: np.linspace(x, 1.0, "many", axis=0))(np.zeros((0, 2)))
