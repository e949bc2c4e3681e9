"""What a function returns beside numbers and arrays: objects that each call of it makes anew, machine code does not."""

from __future__ import annotations

import enum
import types
from collections import deque
from collections.abc import Collection
from typing import Any

import numpy as np

from edgewise.core.traced import Traced

__all__ = ["fresh", "unmade"]

_MOST = 1000  # objects that are looked at
_COPIED = (np.ndarray, set, bytearray)  # leaves that a caller may change
_NEVER = (type, types.ModuleType, types.BuiltinFunctionType, np.ufunc, enum.Enum, str, bytes, int, float, complex)


def fresh(leaf: Any) -> Any:
    """A leaf of a result, as each call returns it."""
    return leaf.copy() if isinstance(leaf, _COPIED) else leaf


def unmade(leaf: Any, known: Collection[int]) -> bool:
    """Whether a leaf is, or holds, something that must be made again at each call.

    Args:
        leaf: of the result; not a number that a program computes.
        known: objects that were there before, by identity.
    """
    if leaf is None or isinstance(leaf, (*_NEVER, np.generic)) or id(leaf) in known:
        return False
    if hasattr(leaf, "__dict__") and not callable(leaf):
        return True
    return _holds_traced(leaf)


def _holds_traced(leaf: Any) -> bool:
    waiting = [leaf]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST:
        value = waiting.pop()
        if isinstance(value, Traced):
            return True
        if id(value) in seen or isinstance(value, _NEVER):
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray):
            waiting += list(value.flat) if value.dtype == object else []
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set | frozenset | deque):
            waiting += value
        elif isinstance(value, types.FunctionType):
            cells = [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
            waiting += [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        elif isinstance(value, types.MethodType):
            waiting += [value.__self__, value.__func__]
        else:
            waiting += getattr(value, "__dict__", {}).values()
            names = [name for base in type(value).__mro__ for name in vars(base).get("__slots__", ())]
            waiting += [getattr(value, name, None) for name in names]
    return False
