"""`neurodeploy timestep`: what a network in continuous time loses at each stage, at one time step after another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE, command_line, data_options, output_options
from neurodeploy.cli.verb import Console, table, verb


def steps_option(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """Lengths of a step: `0.01`, or `0.05,0.02,0.01`."""
    try:
        return None if value is None else tuple(float(part) for part in value.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no list of milliseconds", ctx, param) from error


@verb(name="timestep")
@click.argument("path", type=FILE, metavar="NET.npz")
@click.option(
    "--timestep-ms",
    callback=steps_option,
    metavar="MS,…",
    help="Lengths of a step; some of which twelve bits hold the decays well, if not given.",
)
@click.option("--target", default="loihi1", show_default=True, metavar="NAME|FILE.toml", help="The chip or board.")
@click.option("--weight-bits", type=int, default=8, show_default=True, metavar="N", help="Bits of the weights, 1 … 8.")
@click.option("--max-loss", type=float, default=1.0, show_default=True, metavar="POINTS", help="That may be lost.")
@data_options
@click.option("--threads", type=int, default=1, show_default=True, help="Recordings run side by side.")
@output_options
def command(
    console: Console,
    path: Path,
    data: Path | None,
    timestep_ms: tuple[float, ...] | None,
    limit: int | None,
    split: str | None,
    output: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Find the longest time step at which NET.npz keeps its accuracy on a chip; exits with 3 when there is none."""
    from neurodeploy.errors import OptionError
    from neurodeploy.files import check_output, write_atomic
    from neurodeploy.models.forward_prop.file import load_forward
    from neurodeploy.spikes.samples import find_samples
    from neurodeploy.stepping import timesteps, tried_timesteps

    if data is None:
        raise OptionError("--data", "is missing", "give a table of features or recordings, with labels")
    if output is not None:
        check_output(output, force)
    loaded = load_forward(path)
    wanted = tried_timesteps(loaded[0]) if timestep_ms is None else timestep_ms
    recordings = len(find_samples(data, split, limit))
    with console.progress("stepping", recordings * len(wanted)) as advance:
        found = timesteps(
            loaded, data, wanted, split=split, limit=limit, progress=advance, command=command_line(), **options
        )
    answer = found.as_dict()
    if output is not None:
        write_atomic(output, json.dumps(answer, indent=1, ensure_ascii=False).encode(), force)
    console.result(answer, lambda: timestep_text(answer))
    if found.chosen_ms is None:
        click.get_current_context().exit(3)
    bits = f"--weight-bits {found.weight_bits} --target {found.target}"
    console.next_step(f"neurodeploy compile {path} --timestep-ms {found.chosen_ms!r} {bits}")


def timestep_text(answer: dict[str, Any]) -> str:
    """The object of `timestep --json` for people."""
    rows = [
        (
            f"{point['timestep_ms']:.4g}",
            point["steps"],
            f"{100 * point['rate_error']:.2f}",
            *(_percent(share) for share in (answer["continuous"], point["stepped"], point["integer"], point["bits"])),
            f"{point['loss']:+.2f}",
            point["ties"],
            point["silent"],
        )
        for point in answer["points"]
    ]
    bits = f"{answer['weight_bits']} bits"
    heads = ["step ms", "steps", "rates", "contin.", "stepped", "integer", bits, "loss", "ties", "silent"]
    chosen, most = answer["chosen_ms"], answer["max_loss"]
    if chosen is None:
        said = f"none of these keeps the loss within {most:g} points; try shorter steps"
    else:
        said = f"longest step that loses at most {most:g} points: {chosen:.6g} ms"
    return "\n".join(
        [
            f"{answer['recordings']:,} recordings, first output spike decides, {answer['target']}",
            "",
            table(heads, rows, narrow=True),
            "accuracy in %: in continuous time; in steps, float64; in the chip's integers,",
            "weights as trained; on the chip. rates: error of decays in twelve bits, %",
            said,
        ]
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"
