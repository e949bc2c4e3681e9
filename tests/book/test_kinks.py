"""Where a row says that its convention applies (``kink``), and that every row with such a convention says where."""

from __future__ import annotations

import re

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling

# A call at a kink, and the same call off it. One for every row that has a kink.
EXAMPLES = {
    np.absolute: ([0.0], [0.5]),
    np.fabs: ([0.0], [0.5]),
    np.sign: ([0.0], [0.5]),
    np.angle: ([0.0], [0.5]),
    np.maximum: ([1.0, 1.0], [1.0, 2.0]),
    np.minimum: ([1.0, 1.0], [1.0, 2.0]),
    np.fmax: ([1.0, 1.0], [1.0, 2.0]),
    np.fmin: ([1.0, 1.0], [1.0, 2.0]),
    np.clip: ([0.3, 0.3, 1.0], [0.5, 0.3, 1.0]),
    np.heaviside: ([0.0, 0.5], [0.1, 0.5]),
    np.copysign: ([0.0, 1.0], [0.1, 1.0]),
    np.power: ([0.0, 0], [0.0, 2]),
    np.float_power: ([0.0, 0.5], [0.0, 1.5]),
    np.sqrt: ([0.0], [0.5]),
    np.cbrt: ([0.0], [0.5]),
    np.remainder: ([2.0, 1.0], [2.5, 1.0]),
    np.fmod: ([2.0, 1.0], [2.5, 1.0]),
    np.arcsin: ([1.0], [0.5]),
    np.arccos: ([-1.0], [0.5]),
    np.arccosh: ([1.0], [1.5]),
    np.arctanh: ([-1.0], [0.5]),
    np.arctan2: ([0.0, 0.0], [0.0, 1.0]),
    np.hypot: ([0.0, 0.0], [0.0, 1.0]),
    np.max: ([np.array([2.0, 1.0, 2.0])], [np.array([1.0, 1.0, 2.0])]),
    np.min: ([np.array([1.0, 1.0, 2.0])], [np.array([2.0, 1.0, 2.0])]),
    np.linalg.norm: ([np.zeros(2)], [np.array([0.0, 1.0])]),
    np.std: ([np.array([3.0, 3.0])], [np.array([3.0, 4.0])]),
    np.nanstd: ([np.array([3.0, np.nan, 3.0])], [np.array([3.0, np.nan, 4.0])]),
    np.sort: ([np.array([2.0, 1.0, 2.0])], [np.array([2.0, 1.0, 3.0])]),
    np.partition: ([np.array([2.0, 1.0, 2.0]), 1], [np.array([2.0, 1.0, 3.0]), 1]),
    np.median: ([np.array([1.0, 1.0, 2.0])], [np.array([1.0, 2.0, 2.5, 3.0, 3.0])]),
    np.nanmedian: ([np.array([1.0, np.nan, 1.0, 2.0])], [np.array([1.0, np.nan, 2.0, 3.0])]),
    np.quantile: ([np.array([1.0, 1.0, 2.0]), 0.25], [np.array([1.0, 2.0, 3.0]), 0.25]),
    np.percentile: ([np.array([1.0, 1.0, 2.0]), 25.0], [np.array([1.0, 2.0, 3.0]), 25.0]),
    np.nanquantile: ([np.array([1.0, np.nan, 1.0, 2.0]), 0.25], [np.array([1.0, np.nan, 2.0, 3.0]), 0.25]),
    np.nanpercentile: ([np.array([1.0, np.nan, 1.0, 2.0]), 25.0], [np.array([1.0, np.nan, 2.0, 3.0]), 25.0]),
    np.interp: ([0.5, np.array([0.0, 0.5, 1.0]), np.ones(3)], [0.4, np.array([0.0, 0.5, 1.0]), np.ones(3)]),
    np.nan_to_num: ([np.array([np.nan, 1.0])], [np.array([0.0, 1.0])]),
}
if hasattr(np.linalg, "vector_norm"):
    EXAMPLES[np.linalg.vector_norm] = ([np.zeros(2)], [np.array([0.0, 1.0])])
    EXAMPLES[np.linalg.matrix_norm] = ([np.zeros((2, 2))], [np.eye(2)])

# Rows whose note speaks of ties or of a point, and that have no mask: what they are made of has one, or an error says
# more (values that coincide), or the note is about something that is no kink.
OTHERS = {
    *("np.nanmax", "np.nanmin", "np.amax", "np.amin", "np.pad", "np.divmod", "np.modf", "np.unwrap", "np.corrcoef"),
    *("np.linalg.eigh", "np.linalg.eigvalsh", "np.linalg.eig", "np.linalg.eigvals", "np.linalg.slogdet"),
    *("np.linalg.svd", "np.linalg.svdvals", "np.linalg.cond", "np.prod", "np.cumprod", "np.sinc"),
}
WORDS = re.compile(r"\bties?\b|\bat (0|1|±1|\(0, 0\)|a knot)|jump|closed interval|where .* is (0|replaced)")


def test_every_convention_at_a_point_says_where_it_applies():
    told = {spelling(f) for f, row in DECLARATIONS.items() if row.kink is not None}
    assert told == {spelling(f) for f in EXAMPLES}
    methods = ("reduce", "accumulate", "reduceat", "outer")  # of a ufunc that has one
    silent = {
        spelling(f)
        for f, row in DECLARATIONS.items()
        if WORDS.search(row.note) and row.kink is None and spelling(f).rpartition(".")[2] not in methods
    }
    assert silent <= OTHERS


@pytest.mark.parametrize("function", EXAMPLES, ids=spelling)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_kink_is_seen_where_it_is_and_nowhere_else(function):
    at, off = EXAMPLES[function]
    for args, there in ((at, True), (off, False)):
        found = ew.report(lambda *x: np.sum(function(*x)), *args, argnums=0).kinks
        assert [f.what for f in found if f.what == spelling(function)] == [spelling(function)] * there
        if there:
            assert found[0].note == DECLARATIONS[function].note
