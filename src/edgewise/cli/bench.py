"""``edgewise bench``: what a derivative costs beside the value, in reverse, forward, and by differences."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.cli.guard import guarded
from edgewise.cli.problem import OK, CommandError
from edgewise.cli.screen import Screen
from edgewise.cli.targets import Target, target_of
from edgewise.transforms.gradient import value_and_grad
from edgewise.transforms.jacobian import jacfwd, jacrev

__all__ = ["bench"]

ROUNDS = 7  # of each program; the median counts
CALLS = 10_000  # in a round, at most
STEP = 6e-6  # of differences: the cube root of the rounding error


def bench(options: argparse.Namespace) -> int:
    """Run the command."""
    target = target_of(options.target, options.values, options.wrt)
    if not target.wrt:
        raise CommandError("there is nothing to differentiate by: no variable, and no argument written like 3.0")
    screen = Screen(options.plain)
    rows = []
    with guarded(target):
        programs = _programs(target)
        base = 0.0
        for name, program in programs.items():
            times = timed(program, options.seconds / len(programs))
            base = base or statistics.median(times)
            rows.append((name, statistics.median(times), min(times), max(times), statistics.median(times) / base))
    if options.json:
        keys = ("program", "median_s", "fastest_s", "slowest_s", "of_value")
        told = {
            "target": target.title,
            "inputs": _entries(target),
            "times": [dict(zip(keys, r, strict=True)) for r in rows],
        }
        sys.stdout.write(json.dumps(told) + "\n")
    elif screen.plain:
        for name, *numbers in rows:
            screen.row(name, *(f"{x:.4g}" for x in numbers))
    else:
        screen.text(target.title, "bold")
        shown = [
            (name, _spelled(m), f"{_spelled(low)} … {_spelled(high)}", f"{r:.1f}") for name, m, low, high, r in rows
        ]
        screen.table(("", "median", "fastest … slowest", "× value"), shown, right=(1, 2, 3))
        screen.text(f"{_entries(target)} entries to differentiate by; {ROUNDS} rounds each", "dim")
    return OK


def _entries(target: Target) -> int:
    return sum(int(np.size(target.args[i])) for i in target.wrt)


def _programs(target: Target) -> dict[str, Callable[[], Any]]:
    f, args, wrt = target.f, target.args, target.wrt
    scalar = np.shape(f(*args)) == ()
    whole = value_and_grad(f, wrt) if scalar else jacrev(f, wrt)
    forward = jacfwd(f, wrt)
    return {
        "value": lambda: f(*args),
        "value and gradient, reverse" if scalar else "jacobian, reverse": lambda: whole(*args),
        "gradient, forward" if scalar else "jacobian, forward": lambda: forward(*args),
        "differences, central": lambda: differences(target),
    }


def differences(target: Target) -> list[Any]:
    """All derivatives by central differences, one entry after the other."""
    found = []
    for place in target.wrt:
        x = np.array(target.args[place])
        for i in range(x.size):
            ends = []
            for step in (STEP, -STEP):
                moved = x.copy()
                moved.flat[i] += step
                args = list(target.args)
                args[place] = moved[()]
                ends.append(target.f(*args))
            found.append((ends[0] - ends[1]) / (2 * STEP))
    return found


def timed(program: Callable[[], Any], seconds: float) -> list[float]:
    """Seconds a call takes, once per round. Rounds are as long as the budget allows, and one call at least."""
    program()  # the first call is slower
    begin = time.perf_counter()
    program()
    once = max(time.perf_counter() - begin, 1e-9)
    calls = max(1, min(CALLS, int(seconds / ROUNDS / once)))
    rounds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(calls):
            program()
        rounds.append((time.perf_counter() - begin) / calls)
    return rounds


def _spelled(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
