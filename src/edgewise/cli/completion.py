"""``edgewise completion``: scripts for bash, zsh and fish, made from the parsers themselves."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from edgewise.cli.arguments import COMMANDS, DEFAULT, SUMMARY, parser
from edgewise.cli.problem import OK

__all__ = ["completion", "script"]

BASH = """\
# bash: edgewise completion bash >> ~/.bashrc
_edgewise() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words
    case "$before" in
{choices}
    esac
    case "${{COMP_WORDS[1]}}" in
{commands}
        *) words="{default}" ;;
    esac
    [ "$COMP_CWORD" -eq 1 ] && words="$words {all} --help --version"
    COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}}
complete -o filenames -F _edgewise edgewise
"""

ZSH = """\
#compdef edgewise
# zsh: edgewise completion zsh > a folder of $fpath, in a file named _edgewise
_edgewise() {{
    local -a commands options
    commands=(
{all}
    )
    case "$words[CURRENT-1]" in
{choices}
    esac
    case "$words[2]" in
{commands}
        *) options=({default}) ;;
    esac
    (( CURRENT == 2 )) && _describe command commands
    _describe option options
    _files
}}
(( $+functions[compdef] )) && compdef _edgewise edgewise
"""


def completion(options: argparse.Namespace) -> int:
    """Run the command."""
    sys.stdout.write(script(options.shell))
    return OK


def script(shell: str) -> str:
    """The script for a shell.

    >>> script("bash").splitlines()[-1], "-l order" in script("fish")
    ('complete -o filenames -F _edgewise edgewise', True)
    """
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _actions(command: str) -> Iterator[argparse.Action]:
    """The options of a command."""
    yield from (action for action in parser(command)._actions if action.option_strings)


def _choices() -> dict[str, list[str]]:
    """Per option, what it may be given."""
    return {
        action.option_strings[-1]: [str(c) for c in action.choices]
        for command in COMMANDS
        for action in _actions(command)
        if action.choices
    }


def _places(command: str) -> list[str]:
    """What may stand where no option is."""
    return [str(c) for action in parser(command)._actions if not action.option_strings for c in action.choices or ()]


def _words(command: str) -> str:
    return " ".join([*_places(command), *(name for action in _actions(command) for name in action.option_strings)])


def _bash() -> str:
    return BASH.format(
        choices="\n".join(
            f'        {option}) COMPREPLY=($(compgen -W "{" ".join(given)}" -- "$word")); return ;;'
            for option, given in _choices().items()
        ),
        commands="\n".join(f'        {command}) words="{_words(command)}" ;;' for command in COMMANDS),
        default=_words(DEFAULT),
        all=" ".join(COMMANDS),
    )


def _zsh() -> str:
    def described(command: str) -> str:
        options = [f"'{name}:{_told(action)}'" for action in _actions(command) for name in action.option_strings]
        return " ".join([*_places(command), *options])

    return ZSH.format(
        all="\n".join(f"        '{command}:{_plain(told)}'" for command, told in SUMMARY.items()),
        choices="\n".join(
            f"        {option}) compadd {' '.join(given)}; return ;;" for option, given in _choices().items()
        ),
        commands="\n".join(f"        {command}) options=({described(command)}) ;;" for command in COMMANDS),
        default=described(DEFAULT),
    )


def _fish() -> str:
    lines = ["# fish: edgewise completion fish > ~/.config/fish/completions/edgewise.fish"]
    others = " ".join(c for c in COMMANDS if c != DEFAULT)
    for command, told in SUMMARY.items():
        lines.append(f"complete -c edgewise -n __fish_use_subcommand -a {command} -d '{_plain(told)}'")
    for command in COMMANDS:
        seen = (
            f"'not __fish_seen_subcommand_from {others}'"
            if command == DEFAULT
            else f"'__fish_seen_subcommand_from {command}'"
        )
        for action in _actions(command):
            names = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in action.option_strings]
            given = (
                f" -x -a '{' '.join(map(str, action.choices))}'"
                if action.choices
                else ""
                if action.nargs == 0
                else " -r"
            )
            lines.append(f"complete -c edgewise -n {seen} {' '.join(names)}{given} -d '{_told(action)}'")
        lines += [f"complete -c edgewise -n {seen} -x -a {place}" for place in _places(command)]
    return "\n".join([*lines, ""])


def _told(action: argparse.Action) -> str:
    return _plain(action.help or "")


def _plain(text: str) -> str:
    """A description as all three shells take it between single quotes."""
    return text.replace("'", "").replace(":", ",")
