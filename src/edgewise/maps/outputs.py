"""Maps into the tuple of an operation's outputs, and outputs that are not determined by the input."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.levels import constant, somewhere
from edgewise.core.pairing import conj
from edgewise.core.undetermined import Reason, known_entries
from edgewise.maps.base import Map

__all__ = ["Determined", "Outputs", "PhaseFree"]


class Outputs(Map):
    """t -> (m(t) for each output's map m). What is common to all comes before it: ``Outputs((A, B)) @ shared``.

    A cotangent is a tuple, None for an output that was not used, which costs nothing; so is aliveness.
    """

    __slots__ = ("maps",)

    def __init__(self, maps: tuple[Map | None, ...]) -> None:
        self.maps = maps  # None: an output without derivative

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the parts
        return all(m is None or m.complex_linear for m in self.maps)

    def push(self, t: Any) -> Any:
        return tuple(None if m is None else m.push(t) for m in self.maps)

    def pull(self, g: Any) -> Any:
        parts = [m.pull(part) for m, part in zip(self.maps, g, strict=True) if m is not None and part is not None]
        return sum(parts[1:], parts[0])

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        pairs = [(None, None) if m is None else m.push_alive(t, alive) for m in self.maps]
        return tuple(value for value, _ in pairs), tuple(mask for _, mask in pairs)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        masks = (None,) * len(g) if alive is None else alive
        total, reached = None, None
        for m, part, mask in zip(self.maps, g, masks, strict=True):
            if m is not None and part is not None:
                pulled, live = m.pull_alive(part, mask)
                reached = live if total is None else None if reached is None or live is None else reached | live
                total = pulled if total is None else total + pulled
        return total, reached

    def pattern(self) -> Map:
        return Outputs(tuple(None if m is None else m.pattern() for m in self.maps))


class Determined(Map):
    """A map to an output of which some entries are no function of the input, such as the eigenvectors of equal values.

    Entries that are not ``loose`` have their derivative. The others are an error as soon as something depends on them:
    not by the value of a cotangent, which may be zero by chance, but by aliveness.

    Args:
        inner: the map, whatever it says of the loose entries.
        loose: a mask of the shape of the output.
        reason: why it is no function.
    """

    __slots__ = ("inner", "loose", "reason")
    selects = True

    def __init__(self, inner: Map, loose: Any, reason: Reason) -> None:
        self.inner = inner
        self.loose = loose
        self.reason = reason

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the map inside
        return self.inner.complex_linear

    def push(self, t: Any) -> Any:
        return known_entries(self.inner.push(t), self.loose, self.reason)

    def pull(self, g: Any) -> Any:
        if not somewhere(self.loose):
            return self.inner.pull(g)
        if somewhere((g != 0) & self.loose):
            raise self.reason.error()
        return self.inner.pull(g) * np.nan  # zero, or not used at all? the walk with aliveness knows

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        value, reached = self.inner.push_alive(t, alive)
        return known_entries(value, self.loose, self.reason), reached

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        if somewhere(self.loose if alive is None else self.loose & alive):
            raise self.reason.error()
        return self.inner.pull_alive(g, alive)

    def pattern(self) -> Map:
        return self.inner.pattern()


class PhaseFree(Map):
    """A map to outputs among which are complex vectors of no determined phase, which is then held.

    What does not depend on the phases has its derivative: its cotangents satisfy Im Σ conj(v)·g = 0 for every vector.
    Where they do not, pulling is an error.

    Args:
        inner: the map.
        held: a mask of the vectors whose phase nothing determines; further vectors are taken for such.
        columns: the output whose columns are the vectors, and these.
        rows: the output whose rows are conjugates of vectors whose phases turn together with the former, and these;
            None where there is none.
        reason: the error.
    """

    __slots__ = ("columns", "held", "inner", "reason", "rows")

    def __init__(
        self, inner: Map, held: Any, columns: tuple[int, Any], rows: tuple[int, Any] | None, reason: Reason
    ) -> None:
        self.inner = inner
        self.held = held
        self.columns = columns
        self.rows = rows
        self.reason = reason

    def push(self, t: Any) -> Any:
        return self.inner.push(t)

    def pull(self, g: Any) -> Any:
        self._verify(g)
        return self.inner.pull(g)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self.inner.push_alive(t, alive)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        self._verify(g)
        return self.inner.pull_alive(g, alive)

    def pattern(self) -> Map:
        return self.inner.pattern()

    def _verify(self, g: Any) -> None:
        """Add up how fast a function changes as the phase of each vector turns, and what that is small beside."""
        turns: list[tuple[Any, Any]] = []
        for part, axis, sign in ((self.columns, -2, 1), (self.rows, -1, -1)):
            if part is not None and g[part[0]] is not None:
                products = conj(constant(part[1])) * constant(g[part[0]])
                turns.append((sign * np.sum(np.imag(products), axis), np.sum(np.abs(products), axis)))
        if turns:
            length = max(
                turned.shape[-1] for turned, _ in turns
            )  # a full factor has further vectors, with phases alone
            turned, size = (sum(_longer(each, length) for each in column) for column in zip(*turns, strict=True))
            seen = np.abs(turned) > np.sqrt(np.finfo(size.dtype).eps) * size
            if somewhere(seen & ~_longer(~constant(self.held), length)):
                raise self.reason.error()


def _longer(x: Any, length: int) -> Any:
    return np.concatenate([x, np.zeros((*x.shape[:-1], length - x.shape[-1]), x.dtype)], axis=-1)
