"""Operators and methods of traced values. Declarations put them there: a row of the book says ``op="add"``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgewise.core import rebinding
from edgewise.core.admission import PLAIN, knows
from edgewise.core.assignment import store_result
from edgewise.core.registry import spelling
from edgewise.core.traced import TRACED, Traced, TracedArray, call

__all__ = ["install", "method"]


def install(name: str, primitive: Any, arity: int) -> None:
    """Give Traced the operator ``__name__`` of a primitive (and its reflected form), or for arity 1 the method."""
    if arity == 1:

        def unary(self: Traced) -> Any:
            return self.mode.unary(primitive, self)

        setattr(Traced, name, unary)
        return

    def forward(self: Traced, other: Any) -> Any:
        mode = self.mode
        if type(other) in TRACED:
            if other.mode.level > mode.level:
                mode = other.mode
            return mode.binary(primitive, self, other)
        if type(other) in PLAIN or knows(other, self):
            return mode.binary(primitive, self, other)
        return NotImplemented

    forward.__qualname__ = f"__{name}__"  # pow(t, 2, 3) would name it
    setattr(Traced, f"__{name}__", forward)
    if name in ("lt", "le", "gt", "ge", "eq", "ne"):
        return

    def reflected(self: Traced, other: Any) -> Any:
        return (
            self.mode.binary(primitive, other, self) if type(other) in PLAIN or knows(other, self) else NotImplemented
        )

    setattr(Traced, f"__r{name}__", reflected)
    if primitive.function in rebinding.SYMBOLS:

        def in_place(self: TracedArray, other: Any) -> Any:
            result = forward(self, other)
            if result is not NotImplemented:
                store_result(self, result, primitive.function, (self, other))
            return self if result is not NotImplemented else result

        setattr(TracedArray, f"__i{name}__", in_place)


def method(name: str, function: Callable[..., Any]) -> None:
    """Give Traced the method ``name``, which calls a declared NumPy function on it."""

    def bound(self: Traced, *args: Any, **kwargs: Any) -> Any:
        return call(function, (self, *args), kwargs)

    bound.__name__ = name
    bound.__doc__ = f"``{spelling(function)}`` of this value."
    setattr(Traced, name, bound)
