"""The table: compiled derivatives beside JAX's jit and beside C: ``python benchmarks/compiled.py [name ...]``.

Every row is measured in a process of its own (``row.py``): minima of interleaved rounds, on one core and one thread, in
double precision, arguments that take turns, results compared with those of the function uncompiled before anything is
timed. Then the rows that take long, and in which not each step waits for the one before, run once more with all cores,
and once more with an allocator that keeps its memory. A peer that is not installed is left out, and so is C where there
is no gcc.

``--write`` makes the tables and the picture that the documentation shows, in ``docs/figures/``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import baseline
import picture
import tables
from machine import Machine
from workloads import WORKLOADS

HERE = Path(__file__).parent
FIGURES = HERE.parent / "docs" / "figures"
KEEP = {  # glibc keeps what is freed, in place of giving it back to the system
    "MALLOC_TOP_PAD_": str(1 << 28),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
}
LONG = 500.0  # µs from which a row runs with all cores and with other allocators as well


def measured(name: str, budget: float, threads: int = 1, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """A row of figures, or what went wrong, in one line."""
    command = [sys.executable, str(HERE / "row.py"), name, str(budget)]
    given = os.environ | {"OMP_NUM_THREADS": str(threads)} | (environment or {})
    done = subprocess.run(command, capture_output=True, text=True, env=given, timeout=900, check=False)
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines() or [f"code {done.returncode}"]
    if done.returncode:
        return {"name": name, "fails": lines[-1]}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def told(found: dict[str, Any], how: str = "") -> dict[str, Any]:
    """Print a row for whoever waits, and hand it on."""
    print(tables.brief(found, how), flush=True)
    return found


def versions() -> str:
    named = [f"Python {platform.python_version()}"]
    for package, title in (("numpy", "NumPy"), ("jax", "JAX"), ("llvmlite", "llvmlite")):
        try:
            named.append(f"{title} {version(package)}")
        except PackageNotFoundError:
            named.append(f"no {title}")
    return ", ".join(named)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("names", nargs="*", help="only rows whose name contains one of these")
    options.add_argument("--budget", type=float, default=1.0, help="seconds for each contestant of a row")
    options.add_argument("--quick", action="store_true", help="one thread and the usual allocator only")
    options.add_argument("--write", action="store_true", help="write what the documentation shows")
    options.add_argument("--json", type=Path, help="write all figures here as well")
    chosen = options.parse_args()
    rows = [w for w in WORKLOADS if not chosen.names or any(part in w.name for part in chosen.names)]
    print(f"{versions()}, {platform.machine()}, {os.cpu_count()} cores\n")
    found = [told(measured(workload.name, chosen.budget)) for workload in rows]
    runs = {}
    if not chosen.quick:
        timed = [(w, f) for w, f in zip(rows, found, strict=True) if "µs" in f]
        long = [
            w.name for w, f in timed if not w.work.chain and max(f["µs"]["edgewise"], f["µs"].get("JAX", 0.0)) >= LONG
        ]
        cores = os.cpu_count() or 1
        runs["memory kept"] = [told(measured(name, chosen.budget, environment=KEEP), "memory kept") for name in long]
        runs["all cores"] = [told(measured(name, chosen.budget, threads=cores), "all cores") for name in long]
    machine = Machine.measured() if baseline.available() else None
    pages = tables.page(versions(), rows, found, runs, machine)
    if not chosen.names:
        command = [sys.executable, str(HERE / "compile_times.py")]
        pages["stages"] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    for text in pages.values():
        print(f"\n{text}")
    if chosen.json:
        chosen.json.write_text(json.dumps({"one thread": found} | runs, indent=1))
    if chosen.write:
        FIGURES.mkdir(exist_ok=True)
        for name, text in pages.items():
            (FIGURES / f"{name}.md").write_text(f"{text}\n")
        (FIGURES / "ratios.html").write_text(picture.svg(rows, found))


if __name__ == "__main__":
    main()
