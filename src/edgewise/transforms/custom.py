"""``primitive``: rules for a function that edgewise cannot see into (a solver in C, a lookup, a formula known better).

An elementwise function gives its derivative (``d``), as a row of the book does. Any other gives ``push`` (tangent in,
tangent out) or ``pull`` (cotangent in, cotangent out) or both; a direction that is missing is the transpose of the one
given, found by differentiating it: it is linear.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from edgewise.containers import flatten
from edgewise.core.admission import admit
from edgewise.core.levels import differentiated
from edgewise.core.pairing import conj
from edgewise.core.primitive import Family, Primitive, Rule
from edgewise.core.rebinding import verify
from edgewise.core.traced import Traced, apply
from edgewise.errors import (
    ArgumentError,
    BatchError,
    ConversionError,
    DeclarationError,
    NoRuleError,
    OutputError,
    StructureError,
    a_kind,
)
from edgewise.families.elementwise import Elementwise
from edgewise.maps import Diagonal, Map
from edgewise.transforms.border import function_of, name_of
from edgewise.transforms.operator import vjp

__all__ = ["primitive"]

Rules = Callable[..., Any] | Sequence[Callable[..., Any] | None] | None


def primitive(
    _function: object = None, /, *, d: Rules = None, push: Rules = None, pull: Rules = None, outputs: int | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the derivative of a function of yours.

    Positional parameters of the function are its operands, keyword-only ones are static. The parameter names of a rule
    say what it needs: the operands by their own names or as ``x``, ``x1``, ``x2``, the output as ``y`` (``y1``, ``y2``
    where there are several), static parameters by name. ``push`` has the tangent as its first parameter, ``pull`` the
    cotangent. Rules are plain NumPy if higher derivatives are wanted.

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
    if callable(_function) and (d, push, pull) != (None, None, None):
        raise DeclarationError(
            f"ew.primitive was given {name_of(_function)} beside its rules",
            "it takes the rules and returns a decorator, which takes the function",
            "write ew.primitive(...)(f) with the rules in the first parentheses, or @ew.primitive(...) above f",
        )
    if _function is not None or (d is None) == (push is None and pull is None):
        raise DeclarationError(
            "ew.primitive needs d=, or push= and/or pull=",
            "d is for elementwise functions, push and pull for all others",
            "write @ew.primitive(d=lambda x: ...) or @ew.primitive(pull=lambda g, x: ...)",
        )
    if outputs is not None and (d is not None or isinstance(outputs, bool) or not isinstance(outputs, int)):
        raise DeclarationError(
            f"ew.primitive was given outputs={outputs!r}" + (" beside d=" if d is not None else ""),
            "it says how many outputs push and pull are about; an elementwise function has one",
            "write @ew.primitive(pull=lambda g: ..., outputs=2)",
        )

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        name = name_of(function_of(function, "primitive"))
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
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise ArgumentError(
                    f"{name} could not be called: {error}", f"its parameters are {signature}", "give it those"
                ) from error
            bound.apply_defaults()
            fixed = {k: _static(v, name, k) for k, v in bound.arguments.items() if k not in operands}
            result = apply(made, tuple(_operand(bound.arguments[k], name, k) for k in operands), fixed)
            for part in result if isinstance(result, tuple) else (result,):
                _refuse_captured(part, name)
            return result

        wrapper.primitive = made  # type: ignore[attr-defined]  # for pictures and tests
        return wrapper

    return declare


def _operand(given: Any, name: str, key: str) -> Any:
    """An operand as a number or an array."""
    if isinstance(given, Traced | np.generic | float | int) or type(given) is np.ndarray:
        return admit(given) if getattr(given, "dtype", None) == np.dtype(object) else given
    if any(isinstance(leaf, Traced) for leaf in flatten(given)[0]):
        raise ArgumentError(
            f"{name} was given {a_kind(given)} with traced values in it as {key}",
            "an operand of a primitive is one number or array, to which its rule belongs",
            f"make it one array: {name}(ew.stack([...])), or give it a parameter of its own for each",
        )
    return given


def _static(given: Any, name: str, key: str) -> Any:
    """A static argument, safe from being overwritten before the sweep."""
    leaves, tree = flatten(given)
    if any(isinstance(leaf, Traced) for leaf in leaves):
        raise ArgumentError(
            f"{name} was given a traced value as {key}=",
            "keyword-only parameters of a primitive are static",
            "make it a positional parameter, and give its rule",
        )
    return tree.build([leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in leaves])


def _refuse_captured(result: Any, name: str) -> None:
    """Raise if the function used a traced value that is no operand, and whose derivative no rule gives."""
    if not isinstance(result, Traced):
        return
    below = result.mode.lower(result)
    if isinstance(below, Traced) and below.mode.level >= result.mode.level:
        raise ArgumentError(
            f"{name} used a traced value that is not among its arguments",
            "its rule is about its arguments alone, so the derivative through that value would be lost",
            "make it a positional parameter, and give its rule",
        )


class Edge:
    """The rules on one edge of a user's primitive."""

    __slots__ = ("pull", "push", "slots")

    def __init__(self, push: Rule | None, pull: Rule | None) -> None:
        self.push = push
        self.pull = pull
        self.slots = (push.slots if push else frozenset()) | (pull.slots if pull else frozenset())


