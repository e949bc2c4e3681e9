"""Which operations act number by number, and how each is computed.

``scalar(op)`` answers with a ``Scalar``: the kinds that NumPy converts the operands to, the function that writes the
operation, and the kind of the result; or None where machine code has no form for it, so that NumPy is called.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from edgewise.compile import maths
from edgewise.compile.ir import Block, Value
from edgewise.compile.kernels import arithmetic, composed, questions, remainders
from edgewise.compile.kernels.kinds import Held, Kind, convert, kind_of
from edgewise.compile.kernels.names import elementwise_name
from edgewise.core.primitive import Primitive
from edgewise.core.program import Op, Var

__all__ = ["Scalar", "on_type", "scalar", "write"]

_REAL: Final = arithmetic.REAL | questions.REAL | remainders.REAL | composed.REAL
_COMPLEX: Final = arithmetic.COMPLEX | questions.COMPLEX | composed.COMPLEX
_LONG: Final = frozenset(composed.REAL) | frozenset({"angle"})
_SLOW = frozenset({"divide", "reciprocal", "sqrt"})
_AS_RESULT = frozenset({"clip", "where"})  # not ufuncs: operands take the dtype of the result
_NEED_FMA = frozenset(remainders.REAL)
_MOST_PRODUCTS = 64  # of an integer power


class Scalar(NamedTuple):
    """How an operation is computed.

    Attributes:
        name: of the primitive.
        kinds: what each operand is converted to first.
        compute: the kind of the computation.
        result: the kind of the result.
        function: ``function(compute, *operands)`` writes it.
        maths: the elementary function it is, to be called or to be written in place; "" for what is a few instructions.
        fixed: operands that the function has in itself, as the power of ``x**2``.
    """

    name: str
    kinds: tuple[Kind, ...]
    compute: Kind
    result: Kind
    function: Callable[..., Any]
    maths: str = ""
    fixed: frozenset[int] = frozenset()

    @property
    def cost(self) -> int:
        """Instructions, roughly."""
        if self.maths:
            return 40
        return 80 if self.name in _LONG else 25 if self.name in remainders.REAL else 8 if self.name in _SLOW else 1


def scalar(op: Op, fused: bool = True) -> Scalar | None:
    """How an operation is computed number by number; None where it is not, or not by machine code.

    Args:
        op: of a program.
        fused: whether the processor multiplies and adds in one rounding.
    """
    name = elementwise_name(op.primitive)
    if not name or len(op.results) != 1:
        return None
    dtype = op.results[0].dtype
    if name in ("cast", "stop_gradient"):
        return _cast(op.operands[0].dtype, dtype) if type(op.operands[0]) is Var else None
    if op.params:
        return None
    if name in ("power", "float_power") and type(op.operands[1]) is not Var:
        return _power(op)
    types = tuple(_type_of(x) for x in op.operands)
    found = _planned(name, op.primitive.function, types, dtype)
    if found is None or not all(map(_fits, op.operands, found.kinds)):
        return None
    return None if not fused and name in _NEED_FMA and found.compute.floating else found


def on_type(primitive: Primitive, dtype: np.dtype[Any]) -> Scalar | None:
    """How an elementwise operation is computed if all operands and the result are of one dtype."""
    name, function = elementwise_name(primitive), primitive.function
    if not name or not isinstance(function, np.ufunc):
        return None
    return _planned(name, function, (dtype,) * function.nin, dtype)


def _type_of(operand: Any) -> Any:
    """What NumPy's promotion looks at: a dtype, or the type of a Python number, which gives way."""
    kind = type(operand)
    if kind is Var or isinstance(operand, np.generic):
        return operand.dtype
    return np.dtype(bool) if kind is bool else kind


def _fits(operand: Any, kind: Kind) -> bool:
    """Whether a Python integer is one of the dtype: NumPy treats others specially."""
    if type(operand) is not int or not kind.integer:
        return True
    info = np.iinfo(kind.dtype)
    return int(info.min) <= operand <= int(info.max)


