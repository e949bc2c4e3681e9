"""NumPy functions and methods that store into an array: ``np.put``, ``np.copyto``, ``a.sort()``, ``a.flat``, ...

Each is written with ``a[i] = v``. An ordinary array cannot take a traced value: that is an error, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from edgewise.core import stores
from edgewise.core.assignment import fitted, replace, store_at
from edgewise.core.index import ARRAY
from edgewise.core.levels import settled
from edgewise.core.memory import Flat, View, following, memory_of
from edgewise.core.registry import DECLARATIONS, ENTRIES, spelling
from edgewise.core.shapes import negative_axes
from edgewise.core.traced import TRACED, Traced, TracedArray
from edgewise.errors import NotYetError

ALL = slice(None)


def _stores(function: Callable[..., Any], instead: str = "") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function that stores into its first argument; into an ordinary array it does not."""

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        def entry(target: Any, *args: Any, **kwargs: Any) -> Any:
            if type(target) in TRACED:
                return body(target, *args, **kwargs)
            if stores.holds_objects(target):
                return function(target, *(np.asarray(a) if isinstance(a, Traced) else a for a in args), **kwargs)
            raise stores.refused(spelling(function), instead)

        ENTRIES[function] = entry
        return body

    return declare


def _in_a_row(a: Any, places: Any, v: Any) -> None:
    """Store at positions of the flattened array; what is too short is repeated."""
    places = np.asarray(places).ravel()
    values = np.ravel(v if isinstance(v, Traced) else np.asarray(v))
    if not places.size:
        return
    if not values.size:
        raise ValueError("assigning an empty value")
    if values.size == 1:
        values = values[0]
    elif values.size != places.size:
        values = values[np.arange(places.size) % values.size]
    store_at(a, (ARRAY,) * a.ndim, np.unravel_index(places, a.shape), values)


@_stores(np.copyto, "use the value itself, a = t; to replace some entries, a = np.where(mask, t, a)")
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    src = src if hasattr(src, "dtype") else np.asarray(src)
    if not np.can_cast(src.dtype, dst.dtype, casting):  # type: ignore[arg-type]  # the user's word
        raise TypeError(f"Cannot cast array data from {src.dtype!r} to {dst.dtype!r} according to the rule '{casting}'")
    if where is True:
        dst[...] = src
        return
    replace(dst, np.where(np.broadcast_to(where, dst.shape), fitted(np.broadcast_to(src, dst.shape), dst.dtype), dst))


@_stores(np.put)
def _put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    places = np.asarray(settled(ind))
    if mode == "wrap":
        places = places % a.size
    elif mode == "clip":
        places = np.clip(places, 0, a.size - 1)
    else:
        np.put(np.broadcast_to(np.False_, a.shape).copy(), places, True)  # NumPy's own verdict
        places = places % max(a.size, 1)
    _in_a_row(a, places, v)


@_stores(np.place)
def _place(arr: Any, mask: Any, vals: Any) -> None:
    mask = np.asarray(settled(mask))
    if mask.size != arr.size:
        raise ValueError("place: mask and data must be the same size")
    if mask.any() and not np.size(vals):
        raise ValueError("Cannot insert from an empty array!")
    _in_a_row(arr, np.flatnonzero(mask), vals)


@_stores(np.putmask)
def _putmask(a: Any, mask: Any, values: Any) -> None:
    if np.size(mask) != a.size:
        raise ValueError("putmask: mask and data must be the same size")
    values = np.ravel(values if isinstance(values, Traced) else np.asarray(values))
    if not values.size:
        return
    row = values[np.arange(a.size) % values.size]
    replace(a, np.where(np.reshape(mask, a.shape), np.reshape(fitted(row, a.dtype), a.shape), a))


@_stores(np.fill_diagonal)
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    end = None
    if a.ndim == 2:
        step = a.shape[1] + 1
        if not wrap:
            end = a.shape[1] * a.shape[1]
    elif len(set(a.shape)) != 1:
        raise ValueError("All dimensions of input must be of equal length")
    else:
        step = 1 + int(np.cumprod(a.shape[:-1]).sum())
    _in_a_row(a, np.arange(a.size)[:end:step], val)


