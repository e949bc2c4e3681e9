"""``edgewise EXPRESSION``: value, gradient, trace; and every way of asking for them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from edgewise.explain import schema

MODEL = Path(__file__).parent / "model.py"
CANONICAL = """\
value	49
gradient	a	28
gradient	b	42
gradient	c	14
trace	a		3	28
trace	b		2	42
trace	c		1	14
trace	v1	a * b	6	14
trace	v2	v1 + c	7	14
trace	v3	v2**2	49	1
"""


def test_the_value_the_gradient_and_the_trace_are_told(run):
    assert run("(a*b + c)**2", "a=3", "b=2", "c=1") == (0, CANONICAL, "")


def test_the_word_grad_may_be_said_and_options_stand_anywhere(run):
    assert run("grad", "--plain", "(a*b + c)**2", "a=3", "--mode", "reverse", "b=2", "c=1").out == CANONICAL


def test_forward_mode_tells_tangents_along_the_first_variable_or_the_one_named(run):
    assert run("(a*b + c)**2", "a=3", "b=2", "c=1", "--mode", "forward").rows[-1] == [
        "trace",
        "v3",
        "v2**2",
        "49",
        "28",
    ]
    told = run("(a*b + c)**2", "a=3", "b=2", "c=1", "--mode=forward", "--wrt", "b").rows
    assert told[:2] == [["value", "49"], ["gradient", "b", "42"]]
    assert told[-1][-1] == "42"


def test_second_derivatives(run):
    told = run("x**y", "x=2", "y=3", "--order", "2").rows
    found = {tuple(row[1:3]): float(row[3]) for row in told if row[0] == "hessian"}
    log = math.log(2)
    right = {("x", "x"): 12, ("x", "y"): 4 + 12 * log, ("y", "x"): 4 + 12 * log, ("y", "y"): 8 * log**2}
    assert found == pytest.approx(right, rel=1e-14)


def test_wrt_leaves_the_others_out(run):
    assert run("a*b", "a=3", "b=2", "--wrt", "b", "-q").out == "b\t3\n"
    assert run("a*b", "a=3", "b=2", "--wrt", " b , a ", "-q").out == "b\t3\na\t2\n"


def test_quiet_tells_first_derivatives_alone(run):
    assert run("a*b", "a=3", "b=2", "--quiet").out == "a\t2\nb\t3\n"


def test_digits(run):
    assert run("1/a", "a=3", "-q").out == f"a\t{-1 / 9!r}\n"
    assert run("1/a", "a=3", "-q", "--precision", "3").out == "a\t-0.111\n"


def test_numbers_read_back_as_they_were(run):
    for value in (0.1, 1e-300, 1e22, 123456789.0, -0.0):
        ((_, told),) = run("a*x", f"a={value!r}", "x=1", "--wrt", "x", "-q").rows
        assert float(told) == value


def test_vectors_and_matrices(run):
    rows = run("sum(sin(x)**2)", "x=[1, 2, 3]").rows
    np.testing.assert_allclose(json.loads(rows[1][2]), np.sin(2 * np.arange(1.0, 4)), rtol=1e-14)
    rows = run("x @ A @ x", "x=[1,2]", "A=[[1,2],[3,4]]", "--wrt", "A", "-q").rows
    assert json.loads(rows[0][1]) == [[1, 2], [2, 4]]


def test_a_result_with_entries_has_a_jacobian(run):
    rows = run("A @ x", "x=[1,2]", "A=[[1,2],[3,4]]", "--wrt", "x").rows
    assert rows[:2] == [["value", "[5,11]"], ["jacobian", "x", "[[1,2],[3,4]]"]]
    assert rows[-1][-1] == "[1,1]"


def test_complex_numbers(run):
    rows = run("abs(z)**2", "z=1+2j", "-q").rows
    assert complex(rows[0][1]) == pytest.approx(2 + 4j)


def test_an_expression_without_variables_is_calculated(run):
    assert run("2**10") == (0, "value\t1024\n", "")
    assert run("2**10", "--json").code == 2


def test_a_minus_begins_an_expression_or_a_value(run):
    assert run("-a**2", "a=-3", "-q").out == "a\t6\n"
    assert run("-q", "--", "-a**2", "a=-3").out == "a\t6\n"


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_json_loses_nothing_that_was_asked_for(run, mode):
    """The trace tells of one sweep: in forward mode of one variable, and never of second derivatives."""
    import jsonschema

    done = run("(a*b + c)**2", "a=3", "b=2", "c=1", "--json", "--order", "2", "--mode", mode)
    told = json.loads(done.out)
    jsonschema.validate(told, schema())
    assert told["derivatives"] == {
        "value": 49,
        "gradient": {"a": 28, "b": 42, "c": 14},
        "hessian": {
            "a": {"a": 8, "b": 26, "c": 4},
            "b": {"a": 26, "b": 18, "c": 6},
            "c": {"a": 4, "b": 6, "c": 2},
        },
    }
    several = json.loads(run("x / y", "x=[1,0]", "y=0", "--json", "--mode", mode).out)["derivatives"]
    assert several["value"] == ["Infinity", "NaN"]
    assert several["jacobian"]["y"] == ["-Infinity", "NaN"]


def test_json_is_the_trace(run):
    import jsonschema

    done = run("(a*b + c)**2", "a=3", "b=2", "c=1", "--json")
    trace = json.loads(done.out)
    jsonschema.validate(trace, schema())
    assert trace["title"] == "(a*b + c)**2"
    assert [n["adjoint"] for n in trace["nodes"]] == [28, 42, 14, 14, 14, 1]
    assert [e["partial"] for e in trace["edges"]] == [2, 3, 1, 1, 14]


def test_entries_that_are_almost_equal_have_no_histogram(run):
    done = run("sum(x**2)", "x=[1,1.0000000000000002]", "--json")
    assert done.code == 0
    assert "hist" not in json.loads(done.out)["nodes"][0]["value"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a*b", "a=3"], "missing value for: b"),
        (["a", "a=3", "b=2"], "there is no b in the expression"),
        (["alpha", "alpha=3", "alphb=2"], "did you mean alpha?"),
        (["a", "a=3", "a=2"], "a is given twice"),
        (["a", "3"], "names no variable"),
        (["a=3"], "this is no expression"),
        (["a", "a=3", "--wrt", "b"], "--wrt names b"),
        (["a", "a=3", "--wrt", "a,a"], "twice"),
        (["a", "a=3", "--wrt", ""], "--wrt names nothing"),
        (["a", "a=3", "--order", "3"], "--order"),
        (["a", "a=3", "--order"], "--order"),
        (["a", "a=3", "--precision", "99"], "1 to 17"),
        (["a", "a=3", "--precision", "x"], "1 to 17"),
        (["a", "a=3", "--nonsense"], "--nonsense"),
        (["a", "a=3", "--json", "-q"], "not allowed with"),
        (["a", "a=None"], "is a number"),
        (["grad"], "required"),
    ],
)
def test_what_is_no_command_is_told_in_one_line(run, words, said):
    done = run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert said in done.err.splitlines()[0]


def test_the_caret_is_under_the_spot(run):
    done = run("(a*b + c)^2", "a=3", "b=2", "c=1")
    assert done.err == (
        "error: use ** for powers (^ is bitwise exclusive or in Python)\n  (a*b + c)^2\n" + " " * 11 + "^\n"
    )
    assert run("漢字 + a^2", "a=1").err.splitlines()[2] == " " * 10 + "^"  # two columns each


def test_a_long_line_is_shown_around_the_spot(run):
    _, shown, caret = run("+".join("a" * 100) + "^2", "a=1").err.splitlines()
    assert len(shown) < 80
    assert shown[len(caret) - 1] == "^"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["log(x)", "x=0"], "not finite: v1 = log(x)"),
        (["sqrt(x)", "x=0"], "the derivative with respect to x is not finite"),
        (["x", "x=nan"], "not finite: x"),
    ],
)
def test_what_is_not_finite_is_shown_and_told(run, words, said):
    done = run(*words)
    assert done.code == 1
    assert done.rows[0][0] == "value"
    assert said in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inv(A)", "A=[[1,2],[2,4]]"], "Singular matrix"),
        (["x @ y", "x=[1,2]", "y=[1,2,3]"], "mismatch"),
        (["x + y", "x=[1,2]", "y=[1,2,3]"], "could not be broadcast"),
        (["x[5]", "x=[1,2]"], "out of bounds"),
        (["1/0 + a", "a=1"], "division by zero"),
        (["a > 1", "a=1"], ""),
        (["svd(A)", "A=[[1,2],[3,4]]"], "several values"),
    ],
)
def test_what_goes_wrong_in_an_expression_is_one_line(run, words, said):
    done = run(*words)
    assert done.code == 1
    assert said in done.err
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) <= 3


# -- functions of the user's


def test_a_function_of_the_users(run):
    done = run("grad", f"{MODEL}:loss", "w=[2, 1]", "t=[0.0, 1.0]", "--wrt", "w")
    assert done.rows[:2] == [["value", "2"], ["gradient", "w", "[2,0]"]]
    assert done.rows[-1][1:3] == ["v2", "sum(v1, axis=-1)"] or done.rows[-1][0] == "trace"
    assert run("grad", f"{MODEL}:product", "3.0", "b=2.0", "-q").out == "a\t2\nb\t3\n"


def test_parameters_of_every_kind(run):
    done = run("grad", f"{MODEL}:scaled", "3.0", "2.0", "factor=10.0", "-q")
    assert done.out == "xs[0]\t60\nxs[1]\t40\n"
    assert run("grad", f"{MODEL}:scaled", "3.0", "--wrt", "factor").code == 2  # by name alone: it is held fixed
    assert "does not say what its parameters are" in run("grad", "builtins:max", "3.0").err


def test_recursion_without_end_is_one_line(run):
    done = run("grad", f"{MODEL}:stack_overflow", "3.0")
    assert (done.code, done.out) == (1, "")
    assert "RecursionError" in done.err


def test_a_long_trace_is_cut_in_the_middle_at_a_terminal(run, monkeypatch):
    from edgewise.cli import screen

    monkeypatch.setattr(screen, "is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    done = run("+".join(["sin(x)"] * 60), "x=1")
    assert "60 more" in done.out
    assert len(done.out.splitlines()) < 80


def test_the_source_goes_with_the_trace_unless_it_should_not(run):
    words = ("grad", f"{MODEL}:product", "3.0", "2.0", "--json")
    with_source, without = run(*words), run(*words, "--no-source")
    assert "return a * b" in with_source.out
    assert "return a * b" not in without.out
    assert str(MODEL.parent) not in with_source.out  # no folder of anyone's


def test_a_module_in_this_folder(run, monkeypatch):
    monkeypatch.chdir(MODEL.parent)
    monkeypatch.syspath_prepend(str(MODEL.parent))
    assert run("grad", "model:product", "3.0", "2.0", "-q").out == "a\t2\nb\t3\n"
    assert run("grad", "model:Model.energy", "3.0", "-q").out == "x\t6\n"


@pytest.mark.parametrize(
    "words", [[], ["grad", "-e"], ["check", "-e"], ["bench", "--expression"], ["view", "-e", "-o", "t.svg"]]
)
def test_an_expression_is_never_a_function_to_run(run, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("open('broken', 'w')\n")
    for target in ("evil:f", "evil.py:f", "./evil.py:f", f"{tmp_path}/evil.py:f"):
        done = run(*words, target)
        assert (done.code, done.out) == (2, "")
        assert "edgewise grad" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"evil.py"}


def test_a_number_without_a_point_is_a_count(run):
    assert run("grad", f"{MODEL}:product", "3.0", "2", "-q").out == "a\t2\n"
    assert run("grad", f"{MODEL}:product", "3", "2", "--wrt", "a", "-q").out == "a\t2\n"
    done = run("grad", f"{MODEL}:product", "3", "2")
    assert done.code == 2
    assert "write 3.0 for 3" in done.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere:f"], 2, "there is no module nowhere"),
        (["nowhere.py:f"], 2, "there is no file"),
        ([f"{MODEL}:prodct", "1.0", "1.0"], 2, "did you mean product?"),
        ([f"{MODEL}:number"], 2, "is a float, and no function"),
        ([f"{MODEL}:product", "1.0"], 2, "product(a, b): missing a required argument: 'b'"),
        ([f"{MODEL}:product", "1.0", "2.0", "c=3"], 2, "unexpected keyword"),
        ([f"{MODEL}:broken", "1.0"], 1, "KeyError: 'missing'"),
        ([f"{MODEL}:words", "1.0"], 1, "returned"),
    ],
)
def test_what_goes_wrong_with_a_function_is_one_line(run, words, code, said):
    done = run("grad", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err.splitlines()[0]
    assert "Traceback" not in done.err


def test_an_error_in_a_function_names_its_line(run):
    line = next(i for i, text in enumerate(MODEL.read_text().splitlines(), 1) if "missing" in text)
    assert f"model.py:{line}: KeyError" in run("grad", f"{MODEL}:broken", "1.0").err


def test_a_module_that_cannot_be_imported(run, tmp_path):
    (tmp_path / "crashing.py").write_text("raise RuntimeError('at once')\n")
    done = run("grad", f"{tmp_path / 'crashing.py'}:f", "1.0")
    assert (done.code, done.out) == (1, "")
    assert "RuntimeError: at once" in done.err
