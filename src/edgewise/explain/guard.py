"""``with explain_nan()``: whatever stops being finite raises where it does.

Inside the context each recording and each forward pass is made one that looks at its results (``core.mode.on_enter``).
Values and tangents are looked at as they are computed. For adjoints each recorded operation is replaced by one whose
maps look at what they push and pull, so that the sweeps of ``grad``, ``vjp``, ``linearize`` and the rest raise at the
edge itself.

While a map is at work the operations of its rule are not looked at by themselves: an infinite weight is no harm where
nothing alive meets it. What comes out of the map is looked at, at every level, so that a second derivative raises too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Token
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.levels import plain
from edgewise.core.mode import Mode, on_enter
from edgewise.core.parts import PART
from edgewise.core.primitive import Family, Primitive
from edgewise.core.traced import TRACED, Traced
from edgewise.errors import NonFiniteError, user_line
from edgewise.explain.advice import advise
from edgewise.explain.digest import brief, hold, is_array
from edgewise.explain.words import constant
from edgewise.maps import Map
from edgewise.modes import Dual, Observing, Outlined, Recorded

__all__ = ["Guard"]


class Site(NamedTuple):
    """An operation of the user's.

    Attributes:
        op: its name.
        names, values: of its operands.
        where: ``file:line``.
        nested: whether what is recorded is not the operation itself, but its derivative.
        region: whether it is a region, whose derivative records what was done in it.
    """

    op: str
    names: tuple[str, ...]
    values: tuple[Any, ...]
    where: str
    nested: bool
    region: bool

    def recording(self) -> Site:
        """What to say of an operation that is recorded while its derivative is taken."""
        return self if self.region else self._replace(nested=True)

    def error(self, what: str, *, derivative: bool = True) -> NonFiniteError:
        """The error that says so."""
        cause, instead = advise(self.op, self.values, self.names, derivative)
        pairs = [(name, brief(value)) for name, value in zip(self.names, self.values, strict=True)]
        told = ", ".join(f"{name} = {value}" for name, value in pairs if name != value)
        return NonFiniteError(what.format(self.op) + (f": {told}" if told else ""), cause, instead, self.where)


class Guard:
    """The context manager. Re-entrant, and of this thread and context alone.

    Attributes:
        rules: the operations whose maps are at work.
        cuts: levels of recordings in which some operation drops entries.
    """

    def __init__(self) -> None:
        self._tokens: list[Token[Any]] = []
        self.rules: list[Site] = []
        self.cuts: set[int] = set()

    def __enter__(self) -> Guard:
        self._tokens.append(on_enter.set(self.begin))
        return self

    def __exit__(self, *exc: object) -> None:
        on_enter.reset(self._tokens.pop())
        self.rules.clear()

    def begin(self, mode: Mode) -> None:
        """Make a mode look at its results."""
        if type(mode) is Recorded:
            mode.__class__ = LookingRecorded
        elif type(mode) is Dual:
            mode.__class__ = LookingDual
        elif type(mode) is Outlined:
            mode.__class__ = LookingOutlined

    def value(self, primitive: Any, operands: tuple[Any, ...], y: Any) -> None:
        """Look at what an operation gave."""
        if not self.rules and not _finite(y):
            raise site(primitive, operands).error("the value of {} is not finite", derivative=False)

    def tangent(self, primitive: Any, operands: tuple[Any, ...], y: Any) -> None:
        """Look at the tangent an operation gave; entries that nothing reaches are no harm."""
        if not self.rules and not all(map(_tangent_finite, y if type(y) is tuple else (y,))):
            raise site(primitive, operands).error("the tangent stops being finite at {}")


def _guard() -> Guard | None:
    """The guard of this context."""
    told = on_enter.get()
    return getattr(told, "__self__", None)


class LookingRecorded(Observing):
    """A recording inside the context."""

    __slots__ = ()

    def observe(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Record an operation, look at the result, and make it one whose maps look too."""
        with np.errstate(all="ignore"):  # what NumPy would warn of raises below
            y = super().observe(primitive, operands, params)
        guard = _guard()
        if guard is None:
            return y
        guard.value(primitive, operands, y)
        if primitive.selects:
            guard.cuts.add(self.level)
        for t in y if type(y) is tuple else (y,):
            if type(t) in TRACED and t.mode is self:
                node = t.payload
                node = node.parents[0] if node.primitive is PART else node
                if node.primitive is primitive:
                    at = guard.rules[-1].recording() if guard.rules else site(primitive, operands)
                    node.primitive = Looking(primitive, guard, self.level, at)
        return y


