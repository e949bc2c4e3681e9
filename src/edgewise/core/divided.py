"""Divided differences f[x₀, ..., xₚ], accurate also where points coincide or nearly do.

Two formulas, each good where the other is not:

    (f[x₁..xₚ] - f[x₀..xₚ₋₁]) / (xₚ - x₀)       loses digits as the points approach each other;
    ∫ f⁽ᵖ⁾(λ₀x₀ + ... + λₚxₚ) over the simplex    (Genocchi and Hermite) is exact for equal points, and by Gauss's rule
                                                  converges fast as long as the points are near each other for f.

Both come with an estimate of their error: of the quotient, the errors of the parts over the distance; of the integral,
the difference to a rule of fewer points. Entry by entry the formula with the smaller one is taken, so no scale of f has
to be guessed. The first divided difference is then right to about ε·|f| / max(|x₁ - x₀|, r), with r the distance over
which f is resolved by the rule: some tenths of the distance to its nearest singularity.

Higham, Functions of Matrices (2008), appendix B.16; de Boor, Divided differences, Surveys in Approximation Theory 1
(2005).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["divided_differences"]

FINE, COARSE = 12, 8  # points of Gauss's rule in each direction of the simplex
CHUNK = 1 << 18  # how many values of f are taken at a time

Derivatives = Callable[[int], Callable[[Any], Any]]


def divided_differences(f: Derivatives, x: Any, order: int) -> Any:
    """The symmetric array of f[x_i₀, ..., x_iₚ], p = ``order``.

    Args:
        f: ``f(k)`` is the k-th derivative of the function, elementwise on arrays.
        x: points along the last axis, of shape (..., n), in rising order.
        order: p.

    Returns:
        An array of shape (..., n, ..., n), with p + 1 axes of length n.

    >>> divided_differences(lambda k: np.exp, np.array([0.0, 0.0]), 1)
    array([[1., 1.],
           [1., 1.]])
    """
    n = x.shape[-1]
    if not n:
        return np.zeros((*x.shape[:-1], *(0,) * (order + 1)), x.dtype)
    points = np.array(list(itertools.combinations_with_replacement(range(n), order + 1)), int)
    points = points.reshape(-1, order + 1)
    with np.errstate(all="ignore"):
        table, _ = _table(f, x, points)
    place = np.zeros((n,) * (order + 1), int)
    place[tuple(points.T)] = np.arange(len(points))
    every = np.sort(np.indices((n,) * (order + 1)), axis=0)
    return table[..., place[tuple(every)]]


def _table(f: Derivatives, x: Any, points: Any) -> tuple[Any, Any]:
    """f[x_i₀ ≤ ... ≤ x_iₚ] for the rows of ``points``, and estimates of the errors."""
    order = points.shape[1] - 1
    at = x[..., points]
    if not order:
        value = np.asarray(f(0)(at[..., 0]))
        return value, np.finfo(value.dtype).eps * np.abs(value)
    ends, where = np.unique(np.concatenate([points[:, 1:], points[:, :-1]]), axis=0, return_inverse=True)
    below, error = _table(f, x, ends)
    upper, lower = where.reshape(2, -1)
    gap = at[..., -1] - at[..., 0]
    value = (below[..., upper] - below[..., lower]) / gap
    spread = (error[..., upper] + error[..., lower]) / gap
    spread = np.where(np.isfinite(value), spread, np.inf)  # equal points
    unsure = ~(spread <= 8 * np.finfo(value.dtype).eps * np.abs(value)) | np.isinf(spread)
    chosen = at[unsure]
    fine, coarse = _integral(f, chosen, FINE), _integral(f, chosen, COARSE)
    error = np.abs(fine - coarse) + np.finfo(value.dtype).eps * np.abs(fine)
    better = ~(error > spread[unsure])  # a NaN of the integral is one of f itself
    value[unsure] = np.where(better, fine, value[unsure])
    spread[unsure] = np.where(better, error, spread[unsure])
    return value, spread


def _integral(f: Derivatives, at: Any, count: int) -> Any:
    """The integral over the simplex for every row of points."""
    weights, nodes = _rule(at.shape[-1] - 1, count)
    derivative = f(at.shape[-1] - 1)
    step = max(1, CHUNK // len(nodes))
    parts = [derivative(at[i : i + step] @ nodes.T) @ weights for i in range(0, len(at), step)]
    return np.concatenate(parts) if parts else np.zeros(0, at.dtype)


@functools.cache
def _rule(order: int, count: int) -> tuple[Any, Any]:
    """Weights and barycentric nodes of a product rule on the simplex: Duffy's coordinates, Gauss in each."""
    t, w = np.polynomial.legendre.leggauss(count)
    t, w = (t + 1) / 2, w / 2
    nodes, weights = [], []
    for index in itertools.product(range(count), repeat=order):
        rest, point, weight = 1.0, [], 1.0
        for k, i in enumerate(index):
            point.append(rest * (1 - t[i]))
            weight *= w[i] * t[i] ** (order - 1 - k)
            rest *= t[i]
        nodes.append([*point, rest])
        weights.append(weight)
    return np.array(weights), np.array(nodes)
