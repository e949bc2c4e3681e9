"""The algebra of maps: adjoints of sentences, sums, patterns, and aliveness carried by them."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.core.cofactors import cofactors
from edgewise.core.index import ARRAY
from edgewise.core.parts import Part
from edgewise.core.undetermined import Reason
from edgewise.errors import UndeterminedError
from edgewise.maps import (
    Averaged,
    Broadcast,
    ConjugateTranspose,
    Contract,
    Convolve,
    CumulativeSum,
    Dense,
    Determined,
    Diagonal,
    DiagonalPart,
    Form,
    Identity,
    Index,
    Map,
    Mask,
    Outputs,
    PhaseFree,
    RealPart,
    Recurrence,
    Reshape,
    Solve,
    Sum,
    Symmetrise,
    Transpose,
    congruence,
    left,
    on_vectors,
    right,
)

RNG = np.random.default_rng(0)
D = Diagonal(RNG.standard_normal(4))
M = Mask(np.array([True, False, True, True]))
C = Contract(RNG.standard_normal((3, 4)), "j", "ij", "i")
SQUARES = RNG.standard_normal((2, 3, 3)) + 3 * np.eye(3)
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
    "product from the left": (left(SQUARES), (2, 3, 4), (2, 3, 4)),
    "product from the right": (right(RNG.standard_normal((4, 2))), (3, 4), (3, 2)),
    "congruence": (congruence(SQUARES[0]), (3, 3), (3, 3)),
    "product with vectors": (on_vectors(SQUARES), (2, 3), (2, 3)),
    "conjugate transpose": (ConjugateTranspose(), (2, 3, 4), (2, 4, 3)),
    "symmetrise": (Symmetrise(), (3, 3), (3, 3)),
    "diagonal part": (DiagonalPart(3), (2, 3, 3), (2, 3)),
    "real part": (RealPart(), (3,), (3,)),
    "averaged": (Averaged(np.array([1.0, 2.0, 1.0, 1.0])), (4,), (4,)),
    "solve": (Solve(SQUARES), (2, 3, 2), (2, 3, 2)),
    "form": (Form(cofactors, (SQUARES[0], SQUARES[1]), {}, True), (3, 3), (3, 3)),
    "dense": (Dense((2, 3), (4, 1)), (5, 2, 3), (5, 4, 1)),
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
    assert part.pull_alive(5.0, None) == ((None, 5.0), (None, None))
    assert part.push_alive((3.0, 4.0), (None, True)) == (4.0, True)
    assert part.pattern() is part
    assert repr(part) == "Part(index=1, of=2)"


def test_several_outputs_share_what_comes_before_them():
    both = Outputs((D, M, None)) @ D
    t, g = RNG.standard_normal(4), RNG.standard_normal(4)
    pushed = both.push(t)
    np.testing.assert_allclose(pushed[0], (D @ D).push(t))
    np.testing.assert_allclose(pushed[1], (M @ D).push(t))
    assert pushed[2] is None
    np.testing.assert_allclose(both.pull((g, t, None)), (D @ D).pull(g) + (D @ M).pull(t))
    np.testing.assert_allclose(both.pull((None, g, None)), (D @ M).pull(g))
    np.testing.assert_allclose(both.pattern().push(t)[1], M.push(t))
    some = np.array([True, False, False, True])
    pushed, masks = both.push_alive(np.where(some, t, 0), some)
    np.testing.assert_array_equal(masks[1], some & M.chosen)
    pulled, mask = both.pull_alive((None, g, None), (None, some, None))
    np.testing.assert_array_equal(mask, some & M.chosen)
    np.testing.assert_allclose(pulled, (D @ M).pull(np.where(some, g, 0)))
    pulled, mask = both.pull_alive((g, g, None), (some, ~some, None))
    np.testing.assert_array_equal(mask, some | M.chosen)
    assert both.pull_alive((g, g, None), None)[1] is None


@np.errstate(all="ignore")  # as the walks run
def test_a_word_whose_entries_mix_is_alive_or_dead_as_a_whole():
    weights = Form(lambda A, t: t * np.inf, (SQUARES,), {}, False)
    alive = np.zeros((2, 3, 3), bool)
    alive[0, 0, 0] = True
    value, reached = weights.push_alive(alive.astype(float), alive)
    np.testing.assert_array_equal(reached, np.arange(2)[:, None, None] * np.ones((3, 3)) == 0)
    np.testing.assert_array_equal(value[1], np.zeros((3, 3)))


REASON = Reason("vectors: {gap}", "why", "instead", np.array([0.5, np.inf]), "f.py:1")


def test_undetermined_entries_are_an_error_where_they_are_alive():
    loose = np.array([False, False, True, True])
    m = Determined(D, loose, REASON)
    t = np.array([1.0, 2.0, 0.0, 0.0])
    assert np.isnan(m.pull(t)).all()  # only aliveness can tell
    np.testing.assert_allclose(m.pull_alive(t, ~loose)[0], D.pull(t))
    np.testing.assert_allclose(Determined(D, loose & False, REASON).pull(t), D.pull(t))
    np.testing.assert_allclose(m.pattern().push(t), t)
    for misuse in (lambda: m.pull(t + 1), lambda: m.pull_alive(t, None), lambda: m.pull_alive(t, ~loose | loose)):
        with pytest.raises(UndeterminedError, match=r"f.py:1: vectors: 0.5"):
            misuse()


def test_phases_that_turn_together():
    """A function of u vᴴ does not see the phase of u and v; one of u alone does."""
    u, v = (RNG.standard_normal((3, 1)) + 1j * RNG.standard_normal((3, 1)) for _ in range(2))
    both = PhaseFree(Outputs((D, D)), np.array([True]), (0, u), (1, v.conj().T), REASON)
    G = RNG.standard_normal((3, 3)) + 1j * RNG.standard_normal((3, 3))
    of_u, of_rows = G @ v, u.conj().T @ G  # cotangents of u and vᴴ, from Re⟨G, u vᴴ⟩
    both._verify((of_u, of_rows))
    with pytest.raises(UndeterminedError):
        both._verify((of_u, None))
    with pytest.raises(UndeterminedError):
        both._verify((None, of_rows))
    with pytest.raises(UndeterminedError):
        both.pull((of_u, -of_rows))
    PhaseFree(Outputs((D, D)), np.array([False]), (0, u), None, REASON)._verify(
        (of_u, None)
    )  # a phase that is determined
    t = RNG.standard_normal(4)
    np.testing.assert_array_equal(both.push(t)[1], D.push(t))
    np.testing.assert_array_equal(both.push_alive(t, None)[0][0], D.push(t))
    np.testing.assert_array_equal(both.pattern().push(t)[0], t)


def test_which_words_are_linear_over_the_complex_numbers():
    linear = (
        left(SQUARES),
        Solve(SQUARES),
        DiagonalPart(3),
        Form(cofactors, (SQUARES,), {}, True),
        Dense((2, 2), (2, 2)),
    )
    assert all(m.complex_linear for m in linear)
    assert Outputs((D, None)).complex_linear
    assert Determined(D, np.zeros(4, bool), REASON).complex_linear
    for m in (ConjugateTranspose(), Symmetrise(), RealPart(), Form(cofactors, (SQUARES,), {}, False)):
        assert not m.complex_linear
    assert not Outputs((D, RealPart())).complex_linear


def test_undetermined_entries_spread_and_are_dropped():
    """Where they go: along rows and columns of products, into sums, and not beyond what is chosen."""
    loose = np.array([[False, True, False]] * 2)
    t = Determined(Identity(), loose, REASON).push(np.ones((2, 3)))
    assert t.shape == (2, 3)
    np.testing.assert_array_equal(t[:, ::2], np.ones((2, 2)))
    np.testing.assert_array_equal(np.where(loose, 5.0, t * 2.0 + 1.0), [[3, 5, 3]] * 2)
    np.testing.assert_array_equal(np.sum(t, axis=0)[[0, 2]], [2, 2])
    np.testing.assert_array_equal((np.ones((2, 2)) @ t).loose, loose)
    np.testing.assert_array_equal((t @ np.ones((3, 1))).loose, [[True], [True]])
    np.testing.assert_array_equal((t[0] @ np.zeros((3, 2))).loose, [True, True])  # a weight 0 does not drop it
    np.testing.assert_array_equal(np.concatenate([t, np.ones((2, 1))], axis=1)[:, 3], [1, 1])
    np.testing.assert_array_equal(np.stack([np.zeros((2, 3)), t], axis=-1)[..., 0], np.zeros((2, 3)))
    np.testing.assert_array_equal(np.broadcast_to(np.reshape(t, (1, 2, 3)), (4, 2, 3))[0, :, 0], [1, 1])
    assert t.astype(np.float32).dtype == np.float32
    for misuse in (
        lambda: np.sort(t),
        lambda: np.sum([1.0], where=t),
        lambda: np.add.reduce(t),
        lambda: np.asarray(t),
        lambda: np.where(t),
        lambda: np.multiply(t, 2.0, dtype=np.float32),
    ):
        with pytest.raises(UndeterminedError):
            misuse()


def test_the_base_says_what_a_map_has():
    for verb in (Map().push, Map().pull):
        with pytest.raises(NotImplementedError):
            verb(1.0)


def test_over_which_numbers_a_sentence_is_linear():
    real_only = Diagonal(1.0, anti=1.0)
    assert (C @ M).complex_linear
    assert C.H.complex_linear
    assert (D + M).complex_linear
    assert not (D @ real_only).complex_linear
    assert not real_only.H.complex_linear
    assert not (D + real_only).complex_linear
