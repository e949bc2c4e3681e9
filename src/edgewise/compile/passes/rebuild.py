"""One walk through a program that folds, drops what does nothing, and does nothing twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.book.movement import broadcast_to
from edgewise.compile.passes.algebra import RULES, unchanged
from edgewise.core.program import Guard, Op, Program, Var, seen_again

__all__ = ["rebuilt"]

_FOLDED = 1 << 16  # bytes a folded result may take: what is larger is computed when it is needed


def rebuilt(program: Program) -> Program:
    """The same program with fewer operations; guards keep their order and their numbers."""
    walk = _Walk(program)
    for step in program.steps:
        if type(step) is Guard:
            walk.guard(step)
        elif type(step) is Op:
            walk.op(step)
    walk.made.outputs = [walk.now(atom) for atom in program.outputs]
    return walk.made


class _Walk:
    """What is known on the way: what each variable has become, and which operations were done."""

    def __init__(self, program: Program) -> None:
        self.made = Program()
        self.made.inputs = program.inputs
        self._became: dict[Var, Any] = {}
        self._done: dict[Any, tuple[Any, ...]] = {}
        for var, array in program.arrays.items():
            self._array(var, array, var in program.frozen)

    def _array(self, var: Var, array: Any, frozen: bool) -> None:
        """Take an array over; one that is frozen may be a single number repeated, or there already."""
        if frozen:
            flat = array.reshape(-1)
            if flat.size > 1 and seen_again(np.broadcast_to(flat[:1], flat.shape), flat):
                self.op(Op(broadcast_to, (flat[0],), {"target": var.shape}, (var,), None))
                return
            key = _frozen(array)
            before = self._done.setdefault(key, (var,))[0]
            if before is not var:
                self._became[var] = before
                return
            self.made.frozen.add(var)
        self.made.arrays[var] = array

    def now(self, atom: Any) -> Any:
        """What an operand has become."""
        return self._became.get(atom, atom) if type(atom) is Var else atom

    def guard(self, step: Guard) -> None:
        """Keep a guard, unless what it looks at can no longer change."""
        var = self.now(step.var)
        if type(var) is not Var or var in self.made.frozen:
            return
        kept = step if var is step.var else Guard(var, step.expected, step.truth, step.place, step.number)
        self.made.steps.append(kept)

    def op(self, step: Op) -> None:
        """Fold an operation, find it done, or do it."""
        became = self._became
        operands = tuple([became.get(o, o) if type(o) is Var else o for o in step.operands])
        if step.primitive.name in RULES:
            same = unchanged(step, operands)
            if same is not None:
                became[step.results[0]] = same
                return
        key = _key(step, operands)
        before = None if key is None else self._done.get(key)
        if before is None and all(type(o) is not Var or o in self.made.frozen for o in operands):
            before = self._fold(step, operands)
        if before is None:
            before = step.results
            made = step
            if operands != step.operands:
                made = Op(step.primitive, operands, step.params, step.results, step.place)
            self.made.steps.append(made)
        else:
            self._became.update(zip(step.results, before, strict=True))
        if key is not None:
            self._done[key] = before

    def _fold(self, step: Op, operands: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The results, where they are small; nothing in the operands can change."""
        if step.primitive is broadcast_to:
            return None
        if any(v.dtype.itemsize * int(np.prod(v.shape)) > _FOLDED for v in step.results):
            return None
        with np.errstate(all="ignore"):
            found = step.run(tuple(self.made.arrays[o] if type(o) is Var else o for o in operands))
        atoms: list[Any] = []
        for var, value in zip(step.results, found, strict=True):
            if var.shape:
                self.made.arrays[var] = np.ascontiguousarray(value)
                self.made.frozen.add(var)
                atoms.append(var)
            else:
                atoms.append(value[()] if isinstance(value, np.ndarray) else value)
        return tuple(atoms)


def _key(step: Op, operands: tuple[Any, ...]) -> Any:
    """What two operations with the same results have in common; None where that cannot be said."""
    try:
        given = tuple([o if type(o) is Var else _frozen(o) for o in operands])
        if not step.params:
            return (step.primitive, given)
        key = (step.primitive, given, tuple([(k, _frozen(v)) for k, v in step.params.items()]))
        hash(key)
    except TypeError:
        return None
    return key


def _frozen(value: Any) -> Any:
    """A hashable stand-in for an operand or a parameter, equal where the value is the same to the last bit."""
    kind = type(value)
    if kind is float or kind is np.float64:
        return (kind, value.hex())
    if kind is Var or value is None or kind in (bool, int, str):
        return (kind, value)
    if isinstance(value, np.generic | np.ndarray):
        array = np.asarray(value)
        if array.dtype == object:
            raise TypeError("objects are not compared")
        return (kind, array.dtype.str, array.shape, array.tobytes())
    if kind is slice:
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, tuple | list):
        return (kind, tuple(map(_frozen, value)))
    return (kind, value)
