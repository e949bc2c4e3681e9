"""The words of the command line: one parser per command, made when it is needed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from edgewise.cli.problem import CommandError

__all__ = ["COMMANDS", "DEFAULT", "Parser", "chosen", "parsed", "parser", "usage"]

DEFAULT = "grad"

EXAMPLES = """\
examples:
  edgewise "(a*b + c)**2" a=3 b=2 c=1           value, gradient, evaluation trace
  edgewise "sum(sin(x)**2)" x=[1,2,3] -q        the gradient alone
  edgewise "x**y" x=2 y=3 --order 2             the Hessian as well
  edgewise view "(a*b + c)**2" a=3 b=2 c=1 -o page.html
  edgewise check model.py:loss w=@weights.npy   all modes against differences
"""

VALUES = """\
values: a=3   a=1e-3   x=[1,2,3]   A=[[1,2],[3,4]]   x=@file.npy (pickles are refused)
A function is named like module:function or file.py:function, after a command. That imports and runs it. An expression
runs nothing but the functions that "edgewise info --functions" lists; -e says that it is one, whatever it looks like.
For a function, 3.0 is a number to differentiate by, and 3 a count.
exit codes: 0 done, 1 a check failed or a number went wrong, 2 the command or the expression is not one
"""

SUMMARY = {
    "grad": "value, gradient and evaluation trace; of an expression the word may be left out",
    "view": "the graph as a page to step through, a picture, or JSON",
    "check": "compare all modes and independent differences; exit code 1 where they differ",
    "bench": "what a derivative costs beside the value",
    "demo": "three short programs, taken apart",
    "info": "versions, extras, the functions that expressions may call",
    "cache": "the objects of compiled functions on disk: how many there are, and cache clear removes them",
    "completion": "a script that completes these words in bash, zsh or fish",
}
COMMANDS = tuple(SUMMARY)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what the user is told."""
        raise CommandError(f"{message} (see {self.prog} --help)")


def usage() -> Parser:
    """The parser of the words that stand alone: --help and --version."""
    lines = "\n".join(f"  {name:<11} {told}" for name, told in SUMMARY.items())
    found = Parser(
        prog="edgewise",
        usage="edgewise [command] EXPRESSION [name=value ...] [options]",
        description="Exact derivatives of expressions and of your own NumPy functions.",
        epilog=f"commands (edgewise COMMAND --help tells more):\n{lines}\n\n{EXAMPLES}\n{VALUES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    found.add_argument("--version", action="store_true", help="print the version")
    return found


def parser(command: str) -> Parser:
    """The parser of a command."""
    found = Parser(
        prog=f"edgewise {command}",
        description=SUMMARY[command],
        epilog=VALUES if command in _TARGETED else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if command in _TARGETED:
        found.add_argument("target", metavar="EXPRESSION|module:function", help=_TARGETED[command])
        found.add_argument("values", nargs="*", metavar="name=value", help="the point")
        found.add_argument(
            "-e", "--expression", action="store_true", help="take it for an expression, whatever it looks like"
        )
        found.add_argument("--wrt", metavar="NAMES", help="differentiate by these alone, as in a,b")
    if command != "completion":
        found.add_argument("--plain", action="store_true", help="tab-separated lines, as when piped")
    _OPTIONS[command](found)
    return found


_TARGETED = {
    "grad": "an expression, or a function of yours",
    "view": "an expression, a function of yours, or a trace.json",
    "check": "an expression, or a function of yours",
    "bench": "an expression, or a function of yours",
}


def _traced(found: Parser) -> None:
    found.add_argument(
        "--mode", choices=("reverse", "forward"), default="reverse", help="which trace (default: reverse)"
    )
    found.add_argument(
        "--no-source", dest="source", action="store_false", help="leave your source text out of the trace"
    )
    found.add_argument("--open", action="store_true", help="open the step-through page in a browser")


def _grad(found: Parser) -> None:
    _traced(found)
    found.add_argument("--order", type=int, choices=(1, 2), default=1, help="2: second derivatives as well")
    found.add_argument("--precision", type=_digits, metavar="N", help="significant digits")
    one = found.add_mutually_exclusive_group()
    one.add_argument("--json", action="store_true", help="the trace as JSON (edgewise.trace/1)")
    one.add_argument("-q", "--quiet", action="store_true", help="first derivatives alone")


def _view(found: Parser) -> None:
    _traced(found)
    found.add_argument("-o", "--output", metavar="FILE", help="where to: .html, .svg, .png, .pdf, .tex or .json")
    found.add_argument("--force", action="store_true", help="replace the file if it is there")


def _check(found: Parser) -> None:
    found.add_argument("--samples", type=_count, default=3, metavar="N", help="random directions (default: 3)")
    found.add_argument("--rtol", type=_positive, default=1e-6, help="tolerance against differences (default: 1e-6)")
    found.add_argument("--order", type=int, choices=(1, 2), default=2, help="1: first derivatives alone (default: 2)")
    found.add_argument("--json", action="store_true", help="the verdicts as JSON")


def _bench(found: Parser) -> None:
    found.add_argument("--seconds", type=_positive, default=2.0, help="about how long to measure (default: 2)")
    found.add_argument("--json", action="store_true", help="the times as JSON")


def _info(found: Parser) -> None:
    found.add_argument("--functions", action="store_true", help="list the functions that expressions may call")


def _cache(found: Parser) -> None:
    found.add_argument("action", nargs="?", choices=("clear",), help="remove all objects")


def _completion(found: Parser) -> None:
    found.add_argument("shell", choices=("bash", "zsh", "fish"))


_OPTIONS: dict[str, Callable[[Parser], None]] = {
    "grad": _grad,
    "view": _view,
    "check": _check,
    "bench": _bench,
    "demo": lambda found: None,
    "info": _info,
    "cache": _cache,
    "completion": _completion,
}


def _digits(text: str) -> int:
    return _between(text, 1, 17)


def _count(text: str) -> int:
    return _between(text, 1, 1000)


def _between(text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {low} to {high}")
    return number


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return number


def chosen(words: Sequence[str]) -> tuple[str, list[str]]:
    """The command, and the words that are left for it. Without a command there is an expression, and nothing else.

    >>> chosen(["info"]), chosen(["a*b", "a=3"])
    (('info', []), ('grad', ['--expression', 'a*b', 'a=3']))
    """
    if words and words[0] in COMMANDS:
        return words[0], list(words[1:])
    return DEFAULT, ["--expression", *words]


def parsed(command: str, words: Sequence[str]) -> argparse.Namespace:
    """The words of a command, understood. An expression may begin with a minus, and options may stand anywhere.

    Raises:
        CommandError: they are not words of this command.
    """
    found = parser(command)
    known = {option: action for action in found._actions for option in action.option_strings}
    told: list[str] = []
    value = False  # whether an option is waiting for its value
    for i, word in enumerate(words):
        if word == "--":
            return found.parse_intermixed_args([*told, *_literal(words[i + 1 :])])
        name = word.partition("=")[0]
        option = word.startswith("--") or name in known
        told.append(word if value or option or not word.startswith("-") else f" {word}")
        value = option and "=" not in word and _takes_value(known.get(name))
    return found.parse_intermixed_args(told)


def _literal(words: Sequence[str]) -> list[str]:
    return [f" {word}" for word in words]


def _takes_value(action: Any) -> bool:
    return action is not None and action.nargs is None
