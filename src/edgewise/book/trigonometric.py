"""Trigonometric and hyperbolic functions, their inverses, and angles."""

from __future__ import annotations

import numpy as np

from edgewise.families.elementwise import elementwise
from edgewise.families.samples import between, pairs

DEGREE = float(np.pi / 180)

sin = elementwise(np.sin, lambda x: np.cos(x), between(-4, 4))
cos = elementwise(np.cos, lambda x: -np.sin(x), between(-4, 4))
tan = elementwise(np.tan, lambda y: 1 + y * y, between(-1.3, 1.3))
arcsin = elementwise(
    np.arcsin,
    lambda x: 1 / np.sqrt((1 - x) * (1 + x)),
    between(-0.95, 0.95),
    note="inf at ±1",
    kink=lambda x: np.abs(x) == 1,
)
arccos = elementwise(
    np.arccos,
    lambda x: -1 / np.sqrt((1 - x) * (1 + x)),
    between(-0.95, 0.95),
    note="-inf at ±1",
    kink=lambda x: np.abs(x) == 1,
)
arctan = elementwise(np.arctan, lambda x: 1 / (1 + x * x), between(-4, 4))
arctan2 = elementwise(
    np.arctan2,
    (lambda x1, x2: x2 / (x1 * x1 + x2 * x2), lambda x1, x2: -x1 / (x1 * x1 + x2 * x2)),
    pairs((-2.3, 2.4), (-2.1, 2.2)),
    oracle="mpmath",
    note="NaN at (0, 0)",
    kink=lambda x1, x2: (x1 == 0) & (x2 == 0),
)
hypot = elementwise(
    np.hypot,
    (
        lambda x1, y: np.where(y == 0, 0, x1 / np.where(y == 0, 1, y)),
        lambda x2, y: np.where(y == 0, 0, x2 / np.where(y == 0, 1, y)),
    ),
    pairs((-2.3, 2.4), (-2.1, 2.2)),
    oracle="mpmath",
    note="0 at (0, 0)",
    kink=lambda y: y == 0,
)
sinh = elementwise(np.sinh, lambda x: np.cosh(x), between(-3, 3))
cosh = elementwise(np.cosh, lambda x: np.sinh(x), between(-3, 3))
tanh = elementwise(np.tanh, lambda y: 1 - y * y, between(-3, 3))
arcsinh = elementwise(np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x), between(-4, 4))
arccosh = elementwise(
    np.arccosh,
    lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),
    between(1.1, 6),
    note="inf at 1",
    kink=lambda x: x == 1,
)
arctanh = elementwise(
    np.arctanh,
    lambda x: 1 / ((1 - x) * (1 + x)),
    between(-0.9, 0.9),
    note="inf at ±1",
    kink=lambda x: np.abs(x) == 1,
)
deg2rad = elementwise(np.deg2rad, lambda: DEGREE, between(-200, 200), oracle="mpmath")
radians = elementwise(np.radians, lambda: DEGREE, between(-200, 200), oracle="mpmath")
rad2deg = elementwise(np.rad2deg, lambda: 1 / DEGREE, between(-4, 4), oracle="mpmath")
degrees = elementwise(np.degrees, lambda: 1 / DEGREE, between(-4, 4), oracle="mpmath")
