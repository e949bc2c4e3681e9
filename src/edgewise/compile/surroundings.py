"""What a function finds around itself: the globals, closures and attributes it reads, as they were when it was traced.

A program has the numbers baked in that the function took from there. So they are watched: before each call a program
is asked whether they are all still the same. Arrays are watched by identity only, since programs read them when they
run; functions are looked into, modules and libraries are not.

What a function does to its surroundings while it is recorded, a program would not do again. So they are looked at
before and after, what arrays hold and where random generators are included (``Surroundings.touched``).
"""

from __future__ import annotations

import functools
import random
import sys
import types
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgewise.errors import is_library

__all__ = ["Surroundings"]

_NUMBERS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_MISSING = object()
_LIMIT = 2000  # watched values: what is larger is data, and not settings


class Surroundings:
    """The values around functions and objects.

    Attributes:
        complete: whether all of them are watched; a container of thousands is not.
        watches: whether there is anything that could change.
    """

    __slots__ = ("_before", "_seen", "_watched", "complete", "watches")

    def __init__(self, *roots: Any) -> None:
        self.complete = True
        self.watches = False
        self._watched: list[tuple[Callable[[Any], Any], Any, Any, str]] = []
        self._seen: dict[int, Any] = {}
        self._before: list[tuple[str, Any, Any]] = []  # a name, a thing with a state, and its state
        for generator in (np.random, random):
            self._before.append((f"{generator.__name__}'s state", generator, _state(generator)))
        todo: list[tuple[str, Any]] = [(getattr(root, "__name__", type(root).__name__), root) for root in roots]
        while todo:
            name, value = todo.pop()
            if id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            state = _state(value)
            if state is not None:
                self._before.append((name, value, state))
            for read, key, found, said in _inside(value, name):
                if len(self._watched) >= _LIMIT:
                    self.complete = False
                    return
                if read is not _never:
                    self.watches = True
                    self._watched.append((read, key, found, said))
                todo.append((said, found))

    def changed(self) -> str:
        """The name of something that is no longer what it was, ``""`` where nothing is."""
        for read, key, found, said in self._watched:
            now = read(key)
            if now is not found and not _equal(now, found):
                return said
        return ""

    def touched(self) -> str:
        """The name of something that is not what it was when this was made, however it was changed."""
        return self.changed() or next((name for name, value, state in self._before if _state(value) != state), "")


def _state(value: Any) -> Any:
    """What tells that an array or a random generator has changed; None for what has no such state."""
    if isinstance(value, np.ndarray):
        return zlib.adler32(np.ascontiguousarray(value).view(np.uint8).data) if value.dtype.kind in "fciub" else None
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if value is np.random or isinstance(value, np.random.RandomState):
        _, keys, *rest = value.get_state(legacy=True)
        return np.asarray(keys).tobytes(), *rest
    if value is random or isinstance(value, random.Random):
        return hash(value.getstate())
    return None


def _equal(a: Any, b: Any) -> bool:
    """Whether two values are the same number or text; nothing else is compared by what it holds."""
    return type(a) is type(b) and isinstance(a, _NUMBERS) and (a == b or (a != a and b != b))


def _inside(value: Any, name: str) -> Iterator[tuple[Callable[[Any], Any], Any, Any, str]]:
    """What can be found in a value: how to read it again, by which key, what it is now, and what to call it."""
    kind = type(value)
    if kind is types.FunctionType:
        yield from _of_function(value)
    elif kind is types.MethodType:
        yield from _attributes(value.__self__, "self")
        yield from _of_function(value.__func__) if type(value.__func__) is types.FunctionType else ()
    elif kind is functools.partial:
        for given in (value.func, *value.args, *value.keywords.values()):
            yield _never, given, given, getattr(given, "__name__", name)
    elif kind is dict:
        yield len, value, len(value), name
        for key, found in value.items():
            yield functools.partial(_item, value), key, found, f"{name}[{key!r}]"
    elif kind is tuple:
        for i, found in enumerate(value):
            yield _never, found, found, f"{name}[{i}]"
    elif kind in (list, set):
        yield len, value, len(value), name
        for i, found in enumerate(value) if kind is list else ():
            yield functools.partial(_item, value), i, found, f"{name}[{i}]"
    else:
        yield from _attributes(value, name)


def _of_function(f: types.FunctionType) -> Iterator[tuple[Callable[[Any], Any], Any, Any, str]]:
    if is_library(f.__code__.co_filename) and not f.__globals__.get("__name__", "").startswith("edgewise."):
        return  # edgewise's own wrap functions of the user's
    ours = is_library(f.__code__.co_filename)  # nobody rebinds names in there
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        yield _never if ours else _content, cell, _content(cell), name
    names = dict.fromkeys(_names(f.__code__))
    space = f.__globals__
    if not ours:
        for name in names:
            found = space.get(name, _MISSING)
            if found is _MISSING or isinstance(found, type):
                continue
            if not isinstance(found, types.ModuleType):
                yield functools.partial(_item, space), name, found, name
            elif not is_library(getattr(found, "__file__", None) or "<frozen"):
                for inner in names:
                    if inner in vars(found):
                        yield functools.partial(_item, vars(found)), inner, vars(found)[inner], f"{name}.{inner}"
    defaults, code = f.__defaults__ or (), f.__code__
    named = zip(code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount], defaults, strict=True)
    for name, default in (*named, *(f.__kwdefaults__ or {}).items()):
        if not isinstance(default, _NUMBERS):
            yield _never, default, default, name


def _names(code: types.CodeType) -> Iterator[str]:
    """Every global name and attribute that a function and the functions inside it mention."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _attributes(value: Any, name: str) -> Iterator[tuple[Callable[[Any], Any], Any, Any, str]]:
    """The attributes of an object of the user's."""
    if isinstance(value, (*_NUMBERS, np.ndarray, type, types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
        return
    module = sys.modules.get(type(value).__module__)
    if module is None or is_library(getattr(module, "__file__", None) or "<frozen"):
        return
    for key, found in getattr(value, "__dict__", {}).items():
        yield functools.partial(_item, value.__dict__), key, found, f"{name}.{key}"


def _never(key: Any) -> Any:
    """Of what cannot be rebound, but may hold something that can."""
    return key


def _item(container: Any, key: Any) -> Any:
    try:
        return container[key]
    except (KeyError, IndexError):
        return _MISSING


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return _MISSING
