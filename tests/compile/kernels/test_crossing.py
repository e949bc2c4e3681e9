"""Arrays that lie crosswise are read and written in squares, and what comes of it is what NumPy computes."""

from __future__ import annotations

import ctypes

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from edgewise.compile.engine import load
from edgewise.compile.executable import build
from edgewise.compile.host import host
from edgewise.compile.ir import Module
from edgewise.compile.kernels import crossing, loops
from edgewise.compile.kernels.body import Body
from edgewise.compile.kernels.kinds import kind_for
from edgewise.compile.kernels.looping import Loop
from edgewise.compile.kernels.nests import Reach, Read, Store
from edgewise.compile.kernels.order import Layout
from edgewise.modes.staged import Staged

pytestmark = pytest.mark.needs("llvmlite")

normal = np.random.default_rng(0).standard_normal


def staged(function, *inputs):
    with Staged() as mode:
        lifted = [mode.lift(x) for x in inputs]
        found = function(*lifted)
        outputs = list(found) if isinstance(found, tuple | list) else [found]
        del found, lifted
        return mode.finish(outputs)


@pytest.fixture
def taken(monkeypatch):
    """Which crossings were chosen."""
    found = []

    def watched(layout, width):
        found.append(crossing.crossing(layout, width))
        return found[-1]

    monkeypatch.setattr(loops, "crossing", watched)
    return found


BODIES = {
    "transposed": lambda x, y: x.T * 2,
    "both ways": lambda x, y: [x.T + y, x - y.T],
    "broadcast": lambda x, y: x.T * y[:, :1] + y[0],
    "part": lambda x, y: x[3:, 1:].T - y[1:, 3:],
    "backwards": lambda x, y: x[::-1].T - y,
}


@given(
    body=st.sampled_from(sorted(BODIES)),
    shape=st.tuples(st.integers(4, 60), st.integers(4, 60)),
    dtype=st.sampled_from(["f8", "f4", "i8", "i4"]),
)
def test_any_square(body, shape, dtype):
    x = (40 * normal(shape)).astype(dtype)
    y = (40 * normal(shape[::-1])).astype(dtype)
    program = staged(BODIES[body], x, y)
    code, found = build(program).run([x, y])
    assert code == 0
    for a, b in zip(found, program.replay([x, y]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_it_is_taken_where_it_pays(taken):
    for shape, expected in [((60, 50), True), ((512, 512), True), ((2000, 2000), True), ((3, 20_000), False)]:
        taken.clear()
        x = normal(shape)
        made = build(staged(lambda x: x.T * 2.0, x))
        np.testing.assert_array_equal(made.run([x])[1][0], x.T * 2.0)
        assert (taken[0] is not None) == expected, shape


def test_three_axes_and_an_outer_loop_that_is_open_already():
    kind, lanes = kind_for(np.dtype(float)), host().width
    blocks, n, m = 3, 2 * lanes + 3, lanes + 1
    x = normal((blocks, n, m))
    read = Read(Reach(0, 0, (8 * n * m, 8 * m, 8)), kind)
    layout = Layout((blocks, n, m), [read], [Store(0, Reach(1, 0, (8 * n * m, 8, 8 * n)), kind)], [], opened=1)
    how = crossing.crossing(layout, lanes)
    assert how is not None
    assert "squares" in how.reason
    body = Body(Module(), "kernel")
    loop = Loop(body, 0, blocks, 1, [])
    crossing.write_crossing(body, layout, how, loop.counter)
    loop.close([])
    library = load(body.text(host().attributes, internal=False))
    result = np.zeros((blocks, m, n))
    table = (ctypes.c_void_p * 2)(x.ctypes.data, result.ctypes.data)
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(library.address("kernel"))(ctypes.addressof(table)) == 0
    np.testing.assert_array_equal(result, np.swapaxes(x, 1, 2))
