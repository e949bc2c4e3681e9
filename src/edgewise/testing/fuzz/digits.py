"""Programs of scalars at 40 digits: mpmath's functions stand in for NumPy's, under NumPy's names."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp  # type: ignore[import-untyped]

__all__ = ["exact"]

_NAMES = [
    "sin",
    "cos",
    "tan",
    "exp",
    "log",
    "sqrt",
    "tanh",
    "sinh",
    "cosh",
    "expm1",
    "log1p",
    "hypot",
    "power",
    "square",
    "arctan",
    "arcsin",
    "arccos",
    "arcsinh",
    "arccosh",
    "arctanh",
    "arctan2",
    "ravel",
    "concatenate",
]


def _stand_in() -> types.SimpleNamespace:
    own = {name: getattr(mp, name.replace("arc", "a"), None) for name in _NAMES}
    own |= {"square": lambda a: a * a, "log1p": lambda a: mp.log(1 + a), "ravel": lambda a: a}
    own |= {"concatenate": lambda parts: parts[0]}
    return types.SimpleNamespace(**own)


def exact(f: Callable[..., Any], x: Sequence[Any], t: Sequence[Any], u: Sequence[Any]) -> tuple[float, float]:
    """The derivative of a scalar program at x along t, and the second along t and u."""
    scope = dict(f.__globals__)
    again = types.FunctionType(f.__code__, scope | {"np": _stand_in()})
    with mp.workdps(60):
        points, ts, us = ([mp.mpf(float(v)) for v in vs] for vs in (x, t, u))

        def line(a: Any, b: Any) -> Any:
            return again(*(p + a * d + b * e for p, d, e in zip(points, ts, us, strict=True)))

        first = mp.diff(lambda a: line(a, mp.mpf(0)), 0)
        both = mp.diff(line, (0, 0), (1, 1))
        return float(first), float(both)
