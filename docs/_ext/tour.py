"""Pages that compute what they say: the examples run when the site is built, and the text shows what came of them.

On a page that uses one of these, every ``pycon`` block is run, in order and in one session, and held against the output
that is written under it; a difference is a warning, and with that the end of the build. Between the blocks stand

* ``{run}`expression` ``, which becomes the value of the expression at that place, so that no number is typed by hand,
* ``{picture} expression``, the graph of an explanation as a drawing; ``:partials:`` leaves out what flows on it,
* ``{step-through} expression``, its page to step through, in a frame that may run its own script and nothing else, and
* ``{slope} Slope(...)``, a function and its tangent (``curve``).

Start with ``Run``, which walks over a page once it is read. Nothing is asked of other sites.
"""

from __future__ import annotations

import contextlib
import doctest
import html
import io
import linecache
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import curve
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from edgewise.explain import svg

LOG = logging.getLogger(__name__)
LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class computed(nodes.General, nodes.Element):  # noqa: N801  docutils calls the classes of its nodes so
    """A place where something computed is to stand: its ``expression``, and what is ``made`` of the value."""


class Session:
    """The names of one page.

    Attributes:
        names: what the examples have defined so far.
    """

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self._count = 0

    def run(self, text: str) -> Iterator[str]:
        """Run the examples in a block, and say what differs from what is written there."""
        for example in doctest.DocTestParser().get_examples(text):
            self._count += 1
            name = f"<example {self._count}>"
            lines = example.source.splitlines(keepends=True)
            linecache.cache[name] = (len(example.source), None, lines, name)  # explain shows the lines it told of
            with contextlib.redirect_stdout(io.StringIO()) as said:
                exec(compile(example.source, name, "single"), self.names)
            if not doctest.OutputChecker().check_output(example.want, said.getvalue(), LIKE):
                yield f"{example.source.rstrip()}\ngives\n{said.getvalue()}and not\n{example.want}"

    def value(self, expression: str) -> Any:
        """The value of an expression at this place."""
        return eval(expression, self.names | {"Slope": curve.Slope})


def spelled(value: Any) -> str:
    """A value as the text shows it: six digits, thousands apart, a true minus sign.

    >>> spelled("as it is"), spelled(1099511627776), spelled(-0.1234567)
    ('as it is', '1 099 511 627 776', '−0.123457')
    """
    if isinstance(value, str):
        return value
    text = f"{value:,d}" if isinstance(value, int) else f"{float(value):,.6g}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "\N{MINUS SIGN}")


class Run(SphinxTransform):
    """Run a page from top to bottom."""

    default_priority = 400  # before the examples are trimmed for readers

    def apply(self, **kwargs: Any) -> None:
        """Run the blocks, and put values where they are to stand."""
        if next(self.document.findall(computed), None) is None:
            return
        session = Session()
        for node in list(self.document.findall(lambda n: isinstance(n, computed | nodes.literal_block))):
            try:
                if isinstance(node, computed):
                    node.replace_self(node["made"](session.value(node["expression"]), node))
                elif node.get("language") == "pycon":
                    for complaint in session.run(node.astext() + "\n"):
                        LOG.warning("an example differs: %s", complaint, location=node)
            except Exception as error:
                place = node.get("expression", "an example")
                raise ExtensionError(f"{self.env.docname}: {place}: {type(error).__name__}: {error}", error) from error


class Computed(SphinxRole):
    """``{run}`expression` ``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """A place for the text."""
        return [computed(expression=self.text, made=lambda value, node: nodes.Text(spelled(value)))], []


class Drawn(SphinxDirective):
    """A directive that becomes the HTML which is made of the value of its argument."""

    required_arguments = 1
    final_argument_whitespace = True
    made: ClassVar[Callable[[Any, computed], str]]

    def run(self) -> list[nodes.Node]:
        """A place for the drawing."""
        make = type(self).made

        def raw(value: Any, node: computed) -> nodes.Node:
            return nodes.raw("", make(value, node), format="html")

        return [computed(expression=self.arguments[0], made=raw, **self.options)]


class Picture(Drawn):
    """``{picture} explanation``; with ``:partials:``, before any derivative has flowed."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {"partials": directives.flag}

    @staticmethod
    def made(value: Any, node: computed) -> str:
        """The drawing, which the site's style fits to a dark page."""
        trace = value.to_dict()
        if "partials" in node:
            for told in (*trace["nodes"], *trace["edges"]):
                for flowed in ("adjoint", "tangent", "contrib"):
                    told.pop(flowed, None)
        return f'<figure class="drawing">{svg.render(trace)}</figure>'


class StepThrough(Drawn):
    """``{step-through} explanation``; ``:at:`` is the step it begins with, ``:height:`` its height in pixels."""

    option_spec: ClassVar[dict[str, Callable[[str], Any]] | None] = {
        "at": directives.nonnegative_int,
        "height": directives.nonnegative_int,
    }

    @staticmethod
    def made(value: Any, node: computed) -> str:
        """The page in a frame without any other right."""
        page = html.escape(value.to_html(at=node.get("at")), quote=True)
        title = html.escape(f"Step through {value.title}", quote=True)
        return (
            f'<iframe class="step-through" title="{title}" sandbox="allow-scripts" height="{node.get("height", 660)}" '
            f'srcdoc="{page}"></iframe>'
        )


class Slope(Drawn):
    """``{slope} Slope(...)``."""

    @staticmethod
    def made(value: curve.Slope, node: computed) -> str:
        """The drawing."""
        return f'<figure class="drawing">{value.svg()}</figure>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the role, the directives and the walk known to Sphinx."""
    app.add_role("run", Computed())
    app.add_directive("picture", Picture)
    app.add_directive("step-through", StepThrough)
    app.add_directive("slope", Slope)
    app.add_transform(Run)
    app.add_js_file("tour.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