@_stores(np.put_along_axis)
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    if axis is None:
        shape = arr.shape
        flat = indices if isinstance(indices, Traced) else np.ravel(indices)
        along: list[Any] = []
        for n in reversed(shape):
            along.insert(0, flat % n)
            flat = flat // n
        arr[tuple(along)] = values
        return
    (one,) = negative_axes(axis, arr.ndim)
    arr[tuple(
        indices if i == one else np.reshape(np.arange(n), (-1,) + (1,) * (-i - 1))
        for i, n in enumerate(arr.shape, -arr.ndim)
    )] = values  # fmt: skip


# -- methods


def _sort(self: Any, axis: int = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> None:
    replace(self, np.sort(self, axis, kind, order, stable=stable))


def _partition(self: Any, kth: Any, axis: int = -1, kind: str = "introselect", order: None = None) -> None:
    replace(self, np.partition(self, kth, axis, kind, order))  # type: ignore[call-overload]  # kind is the user's word


def _fill(self: Any, value: Any) -> None:
    if np.ndim(value):
        raise ValueError("setting an array element with a sequence.")  # in NumPy's words
    self[...] = value


def _put_method(self: Any, indices: Any, values: Any, mode: str = "raise") -> None:
    _put(self, indices, values, mode)


for name, made in {"sort": _sort, "partition": _partition, "fill": _fill, "put": _put_method}.items():
    made.__name__ = made.__qualname__ = name
    setattr(Traced, name, made)


def _refuse_method(name: str, instead: str) -> None:
    def bound(self: Traced, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotYetError(
            f"a.{name}(...) of a traced array is not supported",
            "it changes what the memory of an array is, and not only what it holds",
            instead,
        )

    bound.__name__ = bound.__qualname__ = name
    bound.__doc__ = "Refused: it changes the memory itself."
    setattr(Traced, name, bound)


_refuse_method("resize", "make a new array: a = np.resize(a, shape), or np.reshape(a, shape)")
_refuse_method("setflags", "leave it out: nothing outside the function can be written to through a traced array")
_refuse_method("byteswap", "leave it out: the values are the same in either byte order")


def _delete(self: Traced, index: Any) -> NoReturn:
    raise ValueError("cannot delete array elements")  # in NumPy's words


Traced.__delitem__ = _delete  # type: ignore[attr-defined]  # installed here, with the other stores


# -- a.flat


def _flat(self: Any) -> Any:
    if not self.ndim:
        return np.ravel(self)
    look, target = memory_of(self), (self.size,)
    step = DECLARATIONS[np.reshape].primitive, (), {"target": target}
    row = following(View(look.memory, (*look.steps, step), look.writeable, np.reshape(look.places, target)), Flat)
    row.base = self
    return row


def _set_flat(self: Any, value: Any) -> None:
    _in_a_row(self, np.arange(self.size), value)


def _flat_item(self: Any, index: Any) -> Any:
    return np.copy(np.ravel(self)[index])


def _set_flat_item(self: Any, index: Any, value: Any) -> None:
    whole = self.base
    _in_a_row(whole, np.arange(whole.size)[settled(index)], value)


Traced.flat = property(_flat, _set_flat)  # type: ignore[attr-defined]
setattr(Flat, "__getitem__", _flat_item)  # noqa: B010  installed here, as the property is
setattr(Flat, "__setitem__", _set_flat_item)  # noqa: B010  the same


def _set_real(self: Any, v: Any) -> None:
    np.real(self)[...] = v


def _set_imag(self: Any, v: Any) -> None:
    if self.dtype.kind != "c":
        raise TypeError("array does not have imaginary part to set")
    np.imag(self)[...] = v


TracedArray.real = property(np.real, _set_real)  # type: ignore[attr-defined]  # z.imag *= 2 stores into a view, then this
TracedArray.imag = property(np.imag, _set_imag)  # type: ignore[attr-defined]  # the same
