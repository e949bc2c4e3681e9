"""``edgewise EXPRESSION``: the value, the gradient, and the trace that shows how the gradient comes about."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from edgewise.cli.guard import guarded
from edgewise.cli.problem import FAILED, OK, CommandError
from edgewise.cli.screen import Screen
from edgewise.cli.targets import Target, target_of
from edgewise.explain import Explanation, explain
from edgewise.explain.digest import digest, is_finite
from edgewise.explain.table import ROWS, cells
from edgewise.transforms.jacobian import hessian, jacfwd, jacrev

__all__ = ["derive", "explained"]

FORWARD, REVERSE = "bright_blue", "dark_orange"


class Derivatives(NamedTuple):
    """What is shown.

    Attributes:
        value: of the function.
        first: per variable, the gradient or Jacobian.
        second: pairs of variables with their block of the Hessian.
        trace: of the run.
    """

    value: Any
    first: list[tuple[str, Any]]
    second: list[tuple[str, str, Any]]
    trace: Explanation


def derive(options: argparse.Namespace) -> int:
    """Run the command."""
    target = target_of(options.target, options.values, options.wrt, expression=options.expression)
    screen = Screen(options.plain, options.precision)
    if not target.wrt:
        return _constant(target, screen, options)
    found = derivatives(target, options.mode, options.order)
    if options.json:
        with guarded(target):
            told = found.trace.to_dict(source=options.source) | {"derivatives": _told(found)}
        sys.stdout.write(json.dumps(told, allow_nan=False) + "\n")
    elif options.quiet:
        for name, g in found.first:
            sys.stdout.write(f"{name}\t{screen.number(g)}\n")
    elif screen.plain:
        _plain(found, screen)
    else:
        _shown(target, found, screen)
    if options.open:
        from edgewise.cli.view import show  # noqa: PLC0415  a browser is needed here alone

        show(found.trace.to_dict(source=options.source))
    return _verdict(found)


def _constant(target: Target, screen: Screen, options: argparse.Namespace) -> int:
    """An expression without variables has a value only."""
    if not target.text or options.json or options.quiet or options.open:
        raise CommandError(
            "there is nothing to differentiate by; "
            + ("an expression needs a variable" if target.text else "write 3.0 for 3, or name arguments with --wrt")
        )
    with guarded(target):
        value = target.f(*target.args)
    screen.row("value", value) if screen.plain else screen.text(f"{target.title} = {screen.number(value)}")
    return OK if is_finite(value) else FAILED


def explained(target: Target, mode: str = "reverse") -> Explanation:
    """The trace of a target. Of a result with several entries, adjoints are those of their sum.

    Raises:
        CommandError: the function failed, or there is nothing to differentiate.
    """
    if not target.wrt:
        raise CommandError("there is nothing to differentiate by: no variable, and no argument written like 3.0")
    with guarded(target):
        if mode == "forward":
            return explain(target.f, *target.args, argnums=target.wrt, mode=mode, seed=target.wrt[0])
        value = target.f(*target.args)
        several = isinstance(value, np.ndarray) and value.shape and value.dtype.kind == "f"
        return explain(target.f, *target.args, argnums=target.wrt, seed=np.ones_like(value) if several else None)


def derivatives(target: Target, mode: str, order: int) -> Derivatives:
    """The derivatives of a target up to an order."""
    trace = explained(target, mode)
    value, names = trace.value, target.chosen
    with guarded(target):
        if mode == "forward":
            first = jacfwd(target.f, target.wrt)(*target.args)
        elif np.shape(value):
            first = jacrev(target.f, target.wrt)(*target.args)
        else:
            first = trace.gradient
        blocks = hessian(target.f, target.wrt)(*target.args) if order > 1 else ()
    second = [(names[i], names[j], block) for i, row in enumerate(blocks) for j, block in enumerate(row)]
    return Derivatives(value, list(zip(names, first, strict=True)), second, trace)


def _first(found: Derivatives) -> str:
    return "jacobian" if np.shape(found.value) else "gradient"


def _told(found: Derivatives) -> dict[str, Any]:
    """For programs: what the trace alone does not say, since it tells of one sweep."""
    told: dict[str, Any] = {"value": _numbers(found.value), _first(found): {n: _numbers(g) for n, g in found.first}}
    if found.second:
        blocks: dict[str, dict[str, Any]] = {name: {} for name, _ in found.first}
        for name, other, block in found.second:
            blocks[name][other] = _numbers(block)
        told["hessian"] = blocks
    return told


def _numbers(value: Any) -> Any:
    """Nested lists, with the words of the schema for what JSON lacks."""
    if isinstance(value, list | np.ndarray):
        return [_numbers(entry) for entry in value]
    return digest(value)


def _plain(found: Derivatives, screen: Screen) -> None:
    """One line a fact, its kind first."""
    screen.row("value", found.value)
    for name, g in found.first:
        screen.row(_first(found), name, g)
    for name, other, block in found.second:
        screen.row("hessian", name, other, block)
    forward = found.trace.mode == "forward"
    for v in found.trace:
        screen.row("trace", v.name, "" if v.op == "input" else v.label, v.value, v.tangent if forward else v.adjoint)


def _shown(target: Target, found: Derivatives, screen: Screen) -> None:
    """Tables for people."""
    e = found.trace
    screen.text(target.title, "bold")
    screen.text()
    screen.text(f"value  {screen.number(found.value)}")
    told = dict(zip(target.chosen, (target.args[i] for i in target.wrt), strict=True))
    rows = [(name, screen.number(told[name]), screen.number(g)) for name, g in found.first]
    screen.table(("variable", "value", _first(found)), rows, ("", FORWARD, REVERSE), right=(1, 2))
    if found.second:
        _second(target.chosen, found, screen)
    forward = e.mode == "forward"
    if forward:
        screen.text(f"tangents are along {target.chosen[0]}: every entry of it moves by 1")
    elif np.shape(found.value):
        screen.text("adjoints are those of the sum of the result's entries")
    heads = ("forward ↓", "", "value", "tangent ↓" if forward else "reverse ↑", "", "value")
    color = FORWARD if forward else REVERSE
    screen.table(heads, _rows(e, forward), ("bold", "", FORWARD, "bold", "", color), right=(2, 5))
    screen.text(str(e.counts), "dim")
    if e.note:
        screen.text(e.note, "dim")


def _second(names: tuple[str, ...], found: Derivatives, screen: Screen) -> None:
    """The Hessian: a matrix where the variables are numbers, else block by block."""
    if any(np.shape(block) for *_, block in found.second):
        rows = [(name, other, screen.number(block)) for name, other, block in found.second]
        screen.table(("variable", "variable", "second derivative"), rows, ("", "", REVERSE), right=(2,))
        return
    told = [screen.number(block) for *_, block in found.second]
    matrix = [(name, *told[i * len(names) : (i + 1) * len(names)]) for i, name in enumerate(names)]
    styles = ("", *[REVERSE] * len(names))
    screen.table(("second derivatives", *names), matrix, styles, right=range(1, len(names) + 1))


def _rows(e: Explanation, forward: bool) -> Iterator[tuple[str, ...]]:
    left_out = len(e.values) - ROWS
    for v in e.values:
        if left_out <= 0 or v.index < ROWS // 2 or v.index >= ROWS // 2 + left_out:
            yield cells(v, forward)
        elif v.index == ROWS // 2:
            yield "…", f"{left_out} more", "", "", "", ""


def _verdict(found: Derivatives) -> int:
    """The exit code; a number that is not finite is told on the error stream, with the first place it was seen at."""
    for v in found.trace:
        if not is_finite(v.value):
            sys.stderr.write(f"error: not finite: {v.name}{'' if v.op == 'input' else f' = {v.label}'}\n")
            return FAILED
    for name, g in [*found.first, *((f"{a}, {b}", block) for a, b, block in found.second)]:
        if not np.all(np.isfinite(g)):
            sys.stderr.write(f"error: the derivative with respect to {name} is not finite\n")
            return FAILED
    return OK
