"""`neurodeploy convert`: from one network format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE, given, network_options
from neurodeploy.cli.verb import Console, verb


@verb(name="convert")
@click.argument("source", type=FILE)
@click.argument("destination", type=FILE)
@network_options
@click.option("--to", metavar="FORMAT", help="Format to write, if the suffix does not tell.")
@click.option("--profile", metavar="NAME", help="Bits that ONNX and C exports compute: loihi (default) or lava-0.10.")
@click.option("--traces", is_flag=True, default=None, help="Let an ONNX model give u and v of every step.")
@click.option("--force", is_flag=True, help="Replace existing files.")
def command(
    console: Console,
    source: Path,
    destination: Path,
    reading: dict[str, Any],
    to: str | None,
    force: bool,
    profile: str | None,
    traces: bool | None,
) -> None:
    """Read the network at SOURCE and write it to DESTINATION, in the format of its suffix."""
    from neurodeploy import api
    from neurodeploy.models.formats.registry import format_of

    loaded = api.read(source, **reading)
    files, notes = api.convert(
        loaded.quantized or loaded.network,
        destination,
        to,
        overwrite=force,
        source=source,
        **given(profile=profile, traces=traces),
    )
    for note in (*loaded.notes, *notes):
        console.note(note)
    result = {
        "schema": "neurodeploy.convert/1",
        "from": loaded.format,
        "files": [str(file) for file in files],
        "notes": [*loaded.notes, *notes],
    }
    console.result(result, lambda: "\n".join(f"wrote {file} ({file.stat().st_size:,} bytes)" for file in files))
    if destination.suffix == ".ndn" or format_of(destination, to, "writer").reader:
        console.next_step(f"neurodeploy inspect {files[0]}")
