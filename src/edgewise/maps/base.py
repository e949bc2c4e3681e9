"""The verbs of a linear map and the algebra of sentences.

    push(t)       the map itself: tangents go forward
    pull(g)       its adjoint under Re<g, t>: cotangents come back
    A @ B, A + B  compose and add; the adjoint of a sentence follows: (A @ B).H = B.H @ A.H
    pattern()     the same map with every weight that can be nonzero set to one

``pattern`` also carries *aliveness*. An entry of a cotangent is alive if some path from the output reaches it; a dead
entry is exactly zero, whatever weight it meets. ``push_alive`` and ``pull_alive`` are the verbs on pairs (t, alive),
where alive is None for "all of it" or a boolean array. The default moves the booleans with the pattern; only maps with
weights (which can be infinite where nothing is alive) and maps that drop entries say more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Adjoint", "Compose", "Map", "Plus", "as_mask"]


def as_mask(count: Any) -> Any:
    """Alive where a pattern, applied to ones and zeros, arrives at something."""
    return count > 0


class Map:
    """A linear map. Subclasses are immutable values: weights and static parameters, no behaviour of the program."""

    __slots__ = ()
    selects = False  # whether push or pull can meet entries that nothing reaches
    complex_linear = False  # whether push(i·t) = i·push(t) for complex t; a map that knows it says so

    def push(self, t: Any) -> Any:
        """Apply the map to a tangent."""
        raise NotImplementedError

    def pull(self, g: Any) -> Any:
        """Apply the adjoint to a cotangent."""
        raise NotImplementedError

    def pattern(self) -> Map:
        """The map with ones for weights: nonzero wherever this map can be."""
        return self

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        """Push a tangent whose dead entries contribute exactly nothing."""
        return self.push(t), self._carry(self.pattern().push, t, alive)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        """Pull a cotangent whose dead entries contribute exactly nothing."""
        return self.pull(g), self._carry(self.pattern().pull, g, alive)

    def _carry(self, move: Any, like: Any, alive: Any) -> Any:
        if alive is None:
            if not self.selects:
                return None
            alive = np.ones(like.shape, bool)
        return as_mask(move(alive.astype(float)))

    @property
    def H(self) -> Map:
        """The adjoint as a map."""
        return Adjoint(self)

    def __matmul__(self, other: Map) -> Map:
        return Compose((self, other))

    def __add__(self, other: Map) -> Map:
        return Plus((self, other))

    def __repr__(self) -> str:
        slots = [name for cls in type(self).__mro__ for name in getattr(cls, "__slots__", ())]
        return f"{type(self).__name__}({', '.join(f'{name}={_brief(getattr(self, name))}' for name in slots)})"


class Adjoint(Map):
    """A map read backwards."""

    __slots__ = ("of",)

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the map
        return self.of.complex_linear

    def __init__(self, of: Map) -> None:
        self.of = of

    def push(self, t: Any) -> Any:
        return self.of.pull(t)

    def pull(self, g: Any) -> Any:
        return self.of.push(g)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self.of.pull_alive(t, alive)

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self.of.push_alive(g, alive)

    def pattern(self) -> Map:
        return Adjoint(self.of.pattern())

    @property
    def H(self) -> Map:
        return self.of


class Compose(Map):
    """Maps one after the other; the last named is applied first, as in mathematics."""

    __slots__ = ("maps",)

    def __init__(self, maps: tuple[Map, ...]) -> None:
        self.maps: tuple[Map, ...] = tuple(
            inner for m in maps for inner in (m.maps if isinstance(m, Compose) else (m,))
        )

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the parts
        return all(m.complex_linear for m in self.maps)

    def push(self, t: Any) -> Any:
        for m in reversed(self.maps):
            t = m.push(t)
        return t

    def pull(self, g: Any) -> Any:
        for m in self.maps:
            g = m.pull(g)
        return g

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        for m in reversed(self.maps):
            t, alive = m.push_alive(t, alive)
        return t, alive

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        for m in self.maps:
            g, alive = m.pull_alive(g, alive)
        return g, alive

    def pattern(self) -> Map:
        return Compose(tuple(m.pattern() for m in self.maps))

    @property
    def H(self) -> Map:
        return Compose(tuple(m.H for m in reversed(self.maps)))


class Plus(Map):
    """Maps side by side, their results added."""

    __slots__ = ("maps",)

    def __init__(self, maps: tuple[Map, ...]) -> None:
        self.maps: tuple[Map, ...] = tuple(inner for m in maps for inner in (m.maps if isinstance(m, Plus) else (m,)))

    @property
    def complex_linear(self) -> bool:  # type: ignore[override]  # that of the parts
        return all(m.complex_linear for m in self.maps)

    def push(self, t: Any) -> Any:
        return _total([m.push(t) for m in self.maps])

    def pull(self, g: Any) -> Any:
        return _total([m.pull(g) for m in self.maps])

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return _union([m.push_alive(t, alive) for m in self.maps])

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return _union([m.pull_alive(g, alive) for m in self.maps])

    def pattern(self) -> Map:
        return Plus(tuple(m.pattern() for m in self.maps))

    @property
    def H(self) -> Map:
        return Plus(tuple(m.H for m in self.maps))


def _total(parts: list[Any]) -> Any:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _union(parts: list[tuple[Any, Any]]) -> tuple[Any, Any]:
    alive = parts[0][1]
    for _, other in parts[1:]:
        alive = None if alive is None or other is None else alive | other
    return _total([value for value, _ in parts]), alive


def _brief(value: Any) -> str:
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return f"<{dtype} array of shape {shape}>" if shape and dtype is not None else repr(value)
