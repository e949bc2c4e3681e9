"""Arguments of declared functions: ``out=`` is refused, what is unknown is refused, and what is known is honoured."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, EdgewiseError, StoreError

X = np.array([1.0, 2.0])
UFUNCS = [f for f in DECLARATIONS if isinstance(f, np.ufunc)]
FUNCTIONS = [f for f in DECLARATIONS if not isinstance(f, np.ufunc) and spelling(f).startswith("np.")]


def signature(function: Callable[..., Any]) -> Any:
    """NumPy's own, or None where it is not told."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def called(function: Callable[..., Any], *more: Any, **options: Any) -> Any:
    """The value of a function at its first sample, with traced arguments and further ones, as a plain value."""
    sample = DECLARATIONS[function].samples[0]
    keywords = {} if more else sample.kwargs  # what follows by place may be among them

    def f(arguments: list[Any]) -> Any:
        given = list(sample.args)
        for i, argument in zip(sample.wrt, arguments, strict=True):
            given[i] = argument
        return function(*given, *more, **{**keywords, **options})

    point = [sample.args[i] for i in sample.wrt]
    tangent = [[np.ones_like(a) for a in p] if isinstance(p, list | tuple) else np.ones_like(p) for p in point]
    return ew.jvp(lambda *arguments: f(list(arguments)), tuple(point), tuple(tangent))[0]


def differentiable(functions: list[Any]) -> list[Any]:
    """Those whose first sample has an argument to differentiate; bits have none."""
    return [f for f in functions if _is_float(DECLARATIONS[f].samples[0])]


def _is_float(sample: Any) -> bool:
    point = [sample.args[i] for i in sample.wrt]
    return bool(point) and all(a.dtype.kind == "f" for p in point for a in map(np.asarray, _several(p)))


def _several(point: Any) -> Any:
    return point if isinstance(point, list | tuple) else [point]


WITH_OUT = [f for f in FUNCTIONS if "out" in getattr(signature(f), "parameters", ())]


@pytest.mark.parametrize("function", differentiable(WITH_OUT), ids=spelling)
def test_out_is_refused(function: Any) -> None:
    with pytest.raises(StoreError, match="a traced value was stored with out= into an ordinary array"):
        called(function, out=np.zeros(3))


@pytest.mark.parametrize("function", differentiable(WITH_OUT), ids=spelling)
def test_out_is_refused_by_its_place_too(function: Any) -> None:
    parameters = list(signature(function).parameters.values())
    at = [p.name for p in parameters].index("out")
    sample = DECLARATIONS[function].samples[0]
    if parameters[at].kind is inspect.Parameter.KEYWORD_ONLY or len(sample.args) > at:
        return
    between = [p.default for p in parameters[len(sample.args) : at]]
    with pytest.raises(StoreError):
        called(function, *between, np.zeros(3))


@pytest.mark.parametrize("function", differentiable(UFUNCS), ids=spelling)
def test_out_of_a_ufunc_is_refused(function: Any) -> None:
    buffers = tuple(np.zeros((2, 3)) for _ in range(function.nout))
    with pytest.raises(StoreError):
        called(function, out=buffers if len(buffers) > 1 else buffers[0])
    assert all(not b.any() for b in buffers)


@pytest.mark.parametrize("function", differentiable([*FUNCTIONS, *UFUNCS]), ids=spelling)
def test_unknown_keywords_are_refused(function: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="unknown"):  # NumPy's own, or ours, which are such
        called(function, unknown=1)


METHODS = sorted(
    name
    for name in dir(Traced)
    if not name.startswith("_") and callable(getattr(Traced, name)) and hasattr(np.ndarray, name)
)


@pytest.mark.parametrize("name", METHODS)
def test_unknown_keywords_of_methods_are_refused(name: str) -> None:
    needed = {"dot": (X,), "take": ([0],), "reshape": (2,), "astype": (float,), "clip": (0.0,), "repeat": (2,)}
    needed |= {"searchsorted": (1.0,), "partition": (0,), "argpartition": (0,), "choose": ([X, X],), "put": ([0], 1.0)}
    needed |= {"compress": ([True, False],), "swapaxes": (0, 0), "fill": (1.0,), "resize": (2,)}
    with pytest.raises((TypeError, EdgewiseError)) as caught:
        ew.grad(lambda x: np.sum(getattr(x, name)(*needed.get(name, ()), unknown=1)))(X)
    assert "<locals>" not in str(caught.value)
    assert "unknown" in str(caught.value) or isinstance(caught.value, EdgewiseError)


