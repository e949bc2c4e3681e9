"""``vmap``: a function of one member, applied to a whole batch in one run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from edgewise.containers import flatten
from edgewise.core.foreign import refuse_foreign
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, StructureError, a_kind, fields_of
from edgewise.modes import Batched
from edgewise.transforms.border import finish, function_of, name_of, not_a_number, outputs
from edgewise.transforms.translate import run

__all__ = ["vmap"]

P = ParamSpec("P")
R = TypeVar("R")


def vmap(f: Callable[P, R], in_axes: Any = 0, out_axes: Any = 0) -> Callable[P, R]:
    """Apply a function to every member of a batch, running it once.

    Args:
        f: a function of one member, in plain Python and NumPy.
        in_axes: the axis of the batch in each argument: an int or None (the same for all members) for all arguments,
            or a tuple with one entry per argument, each an int, None, or a container of them that mirrors the
            argument. Keyword arguments are batched along axis 0.
        out_axes: the axis of the batch in the results; an int, or a container mirroring the result.

    Returns:
        A function that takes and returns batches.

    Raises:
        StructureError: arguments whose batch axes differ in length.
        BatchError: ``f`` branches on a batched value; ``np.where`` chooses instead.

    >>> vmap(lambda x, w: w @ x, in_axes=(0, None))(np.eye(2), np.array([3.0, 4.0]))
    array([3., 4.])
    """
    function_of(f, "vmap")
    if hasattr(in_axes, "dtype") and not _is_axis(in_axes):
        raise ArgumentError(
            f"in_axes is {a_kind(in_axes)}",
            "it says which axis the batch lies along; the batch goes to the function that comes back",
            "write ew.vmap(f)(x)",
        )

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Any:
        axes = in_axes if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ArgumentError(
                f"in_axes has {len(axes)} entries, and {name_of(f)} was called with {len(args)} positional arguments",
                "each argument has its own axis",
                "give one entry per argument, None where all members share it",
            )
        given = [*zip(args, axes, strict=True), *((v, 0) for v in kwargs.values())]
        names = [*(f"argument {i}" for i in range(len(args))), *(f"{k}=" for k in kwargs)]
        parts = [_spread_axes(value, axis, name) for (value, axis), name in zip(given, names, strict=True)]
        size = _size(
            [
                (leaf, axis, name)
                for (leaves, _, own), name in zip(parts, names, strict=True)
                for leaf, axis in zip(leaves, own, strict=True)
            ],
            f,
        )
        with Batched(size) as mode:
            ready = [
                tree.build(
                    [
                        leaf if axis is None else mode.lift(np.moveaxis(_own(leaf), axis, 0))
                        for leaf, axis in zip(leaves, own, strict=True)
                    ]
                )
                for leaves, tree, own in parts
            ]
            result = run(f, ready[: len(args)], dict(zip(kwargs, ready[len(args) :], strict=True)))
            leaves, tree = outputs(result, mode, f)
            targets = _mirror(out_axes, leaves, tree, "out_axes")
            done = []
            for leaf, axis in zip(leaves, targets, strict=True):
                batch = mode.spread(_member(leaf, f))
                if axis is None or not -batch.ndim <= axis < batch.ndim:
                    raise ArgumentError(
                        f"out_axes is {axis}, and a result of {name_of(f)} has {batch.ndim} axes, the batch's included",
                        "every result has an axis for the batch",
                        "leave out_axes out, which puts it first",
                    )
                done.append(np.moveaxis(batch, 0, axis) if axis else batch)
        return tree.build(finish(done, args))

    return wrapped


def _own(leaf: Any) -> Any:
    """An argument as an array of ours: the user may overwrite his before a derivative has been taken."""
    return leaf if hasattr(leaf, "__array_function__") and not isinstance(leaf, np.ndarray) else np.array(leaf)


def _member(leaf: Any, f: Any) -> Any:
    """An output leaf, which must be a number or an array of them."""
    if isinstance(leaf, Traced) or np.asarray(leaf).dtype.kind in "fiubc":
        return leaf
    raise not_a_number(leaf, f)


def _spread_axes(value: Any, axis: Any, name: str) -> tuple[list[Any], Any, list[Any]]:
    leaves, tree = flatten(value)
    return leaves, tree, _mirror(axis, leaves, tree, f"in_axes of {name}")


def _mirror(axes: Any, leaves: list[Any], tree: Any, name: str) -> list[Any]:
    """One axis for every leaf, from one for all of them or a container that mirrors them."""
    if _is_axis(axes):
        return [None if isinstance(leaf, str | bytes | type(None)) else axes for leaf in leaves]
    own, given = flatten(axes)
    if given != tree:
        raise StructureError(
            f"{name} has the structure {given}, and its value has {tree}",
            "they go together leaf by leaf",
            f"mirror it: {tree}",
        )
    for axis in own:
        if not _is_axis(axis):
            raise ArgumentError(
                f"{name} is {axis!r}", "it says which axis the batch lies along", "give an integer, or None for no axis"
            )
    return own


def _is_axis(axis: Any) -> bool:
    return axis is None or (isinstance(axis, int | np.integer) and not isinstance(axis, bool))


def _size(leaves: list[tuple[Any, Any, str]], f: Any) -> int:
    sizes: dict[int, str] = {}
    for leaf, axis, name in leaves:
        if axis is None:
            continue
        refuse_foreign(leaf, f"{name} of {name_of(f)}", "")
        if not isinstance(leaf, Traced) and np.asarray(leaf).dtype.kind not in "fiubcO":
            raise ArgumentError(
                f"{name} of {name_of(f)} is {a_kind(leaf)}",
                "vmap runs over numbers and arrays of numbers",
                "give its fields in a dictionary: {name: r[name] for name in r.dtype.names}"
                if fields_of(leaf)
                else "give in_axes=None for an argument that all members share",
            )
        shape = leaf.shape if isinstance(leaf, Traced) else np.shape(leaf)
        if not -len(shape) <= axis < len(shape):
            raise ArgumentError(
                f"{name} of {name_of(f)} has shape {tuple(shape)}, without an axis {axis} to batch over",
                "vmap runs over one axis of every argument",
                "give in_axes=None for an argument that all members share",
            )
        sizes.setdefault(shape[axis], name)
    if len(sizes) == 1:
        return next(iter(sizes))
    if not sizes:
        raise ArgumentError(
            "ew.vmap has nothing to batch over",
            "no argument has an axis for it",
            "give at least one an axis, in_axes=0",
        )
    told = ", ".join(f"{name} has {n}" for n, name in sizes.items())
    raise StructureError(
        f"the batch has no one length: {told}", "all members are run together", "cut the arguments to one length"
    )
