"""Stores into arrays that cannot hold a derivative, and the one case where ``a += t`` may simply rebind.

``a += t`` with an ordinary array ``a`` reaches us as ``np.add(a, t, out=(a,))``. NumPy would write into ``a``, which
everybody who holds ``a`` or a view of it would see. We cannot write, but Python rebinds the name ``a`` to whatever we
return: where nobody else holds the array, nobody can tell the difference, and the everyday ``total += x[i]`` works.
Anything else is an error that names the line.
"""

from __future__ import annotations

import dis
import functools
import sys
from typing import Any

import numpy as np

from edgewise.core.refusals import stored
from edgewise.errors import NotYetError, StoreError, spelled_call, user_frame

__all__ = ["SYMBOLS", "holds_objects", "into_traced", "rebinds", "refused", "refused_at", "refused_out", "sole_traced"]


# The in-place operators, by the ufunc that NumPy makes of them.
SYMBOLS: dict[np.ufunc, str] = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.matmul: "@",
    np.power: "**",
    np.floor_divide: "//",
    np.remainder: "%",
}


def refused(target: Any, how: str, instead: str = "") -> Exception:
    """The error for a store into ``target``.

    Args:
        target: what was to be stored into: an ordinary array or a traced one.
        how: as the user wrote it: ``+=``, ``out=``, ``np.copyto``.
        instead: what works; "" for what works in most cases.
    """
    if not isinstance(target, np.ndarray):
        return into_traced(how)
    call = spelled_call(user_frame())
    if how == "np.copyto" and call not in ("", "np.copyto", "copyto"):  # np.full and others store by it
        how, instead = call, f"leave the dtype out: {call}(shape, t)" if call.endswith("full") else ""
    if how == "out=":
        instead = f"use what the function returns: a = {call or 'np.add'}(...)"
    return StoreError(
        f"a traced value was stored with {how} into an ordinary array",
        "an ordinary array cannot carry a derivative, and others may hold this one or a view of it",
        instead or "make a new value: a = np.where(mask, t, a)",
    )


def holds_objects(target: Any) -> bool:
    """Whether an array can hold traced values: an object array can."""
    return isinstance(target, np.ndarray) and target.dtype == object


def refused_out(ufunc: np.ufunc, target: Any, frame: Any) -> Exception:
    """The error for ``a += t``, or for ``out=a`` where it was not written as an operator."""
    symbol = SYMBOLS.get(ufunc)
    if symbol is None or not _is_inplace_operator(frame):
        return refused(target, "out=")
    if isinstance(target, np.ndarray) and target.base is not None and _stored_next(frame):
        return stored(f"a[i] {symbol}= t")
    return refused(target, f"{symbol}=", f"make a new value: a = a {symbol} t")


def refused_at(ufunc: np.ufunc, target: Any) -> Exception:
    """The error for ``np.add.at(a, i, t)``."""
    if ufunc is np.add:
        return refused(target, "np.add.at", "make a new value: a = a + np.eye(len(a))[i].T @ t")
    return refused(target, f"np.{ufunc.__name__}.at", "write it with np.where, which makes a new value")


def into_traced(how: str) -> NotYetError:
    """The error for a store into a traced array."""
    return NotYetError(
        f"storing into a traced array ({how}) is not supported yet",
        "NumPy's stores are seen through every view and alias, and edgewise does not follow those yet",
        "make a new value: a = a + v, np.where(mask, v, a), np.concatenate or ew.stack([...])",
    )


def rebinds(
    ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], out: tuple[Any, ...], kwargs: dict[str, Any]
) -> bool:
    """Whether this call is ``a += t`` on an array nobody else can see.

    Three proofs are asked for: the instruction is an in-place operator (``np.add(a, t, out=a)`` is used through ``a``
    afterwards, not through what we return), the array owns its data, and it has exactly the references the instruction
    itself needs (a view would hold one more).
    """
    if method != "__call__" or kwargs or type(out[0]) is not np.ndarray or out[0] is not inputs[0]:
        return False
    array = out[0]
    count = sys.getrefcount(array)
    return (
        array.base is None
        and array.flags.owndata
        and array.dtype.kind == "f"
        and _fits(array.shape, np.shape(inputs[1]))
        and _is_inplace_operator(sys._getframe(2))
        and count <= _array_floor()
    )


def _fits(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether ``a += v`` keeps the shape of ``a``: NumPy refuses it otherwise."""
    return other in (shape, ()) or (
        len(other) <= len(shape) and all(n in (1, m) for n, m in zip(other[::-1], shape[::-1], strict=False))
    )


def sole_traced(t: Any) -> bool:
    """Whether ``t += v`` on a traced array can be seen by nobody but the statement itself, on any level."""
    count = sys.getrefcount(t)
    floor, inner_floor = _traced_floor()
    if count > floor or not _is_inplace_operator(sys._getframe(2)):
        return False
    value = t.value
    while hasattr(value, "mode"):  # every alias and view ends at the array below all levels
        value = value.value
    return type(value) is np.ndarray and value.base is None and sys.getrefcount(value) <= inner_floor


def _is_inplace_operator(frame: Any) -> bool:
    code, at = frame.f_code.co_code, frame.f_lasti
    return at >= 0 and (code[at], code[at + 1]) in _inplace_instructions()


def _stored_next(frame: Any) -> bool:
    """Whether the result of the current instruction is stored at an index, as in ``a[i] += t``."""
    code = frame.f_code.co_code
    names = (dis.opname[op] for op in code[frame.f_lasti + 2 :: 2])
    return next((n for n in names if n not in ("CACHE", "SWAP", "NOP")), "") in ("STORE_SUBSCR", "STORE_SLICE")


@functools.cache
def _inplace_instructions() -> frozenset[tuple[int, int]]:
    """Opcode and argument of the in-place operators, read off this interpreter's own compiler."""
    code = compile("; ".join(f"a {op}= b" for op in ("+", "-", "*", "/", "@", "**", "//", "%")), "", "exec").co_code
    binary = dis.opmap["BINARY_OP"]
    return frozenset((code[i], code[i + 1]) for i in range(0, len(code), 2) if code[i] == binary)


@functools.cache
def _array_floor() -> int:
    """References to an array in ``rebinds`` when a lone local variable holds it; measured on this interpreter."""

    def rebinds_probe(array_inputs: tuple[Any, ...], out: tuple[Any, ...]) -> int:
        array = out[0]
        return sys.getrefcount(array)

    class Probe:
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> int:
            out = kwargs.pop("out")
            return rebinds_probe(inputs, out)

    alone: Any = np.zeros(1)
    alone += Probe()
    return int(alone)


@functools.cache
def _traced_floor() -> tuple[int, int]:
    """The same for a traced array and for the array inside it, in ``sole_traced``."""

    def sole_probe(t: Any) -> tuple[int, int]:
        value = t.value
        return sys.getrefcount(t), sys.getrefcount(value)

    class Probe:
        def __init__(self) -> None:
            self.value = np.zeros(1)

        def __iadd__(self, other: Any) -> Any:
            return sole_probe(self)

    alone: Any = Probe()
    alone += 1
    return alone  # type: ignore[no-any-return]  # rebound to what __iadd__ returned
