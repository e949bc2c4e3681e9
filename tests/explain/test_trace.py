"""What an explanation tells of a run: values, partials, adjoints, tangents, paths, counts."""

from __future__ import annotations

import functools
import math

import dask.array
import jsonschema
import numpy as np
import pint
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, ConversionError, OutputError, StaticRoleError, StructureError
from edgewise.explain import counting


def between(e, source, target):
    return next(edge for edge in e.edges if (edge.source.name, edge.target.name) == (source, target))


def test_the_square_of_a_b_plus_c(programs):
    e = ew.explain(programs.square_loss, 3, 2, 1)
    assert [(v.name, float(v.value), float(v.adjoint)) for v in e] == [
        ("a", 3, 28),
        ("b", 2, 42),
        ("c", 1, 14),
        ("v1", 6, 14),
        ("s", 7, 14),
        ("L", 49, 1),
    ]
    flows = {(edge.source.name, edge.target.name): (float(edge.partial), float(edge.contribution)) for edge in e.edges}
    assert flows == {
        ("a", "v1"): (2, 28),
        ("b", "v1"): (3, 42),
        ("v1", "s"): (1, 14),
        ("c", "s"): (1, 14),
        ("s", "L"): (14, 14),
    }
    assert e.value == 49
    assert e.gradient == (28, 42, 14)
    assert [v.label for v in e][3:] == ["a * b", "v1 + c", "s**2"]
    assert [v.text for v in e][3:] == ["a * b", "a * b + c", "s**2"]
    assert e["s"].where.endswith("programs.py:9")
    assert e[4] is e["s"]
    assert repr(e["s"]) == "<s = v1 + c = 7, adjoint 14>"
    assert repr(e["a"]) == "<a = 3, adjoint 28>"
    assert repr(between(e, "a", "v1")) == "<∂v1/∂a = 2>"
    assert len(e) == 6
    assert "square_loss" in repr(e)
    with pytest.raises(KeyError, match="no value of the name 'q'; there are a, b"):
        e["q"]


def test_forward_tangents(programs):
    e = ew.explain(programs.square_loss, 3.0, 2.0, 1.0, mode="forward", seed="b")
    assert [(v.name, None if v.tangent is None else float(v.tangent)) for v in e] == [
        ("a", None),
        ("b", 1),
        ("c", None),
        ("v1", 3),
        ("s", 3),
        ("L", 42),
    ]
    assert e.tangent == 42
    assert e.gradient is None
    assert float(between(e, "s", "L").contribution) == 42
    assert between(e, "a", "v1").contribution is None
    by_position = ew.explain(programs.square_loss, 3.0, 2.0, 1.0, mode="forward", seed=2)
    assert by_position.tangent == 14
    first = ew.explain(programs.square_loss, 3.0, 2.0, 1.0, mode="forward")
    assert first.tangent == 28
    tangents = ew.explain(programs.square_loss, 3.0, 2.0, 1.0, mode="forward", seed=(1.0, 10.0, 100.0))
    assert tangents.tangent == 28 + 420 + 1400


def test_arrays_containers_and_what_is_no_number(programs):
    rng = np.random.default_rng(0)
    p = {"W": rng.normal(size=(4, 3)), "b": np.zeros(4), "v": rng.normal(size=4)}
    x, y = rng.normal(size=(5, 3)), rng.normal(size=5)
    e = ew.explain(programs.network, p, x, y, argnums=0)
    assert [v.name for v in e.inputs] == ["p['W']", "p['b']", "p['v']"]
    hidden = np.tanh(x @ p["W"].T + p["b"])
    residual = hidden @ p["v"] - y
    np.testing.assert_allclose(e["hidden"].value, hidden)
    np.testing.assert_allclose(e["out"].adjoint, 2 * residual / 5)
    np.testing.assert_allclose(e.gradient["v"], hidden.T @ (2 * residual / 5))
    back = np.outer(2 * residual / 5, p["v"]) * (1 - hidden**2)
    np.testing.assert_allclose(e.gradient["b"], back.sum(axis=0))
    np.testing.assert_allclose(e.gradient["W"], back.T @ x)
    assert between(e, "p['b']", "v3").expression == "sum(ḡ to (4,))"
    assert "float64(4, 3)" in str(e)
    label = ew.explain(lambda x, name, flag: x * 2 if flag else x, 1.0, "a name", True)
    assert [v.name for v in label.inputs] == ["x"]


