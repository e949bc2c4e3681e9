"""``Report``: what ``ew.report`` found, to print, to keep, or to look at in a notebook."""

from __future__ import annotations

import html
from typing import Any

from edgewise.reporting.costs import Cost, Graph
from edgewise.reporting.findings import SECTIONS, Finding, Findings, in_bytes

__all__ = ["Report"]

WORTH_A_LINE = 1000  # bytes; smaller arrays are in ``Report.buffers`` and not in print


class Report:
    """What the derivative of one run means, and what it costs. Print it.

    Attributes:
        name: of the function.
        value: what it returned.
        ended, branches, kinks, cuts, promoted, slow, buffers: findings, each with ``what``, ``note``, ``where``
            (``file:line``) and ``times``.
        graph: the size of the recorded graph.
        costs: what each transformation takes.
    """

    ended: list[Finding]
    branches: list[Finding]
    kinks: list[Finding]
    cuts: list[Finding]
    promoted: list[Finding]
    slow: list[Finding]
    buffers: list[Finding]

    def __init__(self, name: str, value: Any, found: Findings, graph: Graph, costs: list[Cost]) -> None:
        self.name = name
        self.value = value
        self.graph = graph
        self.costs = costs
        for section in SECTIONS:
            setattr(self, section, found.of(section))

    def __str__(self) -> str:
        graph = self.graph
        size = f"{graph.operations} operation{'s' * (graph.operations != 1)}"
        lines = [f"{self.name}: {size}, {in_bytes(graph.nbytes)} kept for a reverse sweep"]
        for section, heading in SECTIONS.items():
            found: list[Finding] = sorted(getattr(self, section), key=lambda f: f.place)
            if section == "buffers":
                found = [f for f in found if f.nbytes >= WORTH_A_LINE]
            if found:
                width = max(len(f.where) for f in found)
                lines += ["", heading]
                for f, after in zip(found, [*found[1:], None], strict=True):
                    lines.append(f"  {f.where:<{width}}  {f.text}" if width else f"  {f.text}")
                    if f.source and (after is None or after.place != f.place):
                        lines.append(f"  {'':<{width}}    {f.source}")
        if self.costs:
            width = max(len(c.name) for c in self.costs)
            lines += ["", "what transformations take, beside the run"]
            lines += [f"  {c.name:<{width}}  {c}" for c in self.costs]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for ``json``: a list of findings per section, the graph and the costs."""
        told: dict[str, Any] = {"name": self.name}
        for section in SECTIONS:
            told[section] = [f.to_dict() for f in getattr(self, section)]
        told["graph"] = {("bytes" if k == "nbytes" else k): v for k, v in self.graph._asdict().items()}
        told["costs"] = [
            {("bytes" if k == "nbytes" else k): v for k, v in cost._asdict().items()} for cost in self.costs
        ]
        return told
