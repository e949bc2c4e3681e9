"""Every law on every sample of every declaration: a row of the book without a test cannot exist."""

from __future__ import annotations

import pytest

import edgewise  # noqa: F401  fills the registry
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.testing.laws import LAWS, applies

EVERY = [
    pytest.param(law, declaration, case, id=f"{law}-{spelling(declaration.function)}-{i}")
    for law in LAWS
    for declaration in DECLARATIONS.values()
    for i, case in enumerate(declaration.samples)
    if applies(law, declaration, case)
]


@pytest.mark.parametrize(("law", "declaration", "case"), EVERY)
def test_law(law, declaration, case):
    LAWS[law](declaration, case)
