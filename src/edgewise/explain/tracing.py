"""``explain``: run a function once, watched, and sweep over the graph it leaves behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.containers import Tree
from edgewise.core.node import Node
from edgewise.errors import (
    ArgumentError,
    OutputError,
    StructureError,
)
from edgewise.explain.arguments import argument_names, leaf_names, numbers, run
from edgewise.explain.counting import Counts, count
from edgewise.explain.digest import hold, printable
from edgewise.explain.explanation import Explanation
from edgewise.explain.graph import Graph, Pair
from edgewise.explain.grouping import boxes
from edgewise.explain.place import Frames
from edgewise.explain.recording import Watched
from edgewise.explain.source import Sources
from edgewise.explain.trace import values_of
from edgewise.transforms.border import (
    Argnums,
    Call,
    finish,
    function_of,
    name_of,
    number_output,
    outputs,
    refuse_traced,
)
from edgewise.transforms.forward import seeds_for
from edgewise.transforms.gradient import zeros_of
from edgewise.transforms.seeds import alive_of, matched, seed_like

__all__ = ["MOST", "Run", "explain"]

MOST = 20_000  # operations that are told one by one


def explain(
    f: Callable[..., Any],
    *args: Any,
    mode: str = "reverse",
    argnums: Argnums | None = None,
    seed: Any = None,
    max_nodes: int = MOST,
) -> Explanation:
    """Run a function once, and tell every value, every partial derivative, and how they make up the derivative.

    Args:
        f: a function in plain Python and NumPy.
        args: its arguments: numbers, arrays, containers of them; anything else is passed on as it is.
        mode: "reverse" for adjoints, "forward" for tangents.
        argnums: which arguments to differentiate, by position or name; by default all that are numbers.
        seed: in reverse mode the cotangent of the output, 1 by default for a scalar output. In forward mode the
            tangent: a tuple with one entry per differentiated argument, or the name or position of an argument whose
            entries all get 1; by default that is the first.
        max_nodes: how many operations are told one by one. What comes after them is summed up in ``note``; the
            derivatives are those of the whole run all the same.

    Returns:
        An ``Explanation`` to print, to ask, or to write to a file.

    Raises:
        ArgumentError: nothing to differentiate, or an option that does not exist.
        OutputError: ``f`` returned something that has no derivative, or in reverse mode no scalar and there is no seed.

    >>> import edgewise as ew
    >>> def loss(a, b, c):
    ...     s = a * b + c
    ...     return s**2
    >>> e = ew.explain(loss, 3.0, 2.0, 1.0)
    >>> e["s"].value, e["s"].adjoint
    (np.float64(7.0), np.float64(14.0))
    >>> print(e)
    loss
    <BLANKLINE>
    forward primal trace ↓ │ reverse adjoint trace ↑
    ───────────────────────┼────────────────────────
    a           = 3        │ ā  = v̄1·2  = 28
    b           = 2        │ b̄  = v̄1·3  = 42
    c           = 1        │ c̄  = s̄·1   = 14
    v1 = a * b  = 6        │ v̄1 = s̄·1   = 14
    s  = v1 + c = 7        │ s̄  = v̄2·14 = 14
    v2 = s**2   = 49       │ v̄2         = 1
    <BLANKLINE>
    3 operations, 5 edges; a whole derivative takes 8 products forward (3 sweeps) and 5 in reverse (1 sweep)

    The traces are those of Griewank & Walther, Evaluating Derivatives (2008), chapters 2 and 3.
    """
    if mode not in ("reverse", "forward"):
        raise ArgumentError(
            f"mode is {mode!r}", "a trace is told in one of two directions", "say mode='reverse' or mode='forward'"
        )
    run = Run(f, args, argnums, max_nodes)
    return run.forward(seed) if mode == "forward" else run.reverse(seed)


class Run:
    """One watched run of a function, and what is made of it.

    Attributes:
        call: the call and its arguments.
        graph: the graph of the run.
        values: what the leaves of the result are, below the recording.
        ends: per leaf of the result, its node, or None where it does not depend on the arguments.
        tree: the structure of the result.
    """

    def __init__(self, f: Any, args: tuple[Any, ...], argnums: Argnums | None, most: Any) -> None:
        self.f = function_of(f, "explain")
        if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 0:
            raise ArgumentError(
                f"max_nodes is {most!r}", "it counts operations", f"use a whole number, such as max_nodes={MOST}"
            )
        refuse_traced(args, "explain", "explain tells ordinary numbers, and here it is inside another transformation")
        self.call = Call(f, args, {}, numbers(f, args, "explain") if argnums is None else argnums)
        frames = Frames(sys._getframe())
        with Watched(frames, int(most)) as tape:
            try:
                self.lifted = [tape.lift(v) for v in self.call.values]
                tape.most += len(self.lifted)
                leaves, self.tree = outputs(run(self.call, self.lifted, argnums is None), tape, f)
            finally:
                frames.release()
            if tape.nested:
                raise ArgumentError(
                    f"{name_of(f)} uses a traced value of another transformation",
                    "explain tells ordinary numbers, and the derivative through what it tells would be lost",
                    "explain it outside, or give it ordinary numbers: ew.value(x)",
                )
            leaves = [number_output(leaf, f, aux=False) for leaf in leaves]
            self.ends: list[Node | None] = [tape.node_of(leaf) for leaf in leaves]
            self.graph = Graph(tape, [n for n in self.ends if n is not None])
            self.values = [v.copy() if type(v := tape.lower(t)) is np.ndarray else v for t in leaves]
        self.tape = tape
        self.groups = frames.groups

    # -- the two directions

    def reverse(self, seed: Any) -> Explanation:
        """Adjoints from a seed of the output."""
        seeds = self._cotangents(seed)
        found, flowed = self.graph.backward(seeds)
        gradients = [_or_zeros(found.get(t), v) for t, v in zip(self._inputs, self.call.values, strict=True)]
        e = self._explanation("reverse", seeds, found, flowed)
        e.gradient = self.call.structured(finish(gradients, self.call.values))
        for value in e.values:
            pair = found.get(value.index)
            value.adjoint = None if pair is None else hold(pair[0])
        for edge in e.edges:
            edge.contribution = hold(flowed[edge.index][0]) if edge.index in flowed else None
        return e

    def forward(self, seed: Any) -> Explanation:
        """Tangents from a seed of the arguments."""
        seeds = {
            self.graph.steps[i].node.serial: (t, alive_of(t))
            for i, t in zip(self._inputs, self._tangents(seed), strict=True)
            if t is not None
        }
        found, flowed, beyond = self.graph.forward(seeds)
        live = self.graph.reaching({n.serial for n in self.ends if n is not None})
        e = self._explanation("forward", {}, dict.fromkeys(live, (None, None)), {})
        pairs = [None if n is None else beyond.get(n.serial) for n in self.ends]
        e.tangent = self.tree.build(finish([_or_zeros(p, v) for p, v in zip(pairs, self.values, strict=True)]))
        for value in e.values:
            pair = found.get(value.index)
            value.tangent = None if pair is None else hold(pair[0])
        for edge in e.edges:
            edge.contribution = hold(flowed[edge.index][0]) if edge.index in flowed else None
        return e

    @property
    def _inputs(self) -> list[int]:
        """The steps of the differentiated leaves: the first ones."""
        return list(range(len(self.lifted)))

    def _explanation(
        self, mode: str, seeds: dict[int, Pair], found: dict[int, Pair], flowed: dict[int, Pair]
    ) -> Explanation:
        graph, known, sources = self.graph, self.tape.known, Sources()
        ends = list({n.serial: known[n.serial] for n in self.ends if n is not None and n.serial in known}.values())
        returned = ends[0] if self.tree.bare and ends else None
        values = values_of(graph, self.f, leaf_names(self.call), returned, sources, mode == "forward")
        for value in values:
            pair = found.get(value.index)
            value.dead = pair is None or (pair[1] is not None and not np.any(pair[1]))
        return Explanation(
            title=printable(name_of(self.f)),
            mode=mode,
            value=self.tree.build(finish(self.values)),
            gradient=None,
            tangent=None,
            values=values,
            edges=sorted((edge for v in values for edge in v.operands), key=lambda edge: edge.index),
            inputs=[values[i] for i in self._inputs],
            outputs=[values[step.index] for step in ends],
            counts=self._counts(),
            complete=not self.tape.missed,
            note=self._note(),
            boxes=boxes(values, self.groups, sources),
            sources=sources,
            seeds={known[s].index: pair for s, pair in seeds.items() if s in known},
            flowed=flowed,
            beyond=graph.beyond,
        )

    def _counts(self) -> Counts:
        graph = self.graph
        rows = graph.rows or [
            (s.node.serial, [link.source.node.serial for link in graph.incoming[s.index]])
            for s in graph.steps
            if s.op != "input"
        ]
        sizes = {graph.steps[i].node.serial: int(np.prod(graph.steps[i].node.shape)) for i in self._inputs}
        ends = {n.serial: int(np.prod(n.shape)) for n in self.ends if n is not None}
        return count(rows, sizes, ends)

    def _note(self) -> str:
        missed = self.tape.missed
        if not missed:
            return ""
        total = sum(missed.values())
        most = ", ".join(f"{n} at {os.path.basename(file)}:{line}" for (file, line), n in missed.most_common(3) if file)
        told = len(self.graph.steps) - len(self.lifted)
        return (
            f"The first {told} operations are told one by one; {total} more follow{f' ({most})' if most else ''}. "
            "Derivatives are those of the whole run; counts leave out what the result does not depend on."
        )

    # -- seeds

    def _cotangents(self, seed: Any) -> dict[int, Pair]:
        real = len(self.values) == 1 and self.values[0].shape == () and self.values[0].dtype.kind != "c"
        if seed is None and not real:
            raise OutputError(
                f"{name_of(self.f)} returned {_several(self.tree, self.values)}, and explain was given no seed",
                "adjoints are derivatives of one real number",
                "give the weights of the outputs as seed=, or say mode='forward'",
            )
        given = (
            [1.0] if seed is None else matched(seed, self.tree.build(self.values), self.tree, len(self.values), "seed")
        )
        seeds: dict[int, Pair] = {}
        for g, node in zip(given, self.ends, strict=True):
            if node is not None:
                new = seed_like(g, node.shape, node.dtype, "seed")
                old = seeds.get(node.serial)
                total = new if old is None else old[0] + new
                seeds[node.serial] = total, alive_of(total)
        return seeds

    def _tangents(self, seed: Any) -> list[Any]:
        arguments = self.call.arguments
        if isinstance(seed, tuple):
            if len(seed) != len(arguments):
                raise StructureError(
                    f"the seed has {len(seed)} entries, and {len(arguments)} arguments are differentiated",
                    "each argument has its own tangent",
                    "give one tangent per differentiated argument",
                )
            return [t for a, given in zip(arguments, seed, strict=True) for t in seeds_for(a, given)]
        chosen = self._chosen(seed)
        return [
            np.ones(v.shape, v.dtype)[()] if i == chosen else None for i, a in enumerate(arguments) for v in a.values
        ]

    def _chosen(self, seed: Any) -> int:
        names = [argument_names(self.call)[p] if isinstance(p, int) else p for p in self.call.places]
        places = self.call.places
        if seed is None:
            return 0
        if isinstance(seed, str) and seed in names:
            return names.index(seed)
        if isinstance(seed, int) and seed in places:
            return places.index(seed)
        raise ArgumentError(
            f"the seed is {seed!r}, which names no differentiated argument",
            f"there are {', '.join(names)}",
            "name one of them, or give a tuple of tangents",
        )


def _or_zeros(pair: Pair | None, like: Any) -> Any:
    return zeros_of(like) if pair is None else pair[0]


def _several(tree: Tree, values: list[Any]) -> str:
    if tree.bare:
        return f"an array of shape {tuple(values[0].shape)}" if values[0].shape else "a complex number"
    return f"{len(values)} values"
