"""LLVM text to code at an address, and what is said where that cannot be."""

from __future__ import annotations

import ctypes
import functools
import gc
import subprocess
import sys
import threading
import weakref

import pytest

from edgewise.compile import engine, host
from edgewise.compile.cache import entry_key, object_cache
from edgewise.compile.engine import load, load_for_good
from edgewise.errors import CompileError, MissingExtraError

pytestmark = pytest.mark.needs("llvmlite")

NUMBER = "define i64 @number() {{ ret i64 {} }}"


def call(library, name="number"):
    return ctypes.CFUNCTYPE(ctypes.c_int64)(library.address(name))()


@pytest.mark.parametrize("level", engine.LEVELS)
def test_code_runs_at_every_level(level):
    assert call(load(NUMBER.format(level + 10), level=level)) == level + 10


def test_libraries_are_apart_though_their_names_are_alike():
    libraries = [load(NUMBER.format(i)) for i in range(20)]
    assert [call(library) for library in libraries] == list(range(20))
    del libraries[::2]
    gc.collect()
    more = [load(NUMBER.format(i)) for i in range(100, 110)]
    assert [call(library) for library in libraries] == list(range(1, 20, 2))
    assert [call(library) for library in more] == list(range(100, 110))


def test_a_library_in_a_cycle_is_freed_once():
    library = load(NUMBER.format(1))
    tracker = engine._trackers[library._key]
    held = [library]
    held.append(held)
    del held, library
    gc.collect()
    assert tracker.closed
    assert all(known is not tracker for known in engine._trackers.values())


def test_code_is_freed_with_its_library(monkeypatch):
    library = load(NUMBER.format(1))
    tracker = engine._trackers[library._key]
    del library
    gc.collect()
    assert tracker.closed
    library = load(NUMBER.format(2))
    tracker = engine._trackers[library._key]
    with monkeypatch.context() as patch:  # as if another thread had the lock
        patch.setattr(engine, "_LOCK", type("Taken", (), {"acquire": lambda self, blocking: False})())
        del library
        gc.collect()
        assert not tracker.closed
    load(NUMBER.format(3))
    assert tracker.closed


def test_a_linker_goes_with_the_last_of_its_libraries(monkeypatch):
    made = []
    create = host.llvmlite().create_lljit_compiler

    def counted(*args, **options):
        linker = create(*args, **options)
        made.append(weakref.ref(linker))
        return linker

    monkeypatch.setattr(host.llvmlite(), "create_lljit_compiler", counted)
    monkeypatch.setattr(engine, "GENERATION", 5)
    monkeypatch.setattr(engine, "_linkers", functools.cache(engine._linkers.__wrapped__))
    libraries = [load(NUMBER.format(i)) for i in range(12)]
    gc.collect()
    assert [ref() is not None for ref in made] == [False, False, True]
    del libraries[1:5]
    assert [call(library) for library in libraries] == [0, *range(5, 12)]


def test_globals_of_a_library_are_its_own():
    text = """
@count = internal global i64 0
define i64 @next() {
  %old = load i64, ptr @count
  %new = add i64 %old, 1
  store i64 %new, ptr @count
  ret i64 %new
}
"""
    one, two = load(text), load(text)
    assert [call(one, "next"), call(one, "next"), call(two, "next")] == [1, 2, 1]


def test_imports_and_functions_of_the_process():
    text = """
declare i64 @given(i64)
declare i64 @labs(i64)
define i64 @number() {
  %a = call i64 @given(i64 20)
  %b = call i64 @labs(i64 -1)
  %c = add i64 %a, %b
  ret i64 %c
}
"""
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(lambda x: 2 * x)
    address = ctypes.cast(function, ctypes.c_void_p).value
    for _ in range(2):  # compiled, then from the cache
        assert call(load(text, imports={"given": address})) == 41
    with pytest.raises(CompileError, match="linked"):
        load(text)


def test_names_that_can_be_asked_for():
    text = """
define internal i64 @hidden() { ret i64 1 }
define private i64 @unseen() { ret i64 1 }
define double @seen.too-1$(ptr %x,
                           i64 %n) {
  ret double 0.0
}
define i64 @number() { ret i64 1 }
"""
    library = load(text)
    assert library.address("number") != library.address("seen.too-1$")
    for name in ("hidden", "unseen", "other"):
        with pytest.raises(CompileError, match=name) as caught:
            library.address(name)
        assert "number, seen.too-1$" in str(caught.value)


