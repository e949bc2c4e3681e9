"""The border between a user's function and a mode: which arguments are differentiated, and what came out.

``Call`` picks the arguments that ``argnums`` names, takes them apart, and calls the function with traced values in
their place. ``outputs`` takes the result apart, gathers object arrays, and refuses what has outlived its
transformation.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgewise.containers import BARE, Tree, flatten
from edgewise.core.admission import admit
from edgewise.core.foreign import refuse_foreign, refuse_wrapped, tell_pint, with_dtype
from edgewise.core.mode import Mode, escaped
from edgewise.core.shapes import FLOAT64
from edgewise.core.traced import TRACED, Traced, fixed
from edgewise.core.undetermined import Undetermined
from edgewise.errors import ArgumentError, EscapedError, OutputError, a_kind, fields_of
from edgewise.transforms.translate import name_of, run

__all__ = [
    "Argnums",
    "Argument",
    "Call",
    "finish",
    "function_of",
    "gather_output",
    "name_of",
    "outputs",
    "refuse_traced",
]

Argnums = int | str | Sequence[int | str]


def function_of(f: Any, name: str) -> Any:
    """The user's function, if it is one that can be differentiated.

    Raises:
        ArgumentError: it is not callable, or what it returns is no value: a generator, a coroutine.
    """
    if not callable(f):
        raise ArgumentError(
            f"ew.{name} was given {a_kind(f)} for a function",
            "it takes the function itself, not what the function returned",
            _SPELLED.get(name, "write ew.{0}(f, x)").format(name),
        )
    if inspect.isgeneratorfunction(f) or inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f):
        kind = "a generator function" if inspect.isgeneratorfunction(f) else "an async function"
        raise ArgumentError(
            f"ew.{name} was given {kind}, {name_of(f)}",
            "calling it only starts it, and its values would come after the transformation has ended",
            "collect what it yields in an ordinary function"
            if kind == "a generator function"
            else "differentiate the part of it that computes, as an ordinary function",
        )
    return f


def refuse_traced(args: Sequence[Any], name: str, why: str) -> None:
    """Refuse arguments of another transformation, for what tells of ordinary numbers.

    Raises:
        ArgumentError: an argument is a traced value.
    """
    for i, arg in enumerate(args):
        if isinstance(arg, Traced):
            raise ArgumentError(
                f"argument {i} of ew.{name} is a traced value", why, f"call it outside: ew.{name}(f, ew.value(x))"
            )


_CURRIED = ("grad", "value_and_grad", "jacobian", "hessian", "derivative", "wirtinger", "vmap", "jit")
_SPELLED = dict.fromkeys(_CURRIED, "write ew.{0}(f)(x), not ew.{0}(f(x))") | {
    "jvp": "write ew.{0}(f, (x,), (t,))",
    "hvp": "write ew.{0}(f, x, v)",
    "primitive": "write @ew.{0}(...) above the definition of the function",
}


class Argument:
    """One differentiated argument, taken apart.

    Attributes:
        leaves: all its leaves, differentiable ones as NumPy values.
        tree: its structure.
        moving: positions of the differentiable leaves.
    """

    __slots__ = ("_f", "_place", "leaves", "moving", "tree", "whole")

    def __init__(self, value: Any, place: int | str, f: Callable[..., Any]) -> None:
        self._place, self._f = place, f
        self.whole = value
        self.moving = [0]
        kind = type(value)
        if kind is np.ndarray and value.dtype is FLOAT64 and value.ndim:
            self.leaves, self.tree = [value], BARE
            return
        if kind is float or kind is np.float64:
            self.leaves, self.tree = [np.float64(value)], BARE
            return
        label = self.label
        if isinstance(value, Traced) and value.mode.ended:
            raise escaped(f"{label} is a traced value whose transformation has ended")
        self.leaves, self.tree = flatten(value)
        if self.tree.bare:
            self.leaves = [_number(self.leaves[0], label)]
        else:
            self.moving.clear()
            for i, leaf in enumerate(self.leaves):
                if _is_differentiable(leaf):
                    self.moving.append(i)
                    self.leaves[i] = _number(leaf, label)
            if not self.moving:
                raise ArgumentError(
                    f"{label} has nothing to differentiate: no float or array of floats is in it",
                    "integers, booleans, strings and None inside a container are passed on as they are",
                    "write the numbers as floats: 3.0 for 3",
                )

    @property
    def label(self) -> str:
        """What messages call it."""
        place, name = self._place, name_of(self._f)
        return f"argument {place} of {name}" if isinstance(place, int) else f"{place}= of {name}"

    @property
    def values(self) -> list[Any]:
        """The differentiable leaves."""
        return [self.leaves[i] for i in self.moving]

    def with_values(self, values: Sequence[Any]) -> Any:
        """The argument with its differentiable leaves replaced."""
        if self.tree is BARE:
            return values[0]
        leaves = list(self.leaves)
        for i, value in zip(self.moving, values, strict=True):
            leaves[i] = value
        return self.tree.build(leaves)

    def structured(self, values: Sequence[Any]) -> Any:
        """Derivatives in the argument's structure; None stands at leaves that are not differentiable."""
        if self.tree is BARE:
            return values[0]
        leaves: list[Any] = [None] * len(self.leaves)
        for i, value in zip(self.moving, values, strict=True):
            leaves[i] = value
        return self.tree.build(leaves)


