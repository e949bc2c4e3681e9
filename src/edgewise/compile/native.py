"""The gate that reads the structs of CPython and NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgewise.compile.plan import Plan

__all__ = ["native_gate", "natively"]


def natively(plan: Plan) -> bool:
    """Whether this gate works here, and for this plan."""
    return plan is None


def native_gate(plan: Plan) -> Callable[..., Any]:
    """A gate that is a C function; see ``make_gate``."""
    raise NotImplementedError(plan)
