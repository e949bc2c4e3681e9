"""Bad arguments: calls that NumPy refuses must be refused, and by the same type of exception or one of ours."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.registry import DECLARATIONS, Declaration, load, spelling
from edgewise.errors import EdgewiseError
from edgewise.families.samples import Case
from edgewise.transforms.operator import vjp

__all__ = ["Misuse", "misuse"]

OPTIONS = (
    "axis",
    "keepdims",
    "dtype",
    "mode",
    "ord",
    "method",
    "side",
    "kind",
    "order",
    "axes",
    "n",
    "norm",
    "decimals",
)
VALUES: list[Any] = [
    99, -99, 1.5, "nonsense", (0, 0), (0, 99), None, [], (), -1, np.array([0, 1]), "float32", "i8", 2.0, True, object(),
]  # fmt: skip


class Misuse(NamedTuple):
    """A call that is refused otherwise than by NumPy.

    Attributes:
        seed: what makes it.
        call: as text.
        theirs, ours: the exceptions, None where there is none.
    """

    seed: int
    call: str
    theirs: Exception | None
    ours: Exception | None

    def __str__(self) -> str:
        def told(error: Exception | None) -> str:
            return "no error" if error is None else f"{type(error).__name__}({error})"

        return f"{self.call}: {told(self.theirs)} on plain arrays, {told(self.ours)} on traced ones"


def misuse(seeds: Iterator[int] | range) -> Iterator[Misuse | None]:
    """Call functions of the registry with one argument spoiled; per seed the difference, None where there is none."""
    load()
    rows = [
        (row, sample)
        for row in DECLARATIONS.values()
        if spelling(row.function).startswith("np.")
        for sample in row.samples
        if sample.wrt
    ]
    for seed in seeds:
        rng = np.random.default_rng(seed)
        row, sample = rows[rng.choice(len(rows))]
        yield _compare(seed, row, *_spoiled(rng, sample))


def _spoiled(rng: np.random.Generator, sample: Case) -> tuple[list[Any], dict[str, Any], list[int], str]:
    """The arguments of a sample, one of them spoiled; which are still differentiated; and what was done."""
    args, kwargs, wrt = list(sample.args), dict(sample.kwargs), list(sample.wrt)
    how = rng.choice(["option", "shape", "extra", "missing", "static", "dtype", "type"])
    value = VALUES[rng.choice(len(VALUES))]
    at = int(rng.choice(wrt))
    if how == "option":
        kwargs[str(rng.choice([*OPTIONS, *kwargs, "nonsense"]))] = value
    elif how == "shape" and not isinstance(args[at], list | tuple):
        shape = [(7,), (2, 3), (0,), (), (2, 2, 2), (3, 1)][rng.choice(6)]
        args[at] = np.resize(np.asarray(args[at], float), shape) if np.size(args[at]) else np.zeros(shape)
    elif how == "extra":
        args.append(value)
    elif how == "missing" and len(args) > 1:
        del args[-1]
    elif how == "static" and len(args) > len(wrt):
        free = [i for i in range(len(args)) if i not in wrt]
        args[int(rng.choice(free))] = value
    elif how == "dtype":
        kwargs["dtype"] = [np.int64, "complex64", "nonsense", bool, np.float32][rng.choice(5)]
    elif len(wrt) > 1:
        wrt.remove(at)
        args[at] = value
    wrt = [i for i in wrt if i < len(args)]
    return args, kwargs, wrt, str(how)


def _compare(seed: int, row: Declaration, args: list[Any], kwargs: dict[str, Any], wrt: list[int], how: str) -> Any:
    taken = [i for i in wrt if _is_number(args[i])]
    if not taken:
        return None
    outcome: list[Any] = []

    def call(*point: Any) -> Any:
        given = list(args)
        for i, value in zip(taken, point, strict=True):
            given[i] = value
        outcome.append(None)
        found = row.function(*given, **kwargs)
        outcome[-1] = found
        return 0.0

    point = [np.asarray(args[i], float)[()] for i in taken]
    theirs = _refusal(lambda: call(*point))
    ours = _refusal(lambda: vjp(call, *point))
    if theirs is None:
        good = ours is None or isinstance(ours, EdgewiseError)
    else:
        good = isinstance(ours, type(theirs) | EdgewiseError) or (ours is not None and isinstance(theirs, type(ours)))
    if good:
        return None
    parts = [repr(a) for a in args] + [f"{k}={v!r}" for k, v in kwargs.items()]
    text = " ".join(f"{spelling(row.function)}({', '.join(parts)})".split())
    return Misuse(seed, text, theirs, ours)


def _is_number(value: Any) -> bool:
    return isinstance(value, float | np.ndarray) and np.asarray(value).dtype.kind == "f"


def _refusal(call: Callable[[], Any]) -> Exception | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            call()
        except Exception as error:  # noqa: BLE001  which one it is, is the question
            return error
    return None
