"""``while_loop`` and ``fori_loop``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.control.branches import scalar
from edgewise.control.carry import Carry, chosen
from edgewise.control.seam import offer
from edgewise.control.segments import Checkpoint, run_steps
from edgewise.core.levels import known, settled, somewhere
from edgewise.transforms.border import function_of, name_of

__all__ = ["fori_loop", "while_loop"]


def while_loop(cond_fun: Callable[[Any], Any], body_fun: Callable[[Any], Any], init: Any) -> Any:
    """``body_fun`` applied to its own result, from ``init``, as long as ``cond_fun`` says so.

    It is Python's ``while``, differentiated in every mode, reverse included: the loop ends where it ends, and the
    derivative is that of the steps that were done. Where the condition differs among the members of a batch (``vmap``),
    all go on until the last one is done, and a member that is done keeps its carry.

    Args:
        cond_fun: carry -> a truth value of shape ().
        body_fun: carry -> the next carry, of the same structure, shapes and dtypes.
        init: the first carry, a container of numbers and arrays.

    Returns:
        The last carry.

    Raises:
        ArgumentError: a carry with a leaf that is no number, or a condition that is no truth value.
        CarryError: a carry that changes in structure, shape or dtype.

    >>> from edgewise import grad
    >>> def root(a):  # Newton's iteration
    ...     step = lambda x: (x + a / x) / 2
    ...     return while_loop(lambda x: np.abs(x * x - a) > 1e-12, step, a)
    >>> grad(root)(4.0)
    np.float64(0.25)
    """
    function_of(cond_fun, "while_loop")
    function_of(body_fun, "while_loop")
    shape = Carry(init, "ew.while_loop")
    taken = offer("while_loop", (cond_fun, body_fun), (shape.first,))
    if taken is not NotImplemented:
        return taken
    name, carry = name_of(body_fun), shape.first
    while True:
        go = scalar(
            cond_fun(carry), f"what {name_of(cond_fun)} returned", "b", "a loop goes on while one condition holds"
        )
        if known(go):
            if not go:
                return carry
            carry = shape.next(body_fun(carry), name)
            continue
        if not somewhere(go):
            return carry
        with np.errstate(all="ignore"):  # members that are done go through it once more, for nothing
            following = shape.next(body_fun(carry), name)
        carry = chosen(go, following, carry, (name, "the carry"))


def fori_loop(
    lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init: Any, *, checkpoint: Checkpoint = "auto"
) -> Any:
    """``carry = body_fun(i, carry)`` for i from ``lower`` to ``upper - 1``.

    Args:
        lower: an integer.
        upper: an integer. Either may differ among the members of a batch (``vmap``); then each does its own number of
            steps, as in ``while_loop``.
        body_fun: (i, carry) -> the next carry, of the same structure, shapes and dtypes; ``i`` is an ``int``, or an
            integer of a batch where the bounds are.
        init: the first carry, a container of numbers and arrays.
        checkpoint: whether a derivative keeps what the steps computed or computes it again, as in ``scan``.

    Returns:
        The last carry; ``init`` if there are no steps.

    Raises:
        ArgumentError: bounds that are no integers, or a carry with a leaf that is no number.
        CarryError: a carry that changes in structure, shape or dtype.

    >>> from edgewise import grad
    >>> grad(lambda x: fori_loop(0, 3, lambda i, y: y * x + i, 1.0))(2.0)
    np.float64(13.0)
    """
    function_of(body_fun, "fori_loop")
    lower = scalar(lower, "lower of ew.fori_loop", "iu", "a loop counts from one integer to another")
    upper = scalar(upper, "upper of ew.fori_loop", "iu", "a loop counts from one integer to another")
    if not (known(lower) and known(upper)):
        counter = lower + 0 * upper  # of the dtype of both, and a batch if either is one

        def step(carry: Any) -> Any:
            i, inner = carry
            return i + 1, body_fun(i, inner)

        return while_loop(lambda carry: carry[0] < upper, step, (counter, init))[1]
    start, stop = int(settled(lower)), int(settled(upper))
    shape, name = Carry(init, "ew.fori_loop"), name_of(body_fun)
    taken = offer("fori_loop", (body_fun,), (shape.first,), lower=start, upper=stop)
    if taken is not NotImplemented:
        return taken

    def one(i: int, carry: Any, _: Any) -> Any:
        return shape.next(body_fun(i, carry), name), None

    return run_steps(one, range(start, stop), shape.first, None, checkpoint, name)[0]
