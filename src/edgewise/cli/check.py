"""``edgewise check``: every mode against every other, and against derivatives that owe nothing to edgewise."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from edgewise.cli.guard import guarded
from edgewise.cli.problem import FAILED, OK, CommandError
from edgewise.cli.screen import Screen, short
from edgewise.cli.targets import Target, target_of
from edgewise.containers import flatten
from edgewise.errors import EdgewiseError
from edgewise.testing.check import ridders
from edgewise.transforms.batching import vmap
from edgewise.transforms.forward import jvp
from edgewise.transforms.jacobian import jacfwd, jacrev
from edgewise.transforms.operator import linearize, vjp

__all__ = ["Verdict", "check", "verdicts"]

ROUNDING = 1e-9  # between two modes: the same products in another order
ATOL = 1e-8  # beside the relative tolerance, in multiples of the derivative's size
TINY = 1e-30  # the complex step
UNSETTLED = 1e-3  # estimated error of a difference, in multiples of its size
DENSE = 10**6  # entries of a Jacobian that is made whole


class Verdict(NamedTuple):
    """One comparison.

    Attributes:
        order: of the derivative.
        what: which derivative.
        against: what it is compared with.
        found, expected: the two numbers where they are furthest apart.
        holds: whether they agree; None where there is nothing to compare.
        note: why there is nothing, or why they may differ.
    """

    order: int
    what: str
    against: str
    found: float
    expected: float
    holds: bool | None
    note: str = ""

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return "n/a" if self.holds is None else "agrees" if self.holds else "DIFFERS"


def check(options: argparse.Namespace) -> int:
    """Run the command."""
    target = target_of(options.target, options.values, options.wrt)
    screen = Screen(options.plain)
    found = list(verdicts(target, options.samples, options.rtol, options.order))
    wrong = [v for v in found if v.holds is False]
    if options.json:
        rows = [{**v._asdict(), "verdict": v.word, **_numbers(v)} for v in found]
        sys.stdout.write(json.dumps({"target": target.title, "agrees": not wrong, "comparisons": rows}) + "\n")
    elif screen.plain:
        for v in found:
            screen.row(str(v.order), v.what, v.against, v.found, v.expected, v.word, v.note)
    else:
        _shown(target, found, wrong, screen)
    return FAILED if wrong else OK


def _numbers(v: Verdict) -> dict[str, Any]:
    """The numbers of a verdict, in words where JSON has none."""
    told = {"found": v.found, "expected": v.expected}
    return {name: x if np.isfinite(x) else str(x) for name, x in told.items()}


def _shown(target: Target, found: list[Verdict], wrong: list[Verdict], screen: Screen) -> None:
    screen.text(target.title, "bold")
    rows = [(str(v.order), v.what, v.against, *_told(v), v.word) for v in found]
    screen.table(("order", "derivative", "against", "value", "difference", "verdict"), rows, right=(0, 3, 4))
    for v in found:
        if v.note:
            screen.text(f"order {v.order}, {v.what}, {v.against}: {v.note}", "dim")
    for v in wrong:
        screen.text(f"order {v.order}, {v.what}: {v.found!r}, and {v.against}: {v.expected!r}", "red")
    if wrong:
        screen.text(f"{len(wrong)} of {len(found)} comparisons differ", "bold red")
    else:
        screen.text(f"all {sum(v.holds is not None for v in found)} comparisons agree", "bold green")


def _told(v: Verdict) -> tuple[str, str]:
    return ("", "") if v.holds is None else (short(v.found), f"{abs(v.found - v.expected):.1e}")


class Subject:
    """A target as a function of its differentiated arguments alone, with directions to look along.

    Attributes:
        f: the function.
        x: the point.
        t: per direction, a tangent of each argument.
        u: per direction, the weights of the outputs.
    """

    def __init__(self, target: Target, directions: int) -> None:
        args, wrt = list(target.args), target.wrt

        def f(*moving: Any) -> Any:
            called = list(args)
            for place, value in zip(wrt, moving, strict=True):
                called[place] = value
            return target.f(*called)

        f.__name__ = target.title
        self.f = f
        self.x = tuple(args[i] for i in wrt)
        for name, x in zip(target.chosen, self.x, strict=True):
            if np.asarray(x).dtype != np.float64:
                raise CommandError(f"{name} is of {np.asarray(x).dtype}; differences tell something in float64 alone")
        rng = np.random.default_rng(0)
        leaves, tree = flatten(f(*self.x))
        if any(np.asarray(leaf).dtype.kind != "f" for leaf in leaves):
            raise CommandError(f"{target.title} returns no real numbers, and only those are compared", code=FAILED)
        if not all(np.all(np.isfinite(leaf)) for leaf in leaves):
            raise CommandError(f"{target.title} is not finite at this point", code=FAILED)
        self.bare = tree.bare
        self.t = [tuple(rng.standard_normal(np.shape(x))[()] for x in self.x) for _ in range(directions)]
        self.u = [tree.build([rng.standard_normal(np.shape(y))[()] for y in leaves]) for _ in range(directions)]

    def at(self, s: float, t: Any) -> tuple[Any, ...]:
        """The point, moved along a direction."""
        return tuple(x + s * d for x, d in zip(self.x, t, strict=True))


def dot(a: Any, b: Any) -> Any:
    """The sum of products of all entries."""
    total: Any = 0.0
    for p, q in zip(flatten(a)[0], flatten(b)[0], strict=True):
        total = total + np.sum(p * q)
    return total


def verdicts(target: Target, directions: int = 3, rtol: float = 1e-6, order: int = 2) -> Iterator[Verdict]:
    """The comparisons of a target at its point, along random directions.

    Args:
        target: the function and the point.
        directions: how many directions.
        rtol: how far a derivative may be from the difference, relative to it.
        order: 2 to look at the derivative of the gradient as well.

    Raises:
        CommandError: the function failed, or there is nothing to differentiate.

    Differences are central, with Ridders' extrapolation: Press et al., Numerical Recipes (2007), chapter 5.7. The
    complex step is Im f(x + ih)/h: Squire & Trapp, SIAM Review 40 (1998).
    """
    if not target.wrt:
        raise CommandError("there is nothing to differentiate by: no variable, and no argument written like 3.0")
    with guarded(target):
        subject = Subject(target, directions)
    yield from _order(target, subject, 1, rtol)
    if order > 1:
        gradient = Subject.__new__(Subject)
        gradient.x, gradient.t, gradient.bare = subject.x, subject.t, False
        u = subject.u[0]
        gradient.f = lambda *x: vjp(subject.f, *x)[1](u)
        gradient.u = subject.t[1:] + subject.t[:1]
        yield from _order(target, gradient, 2, rtol)


def _order(target: Target, s: Subject, order: int, rtol: float) -> Iterator[Verdict]:
    """Comparisons of the derivative of a function: of the gradient, where the order is 2."""
    with guarded(target):
        reverse = [float(dot(vjp(s.f, *s.x)[1](u), t)) for u, t in zip(s.u, s.t, strict=True)]
        slopes = [ridders(_along(s, u, t)) for u, t in zip(s.u, s.t, strict=True)]
    expected = [slope for slope, _ in slopes]
    bounds = [
        ATOL * max(1.0, abs(e)) + rtol * max(abs(e), abs(r)) + 10 * min(error, ATOL + rtol * abs(e))
        for r, (e, error) in zip(reverse, slopes, strict=True)
    ]
    if not np.all(np.isfinite(reverse)):
        name = "derivative" if order == 1 else "second derivative"
        raise CommandError(f"the {name} is not finite at this point; edgewise.explain_nan says why", code=FAILED)
    first = _worst(order, "reverse" if order == 1 else "reverse over reverse", "differences", reverse, expected, bounds)
    unsettled = any(not error <= UNSETTLED * max(1.0, abs(e)) for e, error in slopes)
    note = "the differences do not settle: there is a kink or a jump near this point"
    yield first if first.holds or not unsettled else first._replace(note=note)
    tight = [ROUNDING * max(1.0, abs(r)) for r in reverse]
    for name, method in (_FIRST if order == 1 else _SECOND).items():
        try:
            with guarded(target):
                found = method(s)
        except CommandError as error:
            if isinstance(error.__cause__, EdgewiseError) and name == "batched":  # it has limits of its own
                yield Verdict(order, name, "reverse", np.nan, np.nan, None, error.message)
                continue
            raise
        if found is not None:
            yield _worst(order, name, "reverse", found, reverse, tight)
    if order == 1:
        yield _complex(s, order, reverse, expected, bounds, tight)


def _along(s: Subject, u: Any, t: Any) -> Callable[[float], float]:
    return lambda h: float(dot(u, s.f(*s.at(h, t))))


def _worst(
    order: int, what: str, against: str, found: list[float], expected: list[float], bounds: list[float]
) -> Verdict:
    """The direction along which two derivatives are furthest apart, measured by what is allowed."""
    ratios = [abs(f - e) / bound for f, e, bound in zip(found, expected, bounds, strict=True)]
    i = int(np.argmax([np.inf if np.isnan(r) else r for r in ratios]))
    return Verdict(order, what, against, found[i], expected[i], ratios[i] <= 1)


def _forward(s: Subject) -> list[float]:
    return [float(dot(u, jvp(s.f, s.x, t)[1])) for u, t in zip(s.u, s.t, strict=True)]


def _linearized(s: Subject) -> list[float]:
    _, J = linearize(s.f, *s.x)
    return [float(dot(u, J @ (t if len(t) > 1 else t[0]))) for u, t in zip(s.u, s.t, strict=True)]


def _batched(s: Subject) -> list[float]:
    stacked = tuple(np.stack(parts) for parts in zip(*s.t, strict=True))
    made = vmap(lambda *t: jvp(s.f, s.x, t)[1])(*stacked)
    leaves, tree = flatten(made)
    return [float(dot(u, tree.build([leaf[i] for leaf in leaves]))) for i, u in enumerate(s.u)]


def _whole(transform: Any) -> Callable[[Subject], list[float] | None]:
    def method(s: Subject) -> list[float] | None:
        if not s.bare or sum(map(np.size, s.x)) * np.size(s.u[0]) > DENSE:
            return None
        blocks = transform(s.f, tuple(range(len(s.x))))(*s.x)
        return [
            sum(float(np.sum(u * np.tensordot(J, d, np.ndim(d)))) for J, d in zip(blocks, t, strict=True))
            for u, t in zip(s.u, s.t, strict=True)
        ]

    return method


_FIRST: dict[str, Callable[[Subject], list[float] | None]] = {
    "forward": _forward,
    "linearized": _linearized,
    "batched": _batched,
    "jacobian, forward": _whole(jacfwd),
    "jacobian, reverse": _whole(jacrev),
}
_SECOND: dict[str, Callable[[Subject], list[float] | None]] = {
    "forward over reverse": _forward,
    "batched": _batched,
}


def _complex(
    s: Subject, order: int, reverse: list[float], expected: list[float], bounds: list[float], tight: list[float]
) -> Verdict:
    """The complex step, which is exact; where differences do not confirm it, the function is not analytic."""
    nothing = Verdict(order, "reverse", "complex step", np.nan, np.nan, None, "not analytic as it is written")
    try:
        with np.errstate(all="ignore"):
            stepped = [
                float(sum(np.sum(w * np.imag(y)) for w, y in zip(flatten(u)[0], flatten(moved)[0], strict=True))) / TINY
                for u, t in zip(s.u, s.t, strict=True)
                for moved in [s.f(*s.at(1j * TINY, t))]  # type: ignore[arg-type]  # a step off the real line
            ]
    except Exception:  # noqa: BLE001  the user's function need not take complex numbers
        return nothing
    if not all(abs(a - b) <= bound for a, b, bound in zip(stepped, expected, bounds, strict=True)):
        return nothing
    return _worst(order, "reverse", "complex step", reverse, stepped, tight)
