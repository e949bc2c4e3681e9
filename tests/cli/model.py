"""Functions of a user's, for the tests of the command line."""

from __future__ import annotations

import numpy as np

import edgewise as ew


def loss(w, t, n=2):
    residual = w[0] * t - w[1]
    return np.sum(residual**n)


def product(a, b):
    return a * b


@ew.primitive(d=lambda x: 2 * x)  # wrong on purpose: the derivative of x**3 is 3*x**2
def cubed(x):
    return np.asarray(x) ** 3


def mistaken(x):
    return cubed(x) * 1.0


def broken(x):
    return x / {}["missing"]


def words(x):
    return "no number"


class Model:
    @staticmethod
    def energy(x):
        return x**2


number = 3.0
