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
from hypothesis import assume, given
from hypothesis import strategies as st

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling
from edgewise.core.traced import getitem
from edgewise.families.samples import case, grid
from edgewise.testing.laws import LAWS, applies

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
REDUCTIONS = [np.sum, np.prod, np.max, np.min, np.mean, np.var, np.std, np.ptp, np.any, np.all]
ALONG_ONE_AXIS = [np.cumsum, np.cumprod, np.sort, np.argsort, np.argmax, np.argmin]
UFUNCS = [f for f in DECLARATIONS if isinstance(f, np.ufunc)]


def obeys(function, drawn):
    """Every law on one call; or, where NumPy refuses it, a refusal."""
    declaration = DECLARATIONS[function]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the mean of nothing
            plain = declaration.function(*drawn.args, **drawn.kwargs)
    except (ValueError, IndexError, TypeError):
        with pytest.raises((ValueError, IndexError, TypeError)):
            ew.linearize(lambda x: declaration.function(x, *drawn.args[1:], **drawn.kwargs), drawn.args[0])
        return
    assume(all(np.all(np.isfinite(y)) for y in (plain if isinstance(plain, tuple | list) else [plain])))
    for law in LAWS:
        if applies(law, declaration, drawn):
            LAWS[law](declaration, drawn)


def values(shape, seed=0, like=None):
    """Distinct entries; or entries out of another array, so that they lie in a function's domain."""
    n = math.prod(shape)
    if like is None:
        return grid(*shape, seed=seed) if n else np.zeros(shape)
    return np.random.default_rng(seed).choice(np.ravel(like), shape) if n else np.zeros(shape, np.asarray(like).dtype)


@pytest.mark.parametrize("function", UFUNCS, ids=spelling)
@given(data=st.data())
def test_elementwise_operations_broadcast(function, data):
    sample = DECLARATIONS[function].samples[-1 if function.nin == 1 else 0]
    drawn = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=function.nin, max_dims=3, min_side=0, max_side=3))
    operands = [values(s, i, a) for i, (s, a) in enumerate(zip(drawn.input_shapes, sample.args, strict=True))]
    assume(all(x.ndim for x in operands) or all(np.isscalar(x[()]) for x in operands if not x.ndim))
    obeys(function, case(*(x[()] for x in operands), wrt=sample.wrt))
