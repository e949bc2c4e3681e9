"""The laws at calls that nobody wrote down: shapes drawn at random, empty and zero-dimensional ones among them.

A drawn call becomes a ``Case``, and goes through the same laws as the samples of the book. Where NumPy refuses a call,
it has to be refused for traced values too.
"""

from __future__ import annotations

import math
import warnings

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.core.traced import getitem
from edgewise.families.samples import case, grid
from edgewise.testing.laws import LAWS, applies

FEWER = settings(max_examples=settings.default.max_examples // 2)  # where many functions are drawn for
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
REDUCTIONS = [np.sum, np.prod, np.max, np.min, np.mean, np.var, np.std, np.ptp, np.any, np.all]
SUMMARIES = [np.median, np.average, np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanmedian]
ALONG_ONE_AXIS = [np.cumsum, np.cumprod, np.sort, np.argsort, np.argmax, np.argmin]
REFUSALS = (ValueError, IndexError, TypeError, ZeroDivisionError)
UFUNCS = [f for f in DECLARATIONS if isinstance(f, np.ufunc)]


def obeys(function, drawn):
    """Every law on one call; or, where NumPy refuses it, a refusal."""
    declaration = DECLARATIONS[function]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            plain = declaration.function(*drawn.args, **drawn.kwargs)
    except (RuntimeWarning, DeprecationWarning):  # the mean of nothing, which is NaN; what NumPy is about to refuse
        return
    except REFUSALS:
        with pytest.raises(REFUSALS):
            ew.linearize(lambda x: declaration.function(x, *drawn.args[1:], **drawn.kwargs), drawn.args[0])
        return
    assume(all(np.all(np.isfinite(y)) for y in (plain if isinstance(plain, tuple | list) else [plain])))
    for law in LAWS:
        if applies(law, declaration, drawn):
            LAWS[law](declaration, drawn)


def values(shape, seed=0, like=None):
    """Entries far enough from each other and from 0 for differences to be taken, whose sums do not tie either.

    With ``like``, entries of another array, so that they lie in a function's domain.
    """
    n, rng = math.prod(shape), np.random.default_rng(seed)
    if like is not None:
        return rng.choice(np.ravel(like), shape) if n else np.zeros(shape, np.asarray(like).dtype)
    k = np.arange(n)
    return rng.permutation(4 * (k + 0.25 + 0.15 * np.sin(k**2 + seed)) / max(n, 1) - 2).reshape(shape)


@pytest.mark.parametrize("function", UFUNCS, ids=spelling)
@settings(max_examples=settings.default.max_examples // 5)  # they share one family
@given(data=st.data())
def test_elementwise_operations_broadcast(function, data):
    sample = DECLARATIONS[function].samples[-1 if function.nin == 1 else 0]
    drawn = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=function.nin, max_dims=3, min_side=0, max_side=3))
    operands = [values(s, i, a) for i, (s, a) in enumerate(zip(drawn.input_shapes, sample.args, strict=True))]
    obeys(function, case(*(x[()] for x in operands), wrt=sample.wrt))


def axes_of(ndim):
    """NumPy's ways to name axes; out of bounds and twice, too."""
    one = st.integers(-ndim - 1, ndim)
    return st.none() | one | st.lists(one, max_size=3).map(tuple)


@pytest.mark.parametrize("function", REDUCTIONS, ids=spelling)
@FEWER
@given(data=st.data())
def test_reductions(function, data):
    x = values(data.draw(SHAPES))
    axis, keepdims = data.draw(axes_of(x.ndim)), data.draw(st.booleans())
    obeys(function, case(x, axis=axis, keepdims=keepdims))


@pytest.mark.parametrize("function", ALONG_ONE_AXIS, ids=spelling)
@FEWER
@given(data=st.data())
def test_operations_along_one_axis(function, data):
    x = values(data.draw(SHAPES))
    obeys(function, case(x, axis=data.draw(st.none() | st.integers(-x.ndim - 1, x.ndim))))


@pytest.mark.parametrize("function", SUMMARIES, ids=spelling)
@FEWER
@given(data=st.data())
def test_summaries(function, data):
    x = values(data.draw(hnp.array_shapes(max_dims=3, max_side=3)))
    axis = data.draw(axes_of(x.ndim).filter(lambda axis: axis != ()))
    obeys(function, case(x, axis=axis, keepdims=data.draw(st.booleans())))


