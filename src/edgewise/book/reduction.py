"""Reductions, with axes counted from the end; ``keepdims``, ``where`` and ``initial`` are other operations."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core import stores
from edgewise.core.primitive import Primitive
from edgewise.core.recurrence import delayed, reversed_along
from edgewise.core.shapes import keeps, negative_axes
from edgewise.families.samples import case, grid
from edgewise.families.structure import REDUCTION, declare
from edgewise.maps import Compose, Diagonal, Mask, Sum

__all__ = ["maximum_of", "minimum_of", "product_of", "sum_of"]


class _Absent:
    """NumPy's "no value": an argument that was not given."""

    def __repr__(self) -> str:
        return "<no value>"


ABSENT: Any = _Absent()


def reduce_with(neutral: float | None, combine: Callable[..., Any]) -> Callable[..., Any]:
    """An entry with the signature of NumPy's reductions.

    Args:
        neutral: what entries left out by ``where=`` become; None: ``initial`` takes their place.
        combine: how ``initial`` joins the result.
    """

    def entry(
        primitive: Primitive,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = ABSENT,
        where: Any = True,
    ) -> Any:
        if axis is dtype is out is None and where is True and initial is ABSENT and keepdims is False and a.shape:
            return _over(primitive, a, negative_axes(None, a.ndim))
        if out is not None:
            raise stores.refused("out=")
        if dtype is not None:
            a = a.astype(dtype)
        if where is not True:
            if neutral is None and initial is ABSENT:
                raise ValueError(f"reduction operation '{primitive.name}' with a where mask needs an initial value")
            negative_axes(axis, a.ndim)  # NumPy's own verdict, before the mask could add some
            if np.broadcast_shapes(np.shape(where), a.shape) != a.shape:
                raise ValueError(f"where= of shape {np.shape(where)} does not fit an operand of shape {a.shape}")
            a = np.where(where, a, initial if neutral is None else neutral)
        axes = () if axis in (0, -1) and not a.ndim else negative_axes(axis, a.ndim)  # NumPy has numbers reduced so
        if neutral is None and initial is not ABSENT and 0 in (a.shape[i] for i in axes):  # of nothing
            a = np.full(tuple(1 if i - a.ndim in axes else n for i, n in enumerate(a.shape)), initial, a.dtype)
        result = _over(primitive, a, axes) if axes or primitive.zero else _copy(a)
        wanted = _widened(a.dtype) if dtype is None and primitive.name in ("sum", "prod") else dtype
        if wanted is not None and result.dtype != wanted:  # of integers, nothing is reduced or a narrow dtype is wanted
            result = result.astype(wanted)
        if initial is not ABSENT and initial is not None:
            result = combine(result, initial)
        return np.expand_dims(result, axes) if keeps(keepdims) else result

    return entry


def _over(primitive: Primitive, a: Any, axes: tuple[int, ...]) -> Any:
    if primitive.name != "prod" or len(axes) == 1:
        return primitive(a, axis=axes)
    rest = tuple(i for i in range(-a.ndim, 0) if i not in axes)  # several axes become one: products run along one
    a = np.transpose(a, (*rest, *axes))
    kept = a.shape[: len(rest)]
    return primitive(np.reshape(a, (*kept, math.prod(a.shape[len(rest) :]))), axis=(-1,))


def _copy(a: Any) -> Any:
    return a


def _widened(dtype: Any) -> Any:
    """The dtype of sums and products: NumPy adds up truth values and small integers in large ones.

    >>> _widened(np.dtype(bool)), _widened(np.dtype(np.float32))
    (dtype('int64'), dtype('float32'))
    """
    return dtype if dtype.kind in "fc" else np.add.reduce(np.zeros(0, dtype)).dtype


def _entry_without_dtype(neutral: float | None, combine: Callable[..., Any]) -> Callable[..., Any]:
    """As ``reduce_with``, for those whose signature has no dtype: ``max``, ``min``, ``any``, ``all``."""
    general = reduce_with(neutral, combine)

    def entry(
        primitive: Primitive,
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = ABSENT,
        where: Any = True,
    ) -> Any:
        return general(primitive, a, axis, None, out, keepdims, initial, where)

    return entry


