"""Numbers taken apart: rounding, quotient and remainder, fraction and integer part, and what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.traced import Traced, cast_as
from edgewise.families.samples import between, case, grid, pairs

X = grid(2, 3)
ODD = np.array([1.5, np.nan, np.inf, -np.inf, -0.25])


@composition(
    np.divmod,
    [*pairs((2.3, 2.6), (0.9, 1.05)), *pairs((-2.6, -2.3), (0.9, 1.05))[:1]],
    oracle="difference",
    note="the quotient: 0; the remainder as np.remainder",
)
def divmod_(x1: Any, x2: Any, /) -> Any:
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@composition(
    np.modf, [*between(0.1, 0.9), case(np.array([-3.3, 2.7]))], oracle="difference", note="the integer part: 0"
)
def modf(x: Any, /) -> Any:
    whole = np.trunc(x)
    return np.copysign(np.where(np.isinf(x), 0, x - np.where(np.isinf(x), 0, whole)), x), whole


@composition(np.fix, [case(X)], "x", oracle="difference", note="0")
def fix(x: Any, out: None = None) -> Any:
    return np.trunc(x)


@composition(np.around, [case(X), case(np.array([0.3, -0.7, 1.4]), 1)], "a", oracle="difference", note="0")
def around(a: Any, decimals: int = 0, out: None = None) -> Any:
    return np.round(a, decimals)


@composition(np.isposinf, [case(ODD)], "x")
def isposinf(x: Any, out: None = None) -> Any:
    return np.isinf(x) & ~np.signbit(x)


@composition(np.isneginf, [case(ODD)], "x")
def isneginf(x: Any, out: None = None) -> Any:
    return np.isinf(x) & np.signbit(x)


@composition(
    np.nan_to_num,
    [case(X), case(np.array([1.5, np.nan, -0.25])), case(ODD, nan=2.0, posinf=3.0, neginf=np.float64(-4.0)), case(1.5)],
    "x",
    "*",
    "nan",
    "posinf",
    "neginf",
    oracle="difference",
    note="0 where an entry is replaced",
    kink=lambda x: ~np.isfinite(x),
)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if not copy:
        x[...] = nan_to_num(x, True, nan, posinf, neginf)
        return x
    if x.dtype.kind == "c":
        re, im = (nan_to_num(part(x), True, nan, posinf, neginf) for part in (np.real, np.imag))
        return cast_as(re + _times_i(im), x.dtype)
    if x.dtype.kind in "biu":
        return np.copy(x)
    bounds = np.finfo(x.dtype)
    high = bounds.max if posinf is None else posinf
    low = bounds.min if neginf is None else neginf
    nan, high, low = (v if isinstance(v, Traced) else np.asarray(v).astype(x.dtype) for v in (nan, high, low))
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.isposinf(x), high, x)
    return np.where(np.isneginf(x), low, x)


def _times_i(x: Any) -> Any:
    """i·x, also where x is infinite: a product would make NaN of its real part."""
    infinite = np.where(x == np.inf, complex(0, np.inf), np.where(x == -np.inf, complex(0, -np.inf), 0))
    return 1j * np.where(np.isinf(x), 0, x) + infinite


def _divmod_operator(self: Traced, other: Any) -> Any:
    return np.divmod(self, other)


def _divmod_reflected(self: Traced, other: Any) -> Any:
    return np.divmod(other, self)


setattr(Traced, "__divmod__", _divmod_operator)  # noqa: B010  operators are installed where they are declared
setattr(Traced, "__rdivmod__", _divmod_reflected)  # noqa: B010  as above
