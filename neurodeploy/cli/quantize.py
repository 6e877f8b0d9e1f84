"""`neurodeploy quantize`: weights in the chip's formats, by weight error, on recordings, or for a number of cores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from neurodeploy.cli.reading import read_network
from neurodeploy.cli.shared import FILE, command_line, data_options, network_options, output_options
from neurodeploy.cli.shared import layer_bits as layer_bits_option
from neurodeploy.cli.shared import weight_bits as weight_bits_option
from neurodeploy.cli.verb import Console, table, verb

#: What a column says where nothing happened.
USUAL = {"chan": None, "scale": 1.0, "θ": 1.0, "spikes": None}
#: What the columns mean that need a word.
MEANING = {
    "chan": "output channels of this part of the projection",
    "scale": "factor of weights and bias",
    "θ": "factor of the thresholds",
    "spikes": "share of the layer's spikes that differs from before quantization",
}


@verb(name="quantize")
@click.argument("path", type=FILE)
@network_options
@click.option(
    "--weight-bits",
    callback=weight_bits_option,
    metavar="BITS|LAYER=BITS,…",
    help="Bits of every weight, 1 … 8, or of single layers; 8, and integers exact, unless given.",
)
@click.option(
    "--layer-bits",
    multiple=True,
    callback=layer_bits_option,
    metavar="LAYER=BITS",
    help="Bits of one layer's weights; may be given again.",
)
@click.option("--per-channel", is_flag=True, help="Give groups of output channels exponents of their own.")
@click.option("--max-cores", type=int, metavar="N", help="Lower bits until the network takes so many cores.")
@click.option("--target", default="loihi1", show_default=True, metavar="NAME|FILE.toml", help="For --max-cores.")
@click.option("--no-source", is_flag=True, help="Leave the float network out of the file.")
@data_options
@output_options
def command(
    console: Console,
    path: Path,
    reading: dict[str, Any],
    weight_bits: tuple[int | None, dict[str, int]],
    layer_bits: dict[str, int],
    no_source: bool,
    data: Path | None,
    output: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Quantize the network at PATH; with --data so that spikes on these recordings change least."""
    from neurodeploy.errors import FormatError, OptionError
    from neurodeploy.files import check_output
    from neurodeploy.network import Quantized
    from neurodeploy.network.file import save_network
    from neurodeploy.provenance import provenance
    from neurodeploy.quantization import quantize

    output = output or Path(f"{path.resolve().stem}-quantized.ndn")
    if output.suffix != ".ndn":
        raise FormatError(str(output), "does not end in .ndn", f"name it {output.with_suffix('.ndn').name}")
    check_output(output, force)
    if data is None and (options["split"] is not None or options["limit"] is not None):
        raise OptionError("--split and --limit", "choose recordings, and there are none", "give --data")
    started = perf_counter()
    loaded = read_network(console, path, reading)
    with console.progress("quantizing", None) as advance:
        network, errors = quantize(
            loaded.network,
            weight_bits[0],
            calibrate=data,
            layer_bits=weight_bits[1] | layer_bits,
            progress=advance,
            **options,
        )
    if loaded.quantized is None:
        made = Quantized.of(loaded.network, network, errors, not no_source)
    else:
        made = loaded.quantized.then(network, errors, not no_source)
    save_network(made, output, provenance=provenance(command_line()), overwrite=force)
    result = {
        "schema": "neurodeploy.quantize/1",
        "output": str(output),
        "exact": not any(error.changed for error in made.errors),
        "source": made.source is not None,
        "layers": [asdict(error) for error in made.errors],
        "seconds": perf_counter() - started,
    }
    console.result(result, lambda: _text(result))
    console.next_step(f"neurodeploy compile {output}")


def _text(result: dict[str, Any]) -> str:
    head = f"{result['output']} written in {result['seconds']:.1f} s"
    if result["exact"]:
        return f"{head}\n\nevery weight exactly as training used it\n\n{_layers(result['layers'])}"
    rows = result["layers"]
    changed, weights = sum(row["changed"] for row in rows), sum(row["weights"] for row in rows)
    return f"{head}\n\n{changed:,} of {weights:,} weights changed; rms in units of training\n\n{_layers(rows)}"


def _layers(rows: list[dict[str, Any]]) -> str:
    """A line for each part of a projection; columns that only some ways to quantize need stand where they are used."""
    columns: dict[str, list[Any]] = {
        "projection": [row["projection"] for row in rows],
        "chan": [row["channels"] for row in rows],
        "bits": [row["bits"] for row in rows],
        "sign": [row["sign_mode"][:5] for row in rows],
        "exp": [row["exponent"] for row in rows],
        "scale": [row["scale"] for row in rows],
        "θ": [row["threshold_scale"] for row in rows],
        "changed": [row["changed"] for row in rows],
        "clipped": [row["clipped"] for row in rows],
        "rms": [row["rms"] for row in rows],
        "spikes": [None if row["disagreement"] is None else f"{row['disagreement']:.1%}" for row in rows],
    }
    unused = {name for name, usual in USUAL.items() if all(value == usual for value in columns[name])}
    shown = {name: values for name, values in columns.items() if name not in unused}
    text = table(list(shown), list(zip(*shown.values(), strict=True)), narrow=True)
    meanings = [f"{name}: {MEANING[name]}" for name in shown if name in MEANING]
    return "\n\n".join([text, "\n".join(meanings)] if meanings else [text])
