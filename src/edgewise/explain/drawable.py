"""What every picture of a trace starts with: is it one that can be drawn, how much of it, and are inputs gathered."""

from __future__ import annotations

from typing import Any

SCHEMA = "edgewise.trace/1"
MOST_NODES = 20_000
MANY_INPUTS = 40  # from here on, the entries of one input stand together


def drawable(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace, with entries of one input (w[0], w[1], and so on) in a group of their own where there are many inputs.

    Of a trace with more than 20 000 values it is the beginning, with a note.

    Raises:
        ValueError: it is of another schema.

    >>> nodes = [{"id": i, "op": "input", "label": f"w[{i}]", "value": 1.0} for i in range(50)]
    >>> trace = drawable({"schema": "edgewise.trace/1", "nodes": nodes, "edges": []})
    >>> trace["groups"]
    [{'id': 0, 'label': 'w', 'parent': None, 'kind': 'input'}]
    """
    if trace.get("schema") != SCHEMA:
        raise ValueError(f"this is not a trace of schema {SCHEMA!r}: its schema is {trace.get('schema')!r}")
    trace = _beginning(trace) if len(trace["nodes"]) > MOST_NODES else trace
    nodes = trace["nodes"]
    alone = [node for node in nodes if node["op"] == "input" and node.get("group") is None]
    if len(alone) <= MANY_INPUTS:
        return trace
    groups = list(trace.get("groups", []))
    found: dict[str, int] = {}
    gathered = list(nodes)
    for node in alone:
        stem = str(node.get("name", node["label"])).partition("[")[0]
        if stem not in found:
            found[stem] = len(groups)
            groups.append({"id": len(groups), "label": stem, "parent": None, "kind": "input"})
        gathered[node["id"]] = {**node, "group": found[stem]}
    return {**trace, "nodes": gathered, "groups": groups}


def _beginning(trace: dict[str, Any]) -> dict[str, Any]:
    """The first values, what is between them, and a note of what is left out."""
    nodes = trace["nodes"][:MOST_NODES]
    places: dict[int, int] = {}  # of the edges that stay
    for edge in trace["edges"]:
        if max(edge["from"], edge["to"]) < MOST_NODES:
            places[edge["id"]] = len(places)
    told = f"Drawn are the first {MOST_NODES} of {len(trace['nodes'])} values."
    return {
        **trace,
        "note": f"{told} {trace.get('note', '')}".rstrip(),
        "nodes": nodes,
        "edges": [{**edge, "id": places[edge["id"]]} for edge in trace["edges"] if edge["id"] in places],
        **{key: [i for i in trace.get(key, ()) if i < MOST_NODES] for key in ("inputs", "outputs")},
        "steps": [
            [kind, places[i] if kind in _ON_EDGES else i]
            for kind, i in trace.get("steps", ())
            if (i in places if kind in _ON_EDGES else i < MOST_NODES)
        ],
    }


_ON_EDGES = ("b", "t")  # steps that name an edge; others name a value
