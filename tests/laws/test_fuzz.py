"""A few hundred of the random programs of ``make fuzz``, and that it would find a mistake."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from edgewise.book import trigonometric
from edgewise.errors import CheckError
from edgewise.testing.fuzz.arguments import misuse
from edgewise.testing.fuzz.campaign import campaign
from edgewise.testing.fuzz.checks import CHECKS, run
from edgewise.testing.fuzz.grammar import program, scalar_program

CHUNK = 40


@pytest.mark.parametrize("first", range(0, 10 * CHUNK, CHUNK))
def test_programs(first):
    refused: Counter[str] = Counter()
    for failure in campaign(range(first, first + CHUNK), refused):
        assert failure is None, f"seed {failure.seed}: {failure.message}\n{failure.script}"
    assert sum(refused.values()) <= CHUNK * len(CHECKS) // 5, refused  # most programs have something to say


@pytest.mark.parametrize("first", range(4))
def test_bad_arguments_are_refused_as_numpy_refuses_them(first):
    """Or accepted, where NumPy is stricter, which is rare; but no exception comes from inside."""
    found = [m for m in misuse(range(500 * first, 500 * (first + 1))) if m is not None]
    assert [str(m) for m in found if m.ours is not None and m.theirs is not None] == []
    assert len(found) <= 4, [str(m) for m in found]


def test_a_wrong_derivative_is_found_and_shown_by_a_small_program(monkeypatch):
    monkeypatch.setattr(trigonometric.sin, "weights", ((lambda x: 1.001 * np.cos(x), 0),))
    seeds = [s for s in range(400) if "np.sin(x" in program(s).source][:3]
    found = [failure for failure in campaign(iter(seeds)) if failure is not None]
    assert found
    assert min(len(f.program.lines) for f in found) <= 2
    small = min(found, key=lambda f: len(f.script))
    assert "np.sin" in small.script
    with pytest.raises(CheckError):
        exec(small.script, {})
    monkeypatch.undo()
    exec(small.script, {})


def test_programs_are_those_of_their_seeds():
    """Whatever was imported or run before: a seed is told to somebody else."""
    code = "from edgewise.testing.fuzz.grammar import program; print(program(3).source)"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert fresh == program(3).source + "\n"
    assert program(17).source == program(17).source
    assert scalar_program(17).source == scalar_program(17).source
    made = scalar_program(17)
    run("mpmath", made.function(), made.inputs, seed=1, analytic=True)
