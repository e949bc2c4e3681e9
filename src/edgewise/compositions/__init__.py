"""NumPy functions written in NumPy: no rules of their own, every derivative follows from the operations they call.

NumPy's own bodies cannot be traced (most reach C through ``asarray``), so they are spelled again, with NumPy's
signatures.
"""

from edgewise.compositions import (
    bridge,
    calculus,
    correlation,
    creation,
    histograms,
    indexing,
    interpolation,
    joining,
    nan,
    norms,
    padding,
    polynomials,
    products,
    quantiles,
    rounding,
    sequences,
    shaping,
    signal,
    statistics,
    stores,
)

__all__ = [
    "bridge",
    "calculus",
    "correlation",
    "creation",
    "histograms",
    "indexing",
    "interpolation",
    "joining",
    "nan",
    "norms",
    "padding",
    "polynomials",
    "products",
    "quantiles",
    "rounding",
    "sequences",
    "shaping",
    "signal",
    "statistics",
    "stores",
]
