"""Programs: what a function did with its inputs, as a list of operations in order.

A ``Program`` is straight-line code in single assignment: every operation makes new ``Var``s, of a shape and dtype that
are known. An operand is a ``Var`` or an ordinary number. The one thing it has of control flow is the ``Guard``: where
Python looked at a value and went on accordingly, the program says what was seen, and is valid while that is seen again.

Differentiation has already happened when a program is made (modes compose by wrapping), so nothing in it knows about
derivatives. What an operation means is its primitive's to say: a program can be run again on anything the primitives
take, traced values included (``Program.replay``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from edgewise.core.traced import apply

__all__ = [
    "Branch",
    "Guard",
    "Op",
    "Place",
    "Program",
    "Var",
    "seen_again",
    "take",
    "used_by",
    "vars_of",
    "with_branch",
]

Place = tuple[str, int]  # the user's file and line


class Var:
    """One value of a program.

    Attributes:
        serial: its number within the program: it is made before all that have a higher one.
        shape, dtype: of the value.
    """

    __slots__ = ("dtype", "serial", "shape")

    def __init__(self, serial: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.serial = serial
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"v{self.serial}"


class Op:
    """One operation.

    Attributes:
        primitive: which.
        operands: a ``Var`` or a number each.
        params: its static parameters.
        results: what it makes: one ``Var``, or as many as the primitive has outputs.
        place: the user's line it was called from.
    """

    __slots__ = ("operands", "params", "place", "primitive", "results")

    def __init__(
        self,
        primitive: Any,
        operands: tuple[Any, ...],
        params: dict[str, Any],
        results: tuple[Var, ...],
        place: Place | None,
    ) -> None:
        self.primitive = primitive
        self.operands = operands
        self.params = params
        self.results = results
        self.place = place

    def run(self, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Its results on other operands, of whatever kind the primitive takes."""
        found = apply(self.primitive, operands, self.params)
        return found if self.primitive.outputs is not None else (found,)

    def __repr__(self) -> str:
        made = ", ".join(f"{v!r}: {v.dtype}{list(v.shape)}" for v in self.results)
        given = ", ".join([*map(_short, self.operands), *(f"{k}={_short(v)}" for k, v in self.params.items())])
        return f"{made} = {self.primitive.name}({given})"


class Guard:
    """A place where Python looked at a value: the program holds while it is the same.

    Attributes:
        var: the value that was looked at.
        expected: what was seen: a bool for a truth value, else the value itself.
        truth: whether only its truth value was looked at.
        place: the user's line.
        number: which look of the function it was, from 0; a program that was simplified may have fewer.
        otherwise: how the program goes on where it does not hold; None: it ends there, and is not valid.
    """

    __slots__ = ("expected", "number", "otherwise", "place", "truth", "var")

    def __init__(
        self,
        var: Var,
        expected: Any,
        truth: bool,
        place: Place | None,
        number: int,
        otherwise: Branch | None = None,
    ) -> None:
        self.number = number
        self.otherwise = otherwise
        self.var = var
        self.expected = expected
        self.truth = truth
        self.place = place

    def holds(self, value: Any) -> bool:
        """Whether this value is what was seen."""
        return bool(value) is self.expected if self.truth else seen_again(value, self.expected)

    def __repr__(self) -> str:
        return f"guard {self.var!r} {'is' if self.truth else '=='} {_short(self.expected)}"


class Branch:
    """The rest of a program from a guard on, where the guard does not hold.

    Attributes:
        steps: operations and guards; they may use what was made before the guard.
        outputs: the program's, as this branch has them.
    """

    __slots__ = ("outputs", "steps")

    def __init__(self, steps: list[Op | Guard], outputs: list[Any]) -> None:
        self.steps = steps
        self.outputs = outputs


def seen_again(value: Any, expected: Any) -> bool:
    """Whether two values are the same to whoever looks: equal bit for bit, NaN and signed zeros included.

    >>> seen_again(np.float64(0.0), np.float64(-0.0)), seen_again(np.nan, np.nan)
    (False, True)
    """
    a, b = np.asarray(value), np.asarray(expected)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


