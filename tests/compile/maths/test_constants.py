"""The constants are those that the script makes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import edgewise.compile.maths.coefficients as committed


@pytest.mark.needs("mpmath")
def test_the_script_writes_the_committed_file():
    script = Path(__file__).parents[3] / "scripts" / "fit_maths.py"
    assert runpy.run_path(str(script))["text"]() == Path(committed.__file__).read_text(encoding="utf-8")
