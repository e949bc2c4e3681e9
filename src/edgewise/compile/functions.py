"""Elementary functions of single numbers, which programs call: each is compiled once a process, and hard.

A long program on numbers is compiled in a hurry, and may call a function many times. The function is the same for all
programs, so it is a library of its own, in the code generator's best level; programs know it by its address.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

from edgewise.compile.engine import Library, load_for_good
from edgewise.compile.host import host
from edgewise.compile.maths import library

__all__ = ["addresses"]


def addresses(symbols: Iterable[str]) -> dict[str, int]:
    """Where the functions are that a text declares, by symbol: those of ``maths.declare``."""
    return {symbol: _library(symbol).address(symbol) for symbol in symbols}


@functools.cache
def _library(symbol: str) -> Library:
    here = host()
    return load_for_good(library(symbol, fused=here.fused, attributes=here.attributes), level=2)
