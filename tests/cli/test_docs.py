"""The page about the command line: each command on it is run, and must write what the page says.

Where the page is to be made anew, ``EDGEWISE_WRITE_DOCS=1`` writes what the commands wrote.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from edgewise.cli import main, screen

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(?<=```console\n)(.*?)(?=```)", re.DOTALL)
DIFFERENCE = re.compile(r"\d\.\de[-+]\d\d")  # of two derivatives: rounding, which differs between machines
FILE = re.compile(r"```python\n# (\w+\.py)\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", [PAGE, README], ids=lambda page: page.name)
def test_every_command_writes_what_the_page_says(page, capsys, monkeypatch, tmp_path):
    text = page.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(screen, "is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")  # tables without colours
    for name, content in FILE.findall(text):
        (tmp_path / name).write_text(content, encoding="utf-8")

    def again(block: re.Match[str]) -> str:
        commands = [line for line in block[1].splitlines() if line.startswith("$ ")]
        told = []
        for command in commands:
            program, *words = shlex.split(command.removeprefix("$ "))
            assert program == "edgewise"
            main(words)
            out, err = capsys.readouterr()
            told.append(f"{command}\n{out.rstrip()}\n{err}" if out else f"{command}\n{err}")
        return "".join(told)

    written = BLOCK.sub(again, text)
    assert BLOCK.search(text), "there are commands on the page"
    if os.environ.get("EDGEWISE_WRITE_DOCS"):
        page.write_text(written, encoding="utf-8")
    assert DIFFERENCE.sub("0.0e+00", written) == DIFFERENCE.sub("0.0e+00", text)
