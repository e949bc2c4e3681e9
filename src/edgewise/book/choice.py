"""Operations that choose between their operands.

Zeros of their weights cut branches: nothing reaches what is not chosen.

Ties are split evenly. A NaN is "the largest" as in NumPy: it is chosen, and its derivative is not lost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.registry import Declaration, register
from edgewise.families.elementwise import declare_elementwise, elementwise, selection
from edgewise.families.samples import between, case, grid, pairs


def _share(mine: Any, other: Any, wins: Any) -> Any:
    """How much of the result an operand is: one half at a tie, all where it wins, nothing elsewhere."""
    return np.where(mine == other, 0.5, np.where(wins, 1.0, 0.0))


def _larger(a: Any, b: Any) -> Any:
    return _share(a, b, (a > b) | (a != a))


def _smaller(a: Any, b: Any) -> Any:
    return _share(a, b, (a < b) | (a != a))


def _larger_number(a: Any, b: Any) -> Any:
    return _share(a, b, (a > b) | (b != b))


def _smaller_number(a: Any, b: Any) -> Any:
    return _share(a, b, (a < b) | (b != b))


TWO = pairs((-2.3, 2.4), (-2.1, 2.2))

maximum = selection(
    np.maximum,
    (lambda x1, x2: _larger(x1, x2), lambda x1, x2: _larger(x2, x1)),
    TWO,
    oracle="difference",
    note="ties: 1/2 each",
    kink=lambda x1, x2: x1 == x2,
)
minimum = selection(
    np.minimum,
    (lambda x1, x2: _smaller(x1, x2), lambda x1, x2: _smaller(x2, x1)),
    TWO,
    oracle="difference",
    note="ties: 1/2 each",
    kink=lambda x1, x2: x1 == x2,
)
fmax = selection(
    np.fmax,
    (lambda x1, x2: _larger_number(x1, x2), lambda x1, x2: _larger_number(x2, x1)),
    TWO,
    oracle="difference",
    note="ties: 1/2 each; NaN is not chosen",
    kink=lambda x1, x2: x1 == x2,
)
fmin = selection(
    np.fmin,
    (lambda x1, x2: _smaller_number(x1, x2), lambda x1, x2: _smaller_number(x2, x1)),
    TWO,
    oracle="difference",
    note="ties: 1/2 each; NaN is not chosen",
    kink=lambda x1, x2: x1 == x2,
)
fabs = elementwise(
    np.fabs,
    lambda x: np.sign(x),
    between(-2.3, 2.4),
    oracle="difference",
    note="0 at 0",
    kink=lambda x: x == 0,
)

where = declare_elementwise("where", np.where, (None, lambda x1: x1 != 0, lambda x1: x1 == 0), 3, selects=True)


def _where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return np.nonzero(condition)
    return where(condition, x, y)


register(
    Declaration(
        np.where,
        "elementwise",
        [
            case(grid(2, 3, seed=1) > 0, grid(2, 3), grid(2, 3, seed=2)),
            case(np.array([True, False, True]), grid(2, 3), 0.5),
            case(True, 1.5, grid(3)),
        ],
        where,
        "complex",
    ),
    _where,
)

clip = declare_elementwise(
    "clip",
    np.clip,
    (
        lambda x1, x2, x3: (x1 >= x2) & (x1 <= x3) | (x1 != x1),
        lambda x1, x2, x3: (x1 < x2) & (x2 <= x3),
        lambda x1, x2, x3: np.where(x2 > x3, x1 == x1, x1 > x3),
    ),
    3,
    selects=True,
)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: None = None, *, min: Any = None, max: Any = None) -> Any:
    if not (a_min is a_max is None or min is max is None):
        raise ValueError("Passing `min` or `max` when `a_min` and `a_max` are provided is forbidden.")
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return clip(a, -np.inf if low is None else low, np.inf if high is None else high)


register(
    Declaration(
        np.clip,
        "elementwise",
        [
            case(grid(2, 3), -0.7, 0.9),
            case(grid(4), None, 0.5),
            case(grid(4), np.array([-1.0, 0.1, 0.2, -1.5]), np.array([0.6, 1.1, 0.9, -0.2])),
        ],
        clip,
        "difference",
        "1 in the closed interval",
        kink=lambda x1, x2, x3: (x1 == x2) | (x1 == x3),
    ),
    _clip,
)
