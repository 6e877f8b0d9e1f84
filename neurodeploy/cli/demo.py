"""`neurodeploy demo`: the main job on shipped data."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.cli.shared import FILE, command_line
from neurodeploy.cli.verb import Console, verb


@verb(name="demo")
@click.option("-o", "--output", type=FILE, default=Path("demo"), show_default=True, help="Folder for everything made.")
@click.option("--force", is_flag=True, help="Replace what an earlier demo left there.")
@click.option("--limit", type=int, metavar="N", help="Only the first N of the 898 held-out recordings.")
def command(console: Console, output: Path, force: bool, limit: int | None) -> None:
    """Turn real handwritten digits into events, compile a trained network, run it, verify it, report it."""
    from neurodeploy.demo import run_demo

    answer = run_demo(output, limit, force, command_line(), console)
    console.result(answer, lambda: f"\nThe report: {answer['report']}")
    console.next_step(f"open {answer['report']} in a browser")
