"""The call gate: what it lets through, what it hands over, what it returns. Everything holds of both gates."""

from __future__ import annotations

import ctypes
import gc
import inspect
import sys
import threading
import weakref

import numpy as np
import pytest

from edgewise.compile.gate import MISMATCH, Array, Constant, Same, Scalar, make_gate
from edgewise.errors import CompileError

pytestmark = pytest.mark.needs("llvmlite")

DOUBLE = np.dtype(float)
LENGTH = 1000.5
COPY = {"float64": "copy8", "float32": "copy4", "complex128": "copy16", "int64": "copy8", "bool": "copy1"}


def told(code, args):
    return ("handed over", code, args)


def test_results_are_fresh_arrays_and_numpys_scalars(make, kernels):
    gate = make([Array(DOUBLE, ())], Array(DOUBLE, ()), kernels["doubled"], told)
    first, second = gate(np.array(3.0)), gate(np.array(4.0))
    assert (type(first), first.shape, float(first), float(second)) == (np.ndarray, (), 6.0, 8.0)
    assert first.flags.owndata
    assert first.flags.writeable
    gate = make([Scalar(float)], Scalar(np.float64), kernels["doubled"], told)
    assert type(gate(3.0)) is np.float64
    assert gate(3.0) == 6.0


@pytest.mark.parametrize("letter", "?bBhHiIlLqQefdFD")
def test_scalars_of_every_type_pass_unchanged(make, kernels, letter):
    kind = np.dtype(letter).type
    gate = make([Scalar(kind)], Scalar(kind), kernels[f"copy{np.dtype(letter).itemsize}"], told)
    for value in (kind(0), kind(1), kind(100)):
        assert type(gate(value)) is kind
        assert gate(value) == value
    for other in "?bBhHiIlLqQefdFD":
        if np.dtype(other).type is not kind:
            assert gate(np.dtype(other).type(1))[:2] == ("handed over", MISMATCH)
    assert gate(1)[:2] == ("handed over", MISMATCH)


@pytest.mark.parametrize(
    ("kind", "values", "refused"),
    [
        (float, [0.0, -2.5, np.pi], [1, True, np.float64(1.0), "1", None, 1j]),
        (complex, [1j, 0j, complex(2, -3)], [1.0, np.complex128(1j)]),
        (int, [0, -1, 2**62, -(2**63), 2**63 - 1], [2**63, -(2**63) - 1, 10**40, True, 1.0, np.int64(3)]),
        (bool, [True, False], [1, 0, np.True_, None]),
    ],
)
def test_pythons_numbers(make, kernels, kind, values, refused):
    result = {int: np.int64, bool: np.bool_, float: np.float64, complex: np.complex128}[kind]
    gate = make([Scalar(kind)], Scalar(result), kernels[COPY[np.dtype(result).name]], told)
    for value in values:
        assert gate(value) == value
        assert type(gate(value)) is result
    for value in refused:
        assert gate(value) == told(MISMATCH, (value,))


def test_a_guard_tells_its_number(make, kernels):
    gate = make([Scalar(float)], Scalar(np.float64), kernels["doubled"], told)
    assert gate(-1.0) == told(1, (-1.0,))
    assert gate(101.0) == told(2, (101.0,))
    assert gate(100.0) == 200.0


@pytest.mark.parametrize("args", [(), (1.0,), (1.0, 2.0, 3.0), (1.0,) * 1000])
def test_another_number_of_arguments_is_handed_over(make, kernels, args):
    gate = make([Scalar(float)] * 2, Constant(None), kernels["nothing"], told)
    assert gate(*args) == told(MISMATCH, args)
    assert gate(1.0, 2.0) is None


def test_no_arguments_and_no_results(make, kernels):
    assert make([], (), kernels["nothing"], told)() == ()


def test_keywords_go_another_way(make, kernels):
    gate = make([Scalar(float)], Scalar(np.float64), kernels["doubled"], told, keywords=lambda *a, **k: (a, k))
    assert gate(1.0, b=2, c=None) == ((1.0,), {"b": 2, "c": None})
    assert gate(a=3.0) == ((), {"a": 3.0})
    assert gate(3.0) == 6.0


def test_keywords_are_refused(make, kernels):
    gate = make([Scalar(float)], Constant(None), kernels["nothing"], told)
    with pytest.raises(TypeError):
        gate(x=1.0)


class Subclass(np.ndarray):
    pass


