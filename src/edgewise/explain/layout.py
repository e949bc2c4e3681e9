"""Where the boxes of a graph stand and how its lines run: a layered drawing from left to right, in plain Python.

Start with ``layout``. It is the classic scheme in layers (Sugiyama, Tagawa, Toda, *Methods for visual understanding of
hierarchical system structures*, 1981) with one change that suits computations: a value that is read many times is still
*one* value, so all lines that leave a box share one **trunk**, from which a short branch leads to each reader. A
parameter that is read in every pass of a loop becomes a rail along the passes instead of a fan of lines.

``viewer/src/layout.ts`` says the same in TypeScript, function by function. Both use nothing but ``+ - * /``,
comparisons and stable sorts, so they agree bit for bit; ``tests/explain/test_layout.py`` holds them together.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

GAP = 128.0  # between columns: room for what is written on a line
MARGIN = 24.0
LABEL = (64.0, 30.0)  # what is written on a line takes about this much
RAIL = 8.0  # the height of a trunk that passes a column
STRAIGHT = 8  # a trunk with at least so many columns to pass runs at one height as far as it can
NEAR = 60  # so many labels of a column are looked at, lest thousands be compared with thousands
WAYPOINTS = (0.5, 0.36, 0.64, 0.26, 0.74)  # where along its branch a label may stand, best first


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
    ends, back, order = _without_cycles(count, links)
    net = _Net(count, _ranks(count, ends, order), ends, back)
    layers = _arranged(net)
    heights = [sizes[i][1] if i < count else RAIL for i in range(len(net.layer))]
    y = _heights(net, layers, heights)
    return _drawn(net, layers, sizes, heights, y)


def _without_cycles(
    count: int, links: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[bool], list[int]]:
    """The links with those turned round that close a cycle, which ones these are, and a topological order."""
    leaving: list[list[int]] = [[] for _ in range(count)]
    for k, (a, _) in enumerate(links):
        leaving[a].append(k)
    state = [0] * count  # 1 while below it, 2 when done
    at = [0] * count
    back = [False] * len(links)
    finished: list[int] = []
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        stack = [root]
        while stack:
            node = stack[-1]
            if at[node] == len(leaving[node]):
                state[node] = 2
                finished.append(node)
                stack.pop()
                continue
            k = leaving[node][at[node]]
            at[node] += 1
            head = links[k][1]
            if state[head] == 1:
                back[k] = True
            elif state[head] == 0:
                state[head] = 1
                stack.append(head)
    ends = [(b, a) if turned else (a, b) for (a, b), turned in zip(links, back, strict=True)]
    return ends, back, finished[::-1]


def _ranks(count: int, ends: Sequence[tuple[int, int]], order: Sequence[int]) -> list[int]:
    """A column for each box: as late as possible, then further left where more trunks get shorter than longer."""
    readers: list[list[int]] = [[] for _ in range(count)]
    operands: list[list[int]] = [[] for _ in range(count)]
    seen: set[int] = set()
    for a, b in ends:
        if a * count + b not in seen:
            seen.add(a * count + b)
            readers[a].append(b)
            operands[b].append(a)
    height = [0] * count
    for node in reversed(order):
        for reader in readers[node]:
            height[node] = max(height[node], height[reader] + 1)
    top = max(height, default=0)
    rank = [top - h for h in height]
    for _ in range(4):
        for node in order:
            if not operands[node]:
                continue
            first = 0
            for operand in operands[node]:
                if operands[operand]:  # a leaf follows its reader, and is not in the way
                    first = max(first, rank[operand] + 1)
            longer = 1 if readers[node] else 0
            while rank[node] > first and _shorter(node, rank, operands, readers) > longer:
                rank[node] -= 1
        for node in order:
            if not operands[node] and readers[node]:
                rank[node] = min(rank[reader] for reader in readers[node]) - 1
    used = sorted(set(rank))
    column = {r: i for i, r in enumerate(used)}
    return [column[r] for r in rank]


def _shorter(node: int, rank: list[int], operands: list[list[int]], readers: list[list[int]]) -> int:
    """How many trunks end at this box alone, and would follow it to the left."""
    found = 0
    for operand in operands[node]:
        rivals = readers[operand]
        if not operands[operand] and len(rivals) == 1:
            continue
        alone = True
        for reader in reversed(rivals):  # the late ones first: there a rival is found at once
            if reader != node and rank[reader] >= rank[node]:
                alone = False
                break
        found += alone
    return found


class _Net:
    """Boxes and the points where trunks pass a column, joined by segments from one column to the next."""

    def __init__(self, count: int, rank: list[int], ends: list[tuple[int, int]], back: list[bool]) -> None:
        self.count, self.layer, self.back = count, list(rank), back
        self.columns = max(rank, default=-1) + 1
        self.source = list(range(count))  # whose trunk a point belongs to
        self.chains: list[list[int]] = []  # of each trunk: its box, then its points
        self.trunk: list[int] = [0] * len(ends)  # of each link
        self.span: list[int] = [0] * len(ends)
        self.ends = ends
        leaving: list[list[int]] = [[] for _ in range(count)]
        for k, (a, _) in enumerate(ends):
            leaving[a].append(k)
        has_operand = [False] * count
        for _, b in ends:
            has_operand[b] = True
        bundles: list[list[int]] = []
        for node in range(count):
            together = [k for k in leaving[node] if not back[k]]
            bundles += [together] if together else []
            bundles += [[k] for k in leaving[node] if back[k]]
        segments: list[tuple[int, int, float]] = []
        for bundle in bundles:
            node = ends[bundle[0]][0]
            far = max(rank[ends[k][1]] for k in bundle)
            chain = [node]
            for column in range(rank[node] + 1, far):
                point = len(self.layer)
                segments.append((chain[-1], point, 8.0))
                chain.append(point)
                self.layer.append(column)
                self.source.append(node)
            weight = 1.0 if not has_operand[node] else 4.0 if len(bundle) == 1 else 2.0
            for k in bundle:
                self.trunk[k] = len(self.chains)
                self.span[k] = rank[ends[k][1]] - rank[node] - 1
                segments.append((chain[self.span[k]], ends[k][1], weight))
            self.chains.append(chain)
        self.left: list[list[int]] = [[] for _ in self.layer]
        self.right: list[list[int]] = [[] for _ in self.layer]
        self.left_weight: list[list[float]] = [[] for _ in self.layer]
        self.right_weight: list[list[float]] = [[] for _ in self.layer]
        for a, b, weight in segments:
            self.right[a].append(b)
            self.right_weight[a].append(weight)
            self.left[b].append(a)
            self.left_weight[b].append(weight)


def _arranged(net: _Net) -> list[list[int]]:
    """The order within the columns with the fewest crossings that sweeps from three starts find."""
    rounds = 10 if len(net.layer) <= 800 else 5 if len(net.layer) <= 20_000 else 2
    best: list[list[int]] = []
    fewest = -1
    for start in (_walk(net, net.left, net.right), _walk(net, net.right, net.left), _as_recorded(net)):
        layers = [list(column) for column in start]
        place = [0] * len(net.layer)
        for column in layers:
            _number(column, place)
        for turn in range(rounds):
            if turn % 2 == 0:
                for column in layers[1:]:
                    _by_mean(column, net.left, place)
            else:
                for column in layers[-2::-1]:
                    _by_mean(column, net.right, place)
            for column in layers:
                _swap_neighbours(net, column, place)
            crossings = _crossings(net, layers, place)
            if fewest < 0 or crossings < fewest:
                fewest, best = crossings, [list(column) for column in layers]
            if crossings == 0:
                return best
    return best


def _walk(net: _Net, onward: list[list[int]], backward: list[list[int]]) -> list[list[int]]:
    """Columns in the order of a walk in depth along ``onward``, from where ``backward`` ends."""
    layers: list[list[int]] = [[] for _ in range(net.columns)]
    seen = [False] * len(net.layer)
    roots = [i for i in range(len(net.layer)) if not backward[i]] + list(range(len(net.layer)))
    for root in roots:
        stack = [root]
        while stack:
            item = stack.pop()
            if seen[item]:
                continue
            seen[item] = True
            layers[net.layer[item]].append(item)
            stack.extend(reversed(onward[item]))
    return layers


def _as_recorded(net: _Net) -> list[list[int]]:
    layers: list[list[int]] = [[] for _ in range(net.columns)]
    for item in sorted(range(len(net.layer)), key=lambda i: net.source[i]):
        layers[net.layer[item]].append(item)
    return layers


def _number(column: list[int], place: list[int]) -> None:
    for i, item in enumerate(column):
        place[item] = i


def _by_mean(column: list[int], near: list[list[int]], place: list[int]) -> None:
    """Sort by the mean place of the neighbours; what has none keeps its slot."""
    slots = [i for i, item in enumerate(column) if near[item]]
    mean = {column[i]: sum([place[other] for other in near[column[i]]]) / len(near[column[i]]) for i in slots}
    for slot, item in zip(slots, sorted([column[i] for i in slots], key=lambda item: mean[item]), strict=True):
        column[slot] = item
    _number(column, place)


def _swap_neighbours(net: _Net, column: list[int], place: list[int]) -> None:
    for i in range(len(column) - 1):
        upper, lower = column[i], column[i + 1]
        change = 0
        for near in (net.left, net.right):
            for a in near[upper]:
                for b in near[lower]:
                    change += (place[a] > place[b]) - (place[a] < place[b])
        if change > 0:
            column[i], column[i + 1] = lower, upper
            place[upper], place[lower] = i + 1, i


def _crossings(net: _Net, layers: list[list[int]], place: list[int]) -> int:
    """Pairs of segments that cross, counted with a Fenwick tree (Barth, Jünger, Mutzel 2002)."""
    total = 0
    for left, right in itertools.pairwise(layers):
        tree = [0] * (len(right) + 1)
        above = 0
        for item in left:
            targets = sorted([place[other] for other in net.right[item]])
            for target in targets:
                passed, i = 0, target + 1
                while i > 0:
                    passed += tree[i]
                    i &= i - 1
                total += above - passed
            for target in targets:
                i = target + 1
                while i <= len(right):
                    tree[i] += 1
                    i += i & -i
                above += 1
    return total


def _apart(net: _Net, heights: list[float], upper: int, lower: int) -> float:
    rails = (upper >= net.count) + (lower >= net.count)
    return (heights[upper] + heights[lower]) / 2.0 + (22.0 if rails == 0 else 16.0 if rails == 1 else 8.0)


def _heights(net: _Net, layers: list[list[int]], heights: list[float]) -> list[float]:
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
    net: _Net, column: list[int], heights: list[float], wanted: list[float], weights: list[float], y: list[float]
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
    net: _Net, layers: list[list[int]], sizes: Sequence[tuple[float, float]], heights: list[float], y: list[float]
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
    branches: list[Branch] = []
    placed: list[list[tuple[float, float]]] = [[] for _ in layers]
    for k, (_, b) in enumerate(net.ends):
        point = net.chains[net.trunk[k]][net.span[k]]
        x0 = x[point] + sizes[point][0] / 2.0 if point < net.count else rights[net.layer[point]]
        x1 = x[b] - sizes[b][0] / 2.0
        label = _label(x0, y[point], x1, port[k], placed[net.layer[b]])
        branches.append(Branch(net.trunk[k], net.span[k], x0, y[point], x1, port[k], net.back[k], label))
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
