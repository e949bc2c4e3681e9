"""Traces written by hand: the example of the textbooks, a loop, a network, and one that means harm."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

Json = dict[str, Any]


class Tape:
    """A trace under construction; ``finish`` sweeps it in plain Python and writes the schema's fields."""

    def __init__(self, title: str, source: str = "") -> None:
        self.title, self.source = title, source
        self.nodes: list[Json] = []
        self.edges: list[Json] = []
        self.groups: list[Json] = []
        self.group: int | None = None

    def value(self, name: str, label: str, value: float, operands: list[tuple[int, float]], line: int = 1) -> int:
        node = {"id": len(self.nodes), "op": "input" if not operands else "op", "label": label, "value": value}
        node |= {"name": name or f"v{node['id']}", "named": bool(name)}
        if operands:
            node |= {"src": [0, line, 0, 1]} if self.source else {}
            node |= {} if self.group is None else {"group": self.group}
        self.nodes.append(node)
        for arg, (operand, partial) in enumerate(operands):
            edge = {"id": len(self.edges), "from": operand, "to": node["id"], "arg": arg, "partial": partial}
            self.edges.append(edge)
        return node["id"]

    def enter(self, label: str, parent: int | None = None) -> int:
        self.group = len(self.groups)
        self.groups.append({"id": self.group, "label": label, "parent": parent, "kind": "pass"})
        return self.group

    def finish(self, mode: str = "reverse") -> Json:
        inputs = [node["id"] for node in self.nodes if node["op"] == "input"]
        out = len(self.nodes) - 1
        start = out if mode == "reverse" else inputs[0]
        sweep = [0.0] * len(self.nodes)
        reached = [False] * len(self.nodes)
        sweep[start], reached[start] = 1.0, True
        steps = [["f", node["id"]] for node in self.nodes] + [["s", start]]
        here, there = ("to", "from") if mode == "reverse" else ("from", "to")
        for node in reversed(self.nodes) if mode == "reverse" else self.nodes:
            for edge in self.edges:
                if edge["to"] != node["id"] or not reached[edge[here]]:
                    continue
                edge["contrib"] = edge["partial"] * sweep[edge[here]]
                sweep[edge[there]] += edge["contrib"]
                reached[edge[there]] = True
                steps.append(["b" if mode == "reverse" else "t", edge["id"]])
        for node in self.nodes:
            if reached[node["id"]]:
                node["adjoint" if mode == "reverse" else "tangent"] = sweep[node["id"]]
        return {
            "schema": "edgewise.trace/1",
            "producer": {"name": "edgewise", "version": "0"},
            "title": self.title,
            "mode": mode,
            "sources": [{"name": "model.py", "text": self.source}] if self.source else [],
            "nodes": self.nodes,
            "edges": self.edges,
            "groups": self.groups,
            "inputs": inputs,
            "outputs": [out],
            "steps": steps,
            "counts": {
                "edges": len(self.edges),
                "inputs": len(inputs),
                "outputs": 1,
                "forward_mults": 8,
                "reverse_mults": 5,
            },
        }


def square_of_sum(mode: str = "reverse") -> Json:
    """L = (a·b + c)² at a = 3, b = 2, c = 1."""
    tape = Tape("L", "s = a * b + c\nL = s**2\n")
    a, b, c = (tape.value(name, name, v, []) for name, v in (("a", 3.0), ("b", 2.0), ("c", 1.0)))
    tape.enter("s = a * b + c")
    product = tape.value("", "a * b", 6.0, [(a, 2.0), (b, 3.0)], 1)
    s = tape.value("s", "v3 + c", 7.0, [(product, 1.0), (c, 1.0)], 1)
    tape.nodes[s]["src"] = [0, 1, 0, 2]
    tape.group = None
    tape.value("L", "s**2", 49.0, [(s, 14.0)], 2)
    return tape.finish(mode)


def pendulum(passes: int) -> Json:
    """Eight values in each pass, two parameters that every pass reads, and a closing sum of squares."""
    tape = Tape(
        f"pendulum, {passes} passes", "for k in range(n):\n    v = v - dt * (w * sin(q) + g * v)\n    q = q + dt * v\n"
    )
    q, v, w, g = (tape.value(name, name, x, []) for name, x in (("q", 0.8), ("v", 0.0), ("w", 1.3), ("g", 0.1)))

    def at(i: int) -> float:
        return tape.nodes[i]["value"]

    loop = tape.enter("for k in range(n)")
    for k in range(passes):
        tape.enter(f"pass {k + 1}", loop)
        sine = tape.value("", "sin(q)", math.sin(at(q)), [(q, math.cos(at(q)))], 2)
        pull = tape.value("", "w * sin(q)", at(w) * at(sine), [(w, at(sine)), (sine, at(w))], 2)
        drag = tape.value("", "g * v", at(g) * at(v), [(g, at(v)), (v, at(g))], 2)
        force = tape.value("", "pull + drag", at(pull) + at(drag), [(pull, 1.0), (drag, 1.0)], 2)
        kick = tape.value("", "dt * force", 0.05 * at(force), [(force, 0.05)], 2)
        v = tape.value("v", "v - kick", at(v) - at(kick), [(v, 1.0), (kick, -1.0)], 2)
        move = tape.value("", "dt * v", 0.05 * at(v), [(v, 0.05)], 3)
        q = tape.value("q", "q + move", at(q) + at(move), [(q, 1.0), (move, 1.0)], 3)
    tape.group = None
    q2 = tape.value("", "q**2", at(q) ** 2, [(q, 2 * at(q))])
    v2 = tape.value("", "v**2", at(v) ** 2, [(v, 2 * at(v))])
    tape.value("loss", "q**2 + v**2", at(q2) + at(v2), [(q2, 1.0), (v2, 1.0)])
    return tape.finish()


