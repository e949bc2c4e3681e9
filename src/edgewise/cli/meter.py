"""What an expression may cost: every operation is measured by the shapes of its operands before it is done.

An expression of forty characters can ask for a terabyte: ``tile(tile(x, 999999), 999999)``. ``GROWTH`` says, for the
functions whose result has more entries than their operands broadcast to, how many it can have. A test holds the table
against the samples of every declaration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["GROWTH", "LARGEST", "REPEATING", "Meter"]

LARGEST = 2**22  # entries of one value that an expression makes
HELD = 2**26  # entries of all values together: a recording keeps most of them
WORK = 2**31  # multiplications, roughly
COUNT = 64  # more than any count that NumPy takes where none is given: linspace makes 50
ROUNDS = 100  # of a function that goes round once for each count

Operands = Sequence[Any]


class Meter:
    """What one evaluation has cost so far."""

    def __init__(self) -> None:
        self.held = 0.0
        self.work = 0.0

    def charge(self, entries: float, operands: Operands, work: float = 0.0) -> None:
        """Take down a value that is about to be made.

        Raises:
            ValueError: it is too large, or all of them together are.
        """
        if entries > max(LARGEST, size_of(operands)):
            raise ValueError(f"a value of up to {entries:.3g} entries is more than an expression may make")
        self.held += entries
        self.work += max(work, entries)
        if self.held > HELD or self.work > WORK:
            raise ValueError("this is more work than an expression may ask for; put it in a function of your own")

    def operator(self, symbol: str, operands: Operands) -> None:
        """An operator is about to be applied."""
        self._product(operands) if symbol == "@" else self.charge(broadcast(operands), operands)

    def call(self, name: str, operands: Operands, *, cubic: bool = False) -> None:
        """A function is about to be called.

        Args:
            name: of the function.
            operands: all its arguments.
            cubic: whether its work is that of solving a linear system.
        """
        if name in REPEATING and counts(operands) > ROUNDS:
            raise ValueError(f"a count of {name} may be at most {ROUNDS}")
        if name in PRODUCTS:
            self._product(operands)
            return
        if name == "einsum":
            entries, work = _letters(operands)
            self.charge(entries, operands, work)
            return
        grown = GROWTH.get(name)
        made = broadcast(operands) if grown is None else grown(operands)
        self.charge(made, operands, max(size_of(operands), made) ** (1.5 if cubic or name in CUBIC else 1.0))

    def index(self, value: Any, index: Any) -> None:
        """Entries are about to be taken."""
        arrays = [i for i in (index if isinstance(index, tuple) else (index,)) if shape_of(i) or isinstance(i, list)]
        if arrays:
            chosen = broadcast([np.empty(len(i)) if isinstance(i, list) else i for i in arrays])
            self.charge(chosen * size_of([value]) / max(1, *shape_of(value)[:1]), [value, *arrays])

    def _product(self, operands: Operands) -> None:
        """A product of arrays, summed over an inner axis."""
        shapes = [s for s in map(shape_of, operands) if s]
        if len(shapes) != 2:
            self.charge(multiplied(operands), operands)
            return
        inner, sizes = max(shapes[0][-1], 1), math.prod(shapes[0]) * math.prod(shapes[1])
        self.charge(sizes / inner**2, operands, sizes / inner)


# -- sizes


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of an array; () of anything else."""
    shape = getattr(value, "shape", ())
    return shape if isinstance(shape, tuple) else ()


def size_of(operands: Operands) -> int:
    """Entries of all operands, those inside of lists and tuples as well."""
    return sum(size_of(x) if isinstance(x, list | tuple) else math.prod(shape_of(x)) for x in operands)


def counts(operands: Operands) -> float:
    """The product of all integers among the operands: each may be a count."""
    found = 1.0
    for x in operands:
        if isinstance(x, list | tuple):
            found *= counts(x)
        elif isinstance(x, int | np.integer):
            found *= max(1, abs(int(x)))
        elif isinstance(x, np.ndarray) and x.dtype.kind in "iu":
            found *= float(np.prod(np.maximum(1.0, np.abs(x.astype(float)))))
    return found


