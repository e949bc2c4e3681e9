"""``jvp``: a value and its tangent in one forward pass, without a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, StructureError, a_kind
from edgewise.modes import Dual
from edgewise.transforms.border import Argument, Call, finish, function_of, number_output, outputs, split_aux
from edgewise.transforms.gradient import zeros_of
from edgewise.transforms.seeds import alive_of, leaf_paths, matched, seed_like

__all__ = ["jvp"]


def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of ``f`` and its derivative along a direction: ``(f(*primals), J @ tangents)``.

    Args:
        f: a function in plain Python and NumPy, with any result.
        primals: its arguments, as a tuple.
        tangents: the direction: one tangent per primal, in the same structure; None at leaves that are not
            differentiable. An entry that is exactly zero does not take part, even under an infinite weight.
        has_aux: whether ``f`` returns a pair (value, anything else); then that comes as a third.

    Returns:
        The value and the tangent, both in the structure of the result.

    Raises:
        StructureError: tangents that do not match the primals; the message names the path.

    >>> import numpy as np
    >>> jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))

    Forward accumulation: Griewank & Walther, Evaluating Derivatives (2008), chapter 3.1.
    """
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            raise ArgumentError(
                f"{name} of ew.jvp is {a_kind(given)}",
                "it holds one entry per argument of the function",
                f"write a tuple: {'(x,)' if name == 'primals' else '(t,)'}",
            )
    if len(primals) != len(tangents):
        raise StructureError(
            f"ew.jvp got {len(primals)} primals and {len(tangents)} tangents",
            "each argument has its own tangent",
            "give one tangent per primal",
        )
    if not primals:
        raise ArgumentError(
            "ew.jvp was called without a point", "a derivative is taken at a point", "write ew.jvp(f, (x,), (t,))"
        )
    function_of(f, "jvp")
    call = Call(f, primals, {}, tuple(range(len(primals))))
    with Dual() as mode:
        lifted = []
        for argument, tangent in zip(call.arguments, tangents, strict=True):
            for value, seed in zip(argument.values, seeds_for(argument, tangent), strict=True):
                lifted.append(mode.lift(value, seed, alive_of(seed)))
        result, aux = call.run(lifted), None
        if has_aux:
            result, aux = split_aux(result, mode, f)
        leaves, tree = outputs(result, mode, f)
        values, pushed = [], []
        for leaf in leaves:
            y = number_output(leaf, f)
            own = isinstance(y, Traced) and y.mode is mode
            values.append(mode.lower(y))
            pushed.append(y.payload[0] if own else zeros_of(y))
    given = [*primals, *tangents]
    pair = tree.build(finish(values, given)), tree.build(finish(pushed, [*given, *values]))
    return (*pair, aux) if has_aux else pair


def seeds_for(argument: Argument, tangent: Any) -> list[Any]:
    """The tangents of the differentiable leaves of one argument."""
    leaves = matched(tangent, argument.whole, argument.tree, len(argument.leaves), "tangent", argument.label)
    names = leaf_paths(argument.whole, len(argument.leaves)) if not argument.tree.bare else [""]
    for i, leaf in enumerate(leaves):
        if i not in argument.moving and leaf is not None and not _same(leaf, argument.leaves[i]):
            raise StructureError(
                f"the tangent of {argument.label} at {names[i]} belongs to {a_kind(argument.leaves[i])}, "
                "which is not differentiated",
                "integers, booleans, strings and None inside a container are passed on as they are",
                "put None there, or make the value a float",
            )
    return [
        seed_like(leaves[i], own.shape, own.dtype, "tangent", names[i], argument.label)
        for i, own in zip(argument.moving, argument.values, strict=True)
    ]


def _same(tangent: Any, value: Any) -> bool:
    """Whether a leaf that is not differentiated was passed on in place of its tangent."""
    return tangent is value or (type(tangent) is type(value) and bool(np.all(tangent == value)))
