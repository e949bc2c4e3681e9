"""Every law on every sample of every declaration: a row of the book without a test cannot exist."""

from __future__ import annotations

import pytest

import edgewise  # noqa: F401  fills the registry
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.testing.laws import LAWS, applies
from edgewise.testing.oracles import meanings


def asked(law, declaration):
    """The samples that a law says something about, by number."""
    found = {}
    for i, case in enumerate(declaration.samples):
        try:
            if applies(law, declaration, case):
                found[i] = case
        except Exception:  # noqa: BLE001  a sample that cannot be computed fails as a test, not all of them at collection
            found[i] = case
    return found


EVERY = {(law, function): asked(law, row) for law in LAWS for function, row in DECLARATIONS.items()}


@pytest.mark.parametrize(
    ("law", "function"),
    [pytest.param(law, f, id=f"{law}-{spelling(f)}") for (law, f), cases in EVERY.items() if cases],
)
def test_law(law, function):
    for i, case in EVERY[law, function].items():
        try:
            LAWS[law](DECLARATIONS[function], case)
        except Exception as error:
            error.add_note(f"sample {i} of {spelling(function)}")
            raise


def test_every_row_is_under_laws():
    """Each is asked for its value, and for its derivative unless it says that it has none."""
    for function, declaration in DECLARATIONS.items():
        assert EVERY["value", function], spelling(function)
        if declaration.primitive is not None:
            assert EVERY["zero", function] or EVERY["first_order", function], spelling(function)


def test_every_oracle_of_mpmath_is_used():
    assert set(meanings()) <= set(DECLARATIONS)