def test_large_arrays_are_told_by_a_summary():
    x = np.linspace(0.0, 1.0, 100_000)
    e = ew.explain(lambda x: np.sum(x * x), x)
    assert repr(e["x"].value) == "float64(100000,) 0 … 1, mean 0.5"
    np.testing.assert_allclose(e.gradient, 2 * x)
    assert e["x"].adjoint.json["stats"]["max"] == 2
    assert len(e.to_json()) < 20_000


def test_the_result_may_have_any_structure():
    e = ew.explain(lambda x: {"a": x * 2, "b": (x**2, 5.0)}, 3.0, seed={"a": 1.0, "b": (10.0, 0.0)})
    assert e.value == {"a": 6, "b": (9, 5)}
    assert e.gradient == 2 + 60
    assert [v.name for v in e.outputs] == ["v1", "v2"]
    twice = ew.explain(lambda x: (x, x), 3.0, seed=(1.0, 2.0))
    assert twice.gradient == 3
    forward = ew.explain(lambda x: (x, 1.0), 3.0, mode="forward")
    assert forward.tangent == (1, 0)
    vector = ew.explain(lambda x: x**2, np.array([1.0, 2.0]), mode="forward", seed=(np.array([1.0, 0.0]),))
    np.testing.assert_array_equal(vector.tangent, [2, 0])


def test_a_partial_is_called_by_the_function_in_it(programs):
    e = ew.explain(functools.partial(functools.partial(programs.square_loss, 3.0), 2.0), 1.0)
    assert e.title == "square_loss"
    assert [v.name for v in e.inputs] == ["c"]


def test_a_result_that_does_not_depend_on_the_arguments():
    e = ew.explain(lambda x: 7.0, 3.0)
    assert e.value == 7
    assert e.gradient == 0
    assert [v.name for v in e.dead] == ["x"]
    assert str(e)


def test_several_outputs_of_one_operation():
    @ew.primitive(pull=(lambda g, x: g[0] + 2 * x * g[1]), outputs=2)
    def both(x):
        return x + 1, x**2

    e = ew.explain(lambda x: both(x)[0] * both(x)[1], 3.0)
    assert e.gradient == 9 + 4 * 6

    @ew.primitive(push=lambda t, x: (t, 2 * x * t), outputs=2)
    def pushed(x):
        return x + 1, x**2

    forward = ew.explain(lambda x: pushed(x)[0] * pushed(x)[1], 3.0, mode="forward")
    assert forward.tangent == 9 + 4 * 6
    assert "output=1" in str(forward)


def test_inside_the_function_anything_may_be_differentiated():
    e = ew.explain(lambda x: x * ew.grad(lambda y: y**3 * x)(x), 2.0)
    assert e.value == 2 * 3 * 4 * 2
    assert e.gradient == 3 * 4 * 2**3  # 3x⁴


def test_complex_numbers():
    z = 3.0 + 4.0j
    e = ew.explain(lambda z: np.abs(z * 2j) ** 2, z)
    assert e.value == pytest.approx(100)
    assert e.gradient == pytest.approx(8 * z)  # steepest ascent of 4·|z|²
    assert "3+4j" in str(e)
    told = e.to_dict()
    jsonschema.Draft202012Validator(ew.explain.schema()).validate(told)
    assert told["nodes"][0]["value"]["text"] == "3+4j"
    assert told["nodes"][0]["value"]["stats"]["max"] == 5
    assert between(e, "z", "v1").partial == 2j
    assert between(e, "z", "v1").expression == "ḡ * (0-2j)"
    assert sum(p.contribution for p in e.paths("z")) == pytest.approx(8 * z)
    forward = ew.explain(lambda z: z**2, np.array([z, 1.0]), mode="forward", seed=(np.array([1j, 0.0]),))
    np.testing.assert_allclose(forward.tangent, [2j * z, 0])
    with pytest.raises(OutputError, match="returned a complex number, and explain was given no seed"):
        ew.explain(lambda z: z * 2, z)
    report = ew.explain_nan(lambda z: np.abs(np.log(z * 0)), z)
    assert report.op == "log"
    with pytest.raises(ew.errors.NonFiniteError, match="log"), ew.explain_nan():
        ew.grad(lambda z: np.abs(np.log(z * 0)))(z)
    with ew.explain_nan():
        assert ew.linearize(lambda z: z * z, z)[1].complex_linear


