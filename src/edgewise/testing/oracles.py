"""Derivatives that owe nothing to edgewise: what the laws hold the book against.

Four sources, named in every row of the book (``Declaration.oracle``):

* ``complex``: the complex step, Im f(x + ih)/h, of NumPy's own function. Exact to rounding, since nothing is
  subtracted; it needs a function that NumPy continues analytically into the complex plane.
* ``mpmath``: the function of the same meaning in mpmath, differentiated at 30 digits. Elementwise functions only.
* ``difference``: central differences of NumPy's own function, of order eight. Exact but for rounding where the function
  is a polynomial of low degree between kinks, which is what such rows mostly are.
* ``symmetric``: the same along symmetric directions, for functions of symmetric matrices that read one half of them.

``jacobian`` and ``curvature`` choose by the row. Complex step: Squire & Trapp, SIAM Review 40 (1998); the weights of
the differences: Fornberg, Mathematics of Computation 51 (1988).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.errors import CheckError
from edgewise.testing.subject import Subject, flat, matrix_of, symmetric

__all__ = ["ACCURACY", "curvature", "jacobian", "meaning", "meanings"]

TINY = 1e-30  # the complex step: its square vanishes beside 1
STEP, NESTED_STEP = 2.5e-4, 1e-3  # of differences, and of differences of differences
STENCIL = ((1, 4 / 5), (2, -1 / 5), (3, 4 / 105), (4, -1 / 280))  # f′ ≈ Σ w (f(kh) - f(-kh)) / h, error h⁸

# How far each oracle may be off, relative to the largest entry: first derivatives, second derivatives.
ACCURACY = {"complex": (1e-12, 1e-9), "mpmath": (1e-12, 1e-11), "difference": (1e-9, 1e-7)}
ACCURACY["symmetric"] = ACCURACY["difference"]


def jacobian(subject: Subject) -> Any:
    """The matrix of first derivatives: a row per entry of the outputs, a column per entry of the leaves."""
    if subject.declaration.oracle == "mpmath":
        return _partials_matrix(subject)
    along = _complex_step if subject.declaration.oracle == "complex" else _difference
    return matrix_of(lambda direction: along(subject, direction), subject.leaves)


def curvature(
    subject: Subject, weights: Sequence[Any], pairs: Sequence[tuple[Sequence[Any], Sequence[Any]]]
) -> tuple[list[float], str]:
    """Second derivatives uᵀ(Σ weights · ∇²f)v along pairs of directions (u, v), and which oracle they are from."""
    if subject.declaration.function in meanings():
        return _second_partials(subject, weights[0], pairs), "mpmath"
    along = _curvature_complex if subject.declaration.oracle == "complex" else _curvature_difference
    found = [float(np.sum(flat(weights) * along(subject, u, v))) for u, v in pairs]
    return found, subject.declaration.oracle


# -- steps


def _complex_step(subject: Subject, direction: Sequence[Any], at: Sequence[Any] | None = None) -> list[Any]:
    leaves = subject.leaves if at is None else at
    moved = [np.asarray(x + 1j * TINY * t)[()] for x, t in zip(leaves, direction, strict=True)]
    return [np.imag(y) / TINY for y in subject(*moved)]


def _difference(subject: Subject, direction: Sequence[Any]) -> list[Any]:
    direction = _allowed(subject, direction)
    return [_stencil(lambda s: flat(subject(*_moved(subject.leaves, direction, s))), STEP)]


def _curvature_complex(subject: Subject, u: Sequence[Any], v: Sequence[Any]) -> Any:
    return _stencil(lambda s: flat(_complex_step(subject, v, _moved(subject.leaves, u, s))), STEP)


def _curvature_difference(subject: Subject, u: Sequence[Any], v: Sequence[Any]) -> Any:
    u, v = _allowed(subject, u), _allowed(subject, v)

    def slope(s: float) -> Any:
        moved = _moved(subject.leaves, u, s)
        return _stencil(lambda r: flat(subject(*_moved(moved, v, r))), NESTED_STEP)

    return _stencil(slope, NESTED_STEP)


def _allowed(subject: Subject, direction: Sequence[Any]) -> Sequence[Any]:
    """The direction, or its symmetric part: what a symmetric matrix can move along."""
    return [symmetric(t) for t in direction] if subject.declaration.oracle == "symmetric" else direction


def _stencil(f: Callable[[float], Any], h: float) -> Any:
    total: Any = 0.0
    for k, w in STENCIL:
        total = total + w * (f(k * h) - f(-k * h))
    return total / h


def _moved(leaves: Sequence[Any], direction: Sequence[Any], s: float) -> list[Any]:
    return [x + s * t for x, t in zip(leaves, direction, strict=True)]


# -- mpmath


@functools.cache
def meanings() -> dict[Callable[..., Any], Callable[..., Any]]:
    """NumPy's elementwise functions and those of the same meaning in mpmath."""
    import mpmath as mp  # type: ignore[import-untyped]  # noqa: PLC0415  a test dependency, loaded with the first law

    return {
        np.add: lambda a, b: a + b,
        np.subtract: lambda a, b: a - b,
        np.multiply: lambda a, b: a * b,
        np.divide: lambda a, b: a / b,
        np.power: lambda a, b: a**b,
        np.negative: lambda a: -a,
        np.positive: lambda a: a,
        np.square: lambda a: a * a,
        np.sqrt: mp.sqrt,
        np.cbrt: lambda a: mp.sign(a) * mp.cbrt(abs(a)),  # mpmath's own takes the principal root
        np.reciprocal: lambda a: 1 / a,
        np.absolute: abs,
        np.fabs: abs,
        np.maximum: max,
        np.minimum: min,
        np.fmax: max,
        np.fmin: min,
        np.exp: mp.exp,
        np.exp2: lambda a: mp.mpf(2) ** a,
        np.expm1: mp.expm1,
        np.log: mp.log,
        np.log2: lambda a: mp.log(a, 2),
        np.log10: mp.log10,
        np.log1p: mp.log1p,
        np.logaddexp: lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
        np.logaddexp2: lambda a, b: mp.log(mp.mpf(2) ** a + mp.mpf(2) ** b, 2),
        np.sin: mp.sin,
        np.cos: mp.cos,
        np.tan: mp.tan,
        np.arcsin: mp.asin,
        np.arccos: mp.acos,
        np.arctan: mp.atan,
        np.arctan2: mp.atan2,
        np.hypot: mp.hypot,
        np.sinh: mp.sinh,
        np.cosh: mp.cosh,
        np.tanh: mp.tanh,
        np.arcsinh: mp.asinh,
        np.arccosh: mp.acosh,
        np.arctanh: mp.atanh,
        np.deg2rad: mp.radians,
        np.radians: mp.radians,
        np.rad2deg: mp.degrees,
        np.degrees: mp.degrees,
    }


