"""What an elementary function is to the compiler: a writer of its instructions, and how exact its results are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edgewise.compile.ir import Value

__all__ = ["DTYPES", "Function"]

DTYPES: Final = ("double", "float")


@dataclass(frozen=True)
class Function:
    """An elementary function.

    Args:
        name: NumPy's name, or SciPy's. write: Writes the instructions for operands of type double, of any number of
        lanes, and returns the result. arity: How many operands it takes. ulp: How far the result may lie from the
        exact value, in units in the last place of the exact value rounded to the
            type, for "double" and "float".
        floor: Where positive, the unit is that of ``max(|exact value|, floor)`` for negative arguments: the function
        has
            zeros there that no double is near enough to.
        single: Writes the instructions where the operands are floats' values and the result is rounded to a float; the
            operands are of type double all the same. ``write`` does where there is none.
    """

    name: str
    write: Callable[..., Value]
    arity: int
    ulp: Mapping[str, float]
    floor: float = 0.0
    single: Callable[..., Value] | None = None
