"""Jacobians and Hessians: the function runs once, then a whole basis goes through the recorded maps in batches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, ParamSpec

import numpy as np

from edgewise.core.pairing import conj
from edgewise.errors import ArgumentError
from edgewise.transforms.border import Argnums, Call, function_of, name_of, wanted_of
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad
from edgewise.transforms.holomorphic import assembled, require_holomorphic
from edgewise.transforms.operator import operator_at

__all__ = ["hessian", "hvp", "jacfwd", "jacobian", "jacrev"]

Direction = Literal["auto", "forward", "reverse"]
P = ParamSpec("P")


def jacobian(
    f: Callable[P, Any], argnums: Argnums = 0, *, mode: Direction = "auto", has_aux: bool = False
) -> Callable[P, Any]:
    """All first derivatives of a function with any result.

    Args:
        f: a function in plain Python and NumPy.
        argnums: which argument to differentiate: its position, its name, or a tuple of those.
        mode: "forward" pushes a basis of the arguments, "reverse" pulls a basis of the result; "auto" takes the
            smaller basis, forward at a tie, and says which through ``logging.getLogger("edgewise")`` at level INFO.
        has_aux: whether ``f`` returns a pair (value, anything else); then the result is a pair too.

    Returns:
        A function with the arguments of ``f``. For arrays it returns one array of shape ``result.shape +
        argument.shape``; for containers, a container of the result's structure, holding containers of the argument's
        structure.

    Raises:
        NotHolomorphicError: ``f`` is not complex-differentiable in a complex argument. It is verified, not assumed.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])

    With respect to complex numbers it is the complex Jacobian, of a function that is complex-differentiable there:

    >>> jacobian(lambda z: z**2)(1 + 1j)
    np.complex128(2+2j)

    Seeds are pushed through the recorded maps in batches of bounded memory; the function itself runs once, on ordinary
    values.
    """
    function_of(f, "jacobian")
    if mode not in ("auto", "forward", "reverse"):
        raise ArgumentError(
            f"mode={mode!r} is not known",
            "a Jacobian is built forward or in reverse",
            'use "auto", "forward" or "reverse"',
        )

    wanted_of(argnums)

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Any:
        call = Call(f, args, kwargs, argnums)
        values, operator, aux = operator_at(call, f, has_aux=has_aux)
        m, n = operator.shape
        forward = mode == "forward" or (mode == "auto" and n <= m)
        import logging  # noqa: PLC0415  loaded on first use: nothing else here needs it

        logging.getLogger("edgewise").info(
            "jacobian of %s, %d results by %d arguments: %s", name_of(f), m, n, "forward" if forward else "reverse"
        )
        dense = operator.matmat(np.eye(n)) if forward else conj(operator.rmatmat(np.eye(m))).T

        def checked(block: Any, x_part: Any, y_part: Any) -> Any:
            if x_part is None:
                return block
            require_holomorphic(x_part, y_part, f)
            return x_part

        blocks = assembled(operator, dense, values, call, checked)
        return (blocks, aux) if has_aux else blocks

    return wrapped


def jacfwd(f: Callable[P, Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[P, Any]:
    """``jacobian`` by forward accumulation: for fewer arguments than results."""
    return jacobian(f, argnums, mode="forward", has_aux=has_aux)


def jacrev(f: Callable[P, Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[P, Any]:
    """``jacobian`` by reverse accumulation: for fewer results than arguments."""
    return jacobian(f, argnums, mode="reverse", has_aux=has_aux)


def hessian(f: Callable[P, Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[P, Any]:
    """All second derivatives of a function with a scalar result: forward over reverse.

    Args:
        f: a function in plain Python and NumPy that returns a real scalar.
        argnums: which argument to differentiate; with a tuple, all blocks between them.
        has_aux: whether ``f`` returns a pair (value, anything else); then the result is a pair too.

    Returns:
        A function with the arguments of ``f`` that returns an array of shape ``argument.shape + argument.shape``, or
        containers of them.

    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return jacobian(grad(function_of(f, "hessian"), argnums, has_aux=has_aux), argnums, mode="forward", has_aux=has_aux)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The product of the Hessian of ``f`` at ``x`` with ``v``, at the cost of a few gradients: forward over reverse.

    Args:
        f: a function of one argument that returns a real scalar.
        x: the point.
        v: the direction, in the structure of ``x``.

    >>> hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])

    Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).
    """
    return jvp(grad(function_of(f, "hvp")), (x,), (v,))[1]
