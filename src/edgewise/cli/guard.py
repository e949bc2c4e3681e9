"""Calls of code that may fail: whatever it raises becomes one line, with the user's line where there is one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import numpy as np

from edgewise.cli.problem import FAILED, CommandError, said
from edgewise.cli.targets import Target
from edgewise.errors import EdgewiseError, is_library, shorten

__all__ = ["guarded"]


@contextmanager
def guarded(target: Target) -> Iterator[None]:
    """Run a target. What NumPy warns of shows in the result, and is said there.

    Raises:
        CommandError: it failed.
    """
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except CommandError:
        raise
    except EdgewiseError as error:
        where = "" if target.text else _where(error.__traceback__)
        instead = f"; instead: {error.instead}" if error.instead and not target.text else ""
        raise CommandError(f"{where}{said(error)}{instead}", code=FAILED) from error
    except Exception as error:  # the user's function may raise anything
        where = _where(error.__traceback__)
        raise CommandError(f"{where}{type(error).__name__}: {said(error)}", code=FAILED) from error


def _where(traceback: TracebackType | None) -> str:
    """The innermost line of the user's in a traceback, as a prefix."""
    found = ""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if not is_library(name) and "site-packages" not in name:
            found = f"{shorten(name)}:{traceback.tb_lineno}: "
        traceback = traceback.tb_next
    return found
