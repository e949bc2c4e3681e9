"""The short way in: a call gate in front of a program that is machine code from end to end.

A gate checks arguments and calls the code without Python in between (``compile.gate``). It can stand where arguments
are numbers and arrays and the result is numbers, arrays and tuples of them; where there are lists, dictionaries or
keywords, a few lines of Python stand before it (``compile.door``). Anything else goes the long way through ``Jitted``,
which is also where a gate sends what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compile.door import MISSED, door, rebuilt
from edgewise.compile.executable import Executable
from edgewise.compile.gate import Array, Constant, Same, Scalar, make_gate
from edgewise.compile.leaves import Arguments
from edgewise.compile.recording import Recording
from edgewise.compile.returned import fresh
from edgewise.core.program import Var
from edgewise.errors import CompileError

__all__ = ["entrance"]

LONG = 150_000.0  # cycles, some 50 µs, of a program that lets Python's other threads run: to come back takes time


def entrance(
    executable: Executable, recording: Recording, given: Arguments, name: str, otherwise: Callable[..., Any]
) -> Callable[..., Any] | None:
    """A gate for arguments like these, or None where there can be none.

    Args:
        executable: what it runs.
        recording: how the result is put together.
        given: the arguments of a call.
        name: of the function.
        otherwise: called with the arguments where the gate does not let them through.
    """
    if not executable.address or recording.stored:
        return None
    wanted = [_wanted(leaf, i in given.moving) for i, leaf in enumerate(given.leaves)]
    leaves = _leaves(recording, executable.delivered)
    if leaves is None or any(one is None for one in wanted):
        return None

    def made(result: Any, missed: Callable[..., Any], keywords: Callable[..., Any]) -> Callable[..., Any] | None:
        try:
            return make_gate(
                wanted,
                result,
                executable.address,
                missed,
                captured=[(a, Array(a.dtype, a.shape, a.strides)) for a in executable.captured],
                arena=executable.arena,
                release=executable.cycles >= LONG,
                keep=executable,
                name=name,
                keywords=keywords,
            )
        except CompileError:  # an array in another byte order, say
            return None

    result = recording.tree.build(leaves)
    if given.flat and _tuples(result):
        return made(result, lambda code, args: otherwise(*args), otherwise)
    gate = made(tuple(leaves), lambda code, args: MISSED, otherwise)
    names: dict[str, Any] = {}
    expression = rebuilt(recording.tree.build(list(range(len(leaves)))), names)
    if gate is None or expression is None:
        return None
    args, kwargs = given.tree.build(list(range(len(given.leaves))))
    return door(args, kwargs, expression, names, gate, otherwise)


def _wanted(leaf: Any, moves: bool) -> Any:
    """What the gate is to let through in place of a leaf."""
    if not moves:
        return Same(leaf)
    if isinstance(leaf, np.ndarray):
        return Array(leaf.dtype, leaf.shape) if leaf.flags.c_contiguous else None
    return Scalar(type(leaf))


def _leaves(recording: Recording, outputs: list[Any]) -> list[Any] | None:
    """The leaves of the result as a gate makes them, None where it cannot."""
    leaves: list[Any] = [Constant(leaf) if fresh(leaf) is leaf else None for leaf in recording.leaves]
    if any(leaf is None for leaf in leaves):
        return None
    seen: set[Var] = set()
    for i, output in zip(recording.moving, outputs, strict=False):
        if type(output) is not Var:
            leaves[i] = Constant(output)
        elif output in seen:  # one array in two places: the long way makes two
            return None
        else:
            seen.add(output)
            leaves[i] = Array(output.dtype, output.shape) if output.shape else Scalar(output.dtype.type)
    return leaves


def _tuples(result: Any) -> bool:
    return all(map(_tuples, result)) if type(result) is tuple else isinstance(result, Array | Scalar | Constant)
