"""`neurodeploy run`: recordings through a program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.prediction import prediction_text
from neurodeploy.cli.shared import FILE, board_options, command_line, data_options, output_options, run_options
from neurodeploy.cli.verb import Console, table, verb

SHOWN_SAMPLES = 20


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
    metavar="count|first",
    default="count",
    show_default=True,
    help="Prediction: most spikes, or first spike.",
)
@click.option(
    "--probe",
    "probes",
    multiple=True,
    metavar="POP.VAR[NEURONS]@STEPS",
    help="Keep spikes, u or v of the first recording in -o.",
)
@click.option(
    "--spike-display",
    default="0",
    show_default=True,
    metavar="0|128|vdecay",
    help="What a probed v shows in the step of a spike.",
)
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
    constants: tuple[str, ...],
    **settings: Any,
) -> None:
    """Run the recordings of --data through PROGRAM, each from zero state."""
    from neurodeploy import api
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.errors import FormatError, OptionError
    from neurodeploy.provenance import provenance
    from neurodeploy.runtime.backend import BOARD_BACKEND
    from neurodeploy.runtime.run import RunOptions
    from neurodeploy.runtime.session import Session
    from neurodeploy.runtime.summary import run_record, run_summary

    if output is not None and output.exists() and not force:
        raise FormatError(str(output), "exists already", "choose another name or pass --force")
    loaded, sha256 = load_program(program)
    items = api.inputs(data, split, limit)
    if probes and output is None:
        raise OptionError("--probe", "has nowhere to go", "name a file with -o RUN.ndr")
    if constants:
        settings["constants"] = constants
    with console.progress("loading", None):
        session = Session(loaded, backend, RunOptions(probes=probes, **settings))
    driven = any(p.bias is not None for p in loaded.network.populations)
    if data is None and not driven:
        raise OptionError(
            "--data", "is missing and no bias drives the network", "give a spike file or a folder of them"
        )
    if session.options.steps is None and loaded.network.steps is None:
        console.note(
            "no length is known: each recording runs to its last event + 1 + the network's latency; --steps sets it"
        )
    if backend == BOARD_BACKEND:
        console.note(
            f"Lava's own compiler places the neurons on the chip; this program's mapping to "
            f"{loaded.summary['cores']} cores of {loaded.summary['target']} goes into the record as a report"
        )
    with console.progress("running", len(items)) as advance:
        runs = session.run_all(items, threads, keep_spikes=lambda index: index == 0, progress=advance)
    summary = run_summary(
        runs, backend, sha256, session.load_seconds, provenance(command_line(), {"program": sha256}), threads
    )
    if output is not None:
        api.save(run_record(loaded, summary, runs[0]), output, overwrite=force)
    console.result(summary, lambda: _text(summary))
    console.next_step(
        f"neurodeploy report {output}"
        if output
        else f"neurodeploy verify {program}" + (f" --data {data}" if data else " --random 0.01")
    )
    accuracy = summary["accuracy"]
    if min_accuracy is not None and (accuracy is None or 100 * accuracy["correct"] < min_accuracy * accuracy["total"]):
        console.note(
            f"accuracy is below {min_accuracy:g} %" if accuracy else "no recording has a label, so accuracy is unknown"
        )
        click.get_current_context().exit(3)


def _text(summary: dict[str, Any]) -> str:
    samples = summary["samples"]
    dropped = sum(sample["events_dropped"] for sample in samples)
    events, updates = summary["events"], summary["events"]["neuron_updates"]
    lines = [
        table(
            ["recording", "label", "prediction", "steps", "dropped", "output spikes"],
            [
                (
                    s["file"],
                    s["label"],
                    "silent" if s["prediction"] is None else s["prediction"],
                    s["steps"],
                    s["events_dropped"],
                    _counts(s["output_counts"]),
                )
                for s in samples[:SHOWN_SAMPLES]
            ],
        )
    ]
    if len(samples) > SHOWN_SAMPLES:
        lines.append(f"… and {len(samples) - SHOWN_SAMPLES:,} more recordings (--json has all)")
    lines += [
        "",
        table(
            ["population", "neurons", "spikes", "wraps of u", "clips of v", "overflows of q"],
            [
                (
                    p["name"],
                    p["neurons"],
                    p["spikes"],
                    p["current_wraps"],
                    p["voltage_clips"],
                    p["accumulator_overflows"],
                )
                for p in summary["populations"]
            ],
        ),
        "",
        f"{events['synaptic_ops']:,} synaptic operations, {events['packets']:,} packets, {events['hops']:,} hops",
        f"{_updates(updates)}; {dropped:,} events dropped",
        f"{summary['seconds']['run']:.2f} s, {summary['steps_per_second'] or 0:,.0f} steps a second",
    ]
    lines += ["", prediction_text(summary["predictions"])]
    if any(p["accumulator_overflows"] for p in summary["populations"]):
        lines.append(
            "inputs beyond 21 bits occurred: outside the confirmed range, no chip recording shows what happens there"
        )
    if summary["accuracy"]:
        correct, total = summary["accuracy"]["correct"], summary["accuracy"]["total"]
        lines.append(f"accuracy {100 * correct / total:.2f} % ({correct:,} of {total:,})")
    return "\n".join(lines)


def _updates(updates: dict[str, int | None]) -> str:
    if updates["active"] is None:
        return "this backend counts no wraps, clips or neuron updates"
    return f"{updates['active']:,} active and {updates['idle']:,} idle neuron updates"


def _counts(counts: list[int]) -> str:
    return " ".join(map(str, counts)) if len(counts) <= 20 else f"{sum(counts):,} of {len(counts):,} neurons"
