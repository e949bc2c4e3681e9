r"""The graph of a trace in TikZ, for papers: ``\input`` it where the packages tikz and xcolor are loaded.

There is one drawing, that of ``svg``; here its shapes are said in TeX's words. Strings of the user's are escaped, and
nothing in them is a command. Letters beyond ASCII that TeX does not know by a name need LuaLaTeX or XeLaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

__all__ = ["render"]

ROUND = 0.5522847498  # a quarter of a circle as a curve: its handles, in radii
_STEP = re.compile(r"([MLHVClhvaz])|(-?\d*\.?\d+)")
_SIGNS = {
    "\\": r"\textbackslash{}",
    **{c: f"\\{c}" for c in "#$%&_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # two in a row would become a dash
    "∂": r"$\partial$",
    "−": "$-$",
    "×": r"$\times$",
    "…": r"\dots{}",
    "□": "?",
    "ḡ": r"$\bar g$",
    "ṫ": r"$\dot t$",
}


def render(trace: dict[str, Any]) -> str:
    """A trace of schema ``edgewise.trace/1`` as a ``tikzpicture``.

    Args:
        trace: the trace, as ``Explanation.to_dict`` gives it.

    Raises:
        ValueError: the trace is of another schema.
    """
    picture = ET.fromstring(import_module("edgewise.explain.svg").render(trace))
    colours: dict[str, None] = {}
    lines = list(_shapes(picture, 0.0, 0.0, colours))
    return "\n".join(
        (
            "% needs tikz and xcolor; LuaLaTeX where names are not ASCII",
            *(rf"\definecolor{{ew{c}}}{{HTML}}{{{c}}}" for c in colours),
            r"\begin{tikzpicture}[x=0.75bp, y=-0.75bp, line cap=round, line join=round]",
            *lines,
            r"\end{tikzpicture}",
            "",
        )
    )


def _shapes(parent: Any, x: float, y: float, colours: dict[str, None]) -> Iterator[str]:
    """The shapes in a group whose origin is at (x, y)."""
    for shape in parent:
        kind = shape.tag.rpartition("}")[2]
        if kind == "g":
            dx, dy = map(float, re.findall(r"-?[\d.]+", shape.get("transform", "translate(0 0)")))
            yield from _shapes(shape, x + dx, y + dy, colours)
        elif kind == "path":
            yield f"  \\path[{_style(shape, colours)}] {_path(shape.get('d'), x, y)};"
        elif kind == "rect" and shape.get("x") is not None:  # the one without is the paper
            left, top = x + float(shape.get("x")), y + float(shape.get("y"))
            corner = _at(left + float(shape.get("width")), top + float(shape.get("height")))
            yield f"  \\path[{_style(shape, colours)}] {_at(left, top)} rectangle {corner};"
        elif kind == "text":
            yield _text(shape, x, y, colours)


def _style(shape: Any, colours: dict[str, None]) -> str:
    told = []
    for attribute, option in (("fill", "fill"), ("stroke", "draw")):
        value = shape.get(attribute, "none")
        if value != "none":
            told.append(f"{option}={_colour(value, colours)}")
    if shape.get("stroke-width"):
        told.append(f"line width={float(shape.get('stroke-width')) * 0.75:.2f}bp")
    return ", ".join(told)


def _colour(value: str, colours: dict[str, None]) -> str:
    name = value.removeprefix("#").upper()
    colours[name] = None
    return f"ew{name}"


def _text(shape: Any, x: float, y: float, colours: dict[str, None]) -> str:
    size = float(shape.get("font-size")) * 0.75
    anchor = {"start": "base west", "middle": "base", "end": "base east"}[shape.get("text-anchor", "start")]
    bold = r"\bfseries" if shape.get("font-weight") else ""
    font = rf"\sffamily{bold}\fontsize{{{size:.2f}bp}}{{{size * 1.2:.2f}bp}}\selectfont"
    written = "".join(_SIGNS.get(c, c) for c in shape.text or "")
    colour = _colour(shape.get("fill"), colours)
    place = _at(x + float(shape.get("x")), y + float(shape.get("y")))
    return f"  \\node[anchor={anchor}, inner sep=0, text={colour}, font={{{font}}}] at {place} {{{written}}};"


def _path(commands: str, dx: float, dy: float) -> str:
    """A path of SVG's as one of TikZ's. Arcs are quarters of circles, clockwise, as the picture has them."""
    told: list[str] = []
    x, y = dx, dy
    for command, n in _steps(commands):
        start = x, y
        if command == "z":
            told.append("-- cycle")
            continue
        if command in "MLC":
            x, y = n[-2] + dx, n[-1] + dy
        elif command == "H":
            x = n[0] + dx
        elif command == "V":
            y = n[0] + dy
        elif command == "h":
            x += n[0]
        elif command == "v":
            y += n[0]
        else:  # l, a
            x, y = x + n[-2], y + n[-1]
        if command == "M":
            told.append(_at(x, y))
        elif command == "C":
            told.append(_curve((n[0] + dx, n[1] + dy), (n[2] + dx, n[3] + dy), (x, y)))
        elif command == "a":
            told.append(_quarter(start, (x, y)))
        else:
            told.append(f"-- {_at(x, y)}")
    return " ".join(told)


def _steps(commands: str) -> Iterator[tuple[str, list[float]]]:
    found = list(_STEP.finditer(commands))
    places = [i for i, step in enumerate(found) if step[1]]
    for i, j in pairwise([*places, len(found)]):
        yield found[i][1], [float(step[2]) for step in found[i + 1 : j]]


def _quarter(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = start, end
    across, down = (x1 - x0) * ROUND, (y1 - y0) * ROUND
    if across * down < 0:  # clockwise, it sets out upwards or downwards
        return _curve((x0, y0 + down), (x1 - across, y1), end)
    return _curve((x0 + across, y0), (x1, y1 - down), end)


def _curve(first: tuple[float, float], second: tuple[float, float], end: tuple[float, float]) -> str:
    return f".. controls {_at(*first)} and {_at(*second)} .. {_at(*end)}"


def _at(x: float, y: float) -> str:
    return f"({x:.2f},{y:.2f})"
