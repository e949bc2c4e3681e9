"""``checkpoint``: give up memory for time, by computing a part of a program again on the way back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from edgewise.containers import flatten
from edgewise.core.traced import Traced
from edgewise.errors import StoreError
from edgewise.modes import Outlined
from edgewise.transforms.border import function_of, name_of
from edgewise.transforms.region import region

__all__ = ["checkpoint"]

P = ParamSpec("P")
R = TypeVar("R")


def checkpoint(f: Callable[P, R]) -> Callable[P, R]:
    """The same function, whose intermediate values are not kept for the derivative but computed again.

    A gradient keeps what it needs of every operation until it comes back there. Of a call of ``checkpoint(f)`` it keeps
    the arguments, and whatever else the body used, and when it comes back the operations are done a second time. That
    takes the time of one more forward pass, and the memory of one such call at a time.

    The Python function runs once. What is done again are the operations that it did, so ``if`` and ``while`` take the
    branches they took, and it prints, draws and appends once. A traced value that it keeps elsewhere (in a list, say)
    cannot be used afterwards. What it computes from captured values alone, without any of its arguments, is computed
    around it, and kept.

    Args:
        f: a function in plain Python and NumPy, with any arguments and results.

    Returns:
        A function with the same arguments, results and derivatives, in every mode and any nesting. Arrays that it
        returns share no memory with its arguments, should you store into them.

    Raises:
        ArgumentError: ``f`` is no function.
        StoreError: ``f`` stores into an array that it was given.

    >>> import numpy as np
    >>> from edgewise import grad
    >>> @checkpoint
    ... def layer(w, x):
    ...     return np.tanh(w * x)
    >>> grad(lambda w: layer(w, layer(w, 1.0)))(0.0)
    np.float64(0.0)

    Griewank & Walther, Evaluating Derivatives (2008), chapter 12; Chen et al., Training deep nets with sublinear memory
    cost (2016).
    """
    function_of(f, "checkpoint")

    def body(args: Any, kwargs: Any) -> Any:
        given = [t for t in flatten((args, kwargs))[0] if isinstance(t, Traced) and isinstance(t.mode, Outlined)]
        before = [t.payload for t in given]
        result = f(*args, **kwargs)
        if before != [t.payload for t in given]:
            raise StoreError(
                f"{name_of(f)}, under ew.checkpoint, stored into an array that it was given",
                "it works on values of its own, and the store would not be seen outside",
                "store into a copy, and return that: x = x.copy()",
            )
        return result

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        result: R = region(body, args, kwargs, name="checkpoint")
        return result

    return wrapped
