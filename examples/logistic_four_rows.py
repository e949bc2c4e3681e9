"""Logistic regression on four rows, trained by a hundred steps down the gradient."""

from __future__ import annotations

import numpy as np

import edgewise as ew

INPUTS = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.30], [0.74, -2.49, 1.39]])
TARGETS = np.array([True, True, False, True])
RATE, STEPS = 0.1, 100


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2) + 1)


def loss(weights):
    """The negative log-likelihood of the targets."""
    probability = sigmoid(INPUTS @ weights)
    return -np.sum(np.log(np.where(TARGETS, probability, 1 - probability)))


def main() -> tuple[float, float, np.ndarray]:
    """The loss before and after training, and the weights found."""
    weights = np.zeros(3)
    before = loss(weights)
    slope = ew.grad(loss)
    for _ in range(STEPS):
        weights = weights - RATE * slope(weights)
    after = loss(weights)
    print(f"loss before {before:.4f}, after {STEPS} steps {after:.4f}")
    print(f"probability that each row is True: {np.round(sigmoid(INPUTS @ weights), 2)}, targets {TARGETS}")
    return float(before), float(after), weights


if __name__ == "__main__":
    main()
