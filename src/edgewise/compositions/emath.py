"""``np.emath``: roots, logarithms and inverse functions that turn complex where real numbers leave their domain.

Whether they do is one answer for a whole array, so a batch is refused. The derivative is that of the function they turn
to: ``np.emath.sqrt(x)`` of a negative x is ``np.sqrt`` of a complex one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.levels import settled
from edgewise.core.traced import Traced, cast_as
from edgewise.families.samples import case, grid

LOW, HIGH = grid(2, 3, low=-2.3, high=-0.2), grid(2, 3, low=0.2, high=2.4)
MIXED, INSIDE = np.array([-1.5, 0.7, 2.2]), grid(4, low=-0.8, high=0.7)
BASES = np.array([2.0, 3.0, 0.5])
KIND: Any = {"oracle": "difference", "ragged": True, "note": "complex where an entry leaves the real domain"}


def _array(x: Any) -> Any:
    return x if isinstance(x, Traced) else np.asarray(x)


def _complex_if(x: Any, leaves: Any) -> Any:
    if not settled(np.any(np.isreal(x) & leaves)):
        return x
    return cast_as(x, np.complex64 if x.dtype.char in "fFbBhH" else np.complex128)


def _unless_negative(x: Any) -> Any:
    x = _array(x)
    return _complex_if(x, x < 0)


def _within_one(x: Any) -> Any:
    x = _array(x)
    return _complex_if(x, np.abs(x) > 1)


@composition(np.emath.sqrt, [case(HIGH), case(LOW), case(MIXED)], "x", **KIND)
def sqrt(x: Any) -> Any:
    return np.sqrt(_unless_negative(x))


@composition(np.emath.log, [case(HIGH), case(LOW), case(MIXED)], "x", **KIND)
def log(x: Any) -> Any:
    return np.log(_unless_negative(x))


@composition(np.emath.log2, [case(HIGH), case(LOW)], "x", **KIND)
def log2(x: Any) -> Any:
    return np.log2(_unless_negative(x))


@composition(np.emath.log10, [case(HIGH), case(LOW)], "x", **KIND)
def log10(x: Any) -> Any:
    return np.log10(_unless_negative(x))


@composition(np.emath.logn, [case(BASES, MIXED, wrt=(0, 1)), case(3.0, LOW, wrt=(1,))], **KIND)
def logn(n: Any, x: Any) -> Any:
    return np.log(_unless_negative(x)) / np.log(_unless_negative(n))


@composition(np.emath.power, [case(HIGH, LOW), case(MIXED, BASES), case(LOW, 0.5)], **KIND)
def power(x: Any, p: Any) -> Any:
    x, p = _unless_negative(x), _array(p)
    dtype = np.result_type(x.dtype, p.dtype)
    x = x if x.dtype == dtype else cast_as(x, dtype)  # of a root, ** has the dtype of x in older NumPy
    return np.power(x, p * 1.0 if settled(np.any(p < 0)) else p)


@composition(np.emath.arccos, [case(INSIDE), case(2 * LOW)], "x", **KIND)
def arccos(x: Any) -> Any:
    return np.arccos(_within_one(x))


@composition(np.emath.arcsin, [case(INSIDE), case(2 * LOW)], "x", **KIND)
def arcsin(x: Any) -> Any:
    return np.arcsin(_within_one(x))


@composition(np.emath.arctanh, [case(INSIDE), case(2 * HIGH + 1)], "x", **KIND)
def arctanh(x: Any) -> Any:
    return np.arctanh(_within_one(x))
