"""An attribute of arrays that is no function of NumPy's: NumPy as their namespace."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from edgewise.core.traced import Traced


def _namespace(self: Traced, *, api_version: Any = None) -> ModuleType:
    np.empty(0).__array_namespace__(api_version=api_version)  # NumPy's own verdict on the version
    return np


Traced.__array_namespace__ = _namespace  # type: ignore[attr-defined]  # installed here, above the core