class Call:
    """A call of a user's function with some arguments singled out."""

    __slots__ = ("_args", "_kwargs", "arguments", "f", "places", "single")

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums) -> None:
        tell_pint(TRACED)
        self.f = f
        self._args, self._kwargs = list(args), dict(kwargs)
        wanted, self.single = wanted_of(argnums)
        self.places = [self._place(n) for n in wanted]
        if len(self.places) > 1 and len(set(self.places)) != len(self.places):
            raise ArgumentError(
                f"argnums={argnums!r} names an argument twice",
                "each argument has one derivative",
                "name each argument once",
            )
        self.arguments = [Argument(self._get(p), p, f) for p in self.places]

    @property
    def values(self) -> list[Any]:
        """All differentiable leaves, argument after argument."""
        return [a.leaves[i] for a in self.arguments for i in a.moving]

    def run(self, values: Sequence[Any]) -> Any:
        """Call the function with these values in place of the differentiable leaves; what it stores is its own."""
        args, kwargs = list(self._args), dict(self._kwargs)
        values = [fixed(v) if type(v) in TRACED else v.copy() if type(v) is np.ndarray else v for v in values]
        for place, argument, own in zip(self.places, self.arguments, self._shared_out(values), strict=True):
            new = argument.with_values(own)
            if isinstance(place, int):
                args[place] = new
            else:
                kwargs[place] = new
        return run(self.f, args, kwargs)

    def structured(self, values: Sequence[Any]) -> Any:
        """Derivatives in the structure of the arguments: bare for a single argnum, else a tuple."""
        parts = [a.structured(own) for a, own in zip(self.arguments, self._shared_out(values), strict=True)]
        return parts[0] if self.single else tuple(parts)

    def _shared_out(self, values: Sequence[Any]) -> list[Sequence[Any]]:
        """The values that belong to each argument."""
        if len(self.arguments) == 1:
            return [values]
        rest = iter(values)
        return [[next(rest) for _ in a.moving] for a in self.arguments]

    def _place(self, wanted: int | str) -> int | str:
        count = len(self._args)
        if isinstance(wanted, int) and -count <= wanted < count:
            return wanted % count
        if isinstance(wanted, str) and wanted in self._kwargs:
            return wanted
        names = _parameters(self.f)
        if isinstance(wanted, str) and wanted in names and names.index(wanted) < count:
            return names.index(wanted)
        if isinstance(wanted, int) and 0 <= wanted < len(names) and names[wanted] in self._kwargs:
            return names[wanted]
        given = f"{count} positional argument{'s' * (count != 1)}"
        if self._kwargs:
            given += f" and {', '.join(self._kwargs)}="
        raise ArgumentError(
            f"{name_of(self.f)} was called without the argument that argnums={wanted!r} names",
            f"the call has {given}",
            "pass that argument, or change argnums",
        )

    def _get(self, place: int | str) -> Any:
        return self._args[place] if isinstance(place, int) else self._kwargs[place]


