"""Measure the elementary functions at many points: ``python scripts/measure_maths.py --points 1000000``.

Prints a table of bounds and of the worst error seen, and with ``--write`` puts it into ``docs/compile-maths.md``. Where
NumPy has the function and its long double has 64 bits of mantissa, that finds the candidates and mpmath judges the
worst of them; the others are judged by mpmath alone, at a fiftieth of the points.
"""

import argparse
import re
import sys
import warnings
from pathlib import Path

import numpy as np

from edgewise.compile.maths import FUNCTIONS
from edgewise.testing.elementary.loops import DTYPES, Loops
from edgewise.testing.elementary.oracle import away, exact
from edgewise.testing.elementary.points import points

PAGE = Path(__file__).parent.parent / "docs" / "compile-maths.md"
LONG = np.finfo(np.longdouble).nmant >= 63
KEPT = 200


def candidates(name, dtype, arguments, got):
    """The points where the result is farthest from NumPy's in long double."""
    with np.errstate(all="ignore"):
        wide = getattr(np, name)(*(a.astype(np.longdouble) for a in arguments))
        rounded = wide.astype(DTYPES[dtype])
        distance = np.abs(got - wide) / np.spacing(np.abs(rounded))
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    distance = np.where(np.isfinite(distance), distance, np.where(same, 0, np.inf))
    return np.argsort(distance)[-KEPT:]


def worst(name, dtype, count, run):
    fast = LONG and hasattr(np, name)
    largest, where, tried = 0.0, (), 0
    for seed in range(1, 11):
        arguments = points(name, dtype, count // (10 if fast else 500), seed)
        tried += arguments[0].size
        got = run(name, dtype, 8, *arguments)
        if fast:
            chosen = candidates(name, dtype, arguments, got)
            arguments, got = tuple(a[chosen] for a in arguments), got[chosen]
        distances = away(name, dtype, arguments, got, exact(name, *arguments))
        at = int(np.argmax(distances))
        if distances[at] >= largest:
            largest, where = float(distances[at]), tuple(float(a[at]) for a in arguments)
    return largest, where, tried


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000, help="about how many points a function")
    parser.add_argument("--only", default="", help="names, with commas between")
    parser.add_argument("--write", action="store_true", help="write the table into the page")
    options = parser.parse_args()
    if options.only and options.write:
        parser.error("the table on the page has every function: --write without --only")
    warnings.simplefilter("ignore", RuntimeWarning)  # casts of NumPy's long doubles
    rows, failed = [], False
    for name in options.only.split(",") if options.only else FUNCTIONS:
        function, cells = FUNCTIONS[name], []
        for dtype in DTYPES:
            largest, where, tried = worst(name, dtype, options.points, Loops([(name, dtype, 8)]))
            failed |= largest > function.ulp[dtype]
            cells += [f"{function.ulp[dtype]:g}", f"{largest:.3f}"]
            print(f"# {name} {dtype}: {largest:.4f} of {function.ulp[dtype]} at {where}, {tried} points", flush=True)
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
    print("\n".join(rows))
    if options.write:
        text = PAGE.read_text(encoding="utf-8")
        table = re.compile(r"(?<=\|---\|---\|---\|---\|---\|\n)(\|.*\n)+")
        PAGE.write_text(table.sub("\n".join(rows) + "\n", text), encoding="utf-8")
    return failed


if __name__ == "__main__":
    sys.exit(main())
