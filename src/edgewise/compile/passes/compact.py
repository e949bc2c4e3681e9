"""A program as arrays of integers: what each step does, and where each of its operands comes from.

What repeats in a program is found by arithmetic on these arrays, of all operations of a stretch at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.book.index import gather_of, scatter_of
from edgewise.compile.passes.rebuild import array_key, stand_in
from edgewise.core.program import Op, Program, Var, vars_of
from edgewise.core.shapes import FLOAT64

__all__ = ["NUMBER", "Compact"]

NUMBER = -1
LOOSE, NUMBERS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)  # odd, with bits all over


class Compact:
    """The steps of a program, compactly.

    Attributes:
        program: the program.
        codes: of all operands, one step's after another's: the index of the step that makes it; ``NUMBER``; or a number
            below that for each other variable: inputs, arrays, results of operations that have several.
        first: per step, where its operands begin in ``codes``; and the end.
        what: per step, a number for primitive, parameters, and shape and dtype of the result. Of an entry that is
            read from an array or written, it may be another one. Steps that no loop can have are like no other.
        numbers: per step, a hash of its operands that are numbers.
        uses: per step, how often its result is an operand, looked at, or an output.
        others: the variables with codes below ``NUMBER``, from -2 on.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.others: list[Var] = []
        self.code: dict[Var, int] = {}
        for var in program.inputs:
            self._other(var)
        known: dict[Any, int] = {}  # arrays, of which some may be the same
        for var, array in program.arrays.items():
            code = self._other(var)
            self.code[var] = known.setdefault(array_key(array, var in program.frozen), code)
        self._walk()

    def _other(self, var: Var) -> int:
        code = self.code[var] = NUMBER - 1 - len(self.others)
        self.others.append(var)
        return code

    def var(self, code: int) -> Var:
        """The variable of a code."""
        if code < NUMBER:
            return self.others[NUMBER - 1 - code]
        step = self.program.steps[code]
        assert isinstance(step, Op)
        return step.results[0]

    def _walk(self) -> None:
        code, known = self.code, dict[Any, int]()
        codes, arity, what, numbers = list[int](), [0], list[int](), dict[int, int]()
        for at, step in enumerate(self.program.steps):
            if type(step) is not Op or len(step.results) != 1:
                arity.append(0)
                what.append(-at)
                for var in step.results if type(step) is Op else ():
                    self._other(var)
                continue
            operands, (result,) = step.operands, step.results
            arity.append(len(operands))
            for operand in operands:
                if type(operand) is Var:
                    codes.append(code[operand])
                else:
                    codes.append(NUMBER)
                    numbers[at] = hash((numbers.get(at), operand))
            code[result] = at
            key: Any = step.primitive
            if step.params or result.shape or result.dtype is not FLOAT64:
                try:
                    key = (key, result.shape, result.dtype, _told(step))
                    hash(key)
                except TypeError:  # a parameter that cannot be compared
                    key = at
            number = known.get(key)
            if number is None:
                number = known[key] = len(known) + 1
            what.append(number)
        self.codes, self.first = np.array(codes, np.int64), np.cumsum(arity)
        self.what, self.numbers = np.array(what, np.int64), np.zeros(len(what), np.int64)
        self.numbers[list(numbers)] = list(numbers.values())
        program = self.program
        shown = [code[var] for var in vars_of([*program.outputs, *(guard.var for guard in program.guards)])]
        made = np.concatenate([self.codes, np.array(shown, np.int64)])
        self.uses = np.bincount(made[made >= 0], minlength=len(what))

    def kinds(self, strict: bool) -> Any:
        """A number for what each step does; steps that differ in an operand that is a number differ if ``strict``."""
        kinds = self.what.view(np.uint64) * LOOSE
        return kinds + self.numbers.view(np.uint64) * NUMBERS if strict else kinds


def _told(op: Op) -> Any:
    """The parameters, as a key; of an entry of an array that is read or written, what follows the first axis."""
    params = op.params
    if op.primitive in (gather_of, scatter_of) and len(op.operands) == 1:
        first, *rest = params["template"] or (None,)
        if type(first) is int:
            return (params.get("shape"), *map(stand_in, rest))
    return tuple([(name, value if _plain(value) else stand_in(value)) for name, value in params.items()])


def _plain(value: Any) -> bool:
    """Whether a parameter is its own key: text, or a tuple of integers, as most are."""
    kind = type(value)
    if kind is tuple:
        for one in value:  # noqa: SIM110  all() takes twice as long, and this is asked of each step
            if type(one) is not int:
                return False
        return True
    return kind is str
