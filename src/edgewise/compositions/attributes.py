"""Attributes of arrays that are not functions of NumPy's: the entries in a row, and NumPy as their namespace."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from edgewise.core import stores
from edgewise.core.traced import Traced


def _flat(self: Traced) -> Any:
    """All entries in one row, to go through or to index: a copy, where NumPy has an iterator over the memory."""
    return np.ravel(self)


def _set_flat(self: Traced, value: Any) -> NoReturn:
    raise stores.into_traced("a.flat = v")


def _namespace(self: Traced, *, api_version: Any = None) -> ModuleType:
    np.empty(0).__array_namespace__(api_version=api_version)  # NumPy's own verdict on the version
    return np


Traced.flat = property(_flat, _set_flat)  # type: ignore[attr-defined]  # installed here, above the core
Traced.__array_namespace__ = _namespace  # type: ignore[attr-defined]
