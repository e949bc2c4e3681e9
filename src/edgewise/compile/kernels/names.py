"""What a primitive is to the compiler: its name, if it is one of the library's own.

A user's primitive may be called ``exp`` and be something else, so a name alone says nothing.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from edgewise.core.primitive import Primitive
from edgewise.families.elementwise import ELEMENTWISE
from edgewise.families.structure import (
    CAST,
    CONTRACTION,
    GATHER,
    JOIN,
    MOVEMENT,
    REDUCTION,
    SCAN,
    SCATTER,
    STORE,
)

__all__ = ["elementwise_name", "structural_name"]

_STRUCTURE = frozenset(map(id, (CAST, CONTRACTION, GATHER, JOIN, MOVEMENT, REDUCTION, SCAN, SCATTER, STORE)))
_OURS = frozenset({"stop_gradient", "exponent"})  # not NumPy's, and elementwise


@functools.lru_cache(maxsize=4096)
def elementwise_name(primitive: Primitive) -> str:
    """The name of an operation that acts number by number; "" for any other."""
    if primitive.family is CAST:
        return "cast"
    if primitive.family is not ELEMENTWISE:
        return ""
    name = primitive.name
    function: Any = getattr(np, name, None)
    return name if primitive.function is function or name in _OURS else ""


@functools.lru_cache(maxsize=4096)
def structural_name(primitive: Primitive) -> str:
    """The name of an operation that moves, picks, reduces or contracts entries; "" for any other."""
    return primitive.name if id(primitive.family) in _STRUCTURE else ""
