"""`neurodeploy compile`: from a network to a program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from neurodeploy.cli.shared import FILE, command_line, network_options, output_options
from neurodeploy.cli.verb import Console, table, verb


@verb(name="compile")
@click.argument("path", type=FILE)
@network_options
@click.option("--target", default="loihi1", show_default=True, metavar="NAME|FILE.toml", help="The chip or board.")
@click.option("--weight-bits", type=int, metavar="1…8", help="Bits of every weight; what is rounded is counted.")
@click.option("--steps", type=int, metavar="N", help="Default length of a recording, stored in the program.")
@click.option("--no-source", is_flag=True, help="Leave the float network out of the program.")
@click.option("--memory-rule", metavar="RULE", help="nengo-loihi, nxtf or conservative (both), not the target's own.")
@click.option("--one-format-per-axon", is_flag=True, help="Store each axon's synapses in one format.")
@click.option("--one-layer-per-core", is_flag=True, help="Let no core hold neurons of two populations.")
@click.option("--whole-projection-padding", is_flag=True, help="Count every axon of a projection as its longest.")
@output_options
def command(
    console: Console,
    path: Path,
    reading: dict[str, Any],
    target: str,
    weight_bits: int | None,
    steps: int | None,
    no_source: bool,
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
    loaded = api.read(path, **reading)
    for note in loaded.notes:
        console.note(note)
    network = loaded.network if steps is None else replace(loaded.network, steps=steps)
    with console.progress("compiling", None) as advance:
        program = api.compile(network, target, weight_bits, not no_source, advance, command_line(), **options)
    api.save(program, output, overwrite=force)
    summary = program.summary | {"seconds": perf_counter() - started, "output": str(output)}
    console.result(summary, lambda: _text(summary, [vars(error) for error in program.quantization]))
    console.next_step(f"neurodeploy run {output} --data RECORDINGS")


def _text(summary: dict[str, Any], quantization: list[dict[str, Any]]) -> str:
    from neurodeploy.cli.preflight import preflight_text
    from neurodeploy.reporting.preflight import Preflight

    report = Preflight.of(summary)
    assert report is not None
    changed = [row for row in quantization if row["changed"]]
    return "\n\n".join(
        [
            f"{summary['output']} written in {summary['seconds']:.1f} s",
            preflight_text(report),
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
