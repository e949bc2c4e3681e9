"""Signs, steps and neighbours: functions that look at a sign or at the grid of floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.registry import Declaration, register
from edgewise.families.elementwise import declare_elementwise, elementwise, in_dtype, selection, zero_derivative
from edgewise.families.samples import between, case, pairs

TWO = pairs((-2.3, 2.4), (-2.1, 2.2))

copysign = elementwise(
    np.copysign,
    (lambda x1, x2: np.sign(x1) * np.copysign(1.0, x2), None),
    TWO,
    oracle="difference",
    note="by x1: sign(x1)·sign(x2), 0 at x1 = 0, and ±0 count by their sign bit in x2; by x2: 0",
    kink=lambda x1: x1 == 0,
)
heaviside = selection(
    np.heaviside,
    (None, lambda x1: x1 == 0),
    [*TWO, case(np.array([-1.0, 0.0, 2.0]), 0.5, wrt=(1,))],
    oracle="difference",
    note="by x1: 0, also at the jump; by x2: 1 where x1 = 0",
    kink=lambda x1: x1 == 0,
)
nextafter = elementwise(
    np.nextafter, (1, None), TWO, oracle="difference", note="1 by x1, 0 by x2: a step of rounding is no dependence"
)
spacing = zero_derivative(np.spacing, between(-2.3, 2.4), note="0")

exponent = declare_elementwise("exponent", lambda x: np.frexp(x)[1], (None,), 1, zero=True)


def _frexp(x: Any, /, **kwargs: Any) -> tuple[Any, Any]:
    (x,) = in_dtype(np.frexp, (x,), kwargs)
    power = exponent(x)
    return np.ldexp(x, -power), power


register(
    Declaration(
        np.frexp,
        "composition",
        [*between(0.6, 0.9), case(np.array([-3.3, 10.5, 0.7]))],
        None,
        "difference",
        "the mantissa by x: 2**-exponent; the exponent: 0",
    ),
    _frexp,
)
