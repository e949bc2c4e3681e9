"""Indexing in normal form. What a user writes, ``x[...]``, is brought into it here; sort and take are compositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.index import ARRAY, gather, normalise, put, scatter_add
from edgewise.core.memory import pick, view
from edgewise.core.registry import Declaration, register
from edgewise.core.traced import getitem
from edgewise.families.samples import case, grid
from edgewise.families.structure import GATHER, SCATTER, STORE, declare

X = grid(3, 4, 5)
ROWS, COLUMNS = np.array([2, 0, 0]), np.array([[1, -1], [3, 0]])
MASK = grid(3, 4, seed=4) > 0.2

ALL = slice(None)


gather_of = declare(
    gather,
    GATHER,
    [
        case(X, template=(1, ALL, slice(None, None, -2))),
        case(X, ROWS, template=(ARRAY,)),
        case(X, ROWS, ROWS, template=(ARRAY, ALL, ARRAY)),
    ],
    None,
    operands=None,
    selects=True,
)
scatter_of = declare(
    scatter_add,
    SCATTER,
    [
        case(grid(4, 3), template=(1, ALL, slice(None, None, -2)), shape=(3, 4, 5)),
        case(grid(3, 2), ROWS, template=(ARRAY,), shape=(3, 2)),
        case(grid(3, 4), ROWS, ROWS, template=(ARRAY, ALL, ARRAY), shape=(3, 4, 5)),
    ],
    None,
    operands=None,
    selects=True,
)


put_of = declare(
    put,
    STORE,
    [
        case(X, grid(4, 3, seed=1), template=(1, ALL, slice(None, None, -2)), shape=(3, 4, 5)),
        case(grid(4), grid(2, seed=1), ROWS[:2], template=(ARRAY,), shape=(4,)),
        case(X, grid(2, 4, seed=1), ROWS[:2], ROWS[:2], template=(ARRAY, ALL, ARRAY), shape=(3, 4, 5)),
        case(grid(4), 1.5, template=(2,), shape=(4,)),
    ],
    None,
    operands=None,
    selects=True,
)


def _getitem(x: Any, index: Any) -> Any:
    if type(index) is int:
        if not -x.shape[0] <= index < x.shape[0] if x.ndim else True:
            raise IndexError(f"index {index} is out of bounds for an array of shape {x.shape}")
        return view(gather_of, x, template=(index,)) if x.ndim > 1 else pick(gather_of, x, (), (index,))
    template, arrays = normalise(index, x.shape)
    if arrays:
        return pick(gather_of, x, arrays, template)
    if type(index) is not tuple:
        return view(gather_of, x, template=template)
    number = len(template) == x.ndim and all(type(item) is int for item in template)
    if number and not any(item is Ellipsis for item in index):  # with an ellipsis it is a view without axes
        return pick(gather_of, x, arrays, template)
    return view(gather_of, x, template=template, scalar=number)


register(
    Declaration(
        getitem,
        "index",
        [
            case(X, 1),
            case(X, (-1, slice(1, None), None, slice(None, None, -1))),
            case(X, (Ellipsis, 2)),
            case(X, ROWS),
            case(X, (ALL, COLUMNS)),
            case(X, (ROWS, ALL, np.array([4, 1, 1]))),
            case(X, (0, ALL, ROWS)),
            case(X, (ALL, ROWS, np.array([4, 1, 1]))),
            case(X, MASK),
            case(X, ([0, 2], ALL, 1)),
            case(X, (1, 2, 3)),
            case(1.5, ()),
            case(1.5, None),
        ],
        gather_of,
    ),
    _getitem,
)
