"""``primitive``: rules for a function that edgewise cannot see into (a solver in C, a lookup, a formula known better).

An elementwise function gives its derivative (``d``), as a row of the book does. Any other gives ``push`` (tangent in,
tangent out) or ``pull`` (cotangent in, cotangent out) or both; a direction that is missing is the transpose of the one
given, found by differentiating it: it is linear.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from edgewise.core.primitive import Family, Primitive, Rule
from edgewise.core.traced import Traced, apply, differentiated
from edgewise.errors import ArgumentError, BatchError, ConversionError, DeclarationError, NoRuleError
from edgewise.families.elementwise import Elementwise
from edgewise.maps import Diagonal, Map
from edgewise.transforms.operator import vjp

__all__ = ["primitive"]

Rules = Callable[..., Any] | Sequence[Callable[..., Any] | None] | None


def primitive(
    *, d: Rules = None, push: Rules = None, pull: Rules = None, outputs: int | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the derivative of a function of yours.

    Positional parameters of the function are its operands, keyword-only ones are static. The parameter names of a rule
    say what it needs: the operands by their own names or as ``x``, ``x1``, ``x2``, the output as ``y`` (``y1``, ``y2``
        where there are several), static
    parameters by name. ``push`` has the tangent as its first parameter, ``pull`` the cotangent. Rules are plain NumPy
    if higher derivatives are wanted.

    Args:
        d: for an elementwise function, its derivative: one rule, or a tuple with one per operand (None: no derivative).
        push: t -> tangent of the output, per operand as ``d``.
        pull: g -> cotangent of the operand, per operand as ``d``.
        outputs: how many outputs, where the function returns a tuple. Then ``push`` returns a tuple of tangents, and
            ``pull`` gets a tuple of cotangents with None for outputs that were not used.

    Returns:
        A decorator. The decorated function works in every mode; ``ew.check_grads(function, *args)`` holds its rules
        against differences.

    Raises:
        DeclarationError: no rule, or rules that do not fit the function.

    >>> import math, edgewise as ew
    >>> @primitive(d=lambda x, y: y * np.cos(x))
    ... def expsin(x):
    ...     return np.vectorize(lambda v: math.exp(math.sin(v)))(x)
    >>> ew.grad(expsin)(0.0)
    np.float64(1.0)
    """
    if (d is None) == (push is None and pull is None):
        raise DeclarationError(
            "ew.primitive needs d=, or push= and/or pull=",
            "d is for elementwise functions, push and pull for all others",
            "write @ew.primitive(d=lambda x: ...) or @ew.primitive(pull=lambda g, x: ...)",
        )

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(function, "__name__", "primitive")
        operands, signature = _operands(function, name)
        statics = signature.parameters.keys() - set(operands)
        value = functools.partial(_value, function, name, outputs)
        if d is not None:
            rules = tuple(
                rule if rule is None else Rule(rule, len(operands), i, name, 0, operands, statics)
                for i, rule in enumerate(_per_operand(d, operands, name, "d"))
            )
            made = Primitive(name, value, ENTRYWISE, rules)
        else:
            edges = tuple(
                _edge(*pair, operands, statics, i, name)
                for i, pair in enumerate(
                    zip(
                        _per_operand(push, operands, name, "push"),
                        _per_operand(pull, operands, name, "pull"),
                        strict=True,
                    )
                )
            )
            made = Primitive(name, value, CUSTOM, edges, outputs=outputs)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            fixed = {k: v for k, v in bound.arguments.items() if k not in operands}
            for key, given in fixed.items():
                if isinstance(given, Traced):
                    raise ArgumentError(
                        f"{name} was given a traced value as {key}=",
                        "keyword-only parameters of a primitive are static",
                        "make it a positional parameter, and give its rule",
                    )
            given = tuple(bound.arguments[k] for k in operands)
            return apply(made, given, fixed)

        wrapper.primitive = made  # type: ignore[attr-defined]  # for pictures and tests
        return wrapper

    return declare


class Edge:
    """The rules on one edge of a user's primitive."""

    __slots__ = ("pull", "push", "slots")

    def __init__(self, push: Rule | None, pull: Rule | None) -> None:
        self.push = push
        self.pull = pull
        self.slots = (push.slots if push else frozenset()) | (pull.slots if pull else frozenset())


