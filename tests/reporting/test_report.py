"""What ``ew.report`` says of a run, section by section, with the user's line."""

from __future__ import annotations

import inspect
import json
import sys
import threading
import tracemalloc
from functools import partial
from math import ceil

import numpy as np
import pytest

import edgewise as ew
from edgewise.core import walk
from edgewise.core.registry import DECLARATIONS
from edgewise.errors import ArgumentError, EdgewiseError, UndeterminedError

HERE = __file__


def line_of(f, text):
    """The number of the line of ``f`` that has this text in it."""
    lines, first = inspect.getsourcelines(f)
    (at,) = (i for i, line in enumerate(lines) if text in line)
    return first + at


def said(f, findings):
    """Each finding as (its line's own text, what it says); they are all of this file."""
    assert all(found.place[0] == HERE for found in findings)
    return [(found.place[1], found.text) for found in findings]


def test_where_dependence_ended():
    def f(x):
        k = np.floor(x)
        i = np.argmax(x)
        s = ew.stop_gradient(x)
        v = float(ew.value(x[0]))
        n = x.astype(int)
        m = x * (x > 0)
        r = np.round(x, 1)
        order = np.argsort(x)
        return np.sum(k * s) + x[i] * v + np.sum(n * m) + np.sum(r * x[order])

    found = ew.report(f, np.array([0.3, 1.7, 0.9]))
    assert said(f, found.ended) == [
        (line_of(f, "np.floor"), "np.floor"),
        (line_of(f, "np.argmax"), "np.argmax"),
        (line_of(f, "stop_gradient"), "ew.stop_gradient"),
        (line_of(f, "float("), "ew.value"),
        (line_of(f, "astype"), "astype"),
        (line_of(f, "(x > 0)"), "np.greater"),
        (line_of(f, "np.round"), "np.round"),
        (line_of(f, "np.argsort"), "np.argsort"),
    ]
    assert not found.branches
    assert not found.kinks


def test_branches_that_values_decided():
    def f(x):
        y = x
        while y < 10:
            y = y * 2
        if np.allclose(x, 3.0) or x != 1:
            y = max(y, x)
        if x:
            y = y + 1 if x >= 1 else y
        kept = x > 0
        return y * kept

    found = ew.report(f, 3.0)
    assert said(f, found.branches) == [
        (line_of(f, "while"), "np.less: True 2 times, False"),
        (line_of(f, "allclose"), "np.allclose: True"),
        (line_of(f, "max("), "np.greater: False"),
        (line_of(f, "if x:"), "a truth value: True"),
        (line_of(f, "y + 1"), "np.greater_equal: True"),
    ]
    assert said(f, found.ended) == [(line_of(f, "kept = "), "np.greater")]


def test_kinks_and_their_conventions():
    def f(x):
        y = np.maximum(x, 0) + abs(x) + np.clip(x, -1.0, 2.0)
        z = np.linalg.norm(x - x) + np.std(x[:1])
        for _ in range(3):
            z = z + np.max(np.sort(x))
        return np.sum(y) + z + np.sum(x**0) + np.sum(x**2)

    found = ew.report(f, np.array([-1.0, 0.0, 0.0, 2.0]))
    first, second = line_of(f, "np.maximum"), line_of(f, "norm")
    note = "0 at 0, the subgradient of least norm; ties of inf and -inf, and equal singular values: split evenly"
    assert said(f, found.kinks) == [
        (first, "np.maximum, 2 of 4 entries: ties: 1/2 each"),
        (first, "np.absolute, 2 of 4 entries: 0 at 0"),
        (first, "np.clip, 2 of 4 entries: 1 in the closed interval"),
        (second, f"np.linalg.norm: {note}"),
        (second, "np.std: 0 where the deviation is 0"),
        (line_of(f, "np.sort"), "np.sort 3 times, 3 of 9 entries: ties keep their order"),
        (
            line_of(f, "x**0"),
            f"np.power, 2 of 4 entries: {DECLARATIONS[np.power].note}",
        ),
    ]


def test_slopes_that_a_cut_branch_dropped():
    def f(x):
        y = np.where(x > 0, np.sqrt(x), 0)
        z = np.sqrt(x[1:])
        return np.sum(y) + np.sum(z)

    found = ew.report(f, np.array([0.0, 4.0, 9.0]))
    assert said(f, found.cuts) == [
        (line_of(f, "np.where"), "sqrt: 1 of 3 entries, which the result does not read: exactly 0 there")
    ]
    assert not ew.report(f, np.array([1.0, 4.0, 9.0])).cuts


