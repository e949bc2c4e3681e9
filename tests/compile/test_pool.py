"""The pool of threads: every piece once, whoever calls, from wherever, and whatever else the process does."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import edgewise as ew
from edgewise.compile import pool
from edgewise.errors import ArgumentError

pytestmark = pytest.mark.needs("llvmlite")

BODIES = """
declare i32 @sched_yield()

; frame: a counter for each piece
define i64 @count(ptr %frame, i64 %piece, i64 %slot) {
  %at = getelementptr i64, ptr %frame, i64 %piece
  %before = atomicrmw add ptr %at, i64 1 seq_cst
  ret i64 0
}

; frame: the first piece that fails, and says its number plus 1
define i64 @fail(ptr %frame, i64 %piece, i64 %slot) {
  %least = load i64, ptr %frame
  %fails = icmp uge i64 %piece, %least
  %code = add i64 %piece, 1
  %answer = select i1 %fails, i64 %code, i64 0
  ret i64 %answer
}

; frame: how many are here, then a number for each piece; goes on when two are here, so each piece has its own thread
define i64 @meet(ptr %frame, i64 %piece, i64 %slot) {
  %before = atomicrmw add ptr %frame, i64 1 seq_cst
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %wait ]
  %here = load atomic i64, ptr %frame seq_cst, align 8
  %both = icmp sge i64 %here, 2
  br i1 %both, label %met, label %again
again:
  %more = icmp slt i64 %i, 20000000
  br i1 %more, label %wait, label %never
wait:
  %yielded = call i32 @sched_yield()
  %i.next = add i64 %i, 1
  br label %next
met:
  %one = getelementptr double, ptr %frame, i64 1
  %at = getelementptr double, ptr %one, i64 %piece
  %three = load volatile double, ptr %at
  %third = fdiv double 1.0, %three
  store double %third, ptr %at
  ret i64 0
never:
  ret i64 1
}

; frame: for each slot, whether it is in use, then how many pieces used it
define i64 @use(ptr %frame, i64 %piece, i64 %slot) {
  %twice = mul i64 %slot, 2
  %at = getelementptr i64, ptr %frame, i64 %twice
  %taken = atomicrmw xchg ptr %at, i64 1 seq_cst
  %yielded = call i32 @sched_yield()
  %used = getelementptr i64, ptr %at, i64 1
  %before = load i64, ptr %used
  %after = add i64 %before, 1
  store i64 %after, ptr %used
  store atomic i64 0, ptr %at seq_cst, align 8
  ret i64 %taken
}

declare i64 @edgewise_run(ptr, ptr, i64, i64)
define i64 @nested(ptr %frame, i64 %piece, i64 %slot) {
  %first = mul i64 %piece, 10
  %at = getelementptr i64, ptr %frame, i64 %first
  %code = call i64 @edgewise_run(ptr @count, ptr %at, i64 10, i64 99)
  ret i64 %code
}
"""

COMMON = f"""
import atexit, ctypes, os, signal, sys, threading, time
import edgewise as ew
from edgewise.compile import pool
from edgewise.compile.engine import load
library = load('''{BODIES}''', imports=pool.imports())
number, pointer = ctypes.c_int64, ctypes.c_void_p
run = ctypes.CFUNCTYPE(number, pointer, pointer, number, number)(pool.imports()["edgewise_run"])
def counts(pieces, body="count"):
    frame = (ctypes.c_int64 * pieces)()
    assert run(library.address(body), frame, pieces, 99) == 0
    return list(frame)
def met():
    return run(library.address("meet"), (ctypes.c_int64 * 3)(), 2, 99) == 0
"""


class Region:
    """The bodies above, run by a pool."""

    def __init__(self, imports):
        from edgewise.compile.engine import load

        self.library = load(BODIES, imports=imports)
        prototype = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
        self.run = prototype(imports["edgewise_run"])

    def __call__(self, body, numbers, pieces, letter="q", most=99):
        frame = ctypes.create_string_buffer(struct.pack(f"{len(numbers)}{letter}", *numbers))
        code = self.run(self.library.address(body), frame, pieces, most)
        return code, list(struct.unpack_from(f"{len(numbers)}{letter}", frame))


@pytest.fixture(scope="module")
def region():
    return Region(pool.imports())


@pytest.fixture(autouse=True)
def _as_before():
    with ew.threads():
        yield


def process(program, **environment):
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "ignore::DeprecationWarning", "-c", COMMON + program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_every_piece_is_done_once(region, n):
    ew.threads(n)
    for pieces in (0, 1, 2, 3, 7, 64, 1000):
        for _ in range(20):
            assert region("count", [0] * pieces, pieces) == (0, [1] * pieces)


def test_pieces_are_done_at_the_same_time(region):
    ew.threads(2)
    assert region("meet", [0, 0, 0], 2)[0] == 0


def test_no_more_threads_than_pieces_or_than_were_asked_for():
    program = """
