"""``edgewise check``: right derivatives agree, wrong ones are found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MODEL = Path(__file__).parent / "model.py"


@pytest.mark.parametrize(
    "words",
    [
        ["sin(x)*exp(-y)", "x=0.5", "y=2"],
        ["sum(abs(x)*(A @ x))", "x=[1,-2]", "A=[[1,2],[3,4]]"],
        ["A @ x", "x=[1,-2]", "A=[[1,2],[3,4]]"],
        ["slogdet(A)[1]", "A=[[2,1],[1,3]]"],
        ["x**2", "x=3", "--order", "1"],
        [f"{MODEL}:loss", "w=[2.0,1.0]", "t=[0.5,1.5]", "n=3"],
    ],
)
def test_right_derivatives_agree(run, words):
    done = run("check", *words)
    assert (done.code, done.err) == (0, "")
    assert {row[5] for row in done.rows} <= {"agrees", "n/a"}
    assert {"differences", "reverse", "complex step"} == {row[2] for row in done.rows}


def test_a_wrong_rule_is_found(run):
    done = run("check", f"{MODEL}:mistaken", "2.0")
    assert done.code == 1
    wrong = {(row[1], row[2]) for row in done.rows if row[5] == "DIFFERS"}
    assert ("reverse", "differences") in wrong
    told = json.loads(run("check", f"{MODEL}:mistaken", "2.0", "--json").out)
    assert told["agrees"] is False
    first = told["comparisons"][0]
    assert first["found"] / first["expected"] == pytest.approx(4 / 12, rel=1e-6)


def test_a_jump_is_called_one(run):
    done = run("check", "x % 1", "x=2")
    assert done.code == 1
    assert next(row[6] for row in done.rows if row[5] == "DIFFERS").startswith("the differences do not settle")


def test_the_complex_step_confirms_to_rounding(run):
    (row,) = [r for r in run("check", "exp(x)*sin(x)", "x=0.5").rows if r[2] == "complex step"]
    assert float(row[3]) == pytest.approx(float(row[4]), rel=1e-14)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["2"], 2, "nothing to differentiate"),
        (["z", "z=1j"], 2, "float64"),
        (["x > 1", "x=2"], 1, ""),
        (["log(x)", "x=0"], 1, "not finite at this point"),
        (["sqrt(x)", "x=0"], 1, "derivative is not finite"),
        ([f"{MODEL}:broken", "1.0"], 1, "KeyError"),
        (["x", "x=1", "--samples", "0"], 2, "1 to 1000"),
        (["x", "x=1", "--rtol", "-1"], 2, "positive"),
    ],
)
def test_what_cannot_be_checked_is_told(run, words, code, said):
    done = run("check", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
