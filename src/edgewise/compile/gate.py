"""The call gate: from an address to a function that Python calls with arrays, in a fraction of a microsecond.

A kernel has the C signature ``int64_t kernel(void **table)``. Start with ``make_gate``, which says what the table
holds. A gate checks every argument at every call and asks Python's own path, its ``fallback``, wherever one is not what
the kernel was made for. It takes the addresses of data anew at every call and keeps none.

There are two gates of one behaviour. ``native`` is a C function that reads the structs of CPython and NumPy, where
``layout`` has found them as expected; ``bound`` asks through Python and works everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from edgewise.compile.bound import bound_gate
from edgewise.compile.native import native_gate, natively
from edgewise.compile.plan import Plan
from edgewise.compile.signature import Argument, Array, Constant, Result, Same, Scalar

__all__ = ["MISMATCH", "Array", "Constant", "Fallback", "Gate", "Same", "Scalar", "make_gate"]

MISMATCH = 0  # what the fallback is told where an argument is not the kernel's; a guard tells its own number

Gate: TypeAlias = Callable[..., Any]
Fallback: TypeAlias = Callable[[int, tuple[Any, ...]], Any]


def make_gate(
    arguments: Sequence[Argument],
    result: Result,
    address: int,
    fallback: Fallback,
    *,
    captured: Sequence[tuple[Any, Argument]] = (),
    arena: int = 0,
    release: bool = False,
    keep: Any = None,
    name: str = "compiled",
    keywords: Callable[..., Any] | None = None,
) -> Gate:
    """A function that checks its arguments, runs a kernel, and returns fresh arrays and scalars.

    The kernel's table holds addresses, in this order: of the data of each argument, of each captured object, of each
    result, and of the arena if there is one. ``Same`` and ``Constant`` have no place in it. Inputs are to be read and
    results to be written; a result never overlaps an input. The kernel answers

    * 0: the results are written;
    * k > 0: guard k failed, and what was written is thrown away;
    * -1: a Python exception is set, and will be raised. (Not with ``release``: such a kernel must not touch Python.)

    Args:
        arguments: what each positional argument must be.
        result: what is returned: one result, or a tuple of them, nested at will.
        address: of the kernel.
        fallback: called as ``fallback(0, args)`` where an argument, or what was captured, is not what the kernel was
            made for, or where there are too few or too many; as ``fallback(k, args)`` where guard k failed. What it
            returns is returned, what it raises is raised.
        captured: arrays and numbers that the kernel reads beside its arguments, each with what it must be. They are
            checked at every call too: an array can be resized, or given another shape, by whoever holds it.
        arena: bytes of scratch memory, aligned to 64. Its contents are undefined at every call. Calls that overlap (by
            threads, or by recursion through a kernel that calls Python) get memory of their own.
        release: whether to let other threads run meanwhile, for kernels that take long. No array that the kernel reads
            can be resized until it is done: NumPy refuses, as for every array that a weak reference looks at. It costs
            about 0.05 µs, and 0.05 µs an array, where nobody waits.
        keep: what must live as long as the gate: the ``Library`` that the kernel is in.
        name: ``__name__`` of the function.
        keywords: called in its place where there are keywords among the arguments; by default they are refused.

    Returns:
        A function of positional arguments.

    Raises:
        CompileError: something is no argument or no result that a kernel can have.
        TypeError: (by the function) it was called with keywords.
        MemoryError: (by the function) there is no memory for results or arena.

    >>> import numpy as np
    >>> from edgewise.compile.engine import load
    >>> library = load('''
    ... define i64 @kernel(ptr %table) {
    ...   %x = load ptr, ptr %table
    ...   %second = getelementptr ptr, ptr %table, i64 1
    ...   %y = load ptr, ptr %second
    ...   %pair = load <2 x double>, ptr %x, align 8
    ...   %twice = fadd <2 x double> %pair, %pair
    ...   store <2 x double> %twice, ptr %y, align 8
    ...   ret i64 0
    ... }''')
    >>> pair = Array(np.dtype(float), (2,))
    >>> twice = make_gate([pair], pair, library.address("kernel"), lambda code, args: 2 * args[0], keep=library)
    >>> twice(np.array([1.0, 2.0])), twice(3)
    (array([2., 4.]), 6)
    """
    named = keywords or _refused(name)
    plan = Plan(tuple(arguments), result, address, fallback, tuple(captured), arena, release, keep, name, named)
    return native_gate(plan) if natively(plan) else bound_gate(plan)


def _refused(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{name}() takes no keyword arguments")

    return refuse
