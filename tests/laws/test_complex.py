"""The law of complex numbers: what NumPy computes of them has its derivative, and nothing else has."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise  # noqa: F401  fills the registry
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.testing.complex_laws import in_complex, refuses_as_numpy
from edgewise.testing.laws import LAWS, applies

ASKED = ("value", "first_order", "adjointness", "second_order", "batching")
PHASES = "LAPACK chooses the phases of complex vectors, by no rule that has a derivative"
EXCEPTIONS = {
    np.linalg.eigh: PHASES,
    np.linalg.svd: PHASES,
}
if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
    EXCEPTIONS[np.unique_values] = "the order of its result is that of a hash"
BY_VALUE = {np.poly, np.real_if_close}  # whether the result is real depends on values: batches are refused


def samples(declaration):
    """At most three, spread over those of the row: an option is seldom another one for complex numbers."""
    return declaration.samples[:: max(1, -(-len(declaration.samples) // 3))]


@pytest.mark.parametrize(
    "function",
    [pytest.param(f, id=spelling(f)) for f, row in DECLARATIONS.items() if f not in EXCEPTIONS],
)
def test_complex(function):
    declaration = DECLARATIONS[function]
    for case in samples(declaration):
        row = in_complex(declaration, case)
        if row is None:
            if case.wrt and declaration.kind != "zero":
                refuses_as_numpy(declaration, case)
            continue
        row = row._replace(ragged=row.ragged or function in BY_VALUE)
        for law in ASKED:
            if applies(law, row, row.samples[0]):
                LAWS[law](row, row.samples[0])


@pytest.mark.parametrize("function", [pytest.param(f, id=spelling(f)) for f in EXCEPTIONS])
def test_an_exception_is_needed(function):
    """Whoever makes one needless takes it out."""
    with pytest.raises(Exception, match=r"."):
        test_complex(function)
