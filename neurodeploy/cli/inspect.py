"""`neurodeploy inspect`: what a network is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.reading import again, read_network
from neurodeploy.cli.shared import FILE, network_options
from neurodeploy.cli.verb import Console, table, verb

#: Names of synapses that are too long for the table.
_KINDS = {"convtranspose2d": "transposed"}


@verb(name="inspect")
@click.argument("path", type=FILE)
@network_options
@click.option("--explain", metavar="LAYER", multiple=True, help="Of a program: why a layer takes what it takes.")
def command(console: Console, path: Path, reading: dict[str, Any], explain: tuple[str, ...]) -> None:
    """Show what the network or program at PATH is made of, and what of a program fits where."""
    from neurodeploy import api
    from neurodeploy.compiler.program_file import load_program
    from neurodeploy.errors import OptionError
    from neurodeploy.inspection import inspect

    program = None
    if path.suffix == ".ndp" and not reading:
        program = load_program(path)[0]
        network, form = program.network, api.PROGRAM
    else:
        loaded = read_network(console, path, reading)
        network, form = loaded.network, loaded.format
    numbers = inspect(network)
    if explain and program is None:
        raise OptionError("--explain", "needs a program", f"compile {path} first")
    if program is not None:
        with console.progress("explaining", None) as done:
            explained = [api.explain(program, layer, done) for layer in explain]
        numbers["program"] = program.summary | ({"explained": explained} if explained else {})
    console.result(numbers, lambda: _text(numbers, form))
    if program is not None:
        console.next_step(f"neurodeploy run {path} --data RECORDINGS")
    else:
        console.next_step(f"neurodeploy compile {again(path, reading)} --target loihi1 -o {path.stem}.ndp")


def _text(numbers: dict[str, Any], form: str) -> str:
    from neurodeploy.cli.preflight import program_text

    program = numbers.get("program")
    return "\n\n".join([_network(numbers, form), *(program_text(program) if program else ())])


def _network(numbers: dict[str, Any], form: str) -> str:
    length = "no default length" if numbers["steps"] is None else f"default length {numbers['steps']:,} steps"
    return "\n".join(
        [
            f"{form}, {'integer' if numbers['integer'] else 'float'} weights",
            f"time step {numbers['timestep_ms']:g} ms, {length}, latency {numbers['latency_steps']} steps",
            f"learned weights {numbers['learned_weights']:,}, of which {numbers['zeros']:,} zero",
            f"in units of each layer's own step, {_outside(numbers['outside_bits'])}",
            "",
            table(
                [
                    "population",
                    "shape",
                    "neurons",
                    "learned weights",
                    "neuron (iDecay vDecay vThMant refDelay)",
                    "delay",
                ],
                [_row(p) for p in numbers["populations"]],
                narrow=True,
            ),
            "",
            table(
                ["projection", "synapses", "weight shape", "least", "largest", "exponent", "format"],
                [
                    (
                        p["name"],
                        _KINDS.get(p["kind"], p["kind"]),
                        "x".join(map(str, p["weight_shape"])),
                        p["weight_min"],
                        p["weight_max"],
                        p["weight_exponent"],
                        p["weight_format"] or (f"grid {p['weight_grid']}" if p["weight_grid"] else "none yet"),
                    )
                    for p in numbers["projections"]
                ],
                narrow=True,
            ),
        ]
    )


def _outside(counts: dict[str, int]) -> str:
    """The widths around the smallest that holds every weight."""
    tight = [f"{counts[bits]:,} lie outside {bits} bits" for bits in sorted(counts, reverse=True) if counts[bits]]
    return ", ".join(tight[:2]) or "none lies outside 1 bit"


def _row(population: dict[str, Any]) -> tuple[object, ...]:
    neuron = population["neuron"]
    return (
        population["name"],
        "x".join(map(str, population["shape"])),
        population["neurons"],
        population["learned_weights"],
        " ".join(_span(value) for value in neuron.values()) if neuron else "host input",
        _span(population["axonal_delay"]),
    )


def _span(value: int | list[int]) -> str:
    return str(value) if isinstance(value, int) else f"{value[0]}…{value[1]}"
