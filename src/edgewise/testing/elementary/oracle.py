"""Exact values by mpmath, and distances from them in units in the last place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from edgewise.compile.maths import FUNCTIONS
from edgewise.testing.elementary.loops import DTYPES

__all__ = ["away", "exact", "unit"]

BITS = 250  # enough for what cancels: log Γ next to 1, arccos next to 1, x^y


def _definitions() -> dict[str, Callable[..., Any]]:
    mp = import_module("mpmath")
    return {
        "exp": mp.exp,
        "exp2": lambda x: mp.power(2, x),
        "expm1": mp.expm1,
        "expit": lambda x: 1 / (1 + mp.exp(-x)),
        "log": mp.log,
        "log2": lambda x: mp.log(x) / mp.log(2),
        "log10": mp.log10,
        "log1p": mp.log1p,
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": mp.tan,
        "arcsin": mp.asin,
        "arccos": mp.acos,
        "arctan": mp.atan,
        "arctan2": mp.atan2,
        "sinh": mp.sinh,
        "cosh": mp.cosh,
        "tanh": mp.tanh,
        "arcsinh": mp.asinh,
        "arccosh": mp.acosh,
        "arctanh": mp.atanh,
        "power": mp.power,
        "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        "hypot": mp.hypot,
        "erf": mp.erf,
        "erfc": lambda x: mp.erfc(min(max(x, -150), 150)),  # mpmath counts terms in doubles
        "gammaln": lambda x: mp.re(mp.loggamma(x)),
        "digamma": mp.digamma,
    }


def exact(name: str, *arguments: np.ndarray) -> list[Any]:
    """The value at each point as mpmath's number; None where there is none that is real and finite."""
    mp = import_module("mpmath")
    function = _definitions()[name]
    values: list[Any] = []
    with mp.workprec(BITS):
        for point in zip(*(a.tolist() for a in arguments), strict=True):
            try:
                value = function(*(mp.mpf(number) for number in point))
            except (ValueError, ZeroDivisionError):  # a pole
                value = None
            real = isinstance(value, mp.mpf) and mp.isfinite(value)
            values.append(value if real else None)
    return values


def unit(name: str, dtype: str, argument: float, value: float) -> float:
    """The unit in the last place in which a function's error is counted, at a point with this exact value, rounded."""
    floor = FUNCTIONS[name].floor if argument < 0 else 0.0
    with np.errstate(over="ignore"):  # the largest number has no next one: its unit is that to the one before
        rounded = DTYPES[dtype].type(max(abs(value), floor))
        spacing = np.spacing(rounded)
    return float(spacing if np.isfinite(spacing) else np.spacing(np.nextafter(rounded, 0)))


def away(name: str, dtype: str, arguments: Sequence[np.ndarray], got: np.ndarray, values: Sequence[Any]) -> np.ndarray:
    """How many units in the last place each result is away from the exact value; infinite where it is not a number.

    Where the exact value is none, or overflows, the distance is 0 or infinite, as the result is what that demands or
    not.
    """
    mp = import_module("mpmath")
    largest = float(np.finfo(DTYPES[dtype]).max)
    found = np.zeros(got.size)
    with mp.workprec(BITS):
        for k, (result, value) in enumerate(zip(got.tolist(), values, strict=True)):
            if value is None:
                wrong = np.isfinite(result)
            elif abs(value) >= largest * (1 + mp.mpf(2) ** -60):
                wrong = abs(result) < largest or (result > 0) != (value > 0)
            else:
                wrong = not np.isfinite(result)
                if not wrong:
                    scale = unit(name, dtype, float(arguments[0][k]), float(value))
                    found[k] = float(abs(mp.mpf(result) - value) / scale)
            if wrong:
                found[k] = np.inf
    return found
