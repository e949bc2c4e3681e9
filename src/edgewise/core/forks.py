"""Locks across ``os.fork``: a child has the locks that other threads held, and not the threads."""

from __future__ import annotations

import functools
import os
from typing import Any

__all__ = ["held_across_forks"]


@functools.cache
def held_across_forks(lock: Any) -> None:
    """Have whoever forks wait until nobody is in what a lock guards, so that the child finds it whole.

    Args:
        lock: of sections in which nobody waits for another lock. Asked for twice, it is held once.
    """
    taken: list[bool] = []  # empty where this was asked for by another thread in the middle of a fork

    def take() -> None:
        lock.acquire()
        taken.append(True)

    def give() -> None:
        if taken:
            taken.pop()
            lock.release()

    os.register_at_fork(before=take, after_in_parent=give, after_in_child=give)
