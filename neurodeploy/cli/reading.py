"""Reading a network on a terminal: a bar while it lasts, what there is to say about it, and how to say it again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.shared import flag
from neurodeploy.cli.verb import Console

if TYPE_CHECKING:
    from neurodeploy.models.formats.loaded import Loaded


def read_network(console: Console, path: Path, reading: Mapping[str, Any]) -> Loaded:
    """A network with its notes told.

    Args:
        console: of the command.
        path: of any known format.
        reading: options of `network_options` that were given.

    Raises:
        FormatError: a file that cannot be read, or that leaves something open.
    """
    from neurodeploy import api

    with console.progress("reading", None):
        loaded = api.read(path, **reading)
    for note in loaded.notes:
        console.note(note)
    return loaded


def again(path: Path, reading: Mapping[str, Any]) -> str:
    """The words that make the next command read the same network in the same way."""
    options = (word for name, value in reading.items() for word in (f"--{flag(name)}", str(value)))
    return shlex.join([str(path), *options])
