"""What a compiled function consists of, for reading: programs, guards with the lines they come from, frozen values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.compile.paths import Path
from edgewise.core.program import Place, Program
from edgewise.errors import shorten

__all__ = ["Inspection", "PathReport"]


class PathReport:
    """One way through the function.

    Attributes:
        number: its place in the order in which ways were recorded.
        program: the program, simplified; its text is ``str(program)``.
        guards: what Python looked at and saw, as ``(place, text)``.
        frozen: what was computed while recording and is a constant of the program, as ``(variable, place, value)``.
        reads: the arrays around the function that are read at each call, by variable.
        runs: how often it was run to its end.
        kernels: what its machine code does, section by section, with operations and bytes.
        arena: bytes of scratch memory.
        seconds: what each stage of making it took.
        llvm: its text for LLVM.
    """

    def __init__(self, number: int, path: Path) -> None:
        program: Program = path.program
        self.number = number
        self.program = program
        self.guards = [(_where(g.place), repr(g)) for g in program.guards]
        used: dict[Any, Place | None] = {}
        for op in program.ops:
            for operand in op.operands:
                used.setdefault(operand if not isinstance(operand, np.ndarray) else id(operand), op.place)
        self.frozen = [(v, _where(used.get(v)), program.arrays[v]) for v in program.arrays if v in program.frozen]
        self.reads = {v: a for v, a in program.arrays.items() if v not in program.frozen}
        self.runs = path.runs
        self._executable = path.executable
        self.kernels = self._executable.kernels
        self.arena: int = self._executable.arena
        self.seconds = dict(path.seconds)
        self.llvm: str = self._executable.text

    @property
    def assembly(self) -> str:
        """What the processor is told; made when it is asked for."""
        found: str = self._executable.assembly
        return found

    def lines(self) -> list[str]:
        """The report as text."""
        program = self.program
        found = [f"way {self.number}: {sum(1 for _ in program.ops)} operations, run {self.runs} times"]
        place: Place | None = None
        for step in program.steps:
            if step.place != place and step.place is not None:
                place = step.place
                found.append(f"  # {_where(place)}")
            found.append(f"  {step!r}")
        found.append(f"  return {', '.join(map(str, program.outputs))}")
        for var, where, value in self.frozen:
            found.append(f"  frozen {var}: {_brief(value)}" + (f", used at {where}" if where else ""))
        for var, array in self.reads.items():
            found.append(f"  reads {var}: {array.dtype}{list(array.shape)} at each call")
        for kernel in self.kernels:
            figures = f"; {kernel.operations} operations, reads {kernel.read} bytes, writes {kernel.written} bytes"
            found.append(f"  kernel: {kernel.what}{figures if kernel.operations else ''}")
        found.append(f"  scratch memory: {self.arena} bytes")
        found.append("  seconds: " + ", ".join(f"{stage} {spent:.4f}" for stage, spent in self.seconds.items()))
        return found


class Inspection:
    """What ``Jitted.inspect`` returns; it prints as text.

    Attributes:
        name: of the function.
        kinds: per kind of arguments, the ways through the function that were recorded.
    """

    def __init__(self, name: str, kinds: Sequence[tuple[str, Sequence[Path]]]) -> None:
        self.name = name
        self.kinds = [(key, [PathReport(i + 1, path) for i, path in enumerate(paths)]) for key, paths in kinds]

    def __str__(self) -> str:
        lines = [f"{self.name}: {len(self.kinds)} kind{'s' * (len(self.kinds) != 1)} of arguments"]
        for key, reports in self.kinds:
            lines += ["", f"for {key}"]
            for report in reports:
                lines += report.lines()
        return "\n".join(lines)

    __repr__ = __str__


def _where(place: Place | None) -> str:
    return "" if place is None else f"{shorten(place[0])}:{place[1]}"


def _brief(value: Any) -> str:
    text = np.array2string(value, threshold=6, precision=4, separator=", ").replace("\n", "")
    return f"{value.dtype}{list(value.shape)} {text}"
