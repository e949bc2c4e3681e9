"""The arguments of a function that is looked into: which are differentiated, and what they are called."""

from __future__ import annotations

import inspect
from typing import Any

from edgewise.containers import paths
from edgewise.errors import ArgumentError, ConversionError, ForeignArrayError, StaticRoleError
from edgewise.transforms.border import Argnums, Argument, Call, name_of

__all__ = ["argument_names", "leaf_names", "numbers", "run"]


def run(call: Call, values: list[Any], chosen: bool) -> Any:
    """Call the function. Where an integer that was to stay one is the trouble, say how to keep it.

    Args:
        call: the call.
        values: the differentiated leaves.
        chosen: whether nobody said which arguments to differentiate.
    """
    try:
        return call.run(values)
    except (StaticRoleError, ConversionError) as error:
        whole = [a for a in call.arguments if isinstance(a.whole, int)]
        if not chosen or not whole or len(whole) == len(call.arguments):
            raise
        kept = [p for p, a in zip(call.places, call.arguments, strict=True) if a not in whole]
        raise type(error)(
            error.what,
            "every number among the arguments is differentiated here, integers too",
            f"name those that should be: argnums={tuple(kept)}",
            error.where,
        ) from error


def numbers(f: Any, args: tuple[Any, ...], name: str) -> Argnums:
    """The arguments that can be differentiated, as argnums."""
    found, foreign = [], None
    for i, arg in enumerate(args):
        try:
            Argument(arg, i, f)
        except ForeignArrayError as error:
            foreign = error
        except ArgumentError:
            continue
        else:
            found.append(i)
    if not found and foreign is not None:
        raise foreign
    if not found:
        raise ArgumentError(
            f"{name_of(f)} was given nothing to differentiate",
            "there is no number and no array of numbers among its arguments",
            f"give the arguments after the function, such as 3.0 and 2.0 in ew.{name}(f, 3.0, 2.0)",
        )
    return tuple(found) if len(found) > 1 else found[0]


def argument_names(call: Call) -> list[str]:
    """What the function calls its positional arguments."""
    try:
        parameters = list(inspect.signature(call.f).parameters.values())
    except (TypeError, ValueError):  # a builtin
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "")
    count = 1 + max((p for p in call.places if isinstance(p, int)), default=-1)
    extra = [f"{rest}[{i}]" if rest else f"x{len(names) + i + 1}" for i in range(count - len(names))]
    return [*names, *extra]


def leaf_names(call: Call) -> list[str]:
    """The name of each differentiated leaf: its argument's, and the way into it."""
    names: list[str] = []
    for place, argument in zip(call.places, call.arguments, strict=True):
        name = argument_names(call)[place] if isinstance(place, int) else place
        inside = paths(argument.whole)
        names += [name + (inside[i] if len(inside) > i else f"[{i}]") for i in argument.moving]
    return names
