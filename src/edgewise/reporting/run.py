"""``report``: run a function once, observed, and count over the graph it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.containers import flatten
from edgewise.core.sweep import ancestors
from edgewise.reporting.costs import Graph, costs
from edgewise.reporting.cuts import take_down
from edgewise.reporting.findings import NOWHERE
from edgewise.reporting.observed import Observed
from edgewise.reporting.told import Report
from edgewise.transforms.border import Argnums, Call, function_of, name_of, number_output, outputs, refuse_traced

__all__ = ["report"]


def report(f: Callable[..., Any], *args: Any, argnums: Argnums | None = None) -> Report:
    """Run a function once, and tell what its derivative means there and what it costs.

    Args:
        f: a function in plain Python and NumPy.
        args: its arguments.
        argnums: which of them are differentiated; by default all with floats in them, and the first if none has.

    Returns:
        A ``Report``, to print or to keep (``to_dict()``). It lists, with the user's lines, where dependence ended
        (rounding, ``argmax``, ``ew.stop_gradient``), the branches that values decided, the kinks that were met and the
        convention there, infinite slopes that a cut branch dropped, what was promoted, slow bridges, the arrays that
        had to be kept, and what each transformation takes. A section is there only if it has something to say.

    Raises:
        ArgumentError: nothing to differentiate, or a profiler is running: the calls are seen through Python's hook for
            profilers, which there is one of.

    >>> import numpy as np, edgewise as ew
    >>> def loss(x):
    ...     return np.sum(np.maximum(x, 0) * np.round(x))
    >>> found = ew.report(loss, np.array([-1.0, 0.0, 2.5]))
    >>> found.kinks[0].text
    'np.maximum, 1 of 3 entries: ties: 1/2 each'
    >>> [finding.what for finding in found.ended]
    ['np.round']
    >>> print(found.costs[1].name, "takes", found.costs[1].sweeps)
    grad takes 1 reverse sweep
    """
    function_of(f, "report")
    refuse_traced(args, "report", "a report is about ordinary numbers, and here it is inside another transformation")
    call = Call(f, args, {}, _with_floats(args) if argnums is None else argnums)
    with Observed() as mode:
        for argument in call.arguments:
            if np.asarray(argument.whole).dtype.kind in "iu":
                mode.found.add("promoted", argument.label, f"{_dtype(argument.whole)} to float64", NOWHERE)
        inputs = [mode.lift(v) for v in call.values]
        mode.found.forget("buffers")  # of the arguments themselves: every transformation keeps those
        with mode.calls:
            result = call.run(inputs)
        mode.close()
        leaves, tree = outputs(result, mode, f)
        ends = list({n.serial: n for n in map(mode.node_of, leaves) if n is not None}.values())
        order = ancestors(ends)
        leaves = [number_output(leaf, f, aux=False) for leaf in leaves]
        graph = Graph.of(order, [t.payload for t in inputs], ends, sum(int(np.prod(leaf.shape)) for leaf in leaves))
        scalar = len(leaves) == 1 and leaves[0].shape == () and leaves[0].dtype.kind == "f"
        take_down(order, ends, mode.places, mode.found)
        value = tree.build([mode.lower(leaf) for leaf in leaves])
    return Report(name_of(f), value, mode.found, graph, costs(graph, scalar))


def _with_floats(args: tuple[Any, ...]) -> Argnums:
    chosen = [i for i, arg in enumerate(args) if any(_is_float(leaf) for leaf in flatten(arg)[0])]
    return tuple(chosen) if len(chosen) > 1 else chosen[0] if chosen else 0


def _is_float(leaf: Any) -> bool:
    return isinstance(leaf, float | complex) or getattr(getattr(leaf, "dtype", None), "kind", "") in ("f", "c")


def _dtype(value: Any) -> str:
    return str(value.dtype) if hasattr(value, "dtype") else type(value).__name__
