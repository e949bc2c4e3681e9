"""Traced: the duck array a user's function receives in place of its numbers.

It wraps a value (a NumPy scalar or array, another duck array, or another Traced) for one mode. NumPy's functions reach
us through ``__array_ufunc__`` and ``__array_function__``; operators and methods are installed on the class by the
declarations of the book (``install``). There are two classes, because NumPy takes whatever has ``__len__`` for a
sequence: ``TracedScalar`` has none.

What an operation means is never decided here: ``apply`` finds the highest mode among the operands and asks it.
"""

from __future__ import annotations

import functools
import numbers
import operator
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from edgewise.core import rebinding, refusals, stores
from edgewise.core.mode import NOTHING, RECORDERS
from edgewise.core.registry import ENTRIES, OUT_AT, STATIC_FROM, UNCHECKED, find, spelling
from edgewise.core.shaped import Shaped
from edgewise.errors import (
    BatchError,
    ConversionError,
    EdgewiseError,
    EscapedError,
    is_own,
)

__all__ = [
    "FOLLOWING",
    "TRACED",
    "UFUNCS",
    "UNDISPATCHED",
    "Traced",
    "TracedArray",
    "TracedScalar",
    "apply",
    "bridged",
    "call",
    "call_into",
    "call_ufunc",
    "cast_as",
    "dispatched",
    "fixed",
    "gathered",
    "getitem",
    "ufunc_at",
    "ufunc_into",
    "wrap",
]

_PYTHONIC = (np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_))  # calculate as Python's own numbers do
UFUNCS: dict[np.ufunc, Any] = {}  # ufuncs that are primitives: the short way of __array_ufunc__


