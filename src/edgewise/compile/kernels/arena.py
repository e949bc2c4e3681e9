"""Scratch memory: one block of bytes that values share by taking turns.

A value takes a stretch when it is made and gives it back when nothing needs it any more, so that another can have it:
colouring by lifetime, first fit, neighbouring free stretches joined.
"""

from __future__ import annotations

from edgewise.compile.scratch import ALIGNMENT

__all__ = ["Arena"]


class Arena:
    """The layout of scratch memory; ``size`` is how much was needed at once.

    >>> arena = Arena()
    >>> first, second = arena.take(8), arena.take(100)
    >>> arena.give(first)
    >>> arena.take(64) == first, arena.size
    (True, 192)
    """

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []  # offset and length, by offset
        self._taken: dict[int, int] = {}

    def take(self, count: int) -> int:
        """The offset of ``count`` bytes, aligned to a cache line."""
        length = max(-(-count // ALIGNMENT), 1) * ALIGNMENT
        for i, (offset, room) in enumerate(self._free):
            if room >= length:
                if room == length:
                    del self._free[i]
                else:
                    self._free[i] = (offset + length, room - length)
                self._taken[offset] = length
                return offset
        offset = self.size
        if self._free and sum(self._free[-1]) == self.size:  # the last stretch is free, and grows
            offset = self._free.pop()[0]
        self.size = offset + length
        self._taken[offset] = length
        return offset

    def give(self, offset: int) -> None:
        """Give back what was taken at an offset."""
        length = self._taken.pop(offset)
        joined: list[tuple[int, int]] = []
        for start, room in sorted([*self._free, (offset, length)]):
            if joined and sum(joined[-1]) == start:
                joined[-1] = (joined[-1][0], joined[-1][1] + room)
            else:
                joined.append((start, room))
        self._free = joined
