"""The static picture: well-formed whatever the strings, complete, and small enough to look at."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET

import pytest

from edgewise.explain import svg

NAMES = ["small", "forward", "sixty", "large", "arrays", "hostile", "bare", "empty"]


def texts(picture):
    return [element.text for element in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_plain_svg_and_nothing_else(trace, name):
    root = ET.fromstring(svg.render(trace(name)))
    assert {element.tag.partition("}")[2] for element in root.iter()} <= {"svg", "title", "g", "rect", "path", "text"}
    attributes = {attribute for element in root.iter() for attribute in element.attrib}
    allowed = {"width", "height", "viewBox", "font-family", "font-size", "font-weight", "role", "transform", "d"}
    assert attributes <= allowed | {"x", "y", "rx", "fill", "stroke", "stroke-width", "text-anchor"}


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_the_same_each_time(trace, name):
    assert svg.render(trace(name)) == svg.render(json.loads(json.dumps(trace(name))))


def test_the_example_shows_values_adjoints_partials_and_what_flows(trace):
    written = texts(svg.render(trace("small")))
    assert [t for t in ("a", "b", "c", "a * b", "s", "L") if t not in written] == []
    for count, figure in [(1, "6"), (1, "7"), (1, "49"), (1, "∂ 2"), (1, "∂ 3"), (2, "∂ 1"), (1, "∂ 14")]:
        assert written.count(figure) == count
    # At the values a*b, s and c, and on the edges to them.
    assert (written.count("14"), written.count("28"), written.count("42")) == (6, 2, 2)


def test_forward_mode_shows_tangents(trace):
    written = texts(svg.render(trace("forward")))
    assert written.count("28") == 2  # the tangent of L, and what flowed into it
    assert "42" not in written


def test_large_graphs_are_closed_until_they_can_be_read(trace):
    boxes, links = svg.drawn_boxes(trace("large"))
    assert len(boxes) <= svg.MOST_BOXES
    assert len(links) <= svg.MOST_LINKS
    assert sorted(node for _, members in boxes for node in members) == list(range(1999))
    assert len(svg.drawn_boxes(trace("sixty"))[0]) == 63


def test_two_links_between_the_same_values_stay_two():
    nodes = [
        {"id": 0, "op": "input", "label": "a", "value": 3.0},
        {"id": 1, "op": "multiply", "label": "a * a", "value": 9.0},
    ]
    edges = [{"id": k, "from": 0, "to": 1, "arg": k, "partial": 3.0} for k in range(2)]
    twice = {"schema": "edgewise.trace/1", "title": "", "nodes": nodes, "edges": edges}
    assert texts(svg.render(twice)).count("∂ 3") == 2


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (6.0, "6"),
        (-14, "−14"),
        (0.1, "0.1"),
        (1 / 3, "0.3333"),
        (123456.789, "123500"),
        (999999.0, "999999"),
        (1e6, "1e6"),
        (-2.5e-7, "−2.5e−7"),
        (math.pi * 1e8, "3.142e8"),
        ("NaN", "nan"),
        ("Infinity", "inf"),
        ("-Infinity", "−inf"),
    ],
)
def test_figures(number, written):
    assert svg.digits(number) == written


@pytest.mark.needs("program:node")
def test_the_page_writes_figures_the_same_way():
    import pathlib
    import random
    import subprocess

    rng = random.Random(1)
    numbers = [rng.uniform(-1, 1) * 10 ** rng.randint(-12, 12) for _ in range(2000)] + [
        float(i) for i in range(-50, 50)
    ]
    script = pathlib.Path(svg.__file__).with_name("viewer.js")
    program = (
        f"require('vm').runInThisContext(require('fs').readFileSync({json.dumps(str(script))}, 'utf-8'));"
        "const numbers = JSON.parse(require('fs').readFileSync(0, 'utf-8'));"
        "console.log(JSON.stringify(numbers.map(edgewise.digits)));"
    )
    run = subprocess.run(["node", "-e", program], input=json.dumps(numbers), capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == [svg.digits(number) for number in numbers]


def test_long_texts_are_cut_to_the_box():
    assert svg.fit("abc", 10) == "abc"
    assert svg.fit("np.mean(residual**2)", 5.0).endswith("…")
    assert svg.width_of(svg.fit("W" * 50, 5.0)) <= 5.0


def test_another_schema_is_refused():
    with pytest.raises(ValueError, match=r"not a trace of schema 'edgewise.trace/1': its schema is 'other'"):
        svg.render({"schema": "other"})
