"""``check_grads``: every derivative of a function against independent ones, along random directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.containers import flatten
from edgewise.core.pairing import paired
from edgewise.errors import ArgumentError, CheckError
from edgewise.transforms.border import Call, function_of, name_of, number_output
from edgewise.transforms.forward import jvp
from edgewise.transforms.operator import vjp

__all__ = ["check_grads", "ridders"]


def check_grads(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = ("forward", "reverse"),
    rtol: float = 1e-6,
    atol: float = 1e-8,
    directions: int = 3,
    seed: int = 0,
) -> None:
    """Check derivatives of ``f`` at a point: forward against differences, reverse against forward, up to an order.

    Args:
        f: the function.
        args: the point; all real and complex leaves are varied, complex ones along both axes.
        order: 1 for first derivatives, 2 to check the derivative of the gradient as well, and so on.
        modes: "forward", "reverse", or both.
        rtol: how far a derivative may be from the difference, relative to it, beyond the difference's own error.
        atol: the same, absolute.
        directions: how many random directions are tried.
        seed: of the random directions.

    Raises:
        CheckError: a derivative disagrees; the message gives both numbers, the mode and the order.

    >>> check_grads(lambda x: np.sum(np.sin(x) * x), np.array([0.3, -1.2]))
    >>> check_grads(lambda z: np.fft.fft(z * np.conj(z)), np.array([1 + 2j, 0.5j]))

    What is compared are ⟨u, J v⟩ and its like, with ⟨g, t⟩ = Re Σ conj(g)·t, for random u and v.

    Differences are central with Ridders' extrapolation: Press et al., Numerical Recipes (2007), chapter 5.7.
    """
    modes = (modes,) if isinstance(modes, str) else tuple(modes)
    _require(order, modes, directions)
    for i, leaf in enumerate(flatten(args)[0]):
        if getattr(leaf, "dtype", None) in (np.float16, np.float32, np.complex64):
            raise ArgumentError(
                f"check_grads was given a leaf (number {i}) of dtype {leaf.dtype}",
                "differences of such numbers are too coarse to tell a right derivative from a wrong one",
                f"check in double precision: x.astype({'complex' if leaf.dtype.kind == 'c' else 'float'})",
            )
    if not args:
        raise ArgumentError(
            "check_grads was called without a point", "a derivative is taken at a point", "write ew.check_grads(f, x)"
        )
    _check(
        function_of(f, "check_grads"), args, order, order, modes, rtol, atol, directions, np.random.default_rng(seed)
    )


def _require(order: Any, modes: tuple[Any, ...], directions: Any) -> None:
    """Refuse options under which nothing would be checked."""
    for name, given in (("order", order), ("directions", directions)):
        if not isinstance(given, int) or given < 1:
            raise ArgumentError(
                f"check_grads was given {name}={given!r}", "nothing would be checked", f"give {name} of 1 or more"
            )
    if not modes or not set(modes) <= {"forward", "reverse"}:
        raise ArgumentError(
            f"check_grads was given modes={modes!r}", "nothing would be checked", "give forward, reverse, or both"
        )


def _check(
    f: Any, args: Any, order: int, top: int, modes: Any, rtol: float, atol: float, directions: int, rng: Any
) -> None:
    call = Call(f, args, {}, tuple(range(len(args))))
    x = call.values
    level = top - order + 1
    for _ in range(directions):
        v = [_random(a, rng).astype(a.dtype)[()] for a in x]
        tangents = tuple(a.structured(part) for a, part in _per_argument(call, v))
        u = _random_like(call.run(x), rng, f)

        def along(h: float, u: Any = u, v: Any = v) -> float:
            return _dot(u, _shifted(call, x, v, h))

        expected, error = ridders(along)
        if "forward" in modes:
            _compare(_dot(u, jvp(f, args, tangents)[1]), expected, error, f, "forward", level, rtol, atol)
        if "reverse" in modes:
            pulled = vjp(f, *args)[1](u)
            got = sum(_dot(g, t) for g, t in zip(pulled, tangents, strict=True))
            _compare(got, expected, error, f, "reverse", level, rtol, atol)
        if order > 1:

            def gradient(*xs: Any, u: Any = u) -> Any:
                return vjp(f, *xs)[1](u)

            gradient.__name__ = f"the gradient of {name_of(f)}"
            _check(gradient, args, order - 1, top, modes, rtol, atol, 1, rng)


def _per_argument(call: Call, leaves: list[Any]) -> list[tuple[Any, list[Any]]]:
    rest = iter(leaves)
    return [(a, [next(rest) for _ in a.moving]) for a in call.arguments]


def _shifted(call: Call, x: list[Any], v: list[Any], h: float) -> Any:
    return call.run([(a + h * t).astype(a.dtype) for a, t in zip(x, v, strict=True)])


def _numbers(tree: Any) -> list[Any]:
    found = [np.asarray(leaf) for leaf in flatten(tree)[0] if leaf is not None and not isinstance(leaf, str)]
    return [a if a.dtype.kind == "c" else a.astype(float) for a in found]


def _random_like(tree: Any, rng: Any, f: Any) -> Any:
    leaves, shape = flatten(tree)
    leaves = [None if leaf is None else number_output(leaf, f) for leaf in leaves]
    return shape.build([None if leaf is None else _random(leaf, rng)[()] for leaf in leaves])


def _random(like: Any, rng: Any) -> Any:
    real = rng.standard_normal(np.shape(like))
    return real + 1j * rng.standard_normal(np.shape(like)) if np.iscomplexobj(like) else real


def _dot(a: Any, b: Any) -> float:
    return float(sum(paired(p, q) for p, q in zip(_numbers(a), _numbers(b), strict=True)))


def ridders(g: Callable[[float], float]) -> tuple[float, float]:
    """The derivative of g at 0 by extrapolated central differences, and an estimate of its error.

    >>> derivative, error = ridders(np.sin)
    >>> abs(derivative - 1) < 1e-9, error < 1e-9
    (True, True)
    """
    h, shrink = 2e-3, 1.6
    table = [[(g(h) - g(-h)) / (2 * h)]]
    best, error = table[0][0], np.inf
    for i in range(1, 6):
        h /= shrink
        row = [(g(h) - g(-h)) / (2 * h)]
        factor = shrink**2
        for j in range(i):
            row.append((row[j] * factor - table[i - 1][j]) / (factor - 1))
            factor *= shrink**2
            now = max(abs(row[-1] - row[-2]), abs(row[-1] - table[i - 1][j]))
            if now <= error:
                best, error = row[-1], now
        table.append(row)
    return float(best), float(error)


def _compare(
    got: float, expected: float, error: float, f: Any, mode: str, order: int, rtol: float, atol: float
) -> None:
    if not np.isfinite(expected):
        raise CheckError(
            f"{name_of(f)} or a derivative of it is not finite near this point",
            "there are no differences to hold a derivative against",
            "check it at a point with finite values all around",
        )
    scale = max(abs(expected), abs(got))
    if not abs(got - expected) <= atol + rtol * scale + 10 * min(error, rtol * scale + atol):
        raise CheckError(
            f"the {mode} derivative of order {order} of {name_of(f)} is {got!r}, and {expected!r} was expected",
            f"they differ by {abs(got - expected):.3g}; the differences' own error is about {error:.1g}",
            "if the function has a kink or a jump near this point, check it elsewhere; otherwise a rule is wrong",
        )
