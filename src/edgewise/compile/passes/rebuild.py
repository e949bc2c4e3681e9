"""One walk through a program that folds, drops what does nothing, and does nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgewise.book.arithmetic import multiply
from edgewise.book.movement import broadcast_to
from edgewise.book.product import contract_of as contract
from edgewise.compile.passes.algebra import OF_VARIABLES, unchanged
from edgewise.core.program import Branch, Guard, Op, Program, Var, seen_again, with_branch
from edgewise.families.elementwise import Elementwise

__all__ = ["array_key", "rebuilt", "same_step", "stand_in"]

_FOLDED = 1 << 16  # bytes a folded result may take: what is larger is computed when it is needed


def rebuilt(program: Program) -> Program:
    """The same program with fewer operations; guards keep their order and their numbers."""
    walk = _Walk(program)
    walk.made.outputs = walk.walk(program.steps, program.outputs)
    return walk.made


class _Walk:
    """What is known on the way: what each variable has become, and which operations were done."""

    def __init__(self, program: Program) -> None:
        self.made = Program()
        self.made.inputs = program.inputs
        self._became: dict[Var, Any] = {}
        self._done: dict[Any, tuple[Any, ...]] = {}
        self._spread: dict[Var, Any] = {}  # what was broadcast, by the result
        self._steps: list[Op | Guard] = self.made.steps
        for var, array in program.arrays.items():
            self._array(var, array, var in program.frozen)

    def _array(self, var: Var, array: Any, frozen: bool) -> None:
        """Take an array over; one that is frozen may be a single number repeated, or there already."""
        if frozen:
            flat = array.reshape(-1)
            if flat.size > 1 and seen_again(np.broadcast_to(flat[:1], flat.shape), flat):
                self.op(Op(broadcast_to, (flat[0],), {"target": var.shape}, (var,), None))
                return
        before = self._done.setdefault(array_key(array, frozen), (var,))[0]
        if before is not var:
            self._became[var] = before
            return
        if frozen:
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
        otherwise = None if step.otherwise is None else self._branch(step.otherwise)
        self._steps.append(step if var is step.var and otherwise is None else with_branch(step, var, otherwise))

    def _branch(self, branch: Branch) -> Branch:
        """A branch, in which all is known that is known here, and nothing of which is known afterwards."""
        before = self._became, self._done, self._steps
        self._became, self._done, self._steps = self._became.copy(), self._done.copy(), []
        outputs = self.walk(branch.steps, branch.outputs)
        made = Branch(self._steps, outputs)
        self._became, self._done, self._steps = before
        return made

    def walk(self, steps: Sequence[Op | Guard], outputs: Sequence[Any]) -> list[Any]:
        """Take the steps over; the outputs, as they are then."""
        for step in steps:
            if isinstance(step, Guard):
                self.guard(step)
            else:
                self.op(step)
        return [self.now(atom) for atom in outputs]

    def op(self, step: Op) -> None:
        """Fold an operation, find it done, or do it."""
        became, operands = self._became, step.operands
        if not became.keys().isdisjoint(operands):
            operands = tuple([became.get(o, o) if type(o) is Var else o for o in operands])
        if operands is not step.operands or self._spread or step.primitive is contract:
            step = self._plainer(step, operands)
            operands = step.operands
        plain = not step.params
        if plain:
            for o in operands:
                plain = plain and type(o) is Var
        key = (step.primitive, operands) if plain else _key(step, operands)
        same = None if plain and step.primitive.name not in OF_VARIABLES else unchanged(step, operands)
        if same is not None:
            became[step.results[0]] = same
            return
        before = None if key is None else self._done.get(key)
        if before is None and not self._moves(operands):
            before = self._fold(step, operands)
        if before is None:
            before = step.results
            self._steps.append(step)
            if step.primitive is broadcast_to:
                (source,) = operands
                self._spread[before[0]] = before[0].dtype.type(source) if type(source) is not Var else source
        else:
            became.update(zip(step.results, before, strict=True))
        if key is not None:
            self._done[key] = before

    def _moves(self, operands: tuple[Any, ...]) -> bool:
        """Whether something in the operands may be another one at another call."""
        frozen = self.made.frozen
        for operand in operands:  # noqa: SIM110  any() takes twice as long, and this is asked of each step
            if type(operand) is Var and operand not in frozen:
                return True
        return False

    def _plainer(self, step: Op, operands: tuple[Any, ...]) -> Op:
        """The same operation without what is not needed to say it: numbers are spread by what they meet."""
        primitive, params, (result, *more) = step.primitive, step.params, step.results
        if primitive is contract and len(operands) == 2 and not more:
            scaled = _scaled(operands, params["spec"])
            if scaled:
                primitive, params = multiply, {}
        if self._spread and type(primitive.family) is Elementwise and not self._spread.keys().isdisjoint(operands):
            spread = tuple([self._spread.get(o, o) if type(o) is Var else o for o in operands])
            if np.broadcast_shapes(*(getattr(o, "shape", ()) for o in spread)) == result.shape:
                operands = spread
        if operands == step.operands and primitive is step.primitive:
            return step
        return Op(primitive, operands, params, step.results, step.place)

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


def _scaled(operands: tuple[Any, ...], spec: str) -> bool:
    """Whether a contraction is the product of a number and an array."""
    given, made = spec.split("->")
    parts = given.split(",")
    return len(parts) == 2 and sorted(parts) == ["", made] and len(set(made)) == len(made)


def same_step(a: Any, b: Any) -> bool:
    """Whether two operands or parameters are the same to the last bit."""
    try:
        return bool(stand_in(a) == stand_in(b))
    except TypeError:
        return a is b


def _key(step: Op, operands: tuple[Any, ...]) -> Any:
    """What two operations with the same results have in common; None where that cannot be said."""
    try:
        given = tuple([o if type(o) is Var else stand_in(o) for o in operands])
        if not step.params:  # as in _Walk.op
            return (step.primitive, given)
        key = (step.primitive, given, tuple([(k, stand_in(v)) for k, v in step.params.items()]))
        hash(key)
    except TypeError:
        return None
    return key


def array_key(array: Any, frozen: bool) -> Any:
    """What two arrays that a program has met have in common if they always hold the same: contents, or the memory."""
    if frozen:
        return stand_in(array)
    interface = array.__array_interface__
    return ("memory", interface["data"], interface["typestr"], array.shape, array.strides)


def stand_in(value: Any) -> Any:
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
        return (kind, tuple(map(stand_in, value)))
    return (kind, value)
