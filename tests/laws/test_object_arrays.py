"""An object array of traced values is one traced array for every function that meets a traced value beside it.

``np.array([x[0], x[1]])`` and a traced array are two operands of each function of the registry that takes several.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, load, spelling

load()


def is_float(value: Any) -> bool:
    return isinstance(value, float | np.ndarray) and np.asarray(value).dtype == float


def pairs() -> Any:
    """Per row and sample, an operand that is an array, and another number or array."""
    for function, row in DECLARATIONS.items():
        for number, sample in enumerate(row.samples):
            numbers = [i for i, value in enumerate(sample.args) if is_float(value)]
            for at in sample.wrt:
                beside = [i for i in numbers if i != at and i in sample.wrt]
                if at in numbers and beside and np.size(sample.args[at]) and np.ndim(sample.args[at]):
                    yield pytest.param(function, sample, at, beside[0], id=f"{spelling(function)}-{number}-{at}")


def objects(x: Any) -> Any:
    made = np.array(list(np.ravel(x)))
    assert made.dtype == object
    return np.reshape(made, x.shape)


@pytest.mark.parametrize(("function", "sample", "at", "beside"), list(pairs()))
def test_beside_a_traced_value(function: Any, sample: Any, at: int, beside: int) -> None:
    def f(x: Any, y: Any, build: Any) -> Any:
        args = list(sample.args)
        args[at], args[beside] = build(x), y
        result = function(*args, **sample.kwargs)
        parts = result if isinstance(result, tuple | list) else [result]
        weights = (np.cos(np.arange(float(np.size(part)))).reshape(np.shape(part)) for part in parts)
        return 0.0 * np.sum(x) + sum(np.sum(np.real(part) * w) for part, w in zip(parts, weights, strict=True))

    both = ew.value_and_grad(f, argnums=(0, 1))
    point = sample.args[at], sample.args[beside]
    with np.errstate(all="ignore"):
        found, expected = both(*point, objects), both(*point, lambda x: x)
    for one, other in zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
