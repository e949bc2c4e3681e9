"""``jit``: a function, or a transformation of one, as machine code.

The first call with arguments of some shapes and dtypes runs the function on their values and records a program
(``modes.staged``). Later calls run that program. Python's ``if`` and ``while`` are guards in it: where one shows
something new, the function is run and recorded again, and the program grows a branch (``compile.paths``).
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
import types
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from edgewise.compile.effects import Effects
from edgewise.compile.entrance import entrance
from edgewise.compile.executable import build, build_tree
from edgewise.compile.host import llvmlite
from edgewise.compile.inspection import Inspection
from edgewise.compile.leaves import Arguments, arguments
from edgewise.compile.merging import merged
from edgewise.compile.passes import simplified
from edgewise.compile.paths import Path, Paths
from edgewise.compile.pieces import piece, sample
from edgewise.compile.recording import FailedError, Recording, record
from edgewise.compile.returned import unmade
from edgewise.compile.surroundings import Surroundings
from edgewise.containers import flatten
from edgewise.core.traced import Traced
from edgewise.errors import (
    ArgumentError,
    CheckError,
    CompileWarning,
    EdgewiseError,
    EscapedError,
    OverwrittenError,
    a_kind,
    line_of,
    shorten,
    user_frame,
)
from edgewise.transforms.border import function_of, name_of

__all__ = ["Jitted", "jit"]

PATHS = 64  # ways through a function that are compiled before it is left to Python
KEPT = 64  # specialisations: the least recently used is dropped
CALM = 4  # calls that find no new way, after which all ways become one function
REPEATS = 64  # times a program may say no and the function, run again, find nothing new
_ALIVE: weakref.WeakSet[Any] = weakref.WeakSet()  # all compiled functions
RENEWED = 16  # times the surroundings of a function may change before it is left to Python


def jit(
    f: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    check: bool = False,
) -> Any:
    """A function that computes what ``f`` does, compiled for the shapes and dtypes it is called with.

    ``f`` may be any function that edgewise can transform, and any nesting of transformations: ``jit(grad(f))``.
    Arrays, NumPy's numbers and Python's floats are inputs of the program. Python's ``int``, ``bool``, ``str`` and other
    objects are part of what it is compiled for. Python's control flow is followed: ``if``, ``while`` and ``for`` over
    computed values are compiled as branches.

    Args:
        f: the function; without it, ``jit`` is a decorator with options.
        static_argnums: positions of arguments to compile for by value, whatever they are.
        static_argnames: names of those.
        check: run ``f`` itself beside the program at each call, and raise where they differ.

    Returns:
        A function with the arguments of ``f``. What it reads from around itself (globals, closures, attributes) is
        watched: numbers are compiled for, arrays read at each call.

    Raises:
        MissingExtraError: llvmlite is not installed.
        CheckError: with ``check=True``, a result that differs from that of ``f``.

    >>> import numpy as np, edgewise as ew
    >>> slope = ew.jit(ew.grad(lambda x: np.sum(np.tanh(x) ** 2)))
    >>> slope(np.array([0.0, 0.5]))
    array([0.        , 0.72686198])
    """
    if f is None:
        return functools.partial(jit, static_argnums=static_argnums, static_argnames=static_argnames, check=check)
    function_of(f, "jit")
    if find_spec("llvmlite") is None:
        llvmlite()  # says how to install it
    own = type("Jitted", (Jitted,), {"__doc__": Jitted.__doc__, "__module__": Jitted.__module__})
    made: Jitted = own(f, static_argnums, static_argnames, check)
    return made


class _Specialisation:
    """What is compiled for one kind of arguments."""

    __slots__ = (
        "calm",
        "changes",
        "eager",
        "gate",
        "label",
        "objects",
        "paths",
        "refused",
        "repeats",
        "surroundings",
        "tried",
    )

    def __init__(self, given: Arguments) -> None:
        self.label = given.label
        self.paths = Paths(build)
        self.objects = given.objects  # kept alive: they are known by their identity
        self.surroundings: Surroundings | None = None
        self.changes = 0
        self.repeats = 0
        self.refused = ("", "")  # why it cannot be recorded, and where
        self.gate: Callable[..., Any] | None = None
        self.tried = False
        self.calm = 0  # calls the long way since the last new way was found
        self.eager = False


class Jitted:
    """A compiled function; made by ``jit``.

    Each is the only one of a class of its own, whose ``__call__`` is the call gate as soon as there is one: Python then
    goes from the call to the gate without a frame in between.

    Attributes:
        __wrapped__: the function itself.
    """

    def __init__(
        self, f: Callable[..., Any], static: int | Sequence[int], names: str | Sequence[str], check: bool
    ) -> None:
        functools.update_wrapper(self, f)
        self.__wrapped__ = f
        self._static = frozenset((static,) if isinstance(static, int) else static)
        self._names = frozenset((names,) if isinstance(names, str) else names)
        if any(i < 0 for i in self._static):
            raise ArgumentError(
                f"static_argnums is {static!r}",
                "it gives positions of arguments, counted from 0",
                "give a position, or a tuple of positions: static_argnums=1",
            )
        self._check = check
        self._made: OrderedDict[Any, _Specialisation] = OrderedDict()
        self._lock = threading.RLock()
        _ALIVE.add(self)
        _new_locks_in_children()
        self._told = False
        self._apart: set[Any] = set()  # kinds of arguments for which it is no operation inside of transformations
        self._gate: Callable[..., Any] | None = None
        self._watched: Surroundings | None = None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled as functions are, by name; one that goes by no name of its own as what it was made of."""
        found: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        for name in (*getattr(self, "__qualname__", "").split("."),):
            found = getattr(found, name, None)
        if found is self:
            return str(self.__qualname__)
        return _again, (self.__wrapped__, tuple(self._static), tuple(self._names), self._check)

    def __repr__(self) -> str:
        return f"<jit of {name_of(self.__wrapped__)}, {len(self._made)} specialisations>"

    @property
    def programs(self) -> int:
        """How many programs were recorded, one for each way through the function and each kind of arguments."""
        return sum(1 for one in self._made.values() for _ in one.paths)

    def inspect(self) -> Inspection:
        """What it consists of so far; print it, or look at its parts."""
        kinds = [(one.label, list(one.paths)) for one in self._made.values()]
        return Inspection(name_of(self.__wrapped__), kinds)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""
        gate = self._gate
        if gate is not None and self._watched is not None and not self._watched.changed():
            return gate(*args, **kwargs)
        return self._call(*args, **kwargs)

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        """The long way: what a gate cannot check."""
        given = arguments(args, kwargs, self._static, self._names)
        if not given.ordinary:
            return self._inside(given, args, kwargs)
        one, found = self._found(given)
        if one.eager and found is None:
            return self.__wrapped__(*args, **kwargs)
        if found is None:
            return self._by_python(one, args, kwargs)
        if found[0].stored and _overlap(found[0], given.inputs):
            return self.__wrapped__(*args, **kwargs)
        result = self._deliver(*found, given)
        if one.gate is not self._gate or one.gate is None or one.calm <= CALM:
            self._open(one, given)
        return result if not self._check else self._checked(result, args, kwargs)

    def _found(self, given: Arguments) -> tuple[_Specialisation, tuple[Recording, list[Any]] | None]:
        """The specialisation for these arguments; and, if they can be followed, the way they take and its outputs."""
        with self._lock:
            one = self._made.get(given.key)
            if one is None:
                one = self._made[given.key] = _Specialisation(given)
                if len(self._made) > KEPT:
                    self._made.popitem(last=False)
            else:
                self._made.move_to_end(given.key)
        if one.eager:
            return one, None
        if one.surroundings is not None and one.surroundings.changed():
            with self._lock:
                self._renew(one)
        inputs = [np.asarray(x)[()] if type(x) in (float, complex) else x for x in given.inputs]
        found = one.paths.run(inputs)
        if found is None:
            with self._lock:
                found = one.paths.run(inputs)  # another thread may have been here meanwhile
                if found is None:
                    found = self._record(one, given)
        return one, found

    def _inside(self, given: Arguments, args: Any, kwargs: Any) -> Any:
        """A call with values of transformations among the arguments: one operation for them, where it can be one."""
        leaves, batch, traced = list(given.leaves), False, set()
        for i, leaf in enumerate(leaves):
            if isinstance(leaf, Traced):
                found = sample(leaf)
                if found is None:
                    return self.__wrapped__(*args, **kwargs)
                leaves[i], batch = found[0], batch or found[1]
                traced.add(i)
        plain, named = given.tree.build(leaves)
        ordinary = arguments(plain, named, self._static, self._names)
        if not ordinary.ordinary or not traced.issubset(ordinary.moving) or ordinary.key in self._apart:
            return self.__wrapped__(*args, **kwargs)
        one, way = self._found(ordinary)
        path = None if way is None else one.paths.of(way[0]) or Path(way[0], build)  # which is of this call alone
        if path is not None and path.piece is None:
            path.piece = piece(path, name_of(self.__wrapped__), _silent)
        if path is None or path.piece is None or (batch and path.recording.program.guards):
            if len(self._apart) >= KEPT:
                self._apart.clear()
            self._apart.add(ordinary.key)
            return self.__wrapped__(*args, **kwargs)
        return path.recording.result(path.piece.applied([given.leaves[i] for i in ordinary.moving]))

    def _record(self, one: _Specialisation, given: Arguments) -> tuple[Recording, list[Any]] | None:
        """Run the function and keep what was recorded; None where that cannot be done, and Python is to run it."""
        f = self.__wrapped__
        surroundings = Surroundings(f, *one.objects)
        effects = Effects(surroundings.seen.values())
        begun = time.perf_counter()
        try:
            recording = record(f, given)
        except (EscapedError, OverwrittenError):
            raise
        except EdgewiseError as error:
            one.refused = (error.what, error.where)
            return None
        except FailedError as failed:  # of itself, or because a value is no ordinary one: Python will tell
            theirs = failed.__cause__
            assert theirs is not None
            if surroundings.changed() or effects.changed():
                failed.deliver()
                raise theirs from None
            one.refused = (f"it raised {type(theirs).__name__} while it was recorded: {theirs}", self._line)
            return None
        if recording.open:
            return recording, recording.values
        known = {*surroundings.seen, *map(id, given.leaves)}
        changed = surroundings.changed() or effects.changed()
        if changed:
            self._leave(one, f"it changes {changed}, which a compiled program would not", self._line)
        elif recording.changes:
            one.refused = (f"it changes {recording.changes}, of which it was given a copy here", self._line)
            return None
        elif new := [a_kind(leaf) for leaf in recording.leaves if unmade(leaf, known)]:
            one.refused = (f"it returns {new[0]}, which a compiled program does not make", self._line)
            return None
        elif not surroundings.complete:
            self._leave(one, "there is more around it than can be watched for changes", self._line)
        elif len(list(one.paths)) >= PATHS:
            last = recording.program.guards[-1].place
            where = f"{shorten(last[0])}:{last[1]}" if last else self._line
            self._leave(one, f"it has taken {PATHS} different ways, by what it looks at here", where)
        elif not one.paths.add(recording, time.perf_counter() - begun):
            one.repeats += 1  # machine code rounds otherwise, which a comparison can show
            if one.repeats > REPEATS:
                self._leave(one, "it does other things when it is run again on the same values", self._line)
        else:
            one.surroundings, one.calm = one.surroundings or surroundings, 0
        return recording, recording.values

    def _by_python(self, one: _Specialisation, args: Any, kwargs: Any) -> Any:
        """The function's own result where it cannot be recorded, now and from now on; if it has one."""
        result = self.__wrapped__(*args, **kwargs)
        if not one.eager:
            with self._lock:
                self._leave(one, *one.refused)
        return result

    def _open(self, one: _Specialisation, given: Arguments) -> None:
        """Have the next call go the short way, if there is one for arguments like these."""
        first = one.paths.first
        if self._check or one.eager or first is None or not first.runs:
            return
        name = name_of(self.__wrapped__)
        if first.others:  # as many ways as are known, in one function; not while new ones are still found
            one.calm += 1
            if one.calm == CALM:
                whole = merged(first)
                tree = None if whole is None else build_tree(simplified(whole))
                if tree is not None:
                    one.gate = entrance(tree, first.recording, given, name, self._call)
        elif not one.tried:
            one.tried = True
            one.gate = entrance(first.executable, first.recording, given, name, self._call)
        if one.gate is not None and one.surroundings is not None:
            self._enter(one.gate, one.surroundings)

    def _enter(self, gate: Callable[..., Any] | None, surroundings: Surroundings | None) -> None:
        """From now on a call goes to a gate; by way of a look around, where there is something to see."""
        self._gate, self._watched = gate, surroundings
        at_once = gate is not None and surroundings is not None and not surroundings.watches
        short = staticmethod(gate) if isinstance(gate, types.FunctionType) else gate  # one of C is no descriptor
        type(self).__call__ = short if at_once else Jitted.__call__  # type: ignore[method-assign, assignment]

    def _deliver(self, recording: Recording, values: list[Any], given: Arguments) -> Any:
        """The result for the user; what the function stored into its arguments is stored there."""
        count = len(recording.moving)
        if recording.stored:
            inputs = given.inputs
            for i, value in zip(recording.stored, values[count:], strict=True):
                np.copyto(inputs[i], value)
        return recording.result(values[:count])

    def _renew(self, one: _Specialisation) -> None:
        """Something around the function has changed: what was recorded no longer holds."""
        one.paths, one.gate, one.tried = Paths(build), None, False
        self._enter(None, None)
        changed = one.surroundings.changed() if one.surroundings is not None else ""
        one.surroundings = None
        one.changes += 1
        if one.changes > RENEWED:
            self._leave(one, f"{changed} has changed {RENEWED} times, and the function is compiled for its value", "")

    def _leave(self, one: _Specialisation, why: str, where: str) -> None:
        """From now on Python runs the function; said once."""
        one.eager = True
        one.paths, one.gate = Paths(build), None
        self._enter(None, None)
        if not self._told:
            self._told = True
            place = f"{where}: " if where else ""
            name = name_of(self.__wrapped__)
            warnings.warn(f"{place}{name} is not compiled for these arguments: {why}", CompileWarning, stacklevel=4)

    @property
    def _line(self) -> str:
        code = getattr(self.__wrapped__, "__code__", None)
        if code is not None:
            return f"{shorten(code.co_filename)}:{code.co_firstlineno}"
        frame = user_frame()
        return "" if frame is None else line_of(frame)

    def _checked(self, result: Any, args: Any, kwargs: Any) -> Any:
        """The result, where the function's own is the same to rounding."""
        expected, _ = flatten(self.__wrapped__(*args, **kwargs))
        found, _ = flatten(result)
        for i, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
            if not _close(ours, theirs):
                raise CheckError(
                    f"the compiled {name_of(self.__wrapped__)} gives {ours!r}, and the function itself {theirs!r}"
                    + (f" (leaf {i} of the result)" if len(found) > 1 else ""),
                    "the function reads a clock or a file, or computes from an array around it with plain NumPy: what "
                    "it found while it was recorded is in the program",
                    "make what changes an argument of the function",
                )
        return result


