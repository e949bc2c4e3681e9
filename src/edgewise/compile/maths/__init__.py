"""Elementary functions as LLVM text, for float64 and float32, any number of lanes, and no C library.

Four things: ``FUNCTIONS``, the table; ``apply``, which writes a function's instructions where it is used; ``define``,
which writes it once as an LLVM function to be called; and ``declare``, for one that is compiled elsewhere, from the
text that ``library`` gives. ``apply`` is the fastest in a loop: constants stay in registers.

    module = Module()
    symbol = define(module, "exp", "double", 8)     # <8 x double> @ew_exp_v8f64(<8 x double>)
    y = apply("exp", x)                             # x, y: values of a Block, see edgewise.compile.ir

Each function is written for double; for float it is computed in double and rounded once. Infinities, NaN, zeros with
their signs and subnormal numbers give what NumPy and SciPy give, floating-point status flags apart. Sources: the
argument reductions and their polynomials follow W. J. Cody and W. Waite, *Software Manual for the Elementary
Functions* (1980), and Muller et al., *Handbook of Floating-Point Arithmetic* (2018); the constants are made by
``scripts/fit_maths.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from edgewise.compile.ir import Block, Module, Type, Value, vector
from edgewise.compile.maths import (
    error,
    exponential,
    gamma,
    hyperbolic,
    inverse,
    logarithm,
    power,
    roots,
    single,
    single_inverse,
    trigonometric,
)
from edgewise.compile.maths.function import DTYPES, Function

__all__ = ["FUNCTIONS", "Function", "apply", "declare", "define", "library", "sincos", "symbol"]


def _row(write: Callable[..., Value], arity: int, ulp: float, floor: float = 0.0) -> Function:
    name = write.__name__
    shorter = getattr(single, name, None) or getattr(single_inverse, name, None)
    return Function(name, write, arity, {"double": ulp, "float": 0.501}, floor, shorter)


_TABLE: Final = (
    _row(exponential.exp, 1, 0.8),
    _row(exponential.exp2, 1, 0.8),
    _row(exponential.expm1, 1, 0.8),
    _row(logarithm.log, 1, 0.8),
    _row(logarithm.log2, 1, 0.8),
    _row(logarithm.log10, 1, 0.8),
    _row(logarithm.log1p, 1, 0.8),
    _row(trigonometric.sin, 1, 0.9),
    _row(trigonometric.cos, 1, 0.9),
    _row(trigonometric.tan, 1, 1.0),
    _row(inverse.arcsin, 1, 0.8),
    _row(inverse.arccos, 1, 0.8),
    _row(inverse.arctan, 1, 0.8),
    _row(inverse.arctan2, 2, 0.8),
    _row(hyperbolic.sinh, 1, 0.7),
    _row(hyperbolic.cosh, 1, 0.7),
    _row(hyperbolic.tanh, 1, 0.7),
    _row(hyperbolic.arcsinh, 1, 0.8),
    _row(hyperbolic.arccosh, 1, 0.8),
    _row(hyperbolic.arctanh, 1, 0.8),
    _row(power.power, 2, 0.95),
    _row(roots.cbrt, 1, 0.6),
    _row(roots.hypot, 2, 0.8),
    _row(exponential.expit, 1, 0.8),
    _row(error.erf, 1, 1.2),
    _row(error.erfc, 1, 1.5),
    _row(gamma.gammaln, 1, 3.0, floor=1.0),
    _row(gamma.digamma, 1, 3.5, floor=1.0),
)

FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType({f.name: f for f in _TABLE})


def apply(name: str, *operands: Value) -> Value:
    """Write the instructions of a function where its operands' block ends.

    Args:
        name: A key of ``FUNCTIONS``.
        operands: One or two values of one type, double or float, of any number of lanes.

    Returns:
        The result, of the operands' type.
    """
    function = FUNCTIONS[name]
    if operands[0].kind.element == "float":
        wide = [v.cast("fpext", "double") for v in operands]
        return (function.single or function.write)(*wide).cast("fptrunc", "float")
    return function.write(*operands)


def sincos(x: Value) -> tuple[Value, Value]:
    """Write the sine and the cosine of one argument, which share most of their instructions; the bits of each alone."""
    if x.kind.element == "float":
        s, z = single.sincos(x.cast("fpext", "double"))
        return s.cast("fptrunc", "float"), z.cast("fptrunc", "float")
    return trigonometric.sincos(x)


def define(module: Module, name: str, dtype: str, width: int) -> str:
    """Have a function defined in a module, with all that it needs; written once however often it is asked for.

    Args:
        module: Collects the definitions.
        name: A key of ``FUNCTIONS``.
        dtype: "double" or "float".
        width: How many lanes; 1 is a scalar.

    Returns:
        Its symbol, without ``@``. It takes and returns values of type ``vector(dtype, width)``.
    """
    assert dtype in DTYPES
    kind = vector(dtype, width)
    return module.need(symbol(name, kind), lambda: _text(module, name, kind, "internal ", "alwaysinline nounwind"))


def symbol(name: str, kind: Type) -> str:
    """What a function of operands of this type is called, without ``@``; "sincos" is one that returns both."""
    return f"ew_{name}_{kind.suffix}"


def declare(module: Module, name: str, kind: Type) -> str:
    """Say that a function of numbers is to be found elsewhere; returns its symbol, for ``library``.

    Args:
        module: Says so.
        name: A key of ``FUNCTIONS``, or "sincos".
        kind: Of the operands: a scalar.
    """
    own = symbol(name, kind)
    if own not in module.imports:
        operands = ", ".join([kind.text] * _arity(name))
        module.imports[own] = f"declare {_returned(name, kind)} @{own}({operands})"
    return own


def library(own: str, *, fused: bool, attributes: str) -> str:
    """A whole text that defines one function, as ``declare`` called it, so that others can call it.

    Args:
        own: The symbol.
        fused: Whether the target multiplies and adds in one rounding.
        attributes: Of the function, as LLVM writes them.
    """
    _, name, suffix = own.split("_")
    element = next(dtype for dtype in DTYPES if vector(dtype, 1).suffix == suffix)
    module = Module(fused=fused)
    module.need(own, lambda: _text(module, name, vector(element, 1), "", attributes))
    return module.text()


def _text(module: Module, name: str, kind: Type, linkage: str, attributes: str) -> str:
    """The definition of a function."""
    block, returned = Block(module), _returned(name, kind)
    names = "xy"[: _arity(name)]
    operands = [block.name(f"%{n}", kind) for n in names]
    if name == "sincos":
        s, z = sincos(*operands)
        one = block.emit(f"insertvalue {returned} poison, {s!r}, 0", kind)
        result = block.emit(f"insertvalue {returned} {one.text}, {z!r}, 1", kind)
    else:
        result = apply(name, *operands)
    parameters = ", ".join(f"{kind.text} %{n}" for n in names)
    return (
        f"define {linkage}{returned} @{symbol(name, kind)}({parameters}) {attributes} {{\n"
        f"entry:\n{block.text()}\n  ret {returned} {result.text}\n}}"
    )


def _arity(name: str) -> int:
    return 1 if name == "sincos" else FUNCTIONS[name].arity


def _returned(name: str, kind: Type) -> str:
    return f"{{ {kind.text}, {kind.text} }}" if name == "sincos" else kind.text
