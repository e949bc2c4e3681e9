"""Ways to a derivative along a direction: each takes a scalar function and gives another, so that they nest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.transforms.batching import vmap
from edgewise.transforms.checkpoint import checkpoint
from edgewise.transforms.elementwise import derivative
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad, value_and_grad
from edgewise.transforms.jacobian import jacfwd, jacrev
from edgewise.transforms.operator import linearize, vjp

__all__ = ["WAYS", "along", "dot"]


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """The inner product of two tuples of arrays."""
    total: Any = 0.0
    for one, other in zip(a, b, strict=True):
        total = total + np.sum(one * other)
    return total


class Way(NamedTuple):
    """A way.

    Attributes:
        take: (h, x, t) ↦ the derivative of h at x along t.
        keeps: whether it leaves the dtypes of x alone.
    """

    take: Callable[[Any, Sequence[Any], Sequence[Any]], Any]
    keeps: bool = True


def _all(x: Sequence[Any]) -> tuple[int, ...]:
    return tuple(range(len(x)))


def _moved(x: Sequence[Any], t: Sequence[Any], s: Any) -> list[Any]:
    return [v + s * d for v, d in zip(x, t, strict=True)]


def _linearize(h: Any, x: Sequence[Any], t: Sequence[Any]) -> Any:
    _, J = linearize(h, *x)
    return J @ (tuple(t) if len(x) > 1 else t[0])


def _members(h: Any, x: Sequence[Any], t: Sequence[Any]) -> Any:
    """In a batch along the direction, of which the first member is the point."""
    return vmap(lambda s: jvp(h, _moved(x, t, s), t)[1])(np.array([0.0, 0.1]))[0]


WAYS: dict[str, Way] = {
    "jvp": Way(lambda h, x, t: jvp(h, x, t)[1]),
    "grad": Way(lambda h, x, t: dot(grad(h, _all(x))(*x), t)),
    "value_and_grad": Way(lambda h, x, t: dot(value_and_grad(h, _all(x))(*x)[1], t)),
    "vjp": Way(lambda h, x, t: dot(vjp(h, *x)[1](np.float64(1.0)), t), keeps=False),
    "linearize": Way(_linearize),
    "jacfwd": Way(lambda h, x, t: dot(jacfwd(h, _all(x))(*x), t)),
    "jacrev": Way(lambda h, x, t: dot(jacrev(h, _all(x))(*x), t)),
    "grad along a line": Way(lambda h, x, t: grad(lambda s: h(*_moved(x, t, s)))(0.0), keeps=False),
    "derivative along a line": Way(lambda h, x, t: derivative(lambda s: h(*_moved(x, t, s)))(0.0), keeps=False),
    "vmap of jvp": Way(_members, keeps=False),
    "grad of a checkpoint": Way(lambda h, x, t: dot(grad(checkpoint(h), _all(x))(*x), t)),
    "linearize of a checkpoint": Way(lambda h, x, t: _linearize(checkpoint(h), x, t)),
}


def along(way: str, h: Callable[..., Any], t: Sequence[Any]) -> Callable[..., Any]:
    """The function x ↦ the derivative of ``h`` at x along ``t``."""
    take = WAYS[way].take
    return lambda *x: take(h, x, t)
