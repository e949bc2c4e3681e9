"""Arguments that try an elementary function: random bits, the ranges that matter, and close to where it is hard."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from edgewise.testing.elementary.loops import DTYPES

__all__ = ["DIFFICULT", "SPECIAL", "points"]

Array = np.ndarray[Any, np.dtype[Any]]

# Where each function of one argument is neither constant nor known from elsewhere.
RANGES: Final[dict[str, tuple[tuple[float, float], ...]]] = {
    "exp": ((-746, 710), (-1, 1)),
    "exp2": ((-1076, 1024), (-1, 1)),
    "expm1": ((-40, 710), (-1, 1)),
    "expit": ((-746, 40), (-2, 2)),
    "log": ((0, 3), (0, 1e6)),
    "log2": ((0, 3), (0, 1e6)),
    "log10": ((0, 3), (0, 1e6)),
    "log1p": ((-1, 3), (-0.5, 0.5)),
    "sin": ((-4, 4), (-1.2e6, 1.2e6)),
    "cos": ((-4, 4), (-1.2e6, 1.2e6)),
    "tan": ((-4, 4), (-1.2e6, 1.2e6)),
    "arcsin": ((-1, 1), (-0.6, 0.6)),
    "arccos": ((-1, 1), (-0.6, 0.6)),
    "arctan": ((-5, 5), (-0.6, 0.6)),
    "sinh": ((-711, 711), (-2, 2)),
    "cosh": ((-711, 711), (-2, 2)),
    "tanh": ((-20, 20), (-1, 1)),
    "arcsinh": ((-9, 9), (-0.5, 0.5)),
    "arccosh": ((1, 9), (1, 1.2)),
    "arctanh": ((-1, 1), (-0.3, 0.3)),
    "cbrt": ((-9, 9), (0.5, 4)),
    "erf": ((-6, 6), (-1, 1)),
    "erfc": ((-6, 28), (-1, 1)),
    "gammaln": ((0, 9), (0.4, 2.6), (-9, 0), (8, 200)),
    "digamma": ((0, 9), (0.9, 2.1), (-9, 0), (8, 200)),
}

# Zeros, ends of domains, and borders between two ways of computing.
DIFFICULT: Final[dict[str, tuple[float, ...]]] = {
    "exp": (-745.13321910194110842, -708.39641853226410622, 709.78271289338397310, 0.34657359027997265),
    "exp2": (-1075, -1022, 1024, 0.5),
    "expm1": (709.78271289338397310, -36.7, 37.4, 0.34657359027997265),
    "expit": (-708.39641853226410622, -745.13321910194110842, 36.7),
    "log": (1, 0.70710678118654752, 1.4142135623730951),
    "log2": (1, 2, 0.70710678118654752, 1.4142135623730951),
    "log10": (1, 10, 0.70710678118654752, 1.4142135623730951),
    "log1p": (-1, -0.29289321881345248, 0.41421356237309505),
    "sin": (np.pi, np.pi / 4, 2.0**20, 1e22),
    "cos": (np.pi / 2, np.pi / 4, 2.0**20, 1e22),
    "tan": (np.pi, np.pi / 2, np.pi / 4, 2.0**20, 1e22),
    "arcsin": (1, -1, 0.5),
    "arccos": (1, -1, 0.5),
    "arctan": (1, 0.41421356237309505, 2.4142135623730950),
    "sinh": (710.47586007394386, 40),
    "cosh": (710.47586007394386,),
    "tanh": (19.06, 0.34657359027997265),
    "arcsinh": (1e154, 2.0**60),
    "arccosh": (1, 2.0**60),
    "arctanh": (1, -1),
    "cbrt": (1, 8, 0.125),
    "erf": (0.5, 5.9),
    "erfc": (0.5, 26.5, -5.9),
    "gammaln": (1, 2, 0.5, 1.5, 2.5, 8, -1, -2, -2.4570247382208006, -3),
    "digamma": (1, 2, 1.4616321449683623, 8, -1, -0.50408300826445541, -2),
}

SPECIAL: Final = (
    *(0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 0.5, -0.5, 1.5, -1.5, 2.0, -2.0, 3.0, -3.0),
    *(5e-324, -5e-324, 1e-310, -1e-310, 2.2250738585072014e-308, -2.2250738585072014e-308, 1e-45, -1e-45),
    *(1.7976931348623157e308, -1.7976931348623157e308, 1e300, -1e300, 3e38, -3e38, 1e22, -1e22),
    *(2.0**52 + 1, -(2.0**52) - 1, 2.0**53, -(2.0**53), 2.0**51 + 0.5, -(2.0**51) - 0.5, 2.0**24, 2.0**24 - 1),
    *(np.nextafter(1.0, 2.0), np.nextafter(1.0, 0.0), -np.nextafter(1.0, 2.0), -np.nextafter(1.0, 0.0)),
    *(np.float32(1) + np.float32(2**-23), np.float32(1) - np.float32(2**-24)),
)


def points(name: str, dtype: str, count: int, seed: int = 0) -> tuple[Array, ...]:
    """About ``count`` arguments, finite and not 0, for a function: as many arrays as it takes."""
    rng = np.random.default_rng(seed)
    found: tuple[Array, ...]
    if name == "power":
        found = _of_power(rng, dtype, count // 5)
    elif name in ("arctan2", "hypot"):
        found = _of_plane(rng, dtype, count // 4)
    else:
        found = (_of_line(rng, name, dtype, count // 4),)
    with np.errstate(all="ignore"):
        found = tuple(a.astype(DTYPES[dtype]) for a in found)
    keep = np.all([np.isfinite(a) & (a != 0) for a in found], axis=0)  # the others are special values
    return tuple(a[keep] for a in found)


def _bits(rng: np.random.Generator, dtype: str, count: int) -> Array:
    """Any bits: every exponent as often as every other."""
    if dtype == "float":
        with np.errstate(invalid="ignore"):  # bits that signal
            return rng.integers(0, 2**32, count, dtype=np.uint32).view(np.float32).astype(float)
    return rng.integers(0, 2**64, count, dtype=np.uint64).view(np.float64)


def _around(rng: np.random.Generator, centre: Array) -> Array:
    """Numbers as close to the centres as doubles come, and less close."""
    distance = np.ldexp(rng.uniform(-1, 1, centre.size), rng.integers(-54, 0, centre.size))
    return np.asarray(centre + distance * np.maximum(np.abs(centre), 2.0**-20))


def _of_line(rng: np.random.Generator, name: str, dtype: str, count: int) -> Array:
    ranges = RANGES[name]
    parts = [_bits(rng, dtype, count)]
    parts += [rng.uniform(low, high, count // len(ranges)) for low, high in ranges]
    exponents = rng.integers(-70, 12, count)
    parts.append(np.ldexp(rng.uniform(1, 2, count), exponents) * rng.choice([-1.0, 1.0], count))
    parts.append(_around(rng, rng.choice(DIFFICULT[name], count)))
    if name in ("sin", "cos", "tan"):  # close to multiples of π/2, and far away
        parts.append(rng.integers(-(10**6), 10**6, count) * (np.pi / 2))
        parts.append(np.ldexp(rng.uniform(-1, 1, count), rng.integers(18, 70, count)))
        parts.append(np.array([6381956970095103.0 * 2.0**797]))  # the double closest to a multiple of π/2
    return np.concatenate(parts)


def _of_power(rng: np.random.Generator, dtype: str, count: int) -> tuple[Array, Array]:
    limit = 745 if dtype == "double" else 103
    bases = [
        np.exp(rng.uniform(-3, 3, count)),
        np.abs(_bits(rng, dtype, count)),
        _around(rng, np.ones(count)),
        _around(rng, rng.choice([0.70710678118654752, 1.4142135623730951, 2.0], count)),
    ]
    with np.errstate(all="ignore"):
        exponents = [rng.uniform(-limit, limit, count) / np.log(a) for a in bases]
        near = np.log(bases[3])
        exponents[3] = rng.choice([-745.0, -708.4, -103.9, -87.3, 88.7, 709.7], count) / near  # over- and underflow
    bases.append(-np.exp(rng.uniform(-3, 3, count)))
    exponents.append(rng.integers(-20, 21, count).astype(float))
    return np.concatenate(bases), np.concatenate(exponents)


def _of_plane(rng: np.random.Generator, dtype: str, count: int) -> tuple[Array, Array]:
    limit = 1000 if dtype == "double" else 120
    size = np.ldexp(1.0, rng.integers(-limit - 60, limit, count))
    x, steep = rng.normal(size=count), rng.choice([0.41421356237309505, 1.0, 2.4142135623730950, -1.0], count)
    first = [rng.normal(size=count), rng.normal(size=count) * size, _bits(rng, dtype, count), _around(rng, x * steep)]
    second = [rng.normal(size=count), rng.normal(size=count) * size, _bits(rng, dtype, count), x]
    return np.concatenate(first), np.concatenate(second)
