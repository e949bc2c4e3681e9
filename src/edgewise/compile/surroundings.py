"""What a function finds around itself: the globals, closures and attributes it reads, as they were when it was traced.

A program has the numbers baked in that the function took from there. So they are watched: before each call a program
is asked whether they are all still the same. Arrays are watched by identity only, since programs read them when they
run; functions, classes and objects of the user's are looked into, libraries are not. Names of modules and of builtins
are not watched.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from edgewise.errors import is_library

__all__ = ["Surroundings"]

_NUMBERS = (bool, int, float, complex, str, bytes, type(None), np.generic)
_MISSING = object()
_DATA = (
    "types",
    "argparse",
    "collections",
)  # of the standard library: classes whose instances hold the user's settings
_WITHIN = ("__wrapped__", "pyfunc")  # where wrappers of libraries keep the function: lru_cache, jit, np.vectorize
_Found: TypeAlias = "Iterator[tuple[Callable[[Any], Any], Any, Any, str]]"
_LIMIT = 2000  # watched values: what is larger is data, and not settings


class Surroundings:
    """The values around functions and objects.

    Attributes:
        complete: whether all of them are watched; a container of thousands is not.
        watches: whether there is anything that could change.
        seen: all of them, by identity, with what to call them.
    """

    __slots__ = ("_watched", "complete", "seen", "watches")

    def __init__(self, *roots: Any) -> None:
        self.complete = True
        self.watches = False
        self._watched: list[tuple[Callable[[Any], Any], Any, Any, str]] = []
        self.seen: dict[int, tuple[str, Any]] = {}
        todo: list[tuple[str, Any]] = [(getattr(root, "__name__", type(root).__name__), root) for root in roots]
        while todo:
            name, value = todo.pop()
            if id(value) in self.seen:
                continue
            self.seen[id(value)] = (name, value)
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


def _equal(a: Any, b: Any) -> bool:
    """Whether two values are the same number or text; nothing else is compared by what it holds."""
    return type(a) is type(b) and isinstance(a, (*_NUMBERS, frozenset)) and (a == b or (a != a and b != b))


def _inside(value: Any, name: str) -> _Found:
    """What can be found in a value: how to read it again, by which key, what it is now, and what to call it."""
    kind = type(value)
    if kind is types.FunctionType:
        yield from _of_function(value)
    elif kind is types.MethodType:
        yield _never, value.__self__, value.__self__, "self"
        yield _never, value.__func__, value.__func__, name
    elif kind is functools.partial:
        for given in (value.func, *value.args, *value.keywords.values()):
            yield _never, given, given, getattr(given, "__name__", name)
    elif isinstance(value, type):
        yield from _of_class(value)
    elif isinstance(value, (*_NUMBERS, np.ndarray, types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
        return
    else:
        yield from _of_container(value, name)
        yield from _attributes(value, name)


def _of_container(value: Any, name: str) -> _Found:
    """The entries of a container, of a subclass of Python's own too."""
    if isinstance(value, dict):
        yield len, value, len(value), name
        for key, found in list(value.items()):
            yield functools.partial(_entry, value), key, found, f"{name}[{key!r}]"
    elif isinstance(value, tuple):
        for i, found in enumerate(list(value)):
            yield _never, found, found, f"{name}[{i}]"
    elif isinstance(value, set):
        yield frozenset, value, frozenset(value), name
    elif isinstance(value, list | deque):
        yield len, value, len(value), name
        for i, found in enumerate(list(value)):
            yield functools.partial(_item, value), i, found, f"{name}[{i}]"


