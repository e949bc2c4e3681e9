"""Stores in place, down the levels: into an array that nobody else holds.

A traced array that is ours alone is updated by its mode, which updates the value below in the same way, down to NumPy's
own memory. That makes a store cost what it stores, in every mode and nesting.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from edgewise.core.index import fill, put
from edgewise.core.registry import ENTRIES
from edgewise.core.traced import TRACED, wrap

__all__ = ["detach", "put_into", "taken_over"]


def put_into(x: Any, v: Any, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> Any:
    """Store ``v`` into ``x``, which is ours alone on every level, and return what ``x`` has become.

    Args:
        x: an array, traced or not.
        v: a number, or an array of the index's shape, traced or not.
        arrays: index arrays, in which no entry is named twice.
        template: the index they belong to.
    """
    top = x.mode if type(x) in TRACED else None
    for other in (v, *arrays):
        if type(other) in TRACED and (top is None or other.mode.level > top.level):
            top = other.mode
    if top is None:
        if isinstance(x, np.ndarray):
            x[fill(template, arrays)] = v
            return x
        return put(x, v, *arrays, template=template, shape=x.shape)
    if not (type(x) in TRACED and x.mode is top):
        x = top.constant(x)
    top.put(ENTRIES[put], x, v, arrays, {"template": template, "shape": x.shape})
    return x


def taken_over(x: Any) -> Any:
    """A copy that is ours alone on every level."""
    if type(x) in TRACED:
        return wrap(taken_over(x.value), x.mode, x.mode.map_payload(taken_over, x.payload))
    return x.copy("K") if type(x) is np.ndarray else copy.copy(x)


def detach(x: Any) -> Any:
    """A fresh traced value, made to share no memory with anything."""
    if type(x) in TRACED:
        return wrap(detach(x.value), x.mode, x.mode.map_payload(detach, x.payload))
    return x.copy("K") if type(x) is np.ndarray and x.base is not None else x
