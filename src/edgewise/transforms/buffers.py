"""``traced_buffers``: a function whose ``np.zeros(n)`` can be stored into.

An ordinary array cannot hold a traced value, so ``out = np.zeros(n)`` followed by ``out[i] = t`` is an error. Here the
function is called as it is, with one difference: where its own code says ``np``, it finds a module that is NumPy but
for the functions that make arrays (``docs/decisions/0013-buffers.md`` says what else was weighed). Nothing global
changes, so other functions, other threads and later calls never notice.
"""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Callable
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from edgewise.containers import flatten
from edgewise.core.levels import constant_like
from edgewise.core.traced import Traced
from edgewise.errors import ArgumentError, a_kind

__all__ = ["traced_buffers"]

_MAKERS: tuple[Callable[..., Any], ...] = (
    np.zeros, np.empty, np.ones, np.full, np.zeros_like, np.empty_like, np.ones_like, np.full_like, np.eye, np.identity,
)  # fmt: skip


def traced_buffers(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that does what ``f`` does, and makes arrays that traced values can be stored into.

    Called with traced arguments, ``np.zeros``, ``np.empty``, ``np.ones``, ``np.full``, ``np.eye``, ``np.identity`` and
    the ``_like`` functions that ``f`` itself calls, or a function defined inside it, return traced arrays. A function
    that ``f`` calls makes ordinary ones, unless it is decorated as well. Called with ordinary arguments, ``f`` runs
    unchanged.

    Args:
        f: a Python function or method that finds NumPy among its global or enclosing names.

    Raises:
        ArgumentError: ``f`` is no Python function, or assigns global names.

    >>> from edgewise import grad
    >>> @traced_buffers
    ... def total(x):
    ...     out = np.zeros(3)
    ...     for i in range(3):
    ...         out[i] = x[i] ** 2
    ...     return np.sum(out)
    >>> grad(total)(np.array([1.0, 2.0, 3.0]))
    array([2., 4., 6.])
    """
    function = f.__func__ if inspect.ismethod(f) else f
    if not isinstance(function, FunctionType):
        raise ArgumentError(
            f"ew.traced_buffers was given {a_kind(f)}",
            "it looks after the names that a Python function uses, and this is none",
            "decorate the function that makes the arrays",
        )
    if _assigns_globals(function.__code__):
        raise ArgumentError(
            f"ew.traced_buffers was given {function.__name__}, which assigns a global name",
            "the function finds its global names elsewhere, and the assignment would be lost",
            "return the value, or keep it in an attribute or a list",
        )

    @functools.wraps(f)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        traced = [leaf for leaf in flatten((args, kwargs))[0] if isinstance(leaf, Traced)]
        if not traced:
            return f(*args, **kwargs)
        names = _Names(function.__globals__, max(traced, key=lambda t: t.mode.level))
        cells = tuple(CellType(names.of(c.cell_contents)) if _filled(c) else c for c in function.__closure__ or ())
        own = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
        own.__kwdefaults__ = function.__kwdefaults__
        return own(f.__self__, *args, **kwargs) if inspect.ismethod(f) else own(*args, **kwargs)

    return wrapped


class _Names(dict[str, Any]):
    """The global names of a function as they are at each moment, but for NumPy and what makes arrays."""

    def __init__(self, names: dict[str, Any], like: Traced) -> None:
        super().__init__(__builtins__=names["__builtins__"])  # what a function takes its builtins from
        self._names = names
        self._made = {id(maker): _maker(maker, like) for maker in _MAKERS}
        self._numpy = _NumPy(self._made)

    def __getitem__(self, name: str) -> Any:
        return self.of(self._names[name])

    def of(self, value: Any) -> Any:
        """What a name stands for inside."""
        return self._numpy if value is np else self._made.get(id(value), value)


class _NumPy(ModuleType):
    """NumPy, with other functions that make arrays."""

    def __init__(self, made: dict[int, Any]) -> None:
        super().__init__(np.__name__, np.__doc__)
        self.__dict__.update((maker.__name__, made[id(maker)]) for maker in _MAKERS)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _maker(maker: Callable[..., Any], like: Traced) -> Callable[..., Any]:
    """A function that makes arrays, whose results can be stored into."""

    @functools.wraps(maker)
    def made(*args: Any, **kwargs: Any) -> Any:
        array = maker(*args, **kwargs)
        if type(array) is not np.ndarray or not array.ndim or array.dtype == object:
            return array  # traced already, a number, or objects
        return constant_like(like, array)

    return made


def _filled(cell: CellType) -> bool:
    """Whether the variable in a cell is NumPy or one of its functions that make arrays; it may be unassigned as yet."""
    try:
        return cell.cell_contents is np or any(cell.cell_contents is maker for maker in _MAKERS)
    except ValueError:
        return False


def _assigns_globals(code: CodeType) -> bool:
    inside = [c for c in code.co_consts if isinstance(c, CodeType)]
    own = any(i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL") for i in dis.get_instructions(code))
    return own or any(map(_assigns_globals, inside))
