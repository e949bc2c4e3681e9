"""The ways through a function that have been taken, as a tree that branches where a guard did not hold.

Each path is a straight program. When one is run and its k-th look at a value shows something else, the paths that are
known to go on from there are tried, and if none holds to its end, the caller records a new one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from edgewise.compile.passes import simplified
from edgewise.compile.passes.loops import rerolled
from edgewise.compile.passes.recomputed import recomputed
from edgewise.compile.progress import telling
from edgewise.compile.recording import Recording

__all__ = ["Path", "Paths"]


LONG = 20_000  # steps from which on they are not kept for a derivative


class Path:
    """One way through the function.

    Attributes:
        recording: what was recorded.
        program: the same, simplified.
        others: by the number of the guard that did not hold, paths that part from this one there.
        runs: how often it was run to its end.
        straight: what was recorded, step by step, for whoever differentiates it; None of a very long one.
        piece: the same as one operation, or None until that is asked for.
        seconds: what each stage of making it took.
    """

    __slots__ = ("_build", "_guards", "_run", "others", "piece", "program", "recording", "runs", "seconds", "straight")

    def __init__(self, recording: Recording, build: Callable[[Any], Any]) -> None:
        begun = time.perf_counter()
        self.straight = recording.program if len(recording.program.steps) <= LONG else None
        self.piece: Any = None
        with telling("simplifying", len(recording.program.steps)):
            program = simplified(rerolled(recording.program))
            again = recomputed(program)
            self.program = program if again is program else simplified(again)
        # Ways are merged as they were recorded; where there is but one, that would be kept for nothing.
        self.recording = recording if recording.program.guards else recording._replace(program=self.program)
        self.seconds = {"simplify": time.perf_counter() - begun}
        self.others: dict[int, list[Path]] = {}
        self.runs = 0
        self._build = build
        self._guards = self.program.guards
        self._run: Any = None

    @property
    def executable(self) -> Any:
        """Its machine code, made when it is first needed."""
        if self._run is None:
            with telling("compiling", len(self.program.steps)):
                self._run = self._build(self.program)
            self.seconds |= self._run.seconds
        return self._run

    def run(self, inputs: Sequence[Any]) -> tuple[int, list[Any]]:
        """Its outputs, after -1; or the number of the guard that did not hold."""
        code, found = self.executable.run(inputs)
        if code:
            return self._guards[code - 1].number, []
        self.runs += 1
        return -1, found


class Paths:
    """All paths of one specialisation."""

    __slots__ = ("_build", "first")

    def __init__(self, build: Callable[[Any], Any]) -> None:
        self._build = build
        self.first: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        todo = [] if self.first is None else [self.first]
        while todo:
            path = todo.pop()
            yield path
            todo += [other for others in path.others.values() for other in others]

    def run(self, inputs: Sequence[Any]) -> tuple[Recording, list[Any]] | None:
        """The recording of the path that holds for these inputs and its outputs; None where none does."""
        candidates = [] if self.first is None else [self.first]
        at = -2  # the guard at which the candidates part
        while candidates:
            path, *candidates = candidates
            number, found = path.run(inputs)
            if number == -1:
                return path.recording, found
            if number > at:
                at, candidates = number, path.others.get(number, [])
        return None

    def of(self, recording: Recording) -> Path | None:
        """The path that a recording was kept as; None if it was not."""
        return next((path for path in self if path.recording.moving is recording.moving), None)

    def add(self, recording: Recording, seconds: float = 0.0) -> bool:
        """Add a path, which took some time to record; False where it cannot be told from those there are."""
        made = Path(recording, self._build)
        made.seconds = {"record": seconds} | made.seconds
        if self.first is None:
            self.first = made
            return True
        looks = recording.program.guards
        path = self.first
        while True:
            theirs = path.recording.program.guards
            parted = next((i for i, (a, b) in enumerate(zip(looks, theirs, strict=False)) if not _alike(a, b)), None)
            if parted is None:
                return False
            others = path.others.setdefault(parted, [])
            following = next((p for p in others if _alike(looks[parted], p.recording.program.guards[parted])), None)
            if following is None:
                others.append(made)
                return True
            path = following


def _alike(a: Any, b: Any) -> bool:
    """Whether two looks saw the same."""
    if a.truth or b.truth:
        return a.truth == b.truth and a.expected is b.expected
    return bool(a.holds(b.expected))
