"""``Explanation``: one run of a function, with the derivative on every edge, to read, to print and to export."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path as File
from typing import Any

from edgewise.errors import ArgumentError
from edgewise.explain import export, influence, table
from edgewise.explain.counting import Counts
from edgewise.explain.graph import Pair
from edgewise.explain.grouping import Box
from edgewise.explain.influence import Blame, Path
from edgewise.explain.source import Sources
from edgewise.explain.trace import Edge, Value

__all__ = ["Explanation"]

LISTED = 100  # paths that ``blame`` lists one by one


class Explanation:
    """One run of a function. Made by ``edgewise.explain``.

    ``e["s"]`` is the value of that name, iteration goes over all values in order of computation, and ``print(e)`` gives
    the table of the textbooks.

    Attributes:
        title: the name of the function.
        mode: "reverse" or "forward".
        value: what the function returned.
        gradient: in reverse mode, the derivative of the output (along the seed, where one was given) with respect to
            each argument; for a single argument not in a tuple. In forward mode None.
        tangent: in forward mode, the derivative of what the function returned, along the seed; else None.
        values: all values, inputs first.
        edges: the edges between them.
        inputs, outputs: those of the values that are.
        counts: what a whole derivative costs forward and in reverse.
        complete: whether every operation is told.
        note: what is left out, and why; "" where nothing is.
        boxes: the groups (lines, loops, passes, calls), and
        box: per value its innermost group.
    """

    def __init__(
        self,
        *,
        title: str,
        mode: str,
        value: Any,
        gradient: Any,
        tangent: Any,
        values: list[Value],
        edges: list[Edge],
        inputs: list[Value],
        outputs: list[Value],
        counts: Counts,
        complete: bool,
        note: str,
        boxes: tuple[list[Box], list[int | None]],
        sources: Sources,
        seeds: dict[int, Pair],
        flowed: dict[int, Pair],
        beyond: dict[int, Pair],
    ) -> None:
        self.title = title
        self.mode = mode
        self.value = value
        self.gradient = gradient
        self.tangent = tangent
        self.values = values
        self.edges = edges
        self.inputs = inputs
        self.outputs = outputs
        self.counts = counts
        self.complete = complete
        self.note = note
        self.boxes, self.box = boxes
        self.sources = sources
        self._seeds = seeds
        self._flowed = flowed
        self._beyond = beyond
        self._names = {v.name: v for v in values}

    def __getitem__(self, name: str | int) -> Value:
        if isinstance(name, int):
            return self.values[name]
        found = self._names.get(name)
        if found is None:
            raise KeyError(f"no value of the name {name!r}; there are {', '.join(list(self._names)[:20])}")
        return found

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values)

    # -- influence

    def blame(self, x: str | int | Value | None = None) -> Any:
        """How much each path from an input to the output contributes to the derivative.

        Args:
            x: a value, its name or its index; None for all inputs.

        Returns:
            A ``Blame`` of the gradient and the paths whose contributions add up to it, the largest first. Where there
            are more than 100 paths, or the trace is not complete, they are put together by their first edge. For
            None, a dictionary of them by name.

        Raises:
            ArgumentError: the trace is in forward mode.

        >>> import edgewise as ew
        >>> e = ew.explain(lambda x, y: x * y + x, 3.0, 2.0)
        >>> print(e.blame("x"))
        x: 3 over 2 paths
          x → v1 → v2: 2
          x → v2: 1
        """
        if x is None:
            return {v.name: self._blame(v) for v in self.inputs}
        return self._blame(x if isinstance(x, Value) else self[x])

    def _blame(self, x: Value) -> Blame:
        if self.mode == "forward":
            raise ArgumentError(
                "a trace in forward mode was asked what contributes to the output",
                "contributions are products with adjoints, and it has tangents",
                "ask the trace in reverse mode: ew.explain(f, x).blame()",
            )
        return influence.blame(x, self._seeds, self._flowed, self._beyond, LISTED if self.complete else None)

    def paths(self, x: str | int | Value) -> tuple[Path, ...]:
        """The paths from a value to the output, with the partials along each and their product.

        Raises:
            ArgumentError: there are too many to list; ``blame`` puts them together.
        """
        found = self.blame(x)
        if not found.complete:
            raise ArgumentError(
                f"there are {found.number or 'too many'} paths from {found.name} to the output",
                f"at most {LISTED} are listed one by one",
                f"use e.blame({found.name!r}), which puts them together by their first edge",
            )
        return tuple(found.paths)

    @property
    def dead(self) -> list[Value]:
        """Values with no effect on the output, since no path leads there, or a choice not taken cuts every path.

        >>> import edgewise as ew
        >>> [v.name for v in ew.explain(lambda x, y: x**2 if x > 1 else x * y, 3.0, 2.0).dead]
        ['y']
        """
        return [v for v in self.values if v.dead]

    # -- text, pictures, files

    def __str__(self) -> str:
        return table.table(self)

    def __repr__(self) -> str:
        return f"<explanation of {self.title}: {len(self.values)} values, {len(self.edges)} edges>"

    def to_dict(self, *, source: bool = True) -> dict[str, Any]:
        """The trace as plain Python data, in the published form ``edgewise.trace/1`` (``edgewise.explain.schema()``).

        Args:
            source: whether the text of the traced functions goes with it. File names are always without their folder.
        """
        return export.to_dict(self, source=source)

    def to_json(self, path: str | File | None = None, *, source: bool = True, overwrite: bool = False) -> str:
        """The trace as JSON text; with a path, also written there.

        Raises:
            FileError: the file exists and ``overwrite`` is not given, or it cannot be written.
        """
        return export.write(path, export.to_json(self, source=source), overwrite)

    def to_dot(self, path: str | File | None = None, *, overwrite: bool = False) -> str:
        """The graph in the language of Graphviz; with a path, also written there.

        Raises:
            FileError: as ``to_json``.
        """
        return export.write(path, export.to_dot(self), overwrite)

    def to_svg(self, path: str | File | None = None, *, overwrite: bool = False) -> str:
        """The graph as a picture; with a path, also written there.

        Raises:
            FileError: as ``to_json``.
        """
        svg: str = import_module("edgewise.explain.svg").render(self.to_dict())
        return export.write(path, svg, overwrite)

    def to_tikz(self, path: str | File | None = None, *, overwrite: bool = False) -> str:
        """The graph as a ``tikzpicture``, for a paper that loads tikz and xcolor; with a path, also written there.

        Raises:
            FileError: as ``to_json``.
        """
        picture: str = import_module("edgewise.explain.tikz").render(self.to_dict())
        return export.write(path, picture, overwrite)

    def to_html(
        self,
        path: str | File | None = None,
        *,
        at: int | None = None,
        source: bool = True,
        overwrite: bool = False,
    ) -> str:
        """The step-through page, one self-contained file; with a path, also written there.

        Args:
            path: where to write it.
            at: how many steps are done where the page opens: 0 is the start, ``len(e)`` in reverse mode is where
                derivatives begin to flow; by default all of them.
            source: whether the text of the traced functions goes with it.
            overwrite: whether a file that is there may be replaced.

        Raises:
            ArgumentError: there are not so many steps.
            FileError: as ``to_json``.
        """
        trace = self.to_dict(source=source)
        steps = len(trace["steps"])
        if at is not None and not 0 <= at <= steps:
            raise ArgumentError(
                f"the page was to open at step {at}",
                f"{self.title} has {steps} steps",
                f"use a number from 0 to {steps}, or leave at= out",
            )
        page: str = import_module("edgewise.explain.page").render(trace, self.title, at)
        return export.write(path, page, overwrite)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What notebooks show: the page in a frame that may run its script and nothing else, the picture, the table."""
        return export.mimebundle(self, include, exclude)
