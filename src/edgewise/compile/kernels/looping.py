"""One loop."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.compile.ir import Value, vector
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.kinds import Complex, Held

__all__ = ["Loop"]


class Loop:
    """A loop over a counter that runs at least once, with values that go from turn to turn."""

    def __init__(self, body: Body, start: Value | int, stop: Value | int, step: int, carried: Sequence[Held]) -> None:
        block = self.block = body.block
        number, before = block.fresh(), block.label
        self._label, self._done = f"{number}.loop", f"{number}.done"
        self._stop, self._step = stop.text if isinstance(stop, Value) else str(stop), step
        first = start.text if isinstance(start, Value) else str(start)
        block.lines.append(f"  br label %{self._label}")
        block.begin(self._label)
        self.counter = block.name(f"%{number}.at", vector("i64", 1))
        self._phis = [(self.counter, first, before)]
        self.carried: list[Held] = []
        for i, held in enumerate(carried):
            parts = held if isinstance(held, Complex) else (held,)
            inside = [block.name(f"%{number}.c{i}.{k}", part.kind) for k, part in enumerate(parts)]
            self._phis += [(name, part.text, before) for name, part in zip(inside, parts, strict=True)]
            self.carried.append(Complex(*inside) if isinstance(held, Complex) else inside[0])
        self._at = len(block.lines)
        block.lines.append("")  # what the counter and the values are next turn is known at the end

    def close(self, carried: Sequence[Held]) -> None:
        """End the loop; the values that were carried are those of the last turn from here on."""
        block = self.block
        following = self.counter + self._step
        more = block.emit(f"icmp slt i64 {following.text}, {self._stop}", vector("i1", 1))
        latest = [following]
        for held in carried:
            latest += held if isinstance(held, Complex) else [held]
        block.lines[self._at] = "\n".join(
            f"  {name.text} = phi {name.kind.text} [ {first}, %{before} ], [ {last.text}, %{block.label} ]"
            for (name, first, before), last in zip(self._phis, latest, strict=True)
        )
        block.lines.append(f"  br i1 {more.text}, label %{self._label}, label %{self._done}")
        block.begin(self._done)