def _of_function(f: types.FunctionType) -> _Found:
    ours = is_library(f.__code__.co_filename)  # nobody rebinds names in there
    for key, found in list(vars(f).items()):
        said = f"{f.__name__}.{key}"
        yield (_never, found, found, said) if ours else (functools.partial(_item, vars(f)), key, found, said)
    if ours and not f.__globals__.get("__name__", "").startswith("edgewise."):
        return  # edgewise's own wrap functions of the user's
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        found = _content(cell)
        yield _never if ours or isinstance(found, types.ModuleType) else _content, cell, found, name
    if not ours:
        yield from _of_globals(f)
    defaults, code = f.__defaults__ or (), f.__code__
    named = zip(code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount], defaults, strict=True)
    for name, default in (*named, *(f.__kwdefaults__ or {}).items()):
        if not isinstance(default, _NUMBERS):
            yield _never, default, default, name


def _of_globals(f: types.FunctionType) -> _Found:
    """The globals that a function reads, and of modules of the user's what it may read there."""
    codes = list(_codes(f.__code__))
    attributes = dict.fromkeys(name for code in codes for name in code.co_names)
    modules: list[tuple[str, types.ModuleType]] = []
    for name in dict.fromkeys(name for code in codes for name in _loaded(code)):
        found = f.__globals__.get(name, _MISSING)
        if isinstance(found, types.ModuleType):
            modules.append((name, found))
        elif found is not _MISSING and not (isinstance(found, type) and _of_library(found.__module__)):
            yield functools.partial(_item, f.__globals__), name, found, name
    seen: set[int] = set()
    while modules:
        name, module = modules.pop()
        if id(module) in seen or _of_library(module.__name__, module):
            continue
        seen.add(id(module))
        for inner in attributes:
            found = vars(module).get(inner, _MISSING)
            if isinstance(found, types.ModuleType):
                modules.append((f"{name}.{inner}", found))
            elif found is not _MISSING:
                yield functools.partial(_item, vars(module)), inner, found, f"{name}.{inner}"


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of a function and of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _loaded(code: types.CodeType) -> Iterator[str]:
    """Names of globals that a code reads; an attribute of the same name is none."""
    for one in dis.get_instructions(code):
        if one.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield one.argval


def _of_class(cls: type) -> _Found:
    """The attributes and methods of a class of the user's, inherited ones too."""
    for base in cls.__mro__:
        if _of_library(base.__module__):
            continue
        for key, found in list(vars(base).items()):
            inner = getattr(found, "__func__", None) or getattr(found, "fget", None) or found
            if key.startswith("__") and not isinstance(inner, types.FunctionType):
                continue
            yield functools.partial(_item, vars(base)), key, found, f"{cls.__name__}.{key}"
            yield _never, inner, inner, f"{cls.__name__}.{key}"


def _attributes(value: Any, name: str) -> _Found:
    """The attributes of an object of the user's, and of its class."""
    kind = type(value)
    if _of_library(kind.__module__) and kind.__module__ not in _DATA:
        for key in _WITHIN:
            found = getattr(value, "__dict__", {}).get(key, _MISSING)
            if found is not _MISSING:
                yield _never, found, found, name
        return
    inner = getattr(value, "__dict__", {})
    if inner:
        yield len, inner, len(inner), name  # one more may hide that of the class
    for key, found in list(inner.items()):
        yield functools.partial(_item, inner), key, found, f"{name}.{key}"
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        for key in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, key):
                yield functools.partial(_slot, value), key, getattr(value, key), f"{name}.{key}"
    yield _never, kind, kind, kind.__name__


def _of_library(name: str, module: Any = None) -> bool:
    """Whether a module, as a class or itself names it, is none of the user's."""
    module = module or sys.modules.get(name)
    file = getattr(module, "__file__", None)
    return is_library(file) if file else name in sys.stdlib_module_names and name != "__main__"


def _never(key: Any) -> Any:
    """Of what cannot be rebound, but may hold something that can."""
    return key


def _item(container: Any, key: Any) -> Any:
    try:
        return container[key]
    except (KeyError, IndexError):
        return _MISSING


def _entry(container: dict[Any, Any], key: Any) -> Any:
    """Read without a default that would be put there."""
    return dict.get(container, key, _MISSING)


def _slot(value: Any, key: str) -> Any:
    return getattr(value, key, _MISSING)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return _MISSING
