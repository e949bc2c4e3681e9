"""The figures of ``compiled.py`` as a picture: times as multiples of the best C's, on a logarithmic scale.

It takes its colours from the page that it stands in (``docs/_static/edgewise.css``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from tables import best_c
from workload import Workload

LEFT, RIGHT, TOP, LINE, WIDTH = 276, 24, 44, 22, 800
LOW, HIGH = 0.5, 1000.0  # multiples of the best C's time at the edges
TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def across(ratio: float) -> float:
    """Where a ratio lies."""
    share = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def mark(kind: str, x: float, y: float, title: str) -> str:
    told = f"<title>{escape(title)}</title>"
    if kind == "goal":
        return f'<line class="goal" x1="{x}" x2="{x}" y1="{y - 7}" y2="{y + 7}">{told}</line>'
    if kind == "jax":
        return f'<rect class="jax" x="{x - 4.5}" y="{y - 4.5}" width="9" height="9">{told}</rect>'
    return f'<circle class="ours" cx="{x}" cy="{y}" r="5.5">{told}</circle>'


def row(workload: Workload, found: dict[str, Any], y: float) -> list[str]:
    times = found.get("µs", {})
    unit = best_c(times)
    if unit is None:
        return []
    marks = [("goal", "goal", workload.against_c)] if workload.against_c else []
    marks += [("jax", "JAX", times["JAX"] / unit)] if "JAX" in times else []
    marks += [("ours", "edgewise", times["edgewise"] / unit)]
    parts = [f'<text class="name" x="{LEFT - 14}" y="{y + 4}">{escape(workload.name)}</text>']
    if "JAX" in times:
        ends = (across(ratio) for kind, _, ratio in marks if kind != "goal")
        parts.append('<line class="span" x1="{}" x2="{}" y1="{y}" y2="{y}"/>'.format(*ends, y=y))
    return parts + [mark(kind, across(ratio), y, f"{title}: {ratio:.2g}") for kind, title, ratio in marks]


def svg(rows: Sequence[Workload], found: Sequence[dict[str, Any]]) -> str:
    """A drawing of all rows that have a time in C."""
    lines = [r for r in (row(w, f, 0.0) for w, f in zip(rows, found, strict=True)) if r]
    height = TOP + LINE * len(lines) + 30
    drawn = [
        '<figure class="drawing">',
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ratios" viewBox="0 0 {WIDTH} {height}" role="img" ',
        'aria-label="Times of edgewise and of JAX, as multiples of the time of the best C, row by row">',
    ]
    for tick in TICKS:
        x, kind = across(tick), "unit" if tick == 1 else "grid"
        drawn.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="{TOP - 10}" y2="{height - 24}"/>')
        drawn.append(f'<text class="tick" x="{x}" y="{height - 8}">{tick:g}</text>')
    legend = ((LEFT, "ours", "edgewise"), (LEFT + 100, "jax", "JAX’s jit"), (LEFT + 200, "goal", "goal of edgewise"))
    for x, kind, title in legend:
        drawn.append(mark(kind, x, 16, title))
        drawn.append(f'<text class="key" x="{x + 12}" y="20">{title}</text>')
    drawn.append(f'<text class="corner" x="{WIDTH - RIGHT}" y="20">time ÷ best C</text>')
    y = TOP + LINE / 2
    for workload, one in zip(rows, found, strict=True):
        parts = row(workload, one, y)
        if parts:
            drawn += parts
            y += LINE
    return "\n".join([*drawn, "</svg></figure>", ""])
