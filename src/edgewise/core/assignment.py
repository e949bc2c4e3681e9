"""Stores into traced arrays, as users write them: ``a[i] = v``, ``a += v``, ``out=a``.

``store`` takes NumPy's index, ``store_at`` one in normal form, ``replace`` a whole new content. Before a store, the
value is brought to the shape and dtype that NumPy would give it; what NumPy refuses is refused in its own words.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np

from edgewise.core import stores
from edgewise.core.admission import admit
from edgewise.core.index import ARRAY, fill, index_shape, normalise, scatter_add
from edgewise.core.levels import beneath, known, settled
from edgewise.core.memory import View, memory_of
from edgewise.core.mode import RECORDERS
from edgewise.core.refusals import stores_now
from edgewise.core.registry import ENTRIES
from edgewise.core.shapes import cast
from edgewise.core.traced import (
    FOLLOWING,
    TRACED,
    Traced,
    TracedArray,
    TracedScalar,
    call,
    call_into,
    call_ufunc,
    cast_as,
    fixed,
    ufunc_at,
    ufunc_into,
)
from edgewise.errors import NotYetError, spelled_call

__all__ = ["replace", "store", "store_at", "store_result"]

ALL = slice(None)


def store(x: Traced, index: Any, value: Any) -> None:
    """``x[index] = value``."""
    if type(x) is TracedScalar:
        raise TypeError(f"'numpy.{x.dtype.type.__name__}' object does not support item assignment")
    mask = index[0] if type(index) is tuple and len(index) == 1 else index
    if isinstance(mask, Traced) and mask.dtype.kind == "b" and not known(mask) and not np.ndim(value):
        rest = np.reshape(mask, mask.shape + (1,) * (x.ndim - mask.ndim))
        replace(x, cast_as(np.where(rest, fitted(value, x.dtype), x), x.dtype))
        return
    if type(index) is int and x.ndim > 1 and type(getattr(value, "alias", None)) in (tuple, View):
        _refuse_shuffle(sys._getframe(2))
    if type(index) is int and x.ndim:
        if not -x.shape[0] <= index < x.shape[0]:
            raise IndexError(f"index {index} is out of bounds for axis 0 with size {x.shape[0]}")
        store_at(x, (index,), (), value)
        return
    store_at(x, *normalise(index, x.shape), value)


def _refuse_shuffle(frame: FrameType) -> None:
    """NumPy's shuffle moves the rows of its own arrays in memory; those of others it swaps as if they were no views.

    It is not written in Python: no instruction of the frame it was called from is a store.
    """
    call = spelled_call(frame) or "rng.shuffle"
    if call.endswith("shuffle") and not stores_now(frame.f_code, frame.f_lasti):
        raise NotYetError(
            f"{call} was given a traced array of several axes",
            "it stores rows that are views, each of which may have changed by then",
            "index with a shuffled order: a = a[rng.permutation(len(a))]",
        )


def store_at(x: Traced, template: tuple[Any, ...], arrays: tuple[Any, ...], value: Any) -> None:
    """The same with the index in normal form."""
    shape = x.shape
    v = fitted(value, x.dtype)
    if not arrays and len(template) >= len(shape) and all(item == ALL for item in template):
        whole = shaped(v, shape, template, arrays, shape)
        replace(x, whole if isinstance(whole, Traced) else np.broadcast_to(whole, shape))
        return
    look = memory_of(x)
    if not look.writeable:
        raise ValueError("assignment destination is read-only")
    if np.ndim(v) or arrays:
        target = index_shape(template, arrays, shape)
        v = shaped(v, target, template, arrays, shape)
        if any(np.size(a) > 1 for a in arrays):
            _store_scattered(look, template, arrays, v, target)
            return
    elif isinstance(v, Traced):
        v = shaped(v, index_shape(template, arrays, shape), template, arrays, shape)
    look.put(v, arrays, template)


def _store_scattered(look: View, template: Any, arrays: Any, v: Any, target: tuple[int, ...]) -> None:
    """A store at index arrays, which may name an entry more than once: the last one wins."""
    shape = look.places.shape if look.steps else look.memory.content.shape
    size = int(np.prod(shape))
    if any(isinstance(a, Traced) for a in arrays):
        _store_batch(look, template, arrays, v, target)
        return
    index = fill(template, arrays)
    count = int(np.prod(target))
    order = np.reshape(np.arange(count), target)
    last = np.empty(shape, np.intp)  # untouched memory costs nothing
    last[index] = order
    wins = last[index] == order
    if not wins.all():
        numbers = np.reshape(np.arange(size), shape)[index][wins]
        arrays, template = np.unravel_index(numbers, shape), (ARRAY,) * len(shape)
        v = v if np.ndim(v) == 0 else v[wins]
    look.put(v, arrays, template)


def _store_batch(look: View, template: Any, arrays: Any, v: Any, target: tuple[int, ...]) -> None:
    """The same where the index differs within a batch: what is beaten adds nothing instead of being left out."""
    memory, shape = look.memory, look.memory.content.shape
    v, arrays, template = look.completed(np.broadcast_to(v, target), arrays, template)
    numbers: Any = 0
    for a, n in zip(arrays, [n for item, n in zip(template, shape, strict=True) if item is ARRAY], strict=True):
        numbers = numbers * n + a % n
    places = np.reshape(numbers, (-1,))
    order = np.arange(places.size)
    beaten = np.any((places[:, None] == places) & (order[:, None] < order), axis=1)
    kept = np.where(np.reshape(beaten, np.shape(numbers) + (1,) * (len(target) - np.ndim(numbers))), 0, v)
    memory.put(0, arrays, template)
    memory.become(memory.content + scatter_add(kept, *arrays, template=template, shape=shape))


def replace(x: Traced, y: Any) -> None:
    """Store a whole new content of the same shape and dtype."""
    if not isinstance(y, Traced) or y.mode.level < x.mode.level:
        y = x.mode.constant(fixed(y) if isinstance(y, Traced) else np.array(y))
    else:
        y = fixed(y)
    if type(x) is TracedArray and _alone(x) and _strides(x) == _strides(y):
        x.value, x.mode, x.payload = y.value, y.mode, y.payload
        return
    look = memory_of(x)
    if not look.writeable:
        raise ValueError("assignment destination is read-only")
    if look.steps:
        look.put(y, (), (ALL,) * len(y.shape))
    else:
        look.memory.become(y)


def _alone(x: Any) -> bool:
    """Whether an array has no view, and is none."""
    alias = getattr(x, "alias", None)
    if type(alias) is not tuple and alias is not None:
        alias.verify()
    return alias is None or (type(alias) is not tuple and not any(r() is not None for r in alias.views))


def _strides(x: Any) -> Any:
    return getattr(beneath(x), "strides", None)


def store_result(x: Traced, y: Any, ufunc: Any, operands: tuple[Any, ...]) -> None:
    """Store the result of an operation, ``x += v`` or ``out=x``, under NumPy's rules for those.

    Args:
        x: where it goes.
        y: the result.
        ufunc: what made it, so that NumPy itself can refuse what does not fit; None where a result has to have the
            shape of ``out``.
        operands: of that ufunc.
    """
    shape = np.shape(y)
    fits = shape == x.shape or (ufunc and _reaches(shape, x.shape))
    if not fits or not np.can_cast(y.dtype, x.dtype, "same_kind"):
        into = np.empty(x.shape, x.dtype)
        if ufunc is None:
            np.copyto(into[None], np.empty(shape, y.dtype)[None], "same_kind")
            raise ValueError(f"output parameter of shape {x.shape} for a result of shape {shape}")
        like = [np.ones(np.shape(a), a.dtype if hasattr(a, "dtype") else np.asarray(a).dtype) for a in operands]
        with np.errstate(all="ignore"):
            ufunc(*like, out=into)
    y = fitted(y, x.dtype)
    replace(x, y if shape == x.shape else np.broadcast_to(y, x.shape))


def _reaches(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of one shape can be broadcast to another."""
    return len(shape) <= len(target) and all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))


