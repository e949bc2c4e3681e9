"""The border between a user's function and a mode: which arguments are differentiated, and what came out.

``Call`` picks the arguments that ``argnums`` names, takes them apart, and calls the function with traced values in
their place. ``outputs`` takes the result apart, gathers object arrays, and refuses what has outlived its
transformation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from edgewise.containers import Tree, flatten, paths
from edgewise.core.foreign import refuse_wrapped, tell_pint, with_dtype
from edgewise.core.mode import Mode
from edgewise.core.traced import TRACED, Traced, admit
from edgewise.errors import ArgumentError, ConversionError, EscapedError, ForeignArrayError, NotYetError, OutputError

__all__ = ["Argnums", "Argument", "Call", "finish", "gather_output", "name_of", "outputs"]

Argnums = int | str | Sequence[int | str]


def name_of(f: Any) -> str:
    """What messages call a user's function."""
    return getattr(f, "__name__", None) or type(f).__name__


class Argument:
    """One differentiated argument, taken apart.

    Attributes:
        leaves: all its leaves, differentiable ones as NumPy values.
        tree: its structure.
        moving: positions of the differentiable leaves.
    """

    __slots__ = ("label", "leaves", "moving", "tree", "whole")

    def __init__(self, value: Any, label: str) -> None:
        self.label = label
        self.whole = value
        self.leaves, self.tree = flatten(value)
        if self.tree.bare:
            self.leaves = [_number(self.leaves[0], label)]
            self.moving = [0]
        else:
            self.moving = []
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
    def values(self) -> list[Any]:
        """The differentiable leaves."""
        return [self.leaves[i] for i in self.moving]

    def with_values(self, values: Sequence[Any]) -> Any:
        """The argument with its differentiable leaves replaced."""
        leaves = list(self.leaves)
        for i, value in zip(self.moving, values, strict=True):
            leaves[i] = value
        return self.tree.build(leaves)

    def structured(self, values: Sequence[Any]) -> Any:
        """Derivatives in the argument's structure; None stands at leaves that are not differentiable."""
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
        self.single = isinstance(argnums, int | str)
        wanted: Sequence[int | str] = (argnums,) if isinstance(argnums, int | str) else tuple(argnums)
        self.places = [self._place(n) for n in wanted]
        self.arguments = [Argument(self._get(p), self._label(p)) for p in self.places]

    @property
    def values(self) -> list[Any]:
        """All differentiable leaves, argument after argument."""
        return [v for a in self.arguments for v in a.values]

    def run(self, values: Sequence[Any]) -> Any:
        """Call the function with these values in place of the differentiable leaves."""
        args, kwargs = list(self._args), dict(self._kwargs)
        rest = iter(values)
        for place, argument in zip(self.places, self.arguments, strict=True):
            new = argument.with_values([next(rest) for _ in argument.moving])
            if isinstance(place, int):
                args[place] = new
            else:
                kwargs[place] = new
        try:
            return self.f(*args, **kwargs)
        except TypeError as error:
            ours = _mixed_object_array(error)
            if ours is None:
                raise
            raise ours from error

    def structured(self, values: Sequence[Any]) -> Any:
        """Derivatives in the structure of the arguments: bare for a single argnum, else a tuple."""
        rest = iter(values)
        parts = tuple(a.structured([next(rest) for _ in a.moving]) for a in self.arguments)
        return parts[0] if self.single else parts

    def _place(self, wanted: int | str) -> int | str:
        if isinstance(wanted, bool) or not isinstance(wanted, int | str):
            raise ArgumentError(
                f"argnums is {wanted!r}", "it names arguments", "give an int, a name, or a tuple of them"
            )
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

    def _label(self, place: int | str) -> str:
        return f"argument {place} of {name_of(self.f)}" if isinstance(place, int) else f"{place}= of {name_of(self.f)}"


