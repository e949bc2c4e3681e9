"""Where an infinite slope met an entry that no live path reads, and contributed exactly nothing.

The recorded graph is swept backwards with aliveness (``maps.base``). An edge that gives NaN by plain multiplication,
0 · ∞, and not by the rule for dead entries, is one whose infinite weight a cut branch dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core import walk
from edgewise.core.node import LinearNode, Node
from edgewise.core.sweep import has_cuts
from edgewise.errors import UndeterminedError
from edgewise.reporting.findings import NOWHERE, Findings, Place

__all__ = ["take_down"]


def take_down(order: list[Node], ends: list[Node], places: dict[int, Place], found: Findings) -> None:
    """Add a finding for every line on which an infinite slope was dropped. Empties the nodes.

    Args:
        order: from ``sweep.ancestors``.
        ends: what the function returned.
        places: the user's line of each node.
        found: what to add to.
    """
    if not has_cuts(order):
        return
    try:
        with np.errstate(all="ignore"):
            _sweep(walk.linearize(order, {}), ends, places, found)
    except UndeterminedError:  # there is no derivative at all; whoever asks for one is told
        return


def _sweep(program: list[LinearNode], ends: list[Node], places: dict[int, Place], found: Findings) -> None:
    pairs: dict[int, tuple[Any, Any]] = {n.serial: (np.ones(n.shape, n.dtype)[()], None) for n in ends}
    for node in reversed(program):
        g, alive = pairs[node.serial]
        for edge in node.edges if type(g) is not tuple else ():
            plain, live = edge.map.pull(g), edge.map.pull_alive(g, alive)[0]
            if type(plain) is tuple:
                continue
            dropped = int(np.count_nonzero(np.isnan(plain) & ~np.isnan(live)))
            if dropped:
                note = f"{dropped} of {np.size(plain)} entries, which the result does not read: exactly 0 there"
                found.add("cuts", node.primitive.name, note, places.get(node.serial, NOWHERE))
        walk.pull_alive([node], pairs)