class Program:
    """What a function did, in order.

    Attributes:
        inputs: one ``Var`` an input.
        arrays: ordinary arrays it met; they are read when it runs, except for the ``frozen`` ones.
        frozen: those among them that nobody else holds, so that nobody can change them: made while the function ran.
        steps: operations and guards.
        outputs: a ``Var`` or a number each.
    """

    __slots__ = ("arrays", "frozen", "inputs", "outputs", "steps")

    def __init__(self) -> None:
        self.inputs: list[Var] = []
        self.arrays: dict[Var, Any] = {}
        self.frozen: set[Var] = set()
        self.steps: list[Op | Guard] = []
        self.outputs: list[Any] = []

    @property
    def ops(self) -> Iterator[Op]:
        """The operations alone."""
        return (step for step in self.steps if type(step) is Op)

    @property
    def guards(self) -> list[Guard]:
        """The guards alone, in order."""
        return [step for step in self.steps if type(step) is Guard]

    def replay(self, inputs: Sequence[Any]) -> list[Any]:
        """The outputs for other inputs, operation by operation; guards are not looked at.

        Memory is freed as it goes: a value lives until its last use.
        """
        values = dict(zip(self.inputs, inputs, strict=True)) | self.arrays
        last = self.last_uses()
        for at, step in enumerate(self.steps):
            if type(step) is Op:
                values.update(zip(step.results, step.run(take(values, step.operands)), strict=True))
            for var in last[at]:
                values.pop(var, None)
        return list(take(values, self.outputs))

    def last_uses(self) -> list[list[Var]]:
        """Per step the values that nothing after it needs."""
        last: list[list[Var]] = [[] for _ in self.steps]
        seen = set(vars_of(self.outputs))
        for at in range(len(self.steps) - 1, -1, -1):
            step = self.steps[at]
            for var in (*used_by(step), *(step.results if type(step) is Op else ())):
                if var not in seen:
                    seen.add(var)
                    last[at].append(var)
        return last

    def check(self) -> None:
        """Raise if a value is used before it is made, made twice, or has a result of another program.

        Raises:
            AssertionError: naming the step.
        """
        waiting = [({*self.inputs, *self.arrays}, self.steps, self.outputs)]
        while waiting:
            made, steps, outputs = waiting.pop()
            for at, step in enumerate(steps):
                for var in used_by(step):
                    if var not in made:
                        raise AssertionError(f"step {at} ({step!r}) uses {var!r}, which is not made before it")
                if type(step) is Op:
                    for var in step.results:
                        if var in made:
                            raise AssertionError(f"step {at} ({step!r}) makes {var!r} again")
                        made.add(var)
                elif isinstance(step, Guard) and step.otherwise is not None:
                    waiting.append((set(made), step.otherwise.steps, step.otherwise.outputs))
            for var in vars_of(outputs):
                if var not in made:
                    raise AssertionError(f"the output {var!r} is not made")

    def __str__(self) -> str:
        lines = [f"inputs {', '.join(f'{v!r}: {v.dtype}{list(v.shape)}' for v in self.inputs)}"]
        for var in self.arrays:
            kind = "frozen" if var in self.frozen else "reads"
            lines.append(f"{kind} {var!r}: {var.dtype}{list(var.shape)}")
        lines += map(repr, self.steps)
        return "\n".join([*lines, f"outputs {', '.join(map(_short, self.outputs))}"])


def with_branch(guard: Guard, var: Var, otherwise: Branch | None) -> Guard:
    """A guard of another variable, with another branch."""
    return Guard(var, guard.expected, guard.truth, guard.place, guard.number, otherwise)


def take(values: dict[Var, Any], operands: Iterable[Any]) -> tuple[Any, ...]:
    """The operands' values; numbers stand for themselves."""
    return tuple([values[o] if type(o) is Var else o for o in operands])


def vars_of(operands: Iterable[Any]) -> Iterator[Var]:
    """The variables among operands."""
    return (o for o in operands if type(o) is Var)


def used_by(step: Op | Guard) -> Iterator[Var]:
    """The variables a step looks at."""
    return vars_of(step.operands) if isinstance(step, Op) else iter((step.var,))


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return str(value.item()) if isinstance(value, np.generic) else repr(value)
