"""The collector of cycles, made to look less often.

A program is as many small objects as it has operations, all of which live, and the collector looks through them after
each few hundred that are made. It is a third of the time that a large program takes. It is not stopped: what the
user's function leaves in cycles while it is recorded must go.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from edgewise.core.forks import held_across_forks

__all__ = ["seldom"]

OBJECTS = 200_000  # that are made before it looks
_LOCK = threading.Lock()
_before: list[int] = []  # one for each thread that is inside: what the threshold was before the first


@contextmanager
def seldom() -> Iterator[None]:
    """Within it, or for a function that it decorates, the collector waits for many objects before it looks."""
    held_across_forks(_LOCK)
    with _LOCK:
        first, *rest = gc.get_threshold()
        _before.append(_before[0] if _before else first)
        if 0 < first < OBJECTS:  # 0: somebody has stopped it
            gc.set_threshold(OBJECTS, *rest)
    try:
        yield
    finally:
        with _LOCK:
            threshold = _before.pop()
            first, *rest = gc.get_threshold()
            if not _before and first == OBJECTS:  # and nobody has set it meanwhile
                gc.set_threshold(threshold, *rest)
