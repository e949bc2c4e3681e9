"""The law of complex numbers: whatever NumPy computes of them is under the laws of first and second order as well.

A complex number is two real ones. ``in_complex`` makes of a sample a function of real and imaginary parts, with real
and imaginary parts for results; what holds for real functions has to hold for that one, and the derivative of every
complex operation on the way is used in full: along both axes, in both directions. The oracle are central differences of
NumPy's own function.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from edgewise.core.registry import Declaration, spelling
from edgewise.core.traced import Traced
from edgewise.families.samples import Case
from edgewise.families.samples import case as make_case
from edgewise.modes import Recorded
from edgewise.testing.compare import fail
from edgewise.testing.subject import Subject, output_leaves
from edgewise.transforms.border import gather_output

__all__ = ["in_complex", "refuses_as_numpy"]

FACTOR = 0.6879  # of imaginary parts to real ones: none falls on a jump of np.round, to whatever decimal


def in_complex(declaration: Declaration, case: Case) -> Declaration | None:
    """A row for the function of real and imaginary parts, with one sample; None where NumPy refuses complex numbers."""
    subject = Subject(declaration, case)
    parts = [part for leaf in subject.leaves for part in (leaf, _imaginary(leaf))]
    joined = _hermitian if declaration.oracle == "symmetric" else _joined
    if not parts or not _computes(subject, joined(parts)):
        return None

    def function(*given: Any) -> Any:
        made = output_leaves(subject.call(*joined(given)))
        return tuple(part for y in made for part in _split(y))

    function.__name__ = f"{spelling(declaration.function)} of complex numbers"
    row = make_case(*parts, wrt=tuple(range(len(parts))))
    return Declaration(function, "composition", [row], None, "difference", declaration.note, declaration.ragged)


def refuses_as_numpy(declaration: Declaration, case: Case) -> None:
    """Where NumPy takes no complex numbers, traced ones are refused as well."""
    subject = Subject(declaration, case)
    leaves = [leaf + 1j * _imaginary(leaf) for leaf in subject.leaves]
    try:
        with Recorded() as mode:
            subject.call(*(mode.lift(v) for v in leaves))
    except (TypeError, ValueError, NotImplementedError):
        return
    fail(subject, "it was computed of complex numbers", "NumPy refuses them")


def _computes(subject: Subject, leaves: list[Any]) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)  # dropping imaginary parts is refusing them
            subject.call(*leaves)
    except (TypeError, ValueError, NotImplementedError, np.exceptions.ComplexWarning):
        return False
    return True


def _imaginary(leaf: Any) -> Any:
    """Imaginary parts for a sample of real numbers: finite, and away from kinks."""
    finite = np.where(np.isfinite(leaf), leaf, 0.3)
    return np.reshape(FACTOR * np.ravel(finite)[::-1], leaf.shape)[()]


def _joined(parts: Any) -> list[Any]:
    return [re + 1j * im for re, im in zip(parts[::2], parts[1::2], strict=True)]


def _hermitian(parts: Any) -> list[Any]:
    """For functions of symmetric matrices: of complex numbers, they are functions of Hermitian ones."""
    return [(z + np.conj(np.swapaxes(z, -1, -2))) / 2 for z in _joined(parts)]


def _split(y: Any) -> tuple[Any, ...]:
    y = gather_output(y)
    dtype = y.dtype if isinstance(y, Traced | np.ndarray | np.generic) else None
    return (np.real(y), np.imag(y)) if dtype is not None and dtype.kind == "c" else (y,)
