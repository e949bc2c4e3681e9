"""``edgewise view``: the graph as a step-through page, a picture, or JSON, in a file or in the browser."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from edgewise.cli.derive import explained
from edgewise.cli.problem import FAILED, OK, CommandError, said
from edgewise.cli.targets import is_function, target_of
from edgewise.cli.tracefile import read_trace

__all__ = ["FORMATS", "render", "show", "view"]


def view(options: argparse.Namespace) -> int:
    """Run the command."""
    if not options.output and not options.open:
        raise CommandError("say where the picture goes: -o page.html, .svg, .png, .pdf, .tex or .json, or --open")
    suffix = Path(options.output).suffix.lower() if options.output else ".html"
    if suffix not in FORMATS:
        raise CommandError(f"{options.output} ends in no format that is known: {', '.join(FORMATS)}")
    if options.output and os.path.lexists(options.output) and not options.force:
        raise CommandError(f"{options.output} exists; --force replaces it")
    trace = trace_of(options)
    if options.output:
        save(options.output, render(trace, suffix), options.force)
        sys.stderr.write(f"wrote {options.output}\n")
    if options.open:
        show(trace)
    return OK


def trace_of(options: argparse.Namespace) -> dict[str, Any]:
    """The trace to look at: of a file, or of a run."""
    if options.target.endswith(".json") and not is_function(options.target):
        if options.values:
            raise CommandError(f"{options.target} is a trace, and takes no values")
        return read_trace(options.target)
    return explained(target_of(options.target, options.values, options.wrt), options.mode).to_dict(
        source=options.source
    )


def render(trace: dict[str, Any], suffix: str) -> bytes:
    """The trace in a format.

    Raises:
        CommandError: it cannot be drawn, or what draws it is not installed.
    """
    try:
        return FORMATS[suffix](trace)
    except CommandError:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise CommandError(f"this trace cannot be drawn: {said(error)}", code=FAILED) from error


def _html(trace: dict[str, Any]) -> bytes:
    page: str = import_module("edgewise.explain.page").render(trace, str(trace.get("title", "")))
    return page.encode("utf-8", "replace")


def _svg(trace: dict[str, Any]) -> bytes:
    picture: str = import_module("edgewise.explain.svg").render(trace)
    return picture.encode("utf-8", "replace")


def _png(trace: dict[str, Any]) -> bytes:
    convert = _extra("resvg_py", "resvg-py")
    return bytes(convert.svg_to_bytes(svg_string=_svg(trace).decode(), zoom=2))


def _pdf(trace: dict[str, Any]) -> bytes:
    convert = _extra("cairosvg", "cairosvg")
    return bytes(convert.svg2pdf(bytestring=_svg(trace)))


def _tex(trace: dict[str, Any]) -> bytes:
    drawing: str = import_module("edgewise.explain.tikz").render(trace)
    return drawing.encode("utf-8", "replace")


def _json(trace: dict[str, Any]) -> bytes:
    return (json.dumps(trace, allow_nan=False) + "\n").encode()


FORMATS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    ".html": _html,
    ".svg": _svg,
    ".png": _png,
    ".pdf": _pdf,
    ".tex": _tex,
    ".json": _json,
}


def _extra(module: str, package: str) -> Any:
    """A module that an extra brings."""
    try:
        return import_module(module)
    except ImportError:
        raise CommandError(f'{package} is not installed: pip install "edgewise[image]"', code=FAILED) from None
    except OSError as error:  # cairosvg, where the cairo library is missing
        raise CommandError(f"{package} cannot be used here: {said(error)}", code=FAILED) from None


def save(path: str, data: bytes, force: bool) -> None:
    """Write a file; one that is there is replaced only where that is asked for.

    Raises:
        CommandError: it is there, or cannot be written.
    """
    try:
        with open(path, "wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError:
        raise CommandError(f"{path} exists; --force replaces it") from None
    except OSError as error:
        raise CommandError(f"{path} could not be written: {error.strerror or error}", code=FAILED) from None


def show(trace: dict[str, Any]) -> None:
    """Open the page in a browser. Where there is none, say where the page is."""
    import webbrowser  # noqa: PLC0415  here alone

    page = render(trace, ".html")
    with tempfile.NamedTemporaryFile("wb", prefix="edgewise-", suffix=".html", delete=False) as file:
        file.write(page)
    try:
        opened = webbrowser.open(Path(file.name).as_uri())
    except webbrowser.Error:
        opened = False
    sys.stderr.write(f"{'opened' if opened else 'no browser was found; the page is'} {file.name}\n")
