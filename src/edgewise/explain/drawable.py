"""What every picture of a trace starts with: is it one that can be drawn, and are its many inputs gathered."""

from __future__ import annotations

from typing import Any

SCHEMA = "edgewise.trace/1"
MOST_NODES = 20_000
MANY_INPUTS = 40  # from here on, the entries of one input stand together


def drawable(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace, with entries of one input (w[0], w[1], and so on) in a group of their own where there are many inputs.

    Raises:
        ValueError: it is of another schema, or has more values than anyone can look at.

    >>> nodes = [{"id": i, "op": "input", "label": f"w[{i}]", "value": 1.0} for i in range(50)]
    >>> trace = drawable({"schema": "edgewise.trace/1", "nodes": nodes, "edges": []})
    >>> trace["groups"]
    [{'id': 0, 'label': 'w', 'parent': None, 'kind': 'input'}]
    """
    if trace.get("schema") != SCHEMA:
        raise ValueError(f"this is not a trace of schema {SCHEMA!r}: its schema is {trace.get('schema')!r}")
    nodes = trace["nodes"]
    if len(nodes) > MOST_NODES:
        raise ValueError(
            f"the trace has {len(nodes)} values, and at most {MOST_NODES} can be drawn: explain a smaller part of the "
            "function, or the same function with fewer passes of its loops"
        )
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
