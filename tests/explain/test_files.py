"""The published form, files, notebooks, and what costs nothing when it is not used."""

from __future__ import annotations

import ast
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ArgumentError, FileError
from edgewise.modes import Recorded

HOSTILE = '"><script>alert(1)</script>\\" \n\u202e'


def valid(e):
    told = e.to_dict()
    jsonschema.Draft202012Validator(ew.explain.schema()).validate(told)
    for kind in ("nodes", "edges", "groups"):
        assert [one["id"] for one in told[kind]] == list(range(len(told[kind])))
    return told


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(ew.explain.schema())


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_the_published_form(mode, programs):
    e = ew.explain(programs.square_loss, 3.0, 2.0, 1.0, mode=mode)
    told = valid(e)
    assert told["schema"] == "edgewise.trace/1"
    assert told["sources"][0]["name"] == "programs.py"
    lines = told["sources"][0]["text"].split("\n")
    assert lines[8] == "    s = a * b + c"
    assert not any(lines[:7])
    assert told["nodes"][4]["src"] == [0, 9, 8, 17]
    assert lines[8][8:17] == told["nodes"][4]["text"] == "a * b + c"
    assert told["counts"] == {
        "operations": 3,
        "edges": 5,
        "inputs": 3,
        "outputs": 1,
        "forward_mults": 8,
        "reverse_mults": 5,
    }
    assert json.loads(e.to_json()) == told
    assert "text" not in e.to_dict(source=False)["sources"][0]


def test_steps_can_be_replayed(programs):
    """Contributions are added up as the steps say: what they make is the adjoint of every node."""
    e = ew.explain(programs.loops, 1.0)
    told = valid(e)
    nodes, edges = told["nodes"], told["edges"]
    computed, adjoint = set(), {}
    for kind, i in told["steps"]:
        if kind == "f":
            assert all(edge["from"] in computed for edge in edges if edge["to"] == i)
            computed.add(i)
        elif kind == "s":
            adjoint[i] = 1.0
        else:
            edge = edges[i]
            assert edge["contrib"] == pytest.approx(edge["partial"] * adjoint[edge["to"]])
            adjoint[edge["from"]] = adjoint.get(edge["from"], 0.0) + edge["contrib"]
    assert adjoint == pytest.approx({n["id"]: n["adjoint"] for n in nodes})


def test_tangent_steps_can_be_replayed(programs):
    told = valid(ew.explain(programs.loops, 1.0, mode="forward"))
    tangent = {}
    for kind, i in told["steps"]:
        if kind == "s":
            tangent[i] = 1.0
        elif kind == "t":
            edge = told["edges"][i]
            tangent[edge["to"]] = tangent.get(edge["to"], 0.0) + edge["partial"] * tangent[edge["from"]]
    assert tangent == pytest.approx({n["id"]: n["tangent"] for n in told["nodes"]})


def test_numbers_that_json_lacks():
    with np.errstate(all="ignore"):
        e = ew.explain(lambda x: np.log(x) * np.array([1.0, np.nan, 2.0]), 0.0, seed=np.ones(3))
    told = valid(e)
    assert told["nodes"][1]["value"] == "-Infinity"
    assert told["nodes"][2]["value"]["data"] == ["-Infinity", "NaN", "-Infinity"]
    assert told["nodes"][2]["value"]["stats"] == {"min": None, "max": None, "mean": None, "nonfinite": 3}
    assert "NaN" not in re.sub(r'"[^"]*"', "", e.to_json())


def test_arrays_of_every_kind():
    for x in (
        np.zeros((0,)),
        np.zeros((2, 0, 3)),
        np.ones((3, 4, 5)),
        np.float32([1, 2]),
        np.array([-1.7e308, 0.0, 1.7e308]),
        np.arange(5000.0).reshape(50, 100),
    ):
        told = valid(ew.explain(lambda x: np.sum(x * 1), x))
        assert told["nodes"][0]["value"]["shape"] == list(x.shape)
    thumb = told["nodes"][0]["value"]["thumb"]
    assert (thumb["rows"], thumb["cols"]) == (16, 32)
    assert np.reshape(thumb["data"], (16, 32))[0, 0] == x[:3, :3].mean()
    assert sum(told["nodes"][0]["value"]["hist"]["n"]) == 5000


def test_the_graph_in_the_words_of_tikz(tmp_path, programs):
    e = ew.explain(programs.square_loss, 3.0, 2.0, 1.0)
    text = e.to_tikz(tmp_path / "graph.tex")
    assert (tmp_path / "graph.tex").read_text(encoding="utf-8") == text
    assert text.count(r"\begin{tikzpicture}") == text.count(r"\end{tikzpicture}") == 1
    assert all(f"{{{number}}}" in text for number in (28, 42, 49))


def test_a_page_opens_at_a_step_that_there_is(programs):
    e = ew.explain(programs.square_loss, 3.0, 2.0, 1.0)
    assert '<div id="edgewise" data-at="6"></div>' in e.to_html(at=len(e))
    assert '<div id="edgewise"></div>' in e.to_html()
    for at in (-1, 13):
        with pytest.raises(ArgumentError, match=r"square_loss has 12 steps\n.*use a number from 0 to 12"):
            e.to_html(at=at)


