"""Where the boxes of a graph stand and how its lines run: a layered drawing from left to right, in plain Python.

Start with ``layout``. It is the classic scheme in layers (Sugiyama, Tagawa, Toda, *Methods for visual understanding of
hierarchical system structures*, 1981) with one change that suits computations: a value that is read many times is still
*one* value, so all lines that leave a box share one **trunk**, from which a short branch leads to each reader. A
parameter that is read in every pass of a loop becomes a rail along the passes instead of a fan of lines.

``layering`` chooses columns and the order within them; here boxes and lines get their coordinates.
``viewer/src/layout.ts`` says the same in TypeScript, function by function. Both use nothing but ``+ - * /``,
comparisons and stable sorts, so they agree bit for bit; ``tests/explain/pictures/test_layout.py`` holds them together.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from edgewise.explain.layering import Net, arranged, ranks, without_cycles

GAP = 128.0  # between columns: room for what is written on a line
MARGIN = 24.0
LABEL = (64.0, 30.0)  # what is written on a line takes about this much
RAIL = 8.0  # the height of a trunk that passes a column
STRAIGHT = 8  # a trunk with at least so many columns to pass runs at one height as far as it can
NEAR = 60  # so many labels of a column are looked at, lest thousands be compared with thousands
WAYPOINTS = (0.5, 0.36, 0.64, 0.24, 0.76, 0.16, 0.84)  # where along its branch a label may stand, best first


@dataclass(frozen=True, slots=True)
class Trunk:
    """The shared part of the lines that leave one box: ``spans`` are (left, right, y) of each column it passes."""

    source: int
    spans: list[tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Branch:
    """The line of one link: it leaves ``trunk`` after ``span`` columns at (x0, y0) and arrives at (x1, y1).

    ``back`` is true where the link runs against the drawing: its arrow then stands at (x0, y0). ``label`` is the middle
    of the place for what is written on it.
    """

    trunk: int
    span: int
    x0: float
    y0: float
    x1: float
    y1: float
    back: bool
    label: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing of ``width`` by ``height``: the middle of each box, the trunks, and one branch for each link."""

    width: float
    height: float
    x: list[float]
    y: list[float]
    trunks: list[Trunk]
    branches: list[Branch]


def layout(sizes: Sequence[tuple[float, float]], links: Sequence[tuple[int, int]]) -> Layout:
    """Place boxes of the given sizes (width, height) so that links lead from left to right.

    The graph may have several parts, parallel links and cycles (collapsed groups make them); a link from a box to
    itself is refused with a ``ValueError``.

    >>> drawing = layout([(100.0, 50.0)] * 3, [(0, 2), (1, 2)])
    >>> drawing.x, drawing.y
    ([74.0, 74.0, 302.0], [49.0, 121.0, 85.0])
    """
    if any(a == b for a, b in links):
        raise ValueError("a box cannot be linked to itself: leave such links out")
    count = len(sizes)
    ends, back, order = without_cycles(count, links)
    net = Net(count, ranks(count, ends, order), ends, back)
    layers = arranged(net)
    heights = [sizes[i][1] if i < count else RAIL for i in range(len(net.layer))]
    y = _heights(net, layers, heights)
    return _drawn(net, layers, sizes, heights, y)


def _apart(net: Net, heights: list[float], upper: int, lower: int) -> float:
    rails = (upper >= net.count) + (lower >= net.count)
    return (heights[upper] + heights[lower]) / 2.0 + (22.0 if rails == 0 else 16.0 if rails == 1 else 8.0)


def _heights(net: Net, layers: list[list[int]], heights: list[float]) -> list[float]:
    """Each column in turn as near to its neighbours as order and distances allow: weighted least squares."""
    y = [0.0] * len(net.layer)
    for column in layers:
        for upper, lower in itertools.pairwise(column):
            y[lower] = y[upper] + _apart(net, heights, upper, lower)
    rails = [chain[1:] for chain in net.chains if len(chain) > STRAIGHT]
    level: dict[int, float] = {}  # without one height to hold on to, a loop would drift from pass to pass
    for turn in range(14):
        for rail in rails:
            total = 0.0
            for point in rail:
                total += y[point]
            for point in rail:
                level[point] = total / len(rail)
        columns = layers if turn % 2 == 0 else layers[::-1]
        for column in columns:
            wanted, weights = [], []
            for item in column:
                if item in level:
                    wanted.append(level[item])
                    weights.append(16.0)
                    continue
                total, weight = 0.0, 0.0
                for other, w in zip(net.left[item], net.left_weight[item], strict=True):
                    if turn % 2 == 0 or turn >= 10 or other in level:
                        total += w * y[other]
                        weight += w
                for other, w in zip(net.right[item], net.right_weight[item], strict=True):
                    if turn % 2 == 1 or turn >= 10:
                        total += w * y[other]
                        weight += w
                wanted.append(total / weight if weight > 0.0 else y[item])
                weights.append(weight if weight > 0.0 else 0.5)
            _settle(net, column, heights, wanted, weights, y)
    return y


