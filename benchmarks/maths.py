"""What an element of each elementary function costs: ``edgewise.compile.maths`` against NumPy and SciPy.

``python benchmarks/maths.py`` prints nanoseconds an element, over arrays that stay in the first cache. NumPy's own
vectorised functions are allowed errors of up to four units in the last place.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from edgewise.compile.maths import FUNCTIONS
from edgewise.testing.elementary.loops import DTYPES, Loops

SIZE = 1024
RANGES = {
    "arccosh": (1, 5),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), (-1, 1)),
    **dict.fromkeys(("log", "log2", "log10", "gammaln", "digamma"), (0.01, 9)),
    **dict.fromkeys(("log1p", "power"), (0, 3)),
}


def calls(name: str, dtype: str) -> dict[str, tuple[Callable[[Any], Any], Any]]:
    width = 64 // DTYPES[dtype].itemsize
    rng = np.random.default_rng(0)
    arguments = [
        rng.uniform(*RANGES.get(name, (-5, 5)), SIZE).astype(DTYPES[dtype]) for _ in range(FUNCTIONS[name].arity)
    ]
    out = np.empty(SIZE, DTYPES[dtype])
    reference = getattr(np, name, None) or getattr(scipy.special, name)
    ours = Loops([(name, dtype, width)]).bound((name, dtype, width), arguments, out)
    return {"ours": (lambda _: ours(), None), "reference": (lambda _: reference(*arguments, out=out), None)}


def main() -> int:
    names = sys.argv[1:] or FUNCTIONS
    print(f"{'':9s}" + "".join(f"{dtype:>10s} {'NumPy':>7s} {'ratio':>6s}" for dtype in DTYPES) + "   (ns an element)")
    for name in names:
        cells = []
        for dtype in DTYPES:
            taken = timing.interleaved(calls(name, dtype), budget=0.05)
            ours, reference = (taken[who] / SIZE * 1e9 for who in ("ours", "reference"))
            cells.append(f"{ours:10.2f} {reference:7.2f} {reference / ours:6.2f}")
        print(f"{name:9s}" + "".join(cells), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
