"""`neurodeploy report`: the HTML and JSON report of a run."""

from __future__ import annotations

from pathlib import Path

import click

from neurodeploy.cli.shared import FILE, output_options
from neurodeploy.cli.verb import Console, verb


@verb(name="report")
@click.argument("run", type=FILE)
@output_options
def command(console: Console, run: Path, output: Path | None, force: bool) -> None:
    """Write the report of RUN, a .ndr file that `neurodeploy run -o` wrote: one HTML page, and its numbers as JSON."""
    from neurodeploy import api
    from neurodeploy.reporting import report_json
    from neurodeploy.runtime.record import load_record

    output = output or run.with_suffix(".html")
    record = load_record(run)
    with console.progress("drawing", None):
        api.report(record, output, overwrite=force)
    console.result(report_json(record), lambda: f"{output}: the report; {output.with_suffix('.json')}: its numbers")
    console.next_step(f"open {output} in a browser")