@given(data=st.data())
def test_norms(data):
    x = values(data.draw(hnp.array_shapes(max_dims=3, max_side=3)))
    order = data.draw(st.sampled_from([None, 1, 3, np.inf, -np.inf, 0.5, "fro"]))  # 2: needs singular values
    obeys(np.linalg.norm, case(x, order, data.draw(axes_of(x.ndim)), data.draw(st.booleans()), wrt=(0,)))


@given(data=st.data())
def test_products_of_their_own_kind(data):
    first, second = (values(data.draw(hnp.array_shapes(max_dims=3, max_side=3)), seed) for seed in range(2))
    assume(first.size * second.size < 100)
    which = data.draw(st.sampled_from([np.kron, np.convolve, np.correlate, np.cross]))
    assume(which is not np.cross or 2 not in (first.shape[-1], second.shape[-1]))  # refused since NumPy 2.5
    obeys(which, case(first, second))


@given(data=st.data())
def test_sampled_functions(data):
    x = values(data.draw(SHAPES))
    axis = data.draw(st.integers(-x.ndim - 1, x.ndim))
    which = data.draw(st.sampled_from([np.gradient, np.trapezoid, np.diff, np.ediff1d, np.unwrap]))
    obeys(which, case(x) if which is np.ediff1d else case(x, axis=axis))


@given(data=st.data())
def test_pad(data):
    x = values(data.draw(SHAPES))
    mode = data.draw(st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean"]))
    obeys(np.pad, case(x, data.draw(st.integers(0, 3)), mode))


@given(data=st.data())
def test_differences(data):
    x = values(data.draw(SHAPES))
    obeys(np.diff, case(x, n=data.draw(st.integers(0, 3)), axis=data.draw(st.integers(-x.ndim - 1, x.ndim))))


@given(data=st.data())
def test_reshape(data):
    x = values(data.draw(SHAPES))
    lengths = data.draw(st.permutations([n for m in x.shape for n in ((1, m) if m < 2 else (m,))] or [1]))
    at = data.draw(st.none() | st.integers(0, len(lengths) - 1))
    target = tuple(-1 if i == at else n for i, n in enumerate(lengths))
    obeys(np.reshape, case(x, target, order=data.draw(st.sampled_from("CF"))))


@given(data=st.data())
def test_axes_change_places(data):
    x = values(data.draw(SHAPES))
    order = data.draw(st.none() | st.permutations(range(x.ndim)).map(tuple))
    obeys(np.transpose, case(x, order))
    one, other = (st.integers(-x.ndim - 1, x.ndim) for _ in range(2))
    a, b = data.draw(one), data.draw(other)
    obeys(data.draw(st.sampled_from([np.swapaxes, np.moveaxis, np.rollaxis])), case(x, a, b))
    obeys(data.draw(st.sampled_from([np.squeeze, np.flip])), case(x, data.draw(axes_of(x.ndim))))
    obeys(np.expand_dims, case(x, a))


@given(data=st.data())
def test_repetitions(data):
    x = values(data.draw(SHAPES))
    which = data.draw(st.sampled_from([np.roll, np.tile, np.repeat, np.broadcast_to]))
    if which is np.roll:
        axis = data.draw(axes_of(x.ndim))
        obeys(which, case(x, data.draw(st.integers(-4, 4)), axis=None if axis == () else axis))
    elif which is np.tile:
        obeys(which, case(x, tuple(data.draw(st.lists(st.integers(0, 2), max_size=3)))))
    elif which is np.repeat:
        axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim))
        obeys(which, case(x, data.draw(st.integers(0, 2)), axis=axis))
    else:
        target = data.draw(st.lists(st.integers(0, 3), max_size=1)) + [max(n, 2) if n == 1 else n for n in x.shape]
        obeys(which, case(x, tuple(target)))


@given(data=st.data())
def test_matrices(data):
    x = values(data.draw(SHAPES))
    k = data.draw(st.integers(-4, 4))
    function = data.draw(st.sampled_from([np.diag, np.tril, np.triu, np.diagonal, np.trace, np.diagflat, np.rot90]))
    assume(function is not np.diagflat or x.size < 7)  # a result of that many rows and columns
    obeys(function, case(x, k))


