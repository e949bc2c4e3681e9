"""Groups of a trace: calls, loops, passes and lines, those that hold at least two values and say something new."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from edgewise.explain.place import Group
from edgewise.explain.source import Sources
from edgewise.explain.trace import Value

__all__ = ["Box", "boxes"]


class Box(NamedTuple):
    """A group of values that can be shown as one.

    Attributes:
        label: the line, the header of the loop, the pass, or the call.
        kind: "call", "loop", "pass" or "line".
        parent: the position of the box around it, or None.
    """

    label: str
    kind: str
    parent: int | None


Key = tuple[int, str, int]  # a group (-1: none), and a file and line in it, or ("", 0) for the group itself


def boxes(values: list[Value], groups: list[Group], sources: Sources) -> tuple[list[Box], list[int | None]]:
    """The boxes, parents first, and the box of each value."""
    chains = [_chain(value, groups) for value in values]
    counts = Counter(key for chain in chains for key in chain)
    computed = sum(1 for value in values if value.op != "input")
    kept: dict[Key, int] = {}
    found: list[Box] = []
    own: list[int | None] = []
    for value, chain in zip(values, chains, strict=True):
        parent: int | None = None
        around = computed
        for key in chain:
            group = groups[key[0]] if key[0] >= 0 else None
            kind = "line" if key[1] else group.kind if group is not None else ""
            if counts[key] >= 2 and (kind in ("call", "loop") or counts[key] < around):
                if key not in kept:
                    kept[key] = len(found)
                    found.append(Box(_label(kind, group, key, value, sources), kind, parent))
                parent = kept[key]
            around = counts[key]
        own.append(parent)
    return found, own


def _chain(value: Value, groups: list[Group]) -> list[Key]:
    """The groups around a value, outermost first, and last its line."""
    if value.span is None or value.step.place is None:
        return []
    at = value.step.place.group
    innermost = -1 if at is None else at
    chain: list[Key] = [(innermost, value.span[0], value.span[1])]
    while at is not None:
        chain.append((at, "", 0))
        at = groups[at].parent
    return chain[::-1]


def _label(kind: str, group: Group | None, key: Key, value: Value, sources: Sources) -> str:
    place = value.step.place
    if kind == "line" and place is not None:
        lines = sources.lines(place.code, place.module)
        return lines[key[2] - 1].strip() if lines is not None and key[2] <= len(lines) else f"line {key[2]}"
    if group is None:
        return ""
    if kind == "pass":
        return f"pass {group.count}"
    if kind == "call":
        return f"{group.code.co_name.strip('<>')}(…)"
    module = place.module if place is not None else {}
    return sources.loop(group.code, group.line, module) or f"loop at line {group.line}"
