"""The steps of a loop, kept for the derivative or computed again.

A derivative that comes back through n steps needs what each of them computed. Kept, that is n times the bytes of one
step. Recomputed, the loop is cut into segments of k steps: each is a region (``transforms.region``), which keeps the
carry it began with, and on the way back does its steps again, kept this time, one segment at a time. The most that is
there at once is then

    (n / k) · bytes of a carry  +  k · bytes of a step,

least at k = √(n · carry / step), for the time of one more pass forward. ``"auto"`` looks at the nodes that the first
step recorded, and recomputes where keeping all steps would take more than ``KEPT`` bytes.

Chen, Xu, Zhang & Guestrin, Training deep nets with sublinear memory cost (2016); Griewank & Walther, Evaluating
Derivatives (2008), chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

import numpy as np

from edgewise.containers import flatten
from edgewise.control.carry import own, stacked
from edgewise.core.node import Node
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError
from edgewise.modes import Recorded
from edgewise.transforms.region import region
from edgewise.transforms.written import Repeated

__all__ = ["KEPT", "Checkpoint", "run_steps"]

Checkpoint = bool | int | Literal["auto"]
KEPT = 2**28  # 256 MiB: what a loop may keep before "auto" recomputes
NODE = 512  # of Python's objects for one operation, about
LOOKS = 3  # steps after which "auto" stops waiting for a step that is recorded

Step = Callable[[int, Any, Any], tuple[Any, Any]]


def run_steps(step: Step, indices: range, carry: Any, xs: Any, checkpoint: Checkpoint, name: str) -> tuple[Any, Any]:
    """All steps of a loop, one after the other.

    Args:
        step: (i, carry, x) -> (carry, y).
        indices: the ``i`` of each step, in order; there is at least one or nothing is collected.
        carry: the first carry.
        xs: a container of arrays, of which each step gets entry ``i``.
        checkpoint: "auto", whether to recompute, or the number of steps in a segment.
        name: of the user's function.

    Returns:
        The last carry, and the outputs stacked in the order of the steps; None where there were no steps.

    Raises:
        ArgumentError: ``checkpoint`` is none of these.
    """
    n = len(indices)
    length = _length(checkpoint, n)
    pieces: list[Any] = []
    done, calls, meter = 0, Repeated(), Meter()
    rows: list[Any] = []
    while done < n and (length is None or length >= n):
        if length is None:
            meter.begin((carry, xs))
        carry, y = calls(lambda carry, x, i=indices[done]: step(i, carry, x), carry, _at(xs, indices[done]))
        rows.append(y)
        done += 1
        if length is None:
            bytes_of_step = meter.kept((carry, y))
            if bytes_of_step or done == LOOKS:
                length = best_length(n, bytes_of_step, meter.carried(carry))
    if rows:
        pieces.append(stacked(rows, name))
    for start in range(done, n, length or 1):
        part = indices[start : start + (length or 1)]
        low, high = min(part), max(part) + 1

        def segment(carry: Any, xs: Any, part: range = part, low: int = low) -> Any:
            calls, rows = Repeated(), []
            for i in part:
                carry, y = calls(lambda carry, x, i=i: step(i, carry, x), carry, _at(xs, i - low))
                rows.append(y)
            return carry, stacked(rows, name)

        carry, ys = region(segment, carry, _between(xs, low, high), name="segment")
        pieces.append(ys)
    return carry, _joined(pieces) if pieces else None


def _at(xs: Any, index: int) -> Any:
    """What one step gets of the arrays that are scanned over: its own, should it store into it."""
    leaves, tree = flatten(xs)
    return tree.build([leaf if leaf is None else own(leaf[index]) for leaf in leaves])


def _between(xs: Any, low: int, high: int) -> Any:
    leaves, tree = flatten(xs)
    return tree.build([leaf if leaf is None else leaf[low:high] for leaf in leaves])


def _joined(pieces: Sequence[Any]) -> Any:
    """Stacks of outputs, one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    columns = zip(*(flatten(piece)[0] for piece in pieces), strict=True)
    tree = flatten(pieces[0])[1]
    return tree.build([None if column[0] is None else np.concatenate(column) for column in columns])


def _length(checkpoint: Any, n: int) -> int | None:
    """How many steps a segment has: all of them where they are kept, None where that is to be found out."""
    if isinstance(checkpoint, bool):
        return math.isqrt(max(n - 1, 0)) + 1 if checkpoint else max(n, 1)
    if checkpoint == "auto":
        return None
    if isinstance(checkpoint, int | np.integer) and checkpoint > 0:
        return int(checkpoint)
    raise ArgumentError(
        f"checkpoint={checkpoint!r} is not known",
        "the steps of a loop are kept or computed again, a number of them at a time",
        'use "auto", True, False, or how many steps are computed again at a time: checkpoint=100',
    )


def best_length(n: int, step: int, carry: int) -> int:
    """How many steps a segment of a loop of ``n`` has, from the bytes that a step and a carry keep.

    >>> best_length(10**6, 100, 50), best_length(10**6, 2**20, 2**20)
    (1000000, 1000)
    """
    if n * step <= KEPT:
        return n
    return min(max(round(math.sqrt(n * carry / step)), 1), n - 1)


class Meter:
    """How many bytes a step keeps, on all levels that record."""

    def __init__(self) -> None:
        self._from: dict[Recorded, int] = {}

    def begin(self, values: Any) -> None:
        """Before the step."""
        self._from = {mode: mode.next_serial() for mode in {mode for mode, _ in _recorded(values)}}

    def kept(self, values: Any) -> int:
        """After the step: bytes of what leads to these values; 0 if nothing is recorded."""
        stack = [(node, self._from[mode]) for mode, node in _recorded(values) if mode in self._from]
        total, seen = 0, set()
        while stack:
            node, since = stack.pop()
            if node.serial < since or id(node) in seen:
                continue
            seen.add(id(node))
            total += NODE
            for array in map(_ordinary, node.kept):
                if isinstance(array, np.ndarray) and id(array) not in seen:
                    seen.add(id(array))
                    total += array.nbytes
            stack += [(parent, since) for parent in node.parents if parent is not None]
        return total

    @staticmethod
    def carried(carry: Any) -> int:
        """Bytes of a carry, and of the node that keeps it."""
        return NODE + sum(getattr(leaf, "nbytes", 0) for leaf in flatten(carry)[0])


def _recorded(values: Any) -> Iterator[tuple[Recorded, Node]]:
    """The recordings around values, with their nodes."""
    for leaf in flatten(values)[0]:
        t = leaf
        while isinstance(t, Traced):
            if isinstance(t.mode, Recorded):
                yield t.mode, t.payload
            t = t.mode.lower(t)


def _ordinary(value: Any) -> Any:
    while isinstance(value, Traced):
        value = value.mode.lower(value)
    return value
