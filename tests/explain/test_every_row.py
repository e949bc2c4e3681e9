"""Every row of the book, explained: the traces are valid, and agree with an independent derivative and with themselves.

The oracle of the gradient is central differences of NumPy's own function along a random direction. Sums are held
against sums: contributions against adjoints, forward against reverse.
"""

from __future__ import annotations

import jsonschema
import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.explain.digest import Digest
from edgewise.testing.subject import Subject

SCHEMA = jsonschema.Draft202012Validator(ew.explain.schema())
ROWS = {f: d for f, d in DECLARATIONS.items() if any(Subject(d, case).differentiable for case in d.samples)}


@pytest.mark.parametrize("function", [pytest.param(f, id=spelling(f)) for f in ROWS])
def test_a_row_explained(function):
    case = next(case for case in ROWS[function].samples if Subject(ROWS[function], case).differentiable)
    subject = Subject(ROWS[function], case)
    rng = np.random.default_rng(0)
    f = subject.scalar(subject.random(rng, "outputs"))
    leaves = [np.asarray(v, dtype=v.dtype if v.dtype.kind == "f" else float)[()] for v in subject.leaves]
    with np.errstate(all="ignore"):
        e = ew.explain(f, *leaves)
        gradients = e.gradient if len(leaves) > 1 else (e.gradient,)
        direction = [like(v, rng.uniform(0.5, 1.0, np.shape(v))) for v in leaves]
        forward = ew.explain(f, *leaves, mode="forward", seed=tuple(direction))
    slope = sum(np.sum(g * t) for g, t in zip(gradients, direction, strict=True))
    np.testing.assert_allclose(forward.tangent, slope, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(slope, difference(f, leaves, direction), rtol=1e-5, atol=1e-7)
    for g, reference in zip(gradients, ew.grad(f, argnums=tuple(range(len(leaves))))(*leaves), strict=True):
        np.testing.assert_allclose(g, reference, rtol=1e-12)
    for trace in (e, forward):
        SCHEMA.validate(trace.to_dict())
        assert str(trace)
        assert trace.to_dot()
    contributions_add_up(e)


def like(value, t):
    """A direction that leaves symmetric matrices symmetric: their functions read one triangle."""
    if np.ndim(value) >= 2 and np.shape(value)[-1] == np.shape(value)[-2]:
        turned = np.swapaxes(value, -1, -2)
        return (t + np.swapaxes(t, -1, -2)) / 2 if np.array_equal(value, turned) else t
    return t


def difference(f, leaves, direction, h=1e-4):
    """Central differences, and Richardson's step from h to 0: the error is of the order h⁴."""

    def slope(h):
        ends = [f(*(v + s * h * t for v, t in zip(leaves, direction, strict=True))) for s in (1, -1)]
        return (ends[0] - ends[1]) / (2 * h)

    return (4 * slope(h) - slope(2 * h)) / 3


def contributions_add_up(e):
    for value in e:
        parts = [edge.contribution for edge in value.uses if edge.contribution is not None]
        if value in e.outputs or isinstance(value.adjoint, Digest) or any(isinstance(p, Digest) for p in parts):
            continue
        if parts:
            np.testing.assert_allclose(sum(parts[1:], parts[0]), value.adjoint, rtol=1e-9)
        else:
            assert value.adjoint is None
            assert value.dead
