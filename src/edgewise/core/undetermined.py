"""A tangent some of whose entries nobody can know: those of eigenvectors that belong to equal eigenvalues.

Such entries spread to whatever is computed with them, whatever weight they meet (a weight that is 0 at this point need
not be so nearby), and are dropped where they are not chosen. So a function may use the other columns. What still has
undetermined entries at the end, or meets an operation that is not listed here, is an error.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from edgewise.core.levels import plain, somewhere
from edgewise.core.traced import Traced
from edgewise.errors import UndeterminedError

__all__ = ["Reason", "Undetermined", "known_entries"]

_MOVES = frozenset(
    {
        np.broadcast_to,
        np.concatenate,
        np.diagonal,
        np.expand_dims,
        np.moveaxis,
        np.reshape,
        np.squeeze,
        np.stack,
        np.swapaxes,
        np.transpose,
    }
)


class Reason(NamedTuple):
    """Why entries are undetermined: the parts of the error, of which ``what`` has a place for the smallest ``gap``.

    Attributes:
        what, why, instead: the message.
        gap: distances that are too small, and infinity elsewhere.
        line: the user's, where the result was computed.
    """

    what: str
    why: str
    instead: str
    gap: Any
    line: str

    def error(self) -> UndeterminedError:
        """The error that says so."""
        gap = float(np.min(plain(self.gap), initial=np.inf))
        return UndeterminedError(self.what.format(gap=f"{gap:.3g}"), self.why, self.instead, self.line)


def known_entries(values: Any, loose: Any, reason: Reason) -> Any:
    """The values, where none of them is loose; otherwise an ``Undetermined``."""
    return Undetermined(values, loose, reason) if somewhere(loose) else values


class Undetermined(np.lib.mixins.NDArrayOperatorsMixin):
    """Values of which those marked in ``loose`` are not known.

    Args:
        values: an array.
        loose: booleans of its shape.
        reason: why.
    """

    def __init__(self, values: Any, loose: Any, reason: Reason) -> None:
        self.values = values
        self.loose = loose
        self.reason = reason
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, index: Any) -> Any:
        return known_entries(self.values[index], self.loose[index], self.reason)

    def astype(self, dtype: Any) -> Undetermined:
        """The same in another dtype."""
        return Undetermined(self.values.astype(dtype), self.loose, self.reason)

    def __array_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        if func in _MOVES:
            found, loose = (func(*_each(args, part), **kwargs) for part in (_values, _loose))
        elif func is np.where and len(args) == 3:
            found, loose = (np.where(args[0], *map(part, args[1:])) for part in (_values, _loose))
        elif func is np.sum and args[0] is self:
            found, loose = np.sum(self.values, *args[1:], **kwargs), np.any(self.loose, *args[1:], **kwargs)
        else:
            self.refuse()
        return known_entries(found, loose, self.reason)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs or any(isinstance(x, Traced) for x in inputs):
            self.refuse()
        found, masks = ufunc(*map(_values, inputs)), [_loose(x) for x in inputs]
        if ufunc is np.matmul:  # one loose entry is enough for a row or a column
            a, b = (m.astype(float) for m in masks)
            loose = a @ np.ones(b.shape) + np.ones(a.shape) @ b > 0
        else:
            loose = np.broadcast_to(functools.reduce(np.logical_or, masks), np.shape(found))
        return known_entries(found, loose, self.reason)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the error."""
        raise self.reason.error()


def _each(args: Sequence[Any], part: Callable[[Any], Any]) -> list[Any]:
    """The operands' parts; what is no array (axes, a shape) as it is."""
    return [
        type(a)(_each(a, part)) if isinstance(a, list | tuple) else part(a) if hasattr(a, "dtype") else a for a in args
    ]


def _values(x: Any) -> Any:
    return x.values if isinstance(x, Undetermined) else x


def _loose(x: Any) -> Any:
    return x.loose if isinstance(x, Undetermined) else np.zeros(np.shape(x), bool)
