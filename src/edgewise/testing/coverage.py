"""Which functions of the installed NumPy are differentiated, in which modes, and why the others are not.

``coverage()`` gives a ``Row`` for every public callable of ``numpy``, ``numpy.linalg``, ``numpy.fft`` and
``numpy.emath``, for every method and attribute of arrays, and for every method of ufuncs that has a declaration.
Nothing is claimed: each declaration's samples are run in each mode, here and now, and what a row says is what came of
it. ``counts`` sums them up, and ``markdown`` prints them.

What has a declaration is described by the registry; what has none, by ``testing.reasons``. A function in neither is
"not yet" (in ``numpy`` itself a test refuses that).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.registry import DECLARATIONS, Declaration, load, spelling
from edgewise.core.traced import Traced, TracedArray
from edgewise.errors import EdgewiseError
from edgewise.families.samples import case, grid
from edgewise.modes import Recorded
from edgewise.testing.reasons import METHOD_CALLS, METHOD_REASONS, REASONS, SCALAR_TYPE, THROUGH
from edgewise.testing.subject import Subject, output_leaves
from edgewise.transforms.batching import vmap
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad

__all__ = ["MODES", "STATUSES", "Row", "counts", "coverage", "markdown", "names"]

DIFFERENTIATED, ZERO, NONE, NOT_YET = STATUSES = (
    "differentiated",
    "zero derivative",
    "no derivative",
    "not yet",
)
MODES = ("forward", "reverse", "second order", "batched")
MODULES: dict[str, ModuleType] = {"numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft, "numpy.emath": np.emath}


class Row(NamedTuple):
    """What edgewise makes of one function.

    Attributes:
        module: ``"numpy"``, ``"numpy.linalg"``, ``"numpy.fft"``, ``"numpy.emath"``; ``"ndarray"`` for methods of
            arrays, ``"ufunc"`` for those of ufuncs.
        name: how a user writes it; the canonical name where there are several.
        aliases: its other names.
        status: one of ``STATUSES``.
        family: the kind of its declaration: a family of primitives, ``"composition"``, or ``"through NumPy"`` where
            NumPy's own body runs on traced values; empty where there is none.
        modes: the ``MODES`` that its samples came through, for a function that is differentiated.
        note: the convention at kinks, or the reason why there is no derivative.
    """

    module: str
    name: str
    aliases: tuple[str, ...]
    status: str
    family: str
    modes: tuple[str, ...]
    note: str


@functools.cache
def coverage() -> tuple[Row, ...]:
    """One row for every public callable of NumPy's. Takes a few seconds the first time.

    >>> rows = {row.name: row for row in coverage()}
    >>> rows["np.tanh"].status, rows["np.tanh"].family, rows["np.tanh"].modes
    ('differentiated', 'elementwise', ('forward', 'reverse', 'second order', 'batched'))
    >>> rows["np.argmax"].status, rows["np.blackman"].note
    ('zero derivative', 'makes an array from lengths alone')
    """
    load()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # functions that NumPy has deprecated are covered too
        return (*_functions(), *_methods(), *_ufunc_methods())


def names() -> Iterator[tuple[str, str, Any, tuple[str, ...]]]:
    """``(module, name, function, aliases)`` of every public callable: a function of several names comes once."""
    for module, namespace in MODULES.items():
        short = module.replace("numpy", "np", 1)
        spelled: dict[int, list[str]] = {}
        for attribute in sorted(dir(namespace)):
            found = getattr(namespace, attribute)
            if not attribute.startswith("_") and callable(found) and not isinstance(found, ModuleType):
                spelled.setdefault(id(found), []).append(attribute)
        for several in spelled.values():
            function = getattr(namespace, several[0])
            own = getattr(function, "__name__", several[0])
            first = own if own in several else several[0]
            others = tuple(f"{short}.{a}" for a in several if a != first)
            yield module, f"{short}.{first}", function, others


def counts(rows: Iterable[Row] | None = None) -> dict[str, int]:
    """How many functions have each status, and how many of those that are differentiated are so in each mode.

    >>> found = counts()
    >>> found["forward"] == found["reverse"] == found["second order"] == found["differentiated"]
    True
    """
    rows = coverage() if rows is None else tuple(rows)
    by_status = {status: sum(row.status == status for row in rows) for status in STATUSES}
    return by_status | {mode: sum(mode in row.modes for row in rows) for mode in MODES}


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table.

    >>> print(markdown([row for row in coverage() if row.name == "np.abs" or "np.abs" in row.aliases]))
    | function | derivative | family | modes | note |
    | --- | --- | --- | --- | --- |
    | `np.absolute`, `np.abs` | differentiated | elementwise | all | 0 at 0 |
    """
    lines = ["| function | derivative | family | modes | note |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        called = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
        modes = "all" if row.modes == MODES else ", ".join(row.modes)
        note = row.note.replace("|", "\\|")
        lines.append(f"| {called} | {row.status} | {row.family} | {modes} | {note} |")
    return "\n".join(lines)


# -- functions


def _functions() -> Iterator[Row]:
    for module, name, function, aliases in names():
        yield Row(module, name, aliases, *_classified(name, function, aliases))


def _classified(name: str, function: Any, aliases: tuple[str, ...]) -> tuple[str, str, tuple[str, ...], str]:
    declared = _declared(function)
    if declared is not None:
        return _measured(declared)
    for spelled in (name, *aliases):
        if spelled in THROUGH:
            shown = Declaration(THROUGH[spelled], "through NumPy", [case(grid(3, low=0.5))], None, "difference")
            return _measured(shown)
        if spelled in REASONS:
            return NONE, "", (), REASONS[spelled]
    if isinstance(function, type) and issubclass(function, np.generic):
        return NONE, "", (), SCALAR_TYPE
    return NOT_YET, "", (), ""


def _declared(function: Any) -> Declaration | None:
    try:
        return DECLARATIONS.get(function)
    except TypeError:  # without a hash: no function of NumPy's that could have a row
        return None


def _measured(declaration: Declaration) -> tuple[str, str, tuple[str, ...], str]:
    """What comes of running the samples."""
    calls = (sample if sample.wrt else case(*sample.args, **sample.kwargs) for sample in declaration.samples)
    subjects = [subject for call in calls if _carries(subject := Subject(declaration, call))]
    if not subjects:
        return ZERO, declaration.kind, (), declaration.note
    modes = tuple(mode for mode, run in _RUNS.items() if all(_comes_through(run, s) for s in subjects))
    note = declaration.note
    if "batched" not in modes:
        note = f"{note}; " * bool(note) + "the length or the kind of the result depends on values: no batch"
    return DIFFERENTIATED, declaration.kind, modes, note


def _carries(subject: Subject) -> bool:
    """Whether something differentiable comes out."""
    if not subject.leaves or not subject.smooth:
        return False
    with Recorded() as mode:
        made = output_leaves(subject.call(*(mode.lift(leaf) for leaf in subject.leaves)))
        return any(isinstance(np.asarray(y).reshape(-1)[:1].tolist()[0] if _boxed(y) else y, Traced) for y in made)


def _boxed(y: Any) -> bool:
    """Whether it is an object array with entries, as ``np.array([t])`` is."""
    return isinstance(y, np.ndarray) and y.dtype == object and bool(y.size)


def _forward(subject: Subject) -> None:
    jvp(subject, subject.leaves, [np.ones_like(leaf) for leaf in subject.leaves])


def _reverse(subject: Subject) -> None:
    _gradient(subject)(*subject.leaves)


def _second_order(subject: Subject) -> None:
    jvp(_gradient(subject), subject.leaves, [np.ones_like(leaf) for leaf in subject.leaves])


def _batched(subject: Subject) -> None:
    vmap(subject, 0)(*(np.stack([leaf, leaf]) for leaf in subject.leaves))


def _gradient(subject: Subject) -> Callable[..., Any]:
    weights = [np.ones_like(y) for y in subject(*subject.leaves)]
    return grad(subject.scalar(weights), tuple(range(len(subject.leaves))))


_RUNS: dict[str, Callable[[Subject], None]] = dict(
    zip(MODES, (_forward, _reverse, _second_order, _batched), strict=True)
)


def _comes_through(run: Callable[[Subject], None], subject: Subject) -> bool:
    try:
        run(subject)
    except (EdgewiseError, ArithmeticError, LookupError, TypeError, ValueError):
        return False
    return True


# -- methods


def _methods() -> Iterator[Row]:
    for attribute in dir(np.ndarray):
        if not attribute.startswith("_"):
            yield Row("ndarray", f"ndarray.{attribute}", (), *_method(attribute))


def _method(attribute: str) -> tuple[str, str, tuple[str, ...], str]:
    if attribute in METHOD_REASONS:
        return NONE, "", (), METHOD_REASONS[attribute]
    if not hasattr(TracedArray, attribute):
        return NOT_YET, "", (), ""

    def called(x: Any) -> Any:
        found = getattr(x, attribute)
        made = found(*METHOD_CALLS.get(attribute, ())) if callable(found) else found
        return np.array(made) if attribute in ("flat", "tolist") else made

    called.__name__ = f"ndarray.{attribute}"
    row = _declared(getattr(np, attribute, None))
    sample = case(np.arange(4.0) if attribute == "searchsorted" else grid(3, 4))
    return _measured(Declaration(called, row.kind if row else "method", [sample], None, "difference"))


def _ufunc_methods() -> Iterator[Row]:
    for function, declaration in DECLARATIONS.items():
        if isinstance(getattr(function, "__self__", None), np.ufunc):
            yield Row("ufunc", spelling(function), (), *_measured(declaration))
