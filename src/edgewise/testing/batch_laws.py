"""The laws of batches: ``vmap`` is the loop over members, whatever is batched and wherever its axis is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.core.registry import Declaration
from edgewise.errors import BatchError
from edgewise.families.samples import Case
from edgewise.testing.compare import ROUNDING, close, same_result
from edgewise.testing.subject import Subject, flat, output_leaves
from edgewise.transforms.batching import vmap
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad

__all__ = ["BATCH", "batched_gradients", "batching", "nested_batches"]

BATCH = 7  # a length no sample has, so that no axis is taken for the batch by accident


def batching(declaration: Declaration, case: Case) -> None:
    """``vmap`` is the loop over members: for every choice of batched operands, the batch axis first or last."""
    subject = Subject(declaration, case)
    points = subject.variants(BATCH)
    for chosen in _subsets(len(subject.leaves)):
        if not subject.dispatches(chosen):
            continue
        for size in (BATCH, 1, 0) if len(chosen) == len(subject.leaves) else (BATCH,):
            members = [_mixed(subject.leaves, p, chosen) for p in points[:size]]
            results = [_arrays(subject.call(*m)) for m in members]
            for first, second in ((0, 0), (-1, -1), (0, -1)):  # of operands in turn; the second also of the result
                what = f"vmap over operands {chosen}, {size} members, axes {first} and {second} in turn"
                axes = _axes(subject, chosen, first, second)
                try:
                    found = vmap(lambda *xs: _arrays(subject.call(*xs)), axes, second)(
                        *_stacked(subject, members, axes)
                    )
                except BatchError:
                    if subject.may_refuse_batches:
                        return
                    raise
                for i, y in enumerate(_arrays(subject.result)):
                    expected = np.stack([r[i] for r in results], second) if results else _none_of(y, second)
                    same_result(subject, what, found[i], expected, ROUNDING)


def nested_batches(declaration: Declaration, case: Case) -> None:
    """A batch of batches: over the same operands twice, and over one operand after another."""
    subject = Subject(declaration, case)
    count = len(subject.leaves)
    every = tuple(range(count))
    points = subject.variants(6)
    rows, columns = range(2), range(3)
    for outer, inner in {(every, every), *(((i,), (j,)) for i, j in itertools.permutations(every, 2))}:
        if not (subject.dispatches(outer) and subject.dispatches(inner)):
            continue
        grid = [
            [
                [
                    points[3 * r + c if k in inner else r][k] if k in outer else points[c][k] if k in inner else x
                    for k, x in enumerate(subject.leaves)
                ]
                for c in columns
            ]
            for r in rows
        ]
        stacks = [
            np.stack([np.stack([grid[r][c][k] for c in columns]) if k in inner else grid[r][0][k] for r in rows])
            if k in outer
            else np.stack([grid[0][c][k] for c in columns])
            if k in inner
            else x
            for k, x in enumerate(subject.leaves)
        ]
        by_member = vmap(lambda *xs: _arrays(subject.call(*xs)), _axes(subject, inner))
        try:
            found = vmap(by_member, _axes(subject, outer))(*stacks)
        except BatchError:
            if subject.may_refuse_batches:
                return
            raise
        results = [[_arrays(subject.call(*point)) for point in row] for row in grid]
        for i, y in enumerate(found):
            expected = np.stack([np.stack([result[i] for result in row]) for row in results])
            same_result(subject, f"vmap over {outer} of vmap over {inner}", y, expected, ROUNDING)


def batched_gradients(declaration: Declaration, case: Case) -> None:
    """Vmap of grad, of jvp, and grad of a sum over vmap, are the loop."""
    subject = Subject(declaration, case)
    points = subject.variants(BATCH)
    rng = np.random.default_rng(4)
    weights, t = subject.random(rng, "outputs"), subject.random(rng)
    h = subject.scalar(weights)
    every = tuple(range(len(subject.leaves)))
    for chosen in _subsets(len(subject.leaves)):
        if not subject.dispatches(chosen):
            continue
        members = [_mixed(subject.leaves, p, chosen) for p in points]
        axes = _axes(subject, chosen)
        stacks = _stacked(subject, members, axes)
        looped = [grad(h, every)(*m) for m in members]
        scale = max(np.abs(flat(g)).max(initial=1.0) for g in looped)
        found = vmap(grad(h, every), axes)(*stacks)
        for i in every:
            expected = np.stack([g[i] for g in looped])
            close(subject, f"vmap(grad), operands {chosen} batched", found[i], expected, ROUNDING, scale)
        through = grad(lambda *xs, axes=axes: np.sum(vmap(h, axes)(*xs)), every)(*stacks)
        for i in every:
            each = np.stack([g[i] for g in looped])
            expected = each if i in chosen else each.sum(0)
            close(subject, f"grad(sum(vmap)), operands {chosen} batched", through[i], expected, ROUNDING, scale * BATCH)
        pushed = vmap(lambda *xs: jvp(subject, xs, t)[1], axes)(*stacks)
        looped_push = [jvp(subject, m, t)[1] for m in members]
        for i in range(len(subject.smooth)):
            expected = np.stack([p[i] for p in looped_push])
            largest = max(np.abs(expected).max(initial=1.0), scale)
            close(subject, f"vmap(jvp), operands {chosen} batched", pushed[i], expected, ROUNDING, largest)


def _subsets(count: int) -> list[tuple[int, ...]]:
    return [c for n in range(1, count + 1) for c in itertools.combinations(range(count), n)]


def _mixed(base: Sequence[Any], other: Sequence[Any], chosen: Sequence[int]) -> list[Any]:
    return [other[i] if i in chosen else x for i, x in enumerate(base)]


def _stacked(subject: Subject, members: Sequence[Any], axes: Sequence[int | None]) -> list[Any]:
    return [
        x if axis is None else np.stack([m[i] for m in members], axis) if members else _none_of(x, axis)
        for i, (x, axis) in enumerate(zip(subject.leaves, axes, strict=True))
    ]


def _none_of(x: Any, axis: int) -> Any:
    """A batch without members of arrays like ``x``."""
    x = np.asarray(x)
    return np.zeros((0, *x.shape) if axis == 0 else (*x.shape, 0), x.dtype)


def _axes(subject: Subject, chosen: Sequence[int], first: int = 0, second: int = 0) -> tuple[int | None, ...]:
    return tuple((first, second)[i % 2] if i in chosen else None for i in range(len(subject.leaves)))


def _arrays(result: Any) -> tuple[Any, ...]:
    """The numbers among the leaves of a result: a dtype or a Python truth value has no batch."""
    return tuple(
        y for y in output_leaves(result) if type(y) is int or (hasattr(y, "dtype") and not isinstance(y, type))
    )
