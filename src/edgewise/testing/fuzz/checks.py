"""What must hold for a program. Each check takes the function, the point and a random generator, and raises CheckError.

``modes``    every way to a first derivative gives the same, with the shapes and dtypes of the values
``nested``   two and three directions, each along a way drawn by chance: transformations nested in one another
``second``   the Hessian by forward over reverse, reverse over forward, reverse over reverse
``batched``  a batch is its members, values and gradients, and the gradient of a batch
``oracle``   the complex step where the program is analytic, differences of NumPy's own run elsewhere
``compiled`` jit of the program, its gradient and two more derivatives drawn by chance: at the point, and at others
``mpmath``   first and second derivatives at 40 digits, for programs of scalars
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.compile.jit import jit
from edgewise.errors import BatchError, CheckError, EdgewiseError, UndeterminedError
from edgewise.testing.fuzz.ways import WAYS, along, dot
from edgewise.transforms.batching import vmap
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad
from edgewise.transforms.jacobian import hessian, hvp, jacfwd, jacrev
from edgewise.transforms.operator import linearize, vjp

__all__ = ["CHECKS", "run"]

Function = Callable[..., Any]
Point = Sequence[Any]
STEP, TINY = 1e-4, 1e-30
LEAST = 12  # entries of which a whole Hessian is compiled


def run(check: str, f: Function, point: Point, *, seed: int, analytic: bool) -> None:
    """One check of one function.

    Raises:
        CheckError: it does not hold.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        CHECKS[check](f, tuple(point), np.random.default_rng(seed), analytic)


def _direction(rng: np.random.Generator, point: Point) -> tuple[Any, ...]:
    return tuple(np.asarray(rng.uniform(-1, 1, v.shape), v.dtype)[()] for v in point)


def _scalar(f: Function) -> Function:
    """A scalar function in which every result of ``f`` counts, with a second derivative by each."""

    def h(*x: Any) -> Any:
        y = f(*x)
        return np.sum(np.cos(1.0 + np.arange(y.size)) * (y + np.sin(y) / 2))

    return h


