"""Explain: the graph of one run, with the derivative on every edge, to read, to step through and to debug with.

Start with ``tracing``, where a function is run under ``recording.Watched`` and the graph it leaves is swept edge by
edge (``graph``). ``trace`` gives values their names and places, ``explanation`` is what the user holds. ``table``,
``export`` and ``influence`` are ways to look at it; ``place`` and ``source`` know the user's lines.

``edgewise.explain`` is both this package and the function: the package can be called.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from edgewise.explain.explanation import Explanation
from edgewise.explain.influence import Blame, Path
from edgewise.explain.nan import explain_nan
from edgewise.explain.report import NanReport
from edgewise.explain.trace import Edge, Value
from edgewise.explain.tracing import explain

__all__ = ["Blame", "Edge", "Explanation", "NanReport", "Path", "Value", "explain", "explain_nan", "schema"]


def schema() -> dict[str, Any]:
    """The JSON schema of ``Explanation.to_dict``.

    >>> schema()["$id"]
    'edgewise.trace/1'
    """
    import json  # noqa: PLC0415  only here
    from importlib.resources import files  # noqa: PLC0415  only here

    read: dict[str, Any] = json.loads(files(__name__).joinpath("trace.schema.json").read_text(encoding="utf-8"))
    return read


class _Callable(types.ModuleType):
    """A package that is a function too: ``import edgewise.explain`` binds the name that ``ew.explain(f)`` calls."""

    __call__ = staticmethod(explain)


sys.modules[__name__].__class__ = _Callable