def test_outputs_that_are_not_determined():
    A = np.eye(2)
    e = ew.explain(lambda A: np.sum(np.linalg.eigh(A)[0] * np.array([1.0, 1.0])), A)
    np.testing.assert_allclose(e.gradient, np.eye(2), atol=1e-14)
    forward = ew.explain(lambda A: np.sum(np.linalg.eigh(A)[0]), A, mode="forward", seed=(np.ones((2, 2)),))
    assert forward.tangent == pytest.approx(2)  # the trace
    assert "not finite" in str(forward)  # the vectors' tangent
    with pytest.raises(ew.errors.UndeterminedError):
        ew.explain(lambda A: np.linalg.eigh(A)[1][0, 0], A)


def test_arrays_of_other_libraries():
    e = ew.explain(lambda x: np.sum(-(x**2)) * 3, dask.array.arange(1.0, 5.0, chunks=2))
    assert e.value.compute() == -90
    np.testing.assert_array_equal(e["x"].adjoint, [-6, -12, -18, -24])
    assert [v.label for v in e][1:] == ["x**2", "-v1", "sum(v2, axis=-1)", "v3 * 3"]
    units = pint.UnitRegistry()
    length = ew.explain(lambda x: np.sum(x * np.ones(2) * units.m), np.ones(2) * units.m)
    np.testing.assert_array_equal(length["x"].adjoint, [1, 1])
    assert "x * [1, 1]" in str(length)
    assert ew.explain(lambda x: x * None if x is None else x * 2, 1.0).gradient == 2


def test_large_arrays_that_the_user_overwrites():
    x, work = np.linspace(0.0, 1.0, 200_000), np.ones(200_000)
    e = ew.explain(lambda x: np.sum(x * work), x)
    work[:] = 7.0
    np.testing.assert_array_equal(e.paths("x")[0].contribution.json["stats"]["max"], 1)


def test_indices_and_functions_without_a_signature():
    class Odd:
        __signature__ = "none"

        def __call__(self, x, k):
            return x[0] * x[1:][1] + np.linalg.norm(x[[0, 1]]) * k

    e = ew.explain(Odd(), np.array([3.0, 4.0, 5.0]), 2.0)
    assert [v.name for v in e.inputs] == ["x1", "x2"]
    assert e.value == 3 * 5 + 2 * 5
    assert "x[0]" in [v.label for v in e]
    variadic = ew.explain(lambda *xs: xs[0] * xs[1], 2.0, 3.0)
    assert [v.name for v in variadic.inputs] == ["xs[0]", "xs[1]"]


# -- paths, blame, what is dead


def test_paths_multiply_and_sum_to_the_gradient():
    e = ew.explain(lambda x: x * np.sin(x) + x, 0.7)
    found = e.paths("x")
    assert sorted(float(p.contribution) for p in found) == sorted([1.0, math.sin(0.7), 0.7 * math.cos(0.7)])
    for path in found:
        assert math.prod(map(float, path.partials)) == pytest.approx(float(path.contribution))
        assert path.names[0] == "x"
    assert sum(float(p.contribution) for p in found) == pytest.approx(math.sin(0.7) + 0.7 * math.cos(0.7) + 1)
    blame = e.blame("x")
    assert blame.number == 3
    assert blame.complete
    assert str(blame).startswith("x: 2.17961 over 3 paths")
    assert [abs(float(p.contribution)) for p in blame.paths] == sorted(
        (abs(float(p.contribution)) for p in blame.paths), reverse=True
    )


def test_blame_of_an_intermediate_and_of_arrays():
    x = np.array([0.5, -1.0, 2.0])
    e = ew.explain(lambda x: np.sum(np.exp(x) * x), x)
    blame = e.blame("x")
    np.testing.assert_allclose(sum(p.contribution for p in blame.paths), np.exp(x) * (1 + x))
    np.testing.assert_allclose(e.blame(e["v1"]).gradient, x)
    assert e.blame().keys() == {"x"}


