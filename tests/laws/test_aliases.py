"""Every row of the book makes a view where NumPy makes one, and a copy where NumPy copies."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.core.traced import Traced
from edgewise.modes import Batched, Dual, Recorded
from edgewise.testing.subject import Subject, output_leaves


def arrays(subject):
    return [i for i, v in enumerate(subject.leaves) if v.ndim and v.dtype.kind in "fc"]


def followers(subject, lift):
    """Which results change when the arguments are added to in place."""
    leaves = [lift(np.array(v)) for v in subject.leaves]
    made = output_leaves(subject.call(*leaves))
    before = [plain(y) for y in made]
    for i in arrays(subject):
        leaves[i] += 1.0
    return [changed(a, plain(y)) for a, y in zip(before, made, strict=True)]


def plain(y):
    return np.array(ew.value(y)) if isinstance(y, Traced | np.ndarray) else None


def changed(a, b):
    return a is not None and a.dtype.kind in "fc" and not np.array_equal(a, b, equal_nan=True)


@pytest.mark.filterwarnings("ignore")  # samples at the edge of their domain, which one more puts outside
@pytest.mark.parametrize("mode", [Recorded, Dual])
@pytest.mark.parametrize("function", DECLARATIONS, ids=spelling)
def test_views_and_copies(function, mode):
    if (getattr(function, "__module__", "") or "").startswith("edgewise"):  # ours, by which views are made
        return
    for sample in DECLARATIONS[function].samples:
        subject = Subject(DECLARATIONS[function], sample)
        if not arrays(subject):
            continue
        with mode() as running:
            lift = (lambda v, m=running: m.lift(v, np.ones_like(v))) if mode is Dual else running.lift
            assert followers(subject, lift) == followers(subject, np.array), sample


def test_a_batch_has_the_views_of_its_members():
    for make in (
        lambda a: a[1:], lambda a: a.T, lambda a: a.reshape(-1), lambda a: a.ravel(), lambda a: a[0],
        lambda a: a[[0, 1]], lambda a: a.T.ravel(), np.diagonal, lambda a: a.T.reshape(-1),
        lambda a: a.swapaxes(0, 1)[1], np.copy, lambda a: np.sum(a, 0), lambda a: a[0, ...], lambda a: a[None, :, 1],
        np.ravel, lambda a: np.ravel(a, "K"),
    ):  # fmt: skip
        a = np.arange(6.0).reshape(2, 3)
        y = make(a)
        before = y.copy()
        a[...] = -1.0
        with Batched(2) as batch:
            t = batch.lift(np.stack([np.arange(6.0).reshape(2, 3)] * 2))
            z = make(t)
            np.testing.assert_array_equal(batch.lower(z)[1], before)
            t[...] = -1.0
            np.testing.assert_array_equal(batch.lower(z)[1], y)
