"""A report of every row of the registry: the value is NumPy's, and what has no derivative is listed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.errors import EdgewiseError
from edgewise.testing.subject import Subject

ROWS = [row for row in DECLARATIONS.values() if spelling(row.function).startswith("np.")]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: spelling(row.function))
def test_a_report_changes_nothing(row):
    for case in row.samples[:2]:
        subject = Subject(row, case)
        floats = [v for v in subject.leaves if v.dtype.kind == "f"]
        if not floats or len(floats) != len(subject.leaves):
            continue

        def f(*leaves, subject=subject):
            return subject(*leaves)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                plain = ew.linearize(f, *subject.leaves)[0] if subject.smooth else None
            except EdgewiseError as refused:
                with pytest.raises(type(refused)):
                    ew.report(f, *subject.leaves)
                continue
            found = ew.report(f, *subject.leaves)
        if subject.smooth:
            for a, b in zip(found.value, plain, strict=True):
                np.testing.assert_array_equal(a, b)
        str(found)
        found.to_dict()


ENDS = {
    "np.argmax", "np.argmin", "np.argsort", "np.around", "np.fix", "np.rint", "np.floor", "np.ceil", "np.trunc",
    "np.searchsorted", "np.digitize", "np.isclose", "np.allclose", "np.array_equal", "np.nanargmax", "np.count_nonzero",
    "np.nonzero", "np.argwhere", "np.floor_divide", "np.sign", "np.round", "np.any", "np.all", "np.lexsort",
}  # fmt: skip


@pytest.mark.parametrize("row", [r for r in ROWS if spelling(r.function) in ENDS], ids=lambda r: spelling(r.function))
def test_dependence_ends(row):
    subject = Subject(row, row.samples[0])

    def f(*leaves):
        subject.call(*leaves)
        return np.sum(leaves[0])

    found = ew.report(f, *subject.leaves)
    assert [e.what for e in found.ended] == [spelling(row.function)]


@pytest.mark.parametrize(
    "f", [np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.iscomplexobj, np.result_type]
)
def test_nothing_ends_where_no_value_is_looked_at(f):
    def g(x):
        f(x)
        return np.sum(x)

    assert not ew.report(g, np.ones(3)).ended