def objects():
    """Whatever may be given where an array of shape (2, 3) and dtype float64 is wanted."""
    base = np.arange(6.0).reshape(2, 3)
    wide = np.arange(24.0).reshape(4, 6)
    unaligned = np.frombuffer(bytearray(7 * 8), np.uint8)[3 : 3 + 48].view(float).reshape(2, 3)
    locked = base.copy()
    locked.flags.writeable = False
    return {
        "contiguous": base,
        "read-only": locked,
        "Fortran": np.asfortranarray(base),
        "transposed": base.T,
        "strided": wide[::2, ::2],
        "reversed": base[::-1, ::-1],
        "broadcast": np.broadcast_to(np.arange(3.0), (2, 3)),
        "unaligned": unaligned,
        "not native": base.astype(">f8"),
        "with metadata": base.astype(np.dtype("f8", metadata={"unit": "m"})),
        "copied dtype": base.astype(np.dtype("f8").newbyteorder("<")),
        "float32": base.astype(np.float32),
        "int64": base.astype(int),
        "longlong": base.astype(np.longlong),
        "complex128": base.astype(complex),
        "bool": base.astype(bool),
        "object": base.astype(object),
        "text": base.astype(str),
        "dates": base.astype("M8[s]"),
        "record": np.zeros((2, 3), [("a", float)]),
        "long double": base.astype(np.longdouble),
        "subclass": base.view(Subclass),
        "matrix": np.asmatrix(base),
        "masked": np.ma.masked_array(base),
        "record array": base.view(np.recarray),
        "memmap": base.view(np.memmap),
        "vector": np.arange(6.0),
        "longer": np.zeros((2, 4)),
        "empty": np.zeros((0, 3)),
        "empty of the other axis": np.zeros((2, 0)),
        "huge rank": np.zeros((1,) * 62),
        "0-d": np.array(1.0),
        "NumPy scalar": np.float64(1.0),
        "float": 1.0,
        "int": 3,
        "None": None,
        "list": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        "type": np.ndarray,
        "memoryview": memoryview(base),
        "text of Python": "array",
        "one column": np.zeros((2, 1)),
        "one column, odd strides": np.zeros((2, 4))[:, :1],
    }


