"""Of this folder, pytest runs the examples on the pages; the rest is Sphinx's."""

from __future__ import annotations

collect_ignore = ["conf.py", "_ext"]
