"""The functions that expressions may call: what the registry declares, by name.

A name is looked up in a table made from the registry, never in a module. ``Meter`` bounds what a call may cost before
it is made: an expression of forty characters can ask for a terabyte.
"""

from __future__ import annotations

import difflib
import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.registry import DECLARATIONS, STATIC_FROM, spelling

__all__ = ["CONSTANTS", "GROWING", "LARGEST", "SQUARING", "Function", "Meter", "functions", "similar"]

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}

LARGEST = 2**22  # entries of one value that an expression makes
HELD = 2**26  # entries of all values together: a recording keeps most of them
WORK = 2**31  # multiplications, roughly

# Functions with more in their result than in their operands: of the operands' sizes and the counts among them, the
# product bounds it. A test holds this list against the samples of every declaration.
GROWING = frozenset(
    (
        "array_split",
        "block",
        "bincount",
        "broadcast_arrays",
        "broadcast_to",
        "convolve",
        "correlate",
        "ediff1d",
        "einsum",
        "empty_like",
        "full_like",
        "geomspace",
        "histogram",
        "histogram2d",
        "histogram_bin_edges",
        "insert",
        "kron",
        "linspace",
        "logspace",
        "meshgrid",
        "nanpercentile",
        "nanquantile",
        "outer",
        "pad",
        "percentile",
        "polyadd",
        "polyint",
        "polymul",
        "polysub",
        "quantile",
        "repeat",
        "resize",
        "sliding_window_view",
        "tensordot",
        "tensorsolve",
        "tile",
        "union1d",
    )
)
DEFAULT = 64  # more than any count that NumPy takes where none is given: linspace makes 50
# These go through a square matrix of them.
SQUARING = frozenset(("corrcoef", "cov", "diag", "diagflat", "poly", "polydiv", "polyfit", "roots", "vander"))
# These complete a rectangle to a square: all singular vectors.
COMPLETING = frozenset(("qr", "svd"))
# Products whose inner axis is summed over.
PRODUCTS = frozenset(("dot", "inner", "matmul", "matvec", "vecmat", "multi_dot"))
# These go round once for each count.
REPEATING = frozenset(("array_split", "diff", "polyder", "polyint"))
ROUNDS = 100
# Whether two arrays share memory may take for ever to tell; histogramdd takes its bins to the power of the columns.
REFUSED = frozenset(("histogramdd", "may_share_memory", "shares_memory"))
CUBIC = "np.linalg."


class Function(NamedTuple):
    """A function that may be called.

    Attributes:
        name: as expressions write it.
        call: the function.
        spelled: as Python writes it.
        entrywise: whether it acts entry by entry.
        keeps: whether its results may be integers: positions, counts, truth values.
        leading: how many of its first parameters are values, and no fixed numbers like an axis.
        values: names of the parameters that are.
    """

    name: str
    call: Any
    spelled: str
    entrywise: bool
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
    return Function(name, f, spelled, entrywise, kind == "zero", leading, values)


def similar(name: str, names: Sequence[str]) -> str:
    """A hint at a name that may be meant, or "".

    >>> similar("sine", ["sin", "cos"])
    ' (did you mean sin?)'
    """
    near = difflib.get_close_matches(name, names, 1)
    return f" (did you mean {near[0]}?)" if near else ""


class Meter:
    """What an evaluation may cost. Operations are measured by the shapes of their operands, before they are done.

    Raises:
        ValueError: one of them is too large.
    """

    def __init__(self) -> None:
        self.held = 0
        self.work = 0.0

    def operator(self, symbol: str, operands: Sequence[Any]) -> None:
        """An operator is about to be applied."""
        self._product(operands) if symbol == "@" else self._charge(_broadcast(operands), operands)

    def call(self, function: Function, operands: Sequence[Any]) -> None:
        """A function is about to be called."""
        size = _size(operands)
        if function.name in REPEATING and _counts(operands) > ROUNDS:
            raise ValueError(f"a count of {function.name} may be at most {ROUNDS}")
        if function.name in PRODUCTS:
            self._product(operands)
        elif function.name in SQUARING:
            self._charge((size + 1) ** 2 * _counts(operands), operands, size**3)
        elif function.name in COMPLETING:
            longest = max((max(s) for s in map(_shape, operands) if s), default=1)
            self._charge((size + longest) * longest, operands, size**1.5)
        elif function.name in GROWING:
            self._charge(math.prod(_size([x]) for x in operands) * _counts(operands) + DEFAULT, operands)
        else:
            self._charge(_broadcast(operands), operands, size**1.5 if function.spelled.startswith(CUBIC) else size)

    def _product(self, operands: Sequence[Any]) -> None:
        shapes = [s for s in map(_shape, operands) if s]
        if len(shapes) != 2 or len(operands) != 2:
            self._charge(math.prod(_size([x]) for x in operands), operands)
            return
        inner, sizes = max(shapes[0][-1], 1), math.prod(shapes[0]) * math.prod(shapes[1])
        self._charge(sizes // inner**2, operands, sizes // inner)

    def _charge(self, entries: int, operands: Sequence[Any], work: float = 0.0) -> None:
        if entries > max(LARGEST, _size(operands)):
            raise ValueError(f"a value of up to {entries:.3g} entries is more than an expression may make")
        self.held += entries
        self.work += max(work, entries)
        if self.held > HELD or self.work > WORK:
            raise ValueError("this is more work than an expression may ask for; put it in a function of your own")


def _shape(value: Any) -> tuple[int, ...]:
    shape = getattr(value, "shape", ())
    return shape if isinstance(shape, tuple) else ()


def _size(operands: Sequence[Any]) -> int:
    """Entries of all operands, those inside of lists and tuples as well."""
    return sum(_size(x) if isinstance(x, list | tuple) else math.prod(_shape(x)) for x in operands)


def _counts(operands: Sequence[Any]) -> int:
    """The product of all integers among the operands: each may be a count."""
    found = 1
    for x in operands:
        if isinstance(x, list | tuple):
            found *= _counts(x)
        elif isinstance(x, int):
            found *= max(1, abs(x))
    return found


def _broadcast(operands: Sequence[Any]) -> int:
    """Entries of what operands broadcast to; of all together where they do not."""
    shapes = [s for s in map(_shape, operands) if s]
    length = max(map(len, shapes), default=0)
    entries = 1
    for axis in range(1, length + 1):
        entries *= max(s[-axis] if len(s) >= axis else 1 for s in shapes)
    alike = all(len({s[-axis] for s in shapes if len(s) >= axis} - {1}) <= 1 for axis in range(1, length + 1))
    return entries if alike else _size(operands)
