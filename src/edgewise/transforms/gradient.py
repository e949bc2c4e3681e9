"""``grad`` and ``value_and_grad``: one recording, one sweep backwards."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from edgewise.core import walk
from edgewise.core.levels import differentiated, shown
from edgewise.core.node import Node
from edgewise.core.sweep import ancestors, has_cuts, sweep
from edgewise.core.traced import Traced, TracedScalar
from edgewise.errors import OutputError, a_kind
from edgewise.modes import Recorded
from edgewise.transforms.border import (
    Argnums,
    Call,
    finish,
    function_of,
    gather_output,
    name_of,
    number_output,
    outputs,
    split_aux,
    wanted_of,
)

__all__ = ["grad", "value_and_grad"]

P = ParamSpec("P")


def value_and_grad(f: Callable[P, Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[P, tuple[Any, Any]]:
    """A function that returns the value of ``f`` and its gradient.

    Args:
        f: a function with a scalar result, in plain Python and NumPy.
        argnums: which argument to differentiate: its position, its name, or a tuple of those.
        has_aux: whether ``f`` returns a pair (value, anything else).

    Returns:
        A function with the arguments of ``f`` that returns ``(value, gradient)``, or ``((value, aux), gradient)``. The
        gradient has the structure of the argument; with a tuple of argnums, it is a tuple.

    Raises:
        OutputError: ``f`` returned something that is no real scalar.
        ArgumentError: an argument that has no derivative.

    >>> value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))

    The method is reverse accumulation: Griewank & Walther, Evaluating Derivatives (2008), chapter 3.2.
    """
    function_of(f, "value_and_grad")
    wanted_of(argnums)

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> tuple[Any, Any]:
        call = Call(f, args, kwargs, argnums)
        with Recorded() as mode:
            inputs = [mode.lift(v) for v in call.values]
            result = call.run(inputs)
            aux = None
            if has_aux:
                result, aux = split_aux(result, mode, f)
            y = _scalar(result, mode, f)
            own = isinstance(y, Traced) and y.mode is mode
            gradients = _sweep(mode, y, inputs) if own else [zeros_of(v) for v in call.values]
            value = mode.lower(y)
        gradients = finish(gradients, args)
        return ((value, aux) if has_aux else value), call.structured(gradients)

    return wrapped


def grad(f: Callable[P, Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[P, Any]:
    """The gradient of a function with a scalar result.

    Args:
        f: a function in plain Python and NumPy that returns a real scalar.
        argnums: which argument to differentiate: its position, its name, or a tuple of those.
        has_aux: whether ``f`` returns a pair (value, anything else); then the gradient comes as ``(gradient, aux)``.

    Returns:
        A function with the arguments of ``f`` that returns the gradient, in the structure of the argument.

    Raises:
        OutputError: ``f`` returned something that is no real scalar.
        ArgumentError: an argument that has no derivative.

    >>> grad(lambda x: 2 * x**3 + 7)(2.0)
    np.float64(24.0)
    """
    both = value_and_grad(function_of(f, "grad"), argnums, has_aux=has_aux)

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def _scalar(result: Any, mode: Recorded, f: Any) -> Any:
    """The output as a scalar, or the error that says what to use instead."""
    if type(result) is TracedScalar and result.mode is mode and result.dtype.kind == "f":
        return result
    result = gather_output(result)
    if isinstance(result, list | tuple | dict):
        raise OutputError(
            f"grad needs a scalar output, and {name_of(f)} returned {a_kind(result)}",
            "a gradient is the derivative of one number",
            "return one number (others go beside it with has_aux=True), or use ew.jacobian for all derivatives",
        )
    (y,), _ = outputs(result, mode, f)
    y = number_output(y, f)
    if y.shape != ():
        raise OutputError(
            f"grad needs a scalar output, and {name_of(f)} returned an array of shape {tuple(y.shape)}",
            "a gradient is the derivative of one number; an array of outputs has a Jacobian",
            "use ew.jacobian, or return a scalar such as np.sum(result)",
        )
    if y.dtype.kind == "c":
        raise OutputError(
            f"grad needs a real output, and {name_of(f)} returned a complex number",
            "a gradient points where a real number grows fastest",
            "return a real one, such as np.abs(result) ** 2, or use ew.derivative for f' of a holomorphic function",
        )
    return y


def _sweep(mode: Recorded, y: Traced, inputs: list[Traced]) -> list[Any]:
    """Cotangents of the inputs. The plain sweep, and the walk with aliveness where that is not enough."""
    mode.keeper.verify()
    root: Node = y.payload
    order = ancestors([root])
    cuts = has_cuts(order)
    seed = root.dtype.type(1)
    if not order:  # the result is an input
        root.cotangent = seed
        return [t.payload.cotangent if t.payload is root else zeros_of(mode.lower(t)) for t in inputs]
    with np.errstate(all="ignore"):
        if not (cuts and differentiated(mode.lower(y))):
            sweep(order, seed, consume=not cuts)
            found = [t.payload.cotangent for t in inputs]
            if not (cuts and any(g is not None and has_nan(g) for g in found)):
                return [zeros_of(mode.lower(t)) if g is None else g for g, t in zip(found, inputs, strict=True)]
        pairs: dict[int, tuple[Any, Any]] = {root.serial: (seed, None)}
        walk.pull_alive(walk.linearize(order, {}), pairs)
    return [pairs[t.payload.serial][0] if t.payload.serial in pairs else zeros_of(mode.lower(t)) for t in inputs]


def zeros_of(value: Any) -> Any:
    """Exact zeros of the shape and dtype of a value; floats for integers."""
    zeros = np.zeros_like(value, dtype=None if value.dtype.kind in "fc" else float)
    return zeros if value.ndim else zeros[()]


def has_nan(g: Any) -> bool:
    """Whether a NaN is in a value, seen through all levels; false alarms (inf - inf) are harmless."""
    total = np.sum(shown(g))
    return bool(total != total)
