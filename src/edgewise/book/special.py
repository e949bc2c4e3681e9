"""Special functions. Their derivatives are integrals, written as sums that every further derivative goes through.

Where a closed form of a derivative is 0/0 at a point, a ``where`` would give the right number there and a wrong second
derivative. An integral has no such point: sinc(x) = ∫ cos(πxs) ds over [0, 1], I0(x) = ∫ cosh(x cos θ) dθ/π over [0,
π].
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.core.primitive import Primitive
from edgewise.core.registry import Declaration, register
from edgewise.families.elementwise import declare_elementwise
from edgewise.families.samples import between, case


@functools.cache
def _gauss() -> tuple[Any, Any]:
    """Nodes and weights on [0, 1], exact to rounding up to |x| = 1, where the phase is π; loads ``np.polynomial``."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    return (nodes + 1) / 2, weights / 2


# The trapezoid rule on a circle converges faster than any power; 256 points serve to where I0 overflows. By symmetry
# the first quadrant is enough: its ends count half.
COSINES = np.cos(np.linspace(0, np.pi / 2, 65))
SHARES = np.where((np.arange(65) == 0) | (np.arange(65) == 64), 0.5, 1.0) / 64


def _sinc_slope(x: Any, y: Any) -> Any:
    nodes, weights = _gauss()
    near = np.abs(x) < 1
    phase = np.pi * np.where(near, x, 0)[..., None] * nodes
    integral = -np.pi * np.sum(weights * nodes * np.sin(phase), axis=-1)
    return np.where(near, integral, (np.cos(np.pi * x) - y) / np.where(near, 1, x))


def _i0_slope(x: Any) -> Any:
    return np.sum(SHARES * COSINES * np.sinh(x[..., None] * COSINES), axis=-1)


def _declare(function: Callable[..., Any], d: Any, samples: list[Any], oracle: str, note: str) -> Primitive:
    primitive = declare_elementwise(function.__name__, function, d, 1)
    register(Declaration(function, "elementwise", samples, primitive, oracle, note), lambda x: primitive(x), ("x",))
    return primitive


sinc = _declare(
    np.sinc,
    lambda x, y: _sinc_slope(x, y),
    [*between(-3.3, 3.4), case(np.array([0.0, 0.04, 0.5, -1.0, 2.0]))],
    "complex",
    "exact at 0, to every order",
)
i0 = _declare(np.i0, lambda x: _i0_slope(x), [*between(-9.1, 9.2), case(np.array([0.0, 1e-9]))], "difference", "")
