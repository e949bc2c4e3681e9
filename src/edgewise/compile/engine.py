"""LLVM text becomes machine code at an address.

Start with ``load``. One target machine a level emits an object, which the cache keeps; a just-in-time linker takes the
objects, each into a library of its own that is freed with its ``Library``. LLVM's middle end is skipped: the passes of
edgewise did its work.

Two locks meet here. Ours is held around everything that calls LLVM, and across ``fork``, so that a child never inherits
LLVM in the middle of something. llvmlite has its own, which is taken inside ours and never the other way round: a
``Library`` may be collected by a thread that holds llvmlite's (for numba, say), so it leaves its code in ``_freed``,
and never waits for ours to give it back.
"""

from __future__ import annotations

import functools
import itertools
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from edgewise.compile.cache import entry_key, object_cache
from edgewise.compile.host import host, llvmlite
from edgewise.core.forks import held_across_forks
from edgewise.errors import CompileError

__all__ = ["LEVELS", "NOTHING", "Library", "assembly", "load", "load_for_good"]

LEVELS = (0, 1, 2, 3)  # of LLVM's code generator
GENERATION = 256  # libraries of one linker
NOTHING: Mapping[str, int] = MappingProxyType({})

_LOCK = threading.RLock()
# What frees each library. Not an attribute of it: in a cycle of garbage both would be finalised, and llvmlite's own
# finaliser would free the code a second time, without our lock.
_trackers: dict[int, Any] = {}
_for_good: dict[tuple[str, int], Library] = {}
_keys = itertools.count()
_freed: deque[Any] = deque()  # resource trackers of libraries that are gone
_numbers = itertools.count()  # a name is taken for good, even after its library went
_DEFINED = re.compile(r"\ndefine (?!internal |private )[^@\n]*@([-\w.$]+)\(")  # found faster than by re.MULTILINE