before = pool.workers()
counts(100); ew.threads(5); one = pool.workers()
counts(1); two = pool.workers()
counts(3); three = pool.workers()
counts(100); four = pool.workers()
for _ in range(200):
    with ew.threads(2): counts(100)
    with ew.threads(1): counts(100)
ew.threads(3); counts(100)
print(before, one, two, three, four, pool.workers())
"""
    assert process(program) == "0 0 0 2 4 4\n"


@pytest.mark.parametrize("n", [1, 2, 8])
@pytest.mark.parametrize("first", [0, 1, 2, 37, 63, 64])
def test_the_first_piece_that_fails_is_told(region, n, first):
    ew.threads(n)
    expected = first + 1 if first < 64 else 0
    assert {region("fail", [first], 64)[0] for _ in range(50)} == {expected}
    assert region("count", [0] * 9, 9) == (0, [1] * 9)


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_nobody_else_has_the_slot_of_a_piece(region, n, most):
    ew.threads(n)
    for _ in range(30):
        code, found = region("use", [0] * 6, 50, most=most)
        assert (code, sum(found[1::2])) == (0, 50)
        assert found[2 * most :] == [0] * (6 - 2 * most)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_region_within_a_region(region, n):
    ew.threads(n)
    assert region("nested", [0] * 160, 16) == (0, [1] * 160)


def test_workers_round_as_the_caller_does(region):
    libm = ctypes.CDLL(None)
    before = libm.fegetround()
    ew.threads(2)
    assert region("meet", [0.0, 3.0, 3.0], 2, "d")[1][1:] == [1 / 3, 1 / 3]
    modes = (0x400, 0x800, 0xC00) if struct.calcsize("P") == 8 and os.uname().machine == "x86_64" else ()
    for mode in modes:
        assert libm.fesetround(mode) == 0
        try:
            found = region("meet", [0.0, 3.0, 3.0], 2, "d")[1]
        finally:
            libm.fesetround(before)
        assert found[1] == found[2]
        assert (found[1] > 1 / 3) == (mode == 0x800)
    assert region("meet", [0.0, 3.0, 3.0], 2, "d")[1][1:] == [1 / 3, 1 / 3]


def test_several_callers_at_once(region):
    ew.threads(2)
    barrier, failed = threading.Barrier(5), []

    def work(k):
        barrier.wait()
        for i in range(300):
            pieces = 1 + (7 * i + k) % 40
            if region("count", [0] * pieces, pieces) != (0, [1] * pieces):
                failed.append((k, i))
            ew.threads(2 + i % 3)

    callers = [threading.Thread(target=work, args=(k,)) for k in range(5)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert failed == []


def test_a_pool_that_many_ask_for_first():
    program = """
sys.setswitchinterval(1e-6)
pool._pools.clear(), pool._cells.clear()
barrier, found = threading.Barrier(6), []
def ask():
    barrier.wait()
    found.append((pool.imports()["edgewise_run"], id(pool._wanted())))
threads = [threading.Thread(target=ask) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(set(found)))
"""
    assert process(program) == "1\n"


def test_more_threads_than_processors():
    program = """
ew.threads(16)
for i in range(300):
    assert counts(1 + 5 * i % 97) == [1] * (1 + 5 * i % 97)
    if i % 50 == 0:
        time.sleep(0.002)  # until all of them sleep
print(pool.workers())
"""
    assert process(program) == "15\n"


def test_a_forked_child_has_no_workers_and_makes_its_own():
    program = """
ew.threads(2)
assert met() and pool.workers() == 1
def generations(n):
    child = os.fork()
    if not child:
        good = pool.workers() == 0 and counts(50) == [1] * 50 and met() and pool.workers() == 1
        os._exit(0 if good and (not n or generations(n - 1)) else 1)
    return os.waitpid(child, 0)[1] == 0
