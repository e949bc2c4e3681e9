"""Seeds: the user's tangents and cotangents, checked against what they belong to, path by path."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.containers import Tree, flatten, paths
from edgewise.core.foreign import with_dtype
from edgewise.core.levels import differentiated, everywhere
from edgewise.core.mode import escaped
from edgewise.core.traced import Traced
from edgewise.errors import StructureError, a_kind

__all__ = ["alive_of", "matched", "seed_like"]


def matched(seeds: Any, like: Any, tree: Tree, count: int, kind: str, of: str = "") -> list[Any]:
    """The leaves of the user's seeds, in a structure that must equal ``tree``.

    Args:
        seeds: what the user gave.
        like: a container of that structure, for messages.
        tree: its structure.
        count: its number of leaves.
        kind: "tangent" or "cotangent".
        of: the argument it belongs to, for messages.

    Raises:
        StructureError: another structure.
    """
    if tree.bare and not isinstance(seeds, dict):
        return [_as_array(seeds, kind, of) if isinstance(seeds, list | tuple) else seeds]
    leaves, given = flatten(seeds)
    if given != tree or len(leaves) != count:
        raise StructureError(
            f"the {kind}{f' of {of}' if of else ''} has the structure {given}, "
            f"and its value {'is one array' if tree.bare else f'has {tree}'}",
            f"a {kind} has one entry for every entry of the value it belongs to",
            "give one array" if tree.bare else f"build it in the same containers: {tree}",
        )
    return leaves


def _as_array(rows: Any, kind: str, of: str) -> Any:
    try:
        return np.asarray(rows)
    except ValueError as error:
        raise StructureError(
            f"the {kind}{f' of {of}' if of else ''} is {a_kind(rows)} of parts that differ in shape",
            f"its value is one array, and a {kind} has one entry for every entry of the value it belongs to",
            "give one array",
        ) from error


def seed_like(seed: Any, shape: tuple[int, ...], dtype: Any, kind: str, where: str = "", of: str = "") -> Any:
    """One seed as an array of the shape and dtype of its value.

    Args:
        seed: what the user gave.
        shape: that of the value it belongs to.
        dtype: likewise.
        kind: "tangent" or "cotangent".
        where: the path to the value, and
        of: the argument it is in, for messages.

    Raises:
        StructureError: another shape, or no number.
    """
    place = (f" of {of}" if of else "") + (f" at {where}" if where else "")
    if isinstance(seed, Traced) and seed.mode.ended:
        raise escaped(f"the {kind}{place} is a traced value whose transformation has ended")
    if not isinstance(seed, Traced):
        array = with_dtype(seed) if hasattr(seed, "__array_ufunc__") else np.asarray(seed)
        if getattr(array, "dtype", np.dtype(float)).kind not in "fiubc":
            raise StructureError(
                f"the {kind}{place} is {a_kind(seed)}",
                f"a {kind} is a number or an array of numbers, one entry for every entry of its value",
                f"give {_such(shape)}",
            )
        seed = array
    if seed.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        raise StructureError(
            f"the {kind}{place} is complex, and its value is real",
            f"a {kind} moves its value, which has no imaginary part to move",
            "give its real part: np.real(t)",
        )
    if tuple(seed.shape) != tuple(shape):
        raise StructureError(
            f"the {kind}{place} has shape {tuple(seed.shape)}, and its value has shape {tuple(shape)}",
            f"a {kind} has one entry for every entry of the value it belongs to",
            f"give {_such(shape)}",
        )
    if seed.dtype != dtype:
        seed = seed.astype(dtype)
    return seed if shape else seed[()] if isinstance(seed, np.ndarray) else seed


def _such(shape: Any) -> str:
    return f"an array of shape {tuple(shape)}, such as np.ones({tuple(shape)})" if len(shape) else "a number, like 1.0"


def alive_of(seed: Any) -> Any:
    """Which entries of a seed take part: an exact zero does not, whatever weight it meets. None for all of them.

    A seed that is itself being differentiated takes part everywhere: its zero is a value, not an absence.
    """
    if differentiated(seed) or not isinstance(seed, np.ndarray | np.generic | Traced):
        return None
    alive = seed != 0
    return None if everywhere(alive) else alive if isinstance(alive, Traced) else np.asarray(alive)


def leaf_paths(like: Any, count: int) -> list[str]:
    """The path of each leaf, for messages."""
    found = paths(like)
    return found if len(found) == count else [""] * count
