"""The command line: ``edgewise "(a*b + c)**2" a=3 b=2 c=1``.

Start with ``main``. ``arguments`` has the words, and each command its file: ``derive``, ``view``, ``check``, ``bench``,
``demo``, ``info``, ``cache``, ``completion``. Text becomes a function in ``expressions``, which allows what it lists
and nothing else; ``targets`` loads a function of the user's instead. Whatever goes wrong is a ``CommandError``: one
line, the spot, and the exit code.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from edgewise.cli.arguments import chosen, parsed, usage
from edgewise.cli.problem import FAILED, OK, CommandError, said

__all__ = ["main"]

FILES = {"grad": "derive"}  # commands that are not called like their file
INTERRUPTED = 130  # 128 and the number of the signal, as shells have it


def main(words: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        words: what follows the name of the program; by default what it was started with.

    Returns:
        The exit code: 0 done, 1 a check failed or a number went wrong, 2 the command or the expression is not one.

    >>> main(["2*x", "x=3", "--plain"])
    value	6
    gradient	x	2
    trace	x		3	2
    trace	v1	2 * x	6	1
    0
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign shows another
    try:
        code = _run(list(sys.argv[1:] if words is None else words))
        sys.stdout.flush()
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    except BrokenPipeError:  # whoever read the output has read enough
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (MemoryError, RecursionError) as error:
        sys.stderr.write(f"error: {said(error)}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as done:  # --help
        return OK if done.code is None else int(done.code)
    except Exception as error:  # a mistake of ours, whatever it is
        if sys.flags.dev_mode:  # python -X dev -m edgewise ...
            raise
        sys.stderr.write(f"error: edgewise itself failed: {type(error).__name__}: {said(error)}\n")
        return FAILED
    return code


def _run(words: list[str]) -> int:
    if words and words[0] in ("-h", "--help", "--version"):
        if usage().parse_args(words[:1]).version:
            from edgewise.cli.info import version_of  # noqa: PLC0415  most commands print no version

            sys.stdout.write(f"edgewise {version_of('edgewise')}\n")
        return OK
    if not words:
        usage().print_help()
        return OK
    command, rest = chosen(words)
    options = parsed(command, rest)
    name = FILES.get(command, command)
    code: int = getattr(import_module(f"edgewise.cli.{name}"), name)(options)
    return code
