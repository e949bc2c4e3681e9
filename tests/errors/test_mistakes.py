"""The ten commonest mistakes: what edgewise says to each, word for word, and that what it offers instead works.

The mistakes are in ``mistakes/*.md``, three blocks each: a program that makes it, the message, and the program as the
message tells to write it. In the first block the line at fault ends in ``# here``; the last block begins with a comment
that quotes the message, and asserts the right derivative.

``EDGEWISE_UPDATE_SNAPSHOTS=1`` writes the messages anew, to be read before they are committed.
"""

from __future__ import annotations

import linecache
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import EdgewiseError

UPDATE = os.environ.get("EDGEWISE_UPDATE_SNAPSHOTS", "0") not in ("", "0")
FOLDER = Path(__file__).parent / "mistakes"
BLOCKS = re.compile(
    r"^## (?P<title>.+?)\n.*?^```python\n(?P<wrong>.*?)^```\n.*?^```text\n(?P<message>.*?)^```\n.*?"
    r"^```python\n(?P<mended>.*?)^```\n",
    re.MULTILINE | re.DOTALL,
)


class Mistake(NamedTuple):
    """One of them, and the file it stands in."""

    path: Path
    title: str
    wrong: str
    message: str
    mended: str


MISTAKES = [
    Mistake(path, *found.group("title", "wrong", "message", "mended"))
    for path in sorted(FOLDER.glob("*.md"))
    for found in BLOCKS.finditer(path.read_text())
]


def execute(source: str) -> dict[str, Any]:
    """Run a program as if it were the file model.py, and return its names."""
    names: dict[str, Any] = {"np": np, "ew": ew, "__name__": "model"}
    linecache.cache["model.py"] = (len(source), None, source.splitlines(keepends=True), "model.py")
    exec(compile(source, "model.py", "exec"), names)
    return names


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.path.stem}: {m.title}")
def test_message(mistake: Mistake) -> None:
    lines = mistake.wrong.splitlines()
    (at,) = (i for i, line in enumerate(lines, 1) if line.endswith("  # here"))
    with pytest.raises(EdgewiseError) as caught:
        execute(mistake.wrong)
    error = caught.value
    said = f"{type(error).__name__}: {error}\n"
    if UPDATE:
        mistake.path.write_text(mistake.path.read_text().replace(block(mistake, mistake.message), block(mistake, said)))
    else:
        assert said == mistake.message, "say EDGEWISE_UPDATE_SNAPSHOTS=1 if this is as it should be"
    assert error.where == f"model.py:{at}"
    told = mistake.mended.splitlines()[0].removeprefix("# ")
    assert told in error.instead, "the last block does not quote the message"


def block(mistake: Mistake, message: str) -> str:
    """The part of the file that a mistake takes up, with a message."""
    return f"{mistake.wrong}```\n\n```text\n{message}"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.path.stem}: {m.title}")
def test_what_is_offered_instead_works(mistake: Mistake) -> None:
    assert "assert " in mistake.mended
    execute(mistake.mended)


def test_every_mistake_is_read() -> None:
    for path in FOLDER.glob("*.md"):
        titles = re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)
        assert [m.title for m in MISTAKES if m.path == path] == titles
        assert len(set(titles)) == len(titles) > 0
