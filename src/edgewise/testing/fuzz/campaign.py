"""Any number of programs, each from its own seed: what fails, and why, in as few lines as it takes."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from edgewise.errors import CheckError, EdgewiseError
from edgewise.testing.fuzz.checks import CHECKS, run
from edgewise.testing.fuzz.grammar import program, scalar_program
from edgewise.testing.fuzz.minimise import minimise
from edgewise.testing.fuzz.program import Program

__all__ = ["Failure", "campaign", "verdict"]


class Failure(NamedTuple):
    """A program that breaks a law.

    Attributes:
        seed: what makes it.
        check: the name of the check.
        kind: "wrong" for a disagreement, else the name of the exception.
        message: of the exception.
        program: the program, made small.
    """

    seed: int
    check: str
    kind: str
    message: str
    program: Program

    @property
    def script(self) -> str:
        """A file that shows it."""
        return self.program.script(self.check, self.seed)


def verdict(check: str, made: Program, seed: int) -> tuple[str, str]:
    """How a check ends: ("", "") if it holds, ("refused", why) where edgewise says no, else a kind and a message."""
    try:
        run(check, made.function(), made.inputs, seed=seed, analytic=made.analytic)
    except CheckError as error:
        return "wrong", str(error)
    except EdgewiseError as error:
        return "refused", f"{type(error).__name__}: {error.what}"
    except Exception as error:  # noqa: BLE001  every other exception is a failure, and told as one
        return type(error).__name__, str(error)
    return "", ""


def _fails(check: str, kind: str, seed: int, made: Program) -> bool:
    return verdict(check, made, seed)[0] == kind


def checks_of(seed: int) -> tuple[Program, list[str]]:
    """The program of a seed and the checks it undergoes: every tenth is one of scalars, at 40 digits."""
    if seed % 10 == 0:
        return scalar_program(seed), [*CHECKS]
    return program(seed), [name for name in CHECKS if name != "mpmath"]


def campaign(
    seeds: Iterator[int] | range, refused: Counter[str] | None = None, small: bool = True
) -> Iterator[Failure | None]:
    """Run the programs of some seeds; per program its first failure, or None.

    Args:
        seeds: one program each.
        refused: counts what edgewise refused, by message.
        small: whether failing programs are made small.
    """
    for seed in seeds:
        made, names = checks_of(seed)
        failure = None
        for name in names:
            kind, message = verdict(name, made, seed)
            if kind == "refused" and refused is not None:
                refused[f"{name}: {message}"] += 1
            elif kind and kind != "refused":
                least = minimise(made, functools.partial(_fails, name, kind, seed)) if small else made
                failure = Failure(seed, name, kind, verdict(name, least, seed)[1] or message, least)
                break
        yield failure
