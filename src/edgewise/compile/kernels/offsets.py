"""Memory at one turn of the innermost loop: where each lane is, in one piece, in strides, or where an index leads."""

from __future__ import annotations

from collections.abc import Callable

from edgewise.compile.ir import Block, Value
from edgewise.compile.kernels.folding import combining
from edgewise.compile.kernels.kinds import Complex, Held, Kind, load, store
from edgewise.compile.kernels.lanes import gathered, part, spread
from edgewise.compile.kernels.nests import Fetched, Reach, Read, Store

__all__ = ["Offsets", "beside", "load_lanes", "prefetch", "put", "store_lanes"]


class Offsets:
    """Memory at one turn of the innermost loop.

    Args:
        block: where instructions go.
        lanes: how many.
        base: gives the address of memory at the counters of the loops outside.
        at: the counter of this loop.
        ahead: how much further the first lane is.
    """

    def __init__(self, block: Block, lanes: int, base: Callable[[Reach], str], at: Value | int, ahead: int) -> None:
        self.block, self.lanes, self.at, self.ahead = block, lanes, at, ahead
        self._base = base
        self._pointers: dict[Reach, str] = {}
        self._offsets: dict[int, str] = {}

    def pointer(self, at: Reach) -> str:
        """Where memory is in the first lane."""
        found = self._pointers.get(at)
        if found is None:
            found = self._pointers[at] = self._moved(self._base(at), at.steps[-1])
        return found

    def _moved(self, pointer: str, step: int) -> str:
        block = self.block
        if isinstance(self.at, Value) and step:
            offset = self._offsets.get(step)
            if offset is None:
                offset = self._offsets[step] = (self.at * step).text
            name = block.fresh()
            block.lines.append(f"  %{name} = getelementptr i8, ptr {pointer}, i64 {offset}")
            pointer = f"%{name}"
        constant_part = (self.ahead + (0 if isinstance(self.at, Value) else self.at)) * step
        return beside(self.block, pointer, constant_part)

    def load(self, node: Read, row: Value | None = None) -> Held:
        """The numbers in all lanes, ``row`` bytes further."""
        pointer = beside(self.block, self.pointer(node.at), row)
        return load_lanes(self.block, pointer, node.at.steps[-1], node.kind, self.lanes)

    def fetch(self, node: Fetched, places: Value | None) -> Held:
        """The numbers in all lanes, each where its index leads."""
        block = self.block
        lanes = self._lanes(node.at, places)
        return gathered([load(block, pointer, node.kind) for pointer in lanes])

    def put(self, held: Held, one: Store, places: Value | None, skipped: int) -> None:
        """Write the numbers of all lanes one after the other, or add them to what is there."""
        for i, pointer in enumerate(self._lanes(one.at, places)):
            if i >= skipped:
                put(self.block, part(held, i, 1), pointer, one)

    def _lanes(self, at: Reach, places: Value | None) -> list[str]:
        """Where each lane is."""
        block, first = self.block, self.pointer(at)
        found = []
        for i in range(self.lanes):
            pointer = beside(block, first, i * at.steps[-1])
            own = places.lane(i) if places is not None and places.kind.lanes > 1 else places
            found.append(beside(block, pointer, own))
        return found

    def store(self, held: Held, at: Reach, kind: Kind, row: Value | None = None) -> None:
        """Write the numbers of all lanes, ``row`` bytes further."""
        store_lanes(self.block, held, beside(self.block, self.pointer(at), row), at.steps[-1], kind)


def load_lanes(block: Block, pointer: str, step: int, kind: Kind, lanes: int) -> Held:
    """The numbers in all lanes, ``step`` bytes from one to the next."""
    if lanes > 1 and not step:
        return spread(load(block, pointer, kind), lanes)
    if lanes == 1 or step == kind.size:
        return load(block, pointer, kind, lanes)
    return gathered([load(block, beside(block, pointer, i * step), kind) for i in range(lanes)])


def store_lanes(block: Block, held: Held, pointer: str, step: int, kind: Kind) -> None:
    """Write the numbers of all lanes, ``step`` bytes from one to the next."""
    lanes = (held.re if isinstance(held, Complex) else held).kind.lanes
    if lanes == 1 or step == kind.size:
        store(block, held, pointer, kind)
        return
    for i in range(lanes):
        store(block, part(held, i, 1), beside(block, pointer, i * step), kind)


def prefetch(block: Block, pointer: str) -> None:
    """Have a line of memory in the second cache soon; an address where nothing is does no harm."""
    block.module.need("llvm.prefetch.p0", lambda: "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)")
    block.lines.append(f"  call void @llvm.prefetch.p0(ptr {pointer}, i32 0, i32 2, i32 1)")


def beside(block: Block, pointer: str, offset: Value | int | None) -> str:
    """An address some bytes further."""
    if offset is None or offset == 0:
        return pointer
    name = block.fresh()
    text = offset.text if isinstance(offset, Value) else offset
    block.lines.append(f"  %{name} = getelementptr i8, ptr {pointer}, i64 {text}")
    return f"%{name}"


def put(block: Block, held: Held, pointer: str, one: Store) -> None:
    """Write a number, or add it to what is there."""
    if one.add:
        held = combining("add", one.kind)(load(block, pointer, one.kind), held)
    store(block, held, pointer, one.kind)