def fitted(value: Any, dtype: Any) -> Any:
    """A value to be stored, in the dtype that it will have there."""
    v = admit(value)
    if type(v) in FOLLOWING:
        v = fixed(v)
    own = getattr(v, "dtype", None)
    if own is None or own == dtype:
        return v
    if own.kind == "c" and dtype.kind == "f":
        if np.ndim(v):  # NumPy's warning, or its error
            np.zeros(1, dtype)[:] = np.zeros(1, own)
        else:
            np.zeros(1, dtype)[0] = value if type(value) is complex else own.type(0)
        return cast(v, dtype)
    return cast_as(v, dtype)


def shaped(v: Any, target: tuple[int, ...], template: Any, arrays: Any, shape: tuple[int, ...]) -> Any:
    """A value to be stored, in the shape that it will have there; a plain number stays one."""
    own = np.shape(v)
    if own == target or (not own and not isinstance(v, Traced)):
        return v
    extra = len(own) - len(target)
    if extra > 0 and all(n == 1 for n in own[:extra]):
        v = np.reshape(v, own[extra:])
    if not _reaches(np.shape(v), target):
        like = tuple(np.zeros(np.shape(a), int) for a in arrays)
        np.empty(shape, bool)[fill(template, like)] = np.empty(own, bool)  # refused in NumPy's words
    return v if np.shape(v) == target else np.broadcast_to(v, target)