def test_wrong_arguments_are_named_as_numpy_names_them(refused: Any) -> None:
    at = ew.grad
    refused(lambda: at(lambda x: x.sum(axes=0))(X), ArgumentError, "np.sum() got an unexpected keyword argument 'axes'")
    refused(lambda: at(lambda x: x.mean(0, None, None, False, 1))(X), ArgumentError, "np.mean() takes")
    refused(lambda: at(lambda x: x.dot())(X), ArgumentError, "np.dot() missing 1 required positional argument: 'b'")


# Values that a parameter of this name may have, other than its default.
VALUES: dict[str, list[Any]] = {
    "append": [0.0], "assume_unique": [True], "axis": [0, -1], "bias": [True], "casting": ["unsafe"], "copy": [False],
    "correction": [1], "ddof": [1], "decimals": [1], "density": [True], "dtype": [np.float32, int], "dx": [2.0],
    "endpoint": [False], "equal_nan": [True], "increasing": [True], "indexing": ["ij"], "initial": [1.5],
    "invert": [True], "k": [1], "keepdims": [True], "kind": ["stable"], "left": [5.0], "method": ["lower"],
    "mode": ["wrap", "clip", "same", "full"], "n": [2], "nan": [7.0], "offset": [1], "optimize": [True],
    "ord": [1], "order": ["F", "K", "A"], "period": [3.0], "posinf": [7.0], "prepend": [0.0], "retstep": [True],
    "return_counts": [True], "return_index": [True], "return_inverse": [True], "returned": [True], "right": [5.0],
    "rowvar": [False], "shape": [(2,)], "side": ["right"], "sparse": [True], "stable": [True], "subok": [False],
    "to_begin": [1.0], "to_end": [1.0], "where": [np.array(True), np.array(False)],
}  # fmt: skip
OPTIONS = [
    pytest.param(function, name, value, id=f"{spelling(function)}-{name}={value}")
    for function in differentiable(FUNCTIONS)
    for name in getattr(signature(function), "parameters", ())
    if name not in list(signature(function).parameters)[: len(DECLARATIONS[function].samples[0].args)]
    for value in VALUES.get(name, ())
    if function is not np.empty_like  # whose contents are anything
    and getattr(function, "__name__", "") != "reduce"  # NumPy 2.4 computes np.power.reduce(a, axis=-1) wrongly
]


@pytest.mark.parametrize(("function", "name", "value"), OPTIONS)
def test_options_are_honoured_or_refused_never_dropped(function: Any, name: str, value: Any) -> None:
    sample = DECLARATIONS[function].samples[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = leaves(function(*sample.args, **{**sample.kwargs, name: value}))
        except (TypeError, ValueError, IndexError):
            return  # NumPy refuses it
        try:
            found = leaves(called(function, **{name: value}))
        except EdgewiseError:
            return  # and we refuse it
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        assert b.dtype.kind not in "fc" or a.dtype == b.dtype


def leaves(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)]


def test_options_of_ufuncs() -> None:
    plain = np.sin(X)
    for options in ({"dtype": np.float64}, {"casting": "same_kind"}, {"order": "K"}, {"subok": True}, {"where": True}):
        np.testing.assert_array_equal(ew.jvp(lambda x, o=options: np.sin(x, **o), (X,), (X,))[0], plain)
    value, tangent = ew.jvp(lambda x: np.sin(x, dtype=np.float32), (X,), (X,))
    assert (value.dtype, tangent.dtype) == (np.float32, np.float32)
    for options in ({"where": [True, False]}, {"casting": "unsafe"}, {"order": "F"}, {"subok": False}):
        with pytest.raises(EdgewiseError, match=rf"np.sin with {next(iter(options))}="):
            ew.grad(lambda x, o=options: np.sum(np.sin(x, **o)))(X)
    with pytest.raises(EdgewiseError, match=r"np.matmul with axes="):
        ew.grad(lambda x: np.matmul(x, x, axes=[0, 0, ()]))(X)
    assert ew.jvp(lambda x: np.matmul(x, x, dtype=np.float32), (X,), (X,))[0].dtype == np.float32
    with pytest.raises(EdgewiseError, match=r"np.einsum with dtype="):
        ew.grad(lambda x: np.einsum("i,i->", x, x, dtype=np.float32))(X)


def test_an_ordinary_none_for_out_is_no_store() -> None:
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(np.sin(x, None)) + np.dot(x, x, None))(X), np.cos(X) + 2 * X)
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(x, None, None, None))(X), [1.0, 1.0])
