"""`neurodeploy sweep`: accuracy against the bits of the weights and the cores they take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.compare_text import interval
from neurodeploy.cli.reading import again, read_network
from neurodeploy.cli.shared import FILE, command_line, data_options, network_options, output_options, run_options
from neurodeploy.cli.verb import Console, table, verb

#: Numbers of bits that there are.
MOST_BITS = 8


def bits_option(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Numbers of bits: `4`, `2..8`, or `2,4,6..8`."""
    found: list[int] = []
    for part in value.split(","):
        first, dots, last = (word.strip() for word in part.partition(".."))
        if not first.isdecimal() or (dots and not last.isdecimal()):
            raise click.BadParameter(f"{part!r} is neither bits nor FIRST..LAST", ctx, param)
        found += range(int(first), min(int(last or first), MOST_BITS + 1) + 1)
    return tuple(found)


@verb(name="sweep")
@click.argument("path", type=FILE, metavar="NET")
@network_options
@click.option(
    "--weight-bits",
    default="2..8",
    show_default=True,
    callback=bits_option,
    metavar="FIRST..LAST|A,B,…",
    help="Bits of the weights, 1 … 8.",
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    default=("loihi1",),
    show_default=True,
    metavar="NAME|FILE.toml",
    help="The chip or board; may be given several times.",
)
@data_options
@click.option("--threads", type=int, default=1, show_default=True, help="Recordings run side by side.")
@run_options
@click.option("--readout", metavar="count|first|average", default="auto", help="See run.")
@click.option(
    "--objective", default="cores", show_default=True, metavar="cores|latency|energy", help="As compile has it."
)
@click.option("--plot", type=FILE, metavar="FILE.svg", help="Draw accuracy against bits and cores (.svg .png .pdf).")
@output_options
def command(
    console: Console,
    path: Path,
    reading: dict[str, Any],
    weight_bits: tuple[int, ...],
    targets: tuple[str, ...],
    data: Path | None,
    split: str | None,
    limit: int | None,
    threads: int,
    objective: str,
    plot: Path | None,
    output: Path | None,
    force: bool,
    **settings: Any,
) -> None:
    """Quantize, compile and run NET for every number of bits; exits with 3 when nothing fits."""
    from neurodeploy import api
    from neurodeploy.errors import OptionError
    from neurodeploy.files import check_output, write_atomic
    from neurodeploy.reporting.sweep_figure import check_plot, sweep_figure
    from neurodeploy.runtime.run import RunOptions
    from neurodeploy.sweeping import sweep

    if data is None:
        raise OptionError("--data", "is missing", "give a folder of recordings, with labels.csv for accuracy")
    if plot is not None:
        check_plot(plot)
    for file in (output, plot):
        if file is not None:
            check_output(file, force)
    options = RunOptions(**settings)
    loaded = read_network(console, path, reading)
    total = len(api.inputs(data, split, limit)) * (len(weight_bits) * len(targets) + 1)
    with console.progress("sweeping", total) as advance:
        found = sweep(
            loaded.network,
            data,
            weight_bits,
            targets,
            threads=threads,
            split=split,
            limit=limit,
            progress=advance,
            command=command_line(),
            run_options=options,
            objective=objective,
        )
    answer = found.as_dict()
    if output is not None:
        write_atomic(output, json.dumps(answer, indent=1, ensure_ascii=False).encode(), force)
    if plot is not None and found.baseline is not None:
        write_atomic(plot, sweep_figure(answer, plot.suffix), force)
    console.result(answer, lambda: sweep_text(answer))
    if found.baseline is None:
        click.get_current_context().exit(3)
    fitting = [point for point in found.points if point.fits]
    best = max(fitting, key=lambda point: (point.accuracy["share"], -point.bits) if point.accuracy else (0, point.bits))
    console.next_step(f"neurodeploy compile {again(path, reading)} --weight-bits {best.bits} --target {best.target}")


def sweep_text(answer: dict[str, Any]) -> str:
    """The object of `sweep --json` for people."""
    points, baseline = answer["points"], answer["baseline"]
    several = len({point["target"] for point in points}) > 1
    constants = list(dict.fromkeys(name for point in points for name in point["joules"] or {}))
    heads = ["target"] * several + ["bits", "cores", "accuracy", "95 %", "spikes =", *constants, "front"]
    rows = [[point["target"]] * several + _row(point, constants) for point in points]
    refusals = [f"{p['bits']} bits on {p['target']}: {p['problem']}" for p in points if not p["fits"]]
    parts = [table(heads, rows, narrow=True), *refusals]
    if baseline:
        with_ = "the float network" if baseline["kind"] == "float" else "the finest point that fits"
        found = baseline["accuracy"]
        share = f"accuracy of {with_}: {100 * found['share']:.2f} %" if found else ""
        parts += [
            share,
            f"spikes =: share of equal spikes, all layers, with {with_}",
            f"{', '.join(constants)}: energy a recording, predicted by these constants" if constants else "",
            "front: no point of the target is as accurate with fewer bits, or fewer cores",
        ]
    return "\n".join(filter(None, parts))


def _row(point: dict[str, Any], constants: list[str]) -> list[object]:
    from neurodeploy.reporting.prediction import quantity

    if not point["fits"]:
        return [point["bits"], "does not fit", "", "", "", *[""] * len(constants), ""]
    found, share = point["accuracy"], point["agreement"]["share"]
    return [
        point["bits"],
        point["cores"],
        f"{100 * found['share']:.2f} %" if found else "–",
        interval(found["interval_95"]) if found else "–",
        "–" if share is None else f"{100 * share:.1f} %",
        *(quantity(point["joules"][name], "J") for name in constants),
        ", ".join(point["front"]),
    ]
