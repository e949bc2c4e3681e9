"""``stop_gradient`` and ``value``: giving a derivative up on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.containers import flatten
from edgewise.core.levels import settled
from edgewise.core.traced import Traced, apply
from edgewise.families.elementwise import declare_elementwise
from edgewise.transforms.border import gather_output

__all__ = ["stop_gradient", "value"]


def _same(x: Any) -> Any:
    """The value, in an array of its own: what is stored into one is not seen in the other."""
    return x.copy() if isinstance(x, np.ndarray) else apply(STOP, (x,), {}) if isinstance(x, Traced) else x


STOP = declare_elementwise("stop_gradient", _same, (None,), 1, zero=True)


def stop_gradient(x: Any) -> Any:
    """The same value, taken for a constant by every transformation around it; of arrays, a copy.

    Args:
        x: a number, an array, or a container of them.

    >>> from edgewise import grad
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, tree = flatten(x)
    leaves = [gather_output(leaf) for leaf in leaves]
    return tree.build([apply(STOP, (leaf,), {}) if isinstance(leaf, Traced) else _same(leaf) for leaf in leaves])


def value(x: Any) -> Any:
    """The ordinary number or array that a traced value stands for, without its derivative.

    It is for printing, logging and deciding. Arrays are returned read-only: the derivative may still need them.

    Raises:
        BatchError: under ``vmap``, where a traced value stands for many.

    >>> from edgewise import grad
    >>> grad(lambda x: x * float(value(x)))(3.0)
    np.float64(3.0)
    """
    leaves, tree = flatten(x)
    return tree.build([_ordinary(leaf) for leaf in leaves])


def _ordinary(leaf: Any) -> Any:
    found = settled(gather_output(leaf))
    if found is not leaf and isinstance(found, np.ndarray):
        found = found.view()
        found.flags.writeable = False
    return found
