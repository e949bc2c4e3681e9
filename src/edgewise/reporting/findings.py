"""Findings: one line of a report each. Equal ones are counted, not repeated."""

from __future__ import annotations

import linecache
from types import FrameType
from typing import Any

from edgewise.errors import shorten

__all__ = ["NOWHERE", "SECTIONS", "Finding", "Findings", "Place", "place_of"]

# The sections of a report, in order: the name in ``to_dict``, and the heading.
SECTIONS = {
    "ended": "where dependence ended",
    "branches": "branches that values decided",
    "kinks": "kinks, and the convention there",
    "cuts": "infinite slopes that a cut branch dropped",
    "promoted": "what was promoted",
    "slow": "slow bridges",
    "buffers": "your arrays that the derivative keeps",
}

Place = tuple[str, int]  # file and line
NOWHERE: Place = ("", 0)


def place_of(frame: FrameType | None) -> Place:
    """The file and line a frame is at."""
    return NOWHERE if frame is None else (frame.f_code.co_filename, frame.f_lineno or 0)


class Finding:
    """One line of a report.

    Attributes:
        section: a key of ``SECTIONS``.
        what: the operation or the event, as the user would write it.
        note: what it means: a convention, a promotion, a cost.
        place: file and line of the user's code; ``NOWHERE`` where there is none.
        times: how often it was met.
        entries, size: for a kink, on how many entries, of how many, over all times.
        nbytes: for a buffer, bytes.
        true: for a branch, how often the answer was True.
    """

    __slots__ = ("entries", "nbytes", "note", "place", "section", "size", "times", "true", "what")

    def __init__(self, section: str, what: str, note: str, place: Place) -> None:
        self.section = section
        self.what = what
        self.note = note
        self.place = place
        self.times = 0
        self.entries = self.size = self.nbytes = self.true = 0

    @property
    def where(self) -> str:
        """``file:line``, as errors say it; "" where there is none."""
        file, line = self.place
        return f"{shorten(file)}:{line}" if file else ""

    @property
    def source(self) -> str:
        """The line itself, "" where it is not known."""
        return linecache.getline(*self.place).strip() if self.place[0] else ""

    @property
    def text(self) -> str:
        """All but the place, in words."""
        if self.section == "branches":
            answers = [(self.true, "True"), (self.times - self.true, "False")]
            told = ", ".join(f"{answer}{_times(n)}" for n, answer in answers if n)
            return f"{self.what}: {told}"
        if self.section == "kinks":
            many = f"{self.entries} of {self.size} {'entries' if self.size != 1 else 'entry'}" if self.size > 1 else ""
            return f"{self.what}{_times(self.times)}{f', {many}' if many else ''}: {self.note}"
        if self.section == "buffers":
            return f"{self.what}: {in_bytes(self.nbytes)}{_times(self.times)}{f'; {self.note}' if self.note else ''}"
        return f"{self.what}{_times(self.times)}{f': {self.note}' if self.note else ''}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for ``json``."""
        told: dict[str, Any] = {"what": self.what, "note": self.note, "times": self.times}
        told |= {"file": self.place[0], "line": self.place[1], "source": self.source}
        if self.section == "kinks":
            told |= {"entries": self.entries, "size": self.size}
        if self.section == "buffers":
            told["bytes"] = self.nbytes
        if self.section == "branches":
            told["true"] = self.true
        return told

    def __repr__(self) -> str:
        return f"<{self.where or 'nowhere'}: {self.text}>"


class Findings:
    """All findings of a run, in the order in which they were met first."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, Place], Finding] = {}

    def add(self, section: str, what: str, note: str, place: Place, **more: int) -> None:
        """Take one down: a new finding, or one more of a known one. ``more`` is added to its counts."""
        key = (section, what, note, place)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = Finding(section, what, note, place)
        found.times += 1
        for name, count in more.items():
            setattr(found, name, getattr(found, name) + count)

    def forget(self, section: str) -> None:
        """Drop what a section has so far."""
        for key in [key for key in self._found if key[0] == section]:
            del self._found[key]

    def of(self, section: str) -> list[Finding]:
        """Those of one section."""
        return [f for f in self._found.values() if f.section == section]


def _times(n: int) -> str:
    return "" if n == 1 else f" {n} times"


def in_bytes(n: int) -> str:
    """A number of bytes for people.

    >>> in_bytes(800), in_bytes(4000), in_bytes(2_500_000)
    ('800 bytes', '4 kB', '2.5 MB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n} bytes"