class Custom(Map):
    """The map of a user's primitive on one edge: his rules and the values they need. Taken to be dense."""

    __slots__ = ("dtype", "edge", "kept", "name", "params", "shape")

    def __init__(
        self, name: str, edge: Edge, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...], dtype: Any
    ) -> None:
        self.dtype = dtype
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
        like = self.kept[-1]
        if self.edge.push is not None:
            out = self._run(self.edge.push, "push", t)
            outs, likes = (out, like) if isinstance(like, tuple) else ((out,), (like,))
            if type(outs) is not tuple or [_shape(o) for o in outs] != [_shape(o) for o in likes]:
                raise self._unfit("push", out, "output", " and ".join(str(_shape(o)) for o in likes))
            return out
        rule = self.edge.pull
        if isinstance(like, tuple):
            raise DeclarationError(
                f"{self.name} has no push rule, and one for several outputs is not derived",
                "its pull rule gets a tuple with gaps",
                "give push= as well",
            )
        return self._transposed(lambda g: self._run(rule, "pull", g), like.shape, like.dtype, t, "pull", "push")

    def _pull_one(self, g: Any) -> Any:
        if self.edge.pull is not None:
            out = self._run(self.edge.pull, "pull", g)
            if _shape(out) != self.shape:
                raise self._unfit("pull", out, "operand", str(self.shape))
            return out
        rule = self.edge.push
        return self._transposed(lambda t: self._run(rule, "push", t), self.shape, self.dtype, g, "push", "pull")

    def _unfit(self, kind: str, out: Any, of: str, shape: str) -> DeclarationError:
        got = f"shape {_shape(out)}" if _shape(out) is not None else a_kind(out)
        return DeclarationError(
            f"the {kind} rule of {self.name} returned {got} for an {of} of shape {shape}",
            f"a {'tangent' if kind == 'push' else 'cotangent'} has the shape of the {of} it belongs to",
            f"return an array of shape {shape} from the rule",
        )

    def _run(self, rule: Any, kind: str, lead: Any) -> Any:
        try:
            out = rule(self.kept, self.params, self.shape, lead)
        finally:
            verify()
        return tuple(map(_as_array, out)) if isinstance(out, tuple) else _as_array(out)

    def _transposed(
        self, function: Callable[[Any], Any], shape: Any, dtype: Any, seed: Any, given: str, wanted: str
    ) -> Any:
        probe = np.reshape(1 + np.arange(math.prod(shape)) % 7 / 8, shape).astype(dtype)[()]
        try:
            value, pull = vjp(function, probe)
            if isinstance(seed, tuple):
                seed = tuple(np.zeros_like(v) if s is None else s for s, v in zip(seed, value, strict=True))
            (out,) = pull(seed)
        except (ConversionError, NoRuleError, ArgumentError, OutputError, StructureError) as error:
            raise DeclarationError(
                f"{self.name} has no {wanted} rule, and its {given} rule could not be transposed",
                f"the {given} rule does something edgewise cannot follow: {error.what}",
                f"give {wanted}= as well",
            ) from error
        if not _adjoint(seed, value, out, probe):
            raise DeclarationError(
                f"the {given} rule of {self.name} is not linear",
                f"a derivative is a linear map, and the {wanted} rule is found by transposing it",
                f"mend the {given} rule: it may multiply its first argument, but not add to it or square it",
            )
        return out


def _adjoint(g: Any, y: Any, pulled: Any, t: Any) -> bool:
    """Whether <g, f(t)> = <f^H g, t>, as it must be where f is linear; True where that cannot be told."""
    pairs = [*zip(g, y, strict=True), (pulled, t)] if isinstance(g, tuple) else [(g, y), (pulled, t)]
    if any(isinstance(a, Traced) or isinstance(b, Traced) for a, b in pairs):
        return True
    products = [np.asarray(np.real(conj(a) * b), float) for a, b in pairs]
    difference = sum(float(np.sum(p)) for p in products[:-1]) - float(np.sum(products[-1]))
    size = sum(float(np.sum(np.abs(p))) for p in products)
    return not np.isfinite(size) or abs(difference) <= 1e-3 * size