def wanted_of(argnums: Any) -> tuple[list[int | str], bool]:
    """Argnums as a list, and whether it was a single one.

    Raises:
        ArgumentError: it names no argument. A transformation that returns a function asks at once: ``grad(f, x)`` would
            be a function too, and the user takes it for a gradient.
    """
    if type(argnums) is int:
        return [argnums], True
    single = isinstance(argnums, str) or not hasattr(argnums, "__len__")
    wanted: list[Any] = [argnums] if single else list(argnums)
    for i, one in enumerate(wanted):
        if isinstance(one, int | np.integer) and not isinstance(one, bool):
            wanted[i] = operator.index(one)
        elif not isinstance(one, str):
            raise ArgumentError(
                f"argnums is {a_kind(argnums) if hasattr(argnums, 'dtype') else repr(argnums)}",
                "it names arguments, which go to the function that comes back",
                "write ew.grad(f)(x), or ew.grad(f, argnums=0)(x) with a position, a name, or a tuple of them",
            )
    if not wanted:
        raise ArgumentError(f"argnums is {argnums!r}", "it names no argument", "name at least one: argnums=0")
    return wanted, single


def _parameters(f: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return []


def _kind(value: Any) -> str:
    """The kind of numbers in an array; "" for what is none, such as a module or a class with a ``dtype``."""
    dtype = getattr(value, "dtype", None)
    return dtype.kind if isinstance(dtype, np.dtype) else ""


def _is_differentiable(leaf: Any) -> bool:
    if isinstance(leaf, bool | int | str | bytes | None):
        return False
    if isinstance(leaf, float | complex):
        return True
    kind = _kind(leaf)
    return kind in "fc" or (kind == "O" and _holds_traced(leaf))


def _holds_traced(value: Any) -> bool:
    return isinstance(value, np.ndarray) and any(isinstance(e, Traced) for e in value.flat)


def _number(value: Any, label: str) -> Any:
    """A differentiable leaf as a NumPy value; whole arguments that are integers become float64."""
    refuse_foreign(value, label, "")
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        value = value.view(np.ndarray)
    if isinstance(value, float | int) and not isinstance(value, bool | np.generic):
        return np.float64(value)
    if type(value) is complex:
        return np.complex128(value)
    value = gather_output(value)
    value = with_dtype(value)
    kind = _kind(value)
    if kind in "iu" and kind:
        return value.astype(np.float64)
    if kind in "fc" and kind:
        return value if not isinstance(value, np.ndarray) or value.ndim else value[()]
    raise ArgumentError(
        f"{label} is {a_kind(value)}, which has no derivative",
        "edgewise differentiates floats, arrays of floats, and containers of them",
        "give its fields in a dictionary: {name: r[name] for name in r.dtype.names}"
        if fields_of(value)
        else "differentiate with respect to another argument (argnums=), or convert this one to a float array",
    )


def gather_output(leaf: Any) -> Any:
    """An output leaf, an object array of traced scalars and numbers made into one value."""
    if isinstance(leaf, np.ndarray) and leaf.dtype == object:
        try:
            return admit(leaf)
        except ArgumentError:  # of something else: the caller knows what to say
            return leaf
    return leaf


def outputs(result: Any, mode: Mode, f: Any) -> tuple[list[Any], Tree]:
    """The leaves of what a function returned, and its structure.

    Raises:
        EscapedError: a traced value of a transformation inside ``f`` was kept and returned.
    """
    leaves, tree = flatten(result)
    leaves = [gather_output(leaf) for leaf in leaves]
    for leaf in leaves:
        refuse_wrapped(leaf, TRACED)
        if isinstance(leaf, Traced) and (leaf.mode.ended or leaf.mode.level > mode.level):
            raise escaped(f"{name_of(f)} returned a traced value whose transformation has ended")
    return leaves, tree


def split_aux(result: Any, mode: Mode, f: Any) -> tuple[Any, Any]:
    """The value and what goes beside it, whose traced values are brought one level down.

    Raises:
        OutputError: the function did not return a pair.
    """
    if not isinstance(result, tuple) or len(result) != 2:
        raise OutputError(
            f"{name_of(f)} did not return a pair, and has_aux=True was given",
            "with has_aux=True the function returns (value, anything else)",
            "return value, aux",
        )
    leaves, tree = outputs(result[1], mode, f)
    return result[0], tree.build([_own(leaf, mode.lower(leaf)) for leaf in leaves])


def _own(leaf: Any, lowered: Any) -> Any:
    """A value for the user: a copy, where it is an array that the derivative may still need."""
    if lowered is leaf:
        return leaf
    return lowered.copy() if type(lowered) is np.ndarray else fixed(lowered) if type(lowered) in TRACED else lowered


def number_output(leaf: Any, f: Any, path: str = "", *, aux: bool = True) -> Any:
    """An output leaf that must be a number or an array.

    Args:
        leaf: the output.
        f: the user's function.
        path: where in the result it stands.
        aux: whether the transformation takes ``has_aux``.

    Raises:
        OutputError: it is neither.
    """
    if isinstance(leaf, Traced):
        return leaf
    if isinstance(leaf, float | int) and not isinstance(leaf, bool | np.generic):
        return np.float64(leaf)
    if type(leaf) is complex:
        return np.complex128(leaf)
    kind = _kind(leaf)
    refuse_foreign(leaf, f"what {name_of(f)} returned", "")
    if kind in "fciu" and kind:
        return leaf
    raise not_a_number(leaf, f, path, aux=aux)


def not_a_number(leaf: Any, f: Any, path: str = "", *, aux: bool = True) -> OutputError:
    """The error for an output that has no derivative."""
    place, name = f" (at {path})" if path else "", name_of(f)
    if _kind(leaf) == "b" or isinstance(leaf, bool):
        return OutputError(
            f"{name} returned {a_kind(leaf)}{place}",
            "the answer to a comparison has no derivative",
            "return a number" + "; the answer can go beside it with has_aux=True" * aux,
        )
    if inspect.iscoroutine(leaf):
        leaf.close()  # or Python would complain that nobody awaited it
    return OutputError(
        f"{name} returned {a_kind(leaf)}{place}" + (": is a return statement missing?" if leaf is None else ""),
        "only numbers and arrays have derivatives",
        "return the value" + "; other results can go beside it with has_aux=True" * aux,
    )


def finish(values: Sequence[Any], foreign: Sequence[Any] = ()) -> list[Any]:
    """Results for the user: scalars as NumPy scalars, arrays that he may write to and that share memory with nothing.

    Args:
        values: the results.
        foreign: arrays of the user's or of ours that a result must not be.
    """
    seen = {id(a) for a in foreign}
    done = []
    for value in values:
        if isinstance(value, Traced) and value.mode.ended:
            raise EscapedError(
                "a rule of a primitive used a traced value that is not among the arguments of its function",
                "rules run after the function has, and its derivative through that value would be lost",
                "make the value a positional parameter of the primitive, and give its rule",
            )
        if isinstance(value, Undetermined):
            value.refuse()
        if type(value) is np.ndarray:
            if not value.ndim:
                value = value[()]  # noqa: PLW2901  0-d arrays become scalars
            elif not (value.flags.owndata and value.flags.writeable) or id(value) in seen:
                value = value.copy()  # noqa: PLW2901  as promised
            seen.add(id(value))
        elif type(value) in TRACED:
            value = fixed(value)  # noqa: PLW2901  the same, one level up
        done.append(value)
    return done