print(generations(3), met(), pool.workers())
"""
    assert process(program) == "True True 1\n"


def test_forks_in_the_middle_of_regions():
    program = """
ew.threads(3)
stop = False
def working():
    while not stop:
        assert counts(40) == [1] * 40
threads = [threading.Thread(target=working) for _ in range(2)]
for thread in threads: thread.start()
for i in range(40):
    child = os.fork()
    if not child:
        again = [threading.Thread(target=lambda: counts(40)) for _ in range(3)]
        for thread in again: thread.start()
        good = counts(40) == [1] * 40
        for thread in again: thread.join()
        os._exit(0 if good and met() else 1)
    began = time.monotonic()
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        assert time.monotonic() - began < 60, "a child hangs"
        time.sleep(0.001)
    assert ended[1] == 0
stop = True
for thread in threads: thread.join()
print(met())
"""
    assert process(program) == "True\n"


def test_the_end_of_the_interpreter():
    program = """
def last():
    print("after", pool.workers(), counts(9) == [1] * 9, pool.workers())
atexit.unregister(pool._end)
atexit.register(last)
atexit.register(pool._end)
ew.threads(4)
print("before", counts(9) == [1] * 9, pool.workers())
"""
    assert process(program) == "before True 3\nafter 0 True 0\n"


def test_the_interpreter_ends_while_a_thread_works():
    program = """
ew.threads(3)
def working():
    while True:
        counts(40)
threading.Thread(target=working, daemon=True).start()
time.sleep(0.05)
print("end")
"""
    for _ in range(5):
        assert process(program) == "end\n"


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Linux tells what threads block")
def test_signals_are_left_to_pythons_threads():
    program = """
before = set(os.listdir("/proc/self/task"))
ew.threads(2)
assert met()
(own,) = set(os.listdir("/proc/self/task")) - before
def blocked(task):
    with open(f"/proc/self/task/{task}/status") as file:
        (mask,) = (int(line.split()[1], 16) for line in file if line.startswith("SigBlk"))
    return [mask >> one - 1 & 1 for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPROF)]
print(blocked(own), blocked(os.getpid()))
"""
    assert process(program) == "[1, 1, 1, 1] [0, 0, 0, 0]\n"


def test_where_there_are_no_such_threads(monkeypatch):
    monkeypatch.setattr(pool, "_posix", lambda: None)
    library = pool._made()
    alone = Region({"edgewise_run": library.address("edgewise_run")})
    ew.threads(4)
    assert alone("count", [0] * 30, 30) == (0, [1] * 30)
    assert alone("fail", [5], 30)[0] == 6
    assert alone("nested", [0] * 40, 4) == (0, [1] * 40)
    assert ctypes.CFUNCTYPE(ctypes.c_int64)(library.address("edgewise_workers"))() == 0
    ctypes.CFUNCTYPE(None)(library.address("edgewise_end"))()


def test_the_number_of_threads():
    assert ew.threads(1) == 1
    with ew.threads(3) as three:
        assert (three, int(three), ew.threads()) == (3, 3, 3)
        assert ew.threads(2) == 2
    assert ew.threads() == 1
    with pytest.raises(ZeroDivisionError), ew.threads(2):
        1 / 0  # noqa: B018  raises
    assert ew.threads() == 1
    assert isinstance(ew.threads(), int)


@pytest.mark.parametrize("n", [0, -1, 258, 1.0, "2", True])
def test_what_is_no_number_of_threads(n):
    with pytest.raises(ArgumentError, match="a whole number from 1 to 257"):
        ew.threads(n)
    assert ew.threads() == 1


@pytest.mark.parametrize(("told", "expected"), [("", 1), ("1", 1), ("6", 6)])
def test_the_environment_says_how_many(told, expected):
    assert process("print(ew.threads())", EDGEWISE_NUM_THREADS=told) == f"{expected}\n"


@pytest.mark.parametrize("told", ["0", "many", "-2", "1.5"])
def test_the_environment_says_nonsense(told):
    program = """
try:
    ew.threads()
except ew.errors.ArgumentError as error:
    print(error)
"""
    program = "import edgewise as ew" + program
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"EDGEWISE_NUM_THREADS": told},
    )
    assert "the environment variable EDGEWISE_NUM_THREADS is" in done.stdout
