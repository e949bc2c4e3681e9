"""Complex derivatives: the Cauchy–Riemann equations, which are checked and never assumed, and Wirtinger's derivatives.

A function of a complex z = x + iy has derivatives along x and along y. Where f_y = i·f_x (Cauchy–Riemann) the two are
one number, f′(z) = f_x. Where not, Wirtinger's pair says the same without loss:

    ∂f/∂z = (f_x − i·f_y)/2,    ∂f/∂z̄ = (f_x + i·f_y)/2,    df = ∂f/∂z · dz + ∂f/∂z̄ · conj(dz)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import numpy as np

from edgewise.containers import Tree
from edgewise.core.levels import shown
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, NotHolomorphicError
from edgewise.transforms.border import Argnums, Call, finish, function_of, name_of, wanted_of
from edgewise.transforms.operator import LinearOperator, operator_at

__all__ = ["assembled", "require_holomorphic", "wirtinger"]

TOLERANCE = 1e-10  # of Cauchy–Riemann, beside the largest derivative; in double precision

P = ParamSpec("P")


def wirtinger(f: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, tuple[Any, Any]]:
    """Both complex derivatives of a function: the pair (∂f/∂z, ∂f/∂z̄).

    Args:
        f: a function of complex numbers with any result, complex-differentiable or not.
        argnums: which argument to differentiate.

    Returns:
        A function with the arguments of ``f`` that returns the pair, each with the structure of ``ew.jacobian``'s
        result: ``result.shape + argument.shape`` for arrays. Where ``f`` is holomorphic the second is zero; where it
        is real-valued, the second is the conjugate of the first, and ``ew.grad`` is twice the second.

    Raises:
        ArgumentError: an argument that is not complex.

    >>> wirtinger(lambda z: z * np.conj(z))(1 + 2j)
    (np.complex128(1-2j), np.complex128(1+2j))

    Wirtinger, Zur formalen Theorie der Funktionen von mehr komplexen Veränderlichen, Math. Annalen 97 (1927).
    """
    function_of(f, "wirtinger")
    wanted_of(argnums)

    @functools.wraps(f)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> tuple[Any, Any]:
        call = Call(f, args, kwargs, argnums)
        if any(x.dtype.kind != "c" for x in call.values):
            raise ArgumentError(
                f"ew.wirtinger was asked to differentiate {name_of(f)} in a real number",
                "a real number has no conjugate to differentiate by",
                "use ew.jacobian, or give a complex number: 1.0 + 0j",
            )
        values, operator, _ = operator_at(call, f)
        dense = operator.todense()

        def first(block: Any, x_part: Any, y_part: Any) -> Any:
            return block if x_part is None else 0.5 * (x_part - 1j * y_part)

        def second(block: Any, x_part: Any, y_part: Any) -> Any:
            return np.zeros_like(block) if x_part is None else 0.5 * (x_part + 1j * y_part)

        return assembled(operator, dense, values, call, first), assembled(operator, dense, values, call, second)

    return wrapped


def require_holomorphic(x_part: Any, y_part: Any, f: Any) -> None:
    """Check the Cauchy–Riemann equations.

    Raises:
        NotHolomorphicError: they do not hold.
    """
    along_x, along_y = shown(x_part), shown(y_part)
    size = np.max(np.abs(along_x), initial=0.0) + np.max(np.abs(along_y), initial=0.0)
    rounding = TOLERANCE * np.finfo(np.result_type(along_x.dtype, along_y.dtype)).eps / np.finfo(float).eps
    if not np.max(np.abs(along_y - 1j * along_x), initial=0.0) <= rounding * size:
        raise NotHolomorphicError(
            f"{name_of(f)} is not complex-differentiable here",
            "its derivatives along the real and the imaginary axis break the Cauchy-Riemann equations, so that no one "
            "complex number is its derivative",
            "use ew.wirtinger for the pair (df/dz, df/dconj(z)), or ew.grad of a real result",
        )


def assembled(
    operator: LinearOperator, dense: Any, values: list[Any], call: Call, combine: Callable[[Any, Any, Any], Any]
) -> Any:
    """A flat matrix cut into blocks: a container of results, holding containers of arguments.

    Args:
        operator: whose matrix it is.
        dense: the matrix.
        values: the results.
        call: the arguments.
        combine: makes one block of what a complex argument has where the operator is only real-linear: ``combine(None,
            ∂/∂x, ∂/∂y)``; elsewhere it is called as ``combine(block, None, None)``.
    """
    tree: Tree = operator.tree
    rows, top = [], 0
    for value, result in zip(values, operator.results, strict=True):
        blocks, left = [], 0
        band = dense[top : top + result.size]
        if result.halved:
            n = result.size // 2
            band = band[:n] + 1j * band[n:]
        for x, argument in zip(call.values, operator.arguments, strict=True):
            block = band[:, left : left + argument.size]
            if argument.halved:
                n = argument.size // 2
                block = combine(None, block[:, :n], block[:, n:])
            else:
                block = combine(block, None, None)
            wanted = np.result_type(value.dtype, x.dtype)
            if value.dtype.kind in "fc" and block.dtype.kind == wanted.kind and block.dtype != wanted:
                block = block.astype(wanted)
            blocks.append(np.reshape(block, (*value.shape, *x.shape)))
            left += argument.size
        rows.append(call.structured(finish(blocks) if not isinstance(dense, Traced) else blocks))
        top += result.size
    return tree.build(rows)
