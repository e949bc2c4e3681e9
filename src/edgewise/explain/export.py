"""A trace in other forms: the published JSON, Graphviz, what notebooks show, and files."""

from __future__ import annotations

import html
import json
import os
from importlib import import_module
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from edgewise.errors import FileError
from edgewise.explain.digest import brief, digest, is_array
from edgewise.explain.trace import Edge, Value

if TYPE_CHECKING:
    from edgewise.explain.explanation import Explanation

__all__ = ["SCHEMA", "mimebundle", "to_dict", "to_dot", "to_json", "write"]

SCHEMA = "edgewise.trace/1"
LONGEST = 2000  # characters of a string


def to_dict(e: Explanation, *, source: bool = True) -> dict[str, Any]:
    """The trace in the form of ``trace.schema.json``."""
    files = list(dict.fromkeys(v.span[0] for v in e.values if v.span is not None))
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "producer": {"name": "edgewise", "version": _version()},
        "title": _cut(e.title),
        "mode": e.mode,
        **({"note": _cut(e.note)} if e.note else {}),
        "sources": [_source(e, name, source) for name in files],
        "nodes": [_node(e, v, files) for v in e.values],
        "edges": [_edge(e, edge) for edge in e.edges],
        "groups": [
            {"id": i, "label": _cut(b.label), "parent": b.parent, "kind": b.kind} for i, b in enumerate(e.boxes)
        ],
        "inputs": [v.index for v in e.inputs],
        "outputs": [v.index for v in e.outputs],
        "steps": _steps(e),
        "counts": {
            "operations": e.counts.operations,
            "edges": e.counts.edges,
            "inputs": e.counts.inputs,
            "outputs": e.counts.outputs,
            **({} if e.counts.forward is None else {"forward_mults": e.counts.forward}),
            **({} if e.counts.reverse is None else {"reverse_mults": e.counts.reverse}),
        },
    }
    return told


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  it costs more than our import

    try:
        return version("edgewise")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "unknown"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _source(e: Explanation, name: str, text: bool) -> dict[str, Any]:
    """A file by its base name; of its text, the functions that were traced, each line in its place."""
    told: dict[str, Any] = {"name": _cut(os.path.basename(name))}
    codes = {v.step.place.code: v.step.place.module for v in e.values if v.step.place is not None}
    lines: dict[int, str] = {}
    for code, module in codes.items():
        found = e.sources.lines(code, module) if code.co_filename == name and text else None
        if found is not None:
            numbers = [n for *_, n in code.co_lines() if n] or [code.co_firstlineno]
            for n in range(min(*numbers, code.co_firstlineno), min(max(numbers), len(found)) + 1):
                lines[n] = found[n - 1]
    if lines:
        told["text"] = "\n".join(lines.get(n, "") for n in range(1, max(lines) + 1)) + "\n"
    return told


def _node(e: Explanation, v: Value, files: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": v.index,
        "op": _cut(v.op),
        "label": _cut(v.label),
        "name": _cut(v.name),
        "named": v.named,
        "value": digest(v.value),
    }
    if v.text:
        told["text"] = _cut(v.text)
    derivative = v.tangent if e.mode == "forward" else v.adjoint
    if derivative is not None:
        told["tangent" if e.mode == "forward" else "adjoint"] = digest(derivative)
    if v.dead:
        told["dead"] = True
    box = e.box[v.index]
    if box is not None:
        told["group"] = box
    if v.span is not None:
        told["src"] = [files.index(v.span[0]), *v.span[1:]]
    return told


def _edge(e: Explanation, edge: Edge) -> dict[str, Any]:
    told: dict[str, Any] = {"id": edge.index, "from": edge.source.index, "to": edge.target.index, "arg": edge.operand}
    if edge.partial is not None:
        told["partial"] = digest(edge.partial)
    else:
        told["rule"] = "jvp" if e.mode == "forward" else "vjp"
    if edge.partial is None or is_array(edge.partial):
        told["expr"] = _cut(edge.expression)
    if edge.contribution is not None:
        told["contrib"] = digest(edge.contribution)
    return told


def _steps(e: Explanation) -> list[list[Any]]:
    """What happened, in order."""
    steps: list[list[Any]] = []
    if e.mode == "forward":
        for v in e.values:
            steps.append(["f", v.index])
            if v.op == "input" and v.tangent is not None:
                steps.append(["s", v.index])
            steps += [["t", edge.index] for edge in v.operands if edge.contribution is not None]
        return steps
    steps += [["f", v.index] for v in e.values]
    steps += [["s", v.index] for v in e.outputs]
    for v in reversed(e.values):
        steps += [["b", edge.index] for edge in v.operands if edge.contribution is not None]
    return steps


def to_json(e: Explanation, *, source: bool = True) -> str:
    """The trace as JSON text."""
    return json.dumps(to_dict(e, source=source), allow_nan=False)


def to_dot(e: Explanation) -> str:
    """The graph in the language of Graphviz: values as boxes, partials on the edges."""
    lines = [f"digraph {_quoted(e.title)} {{", "  rankdir=LR;", "  node [shape=box];"]
    for v in e.values:
        derivative = v.tangent if e.mode == "forward" else v.adjoint
        told = [v.name if v.op == "input" else f"{v.name} = {v.label}", brief(v.value)]
        if derivative is not None:
            told.append(f"{'tangent' if e.mode == 'forward' else 'adjoint'} {brief(derivative)}")
        lines.append(f"  n{v.index} [label={_quoted(*told)}{', style=dashed' if v.dead else ''}];")
    for edge in e.edges:
        partial = edge.expression if edge.partial is None else brief(edge.partial, 4)
        lines.append(f"  n{edge.source.index} -> n{edge.target.index} [label={_quoted(partial)}];")
    return "\n".join((*lines, "}", ""))


def _quoted(*rows: str) -> str:
    """A string of Graphviz's: backslashes and quotes doubled or escaped, no other control characters."""
    kept = ["".join(c if c.isprintable() else " " for c in row) for row in rows]
    return '"' + "\\n".join(row.replace("\\", "\\\\").replace('"', '\\"') for row in kept) + '"'


def mimebundle(e: Explanation, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """What notebooks show. The page is in a frame without any rights but to run its own script."""
    told = {"text/plain": str(e)}
    if import_module("edgewise.explain.svg").is_picture(e.to_dict()):  # else it would be megabytes that nobody sees
        told["image/svg+xml"] = e.to_svg()
    page = html.escape(e.to_html(), quote=True)
    told["text/html"] = (
        f'<iframe sandbox="allow-scripts" style="width:100%;height:640px;border:0" srcdoc="{page}"></iframe>'
    )
    return {k: v for k, v in told.items() if (include is None or k in include) and k not in (exclude or ())}


def write(path: str | File | None, text: str, overwrite: bool) -> str:
    """Write a text, where a path is given, and return it. Nothing that is there is touched unless that is asked for.

    Raises:
        FileError: the file exists, or cannot be written.
    """
    if path is None:
        return text
    try:
        with open(path, "w" if overwrite else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise FileError(
            f"{path} exists already",
            "a file is replaced only where that is asked for",
            "choose another name, or say overwrite=True",
        ) from error
    except OSError as error:
        raise FileError(
            f"{path} could not be written: {error.strerror or error}",
            "the trace is not lost: it is in the explanation",
            "choose a folder that is there and that you may write to",
        ) from error
    return text
