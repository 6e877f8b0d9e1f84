"""`neurodeploy compile`: from a network to a program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.cli.reading import read_network
from neurodeploy.cli.shared import FILE, command_line, network_options, output_options
from neurodeploy.cli.shared import weight_bits as weight_bits_option
from neurodeploy.cli.verb import Console, table, verb

if TYPE_CHECKING:
    from neurodeploy.compiler import Program
    from neurodeploy.compiler.advice import Change
    from neurodeploy.network import Network, Quantized


@verb(name="compile")
@click.argument("path", type=FILE)
@network_options
@click.option("--target", default="loihi1", show_default=True, metavar="NAME|FILE.toml", help="The chip or board.")
@click.option(
    "--weight-bits",
    callback=weight_bits_option,
    metavar="BITS|LAYER=BITS,…",
    help="Bits of every weight, 1 … 8, or of single layers; what is rounded is counted.",
)
@click.option("--steps", type=int, metavar="N", help="Default length of a recording, stored in the program.")
@click.option("--no-source", is_flag=True, help="Leave the float network out of the program.")
@click.option("--memory-rule", metavar="RULE", help="nengo-loihi, nxtf or conservative (both), not the target's own.")
@click.option("--one-format-per-axon", is_flag=True, help="Store each axon's synapses in one format.")
@click.option("--one-layer-per-core", is_flag=True, help="Let no core hold neurons of two populations.")
@click.option("--whole-projection-padding", is_flag=True, help="Count every axon of a projection as its longest.")
@click.option("--objective", default="cores", show_default=True, metavar="cores|latency|energy", help="What is least.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the search for the cores' places.")
@click.option(
    "--advise/--no-advise",
    default=None,
    help="Try what one change would save; by default where that takes no more than about a second.",
)
@click.option("--explain", metavar="LAYER", multiple=True, help="Tell why a layer takes what it takes.")
@output_options
def command(
    console: Console,
    path: Path,
    reading: dict[str, Any],
    target: str,
    weight_bits: tuple[int | None, dict[str, int]],
    steps: int | None,
    no_source: bool,
    advise: bool | None,
    explain: tuple[str, ...],
    output: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Quantize the network at PATH and map it to the cores of a chip."""
    from neurodeploy import api
    from neurodeploy.errors import FormatError

    output = output or Path(f"{path.resolve().stem}.ndp")
    if output.exists() and not force:
        raise FormatError(str(output), "exists already", "choose another name or pass --force")
    started = perf_counter()
    # a network of rates takes the option for itself
    recordings = None if path.suffix == ".onnx" else reading.pop("calibrate", None)
    loaded = read_network(console, path, reading)
    network: Network | Quantized = loaded.quantized or loaded.network
    if steps is not None:
        network = loaded.quantized.with_steps(steps) if loaded.quantized else replace(loaded.network, steps=steps)
    options |= {"target": target, "weight_bits": weight_bits[0], "layer_bits": weight_bits[1]}
    program = _compiled(console, network, not no_source, advise, recordings, options)
    with console.progress("explaining", len(explain)) as done:
        explained = [api.explain(program, layer, done) for layer in explain]
    api.save(program, output, overwrite=force)
    summary = program.summary | {"seconds": perf_counter() - started, "output": str(output)}
    if explained:
        summary["explained"] = explained
    console.result(summary, lambda: _text(summary, [vars(error) for error in program.quantization]))
    if advise is None and "advice" not in summary and options["objective"] == "cores":
        console.note("What would one change save? --advise tries it.")
    console.next_step(f"neurodeploy run {output} --data RECORDINGS")


def _compiled(
    console: Console,
    network: Network | Quantized,
    keep_source: bool,
    advise: bool | None,
    recordings: Path | None,
    options: dict[str, Any],
) -> Program:
    """The program with what one change would save.

    Raises:
        DoesNotFitError: with what would make it fit.
    """
    from neurodeploy import api
    from neurodeploy.compiler.advice import ways
    from neurodeploy.compiler.preflight import TooManyCoresError
    from neurodeploy.network import Quantized

    plain = network.network if isinstance(network, Quantized) else network

    def changes(summary: dict[str, Any]) -> tuple[Change, ...] | None:
        if advise is False or options["objective"] != "cores":
            return None
        with console.progress("trying", None) as tried:
            return api.advise(plain, summary, thorough=bool(advise), progress=tried, rates=rates, **options)

    rates = None
    try:
        with console.progress("compiling", None) as advance:
            if recordings is not None:
                rates = api.firing_rates(plain, recordings, progress=advance, **options)
            program = api.compile(
                network,
                keep_source=keep_source,
                progress=advance,
                command=command_line(),
                rates=rates,
                **options,
            )
    except TooManyCoresError as error:
        raise error.with_ways(ways(changes(error.summary))) from error
    return api.with_advice(program, changes(program.summary))


def _text(summary: dict[str, Any], quantization: list[dict[str, Any]]) -> str:
    from neurodeploy.cli.preflight import program_text

    changed = [row for row in quantization if row["changed"]]
    return "\n\n".join(
        [
            f"{summary['output']} written in {summary['seconds']:.1f} s",
            *program_text(summary),
            "Quantization: every weight exactly as training used it" if not changed else _losses(quantization),
        ]
    )


def _losses(quantization: list[dict[str, Any]]) -> str:
    return table(
        ["quantized", "bits", "sign", "exponent", "weights", "changed", "clipped", "rms", "worst"],
        [
            (
                r["projection"],
                r["bits"],
                r["sign_mode"],
                r["exponent"],
                r["weights"],
                r["changed"],
                r["clipped"],
                r["rms"],
                r["worst"],
            )
            for r in quantization
        ],
    )
