"""A Gaussian mixture: the logarithm of the probability of points, and of a Wishart prior.

After ADBench (Šrajer, Kukelova and Fitzgibbon 2018), ``src/cpp/shared/gmm.h``. A component has a weight (its logarithm,
not normalised), a mean, and a lower triangular root of its inverse covariance: the logarithms of the diagonal, and then
what is below it by columns.
"""

from __future__ import annotations

import math

import numpy as np

GAMMA, DEGREES = 1.0, 0  # of the prior, as in ADBench's problems


def logsumexp(xp, x):
    most = xp.max(x, axis=-1)
    return xp.log(xp.sum(xp.exp(x - most[..., None]), axis=-1)) + most


def log_gamma(a, p):
    """The logarithm of the gamma function of p dimensions."""
    return 0.25 * p * (p - 1) * math.log(math.pi) + sum(math.lgamma(a - 0.5 * j) for j in range(p))


def constant(n, d, k):
    """What does not depend on the parameters."""
    m = d + DEGREES + 1
    prior = m * d * (math.log(GAMMA) - 0.5 * math.log(2.0)) - log_gamma(0.5 * m, d)
    return -0.5 * n * d * math.log(2.0 * math.pi) - k * prior


def below(d):
    """Rows and columns below a diagonal, by columns, and where they are among a component's numbers."""
    columns, rows = np.triu_indices(d, 1)
    place = np.zeros((d, d), int)
    place[rows, columns] = d + np.arange(rows.size)
    return place, np.tri(d, k=-1)


def lower(xp, roots, d):
    """The matrices of all components: their diagonals, and what is below these."""
    place, mask = below(d)
    return xp.exp(roots[:, :d]), roots[:, place] * mask


def objective(xp, alphas, roots, diagonal, mapped):
    """The sum of all points' logarithms, from their distances as the components see them."""
    (n, k, d) = mapped.shape
    sums = xp.sum(roots[:, :d], axis=1)
    inner = alphas + sums - 0.5 * xp.sum(mapped**2, axis=2)
    squares = xp.sum(diagonal**2) + xp.sum(roots[:, d:] ** 2)
    prior = 0.5 * GAMMA**2 * squares - DEGREES * xp.sum(sums)
    return constant(n, d, k) + xp.sum(logsumexp(xp, inner)) - n * logsumexp(xp, alphas) + prior


def by_points(xp, scan):
    """As ADBench has it: each point's distance from each mean, times the component's matrix."""

    def f(alphas, means, roots, points):
        diagonal, rest = lower(xp, roots, means.shape[1])
        centred = points[:, None, :] - means
        return objective(xp, alphas, roots, diagonal, diagonal * centred + xp.einsum("kij,nkj->nki", rest, centred))

    return f


def by_products(xp, scan):
    """The same with one large product: the matrices times the points, less the matrices times the means."""

    def f(alphas, means, roots, points):
        (n, d), k = points.shape, alphas.shape[0]
        diagonal, rest = lower(xp, roots, d)
        full = rest + diagonal[:, :, None] * np.eye(d)
        mapped = (points @ full.reshape(k * d, d).T).reshape(n, k, d) - xp.einsum("kij,kj->ki", full, means)
        return objective(xp, alphas, roots, diagonal, mapped)

    return f


def clusters(n, d, k):
    return lambda rng: (
        rng.standard_normal(k),
        rng.standard_normal((k, d)),
        0.3 * rng.standard_normal((k, d * (d + 1) // 2)),
        rng.standard_normal((n, d)),
    )
