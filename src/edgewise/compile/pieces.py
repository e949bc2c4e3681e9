"""A compiled function inside of a transformation: ``grad(jit(f))``, ``vmap(jit(f))``, in any nesting.

The program of the way that the function takes is one operation to the transformations around (``transforms.region``):
its value is the machine code that there is, and what the transformations ask of it (a pull, a push, a batch) is a
program of its own, compiled when it is first asked for. Those are compiled functions, too: called inside of further
transformations they are pieces again. So nothing is said here of higher derivatives.

The operands of the operation are the arguments and the arrays that the program reads: a sweep sees them as they were.
Where no such operation can be made, ``piece`` finds none, and the function is run as if it were not compiled: where
looks at values decide the way of a batch, where the function stores into its arguments, or meets a value of a
transformation that is no argument of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.compile.paths import Path
from edgewise.core.outline import Outline, Step
from edgewise.core.primitive import Primitive
from edgewise.core.program import Op, Program, Var
from edgewise.core.traced import Traced, apply
from edgewise.modes import Batched, Dual, Outlined, Recorded
from edgewise.transforms.region import REGION, Body

__all__ = ["Piece", "piece", "sample"]

KEPT = 64  # programs that one operation is given, for one kind of question each

Compiler = Callable[[Callable[..., Any]], Callable[..., Any]]


def sample(leaf: Any) -> tuple[Any, bool] | None:
    """The ordinary value behind a traced one, of a batch its first member, and whether there is a batch around it.

    None where there is none: an empty batch, or a transformation that wants to see each operation.
    """
    batches = 0
    while isinstance(leaf, Traced):
        mode = leaf.mode
        if mode.ended or type(mode) not in (Recorded, Dual, Batched, Outlined):
            return None
        batches += type(mode) is Batched
        leaf = leaf.value
    if not batches:
        return leaf, False
    return None if 0 in leaf.shape[:batches] else (leaf[(0,) * batches], True)


def piece(path: Path, name: str, compiler: Compiler) -> Piece | None:
    """One way through a function as an operation; None where it cannot be one.

    Args:
        path: the way.
        name: of the function.
        compiler: ``jit``.
    """
    recording = path.recording
    if path.straight is None or recording.stored or recording.open or not recording.moving:
        return None
    return Piece(path, name, compiler)


class Piece(Body):
    """A recorded program as an operation.

    Attributes:
        primitive: the operation.
        arrays: its operands after the inputs of the program: what the program reads.
    """

    __slots__ = ("_compiler", "_constants", "_made", "_path", "arrays", "primitive")

    def __init__(self, path: Path, name: str, compiler: Compiler) -> None:
        program = path.straight
        assert program is not None
        outline, self._constants, settled = _outlined(program)
        super().__init__(outline)
        self._path = path
        self._compiler = compiler
        self._made: dict[Any, Callable[..., Any]] = {}
        self.arrays = list(program.arrays.values())
        known = frozenset(i for i, o in enumerate(program.outputs) if i in settled or _kind(o) not in "fc")
        self.primitive = Primitive(
            name, self, REGION, selects=outline.selects, outputs=len(program.outputs), zero_outputs=known
        )

    def applied(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs for these inputs, traced or not."""
        return list(apply(self.primitive, (*inputs, *self.arrays, *self._constants), {}))

    def __call__(self, *operands: Any) -> tuple[Any, ...]:
        """The outputs, of operands that belong to no transformation."""
        count = len(operands) - len(self._constants) - len(self.arrays)
        if all(map(_same, operands[count:], self.arrays)):
            code, found = self._path.executable.run(operands[:count])
            if not code:
                return tuple(found)
        return self.replay(operands)

    def batch(self, values: list[Any], batched: list[bool], size: int) -> tuple[Any, ...]:
        """The results for a batch; this and what follows is as of any region."""
        which = tuple(batched)

        def batch(*given: Any) -> tuple[Any, ...]:
            return super(Piece, self).batch([*given, *self._constants], list(which), size)

        found: tuple[Any, ...] = self._compiled(("batch", which, size), batch)(*self._open(values))
        return found

    def push(self, values: Sequence[Any], tangents: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The results, and their tangents."""
        moved = tuple((i, pair[1] is not None) for i, pair in enumerate(tangents) if pair is not None)
        count = len(values) - len(self._constants)

        def push(*given: Any) -> tuple[Any, Any]:
            pairs: list[Any] = [None] * (count + len(self._constants))
            rest = iter(given[count:])
            for i, masked in moved:
                pairs[i] = next(rest), next(rest) if masked else None
            ys, found = super(Piece, self).push([*given[:count], *self._constants], pairs)
            return tuple(ys), tuple(found)

        flat = [part for i, masked in moved for part in tangents[i][: 1 + masked]]
        ys, pairs = self._compiled(("push", moved), push)(*self._open(values), *flat)
        return list(ys), list(pairs)

    def pull(self, values: Sequence[Any], active: tuple[int, ...], g: tuple[Any, ...]) -> list[Any]:
        """Cotangents of the active operands."""
        count, seeded = len(values) - len(self._constants), tuple(part is not None for part in g)

        def pull(*given: Any) -> tuple[Any, ...]:
            seeds = _filled(given[count:], seeded)
            return tuple(super(Piece, self).pull([*given[:count], *self._constants], active, seeds))

        flat = [part for part in g if part is not None]
        return list(self._compiled(("pull", active, seeded), pull)(*self._open(values), *flat))

    def pull_alive(
        self, values: Sequence[Any], active: tuple[int, ...], g: tuple[Any, ...], alive: Any
    ) -> list[tuple[Any, Any] | None]:
        """The same with aliveness."""
        masks = (None,) * len(g) if alive is None else tuple(alive)
        count, given_by = len(values) - len(self._constants), tuple(part is not None for part in (*g, *masks))

        def pull(*given: Any) -> tuple[Any, ...]:
            parts = _filled(given[count:], given_by)
            seeds, alive = parts[: len(g)], parts[len(g) :]
            return tuple(super(Piece, self).pull_alive([*given[:count], *self._constants], active, seeds, alive))

        flat = [part for part in (*g, *masks) if part is not None]
        return list(self._compiled(("pull alive", active, given_by), pull)(*self._open(values), *flat))

    def _open(self, values: Sequence[Any]) -> Sequence[Any]:
        """The operands without the numbers that are the program's own."""
        return values[: len(values) - len(self._constants)]

    def _compiled(self, key: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        """The compiled form of a question to this operation; it is made when it is first asked."""
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= KEPT:
                self._made.clear()
            found = self._made[key] = self._compiler(function)
        return found


def _filled(given: Sequence[Any], where: Sequence[bool]) -> tuple[Any, ...]:
    rest = iter(given)
    return tuple(next(rest) if there else None for there in where)


def _kind(output: Any) -> str:
    return str((output.dtype if type(output) is Var else np.asarray(output).dtype).kind)


def _same(a: Any, b: Any) -> bool:
    return a is b


def _outlined(program: Program) -> tuple[Outline, list[Any], set[int]]:
    """A program as an outline; the numbers in it, which are operands after all others; outputs that nothing moves."""
    places: dict[Var, int] = {var: i for i, var in enumerate((*program.inputs, *program.arrays))}
    constants: list[Any] = []
    numbers: list[int] = []
    settled = set(range(len(program.inputs), len(places)))
    size = len(places)

    def place(operand: Any) -> int:
        nonlocal size
        if type(operand) is Var:
            return places[operand]
        constants.append(operand)
        numbers.append(size)
        settled.add(size)
        size += 1
        return size - 1

    steps = []
    for step in program.steps:
        if not isinstance(step, Op):
            continue  # a guard, which holds: this is the way that is taken
        given = tuple(map(place, step.operands))
        made = tuple(range(size, size + len(step.results)))
        size += len(made)
        places.update(zip(step.results, made, strict=True))
        steps.append(Step(step.primitive, given, step.params, made))
        if step.primitive.zero or settled.issuperset(given):
            settled.update(made)
        else:
            settled.update(made[i] for i in step.primitive.zero_outputs)
    ends = tuple(map(place, program.outputs))
    first = tuple(range(len(program.inputs) + len(program.arrays)))
    outline = Outline((*first, *numbers), steps, ends, size)
    return outline, constants, {i for i, end in enumerate(ends) if end in settled}