WANTED = {
    "C": Array(DOUBLE, (2, 3)),
    "Fortran": Array(DOUBLE, (2, 3), (8, 16)),
    "C, by strides": Array(DOUBLE, (2, 3), (24, 8)),
    "strided": Array(DOUBLE, (2, 3), (96, 16)),
    "broadcast": Array(DOUBLE, (2, 3), (0, 8)),
    "reversed": Array(DOUBLE, (2, 3), (-24, -8)),
    "float32": Array(np.dtype("f4"), (2, 3)),
    "int64": Array(np.dtype("int64"), (2, 3)),
    "bool": Array(np.dtype(bool), (2, 3)),
    "empty": Array(DOUBLE, (0, 3)),
    "empty, by strides": Array(DOUBLE, (0, 3), (1, 2)),
    "0-d": Array(DOUBLE, ()),
    "column": Array(DOUBLE, (2, 1)),
    "column, by strides": Array(DOUBLE, (2, 1), (32, 4096)),
    "huge rank": Array(DOUBLE, (1,) * 62),
    "NumPy scalar": Scalar(np.float64),
    "float": Scalar(float),
    "int": Scalar(int),
    "None": Same(None),
}
LET_THROUGH = {
    "C": {"contiguous", "read-only", "with metadata", "copied dtype"},
    "Fortran": {"Fortran"},
    "C, by strides": {"contiguous", "read-only", "with metadata", "copied dtype"},
    "strided": {"strided"},
    "broadcast": {"broadcast"},
    "reversed": {"reversed"},
    "float32": {"float32"},
    "int64": {"int64"},
    "bool": {"bool"},
    "empty": {"empty"},
    "empty, by strides": {"empty"},
    "0-d": {"0-d"},
    "column": {"one column"},
    "column, by strides": {"one column, odd strides"},
    "huge rank": {"huge rank"},
    "NumPy scalar": {"NumPy scalar"},
    "float": {"float"},
    "int": {"int"},
    "None": {"None"},
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("wanted", WANTED)
def test_what_is_let_through_and_nothing_else(make, kernels, wanted):
    gate = make([WANTED[wanted]], Constant("done"), kernels["nothing"], told)
    found = {name for name, value in objects().items() if gate(value) == "done"}
    assert found == LET_THROUGH[wanted]


def test_what_is_handed_over_is_what_was_given(make, kernels):
    gate = make([WANTED["C"], Same(None)], Constant("done"), kernels["nothing"], lambda code, args: args)
    given = [np.ones(3), object()]
    found = gate(*given)
    assert type(found) is tuple
    assert found[0] is given[0]
    assert found[1] is given[1]


def test_a_traced_value_is_handed_over(make, kernels):
    import edgewise as ew

    gate = make([Scalar(np.float64)], Scalar(np.float64), kernels["doubled"], lambda code, args: 2.0 * args[0])
    assert ew.grad(gate)(3.0) == 2.0


def test_a_kernel_is_given_the_addresses_of_the_data(make, kernels):
    words = Array(np.dtype(np.int64), (3,))
    gate = make([Array(DOUBLE, (2,)), Array(DOUBLE, (2,), (-8,)), Array(DOUBLE, ())], words, kernels["words3"], told)
    a = np.arange(4.0)
    assert gate(a[1:3], a[3:1:-1], a[:1].reshape(())).tolist() == [a.ctypes.data + 8, a.ctypes.data + 24, a.ctypes.data]
    a = np.arange(4.0)  # looked up anew at every call
    assert gate(a[:2], a[1::-1], a[3:].reshape(())).tolist() == [a.ctypes.data, a.ctypes.data + 8, a.ctypes.data + 24]


def test_objects_without_data_have_no_place_in_the_table(make, kernels):
    wanted = [Same("a"), Array(DOUBLE, (1,)), Same(None), Array(DOUBLE, (1,)), Array(DOUBLE, (1,))]
    gate = make(wanted, (Constant(1), Array(np.dtype(np.int64), (3,))), kernels["words3"], told)
    x, y, z = np.ones(1), np.ones(1), np.ones(1)
    assert gate("a", x, None, y, z)[1].tolist() == [x.ctypes.data, y.ctypes.data, z.ctypes.data]
    assert gate("b", x, None, y, z)[0] == "handed over"


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "equal", "others"),
    [
        (10**6, int("1000000"), [10**6 + 1, 1e6, np.int64(10**6), -(10**6)]),
        (10**30, int("1" + "0" * 30), [10**30 + 1, 1e30]),
        (1, 1, [True, 1.0, 2]),
        ("some text", str(b"some text", "ascii"), ["some", Text("some text"), b"some text", None]),
        (b"bytes", bytes(bytearray(b"bytes")), [b"byte", bytearray(b"bytes"), "bytes"]),
        (None, None, [0, False, ()]),
        (np.sum, np.sum, [sum, np.prod]),
        (True, True, [1, 1.0, np.True_]),
        (float, float, [int, np.float64]),
        (LENGTH, LENGTH, [float("1000.5"), 1000]),  # zeros are equal and are not the same
    ],
)
def test_objects_that_must_be_the_same_or_equal(make, kernels, value, equal, others):
    gate = make([Same(value)], Constant("done"), kernels["nothing"], told)
    assert gate(value) == gate(equal) == "done"
    assert [gate(other) for other in others] == [told(MISMATCH, (other,)) for other in others]


def test_captured_objects_follow_the_arguments_and_are_checked_at_every_call(make, kernels):
    c, d = np.arange(3.0), np.float64(2.0)
    captured = [(c, Array(DOUBLE, (3,))), (None, Same(None)), (d, Scalar(np.float64))]
    gate = make([Scalar(np.float64)], Array(np.dtype(np.int64), (3,)), kernels["words3"], told, captured=captured)
    found = gate(np.float64(1.0))
    assert found[1] == c.ctypes.data
    assert ctypes.c_double.from_address(int(found[2])).value == 2.0 or make is not make_gate
    c.resize((2,), refcheck=False)
    assert gate(np.float64(1.0)) == told(MISMATCH, (np.float64(1.0),))
    c.resize((3,), refcheck=False)
    assert gate(np.float64(1.0))[1] == c.ctypes.data


@pytest.mark.parametrize(
    ("shape", "strides"),
    [
        ((), None),
        ((3,), None),
        ((2, 3), None),
        ((2, 3), (8, 16)),
        ((0, 3), None),
        ((0, 3), (5, 5)),
        ((2, 3, 4), (32, 64, 8)),
    ],
)
def test_layouts_of_results(make, kernels, shape, strides):
    found = make([], Array(DOUBLE, shape, strides), kernels["nothing"], told)()
    assert (found.shape, found.dtype, type(found), found.base) == (shape, DOUBLE, np.ndarray, None)
    assert found.flags.owndata
    assert found.flags.aligned
    assert found.flags.writeable
    if strides is None:
        assert found.flags.c_contiguous
    elif found.size:
        assert found.strides == strides
        assert found.flags.f_contiguous == (len(shape) == 2)
    found[...] = 1.0


