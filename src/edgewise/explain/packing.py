"""Long traces in columns, for pages: each name of a field stands once, each text once, and nothing that follows.

The published form (``trace.schema.json``) has a row for each value and each edge, which programs read with no further
word. A page of two thousand values would be 800 KB in it, and is 430 KB in columns. ``viewer/src/trace.ts`` reads both.
"""

from __future__ import annotations

from typing import Any

__all__ = ["LONG", "packed"]

LONG = 200  # values from which on columns are worth it
NODE = ("op", "label", "name", "named", "value", "adjoint", "tangent", "text", "dead", "group", "src")
EDGE = ("from", "to", "partial", "expr", "contrib")
TEXTS = frozenset(("op", "label", "name", "text", "expr"))


def packed(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace as a page carries it: as it is, or where it is long, in columns.

    A column holds the cells of one field, None where a row has none. Fields that the page does not read are left out,
    and contributions that are exactly the product of their two factors.
    """
    nodes, edges = trace["nodes"], trace["edges"]
    if len(nodes) <= LONG:
        return trace
    strings: dict[str, int] = {}
    final = "tangent" if trace.get("mode") == "forward" else "adjoint"
    flowing = "from" if trace.get("mode") == "forward" else "to"
    told = [{**edge, "contrib": None} if _follows(edge, nodes[edge[flowing]].get(final)) else edge for edge in edges]
    columns = {"nodes": _columns(nodes, NODE, strings), "edges": _columns(told, EDGE, strings)}
    return {**trace, **columns, "strings": list(strings)}


def _follows(edge: dict[str, Any], factor: Any) -> bool:
    parts = (edge.get("partial"), factor, edge.get("contrib"))
    return all(type(part) is float for part in parts) and parts[0] * parts[1] == parts[2]


def _columns(rows: list[dict[str, Any]], fields: tuple[str, ...], strings: dict[str, int]) -> dict[str, Any]:
    """The columns of those fields that occur; ``strings`` gathers the texts and their places."""
    columns = {}
    for field in fields:
        cells = [row.get(field) for row in rows]
        if field in TEXTS:
            cells = [None if cell is None else strings.setdefault(str(cell), len(strings)) for cell in cells]
        if any(cell is not None for cell in cells):
            columns[field] = cells
    return {"columns": columns}
