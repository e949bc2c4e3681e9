"""Cotangents of parts of an array, added in place where the array is ours.

A program that reads or stores one entry after another would otherwise pay for the whole array each time, on the way
back. Where NumPy's memory is not at hand (under another level), new values are made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.index import fill, gather, put, scatter_add

__all__ = ["add_at", "cleared", "taken"]

Arrays = tuple[Any, ...]
_ORDINARY = (np.ndarray, np.generic)


def add_at(total: Any, g: Any, arrays: Arrays, template: Arrays, ours: bool) -> Any:
    """``total`` with ``g`` added at an index, in place if it is ours.

    >>> add_at(np.zeros(3), np.array([1.0, 2.0]), (), (slice(1, None),), True)
    array([0., 1., 2.])
    """
    if not _plain(total, g, arrays):
        return total + scatter_add(g, *arrays, template=template, shape=total.shape)
    if not ours:
        total = total.copy()
    if arrays:
        np.add.at(total, fill(template, arrays), g)
    else:
        total[template] += g
    return total


def taken(g: Any, arrays: Arrays, template: Arrays) -> Any:
    """``g`` at an index, as a copy.

    >>> taken(np.arange(3.0), (), (slice(1, None),)).base is None
    True
    """
    part = gather(g, *arrays, template=template)
    return part.copy() if type(part) is np.ndarray and part.base is not None else part


def cleared(g: Any, arrays: Arrays, template: Arrays, ours: bool) -> Any:
    """``g`` with zeros at an index, in place if it is ours.

    >>> cleared(np.ones(3), (), (0,), True)
    array([0., 1., 1.])
    """
    if not _plain(g, g, arrays):
        return put(g, 0, *arrays, template=template, shape=g.shape)
    if not ours:
        g = g.copy()
    g[fill(template, arrays)] = 0
    return g


def _plain(total: Any, g: Any, arrays: Arrays) -> bool:
    if type(total) is not np.ndarray or not isinstance(g, _ORDINARY):
        return False
    return not arrays or all(isinstance(a, _ORDINARY) for a in arrays)