def broadcast(operands: Operands) -> int:
    """Entries of what operands broadcast to; of all together where they do not, or where some are in a list."""
    shapes = [s for s in map(shape_of, operands) if s]
    length = max(map(len, shapes), default=0)
    axes = [[s[-axis] for s in shapes if len(s) >= axis] for axis in range(1, length + 1)]
    if any(isinstance(x, list | tuple) for x in operands) or any(len(set(axis) - {1}) > 1 for axis in axes):
        return size_of(operands)
    return math.prod(max(axis) for axis in axes)


# -- growth


def counted(operands: Operands) -> float:
    """So many times what there is."""
    return (size_of(operands) + 1) * max(counts(operands), COUNT)


def multiplied(operands: Operands) -> float:
    """Every entry of one with every entry of the other."""
    return math.prod(float(size_of([x])) for x in operands if not isinstance(x, str)) * counts(operands)


def squared(operands: Operands) -> float:
    """Through a square matrix of all entries."""
    return (size_of(operands) + counts(operands)) ** 2


def _padded(operands: Operands) -> float:
    dimensions = max((len(s) for s in map(shape_of, operands)), default=0)
    return (size_of(operands) + 1) * (2.0 * _largest(operands) + 1) ** max(dimensions, 1)


def _largest(operands: Operands) -> int:
    """The largest integer among the operands."""
    found = [_largest(x) if isinstance(x, list | tuple) else x for x in operands]
    return max((abs(int(x)) for x in found if isinstance(x, int | np.integer)), default=0)


def _diagonal(operands: Operands) -> float:
    return squared(operands) if len(shape_of(operands[0])) < 2 else size_of(operands)


def _covariance(operands: Operands) -> float:
    longest = sum(max(s) for s in map(shape_of, operands) if len(s) > 1)
    return float((longest + len(operands)) ** 2 + size_of(operands))


def _completed(operands: Operands) -> float:
    """A rectangle, completed to a square: all singular vectors."""
    shape = max(map(shape_of, operands), key=len, default=())
    return math.prod(shape[:-2]) * float(max(shape[-2:], default=1)) ** 2


def _letters(operands: Operands) -> tuple[float, float]:
    """Of einsum, the entries of the result and the products that go into it: of all letters, where they are told."""
    spec = operands[0] if operands and isinstance(operands[0], str) else ""
    terms, arrow, result = spec.replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    for term, x in zip(terms.split(","), operands[1:], strict=False):
        for letter, n in zip(term, shape_of(x), strict=False):
            sizes[letter] = max(n, sizes.get(letter, 1))
    if not arrow or "." in spec or set(result) - set(sizes):
        return multiplied(operands), multiplied(operands)
    return float(math.prod(sizes[c] for c in result)), float(math.prod(sizes.values()))


GROWTH: dict[str, Callable[[Operands], float]] = {
    **dict.fromkeys(("bincount", "broadcast_to", "empty_like", "full_like", "ones_like", "zeros_like"), counted),
    **dict.fromkeys(("geomspace", "linspace", "logspace", "resize", "sliding_window_view", "tile"), counted),
    **dict.fromkeys(("histogram", "histogram_bin_edges", "polyfit"), counted),
    **dict.fromkeys(("convolve", "correlate", "histogram2d", "insert", "kron", "meshgrid", "outer"), multiplied),
    **dict.fromkeys(("nanpercentile", "nanquantile", "percentile", "quantile"), multiplied),
    **dict.fromkeys(("polydiv", "polymul", "repeat", "take", "tensordot", "tensorsolve"), multiplied),
    **dict.fromkeys(("diagflat", "poly", "roots", "vander"), squared),
    **dict.fromkeys(("corrcoef", "cov"), _covariance),
    **dict.fromkeys(("qr", "svd"), _completed),
    "diag": _diagonal,
    "pad": _padded,
}
CUBIC = frozenset(("poly", "roots"))
# Products whose inner axis is summed over.
PRODUCTS = frozenset(("dot", "inner", "matmul", "matvec", "multi_dot", "vecmat"))
# These go round once for each count.
REPEATING = frozenset(("array_split", "diff", "polyder", "polyint"))
