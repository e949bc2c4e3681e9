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


def mixture(xp, scan):
    def f(alphas, means, roots, points):
        (n, d), k = points.shape, alphas.shape[0]
        place, mask = below(d)
        diagonal, sums = xp.exp(roots[:, :d]), xp.sum(roots[:, :d], axis=1)
        lower = roots[:, place] * mask
        centred = points[:, None, :] - means
        mapped = diagonal * centred + xp.einsum("kij,nkj->nki", lower, centred)
        inner = alphas + sums - 0.5 * xp.sum(mapped**2, axis=2)
        squares = xp.sum(diagonal**2) + xp.sum(roots[:, d:] ** 2)
        prior = 0.5 * GAMMA**2 * squares - DEGREES * xp.sum(sums)
        return constant(n, d, k) + xp.sum(logsumexp(xp, inner)) - n * logsumexp(xp, alphas) + prior

    return f


def mixture_by_products(xp, scan):
    """The same with one large product: a root of the points, less a root of the mean."""

    def f(alphas, means, roots, points):
        (n, d), k = points.shape, alphas.shape[0]
        place, mask = below(d)
        diagonal, sums = xp.exp(roots[:, :d]), xp.sum(roots[:, :d], axis=1)
        full = roots[:, place] * mask + diagonal[:, :, None] * np.eye(d)
        mapped = (points @ full.reshape(k * d, d).T).reshape(n, k, d) - xp.einsum("kij,kj->ki", full, means)
        inner = alphas + sums - 0.5 * xp.sum(mapped**2, axis=2)
        squares = xp.sum(diagonal**2) + xp.sum(roots[:, d:] ** 2)
        prior = 0.5 * GAMMA**2 * squares - DEGREES * xp.sum(sums)
        return constant(n, d, k) + xp.sum(logsumexp(xp, inner)) - n * logsumexp(xp, alphas) + prior

    return f


def clusters(n, d, k):
    return lambda rng: (
        rng.standard_normal(k),
        rng.standard_normal((k, d)),
        0.3 * rng.standard_normal((k, d * (d + 1) // 2)),
        rng.standard_normal((n, d)),
    )
