"""Traces from files: JSON of anyone's, so its form is looked over before anything is drawn."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgewise.cli.problem import CommandError

__all__ = ["read_trace"]

SCHEMA = "edgewise.trace/1"
LARGEST = 2**28  # bytes
WORDS = ("NaN", "Infinity", "-Infinity")


def read_trace(path: str) -> dict[str, Any]:
    """The trace in a file.

    Raises:
        CommandError: the file cannot be read, or holds no trace.
    """
    try:
        if Path(path).stat().st_size > LARGEST:
            raise CommandError(f"{path} is larger than {LARGEST >> 20} MB")
        trace = json.loads(Path(path).read_bytes(), parse_constant=_no_constant)
    except OSError as error:
        raise CommandError(f"{path} could not be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise CommandError(f"{path} is no JSON") from None
    fault = fault_of(trace)
    if fault:
        raise CommandError(f"{path} is no trace of edgewise: {fault}")
    found: dict[str, Any] = trace
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def fault_of(trace: Any) -> str:
    """What is wrong with a trace, or "". Fields that are not known are left alone.

    >>> fault_of({"schema": "other"})
    "its schema is not 'edgewise.trace/1'"
    """
    if not isinstance(trace, dict) or trace.get("schema") != SCHEMA:
        return f"its schema is not {SCHEMA!r}"
    nodes, edges, groups = (trace.get(key) for key in ("nodes", "edges", "groups"))
    if not (isinstance(nodes, list) and isinstance(edges, list) and isinstance(groups, list)):
        return "nodes, edges and groups are lists"
    tests: tuple[tuple[list[Any], str, Callable[[int, Any], bool]], ...] = (
        (nodes, "node", lambda i, n: _node(n, len(groups))),
        (edges, "edge", lambda i, e: _edge(e, len(nodes))),
        (groups, "group", lambda i, g: isinstance(g.get("label"), str) and _within(g.get("parent"), i, optional=True)),
    )
    for items, kind, good in tests:
        for i, item in enumerate(items):
            if not isinstance(item, dict) or item.get("id") != i or isinstance(item["id"], bool):
                return f"{kind} {i} has another id"
            if not good(i, item):
                return f"{kind} {i} is not as it should be"
    for key, count in (("inputs", len(nodes)), ("outputs", len(nodes))):
        if not isinstance(trace.get(key), list) or not all(_within(i, count) for i in trace[key]):
            return f"{key} are ids of nodes"
    return _steps(trace.get("steps", []), len(nodes), len(edges))


def _within(index: Any, count: int, *, optional: bool = False) -> bool:
    if index is None:
        return optional
    return isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count


def _node(node: Any, groups: int) -> bool:
    return (
        all(isinstance(node.get(key), str) for key in ("op", "label"))
        and isinstance(node.get("name", ""), str)
        and "value" in node
        and all(_number(node[key]) for key in ("value", "adjoint", "tangent") if key in node)
        and _within(node.get("group"), groups, optional=True)
    )


def _edge(edge: Any, nodes: int) -> bool:
    start, end = edge.get("from"), edge.get("to")
    return (
        _within(start, nodes)
        and _within(end, nodes)
        and start < end
        and all(_number(edge[key]) for key in ("partial", "contrib") if key in edge)
        and isinstance(edge.get("expr", ""), str)
    )


def _number(value: Any) -> bool:
    """A number, a word for what JSON lacks, or the summary of an array."""
    if isinstance(value, dict):
        shape, stats = value.get("shape"), value.get("stats")
        return (
            isinstance(shape, list)
            and all(_within(n, 2**62) for n in shape)
            and isinstance(value.get("dtype"), str)
            and isinstance(stats, dict)
        )
    if isinstance(value, bool):
        return False
    return value in WORDS if isinstance(value, str) else isinstance(value, int) or _finite(value)


def _finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _steps(steps: Any, nodes: int, edges: int) -> str:
    if not isinstance(steps, list):
        return "steps are a list"
    for i, step in enumerate(steps):
        if not isinstance(step, list) or len(step) != 2 or step[0] not in ("f", "s", "b", "t", "r", "d"):
            return f"step {i} is not as it should be"
        if not _within(step[1], edges if step[0] in ("b", "t") else nodes):
            return f"step {i} names what is not there"
    return ""
