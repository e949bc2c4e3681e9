"""Program passes: what a program does not have to do, in small named lists of rewrites.

    fold      operations on numbers and frozen arrays alone are done once, here
    plainer   a number that is broadcast is a number; a contraction with one is a product
    algebra   x·1, reshape to the same shape, a cast to the same dtype: nothing happens
    dedupe    the same operation on the same operands is done once
    dead      what no output and no guard needs is not done

Values stay the same bit for bit, NaN and signed zeros included: no rewrite here is mere algebra of real numbers.

Before all that, a long program that repeats becomes one with loops (``loops.rerolled``): ``compact`` has it as arrays
of integers, ``periods`` finds where it may repeat, ``reroll`` whether it does, ``repetition`` is what is found, and
``loops`` writes the new program, with ``surround`` for what is around them.
"""

from __future__ import annotations

from edgewise.compile.collector import seldom
from edgewise.compile.passes.dead import without_dead
from edgewise.compile.passes.rebuild import rebuilt
from edgewise.core.program import Program

__all__ = ["simplified"]


@seldom()
def simplified(program: Program) -> Program:
    """The program after all passes; the one given stays as it is."""
    return without_dead(rebuilt(program))
