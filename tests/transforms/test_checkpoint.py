"""``checkpoint``: what is kept, what is run, and what is refused. That derivatives agree: ``laws/test_regions``."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest

import edgewise as ew
from edgewise.core.outline import Outline, Step
from edgewise.errors import ArgumentError, EscapedError, OverwrittenError, StoreError
from edgewise.modes import Recorded
from edgewise.transforms.border import outputs
from edgewise.transforms.region import region
from edgewise.transforms.written import Repeated

X = np.array([0.4, -0.7, 1.3])


def chain(x):
    for _ in range(10):
        x = np.sin(x) * 1.01
    return x


def peak(call):
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "way",
    [
        lambda f, x: ew.grad(f)(x),
        lambda f, x: ew.hvp(f, x, x),
        lambda f, x: ew.grad(lambda x: np.sum(ew.grad(f)(x)))(x),
        lambda f, x: ew.grad(lambda x: np.sum(ew.jvp(f, (x,), (x,))[1]))(x),
        lambda f, x: ew.grad(lambda rows: np.sum(ew.vmap(f)(rows)))(np.reshape(x, (10, -1))),
        lambda f, x: ew.linearize(f, x)[1] @ x,
    ],
    ids=["grad", "hvp", "grad of grad", "grad of jvp", "grad of vmap", "linearize"],
)
def test_memory_is_that_of_one_call(way):
    def f(x, layer):
        for _ in range(12):
            x = layer(x)
        return np.sum(x)

    x = np.linspace(0, 1, 5000)
    kept = peak(lambda: way(lambda x: f(x, chain), x))
    again = peak(lambda: way(lambda x: f(x, ew.checkpoint(chain)), x))
    assert again < kept / 3


def test_the_function_runs_once():
    log = []

    @ew.checkpoint
    def f(x):
        log.append(float(ew.value(x[0])))
        return x * len(log)

    assert np.array_equal(ew.grad(lambda x: np.sum(f(x) * x))(X), 2 * X)
    ew.hessian(lambda x: np.sum(f(x)))(X)
    assert log == [0.4, 0.4]


def test_random_draws_are_not_repeated():
    rng = np.random.default_rng(0)
    f = ew.checkpoint(lambda x: x * rng.normal(size=3))
    assert np.array_equal(ew.grad(lambda x: np.sum(f(x) * 2))(X), 2 * np.random.default_rng(0).normal(size=3))


def test_without_a_derivative_it_is_the_function():
    assert ew.checkpoint(lambda x, *, k: {"a": x, "b": k})("text", k=None) == {"a": "text", "b": None}
    calls = []
    ew.jvp(ew.checkpoint(lambda x: calls.append(type(x.mode).__name__) or x), (X,), (X,))
    assert calls == ["Dual"]  # a forward pass keeps nothing, so there is nothing to save


def test_the_name_and_the_documentation_stay():
    def layer(x):
        """What it does."""
        return x

    assert ew.checkpoint(layer).__name__ == "layer"
    assert ew.checkpoint(layer).__doc__ == "What it does."


def test_it_is_one_operation_of_the_recording():
    with Recorded() as mode:
        x = mode.lift(X)
        y = ew.checkpoint(chain)(x)
        assert y.payload.parents[0].primitive.name == "checkpoint"
        assert y.payload.parents[0].parents == (x.payload, *(None,) * 10)
        assert "checkpoint" in repr(y.payload.parents[0].primitive)


def test_a_result_that_depends_on_nothing_is_passed_on():
    f = ew.checkpoint(lambda x: (x, 1.0, np.ones(2)))
    assert np.array_equal(ew.grad(lambda x: np.sum(f(x)[0] * f(x)[1]) + np.sum(f(x)[2]))(X), np.ones(3))
    assert np.array_equal(ew.grad(lambda x: np.sum(ew.checkpoint(lambda x: 2.0)(x) * x))(X), np.full(3, 2.0))


def test_a_captured_value_alone_is_passed_on():
    assert np.array_equal(ew.grad(lambda x: np.sum(ew.checkpoint(lambda y: x * x)(x)))(X), 2 * X)
    assert np.array_equal(ew.grad(lambda x: np.sum(ew.checkpoint(lambda y: x * x)(1.0)))(X), 2 * X)


def test_large_arrays_that_are_captured():
    """They are not copied: they cannot be written to until the derivative is there."""
    big = np.ones(200_000)
    x = np.linspace(0, 1, 200_000)
    f = ew.checkpoint(lambda x: x * x * big)
    np.testing.assert_allclose(ew.grad(lambda x: np.sum(f(x)))(x), 2 * x)

    def overwrites(x):
        y = x * x * big
        big[0] = 2.0
        return y

    with pytest.raises(OverwrittenError, match=r"test_checkpoint.py:\d+: "):
        ew.grad(lambda x: np.sum(ew.checkpoint(overwrites)(x)))(x)
    view = big[:]

    def writes_through_a_view(x):
        y = x * x * big
        view[0] = 2.0
        return y

    with pytest.raises(OverwrittenError, match=r"test_checkpoint.py:\d+: "):
        ew.grad(lambda x: np.sum(ew.checkpoint(writes_through_a_view)(x)))(x)
    big[0] = 3.0  # it is given back


def test_a_kept_value_has_ended():
    kept = []
    f = ew.checkpoint(lambda x: kept.append(x * 2) or x)
    with pytest.raises(EscapedError, match=r"test_checkpoint.py:\d+: "):
        ew.grad(lambda x: np.sum(f(x) + kept[0]))(X)
    inner = []
    with pytest.raises(EscapedError):
        ew.grad(
            lambda x: np.sum(ew.checkpoint(lambda x: ew.grad(lambda y: inner.append(y) or y)(x[0]) and inner[0])(x))
        )(X)


def test_a_store_into_an_argument_is_refused():
    def f(x):
        x[0] = 1.0
        return x

    with pytest.raises(StoreError, match=r"test_checkpoint.py:\d+: f, under ew.checkpoint, stored into an array"):
        ew.grad(lambda x: np.sum(ew.checkpoint(f)(x)))(X)
    assert np.array_equal(ew.grad(lambda x: np.sum(ew.checkpoint(lambda x: f(x.copy()))(x)))(X), [0.0, 1.0, 1.0])


def test_something_that_is_no_function():
    with pytest.raises(ArgumentError, match=r"ew\.checkpoint was given a float for a function"):
        ew.checkpoint(3.0)


def test_an_error_of_the_body_is_the_users():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ew.grad(ew.checkpoint(f))(2.0)


def test_an_operator_may_be_used_in_many_threads():
    J = ew.linearize(ew.checkpoint(chain), X)[1]
    expected = J @ X
    found = []
    threads = [threading.Thread(target=lambda: found.append(J @ X)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.array_equal(found, np.tile(expected, (8, 1)))


def test_each_edge_is_a_map():
    """The sweep takes all edges at once; who asks for one gets its block."""
    with Recorded() as mode:
        x, w = mode.lift(X), mode.lift(X + 1)
        y, *_ = region(lambda x, w: (x * w, np.where(x > 0, x, 0.0), w * 1.0), x, w)
        node = y.payload.parents[0]
        kept = node.kept
        first = node.primitive.family.edge(node.primitive, 0, kept, {}, (3,))
        second = node.primitive.family.edge(node.primitive, 1, kept, {}, (3,))
    g, t = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, -1.0])
    assert first.selects
    assert not first.complex_linear
    pushed = first.push(t)
    np.testing.assert_allclose(pushed[0], t * (X + 1))
    np.testing.assert_allclose(pushed[1], t * (X > 0))
    assert pushed[2] is None
    np.testing.assert_allclose(first.pull((g, None, None)), g * (X + 1))
    assert np.array_equal(first.pull((None, None, g)), np.zeros(3))
    np.testing.assert_allclose(second.pull((g, None, g)), g * X + g)
    alive = np.array([True, False, True])
    (moved, cut, none), masks = first.push_alive(t, alive)
    np.testing.assert_allclose(moved, t * (X + 1))
    np.testing.assert_allclose(cut, t * (X > 0))
    assert none is masks[2] is None
    assert np.array_equal(masks[0], alive)
    assert np.array_equal(masks[1], alive & (X > 0))
    pulled, live = first.pull_alive((None, g, None), None)
    np.testing.assert_allclose(pulled, g * (X > 0))
    assert np.array_equal(live, X > 0)
    pulled, live = first.pull_alive((None, None, g), None)
    assert not pulled.any()
    assert not live.any()


def test_outlines_are_compared_by_what_they_do():
    def outline(template, primitive=np.sin):
        return Outline((0,), (Step(primitive, (0,), {"template": template}, (1,)),), (1,), 2)

    array = np.ones(2)
    same = [((1, slice(None, 2)), (1, slice(None, 2))), ((None, ...), (None, ...)), ((array,), (array,)), ([1], [1])]
    other = [
        ((1,), (1.0,)),
        ((1,), (True,)),
        ((slice(1),), (slice(2),)),
        ((1,), (1, 2)),
        ((1.5,), (float("1.5"),)),
        ((1,), [1]),
    ]
    assert all(outline(a).same(outline(b)) for a, b in same)
    assert not any(outline(a).same(outline(b)) for a, b in other)
    assert not outline(1).same(outline(1, np.cos))
    assert not outline({"a": 1}).same(outline({"b": 1}))
    assert repr(outline(1)) == "<outline of 1 operations on 1 operands>"


def test_repeated_calls_share_one_outline():
    found = []

    def body(x):
        call = Repeated()
        for i in range(4):
            x = call(lambda x, i=i: np.sin(x) * i, x)
        found.append(x.mode._steps)
        return x

    ew.grad(lambda x: np.sum(ew.checkpoint(body)(x)))(X)
    assert len(found[0]) == 4
    assert len({id(step.what) for step in found[0]}) == 1


def test_a_repeated_call_that_meets_a_value_of_an_inner_transformation():
    """What the call captures belongs inside of the region: its operations go there one by one."""

    def body(region, x):
        call = Repeated() if region else lambda f, x: f(x)
        return ew.jvp(lambda t: call(lambda y: np.sin(y) * t, x), (x * x,), (x,))[1]

    def f(region, x):
        wrap = ew.checkpoint if region else lambda f: f
        return np.sum(wrap(lambda x: body(region, x))(x))

    np.testing.assert_allclose(ew.grad(lambda x: f(True, x))(X), ew.grad(lambda x: f(False, x))(X), rtol=1e-12)


def test_explain_and_report_take_a_region_for_one_operation():
    f = ew.checkpoint(lambda x: np.exp(x) * x)
    assert "checkpoint" in str(ew.explain(lambda x: np.sum(f(x)), X))
    assert ew.report(lambda x: np.sum(f(x)), X) is not None


def test_nan_is_found_where_the_region_is_called():
    def f(x):
        return np.log(x) * 2.0

    for way in (ew.grad, lambda f: lambda x: ew.jvp(f, (x,), (x,))):
        with (
            pytest.raises(
                ew.errors.NonFiniteError, match=r"test_checkpoint.py:\d+: the value of log is not finite"
            ) as caught,
            ew.explain_nan(),
        ):
            way(lambda x: np.sum(ew.checkpoint(f)(x)))(-X)
        assert caught.value.where.endswith(f":{f.__code__.co_firstlineno + 1}")
    with (
        pytest.raises(ew.errors.NonFiniteError, match="the gradient stops being finite at checkpoint"),
        ew.explain_nan(),
    ):
        ew.grad(lambda x: np.sum(ew.checkpoint(np.sqrt)(x)))(np.zeros(2))


def test_outputs_knows_the_border():
    with Recorded() as mode:
        leaves, _ = outputs(ew.checkpoint(lambda x: (x > 0, x))(mode.lift(X)), mode, chain)
    assert not hasattr(leaves[0], "mode")
    assert leaves[1].mode is mode
