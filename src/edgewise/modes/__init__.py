"""How a traced value lives: recorded in a graph, with a tangent, or as a batch. One file a mode."""

from edgewise.modes.batched import Batched
from edgewise.modes.dual import Dual
from edgewise.modes.observing import Observing
from edgewise.modes.outlined import Outlined
from edgewise.modes.recorded import Recorded

__all__ = ["Batched", "Dual", "Observing", "Outlined", "Recorded"]