def _close(found: Any, expected: Any, scale: float, what: str, accuracy: float) -> None:
    """Equal, relative to ``scale``; NaN and infinities where the other has them."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise CheckError(f"{what}: shape {found.shape} against {expected.shape}", where="")
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    off = np.where(same, 0.0, np.abs(found - expected))
    if not np.all(off <= accuracy * (1 + scale)):
        raise CheckError(f"{what}: {found} against {expected}, off by {np.max(off):.2g}", where="")


def _size(point: Point, *parts: Any) -> float:
    """The scale of a derivative: the largest of its parts, and 1."""
    finite = [np.abs(p[np.isfinite(p)]) for p in map(np.asarray, (*point, *parts))]
    return max((float(p.max()) for p in finite if p.size), default=0.0)


def _accuracy(point: Point, tight: float) -> float:
    return tight if all(v.dtype == np.float64 for v in point) else 2e-2


def modes(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    t, y = _direction(rng, x), f(*x)
    every = tuple(range(len(x)))
    value, pushed = jvp(f, x, t)
    tight = _accuracy(x, 1e-9)
    _close(value, y, _size(x, y), "jvp's value against NumPy's", _accuracy(x, 1e-12))
    if value.dtype != y.dtype or pushed.dtype != y.dtype:
        raise CheckError(f"dtypes: {y.dtype}, {value.dtype} under jvp, its tangent {pushed.dtype}", where="")
    value, J = linearize(f, *x)
    _close(value, y, _size(x, y), "linearize's value against NumPy's", _accuracy(x, 1e-12))
    g = np.asarray(rng.uniform(-1, 1, y.shape), y.dtype)
    _, pull = vjp(f, *x)
    pulled = pull(g)
    for v, p in zip(x, pulled, strict=True):
        if np.shape(p) != v.shape or p.dtype != v.dtype:
            raise CheckError(f"a cotangent of {p.dtype}{np.shape(p)} for {v.dtype}{v.shape}", where="")
    forward, reverse = jacfwd(f, every)(*x), jacrev(f, every)(*x)
    scale = _size(x, *forward, *reverse) * (1 + y.size)
    for a, b in zip(forward, reverse, strict=True):
        _close(a, b, scale, "jacfwd against jacrev", tight)
    _close(J @ (t if len(x) > 1 else t[0]), pushed, scale, "linearize against jvp", tight)
    if np.all(np.isfinite(pushed)) and all(np.all(np.isfinite(p)) for p in pulled):
        _close(dot(pulled, t), np.sum(g * pushed), scale, "pull against push", tight)
    h = _scalar(f)
    gradients = grad(h, every)(*x)
    _close(dot(gradients, t), jvp(h, x, t)[1], scale * 3, "grad against jvp", tight)


def nested(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    double = all(v.dtype == np.float64 for v in x)
    names = [name for name, way in WAYS.items() if double or way.keeps]
    h, order = _scalar(f), int(rng.integers(2, 4))
    directions = [_direction(rng, x) for _ in range(order)]
    ways = [str(rng.choice(names)) for _ in range(order)]
    plain = chosen = h
    for way, t in zip(ways, directions, strict=True):
        plain, chosen = along("jvp", plain, t), along(way, chosen, t)
    expected = plain(*x)
    try:
        found = chosen(*x)
    except BatchError:
        return  # a length or a truth value that differs within a batch: refused aloud
    steps = [np.abs(along("jvp", h, t)(*x)) for t in directions]
    scale = _size(x, expected, *steps)
    _close(found, expected, scale, f"{' of '.join(reversed(ways))} against jvp, {order} times", _accuracy(x, 1e-7))


def second(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    h, every, t = _scalar(f), tuple(range(len(x))), _direction(rng, x)
    if sum(v.size for v in x) > 40:
        return
    over = jvp(grad(h, every), x, t)[1]
    twice = grad(lambda *x: dot(grad(h, every)(*x), t), every)(*x)
    under = grad(along("jvp", h, t), every)(*x)
    scale, tight = _size(x, *over, *twice, *under), _accuracy(x, 1e-8)
    for a, b, c in zip(over, twice, under, strict=True):
        _close(a, b, scale, "forward over reverse against reverse over reverse", tight)
        _close(a, c, scale, "forward over reverse against reverse over forward", tight)
    if len(x) == 1:
        (v,) = x
        H = hessian(h)(v)
        _close(
            H, np.transpose(H, (*range(v.ndim, 2 * v.ndim), *range(v.ndim))), scale * 9, "a Hessian's symmetry", tight
        )
        _close(np.tensordot(H, t[0], v.ndim), over[0], scale * 9, "Hessian times vector against hvp", tight)
        _close(hvp(h, v, t[0]), over[0], scale, "hvp", tight)


def batched(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    every = tuple(range(len(x)))
    shift = _direction(rng, x)
    chosen = [bool(rng.integers(2)) for _ in x]
    chosen[int(rng.integers(len(x)))] = True
    members = [
        [(v + np.asarray(0.01 * k * s, v.dtype))[()] if b else v for v, s, b in zip(x, shift, chosen, strict=True)]
        for k in range(3)
    ]
    values = [f(*m) for m in members]
    if len({v.shape for v in values}) > 1:
        return
    axes = tuple(0 if b else None for b in chosen)
    stacks = [np.stack(vs) if b else vs[0] for vs, b in zip(zip(*members, strict=True), chosen, strict=True)]
    h = _scalar(f)
    try:
        found = vmap(f, axes)(*stacks)
        gradients = vmap(grad(h, every), axes)(*stacks)
    except BatchError:
        return
    tight = _accuracy(x, 1e-9)
    _close(found, np.stack(values), _size(x, *values), "vmap against a loop", tight)
    looped = [grad(h, every)(*m) for m in members]
    for i, a in enumerate(gradients):
        b = np.stack([g[i] for g in looped])
        _close(a, b, _size(x, b), "vmap of grad against a loop", tight)
    total = grad(lambda *s: np.sum(vmap(h, axes)(*s)), every)(*stacks)
    for i, a in enumerate(total):
        b = np.stack([g[i] for g in looped])
        _close(a, b if chosen[i] else b.sum(0), 3 * _size(x, b), "grad of vmap against a loop", tight)


def oracle(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    if not all(v.dtype == np.float64 for v in x):
        return
    t = _direction(rng, x)
    y, found = jvp(f, x, t)
    moved = _complex_step(f, x, t) if analytic else None
    if moved is not None:
        _close(found, np.imag(moved) / TINY, _size(x, found), "jvp against the complex step", 1e-8)
        return
    coarse, fine = (_difference(f, x, t, h) for h in (STEP, STEP / 3))
    if coarse.shape != found.shape or fine.shape != found.shape:
        return
    scale = _size(x, y, found, coarse)
    trusted = np.isfinite(coarse) & (np.abs(coarse - fine) <= 1e-7 * (1 + scale))  # no kink, no jump within reach
    trusted &= np.isfinite(found)  # a singularity that is not cut off stays visible: sqrt(abs(0 * x))
    _close(np.where(trusted, found, 0), np.where(trusted, coarse, 0), scale, "jvp against differences", 1e-5)


def _complex_step(f: Function, x: Point, t: Point) -> Any:
    try:
        return f(*(v + 1j * TINY * s for v, s in zip(x, t, strict=True)))
    except (TypeError, ValueError):  # a function without a complex form
        return None


def _difference(f: Function, x: Point, t: Point, h: float) -> Any:
    """Differences of order four."""

    def at(s: float) -> Any:
        return f(*((v + s * d)[()] for v, d in zip(x, t, strict=True)))

    try:
        return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    except ValueError:  # lengths that depend on values
        return np.zeros(0)


def compiled(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    t = _direction(rng, x)
    points = [
        x,
        x,
        *(tuple((v + np.asarray(s * d, v.dtype))[()] for v, d in zip(x, t, strict=True)) for s in (1e-3, 1)),
    ]
    points.append(
        tuple(np.where(rng.random(v.shape) < 0.2, rng.choice([np.nan, np.inf, -0.0]), v).astype(v.dtype)[()] for v in x)
    )
    made = _made(f, x, t)
    chosen = ["f", "grad(f)", *rng.choice([name for name in made if name not in ("f", "grad(f)")], 2, replace=False)]
    for name in chosen:
        ours = jit(made[name])
        for point in points:
            _compiled_at(name, made[name], ours, point, special=point is points[-1])


def _compiled_at(name: str, plain: Function, ours: Function, point: Point, special: bool) -> None:
    """One call of a compiled function. At special values it is what our own functions make of them."""
    try:
        expected = plain(*point)
    except (EdgewiseError, ValueError, IndexError, ArithmeticError) as error:
        if not special or not isinstance(error, np.linalg.LinAlgError):  # a factor nobody needs is not computed
            _raises(ours, point, error, name)
        return
    try:
        found = ours(*point)
    except np.linalg.LinAlgError:  # LAPACK, which may or may not converge on NaN
        if special:
            return
        raise
    found, expected = (v if isinstance(v, tuple) else (v,) for v in (found, expected))
    for a, b in zip(found, expected, strict=True):
        if np.asarray(a).dtype != b.dtype:
            raise CheckError(f"jit of {name}: dtype {np.asarray(a).dtype} against {b.dtype}", where="")
    scale, tight = _size(point, *expected), _accuracy(point, 1e-9)
    try:
        for a, b in zip(found, expected, strict=True):
            _close(a, b, scale, f"jit of {name}", tight)
    except CheckError:
        if not special or name != "f":
            raise
        _close(found[0], linearize(plain, *point)[0], scale, f"jit of {name}", tight)


def _made(f: Function, x: Point, t: Point) -> dict[str, Function]:
    """What is compiled of a function: itself and derivatives of it, some with a compiled function inside."""
    h, every, inner = _scalar(f), tuple(range(len(x))), jit(f)
    small = sum(v.size for v in x) <= LEAST

    def batch(f: Function) -> Function:
        return lambda *x: vmap(f)(*(np.stack([v, v * v.dtype.type(1.01)]) for v in x))

    return {
        "f": f,
        "grad(f)": grad(h, every),
        "the Hessian's product": lambda *x: jvp(grad(h, every), x, t)[1],
        "the Hessian's product, backwards": grad(lambda *x: dot(grad(h, every)(*x), t), every),
        "vmap(f)": batch(f),
        "vmap(grad(f))": batch(grad(h, every)),
        "linearize(f)": lambda *x: linearize(f, *x)[1] @ (t if len(t) > 1 else t[0]),
        "jvp(jit(f))": lambda *x: jvp(inner, x, t),
        "grad(jit(f))": grad(_scalar(inner), every),
    } | (
        {"jacrev(f)": jacrev(f, every), "jacfwd(f)": jacfwd(f, every), "vmap(hessian(f))": batch(_hessian(h))}
        if small
        else {}
    )


def _hessian(h: Function) -> Function:
    return lambda *x: hessian(lambda first: h(first, *x[1:]))(x[0])


def _raises(f: Function, point: Point, expected: Exception, name: str) -> None:
    """The compiled function fails where the function does, in the same way."""
    try:
        found = f(*point)
    except type(expected):
        return
    if isinstance(expected, EdgewiseError) and not isinstance(expected, BatchError | UndeterminedError):
        return  # a store into an ordinary array, which is none while a program is recorded
    raise CheckError(f"jit of {name} returned {found} where the function raises {expected}", where="")


def mpmath(f: Function, x: Point, rng: np.random.Generator, analytic: bool) -> None:
    """``f`` is run again with another ``np`` in its globals: mpmath's functions under NumPy's names."""
    from edgewise.testing.fuzz.digits import exact  # noqa: PLC0415  a test dependency

    def h(*x: Any) -> Any:
        return f(*x)[0]

    t, u = _direction(rng, x), _direction(rng, x)
    first, both = exact(f, x, t, u)
    _close(jvp(h, x, t)[1], first, _size(x, first), "jvp against mpmath", 1e-12)
    _close(dot(grad(h, tuple(range(len(x))))(*x), t), first, _size(x, first), "grad against mpmath", 1e-12)
    _close(along("jvp", along("grad", h, t), u)(*x), both, _size(x, both), "a second derivative against mpmath", 1e-10)


CHECKS: dict[str, Any] = {
    "modes": modes,
    "nested": nested,
    "second": second,
    "batched": batched,
    "oracle": oracle,
    "compiled": compiled,
    "mpmath": mpmath,
}
