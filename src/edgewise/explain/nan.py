"""``explain_nan``: where a value or a derivative stops being finite, why, and what to write there.

The function is run again, watched, and its results are looked at in turn: the value, the gradient, the tangent, and the
second derivative. From the first that is not finite the way is followed back, entry by entry, to the operation whose
operands were finite: through operands for a value, against the sweep for a derivative. So a NaN that a choice drops
(``np.where(x > 0, np.log(x), 0)``) is not reported: it reaches nothing.

For the second derivative the reverse sweep of the function is itself run watched, and each operation in it is told with
the line of the operation whose derivative it computes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, overload

import numpy as np

from edgewise.core.levels import plain
from edgewise.core.node import Node
from edgewise.errors import shorten
from edgewise.explain.advice import advise
from edgewise.explain.arguments import leaf_names, numbers, run
from edgewise.explain.digest import brief, hold, is_finite
from edgewise.explain.graph import Graph, Link, Pair
from edgewise.explain.guard import Guard
from edgewise.explain.place import Frames, Place
from edgewise.explain.recording import Step, Watched
from edgewise.explain.report import NanReport
from edgewise.explain.source import Sources, span
from edgewise.explain.words import constant
from edgewise.transforms.border import Argnums, Call, function_of, name_of, number_output, outputs

__all__ = ["explain_nan"]

MOST = 1_000_000  # operations watched


@overload
def explain_nan() -> Guard: ...


@overload
def explain_nan(f: Callable[..., Any], *args: Any, argnums: Argnums | None = None) -> NanReport: ...


def explain_nan(f: Callable[..., Any] | None = None, *args: Any, argnums: Argnums | None = None) -> NanReport | Guard:
    """Where a NaN or an infinity comes from: in the value, the gradient, the tangent or the second derivative.

    With a function, it is run again and looked into. Only what reaches a result is reported: a NaN that a choice drops
    does no harm. Without one, this is a context, in which every transformation raises where something first stops being
    finite, whether it reaches a result or not.

    Args:
        f: a function in plain Python and NumPy.
        args: its arguments.
        argnums: which arguments to differentiate; by default all that are numbers.

    Returns:
        A ``NanReport``, which is false where everything is finite. Without a function, the context.

    Raises:
        NonFiniteError: in the context, at the operation.

    >>> import numpy as np, edgewise as ew
    >>> def length(x):
    ...     return np.sqrt(np.sum(x**2))
    >>> print(ew.explain_nan(length, np.zeros(2)))
    <doctest ...>:2: the gradient stops being finite at sqrt, in np.sqrt(np.sum(x**2))
      np.sum(x**2) = 0
      the partial inf was multiplied with 1
      why: sqrt is infinitely steep at 0
      instead: choose another value there: np.where(np.sum(x**2) > 0, np.sqrt(np.sum(x**2)), 0.0)
    >>> with ew.explain_nan():
    ...     ew.grad(length)(np.zeros(2))
    Traceback (most recent call last):
    edgewise.errors.NonFiniteError: <doctest ...>:2: the gradient stops being finite at sqrt: x = 0
      why: sqrt is infinitely steep at 0
      instead: choose another value there: np.where(x > 0, np.sqrt(x), 0.0)
    """
    if f is None:
        return Guard()
    function_of(f, "explain_nan")
    call = Call(f, args, {}, numbers(f, args, "explain_nan") if argnums is None else argnums)
    return _Run(call, argnums is None).report()


class Bad(Watched):
    """A recording that also remembers which entries of each value are not finite."""

    def __init__(self, frames: Frames) -> None:
        super().__init__(frames, MOST)
        self.bad: dict[int, Any] = {}  # by step

    def watched(self, step: Step, value: Any) -> None:
        """Take down the entries that are not finite."""
        bad = ~np.isfinite(plain(value))
        if np.any(bad):
            self.bad[step.index] = np.asarray(bad)


class _Run:
    """One run for the first order, and another one for the second."""

    def __init__(self, call: Call, chosen: bool) -> None:
        self.call = call
        self.chosen = chosen
        self.sources = Sources()
        self.names = leaf_names(call)

    def report(self) -> NanReport:
        frames = Frames(sys._getframe())
        with Bad(frames) as tape:
            try:
                ends, results = self._ends(tape, [tape.lift(v) for v in self.call.values])
            finally:
                frames.release()
            graph = Graph(tape, ends)
        for step, name in zip(tape.steps, self.names, strict=False):
            step.name = name
        return self._value(tape, graph, ends, results) or self._derivatives(tape, graph, ends) or self._second()

    def _ends(self, tape: Watched, inputs: list[Any]) -> tuple[list[Node], list[Any]]:
        with np.errstate(all="ignore"):  # what NumPy would warn of is reported
            leaves, _ = outputs(run(self.call, inputs, self.chosen), tape, self.call.f)
        leaves = [number_output(leaf, self.call.f, aux=False) for leaf in leaves]
        return [n for n in map(tape.node_of, leaves) if n is not None], [plain(leaf) for leaf in leaves]

    # -- values

    def _value(self, tape: Bad, graph: Graph, ends: list[Node], results: list[Any]) -> NanReport:
        for node in ends:
            step = tape.known.get(node.serial)
            if step is not None and step.index in tape.bad:
                return self._origin(tape, graph, step)
        if any(not np.all(np.isfinite(r)) for r in results):
            return NanReport(
                "value",
                name_of(self.call.f),
                cause="what it returned does not come from the arguments, but from ordinary NumPy",
                instead="look at the ordinary arrays it computes with: np.isfinite(a).all()",
            )
        return NanReport("")

    def _origin(self, tape: Bad, graph: Graph, step: Step) -> NanReport:
        bad = tape.bad[step.index]
        while True:
            for link in graph.incoming[step.index]:
                source = tape.bad.get(link.source.index)
                if source is not None and np.any(reach := source & _back(link, bad)):
                    step, bad = link.source, reach
                    break
            else:
                break
        if step.op == "input":
            return NanReport(
                "value",
                "input",
                operands=((step.name or "", step.value),),
                cause="the argument itself is not finite",
                instead="look at where it comes from, before the function is called",
            )
        return self._told("value", step)

    # -- derivatives

    def _derivatives(self, tape: Bad, graph: Graph, ends: list[Node]) -> NanReport:
        ones = _ones(ends)
        found, flowed = graph.backward(ones)
        report = self._first(graph, found, flowed, range(len(self.names)), "gradient", self._told)
        if report:
            return report
        inputs = _ones(step.node for step in graph.steps[: len(self.names)])
        found, flowed, _ = graph.forward(inputs)
        last = [tape.known[n.serial].index for n in ends if n.serial in tape.known]
        return self._first(graph, found, flowed, last, "tangent", self._told)

    def _first(
        self,
        graph: Graph,
        found: dict[int, Pair],
        flowed: dict[int, Pair],
        ends: Iterable[int],
        kind: str,
        told: Callable[..., NanReport],
    ) -> NanReport:
        """From the ends of a sweep against it, to the edge where something finite became something that is not."""
        forward = kind == "tangent"
        for end in ends:
            bad = _not_finite(found.get(end))
            if bad is None:
                continue
            at, link = end, None
            while True:
                before: Link | None = link
                for candidate in graph.incoming[at] if forward else graph.outgoing[at]:
                    part = _not_finite(flowed.get(candidate.index))
                    if part is None or not np.any(part & bad):
                        continue
                    link, origin = candidate, candidate.source.index if forward else candidate.target.index
                    source = _not_finite(found[origin])
                    reach = None if source is None else source & (_back if forward else _ahead)(link, part & bad)
                    break
                if link is before or link is None:
                    break  # only the sum is not finite: too large
                if reach is None or not np.any(reach):
                    return told(kind, link.target, link, found[origin][0])
                at, bad = origin, reach
            return told(kind, graph.steps[at])
        return NanReport("")

    # -- the second order

    def _second(self) -> NanReport:
        """Watch the reverse sweep of a watched run, and sweep over that."""
        frames = Frames(sys._getframe())
        about: dict[int, Step] = {}
        with Watched(frames, MOST) as outer:
            lifted = [outer.lift(v) for v in self.call.values]
            with Watched(frames, MOST) as inner:
                ends, _ = self._ends(inner, [inner.lift(v) for v in lifted])

                def visit(step: Step) -> None:
                    outer.at = step.place or _NOWHERE
                    about[len(outer.steps)] = step

                graph = Graph(inner, ends, visit)
                found, _ = graph.backward(_ones(ends))
            frames.release()
            outer.at = None
            pairs = [found.get(i) for i in range(len(self.names))]
            roots = [n for p in pairs if p is not None and (n := outer.node_of(p[0])) is not None]
            second = Graph(outer, roots)
        starts = sorted(about)

        def told(kind: str, step: Step, link: Link | None = None, flowing: Any = None) -> NanReport:
            before = [s for s in starts if s <= step.index]
            inside = about[before[-1]] if before else None
            return self._told(kind, step if inside is None else inside, None if inside is not None else link, flowing)

        for graph_ in (graph, second):
            for step, name in zip(graph_.steps, self.names, strict=False):
                step.name = name
        return self._first(second, *second.backward(_ones(roots)), range(len(self.names)), "second derivative", told)

    # -- words

    def _told(self, kind: str, step: Step, link: Link | None = None, flowing: Any = None) -> NanReport:
        held = [o.value if isinstance(o, Step) else o for o in step.operands]
        names = [self._spelled(o, f"x{i + 1}") for i, o in enumerate(step.operands)]
        advice = advise(step.op, held, names, kind != "value")
        where, text = self._place(step.place)
        partial = ""
        if link is not None:
            unit = np.ones(link.source.node.shape, link.source.node.dtype)[()]
            partial = brief(hold(Graph.push(link, (unit, None))[0]))
        return NanReport(
            kind,
            step.op,
            where,
            text,
            tuple(
                (n, v)
                for n, v, o in zip(names, held, step.operands, strict=True)
                if isinstance(o, Step) or not _finite(v)
            ),
            partial,
            brief(hold(flowing)) if link is not None else "",
            *advice,
        )

    def _spelled(self, operand: Any, otherwise: str) -> str:
        """What to call an operand: its name, the expression it comes from, or its value where it is constant."""
        if not isinstance(operand, Step):
            return repr(float(operand)) if type(operand) in (float, np.float64) else constant(operand)
        text = "" if operand.name else self._place(operand.place)[1]
        return operand.name or (text if 0 < len(text) <= 40 else otherwise)

    def _place(self, place: Place | None) -> tuple[str, str]:
        if place is None or place is _NOWHERE:
            return "", ""
        text, _, _ = self.sources.text(place.code, place.at, place.line, place.module)
        line = span(place.code, place.at, place.line).line
        return f"{shorten(place.code.co_filename)}:{line}", text


_NOWHERE = Place((lambda: None).__code__, 0, 0, None, {})


def _ones(nodes: Iterable[Node]) -> dict[int, Pair]:
    return {n.serial: (np.ones(n.shape, n.dtype)[()], None) for n in nodes}


def _finite(value: Any) -> bool:
    return is_finite(value)


def _not_finite(pair: Pair | None) -> Any:
    """Which entries are not finite, None where all are."""
    if pair is None:
        return None
    bad = np.asarray(~np.isfinite(plain(pair[0])))
    return bad if np.any(bad) else None


def _back(link: Link, bad: Any) -> Any:
    """The entries of an operand that some entries of the result are computed from."""
    return _alive(Graph.pull(link, (np.zeros(bad.shape), bad)), link.source.node.shape)


def _ahead(link: Link, bad: Any) -> Any:
    """The entries of a result that are computed from some entries of the operand."""
    return _alive(Graph.push(link, (np.zeros(bad.shape), bad)), link.target.node.shape)


def _alive(pair: Pair, shape: tuple[int, ...]) -> Any:
    return np.ones(shape, bool) if pair[1] is None else np.broadcast_to(plain(pair[1]), shape)