def test_too_many_paths_are_put_together():
    def doubling(x):
        for _ in range(40):
            x = x + x
        return x

    e = ew.explain(doubling, 1.0)
    blame = e.blame("x")
    assert blame.number == 2**40
    assert not blame.complete
    assert [p.names for p in blame.paths] == [("x", "x₂", "…")] * 2
    assert sum(float(p.contribution) for p in blame.paths) == 2.0**40 == e.gradient
    assert "about 10^12 paths" in str(blame)
    with pytest.raises(ArgumentError, match="at most 100 are listed"):
        e.paths("x")


def test_what_is_dead_has_a_gradient_of_zero():
    def f(a, b, c):
        unused = b * 2
        return np.where(a > 0, a, c * unused)

    e = ew.explain(f, 3.0, 2.0, 1.0)
    assert {v.name for v in e.dead} == {"b", "c", "unused", "v1"}
    for v in e.inputs:
        assert (e.gradient["abc".index(v.name)] == 0) == v.dead
    assert "0 (no effect)" in str(ew.explain(lambda a, b: a * 2, 3.0, 2.0))


def test_a_derivative_that_happens_to_be_zero_is_not_dead():
    e = ew.explain(lambda x: x**2, 0.0)
    assert e.gradient == 0
    assert e.dead == []


def test_a_branch_not_taken_contributes_nothing(programs):
    with np.errstate(invalid="ignore"):
        e = ew.explain(programs.cut, np.array([-1.0, 0.0, 4.0]))
    np.testing.assert_array_equal(e.gradient, [0, 0, 0.25])


# -- counts


@pytest.mark.parametrize(("p", "k"), [(1, 1), (1, 8), (2, 3), (8, 1), (8, 8), (20, 5)])
def test_a_sum_and_a_chain_cost_k_p_forward_and_k_plus_p_less_1_in_reverse(p, k):
    add = np.add if p == 2 else None

    def f(*x):
        u = np.sum(np.stack(x)) if add is None else add(*x)
        for _ in range(k - 1):
            u = np.sin(u)
        return u

    counts = ew.explain(f, *np.linspace(0.1, 0.5, p)).counts
    # stacking is one operation more than a sum of p operands
    extra = 0 if add is not None else 1
    assert counts.forward == (k + extra) * p
    assert counts.reverse == k + extra + p - 1
    assert counts.inputs == p
    assert counts.outputs == 1


def test_counts_of_arrays_and_of_edges_that_lead_nowhere():
    counts = ew.explain(lambda x, y: np.sum(x * 2) + 0.0 * np.sin(y) * 0 if True else y, np.ones(3), 1.0).counts
    assert counts.inputs == 4
    dead = ew.explain(lambda x: (np.sin(x), x * 2)[1], 1.0).counts
    assert (dead.operations, dead.edges, dead.forward, dead.reverse) == (2, 2, 2, 1)
    several = ew.explain(lambda x: x * np.ones(3), 1.0, seed=np.ones(3)).counts
    assert (several.inputs, several.outputs, several.forward, several.reverse) == (1, 3, 1, 3)


def test_where_there_are_too_many_inputs_nothing_is_counted(monkeypatch):
    """A set of starts for each value: of 30 000 numbers in a list it takes 100 MB, of a million no machine has it."""
    monkeypatch.setattr(counting, "MOST_BITS", 50)
    many = ew.explain(sum, [1.0] * 10)
    assert (many.counts.inputs, many.counts.forward, many.counts.reverse) == (10, None, 19)
    assert "takes too many products to count forward (10 sweeps) and 19 in reverse (1 sweep)" in str(many)
    told = many.to_dict()
    jsonschema.Draft202012Validator(ew.explain.schema()).validate(told)
    assert "forward_mults" not in told["counts"]
    outputs = ew.explain(lambda x: [x * k for k in range(10)], 1.0, mode="forward").counts
    assert (outputs.forward, outputs.reverse) == (10, None)
    assert "too many in reverse" in str(outputs)