class Traced(Shaped):
    """A value inside a transformation. Users never make one: they call NumPy on those they are given.

    Attributes:
        value: what it wraps; for the modes alone (``ew.value`` is the public way to look).
        mode: the running transformation it belongs to.
        payload: what the mode adds: a ``Node`` under ``Recorded``, a ``Tangent`` under ``Dual``.
    """

    __slots__ = ("mode", "payload", "value")
    __array_priority__ = 1000.0  # SciPy's sparse matrices and np.matrix defer to us by it

    def __init__(self, value: Any, mode: Any, payload: Any) -> None:
        self.value = value
        self.mode = mode
        self.payload = payload

    # -- NumPy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            primitive = UFUNCS.get(ufunc)
            if primitive is not None:
                if len(inputs) == 1:
                    return self.mode.unary(primitive, self)
                return _binary(primitive, *inputs)
        if method == "at":
            return ENTRIES[ufunc_at](ufunc, *inputs)
        out = kwargs.pop("out", None)
        if out is None or not any(target is not None for target in out):
            return call_ufunc(ufunc, method, inputs, kwargs)
        if any(type(target) in TRACED for target in out):
            return ENTRIES[ufunc_into](ufunc, method, inputs, out, kwargs)
        if stores.holds_objects(out[0]):
            out[0][...] = np.asarray(call_ufunc(ufunc, method, inputs, kwargs))
            return out[0]
        if not rebinding.rebinds(ufunc, method, inputs, out, kwargs):
            raise stores.refused_out(ufunc, out[0], sys._getframe(1))
        result, dtype = call_ufunc(ufunc, method, inputs, kwargs), out[0].dtype
        rebinding.watch(out[0], sys._getframe(1), functools.partial(stores.refused_in_place, ufunc))
        return result if result.dtype == dtype else cast_as(result, dtype)

    def __array_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        return call(func, args, kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        dtype = np.dtype(dtype or object)
        if dtype.kind != "O":
            refusal = functools.partial(refusals.no_array, dtype, bool(self.mode.lead))
            return self.mode.concrete(self, lambda value: np.array(value, dtype), refusal)
        frame = sys._getframe(1)
        refusals.remember(frame, bool(self.mode.lead))
        if self.dtype not in _PYTHONIC:
            raise refusals.no_object(self.dtype)
        self.mode.left(self, "array")
        if not is_own(frame.f_code.co_filename):  # or it is ours, and becomes one traced array at once
            self.mode.bridged = True
        array = np.empty(self.shape, dtype=object)
        for index in np.ndindex(self.shape):
            array[index] = self[index] if index else self
        if not copy and type(self) is not TracedScalar:
            if refusals.no_copy(frame):  # NumPy's would be the array itself, seen in both
                array.flags.writeable = False
            ENTRIES[bridged](self, array)
        return array

    # -- Python's conversions

    def __bool__(self) -> bool:
        if self.mode.lead:
            raise BatchError(
                "the truth value of a batch is not one answer",
                "under vmap the function runs once for the whole batch, and its members may disagree",
                "write the choice as np.where(condition, a, b), or loop over the batch with ordinary Python",
            )
        self.mode.left(self, "bool")
        return bool(self.value)

    def __index__(self) -> int:  # integers are plain again in every mode but a batch and a program
        refusal = functools.partial(refusals.no_integer, bool(self.mode.lead))
        return int(self.mode.concrete(self, operator.index, refusal))

    def __float__(self) -> float:
        return float(self._concrete(float))

    def __int__(self) -> int:
        return int(self._concrete(int))

    def __floor__(self) -> int:  # math.floor and the like round first, which says that no derivative is meant
        return int(np.floor(self))

    def __ceil__(self) -> int:
        return int(np.ceil(self))

    def __trunc__(self) -> int:
        return int(np.trunc(self))

    def __complex__(self) -> complex:
        return complex(self._concrete(complex))

    def item(self, *args: int) -> Any:
        """An ordinary number; refused where it would lose a derivative."""
        return self._concrete(lambda value: value.item(*args), ".item()")

    def _concrete(self, convert: Any, name: str = "") -> Any:
        refusal = functools.partial(refusals.lost, name or f"{convert.__name__}()", bool(self.mode.lead))
        return self.mode.concrete(self, convert, refusal)

    @property  # type: ignore[misc]  # object's may be set
    def __class__(self) -> type:
        """What ``isinstance`` and ``match`` look at beside the type: while a program is recorded, that of the value.

        So a path that is chosen by it is the one that the function takes by itself. Edgewise's own code is not told.
        """
        return self.mode.kind(self) if self._told(sys._getframe(1)) else type(self)

    def _told(self, frame: Any) -> bool:
        """Whether whoever asks is told of the value in a program that is being recorded, and not of this object."""
        mode = self.mode
        return mode.stages and not mode.ended and not is_own(frame.f_code.co_filename)

    def __repr__(self) -> str:
        if self._told(sys._getframe(1)):
            self.mode.left(self, "text")
            return self.mode.text(self)  # type: ignore[no-any-return]
        return f"traced({self.value!r})"

    def __str__(self) -> str:
        self.mode.left(self, "text")
        return str(self.value)

    def __format__(self, spec: str) -> str:
        self.mode.left(self, "text")
        if spec and self.mode.lead and not self.shape:  # a number to the user: those of the batch
            return f"[{' '.join(format(self.value[i], spec) for i in range(self.value.shape[0]))}]"
        return format(self.value, spec)

    def __hash__(self) -> int:
        raise ConversionError(
            "a traced value cannot be a key of a dictionary or an element of a set",
            "it has no hash: it stands for a value with a derivative, and a key is a plain value",
            "use the plain value as the key: float(ew.value(t))",
        )

    def __copy__(self) -> Traced:
        return fixed(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Traced:
        return fixed(self)

    def __reduce__(self) -> NoReturn:
        raise EscapedError(
            "a traced value cannot be pickled",
            "it belongs to one running transformation of one process",
            "pickle ew.value(t), or move the differentiation inside the function that is sent",
        )

    # -- elements

    def __getitem__(self, index: Any) -> Any:
        for mode in RECORDERS:
            index = mode.captured(self, index)
        return ENTRIES[getitem](self, index)


class TracedScalar(Traced):
    """A traced value without axes. NumPy takes it for a number."""

    __slots__ = ()
    __iter__ = None  # or Python would iterate by __getitem__, find no entry 0, and take it for an empty sequence

    def tolist(self) -> Any:
        """Itself, as a NumPy scalar's is a number."""
        return self

    def __round__(self, ndigits: int | None = None) -> Any:
        return call(np.round, (self, ndigits or 0), NOTHING)


class TracedArray(Traced):
    """A traced value with axes."""

    __slots__ = ("__weakref__", "alias")
    alias: Any  # unset, or what is known about shared memory (core.memory)

    @property  # type: ignore[misc]  # object's may be set
    def __class__(self) -> type:
        """As of any traced value; and an array's, where ``np.polynomial`` asks.

        It evaluates each column of a matrix of coefficients at each entry of an array, but pairs them with the entries
        of whatever it does not know for one. Others are not told, or duck arrays would no longer yield to this one.
        """
        asks = sys._getframe(1)
        if self._told(asks):
            return self.mode.kind(self)  # type: ignore[no-any-return]
        return np.ndarray if asks.f_globals.get("__name__", "").startswith("numpy.polynomial") else type(self)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def tolist(self) -> list[Any]:
        """Nested lists of traced scalars."""
        return [row.tolist() if row.ndim else row for row in self]


numbers.Number.register(TracedScalar)  # as NumPy's scalars are, for np.isscalar and isinstance
FOLLOWING: set[type] = set()  # the classes of arrays that share memory (core.memory)
TRACED: set[type] = {TracedScalar, TracedArray}  # and those


def wrap(value: Any, mode: Any, payload: Any) -> Traced:
    """Wrap a value for a mode, in the class its shape asks for."""
    return (TracedArray if value.ndim > mode.lead else TracedScalar)(value, mode, payload)


def fixed(t: Traced) -> Traced:
    """What a traced value is now, as one that no store changes: to keep, or to wrap."""
    return t if type(t) is TracedScalar else wrap(t.value, t.mode, t.payload)


def _binary(primitive: Any, x1: Any, x2: Any) -> Any:
    """``apply`` for two operands without parameters, at least one of them traced."""
    mode = x1.mode if type(x1) in TRACED else x2.mode
    if type(x2) in TRACED and x2.mode.level > mode.level:
        mode = x2.mode
    return mode.binary(primitive, x1, x2)


def apply(primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Apply a primitive: the highest mode among the operands interprets it; with none, it is computed."""
    top = None
    for operand in operands:
        if type(operand) in TRACED:
            mode = operand.mode
            if top is None or mode.level > top.level:
                top = mode
    if top is None:
        return primitive.compute(operands, params)
    return top.interpret(primitive, operands, params)


def call(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a declared function; a traced value in a static role is an error, never ignored."""
    entry = ENTRIES.get(function) or find(function)
    for mode in RECORDERS:
        args, kwargs = mode.captured_in(function, args, kwargs)
    if kwargs or len(args) > UNCHECKED.get(function, 0):
        out = _check(function, args, kwargs)
        if out is not None:
            return ENTRIES[call_into](function, *_without_out(function, args, kwargs), out)
    try:
        return entry(*args, **kwargs)
    except _INSIDE as error:
        whole = ENTRIES[gathered](args, kwargs)
        if whole is not None:  # object arrays beside a traced value are one with it
            return call(function, *whole)
        if isinstance(error, EdgewiseError):
            raise
        ours = isinstance(error, TypeError) and refusals.wrong_signature(spelling(function), error)
        if better := ours or _verdict(function, args, kwargs, error):
            raise better from error
        raise


_INSIDE = (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError)


def _verdict(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception
) -> Exception | None:
    """What NumPy's own function says to the same call on ordinary arrays, where it says something else than ours."""
    plain = (_standing_for(args), _standing_for(kwargs))
    if not spelling(function).startswith("np.") or any(map(callable, (*plain[0], *plain[1].values()))):
        return None
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        try:
            function(*plain[0], **plain[1])
        except Exception as theirs:  # noqa: BLE001  whatever NumPy raises is its answer
            return None if type(theirs) is type(error) else theirs
    return None


def _standing_for(value: Any) -> Any:
    """An ordinary value for a traced one, of its shape and dtype: the value itself, of a batch one member."""
    if isinstance(value, list | tuple):
        return type(value)(map(_standing_for, value)) if type(value) in (list, tuple) else value
    if isinstance(value, dict):
        return {key: _standing_for(item) for key, item in value.items()}
    shape, lead = getattr(value, "shape", ()), 0
    while isinstance(value, Traced):
        value, lead = value.value, lead + value.mode.lead
    return value if not lead else np.reshape(value, (-1, *shape))[0] if np.size(value) else np.zeros(shape, value.dtype)


def _check(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Refuse traced values in static roles, and ``out=`` with an ordinary array; return a traced one."""
    out, at = kwargs.get("out"), OUT_AT.get(function)
    if out is not None or (at is not None and len(args) > at and (out := args[at]) is not None):
        if type(out) in TRACED:
            return out
        raise stores.refused("out=")
    static = STATIC_FROM.get(function)
    if static is not None:
        leading, names = static
        for position, value in enumerate(args[leading:], leading):
            _refuse_traced(function, value, f"argument {position + 1}")
        for name, value in kwargs.items():
            if name not in names:
                _refuse_traced(function, value, f"{name}=")
    return None


def _without_out(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    at = OUT_AT.get(function, len(args))
    return tuple(None if i == at else a for i, a in enumerate(args)), {k: v for k, v in kwargs.items() if k != "out"}


def _refuse_traced(function: Callable[..., Any], value: Any, role: str) -> None:
    if any(isinstance(v, Traced) for v in (value if isinstance(value, tuple | list) else (value,))):
        raise refusals.static_role(spelling(function), role)


UNDISPATCHED: dict[Callable[..., Any], Callable[..., Any]] = {}  # what computes the value of a function of ours


def dispatched(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of ours dispatch like NumPy's: traced operands go to its declaration."""

    def wrapper(*operands: Any, **params: Any) -> Any:
        for operand in operands:
            if type(operand) in TRACED:
                return ENTRIES[wrapper](*operands, **params)
        return function(*operands, **params)

    wrapper.__name__, wrapper.__qualname__ = function.__name__, function.__qualname__
    wrapper.__module__, wrapper.__doc__ = function.__module__, function.__doc__
    UNDISPATCHED[wrapper] = function
    return wrapper


def call_ufunc(ufunc: np.ufunc, method: str, inputs: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What ``__array_ufunc__`` does once stores (``out=``, ``at``) are dealt with. A method has a row of its own."""
    return call(ufunc if method == "__call__" else getattr(ufunc, method), inputs, kwargs)


def getitem(x: Any, index: Any) -> Any:
    """``x[index]`` as a function, so that indexing has a name; an ordinary array takes a batch of integers too."""
    parts = index if isinstance(index, tuple) else (index,)
    if type(x) in TRACED or any(type(part) in TRACED for part in parts):
        return ENTRIES[getitem](x, index)
    return x[index]


def gathered(args: Any, kwargs: Any) -> Any:
    """Arguments with object arrays of traced values made into traced arrays; None where there are none."""


# What a store is called in the registry; ``core.assignment`` and ``core.memory`` enter them, above this file.


def bridged(t: Traced, array: Any) -> None:
    """An object array was made of ``t``, which a store into ``t`` would not reach."""


def ufunc_at(ufunc: np.ufunc, a: Any, indices: Any, *b: Any) -> None:
    """``ufunc.at(a, indices, b)``."""


def ufunc_into(ufunc: np.ufunc, method: str, inputs: Any, out: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """A ufunc, or a method of one, with ``out=``."""


def call_into(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], out: Any) -> None:
    """Another function of NumPy's with ``out=``."""


@dispatched
def cast_as(x: Any, dtype: Any) -> Any:
    """``x.astype(dtype)`` as a function: ``np.astype`` came only with NumPy 2.1."""
    return x.astype(dtype)