def _settle(
    net: Net, column: list[int], heights: list[float], wanted: list[float], weights: list[float], y: list[float]
) -> None:
    """Pool adjacent violators: the nearest places to the wanted ones that keep the distances."""
    offset = 0.0
    offsets: list[float] = []
    blocks: list[tuple[float, float, int]] = []  # mean, weight, members
    for i, item in enumerate(column):
        if i > 0:
            offset += _apart(net, heights, column[i - 1], item)
        offsets.append(offset)
        mean, weight, members = wanted[i] - offset, weights[i], 1
        while blocks and blocks[-1][0] >= mean:
            other, other_weight, other_members = blocks.pop()
            mean = (other * other_weight + mean * weight) / (other_weight + weight)
            weight += other_weight
            members += other_members
        blocks.append((mean, weight, members))
    i = 0
    for mean, _, members in blocks:
        for _ in range(members):
            y[column[i]] = mean + offsets[i]
            i += 1


def _drawn(
    net: Net, layers: list[list[int]], sizes: Sequence[tuple[float, float]], heights: list[float], y: list[float]
) -> Layout:
    """Coordinates of everything, moved so that the drawing starts at its margin."""
    top = min([y[i] - heights[i] / 2.0 for i in range(len(y))], default=0.0)
    bottom = max([y[i] + heights[i] / 2.0 for i in range(len(y))], default=0.0)
    y = [v - top + MARGIN for v in y]
    lefts: list[float] = []
    rights: list[float] = []
    edge = MARGIN
    for column in layers:
        lefts.append(edge)
        edge += max([sizes[i][0] for i in column if i < net.count], default=0.0)
        rights.append(edge)
        edge += GAP
    x = [(lefts[net.layer[i]] + rights[net.layer[i]]) / 2.0 for i in range(net.count)]
    trunks = [
        Trunk(chain[0], [(lefts[net.layer[p]], rights[net.layer[p]], y[p]) for p in chain[1:]]) for chain in net.chains
    ]
    arriving: list[list[int]] = [[] for _ in range(net.count)]
    for k, (_, b) in enumerate(net.ends):
        arriving[b].append(k)
    port = [0.0] * len(net.ends)
    for node in range(net.count):
        ks = sorted(arriving[node], key=lambda k: y[net.chains[net.trunk[k]][net.span[k]]])
        step = min(20.0, (sizes[node][1] - 16.0) / max(len(ks), 1))
        for i, k in enumerate(ks):
            port[k] = y[node] + (i - (len(ks) - 1) / 2.0) * step
    starts: list[tuple[float, float]] = []
    for k in range(len(net.ends)):
        point = net.chains[net.trunk[k]][net.span[k]]
        right = x[point] + sizes[point][0] / 2.0 if point < net.count else rights[net.layer[point]]
        starts.append((right, y[point]))
    labels = [(0.0, 0.0)] * len(net.ends)
    placed: list[list[tuple[float, float]]] = [[] for _ in layers]
    # Flat lines first: along a steep one there is more to choose from.
    for k in sorted(range(len(net.ends)), key=lambda k: abs(port[k] - starts[k][1])):
        b = net.ends[k][1]
        labels[k] = _label(*starts[k], x[b] - sizes[b][0] / 2.0, port[k], placed[net.layer[b]])
    branches = [
        Branch(net.trunk[k], net.span[k], *starts[k], x[b] - sizes[b][0] / 2.0, port[k], net.back[k], labels[k])
        for k, (_, b) in enumerate(net.ends)
    ]
    return Layout(max(edge - GAP, MARGIN) + MARGIN, bottom - top + 2.0 * MARGIN, x, y[: net.count], trunks, branches)


def _label(x0: float, y0: float, x1: float, y1: float, placed: list[tuple[float, float]]) -> tuple[float, float]:
    """The first place on the curve that is clear of the other labels of this column, else the clearest."""
    found, most = (x0, y0), -1.0
    for t in WAYPOINTS:
        s = 1.0 - t  # a cubic with both control points half way across, at the heights of the two ends
        px = s * s * s * x0 + 3.0 * s * t * (x0 + x1) / 2.0 + t * t * t * x1
        py = s * s * (s + 3.0 * t) * y0 + t * t * (t + 3.0 * s) * y1
        clear = 1.0
        for qx, qy in placed[-NEAR:]:
            clear = min(clear, max(abs(px - qx) / LABEL[0], abs(py - qy) / LABEL[1]))
        if clear > most:
            found, most = (px, py), clear
    placed.append(found)
    return found
