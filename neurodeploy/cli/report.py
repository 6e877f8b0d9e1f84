"""`neurodeploy report`: the HTML and JSON report of a run, or of several side by side."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.cli.shared import FILE, output_options
from neurodeploy.cli.verb import Console, verb


@verb(name="report")
@click.argument("runs", nargs=-1, required=True, type=FILE, metavar="RUN.ndr [RUN.ndr …]")
@click.option("--sweep", type=FILE, metavar="FILE.json", help="What `neurodeploy sweep -o` wrote, to be drawn too.")
@click.option("--replay", is_flag=True, help="With the replay of the first run's first recording.")
@output_options
def command(
    console: Console, runs: tuple[Path, ...], sweep: Path | None, replay: bool, output: Path | None, force: bool
) -> None:
    """Write the report of a RUN that `neurodeploy run -o` wrote: one HTML page, and its numbers as JSON.

    Several runs are put side by side, each compared with the first, over the recordings that all have.
    """
    from neurodeploy.replaying import recorded_fragment
    from neurodeploy.reports import report

    output = output or runs[0].with_suffix(".html")
    with console.progress("reading and drawing", len(runs) + 1 + replay) as advance:
        shown = recorded_fragment(runs[0]) if replay else None
        if replay:
            advance(1.0)
        told = report(runs, output, overwrite=force, sweep=sweep, replay=shown, progress=advance)
    console.result(told, lambda: f"{output}: the report; {output.with_suffix('.json')}: its numbers")
    console.next_step(f"open {output} in a browser")
