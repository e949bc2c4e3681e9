"""The step-through page: one HTML file that works offline, made from a trace of schema ``edgewise.trace/1``.

Start with ``render``. The viewer is ``viewer.js``, built from ``viewer/src`` by ``make viewer`` and shipped with the
package. Nothing from the trace is ever executed or parsed as markup: it travels as JSON in which ``& < >`` are
escaped, the script writes it as text only, and the page's own policy lets one script run, known by its hash, and
forbids every request.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from importlib import resources
from typing import Any

from edgewise.explain.drawable import drawable
from edgewise.explain.packing import packed

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body>
<div id="edgewise"{at}></div>
<noscript>A script in this file draws the graph, without any request. Scripts are switched off here.</noscript>
<script type="application/json" id="edgewise-trace">{trace}</script>
<script>{script}</script>
</body>
</html>
"""

POLICY = (
    "default-src 'none'; script-src 'sha256-{digest}'; style-src 'none'; img-src data:; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def render(trace: dict[str, Any], title: str = "", at: int | None = None) -> str:
    r"""A trace as a self-contained HTML page.

    Args:
        trace: a trace of schema ``edgewise.trace/1``, as ``Explanation.to_dict`` gives it. Numbers that are not finite
            are the strings "NaN", "Infinity" and "-Infinity".
        title: the title of the page; by default that of the trace.
        at: how many steps are done where the page opens; by default all.

    Raises:
        ValueError: the trace is of another schema, or holds a float that JSON does not know.

    >>> trace = {"schema": "edgewise.trace/1", "title": "<f>", "nodes": [], "edges": []}
    >>> page = render(trace)
    >>> "<title>&lt;f&gt;</title>" in page, "\\u003cf\\u003e" in page
    (True, True)
    """
    script = viewer()
    data = json.dumps(packed(drawable(trace)), allow_nan=False, ensure_ascii=True, separators=(",", ":"))
    for sign in "&<>":
        data = data.replace(sign, f"\\u{ord(sign):04x}")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    named = html.escape(title or str(trace.get("title", "")) or "edgewise")
    named = named.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair cannot be written to a file
    start = "" if at is None else f' data-at="{at:d}"'
    return PAGE.format(policy=POLICY.format(digest=digest), title=named, at=start, trace=data, script=script)


@functools.cache
def viewer() -> str:
    """The built script, byte for byte: the page's policy holds its hash."""
    return resources.files("edgewise.explain").joinpath("viewer.js").read_text(encoding="utf-8")