@given(data=st.data())
def test_joins(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    count = data.draw(st.integers(1, 3))
    parts = [values(shape, i) for i in range(count)]
    obeys(np.stack, case(parts, axis=data.draw(st.integers(-len(shape) - 2, len(shape) + 1))))
    axis = data.draw(st.none() | st.integers(-len(shape) - 1, len(shape)))
    if axis is not None and -len(shape) <= axis < len(shape):
        lengths = data.draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
        own = [[n if i == axis % len(shape) else m for i, m in enumerate(shape)] for n in lengths]
        parts = [values(tuple(s), i) for i, s in enumerate(own)]
    obeys(np.concatenate, case(parts, axis=axis))
    which = data.draw(st.sampled_from([np.hstack, np.vstack, np.dstack, np.column_stack]))
    obeys(which, case([values(shape, i) for i in range(count)]))


@given(data=st.data())
def test_splits(data):
    x = values(data.draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)))
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    sections = data.draw(st.integers(1, 4) | st.lists(st.integers(-3, 5), max_size=3))
    obeys(np.array_split, case(x, sections, axis=axis))
    obeys(np.split, case(x, sections, axis=axis))


@given(data=st.data())
def test_matmul_broadcasts(data):
    drawn = data.draw(
        hnp.mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", max_dims=2, min_side=0, max_side=3)
    )
    obeys(np.matmul, case(*(values(s, i) for i, s in enumerate(drawn.input_shapes))))


@given(data=st.data())
def test_products_over_one_axis(data):
    n = data.draw(st.integers(0, 3))
    sides = st.lists(st.integers(0, 3), max_size=2)
    first, second = (tuple(data.draw(sides)) for _ in range(2))
    x, y = values((*first, n)), values((*second, n), 1)
    which = data.draw(st.sampled_from([np.inner, np.dot, np.tensordot, np.outer]))
    if which is np.dot:
        y = np.swapaxes(y, -1, -2).copy() if y.ndim > 1 else y
    obeys(which, case(x, y, axes=([-1], [-1])) if which is np.tensordot else case(x, y))


@given(data=st.data())
def test_einsum(data):
    sizes = dict(zip("abcd", data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4)), strict=True))
    terms = data.draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    letters = sorted(set("".join(terms)))
    result = "".join(data.draw(st.permutations(letters)))[: data.draw(st.integers(0, len(letters)))]
    operands = [values(tuple(sizes[c] for c in t), i) for i, t in enumerate(terms)]
    spec = ",".join(terms) + data.draw(st.sampled_from(["", f"->{result}"]))
    obeys(np.einsum, case(spec, *(x if x.ndim else float(x) for x in operands)))


@st.composite
def indices(draw, shape):
    """Slices, integers, None, an ellipsis and index arrays, mixed as NumPy allows."""
    rank = draw(st.integers(1, 2))
    broadcast = tuple(draw(st.lists(st.integers(1, 2), min_size=rank, max_size=rank)))
    items = []
    for n in draw(st.permutations(shape)) if draw(st.booleans()) else shape:
        kind = draw(st.sampled_from(["slice", "slice", "int", "array", "mask", "none"]))
        if kind == "none":
            items.append(None)
        if kind == "int" and n:
            items.append(draw(st.integers(-n, n - 1)))
        elif kind == "array" and n:
            own = draw(st.sampled_from([broadcast, broadcast[1:], (1,) * rank]))
            items.append(draw(hnp.arrays(np.intp, own, elements=st.integers(-n, n - 1))))
        elif kind == "mask":
            items.append(draw(hnp.arrays(bool, n)))
        else:
            items.append(draw(st.slices(n)))
    return tuple(items[: draw(st.integers(0, len(items)))]) + draw(st.sampled_from([(), (Ellipsis,)]))


@given(data=st.data())
def test_indexing(data):
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    obeys(getitem, case(values(shape), data.draw(indices(shape))))


@given(data=st.data())
def test_choices(data):
    drawn = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=2, min_side=0, max_side=3))
    first, *rest = drawn.input_shapes
    condition = data.draw(hnp.arrays(bool, first))
    if data.draw(st.booleans()):
        obeys(np.where, case(condition, *(values(s, i)[()] for i, s in enumerate(rest))))
        return
    pools = np.reshape(grid(27, seed=data.draw(st.integers(0, 9))), (3, 9))  # no two entries alike, no ties
    obeys(np.clip, case(*(np.resize(p, s)[()] for p, s in zip(pools, drawn.input_shapes, strict=True))))