class Custom(Map):
    """The map of a user's primitive on one edge: his rules and the values they need. Taken to be dense."""

    __slots__ = ("edge", "kept", "name", "params", "shape")

    def __init__(
        self, name: str, edge: Edge, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> None:
        self.name = name
        self.edge = edge
        self.kept = tuple(kept)
        self.params = params
        self.shape = shape

    def push(self, t: Any) -> Any:
        return _in_batches(self._push_one, t)

    def pull(self, g: Any) -> Any:
        return _in_batches(self._pull_one, g)

    def push_alive(self, t: Any, alive: Any) -> tuple[Any, Any]:
        return self.push(t), None

    def pull_alive(self, g: Any, alive: Any) -> tuple[Any, Any]:
        return self.pull(g), None

    def _push_one(self, t: Any) -> Any:
        if self.edge.push is not None:
            return self._run(self.edge.push, "push", t)
        rule = self.edge.pull
        like = self.kept[-1]
        if isinstance(like, tuple):
            raise DeclarationError(
                f"{self.name} has no push rule, and one for several outputs is not derived",
                "its pull rule gets a tuple with gaps",
                "give push= as well",
            )
        return self._transposed(
            lambda g: self._run(rule, "pull", g), np.zeros(like.shape, like.dtype), t, "pull", "push"
        )

    def _pull_one(self, g: Any) -> Any:
        if self.edge.pull is not None:
            out = self._run(self.edge.pull, "pull", g)
            if np.shape(out) != self.shape:
                raise DeclarationError(
                    f"the pull rule of {self.name} returned shape {np.shape(out)} for an operand of shape {self.shape}",
                    "a cotangent has the shape of the operand it belongs to",
                    "mend the rule",
                )
            return out
        rule = self.edge.push
        return self._transposed(lambda t: self._run(rule, "push", t), np.zeros(self.shape), g, "push", "pull")

    def _run(self, rule: Any, kind: str, lead: Any) -> Any:
        out = rule(self.kept, self.params, self.shape, lead)
        if isinstance(out, tuple):
            return tuple(o if o is None or hasattr(o, "__array_ufunc__") else np.asarray(o)[()] for o in out)
        return out if hasattr(out, "__array_ufunc__") else np.asarray(out)[()]

    def _transposed(self, function: Callable[[Any], Any], at: Any, seed: Any, given: str, wanted: str) -> Any:
        try:
            return vjp(function, at)[1](seed)[0]
        except (ConversionError, NoRuleError, ArgumentError) as error:
            raise DeclarationError(
                f"{self.name} has no {wanted} rule, and its {given} rule could not be transposed",
                f"the {given} rule does something edgewise cannot follow: {error.what}",
                f"give {wanted}= as well",
            ) from error


class CustomFamily(Family):
    """Users' primitives. A batch runs member by member: nothing is known about the function."""

    name = "custom"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset(primitive.rules[edge].slots | {-1})  # the output tells shapes to a transposed rule

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        return Custom(primitive.name, primitive.rules[edge], kept, params, shape)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        members = [
            primitive(*(v[i] if b else v for v, b in zip(values, batched, strict=True)), **params) for i in range(size)
        ]
        if primitive.outputs is None:
            return np.stack(members)
        return tuple(np.stack(parts) for parts in zip(*members, strict=True))


class EntrywiseFamily(Elementwise):
    """Users' elementwise primitives: as those of the book, with static parameters, and off the hot path."""

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        return Diagonal(primitive.rules[edge](kept, params, shape))


CUSTOM, ENTRYWISE = CustomFamily(), EntrywiseFamily()


def _in_batches(rule: Callable[[Any], Any], seed: Any) -> Any:
    """Run a rule on a batch of seeds at once, or member by member where it needs ordinary arrays."""
    if not isinstance(seed, Traced) or not seed.mode.lead or differentiated(seed):
        return rule(seed)
    try:
        return rule(seed)
    except (ConversionError, BatchError):
        batch = seed.mode
        return batch.lift(np.stack([rule(member) for member in batch.lower(seed)]))


def _operands(function: Callable[..., Any], name: str) -> tuple[tuple[str, ...], inspect.Signature]:
    signature = inspect.signature(function)
    kinds = {p.kind for p in signature.parameters.values()}
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
        raise DeclarationError(
            f"{name} takes *args or **kwargs",
            "every operand of a primitive has a rule of its own",
            "name its parameters",
        )
    return tuple(n for n, p in signature.parameters.items() if p.kind is not inspect.Parameter.KEYWORD_ONLY), signature


def _per_operand(rules: Any, operands: tuple[str, ...], name: str, kind: str) -> tuple[Any, ...]:
    if rules is None:
        return (None,) * len(operands)
    made = tuple(rules) if isinstance(rules, tuple | list) else (rules,)
    if len(made) != len(operands):
        raise DeclarationError(
            f"{name} has {len(operands)} operands, and {kind}= gives {len(made)} rules",
            "each operand has its own derivative",
            f"give a tuple of {len(operands)} rules, None for an operand without derivative",
        )
    return made


def _edge(push: Any, pull: Any, operands: tuple[str, ...], statics: Collection[str], i: int, name: str) -> Edge | None:
    if push is None and pull is None:
        return None
    made = (None if r is None else Rule(r, len(operands), i, name, 1, operands, statics) for r in (push, pull))
    return Edge(*made)


def _value(function: Callable[..., Any], name: str, outputs: int | None, *args: Any, **kwargs: Any) -> Any:
    """The function's value, as NumPy scalars or arrays."""
    result = function(*args, **kwargs)
    if outputs is None:
        return _array(result, name)
    if not isinstance(result, tuple) or len(result) != outputs:
        raise DeclarationError(
            f"{name} was declared with {outputs} outputs and did not return that many", "", "return a tuple"
        )
    return tuple(_array(part, name) for part in result)


def _array(result: Any, name: str) -> Any:
    if hasattr(result, "__array_ufunc__"):
        return result
    array = np.asarray(result)
    if array.dtype.kind not in "fiub":
        raise DeclarationError(
            f"{name} returned a {type(result).__name__}", "a primitive returns numbers or arrays", "return floats"
        )
    array = array.astype(float) if array.dtype.kind != "f" else array
    return array if array.ndim else array[()]
