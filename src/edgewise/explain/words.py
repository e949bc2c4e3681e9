"""Operations and maps in words: ``v1 + c``, and what flows along an edge, ``reshape(ḡ, (2, 3))``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unicodedata import normalize

import numpy as np

from edgewise import maps
from edgewise.core.pairing import conj
from edgewise.core.parts import Part
from edgewise.explain.digest import Digest, hold, spell_number
from edgewise.explain.graph import Whole

__all__ = ["barred", "constant", "dotted", "expression", "flow", "subscripted"]

# How tightly each operator binds its operands, as in Python's grammar.
_OPERATORS = {
    "add": ("+", 1),
    "subtract": ("-", 1),
    "multiply": ("*", 2),
    "divide": ("/", 2),
    "remainder": ("%", 2),
    "power": ("**", 4),
}


def expression(op: str, names: list[str], params: dict[str, Any]) -> str:
    """An operation in terms of the names of its operands.

    >>> expression("multiply", ["a", "b"], {}), expression("power", ["v1", "-2"], {}), expression("sin", ["x"], {})
    ('a * b', 'v1**-2', 'sin(x)')
    """
    told = _OPERATORS.get(op)
    if told is not None and len(names) == 2:
        symbol, binding = told
        left = f"({names[0]})" if names[0].startswith("-") and binding > 2 else names[0]
        return f"{left}{symbol}{names[1]}" if symbol == "**" else f"{left} {symbol} {names[1]}"
    if op == "negative":
        return f"-{names[0]}"
    if op == "gather":
        return f"{names[0]}[…]"
    if op == "contract":
        return " @ ".join(names) if params["spec"] in _PRODUCTS else f"einsum('{params['spec']}', {', '.join(names)})"
    shown = [str(params["target"])] if "target" in params else []
    shown += [f"{k}={_axis(params[k])}" for k in ("axis", "output") if k in params]
    return f"{op}({', '.join((*names, *shown))})"


_PRODUCTS = ("ij,jk->ik", "ij,j->i", "i,ij->j", "i,i->")  # what contractions are called where they are matrix products


def _axis(axis: Any) -> str:
    return str(axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis)


def constant(value: Any) -> str:
    """A constant operand as an expression shows it.

    >>> constant(2), constant(0.1 + 0.2)
    ('2', '0.3')
    """
    if value is None:
        return "None"
    if not isinstance(value, np.ndarray | np.generic | Digest | float | int | complex):
        value = hold(value)  # an array of another library
    shape = getattr(value, "shape", ())
    if not shape:
        spelled = str(value.dtype) if isinstance(value, Digest) else spell_number(value)
        return f"({spelled})" if np.iscomplexobj(value) else spelled
    if not isinstance(value, Digest) and len(shape) == 1 and shape[0] <= 3:
        return f"[{', '.join(constant(x) for x in value)}]"
    return f"array{tuple(shape)}" if len(shape) > 1 else f"array({shape[0]},)"


def flow(map_: Any, forward: bool = False) -> str:
    """What flows along an edge, in terms of ḡ, the adjoint of the result, or ṫ, the tangent of the operand."""
    return _flow(map_, "ṫ" if forward else "ḡ", forward)


def _flow(map_: Any, g: str, forward: bool) -> str:
    if isinstance(map_, maps.Adjoint):
        return _flow(map_.of, g, not forward)
    if isinstance(map_, maps.Compose):
        for one in map_.maps[::-1] if forward else map_.maps:
            g = _flow(one, g, forward)
        return g
    if isinstance(map_, maps.Plus):
        return " + ".join(_flow(one, g, forward) for one in map_.maps)
    told = _MAPS.get(type(map_))
    return told(map_, g, forward) if told is not None else f"{type(map_).__name__}({g})"


def _contract(map_: Any, g: str, forward: bool) -> str:
    letters, out = (map_.letters, map_.out) if forward else (map_.out, map_.letters)
    return f"einsum('{letters},{map_.others}->{out}', {g}, {constant(map_.other)})"


def _diagonal(map_: Any, g: str, forward: bool) -> str:
    weight = constant(map_.weight if forward else conj(map_.weight))
    return f"{g} * {weight}" + ("" if map_.anti is None else f" + conj({g}) * {constant(map_.anti)}")


_MAPS: dict[type, Callable[[Any, str, bool], str]] = {
    maps.Identity: lambda m, g, forward: g,
    maps.Diagonal: _diagonal,
    maps.Mask: lambda m, g, forward: f"where(chosen, {g}, 0)",
    maps.Reshape: lambda m, g, forward: f"reshape({g}, {m.target if forward else m.shape})",
    maps.Transpose: lambda m, g, forward: f"transpose({g})",
    maps.Sum: lambda m, g, forward: f"sum({g}, axis={m.axes})" if forward else f"repeat({g}, {m.shape})",
    maps.Broadcast: lambda m, g, forward: f"repeat({g}, {m.target})" if forward else f"sum({g} to {m.shape})",
    maps.Index: lambda m, g, forward: f"{g}[…]" if forward else f"place({g}, {m.shape})",
    maps.Contract: _contract,
    maps.CumulativeSum: lambda m, g, forward: f"cumsum({g})" if forward else f"cumsum({g}, from the end)",
    maps.Recurrence: lambda m, g, forward: f"recurrence({g})" if forward else f"recurrence({g}, from the end)",
    **dict.fromkeys((Part, Whole), lambda m, g, forward: f"{g}[{m.index}]" if forward else f"{g} as output {m.index}"),
}


def subscripted(name: str, number: int) -> str:
    """A name that was assigned again: x, x₂, x₃. Subscripts occur in no name of Python's."""
    return name if number == 1 else name + str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def barred(name: str) -> str:
    """The adjoint of a value: x̄."""
    return normalize("NFC", name[:1] + "\u0304" + name[1:])


def dotted(name: str) -> str:
    """The tangent of a value: ẋ."""
    return normalize("NFC", name[:1] + "\u0307" + name[1:])