class LookingDual(Dual):
    """A forward pass inside the context."""

    __slots__ = ()

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a primitive, and look at the value and the tangent."""
        with np.errstate(all="ignore"):
            y = super().interpret(primitive, operands, params)
        guard = _guard()
        if guard is not None:
            guard.value(primitive, operands, y)
            guard.tangent(primitive, operands, y)
        return y


class LookingOutlined(Outlined):
    """The body of a region inside the context."""

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply a primitive, and look at the value."""
        with np.errstate(all="ignore"):
            y = super().interpret(primitive, operands, params)
        guard = _guard()
        if guard is not None:
            guard.value(primitive, operands, y)
        return y


class Looking(Primitive):
    """A primitive whose maps look at what they push and pull. One for each recorded operation."""

    __slots__ = ()

    def __init__(self, of: Primitive, guard: Guard, level: int, at: Site) -> None:
        super().__init__(
            of.name,
            of.function,
            _LookingFamily(of, guard, level, at),
            of.rules,
            zero=of.zero,
            selects=of.selects,
            outputs=of.outputs,
            zero_outputs=of.zero_outputs,
        )


class _LookingFamily(Family):
    def __init__(self, of: Primitive, guard: Guard, level: int, at: Site) -> None:
        self.of = of
        self.name = of.family.name
        self.guard = guard
        self.level = level
        self.site = at

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Any:
        self.guard.rules.append(self.site)
        try:
            return LookingMap(self.of.family.edge(self.of, edge, kept, params, shape), self)
        finally:
            self.guard.rules.pop()


class LookingMap(Map):
    """A map that looks at what comes out of it."""

    __slots__ = ("at", "inner")

    def __init__(self, inner: Any, at: _LookingFamily) -> None:
        self.inner = inner
        self.at = at

    @property
    def selects(self) -> bool:  # type: ignore[override]  # that of the map inside
        return bool(self.inner.selects)

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # likewise
        return bool(self.inner.complex_linear)

    def pattern(self) -> Map:
        """That of the map inside."""
        pattern: Map = self.inner.pattern()
        return pattern

    def push(self, t: Any) -> Any:
        """The map itself."""
        return self._look("tangent", self.inner.push, t)

    def pull(self, g: Any) -> Any:
        """Its adjoint."""
        return self._look("gradient", self.inner.pull, g)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        """The map on a pair."""
        pair: tuple[Any, Any] = self._look("tangent", self.inner.push_alive, t, alive)
        return pair

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        """The adjoint on a pair."""
        pair: tuple[Any, Any] = self._look("gradient", self.inner.pull_alive, g, alive)
        return pair

    def _look(self, kind: str, verb: Callable[..., Any], x: Any, *alive: Any) -> Any:
        at = self.at
        at.guard.rules.append(at.site)
        try:
            out = verb(x, *alive)
        finally:
            at.guard.rules.pop()
        part = out[0] if alive else out
        if at.guard is not _guard() or not (_finite(x) and _tangent_finite(x)):
            return out
        if not _finite(part) and not self._excused(x, part, bool(alive)):
            raise at.site.error(f"the {'second derivative' if at.site.nested else kind} stops being finite at {{}}")
        if not _tangent_finite(part):
            raise at.site.error("the second derivative stops being finite at {}")
        return out

    def _excused(self, x: Any, part: Any, alive: bool) -> bool:
        """Whether all that is not finite met an exact zero, which a walk with aliveness may find to be a cut branch."""
        if alive or self.at.level not in self.at.guard.cuts or type(x) is tuple or type(part) is tuple:
            return False
        zero, bad = np.asarray(plain(x) == 0), ~np.isfinite(plain(part))
        return bool(np.all(zero | ~bad)) if zero.shape == bad.shape else bool(zero.any())


def site(primitive: Primitive, operands: tuple[Any, ...]) -> Site:
    """The operation that is computed just now."""
    held = tuple(map(hold, operands))
    names = tuple(
        (f"x{i + 1}" if len(held) > 1 else "x") if isinstance(o, Traced) or is_array(h) else constant(h)
        for i, (o, h) in enumerate(zip(operands, held, strict=True))
    )
    return Site(primitive.name, names, held, user_line(), nested=False, region=primitive.family.name == "region")


def _finite(value: Any) -> bool:
    """Whether the ordinary value is finite; None, an output that was not used, is."""
    if type(value) is tuple:
        return all(v is None or _finite(v) for v in value)
    return bool(np.all(np.isfinite(plain(value))))


def _tangent_finite(value: Any) -> bool:
    """Whether the tangents that a value carries are finite, at every level."""
    while type(value) in TRACED:
        if isinstance(value.mode, Dual):
            t, alive = value.payload
            bad = ~np.isfinite(plain(t))
            if np.any(bad if alive is None else bad & plain(alive)):
                return False
        value = value.value
    return True