def test_no_derivative_at_all():
    """A report is about the run; whoever asks for the derivative gets the error."""

    def f(A):
        return np.where(A > 0, np.linalg.eigh(A)[1], 0.0)[0]

    with pytest.raises(UndeterminedError):
        ew.jacobian(f)(np.eye(2))
    assert [e.what for e in ew.report(f, np.eye(2)).ended] == ["np.greater"]


def test_promotions():
    def f(x, n):
        y = x * np.ones(3)
        z = np.abs(y * 1j)
        return np.sum(z.astype(float)) * n

    found = ew.report(f, np.ones(3, np.float32), 2, argnums=(0, 1))
    assert [(p.what, p.note) for p in found.promoted] == [
        ("argument 1 of f", "int to float64"),
        ("np.multiply", "float32 to float64"),
        ("np.multiply", "float64 to complex128"),
    ]
    assert [p.place[1] for p in found.promoted[1:]] == [line_of(f, "np.ones(3)"), line_of(f, "1j")]


def test_slow_bridges():
    def f(x):
        total = 0.0
        for e in x:
            total = total + e * e
        pair = np.array([x[0], 2 * x[1]])
        power = np.power.reduce(1 + 0.01 * x)
        return total + pair @ np.ones(2) + power

    found = ew.report(f, np.linspace(0.1, 0.9, 40))
    note = "every operation on it is one per entry; ew.stack([...]) makes one array"
    assert said(f, found.slow) == [
        (line_of(f, "np.array"), f"a traced value in an object array 2 times: {note}"),
        (line_of(f, "np.power"), f"np.power.reduce: {found.slow[1].note}"),
        (
            line_of(f, "for e"),
            "a loop over entries: 40 entries taken one by one; one NumPy call on the whole array is one operation",
        ),
    ]
    assert found.slow[1].note.endswith("operations for one call")
    assert not ew.report(lambda x: np.sum(x * x), np.ones(40)).slow


def test_buffers():
    small, middle, large = (np.ones(n) for n in (100, 20_000, 300_000))
    frozen = np.ones(300_000)
    frozen.flags.writeable = False

    def f(x):
        a = np.sum(x * small)
        b = np.sum(x * middle)
        c = np.sum(x * middle)
        d = np.sum(x * large)
        e = np.sum(x * frozen)
        return a + b + c + d + e

    found = ew.report(f, 2.0)
    assert said(f, found.buffers) == [
        (line_of(f, "* small"), "copied: 800 bytes"),
        (line_of(f, "b ="), "copied: 160 kB"),
        (line_of(f, "c ="), "compared with the copy of an earlier use: 160 kB"),
        (line_of(f, "* large"), "locked against stores until the derivative is taken, and fingerprinted: 2.4 MB"),
    ]
    assert "800 bytes" not in str(found)  # not worth a line
    assert large.flags.writeable


def test_nothing_happened():
    found = ew.report(lambda x: np.sum(np.sin(x) * x), np.ones(3))
    assert str(found).split("\n\n")[1:] == [str(found)[str(found).index("what transformations take") :]]
    told = found.to_dict()
    assert not any(told[section] for section in ("ended", "branches", "kinks", "cuts", "promoted", "slow", "buffers"))


def test_the_value_and_the_function_are_untouched():
    calls = []

    def f(x):
        calls.append(1)
        total = np.zeros(3)
        total += x  # which asks how many hold ``total``
        return {"a": np.sum(total**2), "b": 2.0}

    x = np.array([1.0, 2.0, 3.0])
    found = ew.report(f, x)
    assert found.value == {"a": 14.0, "b": 2.0}
    assert len(calls) == 1
    assert sys.getprofile() is None
    np.testing.assert_array_equal(ew.grad(lambda x: f(x)["a"])(x), 2 * x)


def test_an_error_leaves_nothing_behind():
    big = np.ones(300_000)

    def f(x):
        y = np.sum(big * x)
        return y + np.median(x, axis=99)

    with pytest.raises(np.exceptions.AxisError):
        ew.report(f, np.ones(1))
    assert sys.getprofile() is None
    assert big.flags.writeable


def test_transformations_within():
    def inner(x):
        return x * abs(x) if x > -5 else x

    def f(x):
        slope = ew.grad(inner)(x)
        return slope * x

    found = ew.report(f, 0.0)
    assert said(inner, found.branches) == [(line_of(inner, "x > -5"), "np.greater: True")]
    assert not found.ended
    assert [k.what for k in found.kinks] == ["np.absolute"]


