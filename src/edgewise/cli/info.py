"""``edgewise info``: versions, what is installed beside NumPy, and which functions expressions may call."""

from __future__ import annotations

import argparse
import importlib.util
import platform
from importlib.metadata import PackageNotFoundError, version

from edgewise.cli.functions import CONSTANTS, functions
from edgewise.cli.problem import OK
from edgewise.cli.screen import Screen

__all__ = ["info"]

EXTRAS = {
    "optree": ("optree", "nested arguments"),
    "rich": ("rich", "tables at a terminal"),
    "resvg_py": ("resvg-py", "view -o picture.png"),
    "cairosvg": ("cairosvg", "view -o picture.pdf"),
    "llvmlite": ("llvmlite", "machine code"),
    "scipy": ("scipy", "solvers that take derivatives"),
}


def version_of(package: str) -> str:
    """The installed version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def info(options: argparse.Namespace) -> int:
    """Run the command."""
    screen = Screen(options.plain)
    if options.functions:
        for name, function in sorted(functions().items()):
            screen.row(name, function.spelled)
        return OK
    rows = [
        ("edgewise", version_of("edgewise"), ""),
        ("python", platform.python_version(), ""),
        ("numpy", version_of("numpy"), ""),
    ]
    for module, (package, use) in EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        rows.append((package, version_of(package) if there else "not installed", use))
    rows += [
        ("functions", str(len(functions())), "in expressions; edgewise info --functions lists them"),
        ("constants", ", ".join(CONSTANTS), "in expressions, unless a value is given"),
    ]
    if screen.plain:
        for row in rows:
            screen.row(*row)
    else:
        screen.table(("", "", "for"), rows)
    return OK