def _at(ufunc: np.ufunc, a: Any, indices: Any, *operand: Any) -> None:
    """``ufunc.at(a, indices, b)``: one entry after another, so that one named twice is changed twice."""
    if type(a) not in TRACED:
        raise stores.refused_at(ufunc)
    template, arrays = normalise(indices, a.shape)
    target = index_shape(template, arrays, a.shape)
    v = tuple(shaped(admit(b), target, template, arrays, a.shape) for b in operand)
    if ufunc in (np.add, np.subtract) and any(isinstance(i, Traced) for i in arrays):
        (b,) = v
        total = scatter_add(np.broadcast_to(b, target), *arrays, template=template, shape=a.shape)
        store_result(a, ufunc(a, total), ufunc, (a, total))
        return
    places = np.ravel(np.reshape(np.arange(a.size), a.shape)[fill(template, tuple(map(settled, arrays)))])
    v = tuple(np.ravel(b) if np.ndim(b) else b for b in v)
    for turn in _turns(places):
        index = np.unravel_index(places if turn is ... else places[turn], a.shape)
        before = a[index]
        a[index] = ufunc(before, *(b[turn] if np.ndim(b) else b for b in v))


def _turns(places: Any) -> list[Any]:
    """Which entries take part in the first, second, ... round, none of which names a place twice."""
    order = np.argsort(places, kind="stable")
    ranked = places[order]
    fresh = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if places.size else places
    if fresh.size == places.size:
        return [...] if places.size else []
    turn = np.empty(places.size, np.intp)
    turn[order] = np.arange(places.size) - np.repeat(fresh, np.diff(np.append(fresh, places.size)))
    return [np.flatnonzero(turn == i) for i in range(int(turn.max()) + 1)]


def _ufunc_into(
    ufunc: np.ufunc, method: str, inputs: Sequence[Any], out: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """A ufunc or a method of one with ``out=``, where entries that ``where=`` leaves out keep what they have."""
    for target in out:
        if target is not None and type(target) not in TRACED:
            raise stores.refused("out=")
    where = kwargs.pop("where", True) if method == "__call__" else True
    made = call_ufunc(ufunc, method, inputs, kwargs)
    results = list(made) if type(made) is tuple else [made]
    for i, (target, y) in enumerate(zip(out, results, strict=True)):
        if target is not None:
            chosen = y if where is True else np.where(where, y, target)
            store_result(target, chosen, ufunc if method == "__call__" else None, tuple(inputs))
            results[i] = target
    return tuple(results) if type(made) is tuple else results[0]


def _call_into(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> Any:
    """Another function with ``out=``."""
    store_result(out, call(function, args, kwargs), None, ())
    return out


ENTRIES[ufunc_at], ENTRIES[ufunc_into], ENTRIES[call_into] = _at, _ufunc_into, _call_into


def _set(self: Traced, index: Any, value: Any) -> None:
    for recorder in RECORDERS:
        index = recorder.captured(self, index)
    store(self, index, value)


setattr(Traced, "__setitem__", _set)  # noqa: B010  installed here, above the index
