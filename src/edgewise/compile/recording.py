"""Recording a program: one run of the user's function on the values of a call."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edgewise.compile.collector import seldom
from edgewise.compile.leaves import Arguments
from edgewise.compile.returned import fresh
from edgewise.containers import Tree, flatten
from edgewise.core.levels import plain
from edgewise.core.program import Program
from edgewise.core.traced import TRACED, Traced, fixed
from edgewise.errors import EdgewiseError
from edgewise.modes.staged import Staged
from edgewise.transforms.border import finish, outputs
from edgewise.transforms.translate import run

__all__ = ["FailedError", "Recording", "record"]


class FailedError(Exception):
    """The function raised something of its own while it was recorded.

    Attributes:
        stored: arrays that it had stored into by then, and what it would have left there.
    """

    def __init__(self, stored: list[tuple[Any, Any]]) -> None:
        super().__init__()
        self.stored = stored

    def deliver(self) -> None:
        """Leave the arrays as the function did."""
        for x, value in self.stored:
            np.copyto(x, value)


class Recording(NamedTuple):
    """What one run has shown.

    Attributes:
        program: its outputs are the ``moving`` ones, then what was stored into arguments.
        tree: the structure of the result.
        leaves: the leaves of the result, None at the ``moving`` ones.
        moving: positions of the leaves that a program computes.
        stored: positions, among the inputs, of arrays the function stored into.
        values: the outputs of this very run.
        open: whether a traced value from around the function took part: the program is of this call alone.
        changes: "an argument that is a container" where the function changed the entries of one, else "".
    """

    program: Program
    tree: Tree
    leaves: list[Any]
    moving: list[int]
    stored: list[int]
    values: list[Any]
    open: bool
    changes: str

    def result(self, values: list[Any]) -> Any:
        """The function's result, made of outputs of the program."""
        leaves = list(map(fresh, self.leaves))
        for i, value in zip(self.moving, values, strict=False):
            leaves[i] = value
        return self.tree.build(leaves)


@seldom()
def record(f: Callable[..., Any], given: Arguments) -> Recording:
    """Run a function, and record what it does with the inputs.

    Raises:
        EdgewiseError: the function does something with a value that only an ordinary number or array can do.
        FailedError: it raises an exception, which is the cause of this one.
    """
    with Staged() as mode:
        inputs = [mode.lift(np.asarray(x)[()], _kind(x)) for x in map(given.leaves.__getitem__, given.moving)]
        before = [t.payload for t in inputs]
        args, kwargs = given.with_inputs(inputs)
        entries, structure = flatten((args, kwargs))
        try:
            result = run(f, args, kwargs)
        except EdgewiseError:
            raise  # the function will be run again, without a record
        except BaseException as error:
            failed = FailedError(_stored(given.inputs, inputs, before))
            if isinstance(error, Exception):
                raise failed from error
            failed.deliver()
            raise
        leaves, tree = outputs(result, mode, f)
        now, shape = flatten((args, kwargs))
        changes = (
            "" if shape == structure and all(map(operator.is_, now, entries)) else "an argument that is a container"
        )
        del result, args, kwargs, entries, now
        moving = [i for i, leaf in enumerate(leaves) if _moves(leaf, mode)]
        after = [fixed(t) if type(t) in TRACED else t for t in inputs]
        stored = [i for i, t in enumerate(after) if t.payload is not before[i]]
        made = [fixed(leaves[i]) if isinstance(leaves[i], Traced) else leaves[i] for i in moving] + [
            after[i] for i in stored
        ]
        for i in moving:
            leaves[i] = None
        del inputs, after
        # The program reads the arrays among them; whoever called may write to what is returned.
        values = finish([t.copy() if type(t) is np.ndarray else mode.lower(t) for t in made], given.inputs)
        leaves = list(map(fresh, leaves))
        return Recording(mode.finish(made), tree, leaves, moving, stored, values, mode.open, changes)


def _stored(arrays: list[Any], inputs: list[Any], before: list[Any]) -> list[tuple[Any, Any]]:
    """The arrays among the arguments that were stored into, and what is in them now."""
    found = []
    for x, t, was in zip(arrays, inputs, before, strict=True):
        now = fixed(t) if type(t) in TRACED else t
        if now.payload is not was:
            found.append((x, plain(now.value)))
    return found


def _kind(x: Any) -> type | None:
    """The type of an argument that is recorded as a number of NumPy's, where it is none."""
    return type(x) if type(x) in (float, complex) or (type(x) is np.ndarray and not x.ndim) else None


def _moves(leaf: Any, mode: Staged) -> bool:
    """Whether a leaf of the result is an output of the program.

    NumPy's numbers are, which another way may compute, and arrays, of which each call returns a fresh one.
    """
    if isinstance(leaf, Traced):
        return leaf.mode is mode
    return isinstance(leaf, np.number) or (type(leaf) is np.ndarray and leaf.ndim > 0 and leaf.dtype.kind in "fciub")