def _parameters(f: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return []


def _is_differentiable(leaf: Any) -> bool:
    if isinstance(leaf, bool | int | str | bytes | None):
        return False
    if isinstance(leaf, float | complex):
        return True
    kind = getattr(getattr(leaf, "dtype", None), "kind", "")
    return kind in "fc" or (kind == "O" and _holds_traced(leaf))


def _holds_traced(value: Any) -> bool:
    return isinstance(value, np.ndarray) and any(isinstance(e, Traced) for e in value.flat)


def _number(value: Any, label: str) -> Any:
    """A differentiable leaf as a NumPy value; whole arguments that are integers become float64."""
    if isinstance(value, np.matrix | np.ma.MaskedArray):
        name = "np.matrix" if isinstance(value, np.matrix) else "a masked array"
        raise ForeignArrayError(
            f"{label} is {name}",
            "its arithmetic is not that of NumPy arrays, so a derivative would be wrong",
            "convert it first: np.asarray(m)" if isinstance(value, np.matrix) else "fill it first: m.filled(value)",
        )
    if isinstance(value, float | int) and not isinstance(value, bool | np.generic):
        return np.float64(value)
    if isinstance(value, complex):
        value = np.complex128(value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = admit(value)
    value = with_dtype(value)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "c":
        raise NotYetError(
            f"{label} is complex",
            "derivatives of complex numbers need the conjugate parts of every map, which are not written yet",
            "pass the real and imaginary parts as two real arguments",
        )
    if kind in "iu" and kind:
        return value.astype(np.float64)
    if kind == "f":
        return value if not isinstance(value, np.ndarray) or value.ndim else value[()]
    what = f"a {type(value).__name__}" + (f" of dtype {value.dtype}" if kind else "")
    raise ArgumentError(
        f"{label} is {what}, which has no derivative",
        "edgewise differentiates floats, arrays of floats, and containers of them",
        "differentiate with respect to another argument (argnums=), or convert this one to a float array",
    )


def gather_output(leaf: Any) -> Any:
    """An output leaf with object arrays of traced scalars made into one traced value."""
    return admit(leaf) if isinstance(leaf, np.ndarray) and leaf.dtype == object and _holds_traced(leaf) else leaf


def outputs(result: Any, mode: Mode, f: Any) -> tuple[list[Any], Tree]:
    """The leaves of what a function returned, and its structure.

    Raises:
        EscapedError: a traced value of a transformation inside ``f`` was kept and returned.
    """
    leaves, tree = flatten(result)
    leaves = [gather_output(leaf) for leaf in leaves]
    for leaf in leaves:
        refuse_wrapped(leaf, TRACED)
        if isinstance(leaf, Traced) and leaf.mode.level > mode.level:
            raise EscapedError(
                f"{name_of(f)} returned a traced value of a transformation that had ended inside it",
                "its derivative can no longer be followed",
                "return it from the inner function instead, through has_aux=True for instance",
            )
    return leaves, tree


def number_output(leaf: Any, f: Any, path: str = "") -> Any:
    """An output leaf that must be a number or an array.

    Raises:
        OutputError: it is neither.
    """
    if isinstance(leaf, Traced):
        return leaf
    if isinstance(leaf, float | int) and not isinstance(leaf, bool | np.generic):
        return np.float64(leaf)
    kind = getattr(getattr(leaf, "dtype", None), "kind", "")
    if kind in "fiub" and kind:
        return leaf
    if kind == "c" or isinstance(leaf, complex):
        raise NotYetError(
            f"{name_of(f)} returned a complex value", "complex numbers are not differentiated yet", "return real values"
        )
    what = (
        "None: is a return statement missing?" if leaf is None else f"a {type(leaf).__name__}, not a number or an array"
    )
    raise OutputError(
        f"{name_of(f)} returned {what}" + (f" (at {path})" if path else ""),
        "only numbers and arrays have derivatives",
        "return the value; other results can go beside it with has_aux=True",
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
        if type(value) is np.ndarray:
            if not value.ndim:
                value = value[()]  # noqa: PLW2901  0-d arrays become scalars
            elif not (value.flags.owndata and value.flags.writeable) or id(value) in seen:
                value = value.copy()  # noqa: PLW2901  as promised
            seen.add(id(value))
        done.append(value)
    return done


def leaf_path(value: Any, index: int) -> str:
    """How the leaf number ``index`` of a container is reached."""
    return paths(value)[index]


def _mixed_object_array(error: TypeError) -> Exception | None:
    """Our error for NumPy's complaint about an object array that mixes traced values and numbers."""
    text = str(error)
    if "has no callable" not in text or isinstance(error, ConversionError):
        return None
    function = text.split("no callable ")[1].split(" ", maxsplit=1)[0]
    frame = error.__traceback__
    last = None
    while frame is not None:
        last, frame = frame, frame.tb_next
    where = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last is not None else ""
    return ConversionError(
        f"np.{function} was applied to an object array that mixes traced values and ordinary numbers",
        "np.array([...]) of traced and ordinary numbers is an array of Python objects, on which NumPy calls methods",
        "build the array with ew.stack([...]), which makes one traced array",
        _short(where),
    )


def _short(where: str) -> str:
    from edgewise.errors import shorten  # noqa: PLC0415  only on the way to an error

    return shorten(where)