def _shares(x: Any, y: Any, axis: tuple[int, ...], shape: tuple[int, ...]) -> Compose:
    """The extreme entries share the derivative evenly; where the extreme is NaN, the NaNs are it."""
    chosen = (x == np.expand_dims(y, axis)) | (x != x)
    return Compose((Diagonal(1.0 / np.sum(chosen, axis=axis)), Sum(axis, shape), Mask(chosen)))


def _others(x: Any, axis: tuple[int, ...], shape: tuple[int, ...]) -> Compose:
    """∂prod/∂x_i is the product of all others: products from the left times products from the right, no division."""
    (one,) = axis
    left = delayed(np.cumprod(x, axis=one), one, 1.0)
    right = reversed_along(delayed(np.cumprod(reversed_along(x, one), axis=one), one, 1.0), one)
    return Compose((Sum(axis, shape), Diagonal(left * right)))


X = grid(2, 3, 4)
MASKED = ("a", "*", "where")  # a mask may differ within a batch
AXES = [case(X), case(X, axis=1), case(X, axis=(0, -1)), case(X, axis=-2, keepdims=True), case(grid(5))]
MASK = grid(2, 3, 4, seed=3) > -0.5

sum_of = declare(
    np.sum,
    REDUCTION,
    [*AXES, case(X, axis=0, where=MASK, initial=2.0), case(X, axis=(), dtype=np.float64), case(1.5)],
    reduce_with(0, operator.add),
    lambda axis, shape: Sum(axis, shape),
    operands=MASKED,
    compute=lambda x, axis: x.sum(axis),  # a third of what np.sum takes on a small array
)
product_of = declare(
    np.prod,
    REDUCTION,
    [
        *AXES,
        case(np.array([2.0, 0.0, -1.5])),
        case(np.array([0.0, 0.0, 3.0])),
        case(X, axis=1, where=MASK, initial=2.0),
    ],
    reduce_with(1, operator.mul),
    lambda x, axis, shape: _others(x, axis, shape),
    note="exact at zeros",
    operands=MASKED,
)
maximum_of = declare(
    np.max,
    REDUCTION,
    [
        *AXES,
        case(X, axis=1, initial=0.45),
        case(X, axis=1, initial=-5.0, where=MASK),
        case(grid(2, 0), axis=1, initial=0.5),
    ],
    _entry_without_dtype(None, np.maximum),
    lambda x, y, axis, shape: _shares(x, y, axis, shape),
    selects=True,
    oracle="difference",
    note="ties: split evenly",
    kink=lambda x, y, axis: np.sum(x == np.expand_dims(y, axis), axis=axis) > 1,
    operands=MASKED,
)
minimum_of = declare(
    np.min,
    REDUCTION,
    [*AXES, case(X, axis=1, initial=-0.4)],
    _entry_without_dtype(None, np.minimum),
    lambda x, y, axis, shape: _shares(x, y, axis, shape),
    selects=True,
    oracle="difference",
    note="ties: split evenly",
    kink=lambda x, y, axis: np.sum(x == np.expand_dims(y, axis), axis=axis) > 1,
    operands=MASKED,
)
SOME = [*AXES, case(np.array([[0.0, 1.0], [0.0, 0.0]]), axis=1), case(X, axis=0, where=MASK)]
any_of = declare(np.any, REDUCTION, SOME, _entry_without_dtype(0, np.logical_or), zero=True, operands=MASKED)
all_of = declare(np.all, REDUCTION, SOME, _entry_without_dtype(1, np.logical_and), zero=True, operands=MASKED)


def _count(primitive: Primitive, a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(a != 0, axis=axis, keepdims=keepdims)


def _position(primitive: Primitive, a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
    if out is not None:
        raise stores.refused("out=")
    if axis is None or (axis in (0, -1) and not a.ndim):
        flat = primitive(np.ravel(a), axis=-1)
        return np.reshape(flat, (1,) * a.ndim) if keepdims else flat
    (one,) = negative_axes(axis, a.ndim)
    found = primitive(a, axis=one)
    return np.expand_dims(found, one) if keepdims else found


count_nonzero = declare(np.count_nonzero, REDUCTION, [case(X), case(X, axis=1)], _count, zero=True)
argmax = declare(np.argmax, REDUCTION, [case(X), case(X, axis=1)], _position, zero=True)
argmin = declare(np.argmin, REDUCTION, [case(X), case(X, axis=1, keepdims=True)], _position, zero=True)
