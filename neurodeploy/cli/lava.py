"""`neurodeploy lava`: the environment of backend `lava`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE
from neurodeploy.cli.verb import Console, table, verb

#: What to do with the environment once it is there.
USE = "neurodeploy run PROGRAM --data FILE --backend lava"


@click.group(name="lava")
def command() -> None:
    """Set up what backend lava needs, or tell whether it is there."""


@verb(name="setup")
@click.option("--python", type=FILE, help="The Python 3.10 to use; found by itself if left out.")
@click.option("--force", is_flag=True, help="Make it anew.")
def setup(console: Console, python: Path | None, force: bool) -> None:
    """Make an environment with Python 3.10 and lava-nc 0.10 in the user's cache folder; nothing if it is there."""
    from neurodeploy.runtime.lava_environment import set_up, status

    set_up(python, force, console.note)
    answer = status()
    console.result(answer, lambda: _text(answer))
    console.next_step(USE)


@verb(name="status")
def state(console: Console) -> None:
    """Tell whether Lava's environment is there and what is in it; exit with 3 if it is not."""
    from neurodeploy.runtime.lava_environment import SETUP, status

    with console.progress("looking", None):
        answer = status()
    console.result(answer, lambda: _text(answer))
    console.next_step(USE if answer["complete"] else SETUP)
    if not answer["complete"]:
        click.get_current_context().exit(3)


def _text(answer: dict[str, Any]) -> str:
    if not answer["complete"]:
        return f"Lava is not set up (looked in {answer['folder']})"
    rows = [*answer["versions"].items(), ("folder", answer["folder"])]
    return table(["part", "version"], rows)


command.add_command(setup)
command.add_command(state)
