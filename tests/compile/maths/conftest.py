"""Nothing here can run without LLVM, nor be judged without mpmath."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Run = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a function over arrays, in a loop of a width; each is compiled for each way to compile it."""
    from edgewise.testing.elementary.loops import Loops

    @functools.lru_cache(maxsize=16)  # an engine for each takes half a megabyte, and there are some eight hundred
    def loops(name: str, dtype: str, width: int, **options: Any) -> Loops:
        return Loops([(name, dtype, width)], **options)

    def run(name: str, dtype: str, width: int, *arguments: np.ndarray, **options: Any) -> np.ndarray:
        return loops(name, dtype, width, **options)(name, dtype, width, *arguments)

    return run


@pytest.fixture(scope="session")
def known() -> Callable[[str, str], tuple[tuple[np.ndarray, ...], list[Any]]]:
    """Arguments of a function, and its exact values there."""
    from edgewise.testing.elementary.oracle import exact
    from edgewise.testing.elementary.points import points

    @functools.cache
    def values(name: str, dtype: str) -> tuple[tuple[np.ndarray, ...], list[Any]]:
        arguments = points(name, dtype, 3000 if dtype == "double" else 1000)
        return arguments, exact(name, *arguments)

    return values
