"""Kernels written by hand, and both gates."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

COPY = """
define i64 @copy{size}(ptr %table) {{
  %from = load ptr, ptr %table
  %at = getelementptr ptr, ptr %table, i64 1
  %to = load ptr, ptr %at
  %value = load <{size} x i8>, ptr %from, align 1
  store <{size} x i8> %value, ptr %to, align 1
  ret i64 0
}}
"""

KERNELS = """
declare void @called(ptr, i64)
declare ptr @PyErr_NoMemory()

define i64 @nothing(ptr %table) {
  ret i64 0
}

define i64 @raises(ptr %table) {
  %null = call ptr @PyErr_NoMemory()
  ret i64 -1
}

; out = 2 x, unless x is negative, nan included: guard 1; or above 100: guard 2
define i64 @doubled(ptr %table) {
  %x.at = load ptr, ptr %table
  %out.at = getelementptr ptr, ptr %table, i64 1
  %out = load ptr, ptr %out.at
  %x = load double, ptr %x.at
  %y = fadd double %x, %x
  store double %y, ptr %out
  %low = fcmp ult double %x, 0.0
  %high = fcmp ogt double %x, 100.0
  %second = select i1 %high, i64 2, i64 0
  %code = select i1 %low, i64 1, i64 %second
  ret i64 %code
}

; the table itself: its first %1 words, into result number %1
define internal i64 @words(ptr %table, i64 %count) {
  %to.at = getelementptr ptr, ptr %table, i64 %count
  %to = load ptr, ptr %to.at
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %one ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %one
one:
  %word.at = getelementptr ptr, ptr %table, i64 %i
  %word = load ptr, ptr %word.at
  %copy.at = getelementptr ptr, ptr %to, i64 %i
  store ptr %word, ptr %copy.at
  %i.next = add i64 %i, 1
  br label %next
done:
  ret i64 0
}
define i64 @words1(ptr %table) {
  %code = call i64 @words(ptr %table, i64 1)
  ret i64 %code
}
define i64 @words3(ptr %table) {
  %code = call i64 @words(ptr %table, i64 3)
  ret i64 %code
}

; x into the arena, then Python is called with its address and the depth; out is what the arena holds afterwards
define i64 @through_arena(ptr %table) {
  %x.at = load ptr, ptr %table
  %x = load i64, ptr %x.at
  %out.at = getelementptr ptr, ptr %table, i64 1
  %out = load ptr, ptr %out.at
  %arena.at = getelementptr ptr, ptr %table, i64 2
  %arena = load ptr, ptr %arena.at
  store i64 %x, ptr %arena
  call void @called(ptr %arena, i64 %x)
  %kept = load i64, ptr %arena
  store i64 %kept, ptr %out
  ret i64 0
}

; waits until the first entry of x is not zero any more, but not for ever: guard 1
define i64 @waits(ptr %table) {
  %x = load ptr, ptr %table
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %wait ]
  %value = load volatile i64, ptr %x
  %there = icmp ne i64 %value, 0
  br i1 %there, label %done, label %wait
wait:
  %i.next = add i64 %i, 1
  %end = icmp eq i64 %i, 3000000000
  br i1 %end, label %never, label %next
never:
  ret i64 1
done:
  ret i64 0
}
""" + "".join(COPY.format(size=size) for size in (1, 2, 4, 8, 16))


class Kernels:
    """The kernels above, and ``called``: what they call, set by a test."""

    def __init__(self) -> None:
        from edgewise.compile.engine import load

        self.called: Callable[[int, int], None] = lambda at, x: None
        self._entry = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(self._call)
        no_memory = ctypes.cast(ctypes.pythonapi.PyErr_NoMemory, ctypes.c_void_p).value
        imports = {"called": ctypes.cast(self._entry, ctypes.c_void_p).value, "PyErr_NoMemory": no_memory}
        self.library = load(KERNELS, imports=imports)

    def _call(self, at: int, x: int) -> None:
        self.called(at, x)

    def __getitem__(self, name: str) -> int:
        return self.library.address(name)


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    return Kernels()


@pytest.fixture(params=["native", "bound"])
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``make_gate``, for either gate."""
    from edgewise.compile import gate

    if request.param == "bound":
        monkeypatch.setattr(gate, "natively", lambda plan: False)
    return gate.make_gate
