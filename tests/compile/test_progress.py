"""What is said at a terminal while something long is being compiled."""

from __future__ import annotations

import io
import sys

import pytest

from edgewise.compile.progress import LONG, telling


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_that_is_taken_back(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with telling("compiling", LONG):
        assert sys.stderr.getvalue() == f"edgewise: compiling {LONG} operations ..."
    assert sys.stderr.getvalue().endswith("\r\033[K")
    with pytest.raises(KeyError), telling("compiling", LONG):
        raise KeyError
    assert sys.stderr.getvalue().count("\033[K") == 2


@pytest.mark.parametrize("out", [io.StringIO(), None, Terminal()])
def test_nothing_is_said_of_little_or_where_nobody_looks(monkeypatch, out):
    monkeypatch.setattr(sys, "stderr", out)
    with telling("compiling", LONG - 1 if isinstance(out, Terminal) else LONG):
        pass
    assert not out or out.getvalue() == ""
