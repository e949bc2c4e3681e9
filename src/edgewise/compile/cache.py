"""Objects on disk, so that a second process need not compile: a private folder of files named by what they depend on.

``EDGEWISE_CACHE=off`` does without; ``EDGEWISE_CACHE_DIR`` names the folder, by default ``edgewise/objects`` where the
XDG base directory specification puts caches; ``EDGEWISE_CACHE_SIZE`` bounds it, in MiB. An entry is machine code, so
one that somebody else may have written is never read; a damaged one is as good as none. A folder that cannot be used
costs time and nothing else: no function here raises because of a disk.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edgewise.errors import ArgumentError

__all__ = ["Cache", "Entry", "entry_key", "folder", "object_cache"]

FORMAT = 1  # raised where files are laid out anew, and where the engine would make another object of the same text
MAGIC = b"edgewise object %d\n" % FORMAT
SIZE = 256  # MiB
MIB = 1 << 20
SUFFIX = ".o"
WHOLE = re.compile(r"[0-9a-f]{64}\.o")  # the names of our files: whatever else lies in the folder is not ours to remove
HALF = re.compile(r"\.[0-9a-f]{16}\.[0-9]+\.[0-9a-f]{8}")
STALE = 3600  # seconds after which a half-written file is nobody's any more
RESCAN = 64  # writes, after which the sum of what other processes wrote is taken anew


def entry_key(*parts: str) -> str:
    """The name of an entry: a hash of all that its object depends on, and of the format of the file.

    >>> entry_key("text", "1") == entry_key("text", "1"), entry_key("a", "bc") == entry_key("ab", "c")
    (True, False)
    """
    told = hashlib.sha256(MAGIC)
    for part in parts:
        data = part.encode()
        told.update(b"%d:" % len(data))
        told.update(data)
    return told.hexdigest()


def folder() -> Path | None:
    """Where objects are kept, by the environment; None where it turns the cache off.

    Raises:
        ArgumentError: ``EDGEWISE_CACHE`` is neither ``on`` nor ``off``.
    """
    asked = os.environ.get("EDGEWISE_CACHE", "on")
    if asked not in ("on", "off"):
        raise ArgumentError(
            f"EDGEWISE_CACHE is {asked!r}", "compiled code is kept on disk or it is not", "set it to on or to off"
        )
    if asked == "off":
        return None
    if named := os.environ.get("EDGEWISE_CACHE_DIR"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    with contextlib.suppress(RuntimeError):  # nobody's home
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "edgewise" / "objects"
    return None


def _limit() -> int:
    asked = os.environ.get("EDGEWISE_CACHE_SIZE", str(SIZE))
    if not (asked.isascii() and asked.isdecimal()):
        raise ArgumentError(
            f"EDGEWISE_CACHE_SIZE is {asked!r}", "the bound of the cache is a whole number of MiB", f"set it to {SIZE}"
        )
    return int(asked) * MIB


def object_cache() -> Cache | None:
    """The cache that the environment asks for, or None.

    Raises:
        ArgumentError: the environment asks for something that is not there.
    """
    where = folder()
    return None if where is None else _cache(where, _limit())


@functools.lru_cache(maxsize=8)
def _cache(where: Path, limit: int) -> Cache:
    return Cache(where, limit)


class Entry(NamedTuple):
    """A file of the cache: its name, its size in bytes, and when it was last of use."""

    name: str
    size: int
    used: float


class Cache:
    """A folder of objects.

    Args:
        where: the folder; it is made on first use, for its owner alone.
        limit: bytes it may hold; beyond that, what was of use longest ago goes.
    """

    def __init__(self, where: Path, limit: int) -> None:
        self.where, self.limit = where, limit
        self._held: int | None = None  # bytes, as far as this process knows; None: not counted yet
        self._writes = 0

    def get(self, key: str) -> bytes | None:
        """An object, or None where there is none that can be trusted."""
        with contextlib.suppress(OSError), self._opened() as at:
            file = os.open(key + SUFFIX, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            with open(file, "rb") as stream:
                if refusal(os.fstat(file)):
                    return None
                data = stream.read()
                code = _unpacked(key, data)
                if code is not None:
                    os.utime(file)  # last of use now; the access time is often not kept
                return code
        return None

    def put(self, key: str, code: bytes) -> None:
        """Keep an object. Readers see all of it or nothing, whoever else writes it at the same time."""
        data = _packed(key, code)
        if len(data) > self.limit:
            return
        with contextlib.suppress(OSError), self._opened(make=True) as at:
            half = f".{key[:16]}.{os.getpid()}.{secrets.token_hex(4)}"
            try:
                file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=at)
                with open(file, "wb") as stream:
                    stream.write(data)
                os.replace(half, key + SUFFIX, src_dir_fd=at, dst_dir_fd=at)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(half, dir_fd=at)
                raise
            self._writes += 1
            if self._held is not None and self._writes % RESCAN:
                self._held += len(data)
            if self._held is None or self._writes % RESCAN == 0 or self._held > self.limit:
                self._held = _shrunk(at, self.limit, key + SUFFIX)

    def entries(self) -> list[Entry]:
        """What is there, last used first."""
        with contextlib.suppress(OSError), self._opened() as at:
            return sorted(_entries(at), key=lambda entry: -entry.used)
        return []

    def clear(self) -> int:
        """Remove everything that is ours, half-written files included, and tell how many objects there were."""
        gone = 0
        with contextlib.suppress(OSError), self._opened() as at:
            gone = sum(_removed(at, entry.name) for entry in _entries(at))
            _sweep(at, 0)
        self._held = None
        return gone

    def problem(self) -> str:
        """Why the folder cannot be used, or "". One that is not there yet is no problem."""
        try:
            with self._opened():
                return ""
        except FileNotFoundError:
            return ""
        except OSError as error:
            return error.strerror or str(error)

    @contextlib.contextmanager
    def _opened(self, make: bool = False) -> Iterator[int]:
        """The folder as a descriptor, so that what was looked at is what is used."""
        if make:
            self.where.parent.mkdir(parents=True, exist_ok=True)
            self.where.mkdir(mode=0o700, exist_ok=True)
        at = os.open(self.where, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if why := refusal(os.fstat(at)):
                raise PermissionError(0, why)
            yield at
        finally:
            os.close(at)


def refusal(found: os.stat_result) -> str:
    """Why a folder or a file is not to be trusted with code that will run, or ""."""
    if found.st_uid != os.geteuid():
        return "it belongs to another user"
    if stat.S_IMODE(found.st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        return "others may write to it"
    return ""


def _packed(key: str, code: bytes) -> bytes:
    return MAGIC + _checksum(key, code) + code


def _unpacked(key: str, data: bytes) -> bytes | None:
    """The object in a file, or None where the file is not what was written under this name."""
    start = len(MAGIC) + hashlib.sha256().digest_size
    code = data[start:]
    return code if data[:start] == MAGIC + _checksum(key, code) else None


def _checksum(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + code).digest()


def _entries(at: int) -> Iterator[Entry]:
    with os.scandir(at) as files:
        for file in files:
            if WHOLE.fullmatch(file.name):
                with contextlib.suppress(OSError):  # another process was faster
                    found = file.stat(follow_symlinks=False)
                    yield Entry(file.name, found.st_size, found.st_mtime)


def _shrunk(at: int, limit: int, newest: str) -> int:
    """Remove what was of use longest ago, down to three quarters of the limit if it is passed; the bytes that stay.

    The newest entry is named, since clocks of file systems are too coarse to tell.
    """
    _sweep(at, STALE)
    entries = sorted(_entries(at), key=lambda entry: (entry.name == newest, entry.used))
    held = sum(entry.size for entry in entries)
    if held <= limit:
        return held
    for entry in entries:
        if held <= limit * 3 // 4 or entry.name == newest:
            break
        _removed(at, entry.name)
        held -= entry.size
    return held


def _sweep(at: int, age: float) -> None:
    """Remove half-written files of processes that died while they wrote."""
    with os.scandir(at) as files:
        for file in files:
            if HALF.fullmatch(file.name):
                with contextlib.suppress(OSError):
                    if time.time() - file.stat(follow_symlinks=False).st_mtime >= age:
                        os.unlink(file.name, dir_fd=at)


def _removed(at: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        os.unlink(name, dir_fd=at)
        return True
    return False
