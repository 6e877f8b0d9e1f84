"""`neurodeploy run`: recordings through a program."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.cli.long_run import LongRun, is_probe_file, long_run_options
from neurodeploy.cli.run_text import run_text
from neurodeploy.cli.shared import FILE, board_options, command_line, data_options, output_options, run_options
from neurodeploy.cli.verb import Console, verb

if TYPE_CHECKING:
    from neurodeploy.runtime.session import Session


@verb(name="run")
@click.argument("program", type=FILE)
@data_options
@click.option(
    "--backend", default="emulator", show_default=True, metavar="NAME", help="See `neurodeploy backend list`."
)
@click.option("--threads", type=int, default=1, show_default=True, help="Recordings run side by side.")
@run_options
@board_options
@click.option(
    "--readout",
    metavar="count|first|average",
    default="auto",
    help="Prediction: most spikes, first spike, or most per neuron of a class; first where the input is latency-coded, "
    "else count.",
)
@click.option(
    "--probe",
    "probes",
    multiple=True,
    metavar="POP.VAR[NEURONS]@STEPS",
    help="Keep spikes, u or v in -o: .ndr, of the first recording; .h5, of all, written as they run.",
)
@click.option(
    "--spike-display",
    default="0",
    show_default=True,
    metavar="0|128|vdecay",
    help="What a probed v shows in the step of a spike.",
)
@long_run_options
@click.option(
    "--constants",
    multiple=True,
    metavar="NAME|FILE.toml",
    help="What events cost, for the prediction: davies2018, sana-fe (both if not given) or a file.",
)
@click.option("--strict-time", is_flag=True, help="Events after the last step are an error.")
@click.option("--min-accuracy", type=float, metavar="PERCENT", help="Exit with 3 below this accuracy.")
@output_options
def command(
    console: Console,
    program: Path,
    data: Path | None,
    split: str | None,
    limit: int | None,
    backend: str,
    threads: int,
    min_accuracy: float | None,
    output: Path | None,
    force: bool,
    probes: tuple[str, ...],
    long: LongRun,
    constants: tuple[str, ...],
    **settings: Any,
) -> None:
    """Run the recordings of --data through PROGRAM, each from zero state, or one --stream of any length."""
    from neurodeploy import api
    from neurodeploy.cli.keeper import Keeper
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.errors import FormatError, OptionError
    from neurodeploy.provenance import provenance
    from neurodeploy.runtime.backend import BOARD_BACKEND
    from neurodeploy.runtime.run import RunOptions
    from neurodeploy.runtime.session import Session
    from neurodeploy.runtime.summary import run_record, run_summary

    if output is not None and output.exists() and not force:
        raise FormatError(str(output), "exists already", "choose another name or pass --force")
    if probes and output is None:
        raise OptionError("--probe", "has nowhere to go", "name a file with -o RUN.ndr, or -o RUN.h5")
    long.check_output(output)
    if long.stream and (data is not None or split is not None or limit is not None or threads != 1):
        raise OptionError("--stream", "is one run of its own input", "leave --data, --split, --limit and --threads out")
    keeper = Keeper(long.snapshot, long.snapshot_every, force)
    loaded, sha256 = load_program(program)
    items = api.inputs(data, split, limit)
    long.check_recordings(len(items))
    if constants:
        settings["constants"] = constants
    with console.progress("loading", None):
        session = Session(loaded, backend, RunOptions(probes=probes, **settings), sha256)
    if not long.stream:
        _check_input(session, data, console)
    if backend == BOARD_BACKEND:
        console.note(
            f"Lava's own compiler places the neurons on the chip; this program's mapping to "
            f"{loaded.summary['cores']} cores of {loaded.summary['target']} goes into the record as a report"
        )
    with ExitStack() as opened:
        file = None
        if output is not None and is_probe_file(output):
            file = opened.enter_context(api.probe_file(session, output, backend, command_line(), overwrite=force))
        runs = long.run(session, items, threads, keeper, file, console)
    made = provenance(command_line(), {"program": sha256})
    summary = run_summary(runs, backend, sha256, session.load_seconds, made, threads)
    if output is not None and not is_probe_file(output):
        api.save(run_record(loaded, summary, runs), output, overwrite=force)
    if long.stream and not console.as_json:
        console.note(run_text(summary))  # standard output belongs to the spikes
    else:
        console.result(summary, lambda: run_text(summary))
    console.next_step(_next_step(program, data, output, long))
    accuracy = summary["accuracy"]
    if min_accuracy is not None and (accuracy is None or 100 * accuracy["correct"] < min_accuracy * accuracy["total"]):
        console.note(
            f"accuracy is below {min_accuracy:g} %" if accuracy else "no recording has a label, so accuracy is unknown"
        )
        click.get_current_context().exit(3)


def _check_input(session: Session, data: Path | None, console: Console) -> None:
    """Whether anything drives the network; says so where nothing tells how long a recording is."""
    from neurodeploy.errors import OptionError

    driven = any(p.bias is not None for p in session.network.populations)
    if data is None and not driven:
        raise OptionError(
            "--data", "is missing and no bias drives the network", "give a spike file or a folder of them"
        )
    if session.options.steps is None and session.network.steps is None:
        console.note(
            "no length is known: each recording runs to its last event + 1 + the network's latency; --steps sets it"
        )


def _next_step(program: Path, data: Path | None, output: Path | None, long: LongRun) -> str:
    if long.snapshot:
        return f"neurodeploy run {program} --resume {long.snapshot} …"
    if output and not is_probe_file(output):
        return f"neurodeploy report {output}"
    return f"neurodeploy verify {program}" + (f" --data {data}" if data else " --random 0.01")
