"""Comparisons that end in a ``CheckError``: what was found, what it should be, and of which call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from edgewise.errors import CheckError
from edgewise.testing.subject import Subject

__all__ = ["NESTING", "ROUNDING", "SINGLE", "close", "fail", "same_dtypes", "same_result", "same_results"]

# Relative to the largest entry.
ROUNDING = 1e-12  # another order of summation, not another formula
NESTING = 1e-10  # derivatives of second order, whose formulas differ
SINGLE = 2e-5  # float32


def same_results(subject: Subject, what: str, found: Sequence[Any], expected: Sequence[Any], rtol: float) -> None:
    """``same_result``, part by part."""
    if len(found) != len(expected):
        fail(subject, f"{what} has {len(found)} parts", f"NumPy returns {len(expected)}")
    for y, right in zip(found, expected, strict=True):
        same_result(subject, what, y, right, rtol)


def same_result(subject: Subject, what: str, found: Any, expected: Any, rtol: float) -> None:
    """Equal in kind, shape and dtype; and in value, up to ``rtol`` of the largest entry."""
    if not hasattr(expected, "dtype") or isinstance(expected, type):
        if found != expected:
            fail(subject, f"{what} is {found!r}", f"NumPy returns {expected!r}")
        return
    if np.shape(found) != expected.shape:
        fail(subject, f"{what} has shape {np.shape(found)}", f"it should have {expected.shape}")
    if np.asarray(found).dtype != expected.dtype:
        fail(subject, f"{what} has dtype {np.asarray(found).dtype}", f"it should have {expected.dtype}")
    numbers = expected.dtype.kind in "fc"
    if rtol == 0.0 or not numbers:
        if not np.array_equal(found, expected, equal_nan=numbers):
            fail(subject, f"{what} is {found!r}", f"it should be exactly {expected!r}")
        return
    close(subject, what, found, expected, rtol, np.abs(expected).max(initial=0.0, where=np.isfinite(expected)))


def same_dtypes(subject: Subject, what: str, found: Sequence[Any], like: Sequence[Any]) -> None:
    """Derivatives have the shapes and dtypes of the values they belong to."""
    for y, x in zip(found, like, strict=True):
        if y.dtype != x.dtype or np.shape(y) != np.shape(x):
            fail(
                subject,
                f"{what} is of {y.dtype} and shape {np.shape(y)}",
                f"it belongs to a value of {x.dtype} and shape {np.shape(x)}",
            )


def close(subject: Subject, what: str, found: Any, expected: Any, rtol: float, scale: Any) -> None:
    """Equal in shape, and in value up to ``rtol * scale``."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        fail(subject, f"{what} has shape {found.shape}", f"it should have {expected.shape}")
    bound = rtol * max(float(scale), 1e-3)
    same = (found == expected) | ((found != found) & (expected != expected))  # infinities and NaN are compared as such
    wide = np.result_type(found, float)
    error = np.abs(np.where(same, 0, found.astype(wide)) - np.where(same, 0, expected))
    if not np.all(error <= bound):  # also where the error is NaN
        worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
        fail(
            subject,
            f"{what} is {found[worst]!r}{f' at {[int(i) for i in worst]}' if worst else ''}",
            f"it should be {expected[worst]!r}, and may be off by {bound:.2g}",
        )


def fail(subject: Subject, what: str, why: str) -> NoReturn:
    """Say that a law is broken."""
    raise CheckError(f"{subject.name}: {what}", why, "", where="")
