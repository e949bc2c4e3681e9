"""The page "What is covered", from the registry: a row there is a row here, and nothing is written by hand.

``{coverage-table} numpy`` on a page becomes the table of that module's declarations; ``{coverage-absent} numpy`` lists
its public functions that have none, each with the reason; ``{coverage-count}`` says how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import edgewise  # noqa: F401  fills the registry
from edgewise.core.registry import DECLARATIONS, Declaration, spelling

MODULES = {"numpy": "np.", "numpy.linalg": "np.linalg.", "numpy.fft": "np.fft.", "edgewise": "ew."}
METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")
ORACLES = {
    "complex": "complex step",
    "mpmath": "mpmath",
    "difference": "differences",
}


def module_of(function: Callable[..., Any]) -> str:
    """The module whose table a function belongs to: that of the longest prefix of its spelling."""
    name = spelling(function)
    return max((m for m in MODULES if name.startswith(MODULES[m])), key=lambda m: len(MODULES[m]), default="numpy")


def is_method(function: Callable[..., Any]) -> bool:
    """Whether a function is a method of a ufunc, ``np.add.reduce``: it stands in the row of its ufunc."""
    return isinstance(getattr(function, "__self__", None), np.ufunc)


def modes(row: Declaration) -> str:
    """In which modes a declaration works, in words; the laws in tests/laws hold it there."""
    if row.kind == "zero":
        return "all; the derivative ends here"
    return "forward, reverse; no batches, the result's length depends on values" if row.ragged else "all"


def rows(module: str) -> list[tuple[str, str, str, str, str]]:
    """The declarations of a module: function, family, modes, oracle and convention, in alphabetical order."""
    found = []
    for function, row in DECLARATIONS.items():
        if module_of(function) != module or is_method(function):
            continue
        methods = [m for m in METHODS if getattr(function, m, None) in DECLARATIONS] if row.kind != "composition" else []
        name = f"`{spelling(function)}`" + (f" and its {', '.join(f'`{m}`' for m in methods)}" if methods else "")
        found.append((name, row.kind, modes(row), ORACLES[row.oracle], row.note))
    return sorted(found, key=lambda r: r[0].lower())


def absent(module: str) -> list[tuple[str, str]]:
    """The public functions of a NumPy module that have no row, each with the reason."""
    return []


def table(titles: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = tuple(titles)
    head = [titles, tuple("---" for _ in titles)]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |" for cells in (*head, *lines))


class Table(SphinxDirective):
    """``{coverage-table} module``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        text = table(("function", "family", "modes", "held against", "convention"), rows(self.arguments[0]))
        return self.parse_text_to_nodes(text)


class Absent(SphinxDirective):
    """``{coverage-absent} module``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        found = absent(self.arguments[0])
        return self.parse_text_to_nodes(table(("function", "why it has no derivative"), found) if found else "None.")


class Count(SphinxDirective):
    """``{coverage-count}``."""

    def run(self) -> list[nodes.Node]:
        """One sentence."""
        kinds = Counter("zero" if r.kind == "zero" else r.primitive is None for r in DECLARATIONS.values())
        return self.parse_text_to_nodes(
            f"{sum(kinds.values())} functions and ufunc methods are declared: {kinds[False]} with a rule of their own, "
            f"{kinds[True]} as compositions of others, and {kinds['zero']} as having no derivative."
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known to Sphinx."""
    app.add_directive("coverage-table", Table)
    app.add_directive("coverage-absent", Absent)
    app.add_directive("coverage-count", Count)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
