"""In which column each box of a drawing stands, and in which order: the combinatorial half of ``layout``.

Links that close a cycle are turned round (``without_cycles``), boxes get their columns (``ranks``), trunks become
chains of points (``Net``), and sweeps over the columns remove crossings (``arranged``).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def without_cycles(count: int, links: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[bool], list[int]]:
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


def ranks(count: int, ends: Sequence[tuple[int, int]], order: Sequence[int]) -> list[int]:
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


class Net:
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


def arranged(net: Net) -> list[list[int]]:
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
            crossed = crossings(net, layers, place)
            if fewest < 0 or crossed < fewest:
                fewest, best = crossed, [list(column) for column in layers]
            if crossed == 0:
                return best
    return best


def _walk(net: Net, onward: list[list[int]], backward: list[list[int]]) -> list[list[int]]:
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


def _as_recorded(net: Net) -> list[list[int]]:
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


def _swap_neighbours(net: Net, column: list[int], place: list[int]) -> None:
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


def crossings(net: Net, layers: list[list[int]], place: list[int]) -> int:
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
