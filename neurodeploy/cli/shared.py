"""Options that several commands have."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.verb import options

FILE = click.Path(path_type=Path)

_NETWORK_OPTIONS = (
    click.option("--from", "form", metavar="FORMAT", help="Format of the file, if its suffix does not tell."),
    click.option("--arch", metavar="NOTATION", help="Layers in SLAYER's notation, for example 34x34x2-512-10."),
    click.option("--yaml", type=FILE, help="SLAYER's yaml, if it is not the one in the folder."),
    click.option("--reset-interval", type=int, metavar="N", help="Reset all neurons every N steps (.net)."),
    click.option("--reset-offset", type=int, metavar="N", help="Step of the first reset; 0 unless given."),
    click.option("--sidecar", type=FILE, help="What a lava-dl checkpoint does not hold (.toml)."),
    click.option("--image", type=FILE, help="What the neurons of the input see, real numbers (.npy)."),
    click.option("--input-bias", type=FILE, help="What the neurons of the input receive, whole numbers (.npy)."),
    click.option(
        "--calibrate",
        type=FILE,
        metavar="DATA",
        help="ONNX network of rates: a .npy of typical inputs (samples, C, H, W). Else, for compile: recordings to "
        "count spikes in.",
    ),
    click.option("--percentile", type=float, metavar="P", help="Of the activations on them, to scale by (99.9)."),
    click.option(
        "--dt", "--timestep-ms", "dt", type=float, metavar="MS", help="NIR, .npz: length of a step in milliseconds."
    ),
    click.option("--time-unit", metavar="s|ms", help="NIR: unit of the file's time constants; s unless given."),
    click.option("--discretisation", metavar="euler|exponential", help="NIR: how decays follow; euler unless given."),
)


def network_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options of commands that read a network; the function gets them in one dictionary, `reading`, for `api.read`."""

    @wraps(function)
    def call(**values: Any) -> Any:
        reading = given(**{option: values.pop(option) for option in names})
        return function(reading=reading, **values)

    present = {parameter.name for parameter in getattr(function, "__click_params__", [])}
    decorated = options(*_NETWORK_OPTIONS)(call)
    names = [p.name for p in decorated.__click_params__ if p.name not in present]  # type: ignore[attr-defined]
    return decorated


data_options = options(
    click.option(
        "--data",
        type=FILE,
        help="A spike file (.bs1 .bs2 .bs3 .bsn .npy), a folder of them, or a table of features (.csv).",
    ),
    click.option("--split", metavar="NAME", help="Only the recordings of this split of labels.csv."),
    click.option("--limit", type=int, metavar="N", help="Only the first N recordings."),
)

run_options = options(
    click.option("--steps", type=int, metavar="N", help="Length of every recording; later events are dropped."),
    click.option("--profile", default="loihi", show_default=True, metavar="NAME", help="loihi or lava-0.10."),
    click.option("--drop-first-step", is_flag=True, help="Skip step 0, as slayerPytorch's LOIHI kernel does."),
    click.option(
        "--binning",
        default="or",
        show_default=True,
        metavar="or|sum",
        help="Several events in a bin: one spike, or a graded one.",
    ),
)

board_options = options(
    click.option("--board", metavar="NAME", help="For lava-hw: the board, by SLURM's name."),
    click.option("--partition", metavar="NAME", help="For lava-hw: SLURM's partition, any board of it."),
)

output_options = options(
    click.option("-o", "--output", type=FILE, help="File to write."),
    click.option("--force", is_flag=True, help="Replace an existing file."),
)


def weight_bits(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int | None, dict[str, int]]:
    """What `--weight-bits` asks of every weight, and of single layers: `4`, `fc1=4,fc2=6`, or `8,fc1=4`."""
    every: int | None = None
    layers: dict[str, int] = {}
    for part in str(value).split(",") if value is not None else ():
        layer, equals, bits = (word.strip() for word in part.rpartition("="))
        if not bits.isdecimal() or (equals and not layer):
            raise click.BadParameter(f"{part!r} is neither bits nor LAYER=BITS", ctx, param)
        if layer:
            layers[layer] = int(bits)
        else:
            every = int(bits)
    return every, layers


def layer_bits(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    """What `--layer-bits fc1=4` asks, given any number of times."""
    every, layers = weight_bits(ctx, param, ",".join(values) if values else None)
    if every is not None:
        raise click.BadParameter(f"{every} names no layer; write LAYER=BITS", ctx, param)
    return layers


def command_line() -> list[str]:
    """The command as it was called, for provenance."""
    return ["neurodeploy", *sys.argv[1:]]


def given(**values: Any) -> dict[str, Any]:
    """The options that were given a value."""
    return {name: value for name, value in values.items() if value is not None}


def flag(name: str) -> str:
    """An option of `network_options` as the user writes it, without its dashes."""
    return "from" if name == "form" else name.replace("_", "-")
