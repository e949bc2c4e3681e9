"""The page as a file: one script known by its hash, data that cannot leave its element, and a script up to date."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import pathlib
import re

import pytest

from edgewise.explain import packing, page
from edgewise.explain.drawable import drawable

HERE = pathlib.Path(page.__file__).parent
VIEWER = pathlib.Path(__file__).parents[3] / "viewer"
NAMES = ["small", "forward", "sixty", "large", "arrays", "hostile", "bare", "empty"]


class Elements(html.parser.HTMLParser):
    """Start tags with their attributes, and the content of each script, as a browser would split them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.title = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data):
        if self.lasttag == "script" and self.scripts and data.strip():
            self.scripts[-1] += data
        if self.lasttag == "title" and not self.title:
            self.title = data


@pytest.mark.parametrize("name", NAMES)
def test_the_elements_of_a_page_do_not_depend_on_its_trace(trace, name):
    elements = Elements(page.render(trace(name)))
    tags = ["html", "head", "meta", "meta", "meta", "meta", "title", "body", "div", "noscript", "script", "script"]
    assert [tag for tag, _ in elements.tags] == tags
    assert not any("src" in attributes or "href" in attributes for _, attributes in elements.tags)
    data, script = elements.scripts
    assert not set("<>&") & set(data)
    assert script.strip() == page.viewer().strip()
    told, meant = unpacked(json.loads(data)), trace(name)
    assert [(e["from"], e["to"]) for e in told["edges"]] == [(e["from"], e["to"]) for e in meant["edges"]]
    assert [node["label"] for node in told["nodes"]] == [node["label"] for node in meant["nodes"]]


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_columns_say_what_the_rows_said(trace, mode):
    """Every field that the page reads comes back, and a contribution is left out only where it is the product."""
    meant = trace("large")
    if mode == "forward":
        meant["mode"] = mode
        for node in meant["nodes"]:
            node["tangent"] = node.pop("adjoint", 0.5)
    meant["edges"][7] |= {"partial": "NaN", "contrib": "NaN", "expr": "ḡ"}
    meant["edges"][8]["contrib"] = 0.0  # a branch that is cut
    meant["nodes"][9]["__proto__"] = 1
    told = packing.packed(meant)
    assert len(json.dumps(told)) < 0.7 * len(json.dumps(meant))
    back = unpacked(json.loads(json.dumps(told)))
    assert {key: back[key] for key in meant if key not in ("nodes", "edges")} == {
        key: value for key, value in meant.items() if key not in ("nodes", "edges")
    }
    for kind, fields in (("nodes", packing.NODE), ("edges", packing.EDGE)):
        assert back[kind] == [{key: row[key] for key in row if key in fields} for row in meant[kind]]
    assert sum(edge is None for edge in told["edges"]["columns"]["contrib"]) > 500


def test_short_traces_stay_in_rows(trace):
    meant = trace("sixty")
    assert packing.packed(meant) is meant


def unpacked(told):
    """The rows of a trace in columns, as the page makes them (viewer/src/trace.ts)."""
    if isinstance(told["nodes"], list):
        return told
    strings = told.pop("strings")
    for kind in ("nodes", "edges"):
        columns = told[kind]["columns"]
        rows = [{} for _ in next(iter(columns.values()))]
        for field, cells in columns.items():
            for row, cell in zip(rows, cells, strict=True):
                if cell is not None:
                    row[field] = strings[cell] if field in packing.TEXTS else cell
        told[kind] = rows
    final, near = ("tangent", "from") if told["mode"] == "forward" else ("adjoint", "to")
    for kind, k in told["steps"]:
        edge = told["edges"][k] if kind in ("b", "t") else {"contrib": 0.0}
        if "contrib" not in edge:
            edge["contrib"] = edge["partial"] * told["nodes"][edge[near]][final]
    return told