@functools.lru_cache(maxsize=4096)
def _planned(name: str, function: Any, types: tuple[Any, ...], dtype: np.dtype[Any]) -> Scalar | None:
    dtypes = _loop(name, function, types, dtype)
    if dtypes is None:
        return None
    kinds = tuple(kind_of(d) for d in dtypes)
    result = kind_of(dtype)
    if result is None or any(k is None for k in kinds):
        return None
    given = tuple(k for k in kinds if k is not None)
    compute = given[1] if name == "where" else given[0]
    if len({k.element for k in given[name == "where" :]}) > 1 or len({k.signed for k in given[name == "where" :]}) > 1:
        return None  # ldexp, and comparisons of integers with and without sign
    if compute.complex:
        written = _COMPLEX.get(name)
    elif name in maths.FUNCTIONS and compute.floating:
        return Scalar(name, given, compute, result, _applied(name), name)
    else:
        written = _REAL.get(name)
    return None if written is None else Scalar(name, given, compute, result, written)


def _loop(name: str, function: Any, types: tuple[Any, ...], dtype: np.dtype[Any]) -> tuple[Any, ...] | None:
    """The dtypes that NumPy converts the operands to."""
    if name == "where":
        return (np.dtype(bool), dtype, dtype)
    if name in _AS_RESULT or (name in ("real", "imag") and types[0] == dtype):
        return (dtype,) * len(types)
    if name in ("real", "imag", "angle"):
        return types
    if not isinstance(function, np.ufunc):
        return None
    if name.startswith("logical_"):  # NumPy names bool here, and asks each number whether it is zero
        return (np.dtype(bool),) * len(types)
    if name in ("isnan", "isinf", "isfinite", "floor", "ceil", "trunc") and types[0].kind in "iub":
        return types if dtype in (types[0], np.dtype(bool)) else None
    try:
        found = function.resolve_dtypes((*types, *(None,) * function.nout))
    except TypeError:
        return None
    return found[:-1] if found[-1] == dtype else None


def _applied(name: str) -> Callable[..., Value]:
    return lambda kind, *operands: maths.apply(name, *operands)


def _cast(given: Any, wanted: np.dtype[Any]) -> Scalar | None:
    before, after = kind_of(given), kind_of(wanted)
    if before is None or after is None:
        return None
    return Scalar("cast", (before,), before, after, lambda kind, x: convert(x, before, after))


def _power(op: Op) -> Scalar | None:
    """A power that the program knows: products where they are as exact as the function, as NumPy does for squares."""
    base, n = op.operands
    result = kind_of(op.results[0].dtype)
    if type(base) is not Var or result is None or type(n) is complex or isinstance(n, np.complexfloating):
        return None
    alone = frozenset({1})
    if result.integer:
        if not isinstance(n, int | np.integer) or not 0 <= n <= _MOST_PRODUCTS:
            return None
        power = int(n)
        return Scalar(
            "power", (result,) * 2, result, result, lambda k, a: arithmetic.integer_power(k, a, power), "", alone
        )
    if not result.floating:
        return None
    if float(n) in (-1.0, 0.0, 1.0, 2.0, 3.0, 4.0):
        power = int(n)
        return Scalar(
            "power", (result,) * 2, result, result, lambda k, a: arithmetic.whole_power(k, a, power), "", alone
        )
    if float(n) == 0.5 and base.shape and op.primitive.name == "power":
        return Scalar("power", (result,) * 2, result, result, _REAL["sqrt"], "", alone)
    if "power" not in maths.FUNCTIONS:
        return None
    return Scalar("power", (result,) * 2, result, result, _applied("power"), "power")


def write(block: Block, how: Scalar, operands: list[Held], called: bool) -> Held:
    """Write the operation on operands that are of its ``kinds``.

    Args:
        block: where to.
        how: the operation.
        operands: as ``how.kinds`` says, without those that are ``fixed``.
        called: whether elementary functions are called rather than written in place: shorter, and slower in a loop.
    """
    if how.maths and called:
        first = operands[0]
        assert isinstance(first, Value)
        lanes, element = first.kind.lanes, how.compute.element
        if lanes == 1:
            symbol = maths.declare(block.module, how.maths, first.kind)
        else:
            symbol = maths.define(block.module, how.maths, element, lanes)
        return block.call(symbol, first.kind, *(x for x in operands if isinstance(x, Value)))
    found: Held = how.function(how.compute, *operands)
    return found
