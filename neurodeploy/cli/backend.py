"""`neurodeploy backend`: what can run a program."""

from __future__ import annotations

import click

from neurodeploy.cli.verb import Console, table, verb


@click.group(name="backend")
def command() -> None:
    """List the backends."""


@verb(name="list")
def listed(console: Console) -> None:
    """List what can run a program."""
    from neurodeploy.runtime.backend import BACKENDS

    rows = [{"name": name, "description": text} for name, (_, text) in BACKENDS.items()]
    console.result(
        {"schema": "neurodeploy.backends/1", "backends": rows},
        lambda: table(["backend", "what it is"], [list(r.values()) for r in rows]),
    )
    console.next_step("neurodeploy run PROGRAM --data RECORDINGS --backend NAME")


command.add_command(listed)
