"""What a command is about: an expression, or a function of the user's, and the values it is called with."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.cli.expressions import Expression, normal, parse
from edgewise.cli.functions import similar
from edgewise.cli.problem import FAILED, CommandError, said
from edgewise.cli.values import Given, assignment

__all__ = ["Target", "is_function", "target_of"]

_FUNCTION = re.compile(r"[\w./\\~-]+:[^\W\d][\w.]*")


class Target(NamedTuple):
    """A function and a point.

    Attributes:
        f: the function.
        args: its arguments.
        names: what they are called.
        wrt: places of those that are differentiated.
        title: what it is called.
        text: the expression, "" for a function of the user's.
    """

    f: Callable[..., Any]
    args: tuple[Any, ...]
    names: tuple[str, ...]
    wrt: tuple[int, ...]
    title: str
    text: str

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the arguments that are differentiated."""
        return tuple(self.names[i] for i in self.wrt)


def is_function(text: str) -> bool:
    """Whether it is written like module:function or file.py:function.

    >>> is_function("model:loss"), is_function("src/model.py:loss"), is_function("x[1:2]")
    (True, True, False)
    """
    return _FUNCTION.fullmatch(text) is not None


def target_of(text: str, typed: Sequence[str], wrt: str | None = None) -> Target:
    """What was typed, as a function with arguments.

    Args:
        text: an expression, or module:function.
        typed: the values.
        wrt: names to differentiate by, parted by commas; None for all that can be.

    Raises:
        CommandError: there is something wrong with any of it.
    """
    given = [assignment(one) for one in typed]
    names = [g.name for g in given if g.name]
    for g in given:
        if names.count(g.name) > 1:
            raise CommandError(f"{g.name} is given twice")
    found = _of_function(text, given) if is_function(text) else _of_expression(text, given)
    return _choose(found, wrt)


def _of_expression(text: str, given: list[Given]) -> Target:
    for g in given:
        if not g.name:
            raise CommandError(f"{g.text} names no variable; write it like a=3", g.text, 0)
    values = {g.name: g for g in given}
    f: Expression = parse(text, values)
    for name, column in f.at.items():
        if name not in values:
            raise CommandError(f"missing value for: {name} (add {name}=1.0, for example)", text, column)
    for g in given:
        if g.name not in f.at:
            raise CommandError(f"there is no {g.name} in the expression{similar(g.name, f.names)}", g.text, 0)
    args = tuple(values[name].real for name in f.names)
    return Target(f, args, f.names, tuple(range(len(args))), text.strip(), text)


def _of_function(text: str, given: list[Given]) -> Target:
    place, _, name = text.rpartition(":")
    f = _load(place, name, text)
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):
        raise CommandError(f"{name} does not say what its parameters are; wrap it in a function that does") from None
    try:
        bound = signature.bind(*(g.value for g in given if not g.name), **{g.name: g.value for g in given if g.name})
    except TypeError as error:
        raise CommandError(f"{name}{_brief(signature)}: {said(error)}") from None
    words = bound.kwargs
    names = _names(signature, len(bound.args))
    return Target(_with(f, words) if words else f, bound.args, names, _floats(bound.args), name, "")


def _brief(signature: inspect.Signature) -> str:
    return f"({', '.join(signature.parameters)})"


def _names(signature: inspect.Signature, count: int) -> tuple[str, ...]:
    names: list[str] = []
    for p in signature.parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            names += [f"{p.name}[{i}]" for i in range(count - len(names))]
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            names.append(p.name)
    return tuple(names[:count])


def _with(f: Callable[..., Any], words: dict[str, Any]) -> Callable[..., Any]:
    def called(*args: Any) -> Any:
        return f(*args, **words)

    called.__name__ = getattr(f, "__name__", "f")
    called.__signature__ = inspect.signature(f)  # type: ignore[attr-defined]  # a function takes any attribute
    return called


def _floats(args: Sequence[Any]) -> tuple[int, ...]:
    """Those that are meant to be varied: a number without a point is a count."""
    return tuple(
        i
        for i, a in enumerate(args)
        if isinstance(a, float | complex) or getattr(a, "dtype", np.dtype(int)).kind in "fc"
    )


def _load(place: str, name: str, text: str) -> Callable[..., Any]:
    """The user's function. This runs the user's module."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = _file(place) if place.endswith(".py") else importlib.import_module(place)
    except CommandError:
        raise
    except ModuleNotFoundError as error:
        raise CommandError(f"there is no module {error.name}", text, 0) from None
    except (Exception, SystemExit) as error:  # the user's module may raise anything
        raise CommandError(
            f"{place} could not be imported: {type(error).__name__}: {said(error)}", code=FAILED
        ) from error
    for part in name.split("."):
        names = [n for n in dir(found) if not n.startswith("_")]
        if not hasattr(found, part):
            raise CommandError(f"{place} has no {part}{similar(part, names)}", text, len(place) + 1)
        found = getattr(found, part)
    if not callable(found):
        raise CommandError(f"{name} is a {type(found).__name__}, and no function", text, len(place) + 1)
    f: Callable[..., Any] = found
    return f


def _file(name: str) -> Any:
    if not os.path.isfile(name):
        raise CommandError(f"there is no file {name}")
    stem = os.path.basename(name)[:-3]
    spec = importlib.util.spec_from_file_location(stem, name)
    if spec is None or spec.loader is None:
        raise CommandError(f"{name} is no file of Python's")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(stem, module)
    folder = os.path.dirname(os.path.abspath(name))
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec.loader.exec_module(module)
    return module


def _choose(target: Target, wrt: str | None) -> Target:
    """The target with the arguments that --wrt names, integers among them as floats."""
    if wrt is None:
        return target
    args, places = list(target.args), []
    for name in (normal(part.strip()) for part in wrt.split(",")):
        if name not in target.names:
            raise CommandError(f"--wrt names {name or 'nothing'}; there is {', '.join(target.names) or 'no variable'}")
        place = target.names.index(name)
        if place in places:
            raise CommandError(f"--wrt names {name} twice")
        args[place] = Given(name, args[place], wrt).real
        places.append(place)
    return target._replace(args=tuple(args), wrt=tuple(places))
