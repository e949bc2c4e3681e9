"""Kept buffers: ordinary arrays that a node needs later, and that the user may overwrite before the sweep.

Reused work buffers are everyday NumPy. Keeping a reference would silently differentiate with the new contents; copying
everything would cost more than the sweep. The policy, by size (figures in ``docs/decisions/0006-kept-buffers.md``):

* up to ``COPY``: copied. A copy is cheaper than anything else we could do.
* up to ``COMPARE``: copied, once per content: an array kept before in this transformation is compared with its last
  copy.
* above: locked read-only until the sweep is over, with all arrays it is a view of, so that a store raises at the
  user's own line; and fingerprinted, because a view made before the lock can still write through. Memory that no NumPy
  array owns (a memory map, a foreign buffer) cannot be locked: it is compared and copied whatever its size.
* an array that is read-only already, and so is all that it is a view of, is nobody's to overwrite: kept as it is.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from edgewise.core.forks import held_across_forks
from edgewise.errors import OverwrittenError, user_line

__all__ = ["COMPARE", "COPY", "Keeper", "Sharing", "Trusting", "locked_at"]

COPY = 16 * 1024
COMPARE = 1024 * 1024
COLUMNS = 1021  # prime, so that moving whole rows of a matrix changes the fingerprint


class Lock:
    """An array made read-only, for as long as some transformation holds it.

    Attributes:
        where: the user's line that used the array.
        waiting: views of it that nobody holds any longer; NumPy lets a view be writeable only after its base.
    """

    __slots__ = ("array", "holders", "waiting", "where")

    def __init__(self, array: Any, where: str) -> None:
        self.array = array
        self.where = where
        self.holders = 1
        self.waiting: list[Any] = []


_lock = threading.Lock()
_held: dict[int, Lock] = {}  # by id; shared by all threads


class Keeper:
    """What one transformation keeps of the user's arrays."""

    __slots__ = ("_copies", "_guarded", "_locked")

    def __init__(self) -> None:
        self._copies: dict[int, tuple[Any, Any]] = {}
        self._guarded: dict[int, tuple[Any, Any, str]] = {}
        self._locked: list[Any] = []

    def hold(self, array: np.ndarray[Any, Any]) -> Any:
        """The array to keep in place of the user's: same content until ``release``, or an error from ``verify``."""
        if array.nbytes <= COPY:
            return array.copy("K")
        if array.nbytes <= COMPARE or not _lockable(array):
            return self._copied(array)
        if id(array) not in self._guarded:
            where = user_line()
            if self._lock_chain(array, where):
                self._guarded[id(array)] = (array, _fingerprint(array), where)
        return array

    def _copied(self, array: Any) -> Any:
        known = self._copies.get(id(array))
        if known is not None and known[0] is array and _same(known[1], array):
            return known[1]
        copy = array.copy("K")
        self._copies[id(array)] = (array, copy)
        return copy

    def holds(self, array: Any) -> bool:
        """Whether ``array`` is kept by a lock, so that it must be copied to outlive this transformation."""
        return id(array) in self._guarded

    def verify(self) -> None:
        """Compare the fingerprints.

        Raises:
            OverwrittenError: an array changed after it was kept.
        """
        for array, before, where in self._guarded.values():
            if not np.array_equal(_fingerprint(array), before):
                raise OverwrittenError(
                    f"an array of shape {array.shape} was overwritten after it was used here",
                    "its old contents are part of the derivative, which is taken after the function has run",
                    "store into another array, or use a copy here: x * buffer.copy()",
                    where,
                )

    def release(self) -> None:
        """Give the user's arrays back as they were."""
        held_across_forks(_lock)
        with _lock:
            for array in reversed(self._locked):  # bases first: a view cannot be writeable over a locked base
                lock = _held[id(array)]
                lock.holders -= 1
                if lock.holders:
                    continue
                del _held[id(array)]
                base = _held.get(id(array.base))
                if base is not None:  # held by another transformation
                    base.waiting += [array, *lock.waiting]
                    continue
                for free in (array, *lock.waiting):
                    free.flags.writeable = True
        self._locked.clear()
        self._guarded.clear()
        self._copies.clear()

    def _lock_chain(self, array: Any, where: str) -> bool:
        """Make an array and all it is a view of read-only; False where they were, by nobody's doing but the user's."""
        locked = False
        with _lock:
            while isinstance(array, np.ndarray):
                lock = _held.get(id(array))
                if lock is not None:
                    lock.holders += 1
                elif array.flags.writeable:
                    array.flags.writeable = False
                    _held[id(array)] = Lock(array, where)
                else:
                    array = array.base
                    continue
                locked = True
                self._locked.append(array)
                array = array.base
        return locked


class Sharing(Keeper):
    """Compares small arrays as well: for what is kept long and met often, where copies add up."""

    __slots__ = ()

    def hold(self, array: np.ndarray[Any, Any]) -> Any:
        return self._copied(array) if array.nbytes <= COPY else super().hold(array)


class Trusting(Keeper):
    """Keeps arrays as they are: for what is recorded and swept without any of the user's code in between."""

    __slots__ = ()

    def hold(self, array: np.ndarray[Any, Any]) -> Any:
        return array


def locked_at(array: Any) -> str | None:
    """The user's line for whose sake an array cannot be written to, or None where that is not our doing."""
    with _lock:
        while isinstance(array, np.ndarray):
            lock = _held.get(id(array))
            if lock is not None:
                return lock.where
            array = array.base
    return None


def _same(copy: Any, array: Any) -> bool:
    """Bit for bit: 0.0 and -0.0 differ, equal NaNs do not."""
    if array.itemsize not in (1, 2, 4, 8):  # longdouble has padding
        return False
    word = f"u{array.itemsize}"
    return bool(np.array_equal(copy.view(word), array.view(word)))


def _lockable(array: Any) -> bool:
    if array.itemsize not in (1, 2, 4, 8):
        return False
    while isinstance(array.base, np.ndarray):
        array = array.base
    return bool(array.flags.owndata)


def _fingerprint(array: Any) -> Any:
    """Every bit of an array, most of them folded by exclusive or into ``COLUMNS`` words: as fast as memory is read.

    The number of rows folded is odd, so that the same change to every entry (a sign, a constant) does not cancel.
    """
    words = array.view(f"u{array.itemsize}").ravel(order="K")
    rows = words.size // COLUMNS
    rows -= 1 - rows % 2
    folded = np.bitwise_xor.reduce(words[: rows * COLUMNS].reshape(-1, COLUMNS), axis=0)
    return np.concatenate((folded, words[rows * COLUMNS :]))