def test_threads_are_told_apart():
    def f(x):
        made = []
        worker = threading.Thread(target=lambda: made.append(np.floor(x) + np.std(x)))
        worker.start()
        worker.join()
        return np.sum(made[0])

    found = ew.report(f, np.array([1.5, 2.0]))
    assert next(e.what for e in found.ended) == "np.floor"


def test_what_transformations_take(monkeypatch):
    """The sweeps that are announced are those that are made."""
    counted = {"push": 0, "pull": 0}
    for name in counted:

        def counting(name, walk_along, *args):
            counted[name] += 1
            return walk_along(*args)

        monkeypatch.setattr(walk, name, partial(counting, name, getattr(walk, name)))

    def wide(x):
        return np.tile(np.sin(x), 9000)

    def tall(x):
        return np.sum(np.tile(x, 300).reshape(-1, 30), axis=0)[:2]

    for f, x in ((wide, np.ones(20)), (tall, np.ones(30))):
        costs = {c.name: c for c in ew.report(f, x).costs}
        assert "grad" not in costs
        cost = costs["jacobian"]
        counted.update(push=0, pull=0)
        ew.jacobian(f)(x)
        way = "push" if cost.forward else "pull"
        assert counted[way] == ceil(max(cost.forward, cost.reverse) / cost.batch)
        assert (cost.forward, cost.reverse) == ((20, 0) if f is wide else (0, 2))
    scalar = {c.name: c for c in ew.report(lambda x: np.sum(wide(x)), np.ones(20)).costs}
    assert list(scalar) == ["jvp", "grad", "jacobian", "hvp", "hessian"]
    assert (scalar["hessian"].forward, scalar["hessian"].reverse) == (20, 1)


def test_bytes_are_about_what_is_taken():
    def f(x):
        for _ in range(20):
            x = np.sin(x) * x
        return np.sum(x)

    x = np.linspace(0.1, 1.0, 100_000)
    cost = next(c for c in ew.report(f, x).costs if c.name == "grad")
    ew.grad(f)(x)
    tracemalloc.start()
    ew.grad(f)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.5 < cost.nbytes / peak < 1.5


def test_the_graph():
    graph = ew.report(lambda x: np.sum(np.sin(x) * 2.0 + x), np.ones(5)).graph
    assert (graph.operations, graph.edges, graph.inputs, graph.outputs) == (4, 5, 5, 1)
    assert graph.products == 25
    assert graph.nbytes == 40  # the operand of sin
    unread = ew.report(lambda x: 3.0, np.ones(5))
    assert (unread.graph.operations, unread.graph.outputs) == (0, 1)
    values = ew.report(lambda A: np.linalg.slogdet(A)[1], np.eye(3) + 0.1)
    assert values.graph.operations >= 1


def test_to_dict_is_json_and_html_is_text():
    found = ew.report(lambda x: np.sum(np.abs(x) * np.floor(x)) if np.sum(x) > 0 else x[0], np.array([0.0, 1.5]))
    told = json.loads(json.dumps(found.to_dict()))
    assert told["name"] == "<lambda>"
    assert told["kinks"][0]["entries"] == 1
    assert told["kinks"][0]["file"] == HERE
    assert told["branches"][0]["true"] == 1
    assert told["costs"][1]["name"] == "grad"
    assert found._repr_html_().startswith("<pre>&lt;lambda&gt;: ")
    assert repr(found) == str(found)
    assert repr(found.kinks[0]).startswith("<")


def test_arguments():
    with pytest.raises(ArgumentError, match="inside another transformation"):
        ew.grad(lambda x: ew.report(np.sin, x).value)(1.0)
    with pytest.raises(ArgumentError):
        ew.report(3.0)
    with pytest.raises(EdgewiseError):
        ew.report(lambda x: "text", 1.0)
    assert ew.report(lambda x, n: x * n, 2.0, 3).graph.inputs == 1
    assert ew.report(lambda x, n: x * n, 2.0, 3, argnums=(0, 1)).graph.inputs == 2
    assert ew.report(lambda x, w: x * w["a"], 2.0, {"a": np.ones(2)}).graph.inputs == 3


def test_a_profiler_is_in_the_way():
    sys.setprofile(lambda *_: None)
    try:
        with pytest.raises(ArgumentError, match="profiler"):
            ew.report(np.sin, 1.0)
    finally:
        sys.setprofile(None)
