"""Take the empty line off the end of an example, which doctest needs there and readers do not."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform


class TrimEnd(SphinxTransform):
    """Code blocks end with their last line."""

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        """Trim each of them."""
        for block in self.document.findall(nodes.literal_block):
            text = block.astext().rstrip("\n")
            block.rawsource = text  # what Sphinx highlights
            block.clear()
            block.append(nodes.Text(text))


def setup(app: Sphinx) -> dict[str, Any]:
    """Make it known to Sphinx."""
    app.add_transform(TrimEnd)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
