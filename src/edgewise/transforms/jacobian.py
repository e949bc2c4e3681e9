"""Jacobians and Hessians: the function runs once, then a whole basis goes through the recorded maps in batches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, ParamSpec

import numpy as np

from edgewise.containers import Tree
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError
from edgewise.transforms.border import Argnums, Call, finish, function_of, name_of
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad
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

    >>> jacobian(lambda x: x**2)(np.array([1.0, 3.0]))
    array([[2., 0.],
           [0., 6.]])

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
        dense = operator.matmat(np.eye(n)) if forward else operator.rmatmat(np.eye(m)).T
        blocks = _blocks(dense, values, operator.tree, call)
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


def _blocks(dense: Any, values: list[Any], tree: Tree, call: Call) -> Any:
    """A matrix cut into blocks: a container of results, holding containers of arguments."""
    rows, top = [], 0
    for value in values:
        blocks, left = [], 0
        for x in call.values:
            block = dense[top : top + int(value.size), left : left + int(x.size)]
            if value.dtype.kind == "f" and block.dtype != np.result_type(value.dtype, x.dtype):
                block = block.astype(np.result_type(value.dtype, x.dtype))
            blocks.append(np.reshape(block, (*value.shape, *x.shape)))
            left += int(x.size)
        rows.append(call.structured(finish(blocks) if not isinstance(dense, Traced) else blocks))
        top += int(value.size)
    return tree.build(rows)
