"""``cond`` and ``switch``: one of several functions, chosen by a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.control.carry import chosen
from edgewise.control.seam import offer
from edgewise.core.levels import known, settled
from edgewise.errors import ArgumentError, a_kind
from edgewise.transforms.border import function_of, gather_output, name_of

__all__ = ["cond", "scalar", "switch"]


def cond(pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any) -> Any:
    """``true_fun(*operands)`` if ``pred``, else ``false_fun(*operands)``.

    One of the two runs, as by Python's ``if``. Where ``pred`` differs among the members of a batch (``vmap``), both run
    for all members, and each takes the result it asks for; what it did not ask for contributes nothing to its
    derivative, however singular.

    Args:
        pred: a number or a truth value, of shape ().
        true_fun: a function of the operands.
        false_fun: a function of the operands. For a batch, its results have the structure, shapes and dtypes of those
            of ``true_fun``.
        operands: their arguments. What else the functions use by name is differentiated just the same.

    Raises:
        ArgumentError: ``pred`` is no number of shape ().
        CarryError: for a batch, results that differ in structure, shape or dtype.

    >>> from edgewise import grad, vmap
    >>> def root(x):
    ...     return cond(x > 0, np.sqrt, lambda x: 0.0 * x, x)
    >>> vmap(grad(root))(np.array([4.0, 0.0, -1.0]))
    array([0.25, 0.  , 0.  ])
    """
    function_of(true_fun, "cond")
    function_of(false_fun, "cond")
    pred = scalar(pred, "pred of ew.cond", "biuf", "a condition is one truth value")
    taken = offer("cond", (true_fun, false_fun), (pred, *operands))
    if taken is not NotImplemented:
        return taken
    if known(pred):
        return (true_fun if pred else false_fun)(*operands)
    with np.errstate(all="ignore"):  # a member's own branch is not the one to complain about the others'
        yes, no = true_fun(*operands), false_fun(*operands)
    return chosen(pred != 0, yes, no, (name_of(true_fun), name_of(false_fun)))


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """``branches[index](*operands)``, where an index outside means the nearest branch.

    One branch runs. Where ``index`` differs among the members of a batch (``vmap``), all run for all members, as in
    ``cond``.

    Args:
        index: an integer of shape ().
        branches: functions of the operands. For a batch, their results have one structure, shapes and dtypes.
        operands: their arguments.

    Raises:
        ArgumentError: ``index`` is no integer of shape (), or there are no branches.
        CarryError: for a batch, results that differ in structure, shape or dtype.

    >>> from edgewise import grad
    >>> grad(lambda x: switch(1, [np.sin, np.exp, np.cos], x))(0.0)
    np.float64(1.0)
    """
    branches = tuple(branches)
    for branch in branches:
        function_of(branch, "switch")
    if not branches:
        raise ArgumentError(
            "ew.switch was given no branches", "one of them is to be called", "give at least one function"
        )
    index = scalar(index, "index of ew.switch", "biu", "it says which branch is taken")
    taken = offer("switch", branches, (index, *operands))
    if taken is not NotImplemented:
        return taken
    if known(index):
        return branches[min(max(int(settled(index)), 0), len(branches) - 1)](*operands)
    with np.errstate(all="ignore"):
        results = [branch(*operands) for branch in branches]
    picked = results[0]
    for i in range(1, len(branches)):
        names = name_of(branches[i]), name_of(branches[i - 1])
        picked = chosen(index >= i, results[i], picked, names)
    return picked


def scalar(value: Any, what: str, kinds: str, why: str) -> Any:
    """A number of shape () and of one of these kinds of dtype.

    Raises:
        ArgumentError: it is none.
    """
    value = gather_output(value)
    value = np.asarray(value)[()] if isinstance(value, bool | int | float) else value
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind not in tuple(kinds) or value.shape != ():
        shape = f" of shape {tuple(value.shape)}" if kind and value.shape != () else ""
        raise ArgumentError(
            f"{what} is {a_kind(value)}{shape}",
            why,
            "give one answer, such as np.all(condition) or np.any(condition)"
            if kind == "b"
            else "give an integer: int(ew.value(x)) of a float"
            if "f" not in kinds and kind == "f"
            else "give a comparison, such as x > 0"
            if "f" in kinds or kinds == "b"
            else "give an integer",
        )
    return value
