"""The page "What is covered", from what is declared and measured when the site is built; no row is written by hand.

``testing.coverage`` says what comes of each public function of NumPy, by running its samples; ``DECLARATIONS`` says
what its derivative is held against. On a page, ``{coverage-count}`` becomes a sentence, ``{differentiated} module`` a
table, ``{coverage-rest} module`` the lists of what has the derivative zero, none, or none yet, and
``{coverage-elsewhere}`` what is declared of other modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import edgewise  # noqa: F401  says what fills the registry
from edgewise.core.registry import DECLARATIONS, load, spelling
from edgewise.testing.coverage import MODES, Row, counts, coverage

load()

ORACLES = {
    "complex": "complex\N{NO-BREAK SPACE}step",
    "difference": "differences",
    "symmetric": "symmetric differences",
}  # others are called by their names
TITLES = ("function", "family", "modes", "held\N{NO-BREAK SPACE}against", "convention")


def differentiated(module: str) -> Iterator[tuple[str, str, str, str, str]]:
    """The rows of a module that carry a derivative, in alphabetical order. A ufunc's methods stand in its row."""
    held = {spelling(function): ORACLES.get(row.oracle, row.oracle) for function, row in DECLARATIONS.items()}
    methods = [row.name for row in coverage() if row.module == "ufunc" and row.status == "differentiated"]
    for row in of_status(module, "differentiated"):
        own = [name.removeprefix(f"{row.name}.") for name in methods if name.startswith(f"{row.name}.")]
        name = called(row) + (f", with {', '.join(f'`{m}`' for m in own)}" if own else "")
        modes = "all" if row.modes == MODES else ", ".join(row.modes)
        yield name, row.family, modes, held.get(row.name, "differences"), row.note


def rest(module: str) -> Iterator[str]:
    """What does not carry a derivative, in sentences: zeros, those without one and why, and those to come."""
    reasons: dict[str, list[str]] = {}
    for row in of_status(module, "no derivative"):
        reasons.setdefault(row.note, []).append(called(row))
    if zeros := [called(row) for row in of_status(module, "zero derivative")]:
        yield f"**The derivative is zero**, and the result an ordinary value: {', '.join(zeros)}."
    if reasons:
        yield "**No derivative**, since there is nothing to differentiate:"
        yield "\n".join(f"- {reason}: {', '.join(names)}" for reason, names in reasons.items())
    if coming := [called(row) for row in of_status(module, "not yet")]:
        yield f"**Not yet**, an error that names the function: {', '.join(coming)}."


def elsewhere() -> str:
    """What is declared of NumPy's other modules."""
    shown = {name for row in coverage() for name in (row.name, *row.aliases)}
    declared = {spelling(f) for f in DECLARATIONS if not isinstance(getattr(f, "__self__", None), np.ufunc)}
    found = sorted(name for name in declared - shown if name.startswith("np."))
    return f"Differentiated as well: {', '.join(f'`{name}`' for name in found)}." if found else "Nothing."


def of_status(module: str, status: str) -> list[Row]:
    """The rows of a module with a status, in alphabetical order."""
    return sorted((r for r in coverage() if (r.module, r.status) == (module, status)), key=lambda r: r.name.lower())


def called(row: Row) -> str:
    """All names of a function, as code."""
    return ", ".join(f"`{name}`" for name in (row.name, *row.aliases))


def sentence() -> str:
    """How much there is."""
    found = counts()
    return (
        f"Of {len(coverage())} functions and methods, {found['differentiated']} carry a derivative, "
        f"{found['zero derivative']} have the derivative zero, {found['no derivative']} have nothing to differentiate, "
        f"and {found['not yet']} are not there yet."
    )


def table(titles: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = tuple(titles)
    cells = (titles, tuple("---" for _ in titles), *lines)
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in cells)


class Generated(SphinxDirective):
    """A directive that becomes the Markdown which a function returns for its argument."""

    make: ClassVar[Callable[..., str]]

    def run(self) -> list[nodes.Node]:
        """The Markdown, read."""
        return self.parse_text_to_nodes(type(self).make(*self.arguments))


class Count(Generated):
    """``{coverage-count}``."""

    make = staticmethod(sentence)


class Elsewhere(Generated):
    """``{coverage-elsewhere}``."""

    make = staticmethod(elsewhere)


class Differentiated(Generated):
    """``{differentiated} module``."""

    required_arguments = 1
    make = staticmethod(lambda module: table(TITLES, differentiated(module)))


class Rest(Generated):
    """``{coverage-rest} module``."""

    required_arguments = 1
    make = staticmethod(lambda module: "\n\n".join(rest(module)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directives known to Sphinx."""
    app.add_directive("coverage-count", Count)
    app.add_directive("coverage-elsewhere", Elsewhere)
    app.add_directive("differentiated", Differentiated)
    app.add_directive("coverage-rest", Rest)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