@functools.cache
def _new_locks_in_children() -> None:
    """A child that is forked while another thread compiles has that thread's locks, and not the thread."""
    os.register_at_fork(after_in_child=_unlock)


def _unlock() -> None:
    for made in _ALIVE:
        made._lock = threading.RLock()


def _silent(f: Callable[..., Any]) -> Callable[..., Any]:
    """A part of a function, compiled; where Python runs it, that is nobody's concern."""
    made: Jitted = jit(f)
    made._told = True
    return made


def _again(f: Callable[..., Any], static: tuple[int, ...], names: tuple[str, ...], check: bool) -> Any:
    """What was pickled, or copied."""
    return jit(f, static_argnums=static, static_argnames=names, check=check)


def _overlap(recording: Recording, inputs: list[Any]) -> bool:
    """Whether an array that the function stores into may share memory with another: a store into one moves both."""
    arrays = [x for x in (*inputs, *recording.program.arrays.values()) if isinstance(x, np.ndarray)]
    into = [inputs[i] for i in recording.stored]
    return any(sum(np.may_share_memory(x, other) for other in arrays) > 1 for x in into)


def _close(a: Any, b: Any) -> bool:
    if not isinstance(b, np.ndarray | np.generic | float | complex):
        return bool(a == b) if isinstance(b, int | str | bytes | bool | type(None)) else True
    x, y = np.asarray(a), np.asarray(b)
    if x.shape != y.shape or (isinstance(b, np.ndarray | np.generic) and x.dtype != y.dtype):
        return False
    if y.dtype.kind not in "fc":
        return bool(np.array_equal(x, y))
    return bool(np.allclose(x, y, rtol=1e3 * np.finfo(y.dtype).eps, atol=0, equal_nan=True)) or bool(
        np.allclose(x, y, rtol=0, atol=1e3 * np.finfo(y.dtype).eps * np.max(np.abs(y), initial=0), equal_nan=True)
    )
