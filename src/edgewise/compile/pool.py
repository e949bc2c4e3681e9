"""Threads for machine code: how many there are, and the pool that they work in.

``threads`` is what users call. Compiled code calls ``edgewise_run`` of ``pool.ll``, whose address ``imports`` gives:
the loops of a nest are a function that does one *piece* of them, and the pool has the pieces done by several threads at
once. Which pieces there are depends on the program alone, so the results do not depend on the number of threads.

Workers are made by the first region that has use for them and not before, again in a child after a fork, and are sent
home when the interpreter ends. Where a system has no POSIX threads, the caller does all pieces itself.
"""

from __future__ import annotations

import atexit
import ctypes
import operator
import os
import platform
import signal
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from edgewise.compile.engine import Library, load
from edgewise.errors import ArgumentError

__all__ = ["Threads", "imports", "threads", "workers"]

VARIABLE = "EDGEWISE_NUM_THREADS"
MOST = 257  # the caller and the workers that pool.ll has room for
SPINS = 2000  # looks of a worker that has nothing to do, before it sleeps

POSIX = (
    "getpid",
    "sched_yield",
    "fegetenv",
    "fesetenv",
    "sigfillset",
    "pthread_sigmask",
    "pthread_create",
    "pthread_join",
    "pthread_mutex_init",
    "pthread_mutex_lock",
    "pthread_mutex_unlock",
    "pthread_cond_init",
    "pthread_cond_wait",
    "pthread_cond_signal",
)
# One look after the other would keep the other thread of a core from working.
PAUSES = {
    "x86_64": "call void @llvm.x86.sse2.pause()",
    "aarch64": "call void @llvm.aarch64.isb(i32 15)",
    "arm64": "call void @llvm.aarch64.isb(i32 15)",
}
ALONE = """
define i64 @edgewise_run(ptr %body, ptr %frame, i64 %pieces, i64 %most) nounwind {
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %fine ]
  %more = icmp slt i64 %i, %pieces
  br i1 %more, label %one, label %end
one:
  %code = call i64 %body(ptr %frame, i64 %i, i64 0)
  %done = icmp eq i64 %code, 0
  br i1 %done, label %fine, label %failed
fine:
  %i.next = add i64 %i, 1
  br label %next
failed:
  ret i64 %code
end:
  ret i64 0
}
define void @edgewise_end() nounwind {
  ret void
}
define i64 @edgewise_workers() nounwind {
  ret i64 0
}
"""


# What the process has one of. Several threads may make it at once: the first that is put here is everybody's.
_cells: dict[str, ctypes.c_int64] = {}
_pools: dict[str, Library] = {}


class Threads(int):
    """A number of threads that was set; as a context, what holds until its end. Made by ``threads``."""

    _before: int

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *exception: object) -> None:
        _wanted().value = self._before


def threads(n: int | None = None) -> Threads:
    """Set on how many threads a compiled function may run, from now on or within a ``with``; or ask.

    It is 1 unless the environment says otherwise (``EDGEWISE_NUM_THREADS``), and holds for the whole process. More than
    one are used for loops of more than some 20 µs; results are the same on any number of threads, to the last bit.
    Products of very large matrices are BLAS, which has threads and settings of its own.

    Args:
        n: how many, the caller's included: from 1 to 257; without it, nothing changes.

    Returns:
        How many there are now, an ``int``. As a context manager it puts back what was before.

    Raises:
        ArgumentError: ``n``, or the variable of the environment, is no such number.

    >>> with threads(2) as n:
    ...     n, threads()
    (2, 2)
    >>> threads() == threads(threads())
    True
    """
    cell = _wanted()
    before = cell.value
    found = Threads(before if n is None else _number(n, "threads(n)"))
    found._before = before
    cell.value = int(found)
    return found


def imports() -> Mapping[str, int]:
    """Addresses of what compiled code calls, by name, for ``engine.load``. The code stays while the process lives."""
    library = _pool()
    return {"edgewise_run": library.address("edgewise_run")}


def workers() -> int:
    """How many threads this process has beside those of its callers."""
    found: int = ctypes.CFUNCTYPE(ctypes.c_int64)(_pool().address("edgewise_workers"))()
    return found


def _number(n: Any, what: str) -> int:
    try:
        found = operator.index(n)
    except TypeError:
        found = 0
    if isinstance(n, bool) or not 1 <= found <= MOST:
        raise ArgumentError(
            f"{what} is {n!r}",
            f"it counts the threads that a compiled function may run on: a whole number from 1 to {MOST}",
            f"this machine has {os.cpu_count()} processors: threads({os.cpu_count()})",
        )
    return found


def _wanted() -> ctypes.c_int64:
    """Where the pool reads how many threads are wanted."""
    found = _cells.get(VARIABLE)
    if found is not None:
        return found
    asked = os.environ.get(VARIABLE, "") or "1"
    plain = asked.isascii() and asked.isdecimal()
    number = _number(int(asked) if plain else asked, f"the environment variable {VARIABLE}")
    return _cells.setdefault(VARIABLE, ctypes.c_int64(number))


def _pool() -> Library:
    return _pools.get("pool") or _pools.setdefault("pool", _made())


def _made() -> Library:
    addresses = _posix()
    if addresses is None:
        return load(ALONE)
    text = files("edgewise.compile").joinpath("pool.ll").read_text("utf-8").replace("SPINS", str(SPINS))
    relax = PAUSES.get(platform.machine(), "%yielded = call i32 @sched_yield()")
    head = f"@MASK = internal constant i32 {int(signal.SIG_SETMASK)}\n"
    head += f"define internal void @relax() nounwind {{\n  {relax}\n  ret void\n}}\n"
    atexit.register(_end)
    return load(head + text, level=2, imports={**addresses, "edgewise_threads": ctypes.addressof(_wanted())})


def _end() -> None:
    ctypes.CFUNCTYPE(None)(_pool().address("edgewise_end"))()


def _posix() -> dict[str, int] | None:
    """Addresses of the system's functions; None where there are no such threads."""
    if os.name != "posix" or not hasattr(signal, "pthread_sigmask"):
        return None
    process = ctypes.CDLL(None)
    try:
        found = {name: ctypes.cast(getattr(process, name), ctypes.c_void_p).value for name in POSIX}
    except AttributeError:
        return None
    return {name: address for name, address in found.items() if address}
