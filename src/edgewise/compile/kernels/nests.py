"""What the body of a nest of loops reads, computes, stores and folds: a graph, each node of it once.

``Body``s are written from it by ``loops``. A node is one of four: a ``Read`` of memory at an affine function of the
loops' counters, a ``Known`` number that is the same at every point, an operation ``Made`` of other nodes, or another
one ``Changed`` to another dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from edgewise.compile.kernels.body import Cell, Fixed
from edgewise.compile.kernels.entries import Entry
from edgewise.compile.kernels.kinds import Kind, kind_for, kind_of
from edgewise.compile.kernels.scalars import Scalar
from edgewise.compile.kernels.sections import Division
from edgewise.compile.kernels.table import Memory
from edgewise.compile.kernels.views import Affine, Index, Pick, identity
from edgewise.core.program import Var

__all__ = ["Changed", "Fetched", "FoldInto", "Graph", "Known", "Made", "Node", "Reach", "Read", "Rows", "Store"]


class Reach(NamedTuple):
    """Memory as loops go through it: a buffer, an offset, and a step for each axis, all in bytes."""

    buffer: int
    offset: int
    steps: tuple[int, ...]


class Read(NamedTuple):
    """A number in memory."""

    at: Reach
    kind: Kind


class Term(NamedTuple):
    """An index that a node gives: bytes from one entry to the next, and how many there are."""

    node: int
    stride: int
    length: int


class Fetched(NamedTuple):
    """A number in memory where nodes say, beyond an affine function of the counters."""

    at: Reach
    terms: tuple[Term, ...]
    kind: Kind


class Known(NamedTuple):
    """A number that is the same everywhere."""

    cell: Cell


class Made(NamedTuple):
    """An operation on nodes, by their numbers."""

    how: Scalar
    arguments: tuple[int, ...]


class Changed(NamedTuple):
    """A node as a number of another dtype."""

    node: int
    given: Kind
    wanted: Kind


Node: TypeAlias = Read | Fetched | Known | Made | Changed


class Store(NamedTuple):
    """A node that is written to memory.

    Attributes:
        node, at, kind: which, where, and as what.
        terms: indices beyond an affine place.
        add: whether it is added to what is there.
    """

    node: int
    at: Reach
    kind: Kind
    terms: tuple[Term, ...] = ()
    add: bool = False


class Rows(NamedTuple):
    """How the nests of a band go through the axis that they share: block by block, in a loop that is open already.

    Attributes:
        axis: of the nest's space.
        start: the first row.
        blocks: how many there are.
        length: rows of a block.
        lanes: whether rows are taken in lanes; what is local lies so.
    """

    axis: int
    start: int
    blocks: int
    length: int
    lanes: bool


class FoldInto(NamedTuple):
    """A node that is folded along some axes, by the name of what makes one of two, and written to memory."""

    node: int
    name: str
    axes: frozenset[int]
    at: Reach
    kind: Kind


class Graph:
    """The body of a nest.

    Attributes:
        space: lengths of its loops: those of the operations' axes; in a band the blocks of rows come first.
        rows: how it goes through the rows of a band; None outside of one.
        index: the place in the operations' space, as a function of the loops' counters.
        nodes: in an order that has operands first.
        stores, folds: what is done with them.
    """

    def __init__(
        self,
        space: tuple[int, ...],
        division: Division,
        at: int,
        found: Callable[[Var], Memory | Cell],
        rows: Rows | None = None,
    ) -> None:
        self.space, self.rows, self.index = space, rows, identity(len(space))
        if rows is not None:
            self.space = (rows.blocks, *(rows.length if k == rows.axis else n for k, n in enumerate(space)))
            self.index = tuple(Affine(0, (0, *one.steps)) for one in self.index)
            own = self.index[rows.axis]
            self.index = (
                *self.index[: rows.axis],
                Affine(rows.start, (rows.length, *own.steps[1:])),
                *self.index[rows.axis + 1 :],
            )
        self.nodes: list[Node] = []
        self.stores: list[Store] = []
        self.folds: list[FoldInto] = []
        self._division, self._at, self._found = division, at, found
        self._numbers: dict[Any, int] = {}
        self._made: dict[Var, int] = {}
        self._resolved: dict[tuple[Var, Index], int] = {}

    def node(self, node: Node) -> int:
        """The number of a node, which is added if it is new."""
        key: Any = node
        if isinstance(node, Made):
            key = (id(node.how.function), node.how.compute, node.arguments)
        elif isinstance(node, Known) and isinstance(node.cell, Fixed):  # -0.0 and 0.0 are not the same number
            key = (repr(node.cell.number), node.cell.kind)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
        return number

    def enter(self, entry: Entry, into: Memory | None) -> None:
        """Add an operation; its result is written to memory if that is given."""
        number = self._computed(entry, self.index)
        if entry.fold is None:
            self._made[entry.var] = number
            if into is not None:
                self.stores.append(Store(number, self.reach(into, self.index), entry.kind))
        elif into is not None:
            axes = entry.fold.axes
            if self.rows is not None:
                axes = frozenset(k + 1 for k in axes) | ({0} if self.rows.axis in axes else set())
            reach = self.reach(into, tuple(self.index[k] for k in entry.fold.kept))
            self.folds.append(FoldInto(number, entry.fold.name, axes, reach, entry.kind))

    def read(self, operand: Any, index: Index, wanted: Kind) -> int:
        """The node for an entry of an operand, in a dtype."""
        if type(operand) is not Var:
            return self.node(Known(Fixed(np.asarray(operand).item(), wanted)))
        number, given = self._resolve(operand, index), kind_of(operand.dtype)
        assert given is not None
        return number if given.dtype == wanted.dtype else self.node(Changed(number, given, wanted))

    def reach(self, memory: Memory, index: Index) -> Reach:
        """Memory as the loops go through it, where they are at an index of the array there."""
        offset, steps = memory.offset, [0] * len(self.space)
        for k, (affine, stride) in enumerate(zip(index, memory.strides, strict=True)):
            if k == memory.rows:  # of the block at hand
                affine = Affine(0, (0, *affine.steps[1:]))  # noqa: PLW2901  as it is seen there
            offset += affine.start * stride
            for axis, step in enumerate(affine.steps):
                steps[axis] += step * stride
        return Reach(memory.buffer, offset, tuple(steps))

    def terms(self, memory: Memory, shape: tuple[int, ...], picks: tuple[Pick, ...], index: Index) -> tuple[Term, ...]:
        """Where index arrays look in memory of a shape."""
        return tuple(
            Term(
                self.read(pick.array, pick.view.through(index, len(self.space)), _INDEX),
                memory.strides[pick.axis],
                shape[pick.axis],
            )
            for pick in picks
        )

    def _fetched(self, entry: Entry, index: Index) -> int:
        x, view = entry.reads[0]
        memory = self._found(x)
        assert isinstance(memory, Memory)
        at = self.reach(memory, view.through(index, len(self.space)))
        return self.node(Fetched(at, self.terms(memory, x.shape, entry.picks, index), entry.kind))

    def _computed(self, entry: Entry, index: Index) -> int:
        rank = len(self.space)
        if entry.picks:
            return self._fetched(entry, index)
        kinds = entry.how.kinds if entry.how else (entry.kind,)
        arguments = [
            self.read(x, view.through(index, rank), kind) for (x, view), kind in zip(entry.reads, kinds, strict=True)
        ]
        if entry.how is None:
            return arguments[0]
        if entry.how.name == "multiply":
            for one, other in (arguments, arguments[::-1]):
                if self._is_one(one):
                    return other
        return self.node(Made(entry.how, tuple(arguments)))

    def _is_one(self, number: int) -> bool:
        """Whether a node is the number 1, by which the sweep of a sum begins."""
        node = self.nodes[number]
        return (
            isinstance(node, Known)
            and isinstance(node.cell, Fixed)
            and node.cell == Fixed(1, node.cell.kind)
            and (not node.cell.kind.complex)
        )

    def _resolve(self, var: Var, index: Index) -> int:
        division, rank = self._division, len(self.space)
        while True:
            if var in self._made and index == self.index:
                return self._made[var]
            made = division.where.get(var)
            if made is not None and made < self._at:
                return self._loaded(var, index)
            if var in division.inline:
                key = (var, index)
                if key not in self._resolved:
                    self._resolved[key] = self._computed(division.inline[var], index)
                return self._resolved[key]
            source, view = division.views[var]
            if view.flat:
                return self._loaded(var, index)
            var, index = source, view.through(index, rank)

    def _loaded(self, var: Var, index: Index) -> int:
        kind = kind_for(var.dtype)
        found = self._found(var)
        if not isinstance(found, Memory):
            return self.node(Known(found))
        return self.node(Read(self.reach(found, index), kind))


_INDEX = kind_for(np.dtype(np.int64))
