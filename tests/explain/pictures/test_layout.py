"""The drawing in layers: what every drawing owes, two languages bit for bit, and its parts against known answers."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import random
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.explain import layering
from edgewise.explain import layout as module
from edgewise.explain.layout import layout

RECORDED = pathlib.Path(__file__).with_name("layouts.json")
SCRIPT = pathlib.Path(module.__file__).with_name("viewer.js")


def drawn(sizes, links):
    return json.loads(json.dumps(dataclasses.asdict(layout(sizes, links))))


def random_graph(seed, count, degree, *, cycles=False):
    rng = random.Random(seed)
    sizes = [[156.0, rng.choice([60.0, 104.0])] for _ in range(count)]
    links = []
    for b in range(1, count):
        links += [[max(0, b - rng.randint(1, 9)), b] for _ in range(rng.randint(0, degree))]
    if cycles:
        links += [[b, a] for a, b in rng.sample(links, len(links) // 8)]
    return sizes, links


def loop(passes):
    """Two values that each pass replaces, and one that each pass reads."""
    links, state = [], 0
    for k in range(passes):
        a, b = 2 + 2 * k, 3 + 2 * k
        links += [[state, a], [1, a], [a, b], [state, b]]
        state = b
    return [[156.0, 60.0]] * (2 + 2 * passes), links


GRAPHS = {
    "nothing": ([], []),
    "one box": ([[156.0, 60.0]], []),
    "apart": ([[156.0, 60.0], [90.0, 104.0], [156.0, 60.0]], []),
    "example": ([[156.0, 60.0]] * 6, [[0, 3], [1, 3], [3, 4], [2, 4], [4, 5]]),
    "a * a": ([[156.0, 60.0]] * 2, [[0, 1], [0, 1]]),
    "cycle": ([[156.0, 60.0]] * 4, [[0, 1], [1, 2], [2, 1], [2, 3], [3, 0]]),
    "loop": loop(12),
    "random": random_graph(1, 40, 3),
    "random with cycles": random_graph(2, 40, 3, cycles=True),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_drawings_stay_as_recorded(name):
    """The committed file stands for the TypeScript where Node is not there: both have been held against it."""
    assert drawn(*GRAPHS[name]) == json.loads(RECORDED.read_text(encoding="utf-8"))[name]


@pytest.mark.needs("program:node")
def test_both_languages_agree_bit_for_bit():
    graphs = [*GRAPHS.values(), loop(120)]
    graphs += [random_graph(seed, 10 + 7 * seed, 1 + seed % 4, cycles=seed % 3 == 0) for seed in range(30)]
    program = (
        f"require('vm').runInThisContext(require('fs').readFileSync({json.dumps(str(SCRIPT))}, 'utf-8'));"
        "const graphs = JSON.parse(require('fs').readFileSync(0, 'utf-8'));"
        "console.log(JSON.stringify(graphs.map(([sizes, links]) => edgewise.layout(sizes, links))));"
    )
    run = subprocess.run(["node", "-e", program], input=json.dumps(graphs), capture_output=True, text=True, check=True)
    for graph, there in zip(graphs, json.loads(run.stdout), strict=True):
        assert drawn(*graph) == there


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 4), st.booleans())
def test_what_every_drawing_owes(seed, count, degree, cycles):
    sizes, links = random_graph(seed, count, degree, cycles=cycles)
    plan = layout(sizes, links)
    rect = [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for x, y, (w, h) in zip(plan.x, plan.y, sizes, strict=True)]
    for (l1, r1, t1, b1), (l2, r2, t2, b2) in itertools.combinations(rect, 2):
        assert r1 <= l2 or r2 <= l1 or b1 <= t2 + 1e-6 or b2 <= t1 + 1e-6, "two boxes overlap"
    assert all(a >= 0 and b <= plan.width and c >= 0 and d <= plan.height for a, b, c, d in rect)
    for (a, b), branch in zip(links, plan.branches, strict=True):
        tail, head = (b, a) if branch.back else (a, b)
        assert rect[tail][1] < rect[head][0], "a link leads to the left"
        assert branch.x1 == rect[head][0]
        assert rect[head][2] <= branch.y1 <= rect[head][3], "a line misses its box"
        trunk = plan.trunks[branch.trunk]
        assert trunk.source == tail
        if branch.span == 0:
            assert branch.x0 == rect[tail][1]
            assert branch.y0 == plan.y[tail]
        else:
            assert (branch.x0, branch.y0) == trunk.spans[branch.span - 1][1:]
        assert branch.x0 <= branch.label[0] <= branch.x1
    forward = {a for (a, _), branch in zip(links, plan.branches, strict=True) if not branch.back}
    assert len(plan.trunks) == len(forward) + sum(branch.back for branch in plan.branches), "one value, one trunk"
    assert cycles or not any(branch.back for branch in plan.branches)


def test_leaves_stand_just_before_their_first_reader():
    plan = layout(*GRAPHS["example"])
    assert plan.x[2] == plan.x[3] > plan.x[0] == plan.x[1]


def test_a_parameter_of_a_loop_is_a_level_rail():
    plan = layout(*loop(200))
    rail = max(plan.trunks, key=lambda trunk: len(trunk.spans))
    heights = [y for _, _, y in rail.spans]
    assert rail.source == 1
    assert max(heights) - min(heights) < 60
    assert plan.height < 400


def test_a_link_to_itself_is_refused():
    with pytest.raises(ValueError, match="cannot be linked to itself"):
        layout([(10.0, 10.0)], [(0, 0)])


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_crossings_are_all_pairs_that_cross(pairs):
    ends = [(a, 7 + b) for a, b in pairs]
    net = layering.Net(14, [0] * 7 + [1] * 7, ends, [False] * len(ends))
    layers = [list(range(7)), list(range(7, 14))]
    place = [i % 7 for i in range(14)]
    brute = sum((a - c) * (b - d) < 0 for (a, b), (c, d) in itertools.combinations(pairs, 2))
    assert layering.crossings(net, layers, place) == brute


@given(st.lists(st.tuples(st.floats(-500, 500), st.integers(1, 8)), min_size=1, max_size=12))
def test_heights_are_the_least_squares_under_the_distances(wishes):
    from scipy.optimize import isotonic_regression

    count = len(wishes)
    net = layering.Net(count, [0] * count, [], [])
    wanted, weights = [w for w, _ in wishes], [float(w) for _, w in wishes]
    y = [0.0] * count
    module._settle(net, list(range(count)), [60.0] * count, wanted, weights, y)
    offsets = 82.0 * np.arange(count)
    expected = isotonic_regression(np.array(wanted) - offsets, weights=np.array(weights)).x + offsets
    np.testing.assert_allclose(y, expected, atol=1e-9)