def test_files_are_not_overwritten(tmp_path, programs):
    e = ew.explain(programs.square_loss, 3.0, 2.0, 1.0)
    path = tmp_path / "trace.json"
    text = e.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    path.write_text("mine")
    with pytest.raises(FileError, match="exists already") as caught:
        e.to_json(path)
    assert isinstance(caught.value, OSError)
    assert path.read_text() == "mine"
    e.to_dot(path, overwrite=True)
    assert path.read_text().startswith("digraph")
    with pytest.raises(FileError, match="could not be written"):
        e.to_json(tmp_path / "no folder" / "trace.json")
    with pytest.raises(FileError, match="could not be written"):
        e.to_json(tmp_path, overwrite=True)


def test_hostile_names_are_data():
    def f(x):
        return x[HOSTILE] * 2

    f.__name__ = f"{HOSTILE}\x1b[31m\ud800\u202e"
    e = ew.explain(f, {HOSTILE: 1.0})
    assert e.title.isprintable()
    assert {c for c in str(e).encode("utf-8").decode("utf-8") if not c.isprintable()} == {"\n"}
    assert e.inputs[0].name == f"x[{HOSTILE!r}]"
    valid(e)
    dot = e.to_dot()
    assert dot.count("\n") == 5 + len(e.edges) + len(e.values) - 1
    for label in re.findall(r'label="((?:[^"\\]|\\.)*)"', dot):
        assert all(c.isprintable() for c in label)


def test_notebooks_get_the_table_at_least(programs):
    e = ew.explain(programs.square_loss, 3.0, 2.0, 1.0)
    bundle = e._repr_mimebundle_()
    assert bundle["text/plain"] == str(e)
    assert set(e._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert "text/plain" not in e._repr_mimebundle_(exclude=["text/plain"])
    assert 'sandbox="allow-scripts"' in bundle["text/html"]
    assert bundle["image/svg+xml"] == e.to_svg()
    long = ew.explain(sum, [1.0] * 700)._repr_mimebundle_()
    assert set(long) == {"text/plain", "text/html"}, "a picture of 700 boxes in a row"


def test_the_table_elides_what_is_too_long_or_too_wide():
    def f(a_name_that_is_much_longer_than_a_column):
        for _ in range(100):
            a_name_that_is_much_longer_than_a_column = a_name_that_is_much_longer_than_a_column * 1.01
        return a_name_that_is_much_longer_than_a_column

    told = str(ew.explain(f, 1.0))
    assert "… 41 more …" in told
    assert len(told.splitlines()) < 70
    assert max(map(len, told.splitlines())) < 250
    assert "a_name_that_is_…" in told


def test_more_operations_than_are_told(programs):
    e = ew.explain(programs.newton, 2.0, max_nodes=5)
    assert len(e) == 6
    assert not e.complete
    assert re.search(r"^The first 5 operations are told one by one; \d+ more follow \(\d+ at programs.py:\d+", e.note)
    assert e.gradient == pytest.approx(0.5 / np.sqrt(2))
    whole = ew.explain(programs.newton, 2.0)
    assert e.counts.reverse == whole.counts.reverse
    for a, b in zip(e, whole, strict=False):
        assert a.value == b.value
        assert a.adjoint == pytest.approx(b.adjoint)
    forward = ew.explain(programs.newton, 2.0, max_nodes=5, mode="forward")
    assert forward.tangent == pytest.approx(0.5 / np.sqrt(2))
    assert not forward["x"].dead
    blame = e.blame("x")
    assert not blame.complete
    assert sum(float(p.contribution) for p in blame.paths) == pytest.approx(e.gradient)
    valid(e)
    assert e.note in str(e)


def test_an_operation_that_was_recorded_and_not_seen():
    """Should a mode ever learn to record past ``interpret``: what follows is summed up, and no edge is missing."""

    def f(x):
        y = x * 3
        hidden = Recorded.interpret(y.mode, ew.book.exponential.exp, (y,), {})
        return hidden * x

    e = ew.explain(f, 0.5)
    assert [v.name for v in e] == ["x", "y"]
    assert not e.complete
    assert e.gradient == pytest.approx(np.exp(1.5) * (1 + 1.5))
    assert e["y"].adjoint == pytest.approx(0.5 * np.exp(1.5))
    assert "1 more follow" in e.note


def test_a_long_loop_stays_usable():
    def f(x):
        for _ in range(700):
            x = x + 1e-3 * np.sin(x)
        return x

    e = ew.explain(f, 1.0)
    assert len(e) == 2101
    assert len([b for b in e.boxes if b.parent is None]) == 1  # collapsed, it is one box
    valid(e)


# -- what it costs when it is not used


def test_nothing_is_loaded_until_it_is_asked_for():
    code = "import sys, edgewise; print([m for m in sys.modules if m.startswith('edgewise.explain')]); edgewise.explain"
    code += "; print('edgewise.explain' in sys.modules, 'rich' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split("\n")[:2] == ["[]", "True False"]


def test_the_package_is_the_function():
    import edgewise.explain

    assert edgewise.explain(lambda x: x * 2, 1.0).gradient == 2
    assert ew.explain_nan is edgewise.explain.explain_nan
    assert edgewise.explain.explain is not edgewise.explain


def test_no_floor_below_knows_explain():
    source = pathlib.Path(ew.__file__).parent
    for path in source.rglob("*.py"):
        if path.parent.name in ("cli", "explain") or path == source / "__init__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("edgewise.explain"), path
