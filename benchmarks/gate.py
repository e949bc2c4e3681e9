"""The call gate: what a call costs beside the work of the kernel, and whether a million calls leave anything behind.

The kernel does nothing, so that the gate alone is timed. The yardsticks are NumPy's: a function of one number, and the
same function of an array, which does little more than to allocate its result.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import argparse
import gc
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from edgewise.compile import gate as gates
from edgewise.compile.engine import Library, load
from edgewise.compile.gate import Argument, Array, Constant, Gate, Result, Scalar, make_gate
from edgewise.errors import MissingExtraError

NANO = 1e9
KERNELS = """
define i64 @nothing(ptr %table) { ret i64 0 }
define i64 @guarded(ptr %table) { ret i64 1 }
"""
ENTRIES = Array(np.dtype(float), (16,))
NUMBER = Scalar(np.float64)


def unexpected(code: int, args: tuple[Any, ...]) -> Any:
    raise AssertionError(code)


def lines(library: Library) -> Iterator[tuple[str, Gate, list[Any]]]:
    """What is timed: a name, a gate, and its arguments."""

    def made(wanted: list[Argument], result: Result, **options: Any) -> Gate:
        return make_gate(wanted, result, library.address("nothing"), unexpected, keep=library, **options)

    x = np.ones(16)
    for n in (1, 5, 20):
        yield f"{n} arrays, no result", made([ENTRIES] * n, Constant(None)), [x] * n
        yield f"{n} arrays, a number", made([ENTRIES] * n, NUMBER), [x] * n
        yield f"{n} arrays, an array", made([ENTRIES] * n, ENTRIES), [x] * n
    yield "5 arrays, a number and 5 arrays", made([ENTRIES] * 5, (NUMBER, (ENTRIES,) * 5)), [x] * 5
    yield "1 number, a number", made([Scalar(float)], NUMBER), [1.0]
    yield "1 array by strides, a number", made([Array(np.dtype(float), (16,), (16,))], NUMBER), [np.ones(32)[::2]]
    yield "1 array, a number, released", made([ENTRIES], NUMBER, release=True), [x]
    yield "1 array, a number, arena", made([ENTRIES], NUMBER, arena=4096), [x]
    checked = bound([ENTRIES], NUMBER, library.address("nothing"), unexpected, keep=library)
    yield "1 array, a number, checked in Python", checked, [x]


def applied(function: Callable[..., Any], count: int) -> Callable[[list[Any]], Any]:
    """A caller without anything of its own between: ``f(a[0], a[1], ...)``, a hundred times."""
    names = ", ".join(f"a{i}" for i in range(count))
    body = f"def call(args):\n    {names}{',' * (count > 0)} = args\n" + f"    f({names})\n" * 100
    scope: dict[str, Any] = {"f": function}
    exec(body, scope)
    call: Callable[[list[Any]], Any] = scope["call"]
    return call


def times(library: Library) -> None:
    """Nanoseconds a call, and how many times that of ``np.positive`` of a number."""
    calls = {
        "np.positive of a number": (np.positive, [np.float64(1.0)]),
        "np.positive of an array": (np.positive, [np.ones(16)]),
    }
    calls |= {name: (function, args) for name, function, args in lines(library)}
    taken = timing.interleaved({name: (applied(f, len(args)), args) for name, (f, args) in calls.items()})
    one = taken["np.positive of a number"]
    print(f"{'':<40}{'ns a call':>10}{'ratio':>8}")
    for name, seconds in taken.items():
        print(f"{name:<40}{seconds / 100 * NANO:>10.0f}{seconds / one:>8.2f}")


def million(library: Library, calls: int) -> None:
    """Reference counts and memory before and after many calls of every outcome."""
    x, wrong, constant = np.ones(16), np.ones(15), object()
    result = ((ENTRIES, Constant(constant)), NUMBER)

    def fallback(code: int, args: tuple[Any, ...]) -> int:
        return code

    watched = [x, wrong, constant, fallback, np.dtype(float), np.float64, np.ndarray, ()]
    print(f"\n{f'after {calls} calls':<40}{'references':>12}{'kB more':>10}")
    for path, make in (("native", make_gate), ("bound", bound)):
        done = make([ENTRIES], result, library.address("nothing"), fallback, keep=library, arena=64)
        failed = make([ENTRIES], result, library.address("guarded"), fallback, keep=library, arena=64)
        for outcome, function, argument in (("success", done, x), ("mismatch", done, wrong), ("guard", failed, x)):
            for _ in range(1000):
                function(argument)
            gc.collect()
            before, held = [sys.getrefcount(value) for value in watched], peak()
            for _ in range(calls if path == "native" else calls // 20):
                function(argument)
            gc.collect()
            after = [sys.getrefcount(value) for value in watched]
            told = "the same" if before == after else f"{np.subtract(after, before)}"
            print(f"{f'{path}, {outcome}':<40}{told:>12}{peak() - held:>10}")


def bound(*args: Any, **options: Any) -> Gate:
    """A gate that checks in Python."""
    native, gates.natively = gates.natively, lambda plan: False
    try:
        return make_gate(*args, **options)
    finally:
        gates.natively = native


def peak() -> int:
    """The most memory this process had, in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--calls", type=int, default=1_000_000, help="how many calls the counts are checked over")
    chosen = options.parse_args()
    try:
        code = load(KERNELS)
    except MissingExtraError as error:
        print(error)
        sys.exit()
    times(code)
    million(code, chosen.calls)
