"""The algebra of maps: adjoints of sentences, sums, patterns, and aliveness carried by them."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.core.index import ARRAY
from edgewise.core.parts import Part
from edgewise.maps import (
    Broadcast,
    Contract,
    Convolve,
    CumulativeSum,
    Diagonal,
    Identity,
    Index,
    Map,
    Mask,
    Recurrence,
    Reshape,
    Sum,
    Transpose,
)

RNG = np.random.default_rng(0)
D = Diagonal(RNG.standard_normal(4))
M = Mask(np.array([True, False, True, True]))
C = Contract(RNG.standard_normal((3, 4)), "j", "ij", "i")
WORDS: dict[str, tuple[Map, tuple[int, ...], tuple[int, ...]]] = {
    "identity": (Identity(), (4,), (4,)),
    "diagonal": (D, (4,), (4,)),
    "chosen": (Diagonal(np.array([0.5, 0.0, 1.0, 0.0]), cut=True), (4,), (4,)),
    "mask": (M, (4,), (4,)),
    "reshape": (Reshape((2, 3), (6,)), (2, 3), (6,)),
    "transpose": (Transpose((2, 0, 1)), (2, 3, 4), (4, 2, 3)),
    "sum": (Sum((-2,), (2, 3, 4)), (2, 3, 4), (2, 4)),
    "sum of all": (Sum((-2, -1), (2, 3)), (2, 3), ()),
    "broadcast": (Broadcast((3, 1), (2, 3, 4)), (3, 1), (2, 3, 4)),
    "index": (Index((ARRAY, slice(None)), (np.array([1, 1, 0]),), (2, 3)), (2, 3), (3, 3)),
    "contraction": (C, (4,), (3,)),
    "cumulative sum": (CumulativeSum(-2), (3, 2), (3, 2)),
    "recurrence": (Recurrence(RNG.standard_normal((2, 4)), -1), (2, 4), (2, 4)),
    "convolution": (Convolve(RNG.standard_normal(3), "full"), (2, 4), (2, 6)),
    "valid convolution": (Convolve(RNG.standard_normal(3), "valid"), (5,), (3,)),
    "convolved with": (Convolve(RNG.standard_normal(5), "valid", second=True), (3,), (3,)),
    "sentence": (C @ M @ D, (4,), (3,)),
    "sum of maps": (D + M + Identity() @ D, (4,), (4,)),
}


def dense(apply, shape):
    columns = [np.ravel(apply(e.reshape(shape))) for e in np.eye(int(np.prod(shape)))]
    return np.stack(columns, -1)


@pytest.mark.parametrize("word", WORDS)
def test_pull_is_the_transpose_of_push(word):
    m, shape, target = WORDS[word]
    matrix = dense(m.push, shape)
    assert matrix.shape[0] == int(np.prod(target))
    np.testing.assert_allclose(dense(m.pull, target), matrix.T, atol=1e-15)
    np.testing.assert_allclose(dense(m.H.push, target), matrix.T, atol=1e-15)
    np.testing.assert_allclose(dense(m.H.H.push, shape), matrix, atol=1e-15)
    assert np.all((dense(m.pattern().push, shape) != 0) | (matrix == 0))
    assert np.all((dense(m.H.pattern().push, target) != 0) | (matrix.T == 0))


@pytest.mark.parametrize("word", WORDS)
def test_aliveness_follows_the_pattern(word):
    """With everything alive nothing changes; a dead entry contributes nothing, and what only it reaches is dead."""
    m, shape, target = WORDS[word]
    for apply, apply_alive, pattern, size in (
        (m.push, m.push_alive, dense(m.pattern().push, shape), shape),
        (m.pull, m.pull_alive, dense(m.pattern().push, shape).T, target),
        (m.H.push, m.H.push_alive, dense(m.pattern().push, shape).T, target),
        (m.H.pull, m.H.pull_alive, dense(m.pattern().push, shape), shape),
    ):
        t = RNG.standard_normal(size)
        value, alive = apply_alive(t, None)
        np.testing.assert_allclose(value, apply(t), atol=1e-15)
        reached = pattern != 0
        if alive is not None:
            np.testing.assert_array_equal(np.ravel(alive), reached.any(1))
        some = RNG.random(size) > 0.5
        value, alive = apply_alive(np.where(some, t, 0), some)
        np.testing.assert_allclose(value, apply(np.where(some, t, 0)), atol=1e-15)
        np.testing.assert_array_equal(np.ravel(alive), (reached & np.ravel(some)).any(1))


@np.errstate(all="ignore")  # as the walks run
def test_infinite_weights_on_dead_entries():
    t, alive = np.array([0.0, 1.0]), np.array([False, True])
    value, _ = Diagonal(np.array([np.inf, 2.0])).push_alive(t, alive)
    np.testing.assert_array_equal(value, [0.0, 2.0])
    value, reached = Contract(np.array([[np.inf, 2.0]]), "j", "ij", "i").push_alive(t, alive)
    np.testing.assert_array_equal(value, [2.0])
    assert reached.all()
    np.testing.assert_array_equal(Recurrence(np.array([1.0, np.inf]), -1).push_alive(t, alive)[0], [0.0, 1.0])


def test_sentences_are_flat_and_print():
    assert len((C @ M @ D).maps) == 3
    assert len((D + M + D).maps) == 3
    assert repr(D) == "Diagonal(anti=None, cut=False, weight=<float64 array of shape (4,)>)"
    assert repr(Transpose((1, 0)).H) == "Adjoint(of=Transpose(axes=(1, 0)))"


def test_a_part_of_several_outputs():
    part = Part(1, 2)
    assert part.push((3.0, 4.0)) == 4.0
    assert part.pull(5.0) == (None, 5.0)
    assert part.push_alive((3.0, 4.0), None) == (4.0, None)
    assert part.pull_alive(5.0, None) == ((None, 5.0), None)
    assert part.pattern() is part
    assert repr(part) == "Part(index=1, of=2)"


def test_the_base_says_what_a_map_has():
    for verb in (Map().push, Map().pull):
        with pytest.raises(NotImplementedError):
            verb(1.0)