def test_nested_results(make, kernels):
    x, text = Array(DOUBLE, (2,)), Constant("text")
    gate = make([], ((x, ()), text, ((), (x, (Scalar(np.int8), text))), (text,)), kernels["nothing"], told)
    found = gate()
    (a, empty), first, (other, (b, (c, second))), (third,) = found
    assert [type(v) for v in (found, a, b, c)] == [tuple, np.ndarray, np.ndarray, np.int8]
    assert empty == other == ()
    assert first is second is third is text.value
    assert a is not b


def test_exceptions_of_the_fallback_come_out(make, kernels):
    def fails(code, args):
        raise KeyError(code)

    gate = make([Scalar(float)], Scalar(np.float64), kernels["doubled"], fails)
    for value, code in ((None, 0), (-1.0, 1)):
        with pytest.raises(KeyError, match=str(code)):
            gate(value)


def test_exceptions_of_a_kernel_come_out(make, kernels):
    gate = make([Array(DOUBLE, (2,))], (Array(DOUBLE, (2,)), Scalar(np.float64)), kernels["raises"], told)
    with pytest.raises(MemoryError):
        gate(np.ones(2))


def test_want_of_memory(make, kernels):
    endless = Array(DOUBLE, (2**46,))
    gate = make([], (Array(DOUBLE, (2,)), Constant(told), endless, Scalar(np.float64)), kernels["nothing"], told)
    before = sys.getrefcount(told)
    for _ in range(10):
        with pytest.raises(MemoryError):
            gate()
    assert sys.getrefcount(told) == before


def test_an_arena_is_aligned_and_lasts(make, kernels):
    gate = make([], Array(np.dtype(np.int64), (1,)), kernels["words1"], told, arena=100)
    with pytest.raises(CompileError):
        make([], (), kernels["nothing"], told, arena=-1)
    del gate
    seen = []
    kernels.called = lambda at, x: seen.append(at)
    gate = make([Scalar(int)], Scalar(np.int64), kernels["through_arena"], told, arena=8)
    assert [gate(i) for i in range(5)] == list(range(5))
    assert len(set(seen)) == 1
    assert seen[0] % 64 == 0


def test_overlapping_calls_have_arenas_of_their_own(make, kernels):
    gate = make([Scalar(int)], Scalar(np.int64), kernels["through_arena"], told, arena=1000)
    seen = []

    def deeper(at, x):
        seen.append(at)
        if x:
            assert gate(x - 1) == x - 1

    kernels.called = deeper
    assert gate(6) == 6
    assert len(set(seen)) == 7
    assert all(at % 64 == 0 for at in seen)
    seen.clear()
    assert gate(0) == gate(0) == 0
    assert len(set(seen)) == 1, "given back"


def test_an_arena_too_large_for_memory(kernels):
    with pytest.raises(MemoryError):
        make_gate([], (), kernels["nothing"], told, arena=2**50)


def test_other_threads_run_meanwhile_where_that_is_asked_for(make, kernels):
    x = np.zeros(1, np.int64)
    gate = make([Array(np.dtype(np.int64), (1,))], Constant("seen"), kernels["waits"], told, release=True)
    timer = threading.Timer(0.02, x.fill, (1,))
    timer.start()
    assert gate(x) == "seen"
    timer.join()


@pytest.mark.parametrize("place", ["argument", "captured"])
def test_what_a_kernel_reads_is_not_resized_meanwhile(make, kernels, place):
    x, told_of = np.zeros(1, np.int64), []
    wanted = [Array(np.dtype(np.int64), (1,))]
    if place == "argument":
        gate = make(wanted, Constant("seen"), kernels["waits"], told, release=True)
    else:
        gate = make([], Constant("seen"), kernels["waits"], told, captured=[(x, wanted[0])], release=True)

    def resize(array):
        for refcheck in (True, False):
            try:
                array.resize(10**6, refcheck=refcheck)
            except ValueError:
                told_of.append(refcheck)
        array.fill(1)

    timer = threading.Timer(0.02, resize, (x,))
    timer.start()
    assert (gate(x) if place == "argument" else gate()) == "seen"
    timer.join()
    assert (told_of, x.shape) == ([True, False], (1,))
    assert weakref.getweakrefcount(x) == 0
    x.resize(2, refcheck=False)
    assert (gate(x)[2][0] if place == "argument" else gate()[0]) is (x if place == "argument" else "handed over")


