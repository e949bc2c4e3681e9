"""contract against np.einsum, on random specs, dtypes and layouts."""

from __future__ import annotations

import itertools
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.core.contract import contract, fresh_letter, parse


@st.composite
def products(draw):
    """A spec in normal form, and operands for it."""
    letters = draw(st.permutations(string.ascii_lowercase[:6]))
    groups = draw(st.lists(st.integers(0, 2), min_size=4, max_size=4))
    cuts = np.cumsum([0, *groups])
    shared, left, right, summed = (list(letters[a:b]) for a, b in itertools.pairwise(cuts))
    first = draw(st.permutations(shared + left + summed))
    second = draw(st.permutations(shared + right + summed))
    out = draw(st.permutations(shared + left + right))
    sizes = {c: draw(st.integers(0, 3)) for c in letters}
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    a, b = (rng.standard_normal([sizes[c] for c in term]) for term in (first, second))
    if draw(st.booleans()):
        a, b = np.asarray(a, order="F"), np.asarray(b, np.float32)
    return f"{''.join(first)},{''.join(second)}->{''.join(out)}", a, b


@given(products())
def test_contract_is_einsum(product):
    spec, a, b = product
    got, expected = contract(a, b, spec=spec), np.einsum(spec, a, b)
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_letters():
    assert parse("ij,jk->ik") == ("ij", "jk", "ik")
    assert fresh_letter("abd") == "c"


def test_lengths_that_do_not_meet_are_numpys_error():
    with pytest.raises(ValueError, match="mismatch"):
        contract(np.ones((2, 3)), np.ones((2, 3)), spec="ij,jk->ik")
