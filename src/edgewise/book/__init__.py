"""The book: one statement a primitive. Whoever knows calculus can read it; everything else follows from it.

A rule's parameter names say what it needs: ``x`` or ``x1, x2`` the operands, ``y`` the output. See ``CONTRIBUTING.md``
for how to add a row.
"""

from edgewise.book import (
    arithmetic,
    choice,
    decomposition,
    exponential,
    fourier,
    index,
    linear_algebra,
    movement,
    order,
    parts,
    product,
    reduction,
    scan,
    sign,
    special,
    trigonometric,
    zero,
)

__all__ = [
    "arithmetic",
    "choice",
    "decomposition",
    "exponential",
    "fourier",
    "index",
    "linear_algebra",
    "movement",
    "order",
    "parts",
    "product",
    "reduction",
    "scan",
    "sign",
    "special",
    "trigonometric",
    "zero",
]