def test_every_outcome_where_other_threads_run_meanwhile(make, kernels):
    pair = ((Scalar(np.float64), Constant(None)), ())
    gate = make([Array(DOUBLE, ())], pair, kernels["doubled"], told, release=True)
    low, good, high = map(np.array, (-1.0, 3.0, 101.0))
    counts = [sys.getrefcount(x) for x in (low, good, high)]
    for _ in range(100):
        assert gate(good) == ((6.0, None), ())
        assert gate(low) == told(1, (low,))
        assert gate(high) == told(2, (high,))
        assert gate(3.0) == told(MISMATCH, (3.0,))
    assert counts == [sys.getrefcount(x) for x in (low, good, high)]
    assert [weakref.getweakrefcount(x) for x in (low, good, high)] == [0, 0, 0]
    mixed = make([Scalar(float), Same(None)], Scalar(np.float64), kernels["doubled"], told, release=True)
    assert mixed(2.0, None) == 4.0


def test_a_gate_has_a_name_and_a_signature(make, kernels):
    gate = make([], (), kernels["nothing"], told, name="loss")
    assert gate.__name__ == "loss"
    assert str(inspect.signature(gate)).startswith("(*args")


def test_more_than_the_stack_should_hold(kernels):
    many = [Array(DOUBLE, (2,))] * 400
    gate = make_gate(many, tuple(many), kernels["nothing"], told)
    given = [np.ones(2) for _ in many]
    assert len(gate(*given)) == 400
    assert gate(*given[:-1], None)[:2] == ("handed over", MISMATCH)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Array(np.dtype(object), ()),
        lambda: Array(np.dtype(">f8"), ()),
        lambda: Array(np.dtype(np.longdouble), ()),
        lambda: Array(DOUBLE, (2, 3), (8,)),
        lambda: Scalar(str),
        lambda: Scalar(np.longdouble),
        lambda: Scalar(np.str_),
        lambda: make_gate([], Scalar(float), 1, told),
        lambda: make_gate([], Array(DOUBLE, (2, 3), (8, 8)), 1, told),
        lambda: make_gate([], Array(DOUBLE, (2, 3), (-24, -8)), 1, told),
        lambda: make_gate([], Array(DOUBLE, (-1,)), 1, told),
        lambda: make_gate([], (), 0, told),
    ],
)
def test_what_no_kernel_can_have(call):
    with pytest.raises(CompileError):
        call()


def test_nothing_is_kept_and_nothing_is_lost(make, kernels):
    """Reference counts over many calls of every outcome; benchmarks/gate.py makes a million of each."""
    x, wrong, text, captured = np.ones(2), np.ones(3), object(), np.ones(2)
    spec = Array(DOUBLE, (2,))
    nested = ((spec, Constant(text)), Scalar(np.float64))
    watched = [x, wrong, text, captured, told, DOUBLE, np.ndarray, np.float64, ()]
    gates = [
        make([spec], nested, kernels["nothing"], told, captured=[(captured, spec)], arena=64),
        make([spec], nested, kernels["raises"], told, captured=[(captured, spec)], arena=64),
    ]
    guarded = make([Scalar(float)], nested, kernels["doubled"], told)
    counts = None
    for rounds in (10, 500):
        for _ in range(rounds):
            gates[0](x), gates[0](wrong), gates[0](), guarded(-1.0), guarded(text)
            with pytest.raises(MemoryError):
                gates[1](x)
        gc.collect()
        found = [sys.getrefcount(value) for value in watched]
        counts = counts or found
    assert found == counts


def test_a_gate_dies_with_all_that_it_holds(make, kernels):
    class Fallback:
        def __call__(self, code, args):
            return code

    class Kept:
        pass

    fallback, kept = Fallback(), Kept()
    gate = make([], (), kernels["nothing"], fallback, keep=kept)
    fallback.gate = gate  # a circle, which the collector has to see through
    gone = [weakref.ref(fallback), weakref.ref(kept)]
    del fallback, kept
    gc.collect()
    assert all(ref() is not None for ref in gone)
    assert gate() == ()
    del gate
    gc.collect()
    assert all(ref() is None for ref in gone)
