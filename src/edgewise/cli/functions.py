"""The functions that expressions may call: what the registry declares, by name.

A name is looked up in a table made from the registry, never in a module.
"""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.registry import DECLARATIONS, STATIC_FROM, load, spelling

__all__ = ["CONSTANTS", "REFUSED", "Function", "functions", "similar"]

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}

# Whether two arrays share memory may take for ever to tell; histogramdd takes its bins to the power of the columns.
REFUSED = frozenset(("histogramdd", "may_share_memory", "shares_memory"))


class Function(NamedTuple):
    """A function that may be called.

    Attributes:
        name: as expressions write it.
        call: the function.
        spelled: as Python writes it.
        entrywise: whether it acts entry by entry.
        cubic: whether it solves something, with the work of that.
        keeps: whether its results may be integers: positions, counts, truth values.
        leading: how many of its first parameters are values, and no fixed numbers like an axis.
        values: names of the parameters that are.
    """

    name: str
    call: Any
    spelled: str
    entrywise: bool
    cubic: bool
    keeps: bool
    leading: int
    values: frozenset[str]

    def fixed(self, place: int | str) -> bool:
        """Whether a parameter is a fixed number: an axis, a shape, an option."""
        return place >= self.leading if isinstance(place, int) else place not in self.values


@functools.cache
def functions() -> dict[str, Function]:
    """All functions by name; where modules share a name, NumPy's own comes first.

    >>> functions()["sin"].call is np.sin, functions()["det"].spelled, "open" in functions()
    (True, 'np.linalg.det', False)
    """
    load()
    found: dict[str, Function] = {}
    rows = sorted((spelling(f).count("."), spelling(f), f) for f in DECLARATIONS if not _inside(f))
    for _, spelled, f in rows:
        name = spelled.rpartition(".")[2]
        if spelled.startswith("np.") and name not in REFUSED:
            found.setdefault(name, _function(name, spelled, f))
    for name, f in vars(np).items():  # NumPy's second names: abs, asin, pow
        if isinstance(f, np.ufunc) and f in DECLARATIONS and not name.startswith("_"):
            found.setdefault(name, _function(name, f"np.{name}", f))
    return found


def _inside(f: Any) -> bool:
    """Whether it is the method of a ufunc."""
    return isinstance(getattr(f, "__self__", None), np.ufunc)


def _function(name: str, spelled: str, f: Any) -> Function:
    kind = DECLARATIONS[f].kind
    leading, values = STATIC_FROM.get(f, (1000, frozenset()))
    entrywise = isinstance(f, np.ufunc) or kind == "elementwise"
    return Function(name, f, spelled, entrywise, spelled.startswith("np.linalg."), kind == "zero", leading, values)


def similar(name: str, names: Sequence[str]) -> str:
    """A hint at a name that may be meant, or "".

    >>> similar("sine", ["sin", "cos"])
    ' (did you mean sin?)'
    """
    near = difflib.get_close_matches(name, names, 1)
    return f" (did you mean {near[0]}?)" if near else ""
