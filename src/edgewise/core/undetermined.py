"""A tangent some of whose entries nobody can know: those of eigenvectors that belong to equal eigenvalues.

It is carried as long as it is only moved about, so that a function may use the other columns, and raises as soon as
an undetermined entry is computed with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from edgewise.core.levels import plain
from edgewise.errors import UndeterminedError

__all__ = ["Reason", "Undetermined", "known_entries"]

_MOVES = frozenset({np.transpose, np.swapaxes, np.reshape, np.moveaxis, np.broadcast_to, np.squeeze, np.expand_dims})


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
    return Undetermined(values, loose, reason) if np.any(plain(loose)) else values


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
        if func in _MOVES and args and args[0] is self:
            return known_entries(
                func(self.values, *args[1:], **kwargs), func(self.loose, *args[1:], **kwargs), self.reason
            )
        return self.refuse()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> NoReturn:
        self.refuse()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise the error."""
        raise self.reason.error()
