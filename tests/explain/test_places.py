"""Names, lines and groups: taken from the user's code, and never wrong."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

import edgewise as ew


def names(e):
    return [v.name for v in e]


def test_a_name_that_is_assigned_again_gets_a_number(programs):
    e = ew.explain(programs.reassigned, 3.0)
    assert names(e) == ["x", "y", "y₂", "y₃"]
    assert [v.label for v in e][1:] == ["x * 2", "y + 1", "y₂ * x"]
    assert all(v.named for v in e)


def test_a_value_keeps_its_first_name(programs):
    assert names(ew.explain(programs.alias, 3.0)) == ["x", "y", "v1"]


def test_a_function_with_several_returns_names_no_result(programs):
    e = ew.explain(programs.early, 3.0)
    assert names(e) == ["x", "y", "v1"]
    assert not e["v1"].named


def test_names_do_not_collide_with_the_users():
    e = ew.explain(lambda v1: (v1 * 2) * 3, 1.0)
    assert names(e) == ["v1", "v2", "v3"]


def test_containers_hold_values_without_names():
    def f(x):
        parts = [x * 2, x * 3]
        return parts[0] * parts[1]

    assert names(ew.explain(f, 1.0)) == ["x", "v1", "v2", "v3"]


def test_a_lambda_an_executed_string_and_a_builtin():
    scope = {}
    exec("def f(x):\n    y = x * 2\n    return y + 1", scope)
    e = ew.explain(scope["f"], 3.0)
    assert names(e) == ["x", "y", "v1"]
    assert [v.text for v in e] == ["", "", ""]
    assert e["y"].where == "<string>:2"
    assert e.to_dict()["sources"] == [{"name": "<string>"}]
    assert names(ew.explain(np.sin, 3.0)) == ["x1", "v1"] or names(ew.explain(np.sin, 3.0)) == ["x", "v1"]
    assert ew.explain(np.sin, 3.0)["v1"].where == ""


def test_source_that_is_not_what_ran_is_not_shown(tmp_path):
    file = tmp_path / "model.py"
    file.write_text("def f(x):\n    y = x * 2\n    return y\n")
    scope = {}
    exec(compile(file.read_text(), str(file), "exec"), scope)
    assert ew.explain(scope["f"], 3.0)["y"].text == "x * 2"
    file.write_text("def f(x):\n    y = x * 9\n    return y\n")
    linecache.checkcache(str(file))
    edited = ew.explain(scope["f"], 3.0)
    assert edited["y"].text == ""
    assert edited.to_dict()["sources"] == [{"name": "model.py"}]
    file.write_text("def f(:\n")
    linecache.checkcache(str(file))
    assert ew.explain(scope["f"], 3.0)["y"].text == ""


def test_names_that_are_not_ascii(programs):
    e = ew.explain(programs.café, 2.0, 3.0)
    assert names(e) == ["α", "数", "β", "v1"]
    assert e["β"].text == "α * 数"
    assert e.to_dict()["nodes"][2]["src"][2:] == [8, 13]
    assert "数" in str(e)
    assert "ᾱ" in str(e)


def test_looking_at_variables_leaves_no_trace(programs):
    assert ew.explain(programs.with_locals, 3.0).gradient == 2
    x = np.array([1.0, 2.0])
    e = ew.explain(programs.accumulates, x)  # += needs arrays that nobody else holds
    np.testing.assert_array_equal(e.gradient, 4 * x)


def boxes(e):
    return [(b.label, b.parent) for b in e.boxes]


def test_loops_are_told_by_their_passes(programs):
    e = ew.explain(programs.loops, 1.0)
    assert [b.label for b in e.boxes if b.kind != "line"] == [
        "for _ in range(4):",
        "pass 1",
        "pass 2",
        "pass 3",
        "pass 4",
    ]
    assert [b.label for b in e.boxes if b.parent == 1] == [
        "omega = omega - 0.1 * np.sin(theta)",
        "theta = theta + 0.1 * omega",
    ]
    assert names(e)[-1] == "theta₅"


def test_nested_loops_begin_anew(programs):
    e = ew.explain(programs.nested_loops, 1.0)
    kinds = [(b.kind, b.label) for b in e.boxes]
    assert kinds == [
        ("loop", "for _ in range(2):"),
        ("pass", "pass 1"),
        ("loop", "for _ in range(3):"),
        ("pass", "pass 2"),
        ("loop", "for _ in range(3):"),
    ]
    assert [b.parent for b in e.boxes] == [None, 0, 1, 0, 3]


def test_while_loops_and_calls(programs):
    newton = ew.explain(programs.newton, 2.0)
    assert newton.boxes[0].label == "while abs(y * y - x) > 1e-12:"
    assert newton.gradient == pytest.approx(0.5 / np.sqrt(2))
    calls = ew.explain(programs.calls, 0.3)
    assert [b.label for b in calls.boxes] == [
        "for k in range(3):",
        *(n for i in (1, 2, 3) for n in (f"pass {i}", "scaled(…)")),
    ]
    assert names(calls)[1:4] == ["u", "v1", "total"]


def test_recursion_and_generators(programs):
    e = ew.explain(lambda x: programs.power(x, 5), 2.0)
    assert [b.label for b in e.boxes][:2] == ["power(…)", "power(…)"]
    assert e.gradient == 80
    summed = ew.explain(programs.summed, 0.3, np.array([1.0, 2.0, 3.0]))
    assert [b.label for b in summed.boxes] == ["s = sum(w * a for w in v)"]
    assert "s" in names(summed)


def test_every_group_is_where_its_values_are(programs):
    for f, args in ((programs.loops, (1.0,)), (programs.calls, (0.3,)), (programs.newton, (2.0,))):
        e = ew.explain(f, *args)
        inside = {i: [v for v in e if e.box[v.index] == i] for i in range(len(e.boxes))}
        for i, box in enumerate(e.boxes):
            assert box.parent is None or box.parent < i
            if box.kind == "line":
                assert len({v.where for v in inside[i]}) == 1


def test_other_threads():
    from concurrent.futures import ThreadPoolExecutor

    def f(x):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: x * 2).result() + 1

    e = ew.explain(f, 3.0)
    assert e.gradient == 2
    assert e["v1"].where
