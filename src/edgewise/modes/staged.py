"""Staged: values that record a program, with the sample value beside them.

The function runs once, on sample values, and does all it would do with them: Python looks at the samples, and each look
(``if``, ``while``, ``int``, an index) is recorded as a guard. So plain Python control flow is followed, and the program
says under which answers it may be run again (``core.program``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from edgewise.core.admission import admit
from edgewise.core.captured import Met
from edgewise.core.levels import modes_of, plain
from edgewise.core.mode import NOTHING, RECORDERS, Mode
from edgewise.core.program import Guard, Op, Place, Program, Var
from edgewise.core.registry import STATIC_FROM
from edgewise.core.shapes import FLOAT64
from edgewise.core.traced import TRACED, Traced, TracedArray, TracedScalar, apply, cast_as, fixed, wrap
from edgewise.errors import is_library
from edgewise.modes.recorded import NUMBERS

__all__ = ["Staged"]

# What Python does with its numbers, and makes another of: the operators.
_PYTHON = frozenset(
    ("absolute", "add", "divide", "floor_divide", "multiply", "negative", "positive", "power", "remainder", "subtract")
)
_REAL = (float, int)  # Python's numbers, which make a float with a float


class Staged(Mode):
    """One program being recorded.

    Attributes:
        program: what was recorded so far.
        open: whether a traced value of an outer transformation took part, so that the program is of this call alone.
        known: a frame of ours, and the user's line it was called from.
    """

    differentiates = False
    stages = True

    def __init__(self) -> None:
        super().__init__()
        self.program = Program()
        self.open = False
        self._count = 0
        self._met = Met()
        self._looked: set[tuple[Var, bool]] = set()
        self._kinds: dict[Var, type] = {}  # of inputs that are arrays without axes, which are numbers here
        self._weak: dict[Var, type] = {}  # what stands for a number of Python's, which takes the dtype of others
        self.known: tuple[FrameType | None, Place | None] = None, None
        self._library: dict[str, bool] = {}

    def lift(self, value: Any, kind: type | None = None) -> Traced:
        """An input of the program, with its sample value; ``kind``: the type of what it was, where that differs."""
        var = self._var(value)
        self.program.inputs.append(var)
        if kind in (float, complex):
            self._weak[var] = kind
        elif kind is not None:
            self._kinds[var] = kind
        value = fixed(value) if type(value) in TRACED else _sample(value) if type(value) is np.ndarray else value
        return wrap(value, self, var)

    def kind(self, t: Any) -> type:
        """The type of what a value stands for."""
        var, value = t.payload, t.value
        found = self._weak.get(var) or self._kinds.get(var)
        if found is not None:
            return found
        return type(t) if type(value) in TRACED else np.ndarray if t.shape else value.dtype.type

    def text(self, t: Any) -> str:
        """``repr`` of what a value stands for."""
        var, value = t.payload, t.value
        return repr(value.item() if var in self._weak else np.asarray(value) if var in self._kinds else value)

    def constant(self, value: Any) -> Traced:
        return wrap(value, self, self._atom(value))

    def captured(self, t: Any, value: Any) -> Any:
        """An operand or an index that meets ``t``, ordinary arrays in it made values of this mode if ``t`` is one.

        So what is computed from them is part of the program, and they are read when it runs.
        """
        return self._lifted(value) if type(value) is not list and self in modes_of(t) else value

    def captured_in(self, function: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
        """The same for the arguments of a function of NumPy's, but for the static ones."""
        given = [*args, *kwargs.values()]
        inside = [v for value in given if type(value) in (list, tuple) for v in value]
        met = next((v for v in (*given, *inside) if type(v) in TRACED and self in modes_of(v)), None)
        if met is None:
            return args, kwargs
        leading, names = STATIC_FROM.get(function, (len(args), kwargs))
        return (
            tuple(self._lifted(value) if i < leading else value for i, value in enumerate(args)),
            {key: self._lifted(value) if key in names else value for key, value in kwargs.items()},
        )

    def _lifted(self, value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray and value.ndim and value.dtype.kind in "fciub":
            var, held = self._met.variable(value, self._var)
            return wrap(held, self, var)
        if kind in (list, tuple) and any(type(v) is np.ndarray for v in value):
            return kind(map(self._lifted, value))
        return value

    def atom(self, value: Any) -> Any:
        """What stands for a value in the program: a variable, or a number."""
        return value.payload if type(value) in TRACED and value.mode is self else self._atom(value)

    def unary(self, primitive: Any, x: Any) -> Any:
        v = x.value
        if primitive.value is None or type(v) in TRACED:
            return self.interpret(primitive, (x,), NOTHING)
        y = self._made(primitive, (x.payload,), primitive.value(v))
        if x.payload in self._weak:
            self._told(y, _number(primitive, [self._weak[x.payload]]))
        return y

    def binary(self, primitive: Any, x1: Any, x2: Any) -> Any:
        kind1, kind2 = type(x1), type(x2)
        if kind1 in TRACED and x1.mode is self:
            v1, a1 = x1.value, x1.payload
        elif kind1 in NUMBERS:
            v1 = a1 = x1
        else:
            return self.interpret(primitive, (x1, x2), NOTHING)
        if kind2 in TRACED and x2.mode is self:
            v2, a2 = x2.value, x2.payload
        elif kind2 in NUMBERS:
            v2 = a2 = x2
        else:
            return self.interpret(primitive, (x1, x2), NOTHING)
        if primitive.value is None or type(v1) in TRACED or type(v2) in TRACED:
            return self.interpret(primitive, (x1, x2), NOTHING)
        weak = self._weak
        among = False
        if weak and (a1 in weak or a2 in weak):
            w1, w2 = weak.get(a1, kind1), weak.get(a2, kind2)
            among = w1 in _REAL and w2 in _REAL
            if not among and type(v2 if w1 is float else v1) is not np.float64:  # the dtype of another may be narrower
                return self.interpret(primitive, (x1, x2), NOTHING)
        y = self._made(primitive, (a1, a2), primitive.value(v1, v2))
        if among and primitive.name in _PYTHON:
            weak[y.payload] = float
        return y

    def _told(self, y: Traced, kind: type | None) -> None:
        """Remember which number of Python's a value stands for, if it does."""
        if kind is not None:
            self._weak[y.payload] = kind

    def _made(self, primitive: Any, atoms: tuple[Any, ...], y: Any, params: dict[str, Any] = NOTHING) -> Traced:
        """Record an operation of one result; the user is three frames from here, or further."""
        self._count = serial = self._count + 1
        if type(y) is np.float64:
            var = Var(serial, (), FLOAT64)
            self.program.steps.append(Op(primitive, atoms, params, (var,), self._place(sys._getframe(3))))
            return TracedScalar(y, self, var)
        shape = y.shape
        var = Var(serial, shape, y.dtype)
        self.program.steps.append(Op(primitive, atoms, params, (var,), self._place(sys._getframe(3))))
        return (TracedArray if shape else TracedScalar)(y, self, var)

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        inlined = primitive.family.inline(primitive, operands)
        if inlined is not None:
            return inlined
        if len(operands) == 1 and primitive.outputs is None and primitive.form is None and not self._weak:
            (x,) = operands
            if type(x) in TRACED and x.mode is self and type(x.value) not in TRACED:
                return self._made(primitive, (x.payload,), primitive.compute((x.value,), params), params)
        values: list[Any] = []
        atoms: list[Any] = []
        for operand in operands:
            kind = type(operand)
            if kind in TRACED and operand.mode is self:
                values.append(operand.value)
                atoms.append(operand.payload)
                continue
            if kind not in NUMBERS and kind not in TRACED:
                admitted = admit(operand, operands)
                if admitted is not operand and type(admitted) in TRACED:
                    return apply(primitive, tuple(map(admit, operands)), params)
                operand = admitted  # noqa: PLW2901  the admitted form is the operand
            values.append(operand)
            atoms.append(self._atom(operand))
        if primitive.form is not None:
            bool(self.interpret(primitive.form, operands, params))  # a guard: the results below have that dtype
        weak = self._weaken(primitive, values, atoms) if self._weak else None
        y = apply(primitive, tuple(values), params)
        parts = (y,) if primitive.outputs is None else y
        results = tuple(map(self._var, parts))
        if weak is not None:
            self._weak[results[0]] = weak
        self.program.steps.append(Op(primitive, tuple(atoms), params, results, self._place(sys._getframe(1))))
        made = tuple(wrap(part, self, var) for part, var in zip(parts, results, strict=True))
        return made[0] if primitive.outputs is None else made

    def left(self, t: Any, how: str) -> None:
        if how == "bool":
            self._guard(t, bool(plain(t.value)), True)
        elif how in ("value", "text"):
            self._guard(t, plain(t.value), False)

    def concrete(self, t: Any, convert: Callable[[Any], Any], refusal: Callable[[], Exception]) -> Any:
        """The sample, which the program holds for from here on."""
        found = convert(t.value)
        self._guard(t, plain(t.value), False)
        return found

    def finish(self, outputs: list[Any]) -> Program:
        """The program with these outputs, once the function has returned and whatever it made is gone."""
        program = self.program
        program.outputs = [self.atom(value) for value in outputs]
        program.arrays, program.frozen = self._met.settle()
        return program

    def _weaken(self, primitive: Any, values: list[Any], atoms: list[Any]) -> type | None:
        """Give operands that were Python numbers the dtype NumPy would; and say what the result is among themselves."""
        weak = [self._weak.get(atom) if type(atom) is Var else None for atom in atoms]
        if not any(weak):
            return None
        kinds = [w or type(v) for w, v in zip(weak, values, strict=True)]
        strong = [v.dtype for v, w in zip(values, weak, strict=True) if w is None and hasattr(v, "dtype")]
        if not strong:
            return _number(primitive, kinds)
        for i, kind in enumerate(weak):
            if kind is None:
                continue
            dtype = np.result_type(*strong, kind())
            if dtype != values[i].dtype and dtype.itemsize < values[i].dtype.itemsize:
                cast = cast_as(wrap(values[i], self, atoms[i]), dtype)
                values[i], atoms[i] = cast.value, cast.payload
        return None

    def _guard(self, t: Any, expected: Any, truth: bool) -> None:
        var = t.payload
        if type(var) is not Var or (var, truth) in self._looked:
            return
        self._looked.add((var, truth))
        expected = expected.copy() if isinstance(expected, np.ndarray) else expected
        self.program.steps.append(Guard(var, expected, truth, self._place(sys._getframe(1)), len(self._looked) - 1))

    def _var(self, value: Any) -> Var:
        self._count += 1
        return Var(self._count, tuple(value.shape), value.dtype)

    def _atom(self, value: Any) -> Any:
        """An operand that is no value of this mode: a number, an array, or a value of a transformation around us."""
        if type(value) is np.ndarray:
            return self._met.variable(value, self._var)[0] if value.ndim else value[()]
        if isinstance(value, Traced):
            self.open = True
            return self._var(value)
        return value

    def stand(self, frame: FrameType) -> tuple[FrameType | None, Place | None]:
        """Remember which of the user's lines a frame was called from; what was remembered before."""
        before = self.known
        self.known = frame, self._place(frame)
        return before

    def __enter__(self) -> Any:
        RECORDERS.append(self)
        return super().__enter__()

    def end(self) -> None:
        RECORDERS.remove(self)
        self.known = None, None
        super().end()

    def _place(self, frame: FrameType | None) -> Place | None:
        """The user's line that a frame is, or was called from."""
        library, (known, place) = self._library, self.known
        while frame is not None:
            if frame is known:
                return place
            name = frame.f_code.co_filename
            if name not in library:
                library[name] = is_library(name)
            if not library[name]:
                return name, frame.f_lineno
            frame = frame.f_back
        return None


def _number(primitive: Any, kinds: list[type]) -> type | None:
    """What Python makes of its own numbers; None where NumPy makes it."""
    if primitive.name not in _PYTHON:
        return None
    return float if primitive.name == "absolute" else max(kinds, key=(bool, int, float, complex).index)


def _sample(value: Any) -> Any:
    """A copy that is contiguous where the array is: on that depends what ``ravel`` gives, and whether it is a view."""
    if value.flags.contiguous or value.flags.f_contiguous:
        return value.copy("K")
    spaced = np.empty((*value.shape, 2), value.dtype)[..., 0]
    spaced[...] = value
    return spaced
