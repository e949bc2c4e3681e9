"""``edgewise cache``: the objects that compiled functions left on disk, and how to be rid of them."""

from __future__ import annotations

import argparse

from edgewise.cli.problem import FAILED, OK, CommandError
from edgewise.cli.screen import Screen
from edgewise.compile.cache import MIB, object_cache
from edgewise.errors import ArgumentError

__all__ = ["cache"]


def cache(options: argparse.Namespace) -> int:
    """Run the command.

    Raises:
        CommandError: the environment asks for something that is not there, or the folder cannot be used.
    """
    screen = Screen(options.plain)
    try:
        found = object_cache()
    except ArgumentError as error:
        raise CommandError(f"{error.what}; {error.instead}") from None
    if found is None:
        _tell(screen, [("folder", "none: EDGEWISE_CACHE is off")])
        return OK
    if problem := found.problem():
        raise CommandError(f"{found.where} cannot be used: {problem}", code=FAILED)
    if options.action == "clear":
        gone = found.clear()
        _tell(screen, [("removed", f"{gone} object{'s' * (gone != 1)} from {found.where}")])
        return OK
    entries = found.entries()
    held = sum(entry.size for entry in entries) / MIB
    _tell(
        screen,
        [
            ("folder", str(found.where)),
            ("objects", str(len(entries))),
            ("size", f"{held:.1f} MiB of at most {found.limit // MIB}"),
        ],
    )
    return OK


def _tell(screen: Screen, rows: list[tuple[str, str]]) -> None:
    for name, told in rows:
        if screen.plain:
            screen.row(name, told)
        else:
            screen.text(f"{name:<9}{told}")
