"""``scan``: a loop over the first axis of arrays that hands a carry on and collects what each step returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.containers import flatten, paths
from edgewise.control.carry import Carry, own, pair_of, stacked
from edgewise.control.seam import offer
from edgewise.control.segments import Checkpoint, run_steps
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, StructureError, a_kind
from edgewise.transforms.border import function_of, gather_output, name_of

__all__ = ["scan"]


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: Checkpoint = "auto",
) -> tuple[Any, Any]:
    """``carry, y = f(carry, x)`` for each entry x of ``xs`` along its first axis, with the y stacked.

    It is Python's ``for`` with the carry held to one structure, and with a choice of what a derivative keeps: the
    values of all steps, or one carry in every so many, from which the steps between are computed again.

    Args:
        f: (carry, x) -> (the next carry, y). The carry has the same structure, shapes and dtypes at every step, and so
            has y, which may be None.
        init: the first carry, a container of numbers and arrays.
        xs: an array, or a container of arrays, of equal length along the first axis; None for none.
        length: the number of steps, where there are no ``xs``.
        reverse: from the last entry to the first; y stands where its x stood.
        checkpoint: True computes the steps again, √n at a time, and False keeps them. A number says how many are
            computed again at a time. "auto" keeps them unless the first step shows that all would take more than
            256 MiB. The function itself runs once for each step in any case.

    Returns:
        The last carry, and the y of all steps, stacked along a new first axis. Where there are no steps, ``f`` is
        called once, on zeros, for the shapes of y.

    Raises:
        ArgumentError: a carry with a leaf that is no number, or nothing that says how many steps there are.
        StructureError: ``xs`` of different lengths.
        OutputError: ``f`` does not return a pair.
        CarryError: a carry or a y that changes in structure, shape or dtype.

    >>> from edgewise import grad
    >>> total = lambda x: scan(lambda c, x: (c + x, c * x), 0.0, x)
    >>> total(np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    >>> grad(lambda x: np.sum(total(x)[1]))(np.array([1.0, 2.0, 3.0]))
    array([5., 4., 3.])
    """
    function_of(f, "scan")
    name, shape = name_of(f), Carry(init, "ew.scan")
    xs, n = _entries(xs, length)
    taken = offer("scan", (f,), (shape.first, xs), length=n, reverse=bool(reverse))
    if taken is not NotImplemented:
        return taken  # type: ignore[no-any-return]  # whatever the mode makes of it

    def step(i: int, carry: Any, x: Any) -> tuple[Any, Any]:
        carry, y = pair_of(f(carry, x), name)
        leaves, tree = flatten(y)
        return shape.next(carry, name), tree.build([own(leaf) for leaf in leaves])  # a step may go on storing into it

    if not n:
        return shape.first, _nothing(step, shape.first, xs, name)
    indices = range(n - 1, -1, -1) if reverse else range(n)
    carry, ys = run_steps(step, indices, shape.first, xs, checkpoint, name)
    if reverse:
        leaves, tree = flatten(ys)
        ys = tree.build([leaf if leaf is None else leaf[::-1] for leaf in leaves])
    return carry, ys


def _entries(xs: Any, length: Any) -> tuple[Any, int]:
    """What is scanned over, as arrays, and how many steps that is."""
    leaves, tree = flatten(xs)
    names = paths(xs)
    sizes: dict[int, str] = {}
    for i, given in enumerate(leaves):
        leaf = leaves[i] = gather_output(given)
        at = f" at {names[i]}" if names[i] else ""
        if leaf is None:
            continue
        if not isinstance(leaf, Traced | np.ndarray) or not leaf.ndim:
            raise ArgumentError(
                f"xs of ew.scan is {a_kind(leaf)}{at}",
                "each step gets one entry of it along the first axis",
                "give an array: np.array([...])",
            )
        sizes.setdefault(leaf.shape[0], f"xs{names[i]}")
    if length is not None:
        if isinstance(length, bool) or not isinstance(length, int | np.integer) or length < 0:
            raise ArgumentError(
                f"length of ew.scan is {length!r}", "it says how many steps there are", "give an integer: length=10"
            )
        sizes.setdefault(int(length), "length")
    if not sizes:
        raise ArgumentError(
            "ew.scan was given neither xs nor length",
            "nothing says how many steps there are",
            "give arrays to scan over, or length=10",
        )
    if len(sizes) > 1:
        raise StructureError(
            f"the steps have no one number: {', '.join(f'{name} has {n}' for n, name in sizes.items())}",
            "each step gets one entry of every array",
            "cut the arrays to one length",
        )
    return tree.build(leaves), next(iter(sizes))


def _nothing(step: Callable[..., Any], carry: Any, xs: Any, name: str) -> Any:
    """The outputs of no steps: what one would have returned tells their shapes."""
    leaves, tree = flatten(xs)
    x = tree.build([leaf if leaf is None else np.zeros(leaf.shape[1:], leaf.dtype)[()] for leaf in leaves])
    with np.errstate(all="ignore"):
        rows, structure = flatten(stacked([step(0, carry, x)[1]], name))
    return structure.build([row if row is None else np.zeros((0, *row.shape[1:]), row.dtype) for row in rows])
