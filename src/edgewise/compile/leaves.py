"""The arguments of a call, sorted: what a program takes as its inputs, and what it is made for."""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.containers import Tree, flatten
from edgewise.core.traced import Traced
from edgewise.errors import ConversionError, a_kind

__all__ = ["Arguments", "arguments"]

_BY_VALUE = (bool, int, str, bytes, type(None), type(Ellipsis))


class Arguments(NamedTuple):
    """The arguments of one call, taken apart.

    Attributes:
        leaves: all of them.
        tree: their structure, of ``(args, kwargs)``.
        moving: positions of those that are a program's inputs: arrays of numbers, NumPy's numbers, Python's floats.
        key: what a program is made for: structure, shapes, dtypes, whether arrays are contiguous, other values.
        flat: whether they were given by position, and none of them is a container.
        ordinary: whether each is of a kind that a program can be made for; a traced value or a foreign array is not.
    """

    leaves: list[Any]
    tree: Tree
    moving: list[int]
    key: Any
    ordinary: bool
    flat: bool

    @property
    def inputs(self) -> list[Any]:
        """The inputs of a program; an array without axes is the number in it."""
        return [_number(self.leaves[i]) for i in self.moving]

    @property
    def objects(self) -> list[Any]:
        """What is known by its identity alone."""
        others = set(range(len(self.leaves))) - set(self.moving)
        return [self.leaves[i] for i in sorted(others) if not isinstance(self.leaves[i], _BY_VALUE)]

    @property
    def label(self) -> str:
        """The kind of arguments, for people."""
        words = []
        for i, leaf in enumerate(self.leaves):
            if i not in self.moving:
                words.append(repr(leaf) if isinstance(leaf, _BY_VALUE) else a_kind(leaf))
            elif isinstance(leaf, np.ndarray | np.generic):
                words.append(f"{leaf.dtype}{list(leaf.shape)}")
            else:
                words.append(type(leaf).__name__)
        return ", ".join(words)

    def with_inputs(self, inputs: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with others in place of the inputs."""
        leaves = list(self.leaves)
        for i, value in zip(self.moving, inputs, strict=True):
            leaves[i] = value
        args, kwargs = self.tree.build(leaves)
        return tuple(args), kwargs


def arguments(
    args: Sequence[Any], kwargs: Mapping[str, Any], static: frozenset[int], static_names: frozenset[str]
) -> Arguments:
    """Sort the arguments of a call.

    Args:
        args: the positional ones, as given.
        kwargs: those by name.
        static: positions of arguments whose value a program is made for, whatever they are.
        static_names: names of those.
    """
    held: list[Any] = []
    if static or static_names:
        args = [_Held(value, held) if i in static else value for i, value in enumerate(args)]
        kwargs = {k: _Held(value, held) if k in static_names else value for k, value in kwargs.items()}
    leaves, tree = flatten((list(args), dict(kwargs)))
    flat = not kwargs and len(leaves) == len(args) and all(map(operator.is_, leaves, args))
    moving: list[int] = []
    key: list[Any] = []
    ordinary = True
    for i, leaf in enumerate(leaves):
        kind = type(leaf)
        if kind is np.ndarray:
            if leaf.dtype.kind in "fciub":
                moving.append(i)
                key.append((leaf.dtype, leaf.shape, *_layout(leaf)))
            else:
                ordinary = False
        elif kind is float or kind is complex:
            moving.append(i)
            key.append(kind)
        elif isinstance(leaf, np.number | np.bool_):
            moving.append(i)
            key.append(leaf.dtype)
        elif isinstance(leaf, _BY_VALUE):
            key.append((kind, leaf))
        elif kind is _Held:
            leaves[i] = leaf.value
            key.append(leaf.key)
            ordinary = ordinary and not isinstance(leaf.value, Traced)
        else:
            ordinary = ordinary and not isinstance(leaf, Traced) and not hasattr(leaf, "__array_ufunc__")
            key.append((kind, id(leaf)))
    return Arguments(
        leaves, tree, moving, (tree, *key) if flat else (tree, *_orders(args, kwargs), *key), ordinary, flat
    )


def _orders(*containers: Any) -> list[Any]:
    """The keys of all dictionaries in their order: a function may go through them, and their structure is sorted."""
    found: list[Any] = []
    waiting = list(containers)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.append((*value, *(type(key) for key in value if type(key) is not str)))
            waiting += value.values()
        elif isinstance(value, list | tuple | deque):
            waiting += value
        elif hasattr(type(value), "__dataclass_fields__"):
            waiting += [getattr(value, name, None) for name in type(value).__dataclass_fields__]
    return found


def _number(leaf: Any) -> Any:
    return leaf if type(leaf) is not np.ndarray or leaf.ndim else leaf[()]


def _layout(array: Any) -> tuple[bool, ...]:
    """Whether an array is contiguous in Fortran's order; nothing for the usual one."""
    return () if array.flags.c_contiguous else (array.flags.f_contiguous,)


class _Held:
    """A static argument, which is one leaf whatever it contains."""

    __slots__ = ("key", "value")

    def __init__(self, value: Any, held: list[Any]) -> None:
        self.value = value
        try:
            hash(value)
            self.key: Any = (type(value), value)
        except (TypeError, ConversionError):  # of a traced value
            self.key = (type(value), id(value))
        held.append(self)
