"""Arithmetic and powers. A derivative that is a plain 1 or -1 is written as that number."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from edgewise.families.elementwise import elementwise
from edgewise.families.samples import between, case, pairs


def _inverse(x2: Any) -> Any:
    """1/x2, and infinite at 0 also where x2 is a Python number, which would raise."""
    return 1 / x2 if x2.__class__ is not int and x2.__class__ is not float else np.divide(1.0, x2)


def _power_base(x1: Any, x2: Any) -> Any:
    """∂(x1**x2)/∂x1 = x2 · x1**(x2-1), and 0 for the power 0 even where x1**(-1) is infinite."""
    if type(x2) is int:
        return x2 * x1 ** (x2 - 1) if x2 not in (0, 1, 2) else (0.0 * x1, 1.0, 2.0 * x1)[x2]
    return x2 * x1 ** np.where(x2 == 0, 1, x2 - 1)


def _power_exponent(x1: Any, x2: Any, y: Any) -> Any:
    """∂(x1**x2)/∂x2 = y · log x1; 0 at x1 = 0 with a positive power, the limit there."""
    flat = (x1 == 0) & (x2 > 0)
    return np.where(flat, 0, y * np.log(np.where(flat, 1, x1)))


def _at_zero(x1: Any, x2: Any) -> Any:
    """Where x1**x2 has no slope by calculus, or an infinite one: at 0, to powers below 1, the power 0 included."""
    return (x1 == 0) & (np.real(x2) < 1)


UP = (0.4, 2.6)
ANY = (-2.3, 2.4)
REMAINDERS = [
    *pairs((2.3, 2.6), (0.9, 1.05)),
    *pairs((-2.6, -2.3), (0.9, 1.05))[:1],
    *pairs((2.3, 2.6), (-1.05, -0.9))[:1],
]

add = elementwise(np.add, (1, 1), pairs(ANY, ANY), op="add", compute=operator.add)
subtract = elementwise(np.subtract, (1, -1), pairs(ANY, ANY), op="sub", compute=operator.sub)
multiply = elementwise(np.multiply, (lambda x2: x2, lambda x1: x1), pairs(ANY, ANY), op="mul", compute=operator.mul)
divide = elementwise(
    np.divide,
    (lambda x2: _inverse(x2), lambda x2, y: -y / x2),
    [*pairs(ANY, UP), case(np.array([-1.5, 2.0]), 3)],
    op="truediv",
    compute=operator.truediv,
)
negative = elementwise(np.negative, -1, between(-2.3, 2.4), op="__neg__", compute=operator.neg)
positive = elementwise(np.positive, 1, between(-2.3, 2.4), op="__pos__", compute=operator.pos)
power = elementwise(
    np.power,
    (_power_base, _power_exponent),
    [
        *pairs(UP, ANY),
        case(np.array([-1.5, 0.0, 2.0]), 3),
        case(np.array([-1.5, 0.0, 2.0]), 2),
        case(np.array([0.0, 1.0]), 0),
    ],
    op="pow",
    compute=operator.pow,
    note="x**n exact at x = 0; by the exponent: 0 at 0**y for y > 0, NaN for a negative base",
    kink=lambda x1, x2: _at_zero(x1, x2),
)
float_power = elementwise(
    np.float_power,
    (_power_base, _power_exponent),
    pairs(UP, ANY),
    note="as power, always in double precision",
    kink=lambda x1, x2: _at_zero(x1, x2),
)
square = elementwise(np.square, lambda x: 2 * x, between(-2.3, 2.4))
sqrt = elementwise(np.sqrt, lambda y: 0.5 / y, between(0.2, 5.0), note="inf at 0", kink=lambda x: x == 0)
cbrt = elementwise(
    np.cbrt,
    lambda y: 1 / (3 * y * y),
    between(-5.1, 5.2),
    oracle="mpmath",
    note="inf at 0",
    kink=lambda x: x == 0,
)
reciprocal = elementwise(np.reciprocal, lambda y: -y * y, between(0.3, 3.0))
remainder = elementwise(
    np.remainder,
    (1, lambda x1, x2: -np.floor_divide(x1, x2)),
    REMAINDERS,
    op="mod",
    compute=operator.mod,
    oracle="difference",
    note="1 by x1, -floor(x1/x2) by x2, also where it jumps",
    kink=lambda y: y == 0,
)
fmod = elementwise(
    np.fmod,
    (1, lambda x1, x2, y: -np.rint((x1 - y) / x2)),
    REMAINDERS,
    oracle="difference",
    note="1 by x1, -trunc(x1/x2) by x2, also where it jumps",
    kink=lambda y: y == 0,
)
ldexp = elementwise(
    np.ldexp,
    (lambda x2: np.ldexp(1.0, x2), None),
    [case(np.array([1.5, -0.3, 0.0]), np.array([2, -3, 1])), case(1.5, 2)],
    oracle="difference",
)