def meaning(function: Callable[..., Any]) -> Callable[..., Any]:
    """The mpmath function that means the same.

    Raises:
        CheckError: the table has none, and a row asks for it.
    """
    found = meanings().get(function)
    if found is None:
        raise CheckError(
            f"no mpmath function is known for {function}",
            "its row names mpmath as its oracle",
            "add it to edgewise.testing.oracles.meanings, or choose another oracle in the row",
        )
    return found


def _partials_matrix(subject: Subject) -> Any:
    shape = np.shape(subject.result)
    blocks = []
    for position, leaf in enumerate(subject.leaves):
        orders = [int(i == position) for i in range(len(subject.leaves))]
        weight = _partial(subject, orders)
        blocks.append(matrix_of(functools.partial(_weighed, weight, shape), [leaf]))
    return np.concatenate(blocks, axis=1)


def _weighed(weight: Any, shape: tuple[int, ...], ts: Sequence[Any]) -> list[Any]:
    return [weight * np.broadcast_to(ts[0], shape)]


def _second_partials(
    subject: Subject, weight: Any, pairs: Sequence[tuple[Sequence[Any], Sequence[Any]]]
) -> list[float]:
    totals: list[Any] = [0.0 for _ in pairs]
    count = len(subject.leaves)
    for i in range(count):
        for j in range(i, count):
            second = _partial(subject, [(k == i) + (k == j) for k in range(count)])
            for p, (u, v) in enumerate(pairs):
                mixed = u[i] * v[j] if i == j else u[i] * v[j] + u[j] * v[i]
                totals[p] = totals[p] + second * mixed
    return [float(np.sum(weight * total)) for total in totals]


def _partial(subject: Subject, orders: Sequence[int]) -> Any:
    """∂ᵒʳᵈᵉʳˢ of an elementwise function with respect to its leaves, entry by entry."""
    import mpmath as mp  # noqa: PLC0415  as above

    function = meaning(subject.declaration.function)
    wrt = subject.case.wrt

    def entry(*operands: Any) -> float:
        def f(*moving: Any) -> Any:
            rest = iter(moving)
            return function(*(next(rest) if i in wrt else a for i, a in enumerate(operands)))

        point = tuple(mp.mpf(operands[i]) for i in wrt)
        with mp.workdps(30):
            return float(mp.diff(f, point, tuple(orders)) if len(point) > 1 else mp.diff(f, point[0], orders[0]))

    args, _ = subject.arguments(subject.leaves)
    return np.vectorize(entry, otypes=[float])(*args)  # as Python numbers: an integer power stays one
