"""A line at the terminal while something long is being compiled; none in a file, a pipe or a notebook."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

__all__ = ["telling"]

LONG = 20_000  # operations: less is done in the time it takes to read the line


@contextlib.contextmanager
def telling(stage: str, operations: int) -> Iterator[None]:
    """Say what is being done, and take it back at the end.

    Args:
        stage: "compiling", say.
        operations: of the program.
    """
    out = sys.stderr
    if operations < LONG or out is None or not out.isatty():
        yield
        return
    out.write(f"edgewise: {stage} {operations} operations ...")
    out.flush()
    try:
        yield
    finally:
        out.write("\r\033[K")
        out.flush()
