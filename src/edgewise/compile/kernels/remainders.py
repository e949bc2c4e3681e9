"""Division with remainder: ``floor_divide``, ``remainder`` and ``fmod``, of floating-point numbers and of integers.

The remainder of floating-point numbers is exact. Where the quotient q = a/b, rounded to an integer, is that of 53 bits
or fewer, a - q·b is a number of the dtype: it is a multiple of the unit in the last place of q times that of b, and at
most half a unit in the last place of q, times b. So one fused multiply-add gives it without error, and a few in turn
the remainder by any b (the quotient may have 2000 bits). What NumPy makes of it is in its ``npy_divmod``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from edgewise.compile.ir import I1, Value, copysign, fabs, fma, select
from edgewise.compile.kernels.arithmetic import rounded
from edgewise.compile.kernels.kinds import Kind

__all__ = ["REAL"]

_trunc, _floor = rounded("trunc"), rounded("floor")


def fmod(kind: Kind, a: Value, b: Value) -> Value:
    """The remainder with the sign of a; NaN by 0 and of infinity."""
    block, size, by = a.block, fabs(a), fabs(b)
    long = 2.0**52 if kind.element == "double" else 2.0**23
    step = 2.0**600 if kind.element == "double" else 2.0**100

    def shorten() -> list[Value]:
        """Take multiples of b off until the quotient is short; what is left may have either sign."""
        before, number = block.label, block.fresh()
        loop, out = f"{number}.shorten", f"{number}.short"
        block.lines.append(f"  br label %{loop}")
        block.begin(loop)
        now, at = block.name(f"%{number}.now", a.kind), len(block.lines)
        length = fabs(now)
        unit = select(length / by > step, by * step, by)
        unit = select(length / unit > step, unit * step, unit)  # now the quotient is finite
        rest = fma(-_trunc(kind, now / unit), unit, now)
        going = (length / by >= long) & (length < float("inf")) & (by > 0.0)
        left = select(going, rest, now)
        block.lines.insert(at, f"  {now.text} = phi {a.kind.text} [ {size.text}, %{before} ], [ {left.text}, %{loop} ]")
        again = going & (fabs(left) / by >= long)
        block.lines.append(f"  br i1 {_any(again).text}, label %{loop}, label %{out}")
        block.begin(out)
        return [left]

    (left,) = block.rarely(size / by >= long, [size], shorten)
    rest = fma(-_trunc(kind, left / by), by, left)
    rest = select(rest < 0.0, rest + by, rest)
    rest = select(rest >= by, rest - by, rest)
    rest = select(by.equals(float("inf")), size, rest)  # the quotient is 0, times infinity
    nan = float("nan")
    bad = by.equals(0.0) | size.equals(float("inf")) | a.differs(a) | b.differs(b)
    return select(bad, nan, copysign(rest, a))


def _any(mask: Value) -> Value:
    lanes = mask.kind.lanes
    return mask if lanes == 1 else mask.block.call(f"llvm.vector.reduce.or.v{lanes}i1", I1, mask)


def _divided(kind: Kind, a: Value, b: Value) -> tuple[Value, Value]:
    """Quotient and remainder as ``npy_divmod`` has them: the remainder has the sign of b."""
    rest = fmod(kind, a, b)
    quotient = (a - rest) / b
    wrong = rest.differs(0.0) & ((b < 0.0) ^ (rest < 0.0))
    remainder = select(rest.differs(0.0), select(wrong, rest + b, rest), copysign(rest.block.constant(0.0, b.kind), b))
    quotient = select(wrong, quotient - 1.0, quotient)
    near = _floor(kind, quotient)
    near = select(quotient - near > 0.5, near + 1.0, near)
    near = select(quotient.differs(0.0), near, copysign(near.block.constant(0.0, b.kind), a / b))
    none = b.equals(0.0)
    return select(none, a / b, near), select(none, rest, remainder)


def _integer(kind: Kind, which: str, a: Value, b: Value) -> Value:
    """By 0 it is 0; the smallest number by -1 is itself: either would end the process, had the processor to do it."""
    block, minus = a.block, "s" if kind.signed else "u"
    none = b.equals(0)
    safe = select(none, 1, b)
    opposite = safe.equals(-1) if kind.signed else None
    if opposite is not None:
        safe = select(opposite, 1, safe)
    quotient = block.emit(f"{minus}div {a!r}, {safe.text}", a.kind)
    rest = a - quotient * safe
    if which != "fmod" and kind.signed:
        wrong = rest.differs(0) & ((rest < 0) ^ (safe < 0))
        quotient = select(wrong, quotient - 1, quotient)
        rest = select(wrong, rest + safe, rest)
    if opposite is not None:
        quotient = select(opposite, -a, quotient)
        rest = select(opposite, 0, rest)
    return select(none, 0, quotient if which == "floor_divide" else rest)


def _of(which: str, floats: Callable[[Kind, Value, Value], Value]) -> Callable[[Kind, Value, Value], Value]:
    return lambda kind, a, b: floats(kind, a, b) if kind.floating else _integer(kind, which, a, b)


REAL: Final[dict[str, Callable[..., Any]]] = {
    "floor_divide": _of("floor_divide", lambda kind, a, b: _divided(kind, a, b)[0]),
    "remainder": _of("remainder", lambda kind, a, b: _divided(kind, a, b)[1]),
    "fmod": _of("fmod", fmod),
}
