"""``ew.report``: what the derivative of one run means, and what it costs.

A function runs once under ``observed.Observed``, a recording that takes notes. ``calls`` knows which NumPy function the
user called and what came back, ``findings`` holds the notes, ``cuts`` looks for infinite weights that a cut branch
dropped, ``costs`` counts sweeps and bytes, ``told`` prints. Where a kink is, is declared with the row of the book
(``core.registry.Declaration.kink``); nothing here knows a function by name.
"""

from edgewise.reporting.findings import Finding
from edgewise.reporting.run import report
from edgewise.reporting.told import Report

__all__ = ["Finding", "Report", "report"]
