"""Every law on every sample of every declaration: a row of the book without a test cannot exist."""

from __future__ import annotations

import pytest

import edgewise  # noqa: F401  fills the registry
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.testing.laws import LAWS, applies
from edgewise.testing.oracles import meanings


def asked(law, declaration, case):
    try:
        return applies(law, declaration, case)
    except Exception:  # noqa: BLE001  a sample that cannot be computed fails as a test, not all of them at collection
        return True


EVERY = [
    pytest.param(law, declaration, case, id=f"{law}-{spelling(declaration.function)}-{i}")
    for law in LAWS
    for declaration in DECLARATIONS.values()
    for i, case in enumerate(declaration.samples)
    if asked(law, declaration, case)
]


@pytest.mark.parametrize(("law", "declaration", "case"), EVERY)
def test_law(law, declaration, case):
    LAWS[law](declaration, case)


def test_every_row_is_under_laws():
    """Each is asked for its value, and for its derivative unless it says that it has none."""
    asked_about = {}
    for mark in EVERY:
        law, declaration, _ = mark.values
        asked_about.setdefault(declaration.function, set()).add(law)
    for function, declaration in DECLARATIONS.items():
        laws = asked_about[function]
        assert "value" in laws, spelling(function)
        assert "zero" in laws or "first_order" in laws or declaration.primitive is None, spelling(function)


def test_every_oracle_of_mpmath_is_used():
    assert set(meanings()) <= set(DECLARATIONS)