def arrays() -> Json:
    """The sum of x² for x of shape (2, 3), and a product that is no number but a rule."""

    def array(*data: float) -> Json:
        return {
            "shape": [2, 3],
            "dtype": "float64",
            "stats": {"min": min(data), "max": max(data), "mean": sum(data) / 6, "nonfinite": 0},
            "hist": {"lo": 0.0, "hi": 6.0, "n": [1, 2, 3]},
            "thumb": {"rows": 2, "cols": 3, "data": list(data)},
            "data": list(data),
        }

    tape = Tape("sum of squares")
    tape.value("x", "x", 0.0, [])
    tape.value("y", "x**2", 0.0, [(0, 0.0)])
    tape.value("L", "sum(y)", 91.0, [(1, 1.0)])
    trace = tape.finish()
    x, y, ones = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 4.0, 9.0, 16.0, 25.0, 36.0], [1.0] * 6
    trace["nodes"][0] |= {"value": array(*x), "adjoint": array(*[2 * v for v in x])}
    trace["nodes"][1] |= {"value": array(*y), "adjoint": array(*ones)}
    trace["edges"][0] |= {
        "partial": array(*[2 * v for v in x]),
        "expr": "2 * x * ḡ",
        "contrib": array(*[2 * v for v in x]),
    }
    trace["edges"][1] |= {"rule": "vjp", "expr": "broadcast(ḡ, (2, 3))", "contrib": array(*ones)}
    del trace["edges"][1]["partial"]
    return trace


HOSTILE = [
    "<img src=x onerror=window.hacked=1>",
    "</script><script>window.hacked=1</script>",
    "<!--<script>",
    "__proto__",
    "constructor",
    "'\"&lt;\u202ereversed\u2028line\x00\x1b[31m\ud800",
    "javascript:window.hacked=1",
    "]]>{{constructor.constructor('window.hacked=1')()}}",
    "x" * 5000,
]


def hostile() -> Json:
    """Strings that try to be markup, script, keys or control characters, wherever the schema has a string."""
    tape = Tape(HOSTILE[1], f"a = 1  # {HOSTILE[0]}\nb = '{HOSTILE[1]}'\n")
    first = tape.value(HOSTILE[0], HOSTILE[1], 1.0, [])
    tape.enter(HOSTILE[1])
    for text in HOSTILE:
        first = tape.value(text, text, math.inf, [(first, 1.0)])
    tape.group = None
    tape.value("", HOSTILE[2], 2.0, [(first, 1.0)])
    trace = tape.finish()
    for node, value in zip(trace["nodes"], ["NaN", "Infinity", "-Infinity"] * 4, strict=False):
        node |= {"value": value, "op": HOSTILE[4] if node["op"] != "input" else "input", "text": HOSTILE[7]}
    trace["edges"][1] |= {"expr": HOSTILE[0], "rule": "vjp"}
    trace["edges"][2] |= {"partial": "NaN"}
    trace["sources"][0]["name"] = HOSTILE[1]
    trace["note"] = HOSTILE[0]
    return trace


def bare() -> Json:
    """The example with nothing but what a graph needs: the order of steps and the contributions follow."""
    trace = square_of_sum()
    nodes = [{key: node[key] for key in ("id", "op", "label", "value", "adjoint")} for node in trace["nodes"]]
    edges = [{key: edge[key] for key in ("id", "from", "to", "arg", "partial")} for edge in trace["edges"]]
    return {"schema": "edgewise.trace/1", "nodes": nodes, "edges": edges, "outputs": [5]}


def empty() -> Json:
    return {"schema": "edgewise.trace/1", "title": "nothing", "nodes": [], "edges": []}


TRACES: dict[str, Callable[[], Json]] = {
    "small": square_of_sum,
    "forward": lambda: square_of_sum("forward"),
    "sixty": lambda: pendulum(7),
    "large": lambda: pendulum(249),
    "arrays": arrays,
    "hostile": hostile,
    "bare": bare,
    "empty": empty,
}


@pytest.fixture
def trace() -> Callable[[str], Json]:
    """``trace("small")``: a fresh trace by its name."""
    return lambda name: TRACES[name]()
