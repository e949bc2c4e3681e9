"""Primitives and families: what an operation declares, and what its kind knows.

A ``Primitive`` is data: the NumPy function it is, its family, the map on each of its edges (or for elementwise
operations the weight on it), and its conventions. A ``Family`` is the behaviour that all its members share: how the
value is computed, which values the edges need, how the maps are built and how the operation acts on a batch.

The parameter names of a rule say what it needs, and the tape keeps that and nothing else:

    x, x1, x2, ...   the operands            y       the output; y1, y2, ... where there are several
    shape            of this edge's operand   others  static parameters of the primitive
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from edgewise.core.traced import apply
from edgewise.errors import DeclarationError

__all__ = ["Family", "Primitive", "Rule", "compiled"]

_OPERAND = re.compile(r"x([1-9][0-9]*)?$")
_OUTPUT = re.compile(r"y([1-9][0-9]*)?$")


@functools.cache
def compiled(text: str) -> Callable[..., Any]:
    """A function that fetches by position, from text made of integers and identifiers: the book shares a few dozen."""
    made: Callable[..., Any] = eval(compile(text, __file__, "eval"), {})  # so that its frames are known to be ours
    return made


class Rule:
    """A rule and where its arguments come from.

    Attributes:
        function: the user's or the book's plain-NumPy function.
        slots: positions in a node's ``kept`` it needs: operands first, the output last.

    Args:
        lead: leading parameters that the caller supplies (the tangent or cotangent of a user's rule).
        own: names of the operands that a rule may use as well.
        statics: names of static parameters, where they are known.
    """

    __slots__ = ("_call", "function", "lead", "slots", "sources")

    def __init__(
        self,
        function: Callable[..., Any],
        arity: int,
        edge: int,
        name: str,
        lead: int = 0,
        own: Sequence[str] = (),
        statics: Collection[str] | None = None,
    ) -> None:
        self.function = function
        self.lead = lead
        self._call: Callable[..., Any] | None = None
        sources: list[tuple[str, Any]] = []
        code = getattr(function, "__code__", None)
        if code is None:
            raise DeclarationError(
                f"{name}: its rule {getattr(function, '__name__', function)!r} is not a Python function",
                "the parameter names of a rule say what it needs, and this one has none to read",
                "write it as a lambda: d=lambda x: np.cos(x)",
            )
        given = code.co_argcount - len(getattr(function, "__defaults__", None) or ())  # defaults stay as they are
        for parameter in code.co_varnames[lead:given]:
            operand, output = _OPERAND.match(parameter), _OUTPUT.match(parameter)
            slot = int(operand[1] or 1) - 1 if operand else None
            if parameter in own and own.index(parameter) != slot:
                if operand or output or parameter == "shape":
                    raise DeclarationError(
                        f"{name}: {parameter} in its rule is ambiguous",
                        f"it is an operand's own name, and by convention {'the output' if output else 'another value'}",
                        "rename the operand, or ask for operands as x1, x2, ... and for the output as y",
                    )
                sources.append(("kept", own.index(parameter)))
            elif slot is not None:
                if slot >= arity:
                    raise DeclarationError(f"{name}: its rule asks for {parameter}, and there are {arity} operands")
                sources.append(("kept", slot))
            elif output:
                sources.append(("kept", -1) if not output[1] else ("output", int(output[1]) - 1))
            elif parameter == "shape":
                sources.append(("shape", edge))
            elif statics is None or parameter in statics:
                sources.append(("param", parameter))
            else:
                raise DeclarationError(
                    f"{name}: its rule asks for {parameter}, which is nothing of {name}'s",
                    f"there are the operands {', '.join(own)}, the output y"
                    + (f", and {', '.join(statics)}" if statics else ""),
                    "rename the parameter, or give it a default",
                )
        self.sources = tuple(sources)
        self.slots = frozenset(-1 if kind == "output" else at for kind, at in sources if kind in ("kept", "output"))

    def __call__(self, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...], *lead: Any) -> Any:
        call = self._call
        if call is None:  # most rules of the book are never asked in one program
            given = [f"lead[{i}]" for i in range(self.lead)] + [_FETCH[kind].format(at) for kind, at in self.sources]
            call = compiled(f"lambda d: lambda kept, params, shape, lead: d({', '.join(given)})")(self.function)
            self._call = call
        return call(kept, params, shape, lead)


_FETCH = {"kept": "kept[{}]", "output": "kept[-1][{}]", "shape": "shape", "param": "params[{!r}]"}


class Primitive:
    """A declared operation.

    Attributes:
        name: what pictures and messages call it.
        function: computes the value: NumPy's own function, called with operands and parameters.
        family: its kind.
        rules: per operand a ``Rule`` (or a constant weight), or None where the operand has no derivative;
            empty where the family builds its maps by itself.
        zero: its derivative is zero wherever it exists (comparisons, rounding): results carry no derivative.
        selects: some edge drops entries (where, max, indexing), which cuts branches.
        outputs: how many outputs, None for one that is not a tuple.
        zero_outputs: which of several outputs carry no derivative.
        form: where the dtype of the result depends on the values, a primitive of the same operands and parameters whose
            result, a bool, says which it is.
        value, weights, active, keepers: the hot path of the elementwise family, prepared at declaration; ``value`` is
            None for all others.
    """

    __slots__ = (
        "active",
        "family",
        "form",
        "function",
        "keepers",
        "name",
        "needs",
        "outputs",
        "rules",
        "selects",
        "value",
        "weights",
        "zero",
        "zero_outputs",
    )

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        family: Family,
        rules: Sequence[Any] = (),
        *,
        zero: bool = False,
        selects: bool = False,
        outputs: int | None = None,
        zero_outputs: frozenset[int] = frozenset(),
    ) -> None:
        self.name = name
        self.function = function
        self.family = family
        self.rules = tuple(rules)
        self.zero = zero
        self.selects = selects
        self.outputs = outputs
        self.zero_outputs = zero_outputs
        self.form: Primitive | None = None
        self.value: Callable[..., Any] | None = None
        self.weights: tuple[Any, ...] | None = None
        self.active = 0
        self.keepers: tuple[Any, ...] = ()
        self.needs: dict[tuple[int, int], tuple[int, ...]] = {}

    def __call__(self, *operands: Any, **params: Any) -> Any:
        return apply(self, operands, params)

    def compute(self, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """The value, of operands that belong to no mode."""
        return (self.value or self.function)(*operands, **params)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


class Family:
    """What primitives of one kind share. Stateless: one instance a family."""

    name = "family"
    # For an operation on a part of an array, how the sweep adds to cotangents in place (``Gather``, ``Store``).
    accumulate: Callable[[Any, Any, set[int]], None] | None = None

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        """Positions in ``kept`` the map on ``edge`` needs: operands from 0, the output as -1."""
        rule = primitive.rules[edge if edge < len(primitive.rules) else -1]
        return rule.slots if isinstance(rule, Rule) else frozenset()

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Any:
        """The map on one edge."""
        return primitive.rules[edge](kept, params, shape)

    def has_edge(self, primitive: Primitive, edge: int) -> bool:
        """Whether operand ``edge`` has a derivative at all (an index has none)."""
        rules = primitive.rules
        return not rules or rules[edge if edge < len(rules) else -1] is not None

    def push_all(self, node: Any, tangents: dict[int, Any]) -> Any:
        """The tangent of a linear node from those of all operands (by serial) at once; None: go edge by edge."""
        return None

    def inline(self, primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """The results by way of other operations, for a mode that records a program; None: it is one operation."""
        return None

    def pull_all(self, node: Any, g: Any) -> Any:
        """The cotangents of all edges of a linear node at once, None where nothing arrives; None: go edge by edge."""
        return None

    def pull_all_alive(self, node: Any, g: Any, alive: Any) -> Any:
        """The same with aliveness: pairs, or None where nothing arrives."""
        return None

    def push_all_alive(self, node: Any, tangents: dict[int, Any]) -> Any:
        """``push_all`` with aliveness: pairs."""
        return None

    def forward(self, primitive: Primitive, values: list[Any], tangents: list[Any], params: dict[str, Any]) -> Any:
        """Outputs and pairs (tangent, alive) of them at once, None where there is none; None: value first, then edges.

        Args:
            primitive: the operation.
            values: its operands.
            tangents: a pair for each, or None.
            params: its static parameters.
        """
        return None

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        """The operation with a leading batch axis on the operands marked, and on the result."""
        raise NotImplementedError
