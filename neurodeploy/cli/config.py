"""The options file: a TOML table for each command, whose values stand where no flag and no variable does."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from neurodeploy.errors import FormatError

#: Read where it lies in the current folder and no other is named.
USUAL = Path("neurodeploy.toml")


def read_config(path: Path) -> dict[str, Any]:
    """The tables of an options file.

    Raises:
        FormatError: a file that is missing, or no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FormatError(str(path), f"cannot be read as TOML ({error})", "check the path and that line") from error


def options_of(path: Path, values: Mapping[str, Any], command: click.Command) -> dict[str, Any]:
    """A command's table, checked, with the names that click has for its options; of a group, a table of tables.

    Raises:
        FormatError: a key that is no option of the command, or a table of options that is no table.
    """
    if isinstance(command, click.Group):
        commands = command.commands
        for name in values:
            _check(path, name, list(commands), "command")
        return {name: options_of(path, _table(path, name, value), commands[name]) for name, value in values.items()}
    known = {flag.lstrip("-"): p.name for p in command.params if isinstance(p, click.Option) for flag in p.opts}
    for name in values:
        if name.replace("_", "-") not in known:
            _check(path, name, list(known), f"option of {command.name}")
    return {str(known[name.replace("_", "-")]): value for name, value in values.items()}


def defaults(
    path: Path, tables: Mapping[str, Any], commands: list[str], name: str, command: click.Command
) -> dict[str, Any]:
    """What click takes as defaults of one command; of the other commands' tables only the names are looked at.

    Args:
        path: of the file, for messages.
        tables: its content.
        commands: the names of all.
        name: of the command that is called.
        command: the same.

    Raises:
        FormatError: a table that is no command's, and what `options_of` raises.
    """
    for key, value in tables.items():
        _check(path, key, commands, "command")
        _table(path, key, value)
    return {name: options_of(path, tables[name], command)} if name in tables else {}


def _table(path: Path, name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{path}: {name}", "is no table of options", f"write it under [{name}]")
    return value


def _check(path: Path, name: str, known: list[str], what: str) -> None:
    if name in known:
        return
    near = get_close_matches(name, known, 1)
    remedy = f"perhaps {near[0]} is meant" if near else f"choose from {', '.join(sorted(known))}"
    raise FormatError(f"{path}: {name}", f"is no {what}", remedy)
