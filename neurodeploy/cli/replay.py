"""`neurodeploy replay`: a recording and what the network makes of it, as a page or a film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE, output_options, run_options
from neurodeploy.cli.verb import Console, verb

SCHEMA = "neurodeploy.replay/1"


@verb(name="replay")
@click.argument("program", type=FILE)
@click.argument("recording", type=FILE)
@output_options
@click.option("--speed", type=float, default=0.1, show_default=True, help="0.1 is ten times slower, 1 real time.")
@click.option("--fps", type=int, default=25, show_default=True, help="Pictures per second of a film.")
@click.option("--membrane", metavar="POP:NEURON", help="Draw the voltage of a neuron too, for example fc2:3.")
@click.option("--layer", metavar="NAME", help="Draw the spikes of this layer; the output unless given.")
@click.option("--credit", metavar="TEXT", help="Line that the licence of the data asks for.")
@click.option(
    "--backend", default="emulator", show_default=True, metavar="NAME", help="See `neurodeploy backend list`."
)
@run_options
@click.option("--readout", metavar="auto|count|first|average", default="auto", show_default=True, help="See `run`.")
def command(
    console: Console,
    program: Path,
    recording: Path,
    output: Path | None,
    force: bool,
    speed: float,
    fps: int,
    membrane: str | None,
    layer: str | None,
    credit: str | None,
    backend: str,
    **settings: Any,
) -> None:
    """Run RECORDING through PROGRAM and show it slowed down: events, spikes of the classes, a raster, a membrane.

    RECORDING is a spike file, or TABLE.csv:ROW for a row of a table of features.

    -o names what is written: .html (a page with play, pause and a slider), .gif, .mp4 or .webm.
    """
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.replaying import replayed
    from neurodeploy.replays.film import Pace
    from neurodeploy.replays.writing import check_replay, usual_name, write_replay

    output = output or usual_name(program, recording)
    pace = Pace(speed, fps)
    check_replay(output, force)
    loaded, _ = load_program(program)
    with console.progress("running", 1) as advance:
        made = replayed(loaded, recording, backend, layer, membrane, credit=credit, progress=advance, **settings)
    with console.progress("drawing", 1) as advance:
        write_replay(made, output, pace, overwrite=force, progress=advance)
    raster, final = made.raster, made.frame(made.end_ms)
    made_bytes = output.stat().st_size
    answer = {
        "schema": SCHEMA,
        "file": raster.file,
        "label": raster.label,
        "prediction": raster.prediction,
        "steps": raster.steps,
        "timestep_ms": raster.timestep_ms,
        "counts": final.counts.tolist(),
        "output": str(output),
        "bytes": made_bytes,
    }
    known = raster.prediction is not None
    told = f"recognised as {made.names[raster.prediction or 0]}" if known else "no answer: the output stayed silent"
    size = f"{made_bytes / 1e6:,.1f} MB" if made_bytes >= 1e6 else f"{made_bytes / 1e3:,.0f} kB"
    console.result(answer, lambda: f"{output}: {made.end_ms:,.5g} ms, {len(final.seen_step):,} events, {told}, {size}")
    opened = "a browser" if output.suffix.lower() in (".html", ".htm") else "a browser or a player of films"
    console.next_step(f"open {output} in {opened}")
