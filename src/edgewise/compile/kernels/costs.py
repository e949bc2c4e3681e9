"""What a nest of loops costs, by a model: to choose between ways in which the same numbers may lie in memory.

For folds in tiles the model is that of ``tiling``, and so are its figures. Other loops take the instructions and the
reads and writes of their innermost turn, whichever are more, and something for each time that the loop begins.
"""

from __future__ import annotations

import math

from edgewise.compile.kernels.nests import Fetched, Made, Read
from edgewise.compile.kernels.order import Layout
from edgewise.compile.kernels.tile_costs import BOTH, LANE, TURN, UNEVEN
from edgewise.compile.kernels.tiling import dependences, tiling

__all__ = ["cycles"]

BEGUN = 6.0  # cycles each time that the innermost loop begins


def cycles(layout: Layout, width: int) -> float:
    """Cycles that a nest takes, with what it needs in the first cache.

    Args:
        layout: the nest.
        width: how many float64 a vector register holds.
    """
    points = math.prod(layout.lengths)
    tiles = tiling(layout, width)
    if tiles is not None:
        return tiles.cycles * points
    if not layout.lengths:
        return BEGUN
    inner, length = len(layout.lengths) - 1, layout.lengths[-1]
    lanes = min(width, length)
    uneven = UNEVEN if lanes & (lanes - 1) else 1.0
    arithmetic = moved = 0.0

    def way(step: int, size: int) -> float:
        return 1.0 if not step else uneven if step == size else LANE * lanes

    for node, axes in zip(layout.nodes, dependences(layout.nodes), strict=True):
        if isinstance(node, Fetched):
            moved += 2 * LANE * lanes
        elif inner not in axes:
            continue
        elif isinstance(node, Read):
            moved += way(node.at.steps[inner], node.kind.size)
        else:
            arithmetic += node.how.cost if isinstance(node, Made) else 1.0
    for store in layout.stores:
        moved += LANE * lanes if store.terms else way(store.at.steps[inner], store.kind.size)
    for fold in layout.folds:
        arithmetic += 1.0
        moved += 0.0 if inner in fold.axes else 2 * way(fold.at.steps[inner], fold.kind.size)
    turn = max(arithmetic, moved) + BOTH * min(arithmetic, moved) + TURN
    return points / length * (-(-length // lanes) * turn + BEGUN)
