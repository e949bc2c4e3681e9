"""What a terminal is shown, with rich and without."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest

from edgewise.cli import screen
from edgewise.cli.screen import Screen, exact, short

SMALL = ("(a*b + c)**2", "a=3", "b=2", "c=1")
CONTROL = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def terminal(monkeypatch):
    """The standard output passes for a terminal of 100 columns."""
    monkeypatch.setattr(screen, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def without_rich(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "rich" else real(name, *rest))


PLAIN_TABLE = """\
(a*b + c)**2

value  49

variable  value  gradient
────────  ─────  ────────
a             3        28
b             2        42
c             1        14

forward ↓          value  reverse ↑         value
─────────  ──────  ─────  ─────────  ─────  ─────
a                      3  ā          v̄1·2      28
b                      2  b̄          v̄1·3      42
c                      1  c̄          v̄2·1      14
v1         a * b       6  v̄1         v̄2·1      14
v2         v1 + c      7  v̄2         v̄3·14     14
v3         v2**2      49  v̄3                    1

3 operations, 5 edges; a whole derivative takes 8 products forward (3 sweeps) and 5 in reverse (1 sweep)
"""


def test_without_rich_tables_are_drawn_all_the_same(run, terminal, without_rich):
    assert run(*SMALL).out == PLAIN_TABLE


@pytest.mark.needs("rich")
def test_with_rich_they_have_colours(run, terminal):
    out = run(*SMALL).out
    assert "\x1b[" in out
    bare = CONTROL.sub("", out)
    for row in ("b              2         42", "v2          v1 + c", "v̄3·14"):
        assert row in bare


@pytest.mark.needs("rich")
def test_no_color_is_respected(run, terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", run(*SMALL).out)


def test_plain_lines_on_request(run, terminal):
    assert run(*SMALL, "--plain").out.startswith("value\t49\n")


@pytest.mark.parametrize(
    "words",
    [
        [*SMALL, "--order", "2", "--mode", "forward"],
        ["sin(x)", "x=[1,2,3]"],
        ["2**10"],
        ["check", "abs(x)*x", "x=2"],
        ["bench", "x**2", "x=2", "--seconds", "0.01"],
        ["info"],
        ["demo"],
        ["+".join(["sin(x)"] * 50), "x=1"],
    ],
)
@pytest.mark.parametrize("rich", [True, False])
def test_every_command_shows_something(run, terminal, request, words, rich):
    if not rich:
        request.getfixturevalue("without_rich")
    elif importlib.util.find_spec("rich") is None:
        return
    done = run(*words)
    assert (done.code, done.err) == (0, "")
    assert done.out


def test_a_mismatch_is_shown_with_both_numbers(run, terminal, without_rich):
    from pathlib import Path

    done = run("check", f"{Path(__file__).parent / 'model.py'}:mistaken", "2.0")
    assert done.code == 1
    assert "comparisons differ" in done.out
    assert "DIFFERS" in done.out


def test_what_the_user_typed_is_never_markup(terminal, capsys):
    Screen().text("[red]x[/red] \\[a]")
    assert "[red]x[/red]" in CONTROL.sub("", capsys.readouterr().out)


def test_a_cell_cannot_move_the_cursor(capsys):
    Screen(plain=True).row("a\tb\nc\x1b[2J", 1.0)
    assert capsys.readouterr().out == "a b c [2J\t1\n"


def test_numbers_in_full_and_in_short():
    assert exact(np.float64(1 / 3)) == repr(1 / 3)
    assert exact(np.zeros((0, 2))) == "[]"
    assert exact(1 + 2j) == "(1+2j)"
    assert exact(np.float64(np.nan)) == "nan"
    assert exact(np.bool(True)) == "True"
    assert short(np.zeros(65)) == "float64(65,) 0 … 0, mean 0"
    assert short(np.array([[1.0, 2.0], [3.0, 1 / 3]]), 3) == "[[1, 2], [3, 0.333]]"
