"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import pathlib

import edgewise

SOURCE = pathlib.Path(edgewise.__file__).parent
MAY_NOT_LOOK = ("book", "compositions", "families", "maps", "transforms", "control", "testing")


def test_only_modes_read_the_value_of_a_traced_value():
    """docs/decisions/0005: a rule that looked would be silently wrong under nesting, vmap and compilation."""
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for floor in MAY_NOT_LOOK
        for path in (SOURCE / floor).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "value" and isinstance(node.ctx, ast.Load)
    ]
    assert found == []


def test_files_are_small_enough_to_read_in_one_sitting():
    long = {
        str(path.relative_to(SOURCE)): count
        for path in SOURCE.rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 450
    }
    assert long == {}


def test_importing_loads_numpy_alone():
    import subprocess
    import sys

    heavy = ("optree", "scipy", "rich", "mpmath", "dask", "pint", "hypothesis", "typing_extensions", "logging.config")
    code = f"import numpy, sys; import edgewise; print([m for m in {heavy!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_rows_are_loaded_by_the_first_transformation():
    import subprocess
    import sys

    code = """
import sys, threading
import edgewise as ew, numpy as np
loaded = lambda: "edgewise.book.arithmetic" in sys.modules
assert not loaded()
found = []
threads = [threading.Thread(target=lambda: found.append(ew.grad(np.mean)(np.ones(4)))) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
assert loaded() and np.array_equal(found, np.full((8, 4), 0.25))
assert ew.book and ew.compositions and ew.stack and ew.linalg
"""
    subprocess.run([sys.executable, "-c", code], check=True)
