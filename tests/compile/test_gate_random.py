"""Random arrays before random gates: both let through exactly what has the wanted layout, and read what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.compile import gate as module
from edgewise.compile.gate import Array, Scalar, make_gate
from edgewise.errors import CompileError

pytestmark = pytest.mark.needs("llvmlite")

LETTERS = ["f8", "f4", "i8", "i4", "c16", "?", ">f8", "<i8", "O", "U2", "m8[s]"]
SLICES = st.builds(slice, st.integers(0, 1), st.none(), st.sampled_from([1, 1, 2, -1]))


@st.composite
def arrays(draw):
    """An array or a view of one: steps, reversed, transposed, broadcast, unaligned, without entries."""
    dtype = np.dtype(draw(st.sampled_from(LETTERS)))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=3)))
    array = np.zeros(shape, dtype)
    if draw(st.booleans()) and not dtype.hasobject:
        raw = np.zeros(array.nbytes + 1, np.uint8)
        array = raw[draw(st.integers(0, 1)) :][: array.nbytes].view(dtype).reshape(shape)
    array = array[(*(draw(SLICES) for _ in range(array.ndim)), ...)]
    if draw(st.booleans()):
        array = array.T
    if draw(st.booleans()):
        array = np.broadcast_to(array, (draw(st.integers(0, 2)), *array.shape))
    return array


def laid_out(array: np.ndarray, wanted: Array) -> bool:
    """What a gate must find, from what NumPy says of addresses."""
    if array.dtype != wanted.dtype or array.shape != wanted.shape:
        return False
    expected = wanted.strides
    if expected is None:
        expected = np.empty(wanted.shape, wanted.dtype).strides
    moves = [(a, b) for a, b, n in zip(array.strides, expected, array.shape, strict=True) if n > 1]
    aligned = not any(step % wanted.dtype.alignment for step in (array.ctypes.data, *(a for a, _ in moves)))
    return array.size == 0 or (aligned and all(a == b for a, b in moves))


@given(arrays(), arrays(), st.booleans())
def test_both_gates_agree_with_numpy(kernels, array, other, strided):
    try:
        wanted = Array(other.dtype, other.shape, other.strides if strided else None)
    except CompileError:
        assert other.dtype.kind not in "fibc" or not other.dtype.isnative
        return
    expected = [laid_out(array, wanted), laid_out(other, wanted)]
    for natively in (module.natively, lambda plan: False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "natively", natively)
            gate = make_gate([wanted], Array(np.dtype(np.int64), (1,)), kernels["words1"], lambda code, args: None)
        for value, fits in zip((array, other), expected, strict=True):
            found = gate(value)
            assert (found is not None) == fits
            assert not fits or found[0] == value.ctypes.data


@given(st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.booleans(), st.complex_numbers(), st.none(), st.text()))
def test_numbers_that_fit_pass_unchanged(kernels, value):
    for kind, result, name in ((float, np.float64, "copy8"), (int, np.int64, "copy8"), (bool, np.bool_, "copy1")):
        gate = make_gate([Scalar(kind)], Scalar(result), kernels[name], lambda code, args: args)
        found = gate(value)
        if type(value) is kind and (kind is not int or -(2**63) <= value < 2**63):
            assert type(found) is result
            assert np.array(found).tobytes() == np.array(value, result).tobytes()
        else:
            assert found == (value,)
