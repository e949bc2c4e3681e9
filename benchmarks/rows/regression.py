"""Losses of linear models: logistic regression, and the cross-entropy of a softmax."""

from __future__ import annotations

import numpy as np
import programs
from rows.mixture import logsumexp


def logistic(xp, scan):
    return lambda w, X, signs: programs.logistic(xp, X, signs)(w)


def regression(n, d):
    return lambda rng: (
        0.1 * rng.standard_normal(d),
        rng.standard_normal((n, d)),
        np.sign(rng.standard_normal(n)),
    )


def softmax(xp, scan):
    return lambda z, wanted: xp.sum(logsumexp(xp, z)) - xp.sum(z * wanted)


def scores(n, d):
    def made(rng):
        wanted = np.zeros((n, d))
        wanted[np.arange(n), rng.integers(0, d, n)] = 1.0
        return rng.standard_normal((n, d)), wanted

    return made
