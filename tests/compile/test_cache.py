"""Objects on disk: private, whole, bounded."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise.compile import cache as module
from edgewise.compile.cache import Cache, entry_key, folder, object_cache
from edgewise.errors import ArgumentError

KEYS = [entry_key(str(i)) for i in range(10)]


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "deep" / "objects", 10_000)


def paths(cache):
    return sorted(cache.where.iterdir())


def test_what_is_put_is_got(cache):
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], b"code")
    cache.put(KEYS[1], b"")
    assert (cache.get(KEYS[0]), cache.get(KEYS[1]), cache.get(KEYS[2])) == (b"code", b"", None)
    cache.put(KEYS[0], b"other")
    assert cache.get(KEYS[0]) == b"other"
    assert len(cache.entries()) == len(paths(cache)) == 2


def test_the_folder_and_its_files_are_private(cache):
    old = os.umask(0)
    try:
        cache.put(KEYS[0], b"code")
    finally:
        os.umask(old)
    assert stat.S_IMODE(cache.where.stat().st_mode) == 0o700
    assert stat.S_IMODE(paths(cache)[0].stat().st_mode) == 0o600


def test_every_damage_is_noticed(cache):
    cache.put(KEYS[0], b"some code")
    (path,) = paths(cache)
    whole = path.read_bytes()
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        assert cache.get(KEYS[0]) is None
        path.write_bytes(whole[:i])
        assert cache.get(KEYS[0]) is None
    path.write_bytes(whole + b"\0")
    assert cache.get(KEYS[0]) is None
    path.write_bytes(whole)
    assert cache.get(KEYS[0]) == b"some code"
    path.rename(path.with_name(KEYS[1] + ".o"))  # an entry under another's name
    assert cache.get(KEYS[1]) is None


def test_what_others_may_have_written_is_not_read(cache, monkeypatch):
    cache.put(KEYS[0], b"code")
    (path,) = paths(cache)
    for what, mode, good in (
        (path, 0o620, 0o600),
        (path, 0o602, 0o600),
        (cache.where, 0o770, 0o700),
        (cache.where, 0o777, 0o755),
    ):
        what.chmod(mode)
        assert cache.get(KEYS[0]) is None
        what.chmod(good)
        assert cache.get(KEYS[0]) == b"code"
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 4321)
        assert cache.get(KEYS[0]) is None
        assert cache.problem() == "it belongs to another user"
        cache.put(KEYS[1], b"code")
        assert cache.entries() == []
        assert cache.clear() == 0
    assert len(paths(cache)) == 1
    target = path.rename(cache.where.parent / "elsewhere")
    path.symlink_to(target)
    assert cache.get(KEYS[0]) is None


def test_a_folder_that_others_may_write_to_is_not_used(cache):
    cache.where.mkdir(parents=True)
    cache.where.chmod(0o777)
    cache.put(KEYS[0], b"code")
    assert paths(cache) == []
    assert cache.problem() == "others may write to it"


@pytest.mark.parametrize("where", ["/dev/null/objects", "/proc/objects", "/dev/null", "x" * 300])
def test_a_folder_that_cannot_be(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = Cache(Path(where), 1000)
    cache.put(KEYS[0], b"code")
    assert cache.get(KEYS[0]) is None
    assert cache.entries() == []
    assert cache.clear() == 0
    if where != "/proc/objects":  # which is not there, but could be
        assert cache.problem()


def test_a_disk_that_is_full(cache, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        cache.put(KEYS[0], b"code")
    assert paths(cache) == []
    assert cache.get(KEYS[0]) is None


def test_what_was_of_use_longest_ago_goes(cache):
    code = bytes(3000)
    for i in range(3):
        cache.put(KEYS[i], code)
        os.utime(cache.where / f"{KEYS[i]}.o", (1000 + i, 1000 + i))
    assert cache.get(KEYS[0]) == code  # of use now
    cache.put(KEYS[3], code)
    assert [cache.get(key) is not None for key in KEYS[:4]] == [True, False, False, True]
    assert sum(entry.size for entry in cache.entries()) <= cache.limit
    cache.put(KEYS[4], bytes(20_000))
    assert cache.get(KEYS[4]) is None, "larger than the cache"
    assert len(cache.entries()) == 2


def test_the_bound_holds_for_what_another_process_wrote(cache):
    cache.put(KEYS[0], bytes(3000))
    other = Cache(cache.where, 10**9)
    for i in range(1, 5):
        other.put(KEYS[i], bytes(3000))
    again = Cache(cache.where, cache.limit)
    again.put(KEYS[5], bytes(3000))
    assert sum(entry.size for entry in again.entries()) <= cache.limit
    assert again.get(KEYS[5]) is not None


def test_other_peoples_files_stay(cache):
    cache.put(KEYS[0], b"code")
    names = ("notes.txt", ".bashrc", "program.o", f"{KEYS[1]}.txt", f"x{KEYS[1]}.o")
    for name in names:
        (cache.where / name).write_text("mine")
    (cache.where / f".{KEYS[0][:16]}.123.0a1b2c3d").write_text("half")
    assert cache.clear() == 1
    assert {path.name for path in paths(cache)} == set(names)
    cache.put(KEYS[0], bytes(9000))
    cache.put(KEYS[1], bytes(9000))
    assert {path.name for path in paths(cache)} == {*names, f"{KEYS[1]}.o"}


def test_half_written_files_of_the_dead_go(cache):
    cache.put(KEYS[0], b"code")
    half = cache.where / f".{KEYS[0][:16]}.123.0a1b2c3d"
    half.write_text("half")
    Cache(cache.where, 10_000).put(KEYS[1], b"code")
    assert half.exists(), "somebody may be writing it"
    os.utime(half, (0, 0))
    Cache(cache.where, 10_000).put(KEYS[2], b"code")
    assert not half.exists()


def test_many_processes_at_once(tmp_path):
    program = """
