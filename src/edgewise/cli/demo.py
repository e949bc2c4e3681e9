"""``edgewise demo``: three short programs, each with its derivative taken apart."""

from __future__ import annotations

import argparse
import linecache
import types

import numpy as np

from edgewise.cli.problem import OK
from edgewise.cli.screen import Screen
from edgewise.explain import explain, explain_nan
from edgewise.transforms.jacobian import hessian

__all__ = ["demo", "program"]

LOSS = """\
def loss(a, b, c):
    s = a * b + c
    return s**2
"""
NEWTON = """\
def root(x):
    y = x
    while abs(y * y - x) > 1e-12:
        y = (y + x / y) / 2
    return y
"""
NORM = """\
import numpy as np

def length(x):
    return np.sqrt(np.sum(x * x))
"""


def program(text: str) -> types.ModuleType:
    """A module made from one of the texts above, which is shown and traced as a file of the user's would be."""
    name = "demo.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    module = types.ModuleType("demo")
    exec(compile(text, name, "exec"), module.__dict__)
    return module


def demo(options: argparse.Namespace) -> int:
    """Run the command."""
    screen = Screen(options.plain)

    def shown(title: str, text: str, call: str) -> None:
        screen.text(title, "bold")
        screen.text()
        for line in [*text.splitlines(), "", f">>> {call}"]:
            screen.text(f"    {line}", "cyan")
        screen.text()

    shown(
        "1. Values fill a graph forwards, derivatives flow back along its edges",
        LOSS,
        "ew.explain(loss, 3.0, 2.0, 1.0)",
    )
    e = explain(program(LOSS).loss, 3.0, 2.0, 1.0)
    screen.text(f"{e}\n")
    shown("2. Your own loop is differentiated as it runs", NEWTON, "ew.explain(root, 2.0)")
    root = program(NEWTON).root
    run = explain(root, 2.0)
    told = (
        ("value", run.value, "√2", 2**0.5),
        ("first derivative", run.gradient, "1/(2√2)", 8**-0.5),
        ("second derivative", hessian(root)(2.0), "-1/(8√2)", -(128**-0.5)),
    )
    rows = [(name, screen.number(found), formula, screen.number(right)) for name, found, formula, right in told]
    screen.table((f"{len(run) - 1} operations", "edgewise", "closed form", ""), rows, right=(1, 3))
    shown("3. Where does this NaN come from?", NORM, "ew.explain_nan(length, np.zeros(2))")
    screen.text(f"{explain_nan(program(NORM).length, np.zeros(2))}\n")
    screen.text("Next", "bold")
    for line in (
        'edgewise "(a*b + c)**2" a=3 b=2 c=1',
        'edgewise view "(a*b + c)**2" a=3 b=2 c=1 --open',
        'edgewise check "sin(x)*exp(-x)" x=0.5',
    ):
        screen.text(f"    {line}")
    return OK
