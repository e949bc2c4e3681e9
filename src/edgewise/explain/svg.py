"""The graph of a trace as a static SVG picture: every value, every derivative, every partial, as the page ends.

Start with ``render``. Only the standard library is used, and no style sheet: attributes alone, which every converter to
PNG and PDF understands. Strings of the user's appear as escaped text and nowhere else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from edgewise.explain.drawable import drawable
from edgewise.explain.layout import Branch, Layout, Trunk, layout

INK, DIM, EDGE, RULE = "#15191e", "#59626e", "#8a94a1", "#dfe3e8"
VALUE, VALUE_TINT, FLOW, FLOW_TINT = "#0b63a8", "#e9f3fb", "#b34700", "#fdefe4"
FONT = "Inter, Helvetica Neue, Liberation Sans, Arial, DejaVu Sans, sans-serif"
WIDTH, HEIGHT, HEAD = 156.0, 60.0, 27.0
MOST_BOXES, MOST_LINKS = 120, 240
MOST_LOOKED_AT = 600
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffe\uffff]")

Json = dict[str, Any]


def render(trace: Json) -> str:
    """A trace of schema ``edgewise.trace/1`` as an SVG document.

    Groups are open as far as the picture stays readable: at most 120 boxes and 240 links.

    Raises:
        ValueError: the trace is of another schema.

    >>> trace = {
    ...     "schema": "edgewise.trace/1",
    ...     "title": "f",
    ...     "nodes": [{"id": 0, "op": "input", "label": "x", "value": 3.0}],
    ...     "edges": [],
    ... }
    >>> render(trace)[:47]
    '<svg xmlns="http://www.w3.org/2000/svg" width="'
    """
    trace = drawable(trace)
    boxes, links = drawn_boxes(trace)
    plan = layout([(WIDTH, HEIGHT)] * len(boxes), [(a, b) for a, b, _ in links])
    reverse = trace.get("mode", "reverse") == "reverse"
    crowded = [0] * len(boxes)
    for _, b, _ in links:
        crowded[b] += 1
    width, height = _n(plan.width), _n(plan.height)
    size, view = f'width="{width}" height="{height}"', f'viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{FONT}" role="img">',
        f"<title>{shown(trace.get('title', ''))}</title>",
        f'<rect {size} fill="#ffffff"/>',
    ]
    flowed = [any(trace["edges"][k].get("contrib") is not None for k in edges) for _, _, edges in links]
    for i, trunk in enumerate(plan.trunks):
        warm = any(flowed[k] for k, branch in enumerate(plan.branches) if branch.trunk == i)
        parts += _trunk(plan, trunk, FLOW if warm else VALUE, arrow=warm and reverse)
    parts += [_branch(branch, flowed[k], reverse) for k, branch in enumerate(plan.branches)]
    for k, (_, b, edges) in enumerate(links):
        if crowded[b] <= 4:
            parts += _label(trace, edges, plan.branches[k])
    texts = _texts(trace)
    for i, (group, members) in enumerate(boxes):
        x, y = plan.x[i] - WIDTH / 2, plan.y[i] - HEIGHT / 2
        body = _value(trace, members[0], texts) if group < 0 else _group(trace, group, len(members))
        parts += [f'<g transform="translate({_n(x)} {_n(y)})">', *body, "</g>"]
    parts.append("</svg>\n")
    return "\n".join(parts)


def is_picture(trace: Json) -> bool:
    """Whether somebody could look at the drawing at once: long programs without loops and calls have no groups."""
    return len(drawn_boxes(drawable(trace))[0]) <= MOST_LOOKED_AT


def drawn_boxes(trace: Json) -> tuple[list[tuple[int, list[int]]], list[tuple[int, int, list[int]]]]:
    """Boxes as (closed group or -1, values), links as (box, box, edges); groups open a level at a time."""
    groups = trace.get("groups", [])
    depth = [0] * len(groups)
    for g in groups:
        depth[g["id"]] = 0 if g["parent"] is None else depth[g["parent"]] + 1
    found = _boxes(trace, set())
    opened: set[int] = set()
    for level in range(max(depth, default=-1) + 1):
        opened = opened | {g for g, d in enumerate(depth) if d == level}
        wider = _boxes(trace, opened)
        if len(wider[0]) > MOST_BOXES or len(wider[1]) > MOST_LINKS:
            break
        found = wider
    return found


def _boxes(trace: Json, opened: set[int]) -> tuple[list[tuple[int, list[int]]], list[tuple[int, int, list[int]]]]:
    groups, nodes = trace.get("groups", []), trace["nodes"]
    size = [0] * len(groups)
    chains = [list(_enclosing(groups, node.get("group"))) for node in nodes]
    for chain in chains:
        for g in chain:
            size[g] += 1
    boxes: list[tuple[int, list[int]]] = []
    box_of: list[int] = []
    of_group: dict[int, int] = {}
    for i, chain in enumerate(chains):
        closed = [g for g in chain if g not in opened and size[g] > 1]
        outermost = closed[-1] if closed else -1
        if outermost in of_group:
            boxes[of_group[outermost]][1].append(i)
        else:
            if outermost >= 0:
                of_group[outermost] = len(boxes)
            boxes.append((outermost, [i]))
        box_of.append(of_group.get(outermost, len(boxes) - 1))
    links: list[tuple[int, int, list[int]]] = []
    known: dict[tuple[int, int], int] = {}
    for k, edge in enumerate(trace["edges"]):
        a, b = box_of[edge["from"]], box_of[edge["to"]]
        bundled = boxes[a][0] >= 0 or boxes[b][0] >= 0  # a * a keeps its two lines
        if a == b:
            continue
        if bundled and (a, b) in known:
            links[known[a, b]][2].append(k)
            continue
        known[a, b] = len(links)
        links.append((a, b, [k]))
    return boxes, links


def _enclosing(groups: list[Json], group: int | None) -> Iterator[int]:
    while group is not None:
        yield group
        group = groups[group]["parent"]


def _texts(trace: Json) -> list[str]:
    """What each value is, as the source spells it; where several values share the spelling, the operation."""
    count: dict[tuple[Any, ...], int] = {}
    places = [tuple(node["src"]) if node.get("src") else None for node in trace["nodes"]]
    for place in places:
        if place is not None:
            count[place] = count.get(place, 0) + 1
    return [
        node["label"] if place is not None and count[place] > 1 else node.get("text", node["label"])
        for node, place in zip(trace["nodes"], places, strict=True)
    ]


def _value(trace: Json, i: int, texts: list[str]) -> list[str]:
    node = trace["nodes"][i]
    given = node["op"] == "input"
    named = node.get("named", given or "name" in node)
    name = node.get("name", f"v{i + 1}")
    flow = node.get("tangent" if trace.get("mode") == "forward" else "adjoint")
    title, side = (name, "input" if given else texts[i]) if named else (texts[i], name)
    main = fit(title, (WIDTH - 30 - min(width_of(side), 4.4) * 11.5) / 13.9)
    rest = (WIDTH - 30 - width_of(main) * 13.9) / 11.5
    colour, half, radius = (VALUE if flow is None else FLOW), WIDTH / 2, (19 if given else 10)
    parts = [
        _card(radius, "#ffffff", "none"),
        f'<path d="M0 {_n(HEAD)}H{_n(half)}V60H10a10 10 0 0 1 -10 -10z" fill="{VALUE_TINT}"/>',
    ]
    if flow is not None:
        parts.append(f'<path d="M{_n(half)} {_n(HEAD)}H156V50a10 10 0 0 1 -10 10H{_n(half)}z" fill="{FLOW_TINT}"/>')
    parts += [
        f'<path d="M0 {_n(HEAD)}H156M{_n(half)} {_n(HEAD)}V60" stroke="{RULE}" fill="none"/>',
        _card(radius, "none", colour),
        _text(11, 18, main, 13.5, INK, "start", bold=True),
        _figure(11, node["value"], VALUE, "start"),
    ]
    if rest > 1.4:
        parts.append(_text(WIDTH - 11, 18, fit(side, rest), 11.5, DIM, "end"))
    if flow is not None:
        parts.append(_figure(WIDTH - 11, flow, FLOW, "end"))
    return parts


def _figure(x: float, value: Any, colour: str, anchor: str) -> str:
    written = brief(value)
    return _text(x, 49, written, 14 if len(written) <= 8 else 12, colour, anchor, bold=True)


def _group(trace: Json, group: int, count: int) -> list[str]:
    return [
        f'<g transform="translate(5 5)">{_card(10, "#ffffff", EDGE)}</g>',
        _card(10, "#ffffff", EDGE),
        _text(WIDTH / 2, 26, fit(trace["groups"][group]["label"], 10.6), 13.5, INK, "middle", bold=True),
        _text(WIDTH / 2, 44, f"{count} values", 12, DIM, "middle"),
    ]


def _card(radius: float, fill: str, stroke: str) -> str:
    r = _n(radius)
    lower = "V50a10 10 0 0 1 -10 10H10a10 10 0 0 1 -10 -10"
    path = f"M{r} 0H{_n(WIDTH - radius)}a{r} {r} 0 0 1 {r} {r}{lower}V{r}a{r} {r} 0 0 1 {r} -{r}z"
    return f'<path d="{path}" fill="{fill}" stroke="{stroke}" stroke-width="1.25"/>'


def _trunk(plan: Layout, trunk: Trunk, colour: str, *, arrow: bool) -> Iterator[str]:
    x, y = plan.x[trunk.source] + WIDTH / 2, plan.y[trunk.source]
    path, at = f"M{_n(x)} {_n(y)}", (x, y)
    for left, right, height in trunk.spans:
        if height != at[1]:
            middle = _n((at[0] + left) / 2)
            path += f"H{_n(at[0])}C{middle} {_n(at[1])} {middle} {_n(height)} {_n(left)} {_n(height)}"
        at = (right, height)
    if trunk.spans:
        yield f'<path d="{path}H{_n(at[0])}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    if arrow:
        yield f'<path d="M{_n(x)} {_n(y)}l9 -5v10z" fill="{colour}"/>'


def _branch(branch: Branch, flowed: bool, reverse: bool) -> str:
    colour, middle = (FLOW if flowed else VALUE), _n((branch.x0 + branch.x1) / 2)
    y0, y1 = _n(branch.y0), _n(branch.y1)
    path = f"M{_n(branch.x0)} {y0}C{middle} {y0} {middle} {y1} {_n(branch.x1)} {y1}"
    line = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
    if branch.back:
        return f'{line}<path d="M{_n(branch.x0)} {_n(branch.y0)}l9 -5v10z" fill="{colour}"/>'
    if flowed and reverse:
        return line
    return f'{line}<path d="M{_n(branch.x1)} {_n(branch.y1)}l-9 -5v10z" fill="{colour}"/>'


def _label(trace: Json, edges: list[int], branch: Branch) -> Iterator[str]:
    """The partial, and below it what flowed."""
    edge = trace["edges"][edges[0]]
    partial, contrib = edge.get("partial"), edge.get("contrib")
    if len(edges) > 1:
        upper, lower = f"×{len(edges)}", ""
    else:
        told = partial is not None and not isinstance(partial, dict)
        upper = f"∂ {digits(partial)}" if told else fit(edge.get("expr") or "∂", 7.5)
        lower = "" if contrib is None or isinstance(contrib, dict) else digits(contrib)
    wide, tall = max(len(upper), len(lower)) * 6.3 + 10, 31.0 if lower else 16.0
    x, y = branch.label
    place = f'x="{_n(x - wide / 2)}" y="{_n(y - tall / 2)}" width="{_n(wide)}" height="{_n(tall)}"'
    yield f'<rect {place} rx="5" fill="#ffffff"/>'
    yield _text(x, y - 3.5 if lower else y + 4, upper, 12, DIM, "middle")
    if lower:
        yield _text(x, y + 13, lower, 12, FLOW, "middle", bold=True)


def _text(x: float, y: float, text: str, size: float, colour: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{shown(text)}</text>"
    )


def shown(text: Any) -> str:
    """A string as XML text: control and direction characters become a box, markup is escaped."""
    return escape(UNSEEN.sub("□", str(text)))


def digits(number: Any) -> str:
    """Four digits with a true minus sign, as the page writes them.

    >>> digits(6.0), digits(-0.00046881), digits("NaN")
    ('6', '−4.688e−4', 'nan')
    """
    x = float(number)
    if not math.isfinite(x):
        return "nan" if math.isnan(x) else "inf" if x > 0 else "−inf"
    size = abs(x)
    if size < 1e6 and size == int(size):
        written = str(int(size))
    elif size >= 1e6 or size < 1e-3:
        mantissa, exponent = f"{size:.3e}".split("e")
        written = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    else:
        written = f"{float(f'{size:.4g}'):.10f}".rstrip("0").rstrip(".")
    return ("−" if x < 0 else "") + written.replace("-", "−")


def brief(value: Any) -> str:
    """A value in a few characters: its digits, or the shape of an array."""
    if not isinstance(value, dict):
        return digits(value)
    if len(value.get("data", ())) == 1:
        return f"[{digits(value['data'][0])}]"
    return str(tuple(value["shape"]))  # as NumPy writes it: a bare 3 would be a value


def width_of(text: str) -> float:
    """About how wide a text is at font size 1; fonts differ, so there is a little in reserve."""
    narrow, wide = "ijl.,:;|'!()[] ", "mwMW@%"
    return sum(0.34 if c in narrow else 0.92 if c in wide else 0.7 if "A" <= c <= "Z" else 0.57 for c in text)


def fit(text: str, width: float) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if width_of(text) <= width:
        return text
    kept, used = "", 0.9
    for c in text:
        used += width_of(c)
        if used > width:
            break
        kept += c
    return f"{kept.rstrip()}…"


def _n(v: float) -> str:
    return f"{v:.2f}".rstrip("0").rstrip(".")