def test_the_policy_lets_one_script_run_and_nothing_be_fetched(trace):
    text = page.render(trace("small"))
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    told = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    digest = base64.b64encode(hashlib.sha256(page.viewer().encode()).digest()).decode()
    assert f"<script>{page.viewer()}</script>" in text
    assert told == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}'",
        "style-src": "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_title_is_the_one_given_or_that_of_the_trace(trace):
    assert "<title>L</title>" in page.render(trace("small"))
    assert "<title>&lt;b&gt; &amp; &quot;c&quot;</title>" in page.render(trace("small"), '<b> & "c"')


def test_the_script_has_no_way_to_run_a_string():
    script = page.viewer()
    forbidden = [
        "</script",
        "<!--",
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ]
    assert [
        word for word in [*forbidden, "import(", "fetch(", "XMLHttpRequest", "localStorage"] if word in script
    ] == []
    assert set(re.findall(r"https?://[^\s\"'`]+", script)) <= {"http://www.w3.org/2000/svg"}
    assert len(script.encode()) <= 60_000


def test_the_script_is_built_from_the_sources_that_stand_here():
    """The same hash as viewer/build.mjs: where it differs, ``make viewer`` builds anew."""
    if not VIEWER.is_dir():
        pytest.skip("an installed package has no sources of the script")
    names = [f"src/{path.name}" for path in (VIEWER / "src").iterdir()]
    names += ["build.mjs", "package-lock.json", "package.json", "tsconfig.json"]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\n".encode() + (VIEWER / name).read_bytes().replace(b"\r\n", b"\n"))
    recorded = (HERE / "viewer.sources.sha256").read_text(encoding="ascii").strip()
    assert digest.hexdigest() == recorded, "viewer.js is stale: run make viewer"


def test_a_title_that_no_file_could_hold_is_replaced(trace):
    assert "<title>a?b</title>" in page.render(trace("small"), "a\ud800b").encode("utf-8").decode("utf-8")


def test_what_cannot_be_drawn_is_refused(trace):
    with pytest.raises(ValueError, match="its schema is None"):
        page.render({})
    bare = trace("small")
    bare["nodes"][0]["value"] = float("nan")
    with pytest.raises(ValueError, match="not JSON compliant"):
        page.render(bare)


def test_of_a_very_long_trace_the_beginning_is_drawn():
    """Values 0 and 20 000 are the operands of the last one: what leads to what is left out is left out too."""
    nodes = [{"id": i, "op": "op" if i else "input", "label": f"v{i}", "value": 1.0} for i in range(20_002)]
    edges = [{"id": 0, "from": 20_000, "to": 20_001, "arg": 0}, {"id": 1, "from": 0, "to": 1, "arg": 0}]
    edges += [{"id": 2, "from": 0, "to": 20_001, "arg": 1}]
    steps = [["f", 0], ["f", 1], ["f", 20_001], ["s", 20_001], ["b", 0], ["b", 2], ["b", 1]]
    many = {"schema": "edgewise.trace/1", "title": "long", "nodes": nodes, "edges": edges, "groups": []}
    many |= {"inputs": [0], "outputs": [20_001], "steps": steps, "note": "More follow."}
    told = drawable(many)
    assert len(told["nodes"]) == 20_000
    assert told["edges"] == [{"id": 0, "from": 0, "to": 1, "arg": 0}]
    assert told["steps"] == [["f", 0], ["f", 1], ["b", 0]]
    assert (told["inputs"], told["outputs"]) == ([0], [])
    assert told["note"] == "Drawn are the first 20000 of 20002 values. More follow."
    assert len(many["nodes"]) == 20_002
    assert "Drawn are the first 20000 of 20002 values." in page.render(many)


def test_many_inputs_of_one_kind_stand_together():
    nodes = [{"id": i, "op": "input", "label": f"w[{i}]", "value": 1.0} for i in range(60)]
    nodes += [{"id": 60, "op": "input", "label": "x", "value": 1.0}]
    told = json.loads(Elements(page.render({"schema": "edgewise.trace/1", "nodes": nodes, "edges": []})).scripts[0])
    assert told["groups"] == [
        {"id": 0, "label": "w", "parent": None, "kind": "input"},
        {"id": 1, "label": "x", "parent": None, "kind": "input"},
    ]
    assert [node["group"] for node in told["nodes"]] == [0] * 60 + [1]
    assert "group" not in nodes[0]
