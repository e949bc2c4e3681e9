"""Pytrees, only at the public border: nested dicts, lists, tuples, namedtuples and dataclasses of numbers and arrays.

``optree`` does the work and is loaded when the first container is met; a bare number or array never needs it.
Dataclasses are registered on first sight, in a namespace of ours, so nobody else's registrations are touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, a_kind

__all__ = ["BARE", "Tree", "flatten", "paths"]

NAMESPACE = "edgewise"
_BARE = (float, int, complex, str, bytes, np.ndarray, np.generic, Traced, type(None))


class Tree:
    """The structure of a container: how many leaves, and how to put leaves back."""

    __slots__ = ("spec",)

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    @property
    def bare(self) -> bool:
        """Whether the container is a single leaf."""
        return self.spec is None

    def build(self, leaves: list[Any]) -> Any:
        """The container with other leaves."""
        return leaves[0] if self.spec is None else self.spec.unflatten(leaves)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and bool(self.spec == other.spec)

    def __hash__(self) -> int:
        return hash(self.spec)

    def __repr__(self) -> str:
        return "*" if self.spec is None else str(self.spec).removeprefix("PyTreeSpec(").split(", NoneIsLeaf")[0]


BARE = Tree(None)  # a single leaf: one object, so that it can be asked for by identity


def flatten(value: Any) -> tuple[list[Any], Tree]:
    """The leaves of a container and its structure. ``None`` counts as a leaf.

    Raises:
        ArgumentError: it contains itself.

    >>> flatten({"b": 1.0, "a": [2.0, None]})[0]
    [2.0, None, 1.0]
    """
    if isinstance(value, _BARE) and not hasattr(value, "_fields"):
        return [value], BARE
    import optree  # noqa: PLC0415  loaded on first use: a third of our import time, and bare arrays never need it

    while True:
        try:
            leaves, spec = optree.tree_flatten(value, none_is_leaf=True, namespace=NAMESPACE)
        except RecursionError as error:
            raise ArgumentError(
                f"{a_kind(value)} has no end: it contains itself, or a thousand containers one in another",
                "a derivative has the structure of its argument, entry by entry",
                "take out the entries that are differentiated, and give those",
            ) from error
        unknown = {type(leaf) for leaf in leaves if hasattr(type(leaf), "__dataclass_fields__")}
        if not unknown:
            return (leaves, BARE) if len(leaves) == 1 and leaves[0] is value else (leaves, Tree(spec))
        for cls in unknown:
            _register(cls)


def paths(value: Any) -> list[str]:
    """How each leaf is reached, as a user would write it: ``['w'][0]``."""
    if flatten(value)[1].bare:
        return [""]
    import optree  # noqa: PLC0415  as above

    found = optree.tree_accessors(value, none_is_leaf=True, namespace=NAMESPACE)
    return [accessor.codify("") for accessor in found]


def _register(cls: type) -> None:
    import dataclasses  # noqa: PLC0415  it loads inspect, which costs as much as half of edgewise

    import optree  # noqa: PLC0415  as above

    names = tuple(f.name for f in dataclasses.fields(cls))

    def take_apart(instance: Any) -> Any:
        return [getattr(instance, n) for n in names], None, names

    def put_together(_: Any, children: Any) -> Any:
        # past __init__ and __post_init__: they may check or convert, which traced values would not survive
        instance: Any = object.__new__(cls)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(instance, name, child)
        return instance

    optree.register_pytree_node(cls, take_apart, put_together, path_entry_type=optree.GetAttrEntry, namespace=NAMESPACE)
