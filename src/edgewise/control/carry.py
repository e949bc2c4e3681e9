"""What one step hands to the next: numbers and arrays in containers of one structure, of the same shapes and dtypes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.containers import flatten, paths
from edgewise.core.traced import TRACED, Traced, fixed
from edgewise.errors import ArgumentError, CarryError, OutputError, a_kind
from edgewise.transforms.border import gather_output

__all__ = ["Carry", "chosen", "own", "pair_of", "stacked"]

_SCALARS = (bool, int, float, complex)


class Carry:
    """The structure of a carry, and the shape and dtype of each leaf.

    Args:
        init: the first carry.
        of: whose it is, for messages: "ew.scan".

    Attributes:
        first: the first carry, in arrays and NumPy's numbers that belong to nobody else.

    Raises:
        ArgumentError: a leaf that is no number or array.
    """

    def __init__(self, init: Any, of: str) -> None:
        self.of = of
        leaves, self.tree = flatten(init)
        self.names = paths(init)
        self.like = [_number(gather_output(leaf), f"the carry of {of}", n) for leaf, n in _named(leaves, self.names)]
        self.first = self.tree.build([own(leaf) for leaf in self.like])

    def next(self, carry: Any, name: str) -> Any:
        """What a step returned as the next carry.

        Args:
            carry: what it returned.
            name: of the user's function.

        Raises:
            CarryError: it differs from the first in structure, shape or dtype.
        """
        leaves, tree = flatten(carry)
        if tree != self.tree:
            raise CarryError(
                f"{name} returned a carry with the structure {tree}, and that of {self.of} began with {self.tree}",
                "what a step returns is what the next step is given",
                f"return the carry in the same containers: {self.tree}",
            )
        return self.tree.build(
            [
                _alike(leaf, like, (name, "a carry"), n, f"that of {self.of} began with")
                for leaf, like, n in zip(leaves, self.like, self.names, strict=True)
            ]
        )


def own(leaf: Any) -> Any:
    """A leaf as it is now, whatever is stored into it later."""
    return fixed(leaf) if type(leaf) in TRACED else leaf.copy() if isinstance(leaf, np.ndarray) else leaf


def _named(leaves: list[Any], names: list[str]) -> Any:
    return zip(leaves, names if len(names) == len(leaves) else [""] * len(leaves), strict=True)


def _number(leaf: Any, what: str, path: str) -> Any:
    """A leaf as an array or a number of NumPy's; None stays."""
    if leaf is None or isinstance(leaf, Traced):
        return leaf
    if isinstance(leaf, _SCALARS):
        return np.asarray(leaf)[()]
    if getattr(getattr(leaf, "dtype", None), "kind", "") in tuple("fciub"):
        return leaf if getattr(leaf, "ndim", 1) else leaf[()]
    raise ArgumentError(
        f"{what} holds {a_kind(leaf)}{f' at {path}' if path else ''}",
        "one step hands numbers and arrays to the next; what is none of them cannot change from step to step",
        "leave it out, and use it in the function by its name",
    )


def _alike(leaf: Any, like: Any, whose: tuple[str, str], path: str, began: str) -> Any:
    """A leaf of the shape and dtype of another. Python's numbers take the dtype they meet, as in NumPy.

    Args:
        leaf: what was returned.
        like: what it has to be like.
        whose: for messages, who returned it, and as a part of what.
        path: where in that it is.
        began: how messages go on about the other.
    """
    at, what = f" at {path}" if path else "", f"{whose[0]} returned {whose[1]}"
    leaf = gather_output(leaf)
    if leaf is None or like is None:
        if leaf is like:
            return leaf
        raise CarryError(
            f"{what} with {a_kind(leaf)}{at}, and {began} {a_kind(like)}",
            "its structure, shapes and dtypes are the same at every step",
            "give an array in both places, or None in both",
        )
    if type(leaf) in _SCALARS and not like.shape and np.result_type(like.dtype, leaf) == like.dtype:
        return like.dtype.type(leaf)
    leaf = _number(leaf, f"what {whose[0]} returned", path)
    if tuple(leaf.shape) != tuple(like.shape):
        raise CarryError(
            f"{what} with shape {tuple(leaf.shape)}{at}, and {began} shape {tuple(like.shape)}",
            "its structure, shapes and dtypes are the same at every step",
            f"return an array of shape {tuple(like.shape)}, or begin with one of shape {tuple(leaf.shape)}",
        )
    if leaf.dtype != like.dtype:
        floats = leaf.dtype.kind in "fc" and like.dtype.kind in "biu"
        raise CarryError(
            f"{what} of dtype {leaf.dtype}{at}, and {began} dtype {like.dtype}",
            "its structure, shapes and dtypes are the same at every step",
            "begin with floats: 0.0 for 0, np.zeros(n) for np.zeros(n, int)"
            if floats
            else f"return .astype({str(like.dtype)!r}), or begin with dtype {leaf.dtype}",
        )
    return leaf


def pair_of(result: Any, name: str) -> tuple[Any, Any]:
    """The carry and the output of a step of ``scan``.

    Raises:
        OutputError: the function did not return a pair.
    """
    if not isinstance(result, tuple) or len(result) != 2:
        raise OutputError(
            f"{name} returned {a_kind(result)}",
            "a step of ew.scan returns what the next step is given, and what is collected",
            "return (carry, y), with y = None if nothing is collected",
        )
    return result


def stacked(results: Sequence[Any], name: str) -> Any:
    """The outputs of all steps, leaf by leaf along a new first axis.

    Raises:
        CarryError: they differ from step to step in structure, shape or dtype.
    """
    first, tree = flatten(results[0])
    names = paths(results[0])
    like = [_number(gather_output(leaf), f"what {name} returned", n) for leaf, n in _named(first, names)]
    rows = [like]
    for result in results[1:]:
        leaves, structure = flatten(result)
        if structure != tree:
            raise CarryError(
                f"{name} returned a result with the structure {structure}, and the first step one with {tree}",
                "the results are put together leaf by leaf",
                f"return it in the same containers every time: {tree}",
            )
        rows.append(
            [
                _alike(leaf, one, (name, "a result"), n, "the first step one with")
                for (leaf, n), one in zip(_named(leaves, names), like, strict=True)
            ]
        )
    columns = zip(*rows, strict=True)
    return tree.build([None if column[0] is None else np.stack(column) for column in columns])


def chosen(condition: Any, yes: Any, no: Any, names: tuple[str, str]) -> Any:
    """``np.where(condition, yes, no)`` leaf by leaf, for a condition that differs from member to member of a batch.

    Raises:
        CarryError: the two differ in structure, shape or dtype.
    """
    ones, tree = flatten(yes)
    others, structure = flatten(no)
    if structure != tree:
        raise CarryError(
            f"{names[0]} returned a result with the structure {tree}, and {names[1]} one with {structure}",
            "the members of a batch go different ways, and their results are put into one batch",
            f"return it in the same containers: {tree}",
        )
    picked = []
    for (one, path), other in zip(_named(ones, paths(yes)), others, strict=True):
        if one is other and not isinstance(one, Traced | np.ndarray):
            picked.append(one)
            continue
        a, b = gather_output(one), gather_output(other)
        if type(a) in _SCALARS:
            b = _number(b, f"what {names[1]} returned", path)
            a = _alike(a, b, (names[0], "a result"), path, f"{names[1]} one with")
        else:
            a = _number(a, f"what {names[0]} returned", path)
            b = _alike(b, a, (names[1], "a result"), path, f"{names[0]} one with")
        picked.append(a if a is None else np.where(condition, a, b))
    return tree.build(picked)
