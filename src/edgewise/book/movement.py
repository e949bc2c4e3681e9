"""Movements: the same entries in another arrangement. Everything else that moves entries is a composition of these."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.levels import differentiated
from edgewise.core.memory import view
from edgewise.core.primitive import Primitive
from edgewise.core.refusals import no_number_in
from edgewise.core.shapes import axes_from, negative_axes
from edgewise.core.traced import cast_as, fixed
from edgewise.families.samples import case, grid
from edgewise.families.structure import CAST, JOIN, MOVEMENT, declare
from edgewise.maps import Broadcast, Reshape, Transpose


def _reshape(
    primitive: Primitive, a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: bool | None = None
) -> Any:
    target = _resolve(a, newshape if shape is None else shape)  # NumPy 2.0 has the older name alone
    if order == "F":
        backwards = tuple(range(a.ndim))[::-1]
        turned = view(primitive, np.transpose(a, backwards), target=target[::-1], scalar=True)
        return np.transpose(turned, tuple(range(len(target)))[::-1])
    if order not in ("C", "A", None):
        raise ValueError(f"order {order!r} is not 'C', 'F' or 'A'")
    return view(primitive, a, target=target, scalar=True)


def _resolve(a: Any, shape: Any) -> tuple[int, ...]:
    lengths = [int(n) for n in shape] if isinstance(shape, tuple | list | np.ndarray) else [int(shape)]
    known = 1
    for n in lengths:
        known *= n if n != -1 else 1
    free = lengths.count(-1)
    if free == 1 and known and a.size % known == 0:
        lengths[lengths.index(-1)] = a.size // known
    elif free or known != a.size:
        raise ValueError(f"cannot reshape array of size {a.size} into shape {tuple(lengths)}")
    return tuple(lengths)


def _transpose(primitive: Primitive, a: Any, axes: Any = None) -> Any:
    if axes is None:
        order = tuple(range(a.ndim))[::-1]
    else:
        order = axes_from(axes, a.ndim)
        if len(order) != a.ndim:
            raise ValueError("axes don't match array")
    return view(primitive, a, axes=order)


def _broadcast_to(primitive: Primitive, array: Any, shape: Any, subok: bool = False) -> Any:
    target = (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)
    if np.broadcast_shapes(array.shape, target) != target:
        raise ValueError(f"cannot broadcast an array of shape {array.shape} to shape {target}")
    return view(primitive, array, target=target, writeable=False)


def _concatenate(
    primitive: Primitive,
    arrays: Any,
    /,
    axis: Any = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    parts = _parts(arrays, dtype, casting)
    if axis is None:
        parts, axis = [np.ravel(p) for p in parts], 0
    if not parts[0].ndim:
        raise ValueError("zero-dimensional arrays cannot be concatenated: use np.stack")
    (one,) = negative_axes(axis, parts[0].ndim)
    starts = [0]
    for part in parts:
        if part.ndim != parts[0].ndim or _without(part.shape, one) != _without(parts[0].shape, one):
            raise ValueError(
                f"arrays of shapes {[tuple(p.shape) for p in parts]} cannot be concatenated along axis {axis}"
            )
        starts.append(starts[-1] + part.shape[one])
    return primitive(*parts, axis=one, starts=tuple(starts))


def _stack(
    primitive: Primitive, arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    parts = _parts(arrays, dtype, casting)
    if len({p.shape for p in parts}) != 1:
        raise ValueError("all input arrays must have the same shape")
    (one,) = negative_axes(axis, parts[0].ndim + 1)
    return primitive(*parts, axis=one, count=len(parts))


def _parts(arrays: Any, dtype: Any, casting: Any) -> list[Any]:
    parts = [a if hasattr(a, "__array_function__") else np.asarray(a) for a in arrays]
    if dtype is None:
        return parts
    for part in parts:
        if not np.can_cast(part.dtype, dtype, casting):
            raise TypeError(f"Cannot cast array data from {part.dtype} to {np.dtype(dtype)} under the rule '{casting}'")
    return [p.astype(dtype) for p in parts]


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    at = len(shape) + axis
    return tuple(shape[:at]) + tuple(shape[at + 1 :])


def _astype(primitive: Primitive, x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    target = np.dtype(dtype)
    if target == x.dtype:
        return fixed(x) if copy else x
    if target.kind == "O":  # the bridge: traced scalars in an object array, as np.asarray(x) makes it
        return np.asarray(x) if x.ndim else x
    if target.kind in "SUVMm" and differentiated(x):
        raise no_number_in(target)
    return (primitive if target.kind in "fc" else truncated)(x, dtype=target)


X = grid(2, 3, 4)

reshape = declare(
    np.reshape,
    MOVEMENT,
    [case(X, (6, 4)), case(X, (2, -1)), case(X, -1), case(X, (4, 6), order="F"), case(1.5, (1, 1))],
    _reshape,
    lambda shape, target: Reshape(shape, target),
    compute=lambda x, target: np.reshape(x, target),
)
transpose = declare(
    np.transpose,
    MOVEMENT,
    [case(X), case(X, (1, 0, 2)), case(X, (-1, 0, 1)), case(grid(2, 3))],
    _transpose,
    lambda axes: Transpose(axes),
)
broadcast_to = declare(
    np.broadcast_to,
    MOVEMENT,
    [case(grid(3), (2, 3)), case(grid(2, 1), (4, 2, 3)), case(1.5, (2, 2))],
    _broadcast_to,
    lambda shape, target: Broadcast(shape, target),
    operands=("array",),
    compute=lambda x, target: np.broadcast_to(x, target),
)
concatenate = declare(
    np.concatenate,
    JOIN,
    [
        case([grid(2, 3), grid(1, 3, seed=1)]),
        case([grid(2, 3), grid(2, 2, seed=1), grid(2, 1, seed=2)], axis=-1),
        case([grid(2, 3), grid(4, seed=1)], axis=None),
    ],
    _concatenate,
    operands=("arrays",),
    compute=lambda *xs, axis, starts: np.concatenate(xs, axis),
)
stack = declare(
    np.stack,
    JOIN,
    [
        case([grid(2, 3), grid(2, 3, seed=1)]),
        case([grid(2), grid(2, seed=1), grid(2, seed=2)], axis=-1),
        case([1.5, 2.5]),
    ],
    _stack,
    operands=("arrays",),
    compute=lambda *xs, axis, count: np.stack(xs, axis),
)
astype = declare(
    cast_as,
    CAST,
    [case(X, np.float64), case(np.float64(1.5), np.float64)],
    _astype,
    operands=("x",),
)
truncated = Primitive("astype", cast_as, CAST, zero=True)
