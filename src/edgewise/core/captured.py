"""Ordinary arrays that a function being recorded meets: which are still somebody's, and which were made on the way.

An array that belongs to somebody else, a global say, is read whenever the program runs, as the function itself would
read it. One that the function made from ordinary numbers is nobody's once it has returned: it will be the same for
ever, and is frozen. The two are told apart by letting go of all of them, and looking which are still there.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.program import Var, seen_again

__all__ = ["Met"]


class _Window:
    """A part of an array's memory, which it keeps alive: a view can be made of it once the array is found alive."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, interface: dict[str, Any], owner: Any) -> None:
        self.__array_interface__ = interface
        self.owner = owner


class _Known(NamedTuple):
    """An array, what it held when it was met, and its variable."""

    array: Any
    held: Any
    var: Var


class Met:
    """The arrays a program has met."""

    __slots__ = ("_by_id",)

    def __init__(self) -> None:
        self._by_id: dict[int, list[_Known]] = {}

    def variable(self, array: Any, fresh: Callable[[Any], Var]) -> tuple[Var, Any]:
        """The variable of an array with what it holds now, and a copy; it may have been overwritten since last time."""
        known = self._by_id.setdefault(id(array), [])
        for one in known:
            if seen_again(array, one.held):
                return one.var, one.held
        made = _Known(array, array.copy("K"), fresh(array))
        made.held.flags.writeable = False
        known.append(made)
        return made.var, made.held

    def settle(self) -> tuple[dict[Var, Any], set[Var]]:
        """All arrays by variable, and which of them are frozen; for once the function has returned."""
        every = [one for known in self._by_id.values() for one in known]
        self._by_id = {}
        loose = [(var, held, *_loosened(array)) for array, held, var in every]
        del every
        arrays, frozen = {}, set()
        for var, held, owner, interface in loose:
            alive = owner()
            array = alive
            if alive is not None and interface is not None:
                array = np.asarray(_Window(interface, alive))
            if array is None or not seen_again(array, held):
                array = held
                frozen.add(var)
            arrays[var] = array
        return arrays, frozen


def _loosened(array: Any) -> tuple[Callable[[], Any], dict[str, Any] | None]:
    """A reference to whoever owns an array's memory that does not hold it, and where in it a view lies."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    interface = None if owner is array else array.__array_interface__
    if owner.base is not None and not isinstance(owner.base, np.generic | bytes):
        return lambda: owner, interface  # memory of something else, which may be there without its array
    return weakref.ref(owner), interface