def _as_array(out: Any) -> Any:
    return out if out is None or hasattr(out, "__array_ufunc__") else np.asarray(out)[()]


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of one shape, against one of the other, gives the other."""
    fits = all(n in (1, m) for n, m in zip(shape[::-1], target[::-1], strict=False))
    return fits and len(shape) <= len(target)


def _shape(out: Any) -> tuple[int, ...] | None:
    """The shape of a number or an array of numbers, None for anything else."""
    return tuple(out.shape) if getattr(getattr(out, "dtype", None), "kind", "") in tuple("fciub") else None


class CustomFamily(Family):
    """Users' primitives. A batch runs member by member: nothing is known about the function."""

    name = "custom"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        rule = primitive.rules[edge]  # the output and the operand tell shapes and dtypes to a transposed rule
        return frozenset(rule.slots | ({-1} if rule.pull is not None else {-1, edge}))

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        dtype = np.dtype(complex if getattr(getattr(kept[edge], "dtype", None), "kind", "") == "c" else float)
        return Custom(primitive.name, primitive.rules[edge], kept, params, shape, dtype)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        if not size:
            raise BatchError(
                f"{primitive.name} met a batch without members",
                "the shape of its result is known only from a result",
                "call it with a batch of at least one",
            )
        members = [
            primitive(*(v[i] if b else v for v, b in zip(values, batched, strict=True)), **params) for i in range(size)
        ]
        if primitive.outputs is None:
            return np.stack(members)
        return tuple(np.stack(parts) for parts in zip(*members, strict=True))


class EntrywiseFamily(Elementwise):
    """Users' elementwise primitives: as those of the book, with static parameters, and off the hot path."""

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        return frozenset(primitive.rules[edge].slots | {-1})  # the output tells which shape a derivative may have

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        try:
            return super().batch(primitive, list(values), batched, size, params)
        except (TypeError, ValueError):  # a function of one number, such as math.sin
            return CUSTOM.batch(primitive, values, batched, size, params)

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        weight, y = _as_array(primitive.rules[edge](kept, params, shape)), kept[-1]
        own = _shape(weight)
        if own is None or not _broadcasts(own, tuple(y.shape)):
            raise DeclarationError(
                f"the derivative of {primitive.name} is {a_kind(weight)}" + (f" and shape {own}" if own else ""),
                f"its result has shape {tuple(y.shape)}: d= is for elementwise functions, whose derivative has the "
                "shape of the result, or broadcasts to it",
                "return such an array, or give push= and pull= in place of d=",
            )
        return Diagonal(weight)


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
    for kind, rule in (("push", push), ("pull", pull)):
        if rule is not None and getattr(getattr(rule, "__code__", None), "co_argcount", 1) < 1:
            raise DeclarationError(
                f"the {kind} rule of {name} takes no arguments",
                f"its first one is the {'tangent' if kind == 'push' else 'cotangent'}",
                f"write {kind}=lambda {'t' if kind == 'push' else 'g'}: ...",
            )
    made = (None if r is None else Rule(r, len(operands), i, name, 1, operands, statics) for r in (push, pull))
    return Edge(*made)


def _value(function: Callable[..., Any], name: str, outputs: int | None, *args: Any, **kwargs: Any) -> Any:
    """The function's value, as NumPy scalars or arrays."""
    result = function(*args, **kwargs)
    if outputs is None and not isinstance(result, tuple):
        return _array(result, name)
    if not isinstance(result, tuple) or len(result) != outputs:
        got = f"{len(result)} of them" if isinstance(result, tuple) else a_kind(result)
        raise DeclarationError(
            f"{name} was declared with {outputs or 'one'} output{'s' if outputs else ''}, and returned {got}",
            "rules are given for a fixed number of outputs",
            "declare @ew.primitive(..., outputs=n), and return a tuple of n",
        )
    return tuple(_array(part, name) for part in result)


def _array(result: Any, name: str) -> Any:
    """An output as a number or an array that the function will not write to again."""
    if hasattr(result, "__array_ufunc__"):
        return result.copy() if type(result) is np.ndarray else result
    array = np.asarray(result)
    if array.dtype.kind not in "fciub":
        raise DeclarationError(
            f"{name} returned {a_kind(result)}", "a primitive returns numbers or arrays", "return floats"
        )
    array = array.astype(float) if array.dtype.kind not in "fc" else array
    return array if array.ndim else array[()]
