"""``contract``: the one contraction of two arrays that every product of NumPy's is written with.

``matmul``, ``dot``, ``tensordot``, ``inner``, ``outer``, ``vdot`` and pairwise ``einsum`` are all ``contract(x1, x2,
spec="ij,jk->ik")``. The family of such products is closed under transposition (each operand's adjoint is again a
contraction, with the letters rearranged) and under batching (one more letter), so one declaration differentiates them
all.

A spec is in normal form: no letter twice in one operand, and each letter of an operand occurs in the other operand or
in the result (a sum over a letter that only one operand has is taken beforehand).
"""

from __future__ import annotations

import functools
import string
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core.traced import dispatched

__all__ = ["contract", "fresh_letter", "parse"]


@dispatched
def contract(x1: Any, x2: Any, *, spec: str) -> Any:
    """Multiply two arrays and sum over the letters that the result lacks.

    Args:
        x1: an array whose axes the spec names.
        x2: another.
        spec: ``"ij,jk->ik"`` in normal form.

    >>> contract(np.array([[1.0, 2.0]]), np.array([3.0, 4.0]), spec="ij,j->i")
    array([11.])
    """
    return _plan(spec)(x1, x2)


def parse(spec: str) -> tuple[str, str, str]:
    """The letters of both operands and of the result.

    >>> parse("ij,jk->ik")
    ('ij', 'jk', 'ik')
    """
    left, out = spec.split("->")
    first, second = left.split(",")
    return first, second, out


def fresh_letter(used: str) -> str:
    """A letter that ``used`` does not contain."""
    return next(c for c in string.ascii_letters if c not in used)


@functools.lru_cache(maxsize=4096)
def _plan(spec: str) -> Callable[[Any, Any], Any]:
    """How to compute a spec with ``matmul``, whose BLAS is far faster than ``np.einsum``; decided once a spec."""
    first, second, out = parse(spec)
    shared = [c for c in out if c in first and c in second]
    left = [c for c in out if c not in second]
    right = [c for c in out if c not in first]
    summed = [c for c in first if c not in out]
    order1 = _order(first, shared + left + summed)
    order2 = _order(second, shared + summed + right)
    final = _order("".join(shared + left + right), list(out))
    if not summed:
        return functools.partial(_multiply, order1, order2, len(shared), len(left), len(right), final)
    if not shared and len(summed) == 1 and len(left) <= 1 and len(right) <= 1:
        return functools.partial(_matmul, order1, order2, final)
    return functools.partial(_grouped, order1, order2, len(shared), len(left), len(summed), len(right), final)


def _order(letters: str, wanted: list[str]) -> tuple[int, ...] | None:
    order = tuple(letters.index(c) for c in wanted)
    return None if order == tuple(range(len(order))) else order


def _arrange(x: Any, order: tuple[int, ...] | None) -> Any:
    return x if order is None else np.transpose(x, order)


def _multiply(order1: Any, order2: Any, shared: int, left: int, right: int, final: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = _arrange(x1, order1), _arrange(x2, order2)
    if right and x1.ndim:
        x1 = np.reshape(x1, x1.shape + (1,) * right)
    if left and x2.ndim:
        x2 = np.reshape(x2, x2.shape[:shared] + (1,) * left + x2.shape[shared:])
    return _arrange(x1 * x2, final)


def _matmul(order1: Any, order2: Any, final: Any, x1: Any, x2: Any) -> Any:
    return _arrange(np.matmul(_arrange(x1, order1), _arrange(x2, order2)), final)


def _grouped(
    order1: Any, order2: Any, shared: int, left: int, summed: int, right: int, final: Any, x1: Any, x2: Any
) -> Any:
    """Each group of letters becomes one axis: batches of matrix products."""
    x1, x2 = _arrange(x1, order1), _arrange(x2, order2)
    batch, rows, columns = x1.shape[:shared], x1.shape[shared : shared + left], x2.shape[shared + summed :]
    inner = _product(x2.shape[shared : shared + summed])
    a = np.reshape(x1, (*batch, _product(rows), inner))
    b = np.reshape(x2, (*batch, inner, _product(columns)))
    return _arrange(np.reshape(np.matmul(a, b), batch + rows + columns), final)


def _product(shape: tuple[int, ...]) -> int:
    n = 1
    for length in shape:
        n *= length
    return n
