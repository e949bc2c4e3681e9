"""How a kept array is told to have changed: by comparison with a copy, or by a fingerprint of every bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from edgewise.core import buffers

LARGE = buffers.COMPARE // 8 + 1  # entries of float64


@pytest.mark.parametrize("size", [LARGE, 1021 * 200, 1021 * 201, 1021 * 200 + 5, 1021 * 201 - 1])
def test_the_fingerprint_sees_changes_of_one_bit_of_all_entries_and_of_whole_rows(size: int) -> None:
    a = np.random.default_rng(0).standard_normal(size)
    before = buffers._fingerprint(a)
    changes: list[Callable[[Any], Any]] = [
        lambda b: np.negative(b, out=b),
        lambda b: b.fill(1.0),
        lambda b: b.__setitem__(slice(0, 1000), 0.0),
        lambda b: b.__setitem__(slice(None), np.roll(b, 1)),
        lambda b: b.__setitem__(slice(None), b[::-1].copy()),
        *(lambda b, i=i: b.view("u8").__setitem__(i, b.view("u8")[i] ^ 1) for i in (0, size // 2, size - 1)),
    ]
    for change in changes:
        b = a.copy()
        change(b)
        assert not np.array_equal(buffers._fingerprint(b), before)
    constant = np.ones(size)
    assert not np.array_equal(buffers._fingerprint(constant), buffers._fingerprint(2 * constant))


@pytest.mark.parametrize("itemsize", [1, 2, 4, 8])
def test_the_fingerprint_is_of_the_contents_whatever_the_strides(itemsize: int) -> None:
    a = np.arange(4 * LARGE, dtype=f"u{itemsize}").reshape(4, LARGE)
    for view in (a, a[1::2], a[:, ::-1], a.T):
        assert np.array_equal(buffers._fingerprint(view), buffers._fingerprint(view.copy("K")))


def test_every_bound_of_the_policy_is_met() -> None:
    """A copy each time, a copy a content, a lock."""
    sizes = {"small": 240, "copied": buffers.COPY, "compared": buffers.COPY + 8, "large": buffers.COMPARE + 8}
    for name, nbytes in sizes.items():
        keeper = buffers.Keeper()
        a = np.zeros(nbytes // 8)
        kept = keeper.hold(a)
        assert (kept is a) == (name == "large")
        assert (keeper.hold(a) is kept) == (nbytes > buffers.COPY)
        keeper.release()
        assert a.flags.writeable


def test_what_is_compared_is_kept_once_per_content() -> None:
    keeper = buffers.Keeper()
    a = np.zeros(buffers.COPY)
    copies = []
    for content in (0.0, 0.0, -0.0, np.nan, np.nan):
        a[:] = content
        copies.append(keeper.hold(a))
    same = [first is second for first, second in itertools.pairwise(copies)]
    assert same == [True, False, False, True]
