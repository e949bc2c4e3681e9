"""The registry: NumPy function -> how edgewise answers when that function meets a traced value.

The key is the function object itself. An entry is a plain callable with NumPy's own signature: for a primitive it
arranges operands and parameters and applies the primitive; for a composition it calls other NumPy functions.
``DECLARATIONS`` lists what was declared, for the laws and the coverage table.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from edgewise.core.forks import held_across_forks
from edgewise.errors import DeclarationError, NoRuleError, spelled_call, user_frame

__all__ = [
    "DECLARATIONS",
    "ENTRIES",
    "LATER",
    "OUT_AT",
    "STATIC_FROM",
    "UNCHECKED",
    "Declaration",
    "find",
    "load",
    "register",
    "spelling",
]


class Declaration(NamedTuple):
    """One row of the book: what the laws test and the coverage table prints.

    Attributes:
        function: the NumPy function (or one of edgewise's own).
        kind: the family's name, or "composition".
        samples: calls that show it, each a ``Case``.
        primitive: the primitive, None for a composition.
        oracle: where the laws take an independent derivative from: "complex" (complex step), "mpmath", or
            "difference" (central differences: exact for piecewise linear functions, last resort elsewhere),
            "symmetric" (the same along symmetric directions).
        note: its convention at kinks, in words.
        ragged: how many entries its result has, or which kind, depends on values, so a batch of it is refused.
        kink: where the note applies: a function that gives a mask. Its parameter names say what it needs: for a
            primitive as in its rules (``x1``, ``y``, a static parameter), for a composition as in NumPy's signature.
    """

    function: Callable[..., Any]
    kind: str
    samples: Sequence[Any]
    primitive: Any = None
    oracle: str = "complex"
    note: str = ""
    ragged: bool = False
    kink: Callable[..., Any] | None = None


ENTRIES: dict[Callable[..., Any], Callable[..., Any]] = {}
# Per function: how many leading parameters may be traced, and their names; None where every one may.
STATIC_FROM: dict[Callable[..., Any], tuple[int, frozenset[str]]] = {}
OUT_AT: dict[Callable[..., Any], int] = {}  # where NumPy's signature has ``out``, which is always refused
UNCHECKED: dict[Callable[..., Any], int] = {}  # how many positional arguments are beyond both: no call needs to look
DECLARATIONS: dict[Callable[..., Any], Declaration] = {}
LATER: list[Callable[[], object]] = []  # what fills the registry, before the first operation and not at import
_loading = threading.RLock()


def load() -> None:
    """Fill the registry, where that has not been done yet. Other threads wait until it is whole."""
    held_across_forks(_loading)  # or a child would have half of it
    with _loading:
        for fill in LATER:
            fill()
        LATER.clear()


def register(
    declaration: Declaration,
    entry: Callable[..., Any],
    operands: tuple[str, ...] | None = None,
    spelled: Callable[..., Any] | None = None,
) -> None:
    """Enter one declaration.

    Args:
        declaration: the row.
        entry: a callable with NumPy's signature.
        operands: names of the leading parameters that may be traced, and after a "*" of those that may be where they
            are given by name; all others are static. None: all may be.
        spelled: the function whose parameters, after a first one, are NumPy's, where those of the entry are not.

    Raises:
        DeclarationError: the function is declared already, or the row has no samples.
    """
    function = declaration.function
    if function in DECLARATIONS:
        raise DeclarationError(f"{spelling(function)} is declared twice", where="")
    if not declaration.samples:
        raise DeclarationError(f"{spelling(function)} is declared without samples", where="")
    DECLARATIONS[function] = declaration
    ENTRIES[function] = entry
    code = getattr(spelled or entry, "__code__", None)
    parameters = code.co_varnames[spelled is not None : code.co_argcount] if code is not None else ()
    if "out" in parameters:
        OUT_AT[function] = parameters.index("out")
    if operands is not None:
        leading = operands.index("*") if "*" in operands else len(operands)
        STATIC_FROM[function] = (leading, frozenset(operands))
    UNCHECKED[function] = min(OUT_AT.get(function, sys.maxsize), STATIC_FROM.get(function, (sys.maxsize,))[0])


def find(function: Callable[..., Any]) -> Callable[..., Any]:
    """The entry of a function, or the error that says it has none."""
    entry = ENTRIES.get(function)
    if entry is None:
        name = spelling(function)
        if "." not in name:  # a ufunc of no module's: as the user's line calls it
            name = spelled_call(user_frame()) or name
        raise NoRuleError(
            f"{name} has no derivative rule",
            "edgewise differentiates only what is declared, and never guesses",
            "write it with operations that have one, or wrap the call with @ew.primitive and give its rule"
            + (f"; {name}(ew.value(t)) takes it for a constant" if name.replace(".", "").isidentifier() else ""),
        )
    return entry


def spelling(function: Callable[..., Any]) -> str:
    """How a user writes ``function``.

    >>> spelling(np.sum), spelling(np.linalg.norm), spelling(np.add), spelling(np.add.reduce)
    ('np.sum', 'np.linalg.norm', 'np.add', 'np.add.reduce')
    """
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{spelling(owner)}.{name}"
    if isinstance(function, np.ufunc):
        special = sys.modules.get("scipy.special")
        known = {"np": np, "scipy.special": special}.items()
        return next((f"{at}.{name}" for at, module in known if getattr(module, name, None) is function), name)
    module = getattr(function, "__module__", None) or ""
    if module.startswith("numpy"):
        return f"{module.replace('numpy.lib.scimath', 'np.emath').replace('numpy', 'np', 1)}.{name}"
    return f"ew.{name}" if module.startswith("edgewise") else name
