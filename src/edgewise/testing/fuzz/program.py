"""A program: inputs, lines of NumPy, and which values it returns. Text throughout, so that a failure can be printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Line", "Program", "literal"]

_NAMES = re.compile(r"\b[xv][0-9]+\b")


class Line(NamedTuple):
    """One assignment.

    Attributes:
        name: what it makes.
        text: the right-hand side; where it has several lines, they say the whole.
        analytic: whether NumPy continues it into the complex plane, so that a complex step differentiates it.
    """

    name: str
    text: str
    analytic: bool = True

    @property
    def source(self) -> str:
        """The assignment, as Python."""
        return self.text if f"{self.name} = " in self.text else f"{self.name} = {self.text}"

    @property
    def reads(self) -> set[str]:
        """The names on its right-hand side."""
        return set(_NAMES.findall(self.text)) - {self.name}


class Program(NamedTuple):
    """A function as text.

    Attributes:
        inputs: the point; input i is called ``xi``.
        lines: in order.
        results: names of the values that are returned, as one vector.
    """

    inputs: tuple[Any, ...]
    lines: tuple[Line, ...]
    results: tuple[str, ...]

    @property
    def analytic(self) -> bool:
        """Whether a complex step differentiates it."""
        return all(line.analytic for line in self.lines) and all(v.dtype == np.float64 for v in self.inputs)

    @property
    def source(self) -> str:
        """The function, as Python."""
        names = ", ".join(f"x{i}" for i in range(len(self.inputs)))
        body = [part for line in self.lines for part in line.source.split("\n")]
        parts = ", ".join(f"np.ravel({name})" for name in self.results)
        body.append(f"return np.concatenate([{parts}])")
        return f"def f({names}):\n" + "".join(f"    {part}\n" for part in body)

    def function(self) -> Callable[..., Any]:
        """The function itself."""
        scope: dict[str, Any] = {"np": np}
        exec(compile(self.source, "<program>", "exec"), scope)
        made: Callable[..., Any] = scope["f"]
        return made

    def pruned(self) -> Program:
        """Without the lines that no result needs."""
        needed, kept = set(self.results), []
        for line in reversed(self.lines):
            if line.name in needed:
                kept.append(line)
                needed |= line.reads
        return self._replace(lines=tuple(reversed(kept)))

    def script(self, check: str, seed: int) -> str:
        """A file that runs the program and the check it fails."""
        point = "".join(f"    {literal(v)},\n" for v in self.inputs)
        return (
            "import numpy as np\n\nfrom edgewise.testing.fuzz import checks\n\n\n"
            f"{self.source}\n\npoint = (\n{point})\n"
            f"checks.run({check!r}, f, point, seed={seed}, analytic={self.analytic})\n"
        )


def literal(value: Any) -> str:
    """A value as Python text that NumPy's ``np`` alone evaluates to the same value.

    >>> literal(np.array([1.0, 2.5])), literal(np.float32(0.5)), literal((1, None))
    ('np.array([1.0, 2.5])', 'np.float32(0.5)', '(1, None)')
    """
    if isinstance(value, np.ndarray):
        numbers = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
        if 0 in value.shape:
            return f"np.zeros({value.shape}, np.{value.dtype.name})"
        plain = value.dtype in (np.float64, np.int64, np.complex128, np.bool_)
        return f"np.array({numbers})" if plain else f"np.array({numbers}, np.{value.dtype.name})"
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({value.item()!r})".replace("nan", "np.nan").replace("inf", "np.inf")
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    return repr(value).replace("nan", "np.nan") if isinstance(value, float) else repr(value)


def renamed(text: str, names: Sequence[tuple[str, str]]) -> str:
    """``text`` with variables replaced by others, or by literals."""
    table = dict(names)
    return _NAMES.sub(lambda found: table.get(found[0], found[0]), text)
