"""Elementary functions of single numbers, which programs call: each is compiled once a process, and hard.

A long program on numbers is compiled in a hurry, and may call a function many times. The function is the same for all
programs, so it is a library of its own, in the code generator's best level; programs know it by its address.
"""

from __future__ import annotations

from collections.abc import Iterable

from edgewise.compile.engine import Library, load
from edgewise.compile.host import host
from edgewise.compile.maths import library

__all__ = ["addresses"]


def addresses(symbols: Iterable[str]) -> dict[str, int]:
    """Where the functions are that a text declares, by symbol: those of ``maths.declare``."""
    return {symbol: _library(symbol).address(symbol) for symbol in symbols}


_made: dict[str, Library] = {}


def _library(symbol: str) -> Library:
    """The first that any thread has made: its addresses are in programs, so it must never be dropped for another."""
    found = _made.get(symbol)
    if found is None:
        here = host()
        made = load(library(symbol, fused=here.fused, attributes=here.attributes), level=2)
        found = _made.setdefault(symbol, made)
    return found
