"""Stores into arrays that cannot hold a derivative: the errors, which name the line and what works instead.

The one case in which ``a += t`` goes through is next door, in ``rebinding``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.rebinding import SYMBOLS, stored_by
from edgewise.core.refusals import stored
from edgewise.errors import StoreError, spelled_call, user_frame

__all__ = ["holds_objects", "refused", "refused_at", "refused_in_place", "refused_out"]


def refused(how: str, instead: str = "") -> Exception:
    """The error for a store into an ordinary array.

    Args:
        how: as the user wrote it: ``+=``, ``out=``, ``np.copyto``.
        instead: what works; "" for what works in most cases.
    """
    call = spelled_call(user_frame())
    if how == "np.copyto" and call not in ("", "np.copyto", "copyto"):  # np.full and others store by it
        how, instead = call, f"leave the dtype out: {call}(shape, t)" if call.endswith("full") else ""
    if how == "out=":
        instead = f"use what the function returns: a = {call or 'np.add'}(...)"
    return _refused(how, instead or "make a new value: a = np.where(mask, t, a)")


def _refused(how: str, instead: str, where: str | None = None) -> StoreError:
    return StoreError(
        f"a traced value was stored with {how} into an ordinary array",
        "an ordinary array cannot carry a derivative, and others may hold this one or a view of it",
        instead,
        where,
    )


def holds_objects(target: Any) -> bool:
    """Whether an array can hold traced values: an object array can."""
    return isinstance(target, np.ndarray) and target.dtype == object


def refused_out(ufunc: np.ufunc, target: Any, frame: Any) -> Exception:
    """The error for ``a += t``, or for ``out=a`` where it was not written as an operator."""
    symbol, (_, store) = SYMBOLS.get(ufunc), stored_by(frame)
    if symbol is None or not store:
        return refused("out=")
    if isinstance(target, np.ndarray) and target.base is not None and store in ("STORE_SUBSCR", "STORE_SLICE"):
        return stored(f"a[i] {symbol}= t")
    return refused_in_place(ufunc)


def refused_in_place(ufunc: np.ufunc, where: str | None = None) -> StoreError:
    """The error for ``a += t`` with an ordinary array that others may hold."""
    symbol = SYMBOLS[ufunc]
    return _refused(f"{symbol}=", f"make a new value: a = a {symbol} t", where)


def refused_at(ufunc: np.ufunc) -> Exception:
    """The error for ``np.add.at(a, i, t)``."""
    if ufunc is np.add:
        return refused("np.add.at", "make a new value: a = a + np.eye(len(a))[i].T @ t")
    return refused(f"np.{ufunc.__name__}.at", "write it with np.where, which makes a new value")
