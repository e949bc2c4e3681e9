"""Operations that are written with elementary functions, as NumPy writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from edgewise.compile import maths
from edgewise.compile.ir import Value, fabs, select
from edgewise.compile.kernels.kinds import Complex, Kind

__all__ = ["COMPLEX", "REAL"]


def _log_of_sum(power: str, same: float, unit: float) -> Callable[[Kind, Value, Value], Value]:
    """The logarithm of a sum, of the logarithms of both terms: ``power`` is e^x or 2^x, ``unit`` log(base)⁻¹."""

    def write(kind: Kind, a: Value, b: Value) -> Value:
        apart = a - b
        larger = select(a > b, a, b)
        rest = maths.apply("log1p", maths.apply(power, -fabs(apart)))
        if unit != 1.0:
            rest = rest * unit
        found = select(apart.differs(apart), apart, larger + rest)
        return select(a.equals(b), a + same, found)  # infinities too, whose difference is NaN

    return write


def _magnitude(kind: Kind, a: Complex) -> Value:
    return maths.apply("hypot", a.re, a.im)


def _angle(kind: Kind, a: Complex) -> Value:
    return maths.apply("arctan2", a.im, a.re)


REAL: Final[dict[str, Callable[..., Any]]] = {
    "logaddexp": _log_of_sum("exp", math.log(2.0), 1.0),
    "logaddexp2": _log_of_sum("exp2", 1.0, 1.0 / math.log(2.0)),
    "float_power": lambda kind, a, b: maths.apply("power", a, b),
}

COMPLEX: Final[dict[str, Callable[..., Any]]] = {"absolute": _magnitude, "angle": _angle}
