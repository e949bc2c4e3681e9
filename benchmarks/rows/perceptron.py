"""A perceptron of one hidden layer, 784-128-10, on a batch of 128: the cross-entropy, and all weights' gradients."""

from __future__ import annotations

import numpy as np
from rows.mixture import logsumexp

INPUTS, HIDDEN, CLASSES, BATCH = 784, 128, 10, 128


def perceptron(xp, scan):
    def f(w1, b1, w2, b2, images, wanted):
        scores = xp.tanh(images @ w1 + b1) @ w2 + b2
        return (xp.sum(logsumexp(xp, scores)) - xp.sum(scores * wanted)) / BATCH

    return f


def images(rng):
    wanted = np.eye(CLASSES)[rng.integers(0, CLASSES, BATCH)]
    return (
        rng.standard_normal((INPUTS, HIDDEN)) / 28.0,
        np.zeros(HIDDEN),
        rng.standard_normal((HIDDEN, CLASSES)) / 11.0,
        np.zeros(CLASSES),
        rng.random((BATCH, INPUTS)),
        wanted,
    )