class Library:
    """Machine code, valid for as long as this object lives. Made by ``load``.

    Args:
        tracker: what frees the code.
        addresses: of the functions that the text defines, by name.
    """

    __slots__ = ("__weakref__", "_addresses", "_key")

    def __init__(self, tracker: Any, addresses: Mapping[str, int]) -> None:
        self._key = next(_keys)
        _trackers[self._key] = tracker
        self._addresses = dict(addresses)

    def address(self, symbol: str) -> int:
        """Where a function begins.

        Raises:
            CompileError: the text defines no such function, or only an internal one.
        """
        try:
            return self._addresses[symbol]
        except KeyError:
            raise CompileError(
                f"there is no function {symbol} in this code",
                f"its text defines {', '.join(sorted(self._addresses)) or 'none'}",
            ) from None

    def __del__(self, _finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if _finalizing():  # llvmlite is half gone, and the system takes the memory
            return
        _freed.append(_trackers.pop(self._key))
        if _LOCK.acquire(blocking=False):
            try:
                _free()
            finally:
                _LOCK.release()


def load(text: str, *, level: int = 1, imports: Mapping[str, int] = NOTHING) -> Library:
    """Make LLVM text into machine code, or take what the cache has of it.

    Args:
        text: a module as LLVM's assembly language writes it, without a target: it is made for this processor. Functions
            that are not ``internal`` can be asked for by name; their names are plain, without quotes.
        level: of LLVM's code generator. 0 compiles several times faster and suits scalar and elementwise code; tiles of
            vector registers need 1.
        imports: addresses of what the text declares and does not define, by name. What is missing is looked for in this
            process: ``memcpy`` is found there. Imports are no part of the object, which is the same in every process.

    Raises:
        MissingExtraError: llvmlite is not installed.
        CompileError: LLVM refuses the text, or a name that it uses is found nowhere.

    >>> import ctypes
    >>> library = load("define i64 @three() { ret i64 3 }")
    >>> ctypes.CFUNCTYPE(ctypes.c_int64)(library.address("three"))()
    3
    """
    if level not in LEVELS:
        raise CompileError(f"there is no level {level}", f"LLVM's code generator has {LEVELS}")
    symbols = _DEFINED.findall("\n" + text)
    held_across_forks(_LOCK)
    with _LOCK:
        _free()
        cache = object_cache()
        key = entry_key(text, str(level), *host().key())
        kept = None if cache is None else cache.get(key)
        if kept is not None:
            try:
                return _linked(kept, symbols, imports)
            except RuntimeError:  # whole, and yet no object that this LLVM takes: made anew
                pass
        made = _compiled(text, level)
        try:
            library = _linked(made, symbols, imports)
        except RuntimeError as error:
            raise CompileError("compiled code cannot be linked", str(error)) from error
        if cache is not None:
            cache.put(key, made)
        return library


def load_for_good(text: str, *, level: int = 1, imports: Mapping[str, int] = NOTHING) -> Library:
    """The same as ``load``, and never freed: for what the process has one of, so that its addresses may be kept.

    Whoever asks for the same text again is given the same library, threads that ask at once included.
    """
    key = (text, level)
    found = _for_good.get(key)
    if found is None:
        made = load(text, level=level, imports=imports)
        found = _for_good.setdefault(key, made)
    return found


def assembly(text: str, *, level: int = 1) -> str:
    """What the processor is told, as text: for reading. Arguments and errors as of ``load``."""
    with _LOCK:
        made: str = _emitted(text, level, "emit_assembly")
    return made


def _compiled(text: str, level: int) -> bytes:
    made: bytes = _emitted(text, level, "emit_object")
    return made


def _emitted(text: str, level: int, form: str) -> Any:
    llvm = llvmlite()
    try:
        # In a context of its own: the global one only ever grows. The layout must be known while the text is read.
        with llvm.parse_assembly(_target() + text, context=llvm.create_context()) as module:
            module.verify()
            return getattr(_machine(level), form)(module)
    except RuntimeError as error:
        raise CompileError("LLVM refuses the text of a program", str(error).strip()) from error


def _linked(code: bytes, symbols: list[str], imports: Mapping[str, int]) -> Library:
    builder = llvmlite().JITLibraryBuilder().add_object_img(code).add_current_process()
    for name, address in imports.items():
        builder.import_symbol(name, address)
    for symbol in symbols:
        builder.export_symbol(symbol)
    tracker = builder.link(next(_linkers()), f"edgewise{next(_numbers)}")
    return Library(tracker, {symbol: tracker[symbol] for symbol in symbols})


@functools.cache
def _machine(level: int) -> Any:
    """The target machine: position-independent code in the small model, whose constants are operands of instructions.

    The large model, a just-in-time compiler's usual one, spends an instruction and a register on every constant.
    """
    here, llvm = host(), llvmlite()
    target = llvm.Target.from_triple(here.triple)
    return target.create_target_machine(cpu=here.cpu, features=here.features, opt=level, reloc="pic", codemodel="small")


@functools.cache
def _target() -> str:
    """What a text must begin with to be about this machine, on its first line, so that LLVM counts lines as we do."""
    return f'target datalayout = "{_machine(1).target_data}" target triple = "{host().triple}" '


@functools.cache
def _linkers() -> Iterator[Any]:
    """The linker of each library to come: LLVM's newer one, which keeps a library in one piece, as small code needs.

    A library that was freed leaves its name behind, 9 kB with what belongs to it, for as long as its linker lives. So a
    linker takes some hundred libraries, and goes with the last of them: a process may compile for ever.
    """
    create = functools.partial(llvmlite().create_lljit_compiler, use_jit_link=True, suppress_errors=True)
    generations = (create(_machine(1)) for _ in itertools.count())
    return (linker for linker in generations for _ in range(GENERATION))


def _free() -> None:
    """Give back the code of libraries that are gone. The lock is held."""
    while _freed:
        _freed.popleft().close()