# -- what is refused


def test_bad_options():
    with pytest.raises(ArgumentError, match="mode is 'backward'"):
        ew.explain(lambda x: x, 1.0, mode="backward")
    for name, of in (("explain", ew.explain), ("explain_nan", ew.explain_nan)):
        with pytest.raises(ArgumentError, match="nothing to differentiate") as caught:
            of(lambda x: x, "text")
        assert (
            caught.value.instead
            == f"give the arguments after the function, such as 3.0 and 2.0 in ew.{name}(f, 3.0, 2.0)"
        )
    with pytest.raises(OutputError, match=r"returned an array of shape \(2,\), and explain was given no seed"):
        ew.explain(lambda x: x, np.ones(2))
    with pytest.raises(OutputError, match="returned 2 values"):
        ew.explain(lambda x: (x, x), 1.0)
    with pytest.raises(ArgumentError, match="names no differentiated argument"):
        ew.explain(lambda x: x, 1.0, mode="forward", seed="q")
    with pytest.raises(StructureError, match="the seed has 1 entries"):
        ew.explain(lambda x, y: x, 1.0, 2.0, mode="forward", seed=(1.0,))
    with pytest.raises(ArgumentError, match="is a traced value"):
        ew.grad(lambda x: ew.explain(lambda y: y, x).value)(1.0)

    with pytest.raises(ew.errors.ForeignArrayError, match="is a masked array"):
        ew.explain(np.sum, np.ma.array([[1.0]]))
    for most in (-1, 2.0, "all", True):
        with pytest.raises(ArgumentError, match=r"(?s)max_nodes is .* a whole number"):
            ew.explain(lambda x: x, 1.0, max_nodes=most)

    def repeat(x, n):
        for _ in range(n):
            x = x * 2
        return x

    with pytest.raises(StaticRoleError, match=r"instead: name those that should be: argnums=\(0,\)"):
        ew.explain(repeat, 1.0, 3)
    with pytest.raises(StaticRoleError, match=r"argnums=\(0,\)"):
        ew.explain_nan(repeat, 1.0, 3)
    with pytest.raises(StaticRoleError, match=r"np\.floor"):
        ew.explain(repeat, 1, 3)
    assert ew.explain(repeat, 1.0, 3, argnums=(0,)).gradient == (8,)

    def items(x):
        yield x

    with pytest.raises(ArgumentError, match="generator function"):
        ew.explain(items, 1.0)


@pytest.mark.parametrize("told", [ew.explain, ew.explain_nan, ew.report])
def test_what_is_offered_instead_works(told):
    """None of these takes has_aux; and where the function is a builtin, the user's line calls us and not that."""
    for returned in (None, "text", True):
        with pytest.raises(OutputError) as refused:
            told(lambda x, y=returned: y, 1.0)
        assert "has_aux" not in str(refused.value)
    with pytest.raises(ConversionError, match=r"(?s)test_trace\.py:\d+: sin was to be differentiated.*np\.sin$"):
        told(math.sin, 1.0)
    with pytest.raises(ConversionError, match=r"(?s)float was to be differentiated.*@ew\.primitive$"):
        told(float, 1.0)


@pytest.mark.parametrize("most", [20_000, 0])
@pytest.mark.parametrize(
    "within",
    [
        lambda x, most: ew.explain(lambda y: y * x, 3.0, max_nodes=most)["y"].adjoint,
        lambda x, most: ew.explain(lambda y: y[0] * 2, [x], max_nodes=most).value,
        lambda x, most: ew.explain(lambda y: np.linalg.slogdet(y * x)[1], np.eye(2), max_nodes=most).value,
    ],
)
def test_numbers_of_another_transformation_are_refused_and_not_zero(within, most):
    """What is told are plain numbers: a derivative through them would be lost."""
    with pytest.raises(ArgumentError, match="uses a traced value of another transformation"):
        ew.grad(lambda x: within(x, most))(5.0)


def test_a_trace_of_plain_numbers_may_be_taken_anywhere():
    assert ew.grad(lambda x: x * ew.explain(lambda y: y * ew.value(x), 3.0)["y"].adjoint)(5.0) == 5
