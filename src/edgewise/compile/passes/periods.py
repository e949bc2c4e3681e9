"""Where a sequence repeats: stretches in which what stands at a place stands again one period further, and again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["FEWEST", "Stretch", "stretches"]

WINDOW = 16  # entries that must be alike for two places to be
FEWEST = 8  # repetitions of a stretch
PERIODS = 12  # that are tried
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits all over: 2**64 divided by the golden ratio


class Stretch(NamedTuple):
    """Entries ``start + k * period + position`` of a sequence, which are the same for every k below ``times``."""

    start: int
    period: int
    times: int


def stretches(kinds: Any) -> list[Stretch]:
    """Where a sequence repeats, the longest stretches first, and of one that has several periods the shortest.

    Windows are told apart by hashes of 64 bits (Karp and Rabin, "Efficient randomized pattern-matching algorithms",
    IBM Journal of Research and Development 31, 1987). A place that has its like at equal distances, again and again,
    votes for that distance as a period.

    Args:
        kinds: the sequence, an array of unsigned integers of 64 bits.

    >>> stretches(np.array([7, *[1, 2, 3] * 20, 8], np.uint64))
    [Stretch(start=1, period=3, times=20)]
    """
    n, hashes, width = len(kinds), (kinds + np.uint64(1)) * MIX, 1
    if n < 2 * WINDOW:
        return []
    power = np.array([MIX])
    while width < WINDOW:
        hashes = hashes[:-width] + hashes[width:] * power
        power, width = power * power, 2 * width
    order = np.argsort(hashes, kind="stable")
    ordered, distance = hashes[order], np.diff(order)
    alike = ordered[1:] == ordered[:-1]
    steady = alike[1:] & alike[:-1] & (distance[1:] == distance[:-1])
    periods, votes = np.unique(distance[1:][steady], return_counts=True)
    found = []
    for period in periods[np.argsort(votes)[-PERIODS:]].tolist():
        again = np.concatenate([[False], hashes[:-period] == hashes[period:], [False]])
        edges = np.flatnonzero(again[1:] != again[:-1])
        for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if end - start >= period * (FEWEST - 1):
                times = min(end - start + period + WINDOW - 1, n - start) // period
                found.append((start - end, period, Stretch(start, period, times)))
    return [stretch for _, _, stretch in sorted(found)]
