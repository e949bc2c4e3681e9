"""NumPy functions that store into their first argument: refused, by name, until traced arrays can be stored into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from edgewise.core import stores
from edgewise.core.registry import ENTRIES, spelling
from edgewise.core.traced import Traced


def _refuse(function: Callable[..., Any], instead: str = "") -> None:
    def entry(target: Any, *args: Any, **kwargs: Any) -> Any:
        if stores.holds_objects(target):
            return function(target, *(np.asarray(a) if isinstance(a, Traced) else a for a in args), **kwargs)
        raise stores.refused(target, spelling(function), instead)

    ENTRIES[function] = entry


_refuse(np.copyto, "use the value itself, a = t; to replace some entries, a = np.where(mask, t, a)")
for function in (np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis):
    _refuse(function)


def _refuse_method(name: str) -> None:
    def bound(self: Traced, *args: Any, **kwargs: Any) -> Any:
        raise stores.into_traced(f"a.{name}(...)")

    bound.__name__ = bound.__qualname__ = name
    bound.__doc__ = "Refused: it stores into the array."
    setattr(Traced, name, bound)


for name in ("sort", "fill", "put", "partition", "resize", "setflags", "byteswap", "itemset"):
    _refuse_method(name)


def _delete(self: Traced, index: Any) -> NoReturn:
    raise ValueError("cannot delete array elements")  # in NumPy's words


Traced.__delitem__ = _delete  # type: ignore[attr-defined]  # installed here, with the other stores