def test_vectors_constants_and_the_width_of_the_processor():
    width = host.host().width
    assert width in (2, 4, 8)
    text = f"""
define void @number(ptr %x) {host.host().attributes} {{
  %v = load <{width} x double>, ptr %x, align 8
  %w = fmul <{width} x double> %v, splat (double 1.7)
  store <{width} x double> %w, ptr %x, align 8
  ret void
}}
"""
    x = (ctypes.c_double * width)(*range(width))
    library = load(text)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(library.address("number"))(x)
    assert list(x) == [1.7 * i for i in range(width)]


@pytest.mark.parametrize(
    ("features", "width"), [("+sse2,-avx512f", 2), ("+avx", 2), ("+avx,+avx2,+fma", 4), ("+avx2,+avx512f", 8), ("", 2)]
)
def test_widths(features, width):
    found = host.Host("triple", "cpu", features, "1")
    assert found.width == width
    assert found.has("fma") == ("fma" in features)
    assert f'"prefer-vector-width"="{64 * width}"' in found.attributes


@pytest.mark.parametrize("text", ["define", "define i64 @f() { ret i32 0 }", "define void @f() { %a = add i64 1, 2 }"])
def test_a_text_that_is_none(text):
    with pytest.raises(CompileError) as caught:
        load(text)
    assert caught.value.why


def test_a_text_that_is_no_program():
    with pytest.raises(CompileError, match="refuses"):
        load("define i64 @f() {\n  %b = add i64 %a, 1\n  %a = add i64 1, 1\n  ret i64 %b\n}")


def test_lines_of_errors_are_those_of_the_text():
    with pytest.raises(CompileError, match=":2:"):
        load("define i64 @f() {\n  nonsense\n}")


def test_no_such_level():
    with pytest.raises(CompileError, match="level 4"):
        load(NUMBER.format(1), level=4)


def test_without_llvmlite(monkeypatch):
    def none(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(host, "import_module", none)
    with pytest.raises(MissingExtraError, match="llvmlite is not installed") as caught:
        host.llvmlite.__wrapped__()
    assert 'pip install "edgewise[jit]"' in caught.value.instead
    assert isinstance(caught.value, ImportError)


def test_llvmlite_is_loaded_when_it_is_needed_and_not_before():
    text = "import sys, edgewise.compile.gate, edgewise.cli; print('llvmlite' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_object_is_compiled_once(monkeypatch):
    text = NUMBER.format(4242)
    assert call(load(text)) == 4242
    monkeypatch.setattr(engine, "_compiled", None)
    assert call(load(text)) == 4242
    for change in (lambda: load(text, level=0), lambda: load(text + " ")):
        with pytest.raises(TypeError):  # another object
            change()


def test_an_object_that_is_none_is_compiled_again():
    text = NUMBER.format(99)
    key = entry_key(text, "1", *host.host().key())
    for wrong in (b"", b"garbage" * 100, object_code(NUMBER.format(98))[:200]):
        object_cache().put(key, wrong)
        assert call(load(text)) == 99
        assert object_cache().get(key) == object_code(text)


def object_code(text):
    return engine._compiled(text, 1)


def test_without_a_cache(monkeypatch):
    monkeypatch.setenv("EDGEWISE_CACHE", "off")
    assert call(load(NUMBER.format(31))) == 31
    monkeypatch.setenv("EDGEWISE_CACHE", "on")
    monkeypatch.setenv("EDGEWISE_CACHE_DIR", "/dev/null/objects")
    assert call(load(NUMBER.format(32))) == 32


def test_code_for_good_is_one_library_for_all_who_ask_at_once():
    text = "define i64 @for_good() { ret i64 5 }"
    barrier, found = threading.Barrier(6), []

    def ask():
        barrier.wait()
        found.append(load_for_good(text))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        asking = [threading.Thread(target=ask) for _ in range(6)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
    finally:
        sys.setswitchinterval(before)
    assert len({id(library) for library in found}) == 1
    assert load_for_good(text) is found[0]
