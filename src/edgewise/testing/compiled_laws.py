"""Compiled = NumPy: what ``jit`` makes of a declared function, and of its derivatives, computes the same.

Each is called at several points: the first call records, the others run what was recorded, or find that a guard does
not hold and record again. A function that cannot be followed would be left to Python with a warning, which is an error
here.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from edgewise.compile.jit import jit
from edgewise.core.registry import Declaration
from edgewise.errors import CompileWarning, UndeterminedError
from edgewise.families.samples import Case
from edgewise.families.samples import case as make_case
from edgewise.testing.batch_laws import BATCH
from edgewise.testing.compare import NESTING, ROUNDING, same_results
from edgewise.testing.subject import Subject, output_leaves
from edgewise.transforms.gradient import grad
from edgewise.transforms.operator import vjp

__all__ = ["compiled", "compiled_derivatives"]


def compiled(declaration: Declaration, case: Case) -> None:
    """The value, bit for bit in shape and dtype."""
    subject = Subject(declaration, case if case.wrt else make_case(*case.args, **case.kwargs))

    def outputs(*leaves: Any) -> list[Any]:
        return output_leaves(subject.call(*leaves))

    _same(subject, "the compiled value", outputs, ROUNDING)


def compiled_derivatives(declaration: Declaration, case: Case) -> None:
    """Cotangents, and the gradient of a sum of their squares."""
    subject = Subject(declaration, case)
    weights = subject.random(np.random.default_rng(9), "outputs")
    every = tuple(range(len(subject.leaves)))

    def pulled(*leaves: Any) -> Any:
        return vjp(subject, *leaves)[1](tuple(weights))

    def energy(*leaves: Any) -> Any:
        return sum(np.sum(np.real(g * np.conj(g))) for g in pulled(*leaves))

    _same(subject, "the compiled pull", pulled, ROUNDING)
    if all(v.dtype.kind == "f" for v in subject.leaves):
        _same(subject, "the compiled gradient of a gradient", grad(energy, every), NESTING)


def _same(subject: Subject, what: str, f: Any, rtol: float) -> None:
    made = jit(f)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", CompileWarning)
        for point in [*subject.variants(BATCH), subject.leaves]:
            try:
                expected = list(f(*point))
            except UndeterminedError:
                continue
            for again in range(2):
                same_results(subject, f"{what} (call {again + 1} there)", list(made(*point)), expected, rtol)
