"""``edgewise demo``: three short programs, each with its derivative taken apart."""

from __future__ import annotations

import argparse

import numpy as np

from edgewise.cli.problem import OK
from edgewise.cli.screen import Screen
from edgewise.explain import explain, explain_nan
from edgewise.transforms.jacobian import hessian

__all__ = ["demo", "loss", "newton", "risky"]


def loss(a: float, b: float, c: float) -> float:
    """The example of the textbooks."""
    s = a * b + c
    return s**2


def newton(x: float) -> float:
    """The square root by Newton's method: a loop that runs until it has converged."""
    y = x
    while abs(y * y - x) > 1e-12:
        y = (y + x / y) / 2
    return y


def risky(x: float) -> float:
    """The distance from 0: at 0 its value is 0, and its derivative NaN."""
    return np.sqrt(x * x) * 2.0  # type: ignore[no-any-return]  # a number


def demo(options: argparse.Namespace) -> int:
    """Run the command."""
    screen = Screen(options.plain)
    say = screen.text
    say("1. A derivative is a sum over paths", "bold")
    say("   edgewise.explain(loss, 3.0, 2.0, 1.0), with s = a*b + c and loss = s**2")
    say()
    e = explain(loss, 3.0, 2.0, 1.0)
    say(str(e))
    say()
    say(f"   by a: {e.blame('a')}")
    say()
    say("2. Your own loop is differentiated as it runs", "bold")
    say("   newton(2.0) goes round until y*y = x; at x = 2 its derivatives are those of the square root:")
    run = explain(newton, 2.0)
    second = hessian(newton)(2.0)
    say(f"   value {screen.number(run.value)}, by {len(run) - 1} operations")
    say(f"   first derivative  {screen.number(run.gradient)}   (1/(2√2) = {screen.number(1 / np.sqrt(8))})")
    say(f"   second derivative {screen.number(second)}   (-1/(8√2) = {screen.number(-1 / np.sqrt(128))})")
    say()
    say("3. Where does this NaN come from?", "bold")
    say("   edgewise.explain_nan(risky, 0.0), with risky(x) = sqrt(x*x) * 2")
    say()
    say(str(explain_nan(risky, 0.0)))
    say()
    say('Next:  edgewise "(a*b + c)**2" a=3 b=2 c=1', "dim")
    say('       edgewise view "(a*b + c)**2" a=3 b=2 c=1 --open', "dim")
    say('       edgewise check "sin(x)*exp(-x)" x=0.5', "dim")
    return OK