import sys
from pathlib import Path
from edgewise.compile.cache import Cache, entry_key
cache = Cache(Path(sys.argv[1]), 40_000)
for i in range(200):
    key = entry_key(str(i % 10))
    cache.put(key, bytes([i % 10]) * 5000)
    found = cache.get(key)
    assert found in (None, bytes([i % 10]) * 5000), "half an entry"
"""
    where = str(tmp_path / "objects")
    started = [subprocess.Popen([sys.executable, "-c", program, where]) for _ in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    assert sum(entry.size for entry in Cache(Path(where), 1).entries()) <= 60_000
    assert not [path for path in (tmp_path / "objects").iterdir() if path.name.startswith(".")]


def test_keys_tell_everything_apart(monkeypatch):
    keys = {entry_key(*parts) for parts in (("a",), ("a", ""), ("", "a"), ("ab", "c"), ("a", "bc"), ("1:a",), ())}
    assert len(keys) == 7
    monkeypatch.setattr(module, "MAGIC", b"edgewise object 2\n")
    assert entry_key("a") not in keys


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGEWISE_CACHE_DIR", str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.delenv("EDGEWISE_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "edgewise" / "objects"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the specification says to ignore
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder() == tmp_path / ".cache" / "edgewise" / "objects"
    with monkeypatch.context() as patch:

        def homeless():
            raise RuntimeError("no home")

        patch.setattr(Path, "home", homeless)
        assert folder() is None
    monkeypatch.setenv("EDGEWISE_CACHE", "off")
    assert folder() is None
    assert object_cache() is None


def test_the_environment_names_the_bound(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGEWISE_CACHE_DIR", str(tmp_path))
    assert object_cache().limit == 256 * 2**20
    monkeypatch.setenv("EDGEWISE_CACHE_SIZE", "3")
    assert object_cache().limit == 3 * 2**20
    assert object_cache() is object_cache()


@pytest.mark.parametrize("size", ["", "-1", "many", "1.5", "1e3", "٣"])
def test_an_environment_that_says_nonsense(monkeypatch, size):
    monkeypatch.setenv("EDGEWISE_CACHE_SIZE", size)
    with pytest.raises(ArgumentError, match="EDGEWISE_CACHE_SIZE"):
        object_cache()
    monkeypatch.setenv("EDGEWISE_CACHE", size)
    with pytest.raises(ArgumentError, match="EDGEWISE_CACHE "):
        object_cache()
