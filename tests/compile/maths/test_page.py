"""The page says what the table of functions says."""

from __future__ import annotations

import re
from pathlib import Path

from edgewise.compile.maths import FUNCTIONS

PAGE = Path(__file__).parents[3] / "docs" / "compile-maths.md"


def test_the_page_has_every_bound_and_nothing_worse_was_seen():
    rows = re.findall(
        r"^\| `(\w+)` \| (.+) \| (.+) \| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [name for name, *_ in rows] == list(FUNCTIONS)
    for name, *cells in rows:
        bound, seen, single_bound, single_seen = map(float, cells)
        assert (bound, single_bound) == (FUNCTIONS[name].ulp["double"], FUNCTIONS[name].ulp["float"])
        assert 0.4 < seen <= bound
        assert 0.4 < single_seen <= single_bound
