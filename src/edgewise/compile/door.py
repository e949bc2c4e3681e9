"""The short way in for containers and keywords: a function, written for one structure, in front of a call gate.

A gate takes numbers and arrays by position and returns tuples. What stands before it here takes lists, tuples and
dictionaries apart, if they are of the structure that was compiled for, and puts the result together. It is a few lines
of Python that are written when they are needed: for ``f({"w": w, "b": b}, n=2)``, say,

    def enter(*args, **kwargs):
        try:
            a0, = args
            if type(a0) is not dict or tuple(a0) != K0: return otherwise(*args, **kwargs)
            a1, a2 = a0.values()
            if tuple(kwargs) != K1: return otherwise(*args, **kwargs)
            a3, = kwargs.values()
        except ValueError:  # more or fewer than that, or changed by another thread meanwhile
            return otherwise(*args, **kwargs)
        r = gate(a2, a1, a3)
        return otherwise(*args, **kwargs) if r is missed else {"w": r[1], "b": r[0]}

The arrays are held by the call of the gate, whatever happens to the containers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["MISSED", "door", "rebuilt"]

MISSED = object()  # what a gate says where it does not let the arguments through

_SLOW = "return otherwise(*args, **kwargs)"


def door(
    args: Any, kwargs: Any, result: str, names: dict[str, Any], gate: Callable[..., Any], otherwise: Callable[..., Any]
) -> Callable[..., Any] | None:
    """A function of these arguments; None for containers of other kinds.

    Args:
        args: those by position, with the place of each leaf among the gate's arguments in its stead.
        kwargs: those by name.
        result: an expression, of what the gate returns as ``r``.
        names: what that expression uses.
        gate: returns ``MISSED`` where it does not let them through.
        otherwise: called with the arguments as they were given where they are others.
    """
    writer = _Writer()
    if not (writer.sequence("args", args) and writer.dictionary("kwargs", kwargs)):
        return None
    given = ", ".join(name for _, name in sorted(writer.leaves))
    text = "\n".join(
        [
            "def enter(*args, **kwargs):",
            "    try:",
            *(f"        {line}" for line in writer.lines),
            "    except ValueError:",
            f"        {_SLOW}",
            f"    r = gate({given})",
            f"    if r is missed: {_SLOW}",
            f"    return {result}",
        ]
    )
    scope: dict[str, Any] = {**names, **writer.keys, "gate": gate, "otherwise": otherwise, "missed": MISSED}
    exec(compile(text, "<door>", "exec"), scope)
    made: Callable[..., Any] = scope["enter"]
    return made


def rebuilt(result: Any, names: dict[str, Any]) -> str | None:
    """An expression for a result made of leaves ``r``, or of their tuple; None for containers of other kinds.

    Args:
        result: with the place of each leaf in its stead.
        names: takes what the expression uses.
    """
    kind = type(result)
    if kind is int:
        return f"r[{result}]"
    if kind in (tuple, list):
        parts = [rebuilt(part, names) for part in result]
        if any(part is None for part in parts):
            return None
        inside = "".join(f"{part}, " for part in parts)
        return f"({inside})" if kind is tuple else f"[{inside}]"
    if kind is not dict or not all(type(key) is str for key in result):
        return None
    pairs = []
    for key, value in result.items():
        part = rebuilt(value, names)
        if part is None:
            return None
        name = f"N{len(names)}"
        names[name] = key
        pairs.append(f"{name}: {part}")
    return "{" + ", ".join(pairs) + "}"


class _Writer:
    """The lines that take the arguments apart.

    Attributes:
        leaves: per leaf its place among the gate's arguments, and its name.
        keys: of dictionaries, by name.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.leaves: list[tuple[int, str]] = []
        self.keys: dict[str, tuple[str, ...]] = {}
        self._count = 0

    def sequence(self, name: str, pattern: Any) -> bool:
        """Take a list or tuple of a known type apart."""
        inner = self._names(len(pattern))
        self.lines.append(f"[{', '.join(inner)}] = {name}")
        return all(map(self._value, inner, pattern))

    def dictionary(self, name: str, pattern: dict[Any, Any]) -> bool:
        """The same for a dictionary, whose keys are texts."""
        if not all(type(key) is str for key in pattern):
            return False
        if not pattern:
            self.lines.append(f"if {name}: {_SLOW}")
            return True
        keys, inner = f"K{len(self.keys)}", self._names(len(pattern))
        self.keys[keys] = tuple(pattern)
        self.lines.append(f"if tuple({name}) != {keys}: {_SLOW}")
        self.lines.append(f"[{', '.join(inner)}] = {name}.values()")
        return all(map(self._value, inner, pattern.values()))

    def _value(self, name: str, pattern: Any) -> bool:
        kind = type(pattern)
        if kind is int:
            self.leaves.append((pattern, name))
            return True
        if kind not in (list, tuple, dict):
            return False
        self.lines.append(f"if type({name}) is not {kind.__name__}: {_SLOW}")
        return self.dictionary(name, pattern) if kind is dict else self.sequence(name, pattern)

    def _names(self, count: int) -> list[str]:
        self._count += count
        return [f"a{i}" for i in range(self._count - count, self._count)]
