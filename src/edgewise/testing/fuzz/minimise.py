"""Making a failing program small: fewer results, fewer lines, lines that no longer depend on what comes before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgewise.testing.fuzz.program import Line, Program, literal, renamed

__all__ = ["minimise"]


def minimise(program: Program, fails: Callable[[Program], bool], attempts: int = 300) -> Program:
    """The smallest program found for which ``fails`` is true, as it is for ``program``."""
    again = True
    while again:
        again = False
        for smaller in _smaller(program):
            attempts -= 1
            if attempts < 0:
                return program
            if fails(smaller):
                program, again = smaller, True
                break
    return program


def _smaller(program: Program) -> Iterator[Program]:
    if len(program.results) > 1:
        for name in program.results:
            yield program._replace(results=(name,)).pruned()
    values = _values(program)
    for i, line in enumerate(program.lines):  # an earlier value in place of a line
        for name in (n for n in values if n[0] == "x" or int(n[1:]) < int(line.name[1:])):
            if np.shape(values[name]) == np.shape(values[line.name]) and line.name not in program.results:
                rest = [Line(o.name, renamed(o.text, [(line.name, name)]), o.analytic) for o in program.lines[i + 1 :]]
                yield program._replace(lines=(*program.lines[:i], *rest)).pruned()
        if not line.text.startswith(("np.array([", "np.float")) and line.reads and line.name not in program.results:
            fixed = Line(line.name, literal(np.round(values[line.name], 3)), line.analytic)
            yield program._replace(lines=(*program.lines[:i], fixed, *program.lines[i + 1 :])).pruned()
    for line in reversed(program.lines[:-1]):  # an earlier line as the result
        if line.name not in program.results and line.reads:
            yield program._replace(results=(line.name,)).pruned()
    for i, v in enumerate(program.inputs):
        simple = np.round(v, 1)[()]
        if not np.array_equal(simple, v):
            yield program._replace(inputs=(*program.inputs[:i], simple, *program.inputs[i + 1 :]))


def _values(program: Program) -> dict[str, Any]:
    scope: dict[str, Any] = {"np": np, **{f"x{i}": v for i, v in enumerate(program.inputs)}}
    with np.errstate(all="ignore"):
        for line in program.lines:
            exec(line.source, scope)
    scope.pop("__builtins__", None)
    return {name: value for name, value in scope.items() if name[0] in "xv" and name[1:].isdigit()}
