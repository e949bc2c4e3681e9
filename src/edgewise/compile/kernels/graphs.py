"""The graphs of a section: one for its nest, or one for each piece of an array that is put together."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator

from edgewise.compile.kernels.arithmetic import COMPLEX, REAL
from edgewise.compile.kernels.body import Cell
from edgewise.compile.kernels.boxes import Box, boxes
from edgewise.compile.kernels.kinds import kind_for
from edgewise.compile.kernels.nests import Graph, Made, Rows, Store
from edgewise.compile.kernels.packing import Pack, Part
from edgewise.compile.kernels.scalars import Scalar
from edgewise.compile.kernels.sections import Division, Nest
from edgewise.compile.kernels.table import Memory
from edgewise.compile.kernels.views import whole
from edgewise.core.program import Var

__all__ = ["graphs"]

Found = Callable[[Var], Memory | Cell]


def graphs(
    division: Division,
    at: int,
    found: Found,
    rooms: dict[Var, Memory | None],
    inherited: Container[Var],
    rows: Rows | None = None,
) -> Iterator[Graph]:
    """The graphs of a section, in order.

    Args:
        division: the sections.
        at: which of them: a ``Nest`` or a ``Pack``.
        found: where variables are that it reads.
        rooms: where the variables are that it makes; None for one that nobody needs.
        inherited: arrays that are put together in the memory of their first part.
        rows: of a band, along an axis of the nest or of the array.
    """
    section = division.sections[at]
    if isinstance(section, Nest):
        graph = Graph(section.space, division, at, found, rows)
        for entry in section.entries:
            graph.enter(entry, rooms[entry.var])
        yield graph
        return
    assert isinstance(section, Pack)
    memory = rooms[section.var]
    if memory is None:
        return
    parts, cut = section.parts, None
    if section.var in inherited:
        parts = parts[1:]
    if rows is not None:
        parts = tuple(part for part in parts if _covers(part, rows))
    if section.var not in inherited:
        cut = boxes(parts, section.var.shape, -1 if rows is None else rows.axis)
    if cut is None:
        for part in parts:
            yield _part(Graph(part.shape, division, at, found, _of(part, rows)), section, part, memory)
    else:
        for box in cut:
            yield _box(Graph(box.shape, division, at, found, rows), section, box, memory)


def _covers(part: Part, rows: Rows) -> bool:
    """Whether a part has the rows: all of them or none."""
    start, stop = part.along(rows.axis)
    return start <= rows.start < stop


def _of(part: Part, rows: Rows | None) -> Rows | None:
    """The rows as those of a part."""
    if rows is None:
        return None
    place = part.place.axes[rows.axis]
    return rows._replace(axis=place.axis, start=rows.start - place.start)


def _part(graph: Graph, section: Pack, part: Part, memory: Memory) -> Graph:
    kind, rank = kind_for(section.var.dtype), len(graph.space)
    shape = part.source.shape if type(part.source) is Var else ()
    node = graph.read(part.source, whole(shape, part.shape).through(graph.index, rank), kind)
    place = graph.reach(memory, part.place.through(graph.index, rank))
    terms = graph.terms(memory, section.var.shape, part.picks, graph.index)
    graph.stores.append(Store(node, place, kind, terms, part.add))
    return graph


def _box(graph: Graph, section: Pack, box: Box, memory: Memory) -> Graph:
    kind, rank = kind_for(section.var.dtype), len(graph.space)
    add = Scalar("add", (kind, kind), kind, kind, (COMPLEX if kind.complex else REAL)["add"])
    node, *more = [graph.read(part.source, box.entries(part, graph.index, rank), kind) for part in box.layers]
    for other in more:
        node = graph.node(Made(add, (node, other)))
    graph.stores.append(Store(node, graph.reach(memory, box.place(graph.index)), kind))
    return graph
