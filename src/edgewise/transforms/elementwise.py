"""``derivative``: f′ of an elementwise function, for all entries in one pass, and only if it is one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from edgewise.core.levels import plain, shown
from edgewise.errors import ArgumentError, NotElementwiseError
from edgewise.transforms.border import Argnums, Call, function_of, name_of, wanted_of
from edgewise.transforms.holomorphic import require_holomorphic
from edgewise.transforms.operator import LinearOperator, operator_at

__all__ = ["derivative"]

P = ParamSpec("P")


def derivative(f: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The derivative of a function of one variable: of a scalar, or of every entry of an array on its own.

    Args:
        f: a function whose result has the shape of its argument, entry by entry; for a scalar argument, any shape.
        argnums: which argument.

    Returns:
        A function with the arguments of ``f`` that returns f′, in the shape of the result.

    Raises:
        NotHolomorphicError: the argument is complex, and ``f`` is not complex-differentiable there. It is verified, as
            is the next.
        NotElementwiseError: an entry of the result depends on another entry of the argument.

    >>> derivative(np.sin)(0.0)
    np.float64(1.0)
    >>> derivative(lambda x: x**3)(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    function_of(f, "derivative")
    wanted_of(argnums)

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Any:
        call = Call(f, args, kwargs, argnums)
        values, operator, _ = operator_at(call, f)
        if len(call.values) != 1:
            raise ArgumentError(
                f"ew.derivative was asked to differentiate {name_of(f)} in {len(call.values)} values",
                "it is for functions of one variable, a number or one array, applied entry by entry",
                "use ew.jacobian for all derivatives",
            )
        (x,) = call.values
        if x.shape and (len(values) != 1 or values[0].shape != x.shape):
            raise NotElementwiseError(
                f"{name_of(f)} is not elementwise: its result has another shape than its argument",
                "derivative() is for functions of one variable, applied entry by entry",
                "use ew.jacobian for all derivatives, or ew.grad of a scalar result",
            )
        slope = operator @ call.structured([np.ones(x.shape, x.dtype)[()]])
        if x.dtype.kind == "c" and not operator.complex_linear:
            require_holomorphic(slope, operator @ call.structured([np.full(x.shape, 1j, x.dtype)[()]]), f)
        if x.shape:
            _verify(operator, call, slope, x, f)
        return slope

    return wrapped


def _verify(operator: LinearOperator, call: Call, slope: Any, x: Any, f: Any) -> None:
    """J is diagonal if J v = v · (J 1) for vectors v that tell every two entries apart.

    The vectors write the index of an entry in binary, as 1 and 2: any two entries differ in one of them, and powers of
    two scale exactly.
    """
    indices = np.arange(int(np.prod(x.shape))).reshape(x.shape)
    for bit in range(max(int(indices.max(initial=0)).bit_length(), 1)):
        v = (1.0 + (indices >> bit & 1)).astype(x.dtype)
        got, expected = shown(operator @ call.structured([v])), shown(slope) * v
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        with np.errstate(all="ignore"):
            largest = np.max(np.where(np.isfinite(expected), np.abs(expected), 0.0), initial=0.0)
            same = same | (np.abs(got - expected) <= 1e-10 * largest)
        if not np.all(same):
            at = tuple(int(i) for i in np.argwhere(~plain(same))[0])
            raise NotElementwiseError(
                f"{name_of(f)} is not elementwise: entry {list(at)} of its result depends on other entries",
                "derivative() would add their contributions up and return a number that is no derivative",
                "use ew.jacobian for all derivatives, or ew.grad of a scalar result",
            )
