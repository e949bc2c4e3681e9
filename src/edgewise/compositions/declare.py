"""How a composition is declared: ``@composition(np.flip, samples, "m")`` above a function with NumPy's signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from edgewise.core.operators import method
from edgewise.core.registry import Declaration, register
from edgewise.families.elementwise import in_dtype

__all__ = ["composition"]

F = TypeVar("F", bound=Callable[..., Any])


def composition(
    function: Callable[..., Any],
    samples: Sequence[Any],
    *operands: str,
    oracle: str = "complex",
    note: str = "",
    methods: tuple[str, ...] = (),
    ragged: bool = False,
    kink: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """Declare that the decorated function is how ``function`` is computed on traced values.

    Args:
        function: the NumPy function.
        samples: calls that show it.
        operands: names of the leading parameters that may be traced; none: any may.
        oracle: as in ``core.registry.Declaration``.
        note: likewise.
        ragged: likewise.
        kink: likewise.
        methods: names under which traced values have it as a method.
    """

    def enter(body: F) -> F:
        entry = _with_keywords(function, body) if isinstance(function, np.ufunc) else body
        row = Declaration(function, "composition", samples, None, oracle, note, ragged, kink)
        register(row, entry, operands or None)
        for name in methods:
            method(name, function)
        return body

    return enter


def _with_keywords(function: np.ufunc, body: Callable[..., Any]) -> Callable[..., Any]:
    """``body`` with the keywords that every ufunc has; what else it takes is in its own signature."""
    own = set(inspect.signature(body).parameters)

    @functools.wraps(body)
    def entry(*args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            return body(*args)
        given = {k: v for k, v in kwargs.items() if k in own}
        return body(*in_dtype(function, args, {k: v for k, v in kwargs.items() if k not in own}), **given)

    return entry
